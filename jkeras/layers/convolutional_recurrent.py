"""Recurrent layers over sequences of images, with convolutions in place of products: ConvLSTM2D."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import activations, initializations, regularizers
from jkeras import backend as K
from jkeras.backend.convolution import convolve
from jkeras.backend.variables import as_array
from jkeras.engine.contract import InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.layers.checks import check_probability, positive_size
from jkeras.layers.recurrent.base import Recurrent
from jkeras.layers.spatial import SpatialLayer, checked_numbers, in_ordering
from jkeras.typing import Array, Config, Identifier, Shape
from jkeras.utils.np_utils import conv_output_length

__all__ = ["ConvLSTM2D", "ConvRecurrent2D", "InputSpec", "Layer", "conv_output_length"]

_GATES = ("i", "f", "c", "o")


class ConvRecurrent2D(Recurrent, SpatialLayer):  # type: ignore[misc]
    """Base class of recurrent layers over sequences of images; it has no step and cannot be used itself.

    Args:
        weights: list of initial arrays.
        nb_row, nb_col: rows and columns of a filter.
        nb_filter: number of filters, which is the number of the output's channels.
        return_sequences, go_backwards, stateful: as in `Recurrent`.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: with ``'th'`` input ``(batch, time, channels, rows, cols)``, output ``(batch, time, nb_filter, new rows, new cols)``
    or one such image; with ``'tf'`` channels and filters last.

    Source: Keras 1.
    """

    input_spec = (InputSpec(ndim=5),)
    border_mode = "valid"
    subsample: tuple[int, ...] = (1, 1)

    def __init__(
        self,
        weights: Sequence[Any] | None = None,
        nb_row: int | None = None,
        nb_col: int | None = None,
        nb_filter: int | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dim_ordering: str | None = None,
        **kwargs: Any,
    ):
        if type(self) is ConvRecurrent2D:
            raise NotImplementedError("ConvRecurrent2D is abstract: use ConvLSTM2D, or a subclass that has a step.")
        self.nb_row = positive_size(self, "nb_row", nb_row)
        self.nb_col = positive_size(self, "nb_col", nb_col)
        self.nb_filter = positive_size(self, "nb_filter", nb_filter)
        self.dim_ordering = self.checked_ordering(dim_ordering or "default")
        super().__init__(weights, return_sequences, go_backwards, stateful, **kwargs)

    # ---- shapes

    def axis_names(self) -> tuple[str, ...]:
        batch, *image = SpatialLayer.axis_names(self)
        return (batch, "time", *image)

    def check_input(self, shapes: Sequence[Shape]) -> None:
        SpatialLayer.check_input(self, shapes)  # that of `Recurrent` is about sequences of vectors
        image = _image(shapes[0])
        self.check_windows("a filter", image, (self.nb_row, self.nb_col), self.border_mode, whole=shapes[0])
        unknown = image[self.channel_axis()] is None or (self.stateful and None in image[1:])
        if unknown:
            raise ValueError(
                f"{self._title}: the number of channels, and of a stateful layer all sizes of the images, must be known; got shape "
                f"{tuple(shapes[0])}."
            )

    def image_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output of one step."""
        image = _image(input_shape)
        lengths = [
            conv_output_length(size, length, self.border_mode, step)
            for size, length, step in zip(
                self.space_sizes(image), (self.nb_row, self.nb_col), self.subsample, strict=True
            )
        ]
        return self.resized(image, lengths, self.nb_filter)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        batch, *image = self.image_shape(input_shape)
        return (batch, input_shape[1], *image) if self.return_sequences else (batch, *image)

    # ---- states

    def state_shape(self, batch_size: int) -> Any:
        return self.image_shape(self.built_shape)

    def get_initial_states(self, X: Array) -> list[Array]:  # type: ignore[override]
        shape = self.image_shape(X.shape)
        return [jnp.zeros(shape, X.dtype) for _ in self.states]

    def get_constants(self, X: Array, train: bool = False) -> list[Any]:  # type: ignore[override]
        return []

    def get_config(self) -> Config:
        """Return the constructor's arguments; what `Recurrent` knows beside them says nothing here."""
        config = super().get_config()
        return {name: value for name, value in config.items() if name not in _NOT_OF_IMAGES}


