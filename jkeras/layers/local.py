"""Convolutions whose filters are other ones at every place: LocallyConnected1D, LocallyConnected2D."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import activations, constraints, initializations, regularizers
from jkeras.engine.contract import InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.layers.checks import positive_size
from jkeras.layers.spatial import SpatialLayer, checked_numbers
from jkeras.typing import Array, Identifier, Params, Shape
from jkeras.utils.np_utils import conv_output_length

__all__ = ["InputSpec", "Layer", "LocallyConnected1D", "LocallyConnected2D", "conv_output_length"]


class _LocallyConnected(SpatialLayer):
    """What both layers share: at each place one product of the window's numbers with a matrix of that place.

    A subclass sets `nb_filter`, `dim_ordering`, and says the sizes of its windows and their distances.
    """

    nb_filter: int

    def __init__(
        self,
        init: Identifier,
        activation: str | Callable[..., Any] | None,
        border_mode: str,
        W_regularizer: Identifier,
        b_regularizer: Identifier,
        activity_regularizer: Identifier,
        W_constraint: Identifier,
        b_constraint: Identifier,
        bias: bool,
        **kwargs: Any,
    ):
        if border_mode != "valid":
            raise ValueError(
                f"{type(self).__name__}: border_mode is 'valid', since a window beyond the border would have weights without "
                f"inputs; got {border_mode!r}. Put a ZeroPadding layer in front."
            )
        self.initializer = initializations.get(init)
        self.activation = activations.get(activation)
        self.border_mode = border_mode
        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        self.input_spec = (InputSpec(ndim=self.rank + 2),)
        super().__init__(**kwargs)

    def window(self) -> tuple[int, ...]:
        """The sizes of a window."""
        raise NotImplementedError

    def distances(self) -> tuple[int, ...]:
        """The distances between windows."""
        raise NotImplementedError

    def check_input(self, shapes: Sequence[Shape]) -> None:
        super().check_input(shapes)
        shape = shapes[0]
        if None in shape[1:]:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) has weights for every place, so all sizes of its input must be "
                f"known; got shape {tuple(shape)}."
            )
        padding = f"a ZeroPadding{self.rank}D layer in front"  # there is no other border_mode
        self.check_windows("a filter", shape, self.window(), "valid", remedy=padding)
        if self.built and tuple(shape[1:]) != tuple(self.built_shape[1:]):
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) was built for inputs of shape {tuple(self.built_shape)}, with "
                f"weights for every place of them; got shape {tuple(shape)}. Only inputs of one size can share the layer."
            )

    def places(self, input_shape: Shape) -> list[Any]:
        """Return how many windows fit along each axis."""
        sizes = zip(self.space_sizes(input_shape), self.window(), self.distances(), strict=True)
        return [conv_output_length(size, length, "valid", distance) for size, length, distance in sizes]

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        places = self.places(input_shape)
        inputs: Any = math.prod(self.window()) * input_shape[self.channel_axis()]  # type: ignore[operator]
        shape = (math.prod(places), inputs, self.nb_filter)
        specs = [Weight("W", shape, self.initializer, self.W_regularizer, self.W_constraint)]
        if self.bias:
            shape = (*places, self.nb_filter)
            specs.append(Weight("b", shape, initializations.zero, self.b_regularizer, self.b_constraint))
        return specs

    def apply(self, params: Params, x: Array) -> Array:
        if self.dim_ordering == "th":
            x = jnp.moveaxis(x, 1, -1)  # (batch, *space, channels)
        places = [
            conv_output_length(size, length, "valid", distance) or 0
            for size, length, distance in zip(x.shape[1:-1], self.window(), self.distances(), strict=True)
        ]
        taps = []
        for start in itertools.product(*map(range, self.window())):
            ends = [
                first + (count - 1) * step + 1
                for first, count, step in zip(start, places, self.distances(), strict=True)
            ]
            cut = tuple(slice(first, end, step) for first, end, step in zip(start, ends, self.distances(), strict=True))
            taps.append(x[(slice(None), *cut)])
        # The numbers of a window stand in the order in which Keras 1 flattened it.
        windows = jnp.stack(taps, axis=-1 if self.dim_ordering == "th" else -2)  # (batch, *places, taps and channels)
        windows = jnp.reshape(windows, (x.shape[0], -1, params["W"].shape[1]))  # (batch, place, inputs)
        y = jnp.einsum("bpi,pif->bpf", windows, params["W"])
        y = jnp.reshape(y, (x.shape[0], *places, self.nb_filter))  # (batch, *places, filter)
        if self.dim_ordering == "th":
            y = jnp.moveaxis(y, -1, 1)  # (batch, filter, *places)
        # Keras 1 lays the numbers of b out anew for 'th', and does not exchange its axes.
        return self.activation(y + jnp.reshape(params["b"], y.shape[1:]) if self.bias else y)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return self.resized(input_shape, self.places(input_shape), self.nb_filter)


class LocallyConnected1D(_LocallyConnected):
    """Filters over time, other ones at every step.

    Args:
        nb_filter: number of filters, which is the size of the output's last axis.
        filter_length: time steps of a window.
        init: initialization of ``W``, see `jkeras.initializations`.
        activation: see `jkeras.activations`; default linear.
        weights: list of initial arrays, ``[W, b]``.
        border_mode: only ``'valid'``.
        subsample_length: steps from window to window.
        W_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        activity_regularizer: penalty on the output.
        W_constraint, b_constraint: see `jkeras.constraints`.
        bias: whether there is a ``b``.
        input_dim, input_length: size and number of the time steps, for a first layer.

    Shapes: input ``(batch, time, input_dim)``, output ``(batch, windows, nb_filter)``; ``W``
    ``(windows, filter_length · input_dim, nb_filter)``, ``b`` ``(windows, nb_filter)``.
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
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        if self.input_dim is not None:
            kwargs.setdefault("input_shape", (self.input_length, self.input_dim))
        super().__init__(
            init, activation, border_mode, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint,
            bias, weights=weights, **kwargs,
        )  # fmt: skip

    def window(self) -> tuple[int, ...]:
        return (self.filter_length,)

    def distances(self) -> tuple[int, ...]:
        return (self.subsample_length,)


class LocallyConnected2D(_LocallyConnected):
    """Filters over images, other ones at every place.

    Args:
        nb_filter: number of filters, which is the number of the output's channels.
        nb_row, nb_col: rows and columns of a window.
        init: initialization of ``W``, see `jkeras.initializations`.
        activation: see `jkeras.activations`; default linear.
        weights: list of initial arrays, ``[W, b]``.
        border_mode: only ``'valid'``.
        subsample: rows and columns from window to window.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        W_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        activity_regularizer: penalty on the output.
        W_constraint, b_constraint: see `jkeras.constraints`.
        bias: whether there is a ``b``.

    Shapes: with ``'th'`` input ``(batch, channels, rows, cols)``, output ``(batch, nb_filter, new rows, new cols)``; with
    ``'tf'`` channels and filters last. ``W`` ``(new rows · new cols, nb_row · nb_col · channels, nb_filter)``, ``b``
    ``(new rows, new cols, nb_filter)``.
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
            init, activation, border_mode, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint,
            bias, weights=weights, **kwargs,
        )  # fmt: skip

    def window(self) -> tuple[int, ...]:
        return (self.nb_row, self.nb_col)

    def distances(self) -> tuple[int, ...]:
        return self.subsample
