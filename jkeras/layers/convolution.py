"""Convolutional layers of sequences, images and volumes, and those with gaps between the taps of their filters."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import activations, constraints, initializations, regularizers
from jkeras.backend.convolution import convolve
from jkeras.backend.spatial_windows import BORDER_MODES
from jkeras.engine.contract import InputSpec, Weight
from jkeras.layers.checks import positive_size
from jkeras.layers.spatial import SpatialLayer, checked_numbers, in_ordering
from jkeras.typing import Array, Identifier, Params, Shape
from jkeras.utils.np_utils import conv_output_length

__all__ = [
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "BaseConvolution",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
]


class BaseConvolution(SpatialLayer):
    """What convolutional layers share: all but the names that Keras 1 gives the sizes of filters.

    A subclass sets `nb_filter` and `dim_ordering` before it calls this constructor.

    Args:
        dialect: ``'tensorflow'`` or ``'theano'``: whether filters are turned by 180° when they are applied, and how
            ``border_mode='same'`` pads (see `jkeras.backend.spatial_windows`); default: the one of ``K.backend()``.
    """

    nb_filter: int
    border_modes: tuple[str, ...] = BORDER_MODES

    def __init__(
        self,
        init: Identifier,
        activation: str | Callable[..., Any] | None,
        border_mode: str,
        b_regularizer: Identifier,
        activity_regularizer: Identifier,
        b_constraint: Identifier,
        bias: bool,
        dialect: str | None = None,
        **kwargs: Any,
    ):
        self.initializer = initializations.get(init)
        self.activation = activations.get(activation)
        self.border_mode = self.checked_choice("border_mode", border_mode, self.border_modes)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        self.dialect = self.checked_dialect(dialect)
        self.input_spec = (InputSpec(ndim=self.rank + 2),)
        super().__init__(**kwargs)

    def filter_sizes(self) -> tuple[int, ...]:
        """The sizes of a filter."""
        raise NotImplementedError

    def filter_strides(self) -> tuple[int, ...]:
        """The distances between windows."""
        raise NotImplementedError

    def filter_gaps(self) -> tuple[int, ...]:
        """The distances between the taps of a filter."""
        return (1,) * self.rank

    def check_input(self, shapes: Sequence[Shape]) -> None:
        super().check_input(shapes)
        shape = shapes[0]
        reach = [(taps - 1) * gap + 1 for taps, gap in zip(self.filter_sizes(), self.filter_gaps(), strict=True)]
        self.check_windows("a filter", shape, reach, self.border_mode)
        channels = shape[self.channel_axis()]
        if channels is None:
            which = "" if self.rank == 1 else f" with dim_ordering={self.dim_ordering!r}"
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}): the number of {'features' if self.rank == 1 else 'channels'}, axis "
                f"{self.channel_axis()} of the input{which}, must be known, since W has that size; got shape {tuple(shape)}. Give "
                "it in input_shape."
            )
        if self.built and channels != self.built_shape[self.channel_axis()]:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) was built for inputs of "
                f"{self.built_shape[self.channel_axis()]} channels; got shape {tuple(shape)}. Only inputs with as many channels "
                "can share a layer."
            )

    def shape_of_kernel(self, input_shape: Shape) -> tuple[Any, ...]:
        """Return the shape of ``W``."""
        channels = input_shape[self.channel_axis()]
        if self.dim_ordering == "th":
            return (self.nb_filter, channels, *self.filter_sizes())
        return (*self.filter_sizes(), channels, self.nb_filter)

    def offset_specs(self) -> list[Weight]:
        """Return the declaration of ``b``, if there is one."""
        if not self.bias:
            return []
        return [Weight("b", (self.nb_filter,), initializations.zero, self.b_regularizer, self.b_constraint)]

    def finished(self, y: Array, params: Params) -> Array:
        """Add ``b`` and apply the activation."""
        if self.bias:
            shape = [1] * y.ndim
            shape[self.channel_axis()] = self.nb_filter
            y = y + jnp.reshape(params["b"], shape)
        return self.activation(y)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        lengths = [
            conv_output_length(length, taps, self.border_mode, stride, gap)
            for length, taps, stride, gap in zip(
                self.space_sizes(input_shape),
                self.filter_sizes(),
                self.filter_strides(),
                self.filter_gaps(),
                strict=True,
            )
        ]
        return self.resized(input_shape, lengths, self.nb_filter)


class _OneKernel(BaseConvolution):
    """Convolutional layers whose only kernel is ``W``."""

    def __init__(self, *args: Any, W_regularizer: Identifier, W_constraint: Identifier, **kwargs: Any):
        self.W_regularizer = regularizers.get(W_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        super().__init__(*args, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        init = in_ordering(self.initializer, self.dim_ordering)
        kernel = Weight("W", self.shape_of_kernel(input_shape), init, self.W_regularizer, self.W_constraint)
        return [kernel, *self.offset_specs()]

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.W_shape = self.shape_of_kernel(input_shape)

    def apply(self, params: Params, x: Array) -> Array:
        y = convolve(
            x, params["W"], self.filter_strides(), self.border_mode, self.dim_ordering, self.dialect, self.filter_gaps()
        )  # fmt: skip
        return self.finished(y, params)


class Convolution1D(_OneKernel):
    """Filters over time: ``activation(x ∗ W + b)``.

    Args:
        nb_filter: number of filters, which is the size of the output's last axis.
        filter_length: time steps of a filter.
        init: initialization of ``W``, see `jkeras.initializations`.
        activation: see `jkeras.activations`; default linear.
        weights: list of initial arrays, ``[W, b]``.
        border_mode: ``'valid'``: only where the filter fits; ``'same'``: as many steps as the input has (divided by
            `subsample_length`); ``'full'``: wherever the filter touches the sequence.
        subsample_length: steps from window to window.
        W_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        activity_regularizer: penalty on the output.
        W_constraint, b_constraint: see `jkeras.constraints`.
        bias: whether there is a ``b``.
        input_dim, input_length: size and number of the time steps, for a first layer.
        dialect: ``'tensorflow'`` or ``'theano'``, see `BaseConvolution`.

    Shapes: input ``(batch, time, input_dim)``, output ``(batch, new time, nb_filter)``; ``W``
    ``(filter_length, 1, input_dim, nb_filter)``, ``b`` ``(nb_filter,)``.
    """

    rank = 1

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **kwargs: Any,
    ):
        self.nb_filter = positive_size(self, "nb_filter", nb_filter)
        self.filter_length = positive_size(self, "filter_length", filter_length)
        self.subsample_length = positive_size(self, "subsample_length", subsample_length)
        self.subsample = (self.subsample_length, 1)
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        if self.input_dim is not None:
            kwargs["input_shape"] = (self.input_length, self.input_dim)
        super().__init__(
            init, activation, border_mode, b_regularizer, activity_regularizer, b_constraint, bias,
            W_regularizer=W_regularizer, W_constraint=W_constraint, weights=weights, **kwargs,
        )  # fmt: skip

    def filter_sizes(self) -> tuple[int, ...]:
        return (self.filter_length,)

    def filter_strides(self) -> tuple[int, ...]:
        return (self.subsample_length,)

    def shape_of_kernel(self, input_shape: Shape) -> tuple[Any, ...]:
        return (self.filter_length, 1, input_shape[2], self.nb_filter)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        kernel, *offset = super().weight_specs(input_shape)
        # Keras 1 measures the fans of this kernel as if it were ordered (outputs, inputs, …), which makes them large and
        # the initial weights small. Scripts were tuned with that.
        return [kernel._replace(init=in_ordering(self.initializer, "th")), *offset]

    def apply(self, params: Params, x: Array) -> Array:
        kernel = params["W"][:, 0]  # (filter_length, input_dim, nb_filter)
        y = convolve(x, kernel, self.filter_strides(), self.border_mode, "tf", self.dialect, self.filter_gaps())
        return self.finished(y, params)


class AtrousConvolution1D(Convolution1D):
    """Filters over time with gaps between their taps.

    Args:
        atrous_rate: steps from tap to tap; 1 leaves no gaps.
        nb_filter, filter_length, init, activation, weights, border_mode, subsample_length, W_regularizer, b_regularizer,
            activity_regularizer, W_constraint, b_constraint, bias, input_dim, input_length, dialect: as in `Convolution1D`.

    Shapes: as in `Convolution1D`.

    Source: Yu and Koltun, "Multi-scale context aggregation by dilated convolutions", ICLR 2016.
    """

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        atrous_rate: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ):
        self.atrous_rate = positive_size(self, "atrous_rate", atrous_rate)
        super().__init__(
            nb_filter, filter_length, init, activation, weights, border_mode, subsample_length, W_regularizer,
            b_regularizer, activity_regularizer, W_constraint, b_constraint, bias, **kwargs,
        )  # fmt: skip

    def filter_gaps(self) -> tuple[int, ...]:
        return (self.atrous_rate,)


class Convolution2D(_OneKernel):
    """Filters over images: ``activation(x ∗ W + b)``.

    Args:
        nb_filter: number of filters, which is the number of the output's channels.
        nb_row, nb_col: rows and columns of a filter.
        init: initialization of ``W``, see `jkeras.initializations`.
        activation: see `jkeras.activations`; default linear.
        weights: list of initial arrays, ``[W, b]``.
        border_mode: ``'valid'``: only where the filter fits; ``'same'``: as many rows and columns as the input has (divided
            by `subsample`); ``'full'``: wherever the filter touches the image.
        subsample: rows and columns from window to window.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        W_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        activity_regularizer: penalty on the output.
        W_constraint, b_constraint: see `jkeras.constraints`.
        bias: whether there is a ``b``.
        dialect: ``'tensorflow'`` or ``'theano'``, see `BaseConvolution`.

    Shapes: with ``'th'`` input ``(batch, channels, rows, cols)``, output ``(batch, nb_filter, new rows, new cols)``, ``W``
    ``(nb_filter, channels, nb_row, nb_col)``; with ``'tf'`` input ``(batch, rows, cols, channels)``, output
    ``(batch, new rows, new cols, nb_filter)``, ``W`` ``(nb_row, nb_col, channels, nb_filter)``; ``b`` ``(nb_filter,)``.
    """

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ):
        self.nb_filter = positive_size(self, "nb_filter", nb_filter)
        self.nb_row = positive_size(self, "nb_row", nb_row)
        self.nb_col = positive_size(self, "nb_col", nb_col)
        self.subsample = checked_numbers(self, "subsample", subsample, 2)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(
            init, activation, border_mode, b_regularizer, activity_regularizer, b_constraint, bias,
            W_regularizer=W_regularizer, W_constraint=W_constraint, weights=weights, **kwargs,
        )  # fmt: skip

    def filter_sizes(self) -> tuple[int, ...]:
        return (self.nb_row, self.nb_col)

    def filter_strides(self) -> tuple[int, ...]:
        return self.subsample


class AtrousConvolution2D(Convolution2D):
    """Filters over images with gaps between their taps.

    Args:
        atrous_rate: rows and columns from tap to tap; ``(1, 1)`` leaves no gaps.
        nb_filter, nb_row, nb_col, init, activation, weights, border_mode, subsample, dim_ordering, W_regularizer,
            b_regularizer, activity_regularizer, W_constraint, b_constraint, bias, dialect: as in `Convolution2D`.

    Shapes: as in `Convolution2D`.

    Source: Yu and Koltun, "Multi-scale context aggregation by dilated convolutions", ICLR 2016.
    """

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1),
        atrous_rate: Sequence[int] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ):
        self.atrous_rate = checked_numbers(self, "atrous_rate", atrous_rate, 2)
        super().__init__(
            nb_filter, nb_row, nb_col, init, activation, weights, border_mode, subsample, dim_ordering, W_regularizer,
            b_regularizer, activity_regularizer, W_constraint, b_constraint, bias, **kwargs,
        )  # fmt: skip

    def filter_gaps(self) -> tuple[int, ...]:
        return self.atrous_rate


class Convolution3D(_OneKernel):
    """Filters over volumes: ``activation(x ∗ W + b)``.

    Args:
        nb_filter: number of filters, which is the number of the output's channels.
        kernel_dim1, kernel_dim2, kernel_dim3: sizes of a filter.
        subsample: three distances between windows.
        init, activation, weights, border_mode, dim_ordering, W_regularizer, b_regularizer, activity_regularizer,
            W_constraint, b_constraint, bias, dialect: as in `Convolution2D`.

    Shapes: as in `Convolution2D`, with three axes ``dim1, dim2, dim3`` in place of rows and columns.
    """

    rank = 3

    def __init__(
        self,
        nb_filter: int,
        kernel_dim1: int,
        kernel_dim2: int,
        kernel_dim3: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        border_mode: str = "valid",
        subsample: Sequence[int] = (1, 1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ):
        self.nb_filter = positive_size(self, "nb_filter", nb_filter)
        self.kernel_dim1 = positive_size(self, "kernel_dim1", kernel_dim1)
        self.kernel_dim2 = positive_size(self, "kernel_dim2", kernel_dim2)
        self.kernel_dim3 = positive_size(self, "kernel_dim3", kernel_dim3)
        self.subsample = checked_numbers(self, "subsample", subsample, 3)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(
            init, activation, border_mode, b_regularizer, activity_regularizer, b_constraint, bias,
            W_regularizer=W_regularizer, W_constraint=W_constraint, weights=weights, **kwargs,
        )  # fmt: skip

    def filter_sizes(self) -> tuple[int, ...]:
        return (self.kernel_dim1, self.kernel_dim2, self.kernel_dim3)

    def filter_strides(self) -> tuple[int, ...]:
        return self.subsample