_NOT_OF_IMAGES = ("unroll", "consume_less", "input_dim", "input_length")


class ConvLSTM2D(ConvRecurrent2D):
    """LSTM over sequences of images, with convolutions ∗ in place of matrix products.

    ::

        i = σ(x ∗ W_i + h ∗ U_i + b_i)          input gate
        f = σ(x ∗ W_f + h ∗ U_f + b_f)          forget gate
        o = σ(x ∗ W_o + h ∗ U_o + b_o)          output gate
        c = f ∘ c + i ∘ φ(x ∗ W_c + h ∗ U_c + b_c)
        h = o ∘ φ(c)                            the output

    with σ = `inner_activation` and φ = `activation`.

    Args:
        nb_filter: number of filters, which is the number of the output's channels.
        nb_row, nb_col: rows and columns of a filter.
        init: initialization of the ``W``.
        inner_init: initialization of the ``U``.
        forget_bias_init: initialization of ``b_f``.
        activation: φ.
        inner_activation: σ.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        border_mode: ``'valid'`` or ``'same'``, of the convolutions of inputs; those of states are ``'same'``.
        subsample: rows and columns from window to window of the convolutions of inputs.
        W_regularizer, U_regularizer, b_regularizer: penalties on the weights.
        dropout_W, dropout_U: share of the inputs and of the states that is dropped, the same for all time steps.
        dialect: ``'tensorflow'`` or ``'theano'``, see `jkeras.layers.convolution.BaseConvolution`.
        **kwargs: see `ConvRecurrent2D`.

    Shapes: see `ConvRecurrent2D`; ``W_*`` and ``U_*`` as in `Convolution2D`, ``b_*`` ``(nb_filter,)``. States ``h`` and ``c``, each
    as the output of one step.

    Source: Keras 1; Shi et al. 2015, Convolutional LSTM network.
    """

    state_names = ("h", "c")

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        inner_init: Identifier = "orthogonal",
        forget_bias_init: Identifier = "one",
        activation: str | Callable[..., Any] | None = "tanh",
        inner_activation: str | Callable[..., Any] | None = "hard_sigmoid",
        dim_ordering: str = "default",
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        W_regularizer: Identifier = None,
        U_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        dialect: str | None = None,
        **kwargs: Any,
    ):
        self.initializer = initializations.get(init)
        self.inner_init = initializations.get(inner_init)
        self.forget_bias_init = initializations.get(forget_bias_init)
        self.activation = activations.get(activation)
        self.inner_activation = activations.get(inner_activation)
        self.border_mode = self.checked_choice("border_mode", border_mode, ("valid", "same"))
        self.subsample = checked_numbers(self, "subsample", subsample, 2)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.U_regularizer = regularizers.get(U_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.dropout_W = check_probability(self, "dropout_W", dropout_W)
        self.dropout_U = check_probability(self, "dropout_U", dropout_U)
        self.dialect = self.checked_dialect(dialect)
        super().__init__(nb_row=nb_row, nb_col=nb_col, nb_filter=nb_filter, dim_ordering=dim_ordering, **kwargs)

    # ---- weights

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        channels = _image(input_shape)[self.channel_axis()]
        init, inner = in_ordering(self.initializer, self.dim_ordering), in_ordering(self.inner_init, self.dim_ordering)
        specs = []
        for gate in ("i", "c", "f", "o"):  # the order of Keras 1's files
            bias = self.forget_bias_init if gate == "f" else initializations.zero
            specs += [
                Weight(f"W_{gate}", self._kernel_shape(channels), init, self.W_regularizer),
                Weight(f"U_{gate}", self._kernel_shape(self.nb_filter), inner, self.U_regularizer),
                Weight(f"b_{gate}", (self.nb_filter,), bias, self.b_regularizer),
            ]
        return specs

    def _kernel_shape(self, channels: Any) -> tuple[Any, ...]:
        if self.dim_ordering == "th":
            return (self.nb_filter, channels, self.nb_row, self.nb_col)
        return (self.nb_row, self.nb_col, channels, self.nb_filter)

    def _joined(self, letter: str) -> Array:
        """Return the kernels or biases of all gates as one, side by side along the axis of filters."""
        arrays = [as_array(getattr(self, f"{letter}_{gate}")) for gate in _GATES]
        return jnp.concatenate(arrays, axis=0 if self.dim_ordering == "th" else -1)

    # ---- one call

    def conv_step(self, x: Array, W: Array, b: Array | None = None, border_mode: str = "valid") -> Array:
        """Return ``x ∗ W + b`` for images ``(batch, …)``, with the layer's `subsample`."""
        y = convolve(x, as_array(W), self.subsample, border_mode, self.dim_ordering, self.dialect)
        if b is None:
            return y
        shape = [1] * y.ndim
        shape[self.channel_axis()] = -1
        return y + jnp.reshape(as_array(b), shape)

    def conv_step_hidden(self, x: Array, W: Array, border_mode: str = "valid") -> Array:
        """Return ``h ∗ W`` for states."""
        return convolve(x, as_array(W), (1, 1), border_mode, self.dim_ordering, self.dialect)

    def preprocess_input(self, x: Array) -> Array:
        """Return ``x ∗ W + b`` of all gates for all time steps at once, the gates side by side in the channels."""
        batch, time, *image = x.shape
        masks = self._masks((batch, *image), self.dropout_W)
        if masks is None:
            kernels = [(x, self._joined("W"), self._joined("b"))]
        else:
            kernels = [
                (x * mask[:, None], getattr(self, f"W_{gate}"), getattr(self, f"b_{gate}"))
                for mask, gate in zip(masks, _GATES, strict=True)
            ]
        projected = [
            self.conv_step(jnp.reshape(images, (batch * time, *image)), W, b, self.border_mode)
            for images, W, b in kernels
        ]
        y = jnp.concatenate(
            projected, axis=self.channel_axis()
        )  # (batch · time, gates · nb_filter, rows, cols) for 'th'
        return jnp.reshape(y, (batch, time, *y.shape[1:]))

    def get_constants(self, x: Array) -> list[Any]:  # type: ignore[override]
        """Return the dropout masks of the states: ``None``, or a list with one for each gate."""
        return [self._masks(self.image_shape(x.shape), self.dropout_U)]

    def _masks(self, shape: Any, level: float) -> list[Array] | None:
        if level == 0 or not K.learning_phase():
            return None
        return [self.dropped(jnp.ones(shape), level) for _ in _GATES]

    def step(self, x: Array, states: list[Any]) -> tuple[Array, list[Array]]:
        h, c, masks = states[:3]
        if masks is None:
            h_part = self.conv_step_hidden(h, self._joined("U"), border_mode="same")
        else:
            parts = [
                self.conv_step_hidden(h * mask, getattr(self, f"U_{gate}"), border_mode="same")
                for mask, gate in zip(masks, _GATES, strict=True)
            ]
            h_part = jnp.concatenate(parts, axis=self.channel_axis())
        i, f, g, o = jnp.split(x + h_part, 4, axis=self.channel_axis())
        i, f, o = self.inner_activation(i), self.inner_activation(f), self.inner_activation(o)
        c = f * c + i * self.activation(g)
        h = o * self.activation(c)
        return h, [h, c]


def _image(shape: Any) -> Shape:
    """Return the shape of one step of a sequence of images."""
    return (shape[0], *shape[2:])
