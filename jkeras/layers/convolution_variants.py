"""Convolutional layers that are put together in another way: transposed, and separated by channels."""

from collections.abc import Callable, Sequence
from typing import Any

from jkeras import constraints, regularizers
from jkeras.backend.convolution import convolve_separable, convolve_transposed
from jkeras.backend.spatial_windows import ordering_advice, transposed_problem
from jkeras.engine.contract import Weight
from jkeras.layers.checks import positive_size
from jkeras.layers.convolution import BaseConvolution, Convolution2D
from jkeras.layers.spatial import checked_numbers, in_ordering
from jkeras.typing import Array, Identifier, Params, Shape

__all__ = ["Deconvolution2D", "SeparableConvolution2D"]


class Deconvolution2D(Convolution2D):
    """The transpose of a convolution of images: ``activation(x ∗ᵀ W + b)``.

    It goes from what a convolution makes back to what it is made of; with ``subsample`` above 1 images grow.

    Args:
        output_shape: the shape of the output, ``(batch, nb_filter, rows, cols)`` for ``'th'``,
            ``(batch, rows, cols, nb_filter)`` for ``'tf'``; the batch may be ``None``. A convolution with this layer's
            filters, `subsample` and `border_mode` must turn such rows and columns into those of the input: along each axis
            they are ``subsample · (input - 1) + filter + a`` for ``'valid'``, with a less than `subsample`.
        nb_filter, nb_row, nb_col, init, activation, weights, border_mode, subsample, dim_ordering, W_regularizer,
            b_regularizer, activity_regularizer, W_constraint, b_constraint, bias, dialect: as in `Convolution2D`.

    Shapes: as in `Convolution2D`, ``W`` too; the output's rows and columns are those of `output_shape`.

    Source: Zeiler et al., "Deconvolutional networks", CVPR 2010.
    """

    config_attributes = {**Convolution2D.config_attributes, "output_shape": "output_shape_"}  # noqa: RUF012 - read only

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        output_shape: Sequence[int | None],
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
        super().__init__(
            nb_filter, nb_row, nb_col, init, activation, weights, border_mode, subsample, dim_ordering, W_regularizer,
            b_regularizer, activity_regularizer, W_constraint, b_constraint, bias, **kwargs,
        )  # fmt: skip
        self.output_shape_ = self._checked_output_shape(output_shape)

    def _checked_output_shape(self, output_shape: Any) -> Shape:
        given = tuple(output_shape) if isinstance(output_shape, Sequence) else ()
        form = "(batch, nb_filter, rows, cols)" if self.dim_ordering == "th" else "(batch, rows, cols, nb_filter)"
        wanted = f"Layer {self.name!r} (Deconvolution2D): output_shape is {form}"
        if len(given) != 4:
            raise ValueError(f"{wanted}; got {output_shape!r}.")
        if given[self.channel_axis()] not in (None, self.nb_filter):
            swapped = given[3 if self.dim_ordering == "th" else 1] == self.nb_filter
            advice = f" {ordering_advice(self.dim_ordering)}" if swapped else ""
            raise ValueError(f"{wanted} with nb_filter={self.nb_filter}; got {output_shape!r}.{advice}")
        space = checked_numbers(self, "output_shape: rows and columns", self.space_sizes(given), 2)
        return self.resized(given, space)

    def check_windows(
        self,
        what: str,
        shape: Shape,
        reach: Sequence[int],
        border_mode: str,
        remedy: str = "",
        whole: Shape | None = None,
    ) -> None:
        """Raise a `ValueError` if the sizes of the input and of `output_shape` do not go together."""
        title = f"Layer {self.name!r} ({type(self).__name__}), input of shape {tuple(shape)}"
        found, lengths = self.space_sizes(shape), self.space_sizes(self.output_shape_)
        if None in found:
            raise ValueError(
                f"{title}: rows and columns must be known, since output_shape={self.output_shape_} fits inputs of one size only. "
                "Give them in input_shape."
            )
        problem = transposed_problem(found, lengths, reach, self.subsample, border_mode, self.dialect)
        if problem:
            raise ValueError(f"{title}: {problem} {ordering_advice(self.dim_ordering)}")

    def apply(self, params: Params, x: Array) -> Array:
        y = convolve_transposed(
            x, params["W"], self.space_sizes(self.output_shape_), self.subsample, self.border_mode, self.dim_ordering,
            self.dialect,
        )  # fmt: skip
        return self.finished(y, params)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return self.resized(input_shape, self.space_sizes(self.output_shape_), self.nb_filter)


class SeparableConvolution2D(BaseConvolution):
    """Filters over the rows and columns of each channel by itself, then over the channels of each pixel.

    Args:
        nb_filter: number of filters over channels, which is the number of the output's channels.
        nb_row, nb_col: rows and columns of the filters over images.
        depth_multiplier: how many filters over images each channel has.
        depthwise_regularizer, pointwise_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        depthwise_constraint, pointwise_constraint, b_constraint: see `jkeras.constraints`.
        weights: list of initial arrays, ``[depthwise_kernel, pointwise_kernel, b]``.
        border_mode: ``'valid'`` or ``'same'``.
        init, activation, subsample, dim_ordering, activity_regularizer, bias, dialect: as in `Convolution2D`.

    Shapes: input and output as in `Convolution2D`. With ``'th'`` ``depthwise_kernel`` is
    ``(depth_multiplier, channels, nb_row, nb_col)`` and ``pointwise_kernel``
    ``(nb_filter, channels · depth_multiplier, 1, 1)``; with ``'tf'`` they are ``(nb_row, nb_col, channels, depth_multiplier)``
    and ``(1, 1, channels · depth_multiplier, nb_filter)``.

    Source: Chollet, "Xception: Deep learning with depthwise separable convolutions", CVPR 2017.
    """

    border_modes = ("valid", "same")

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
        depth_multiplier: int = 1,
        dim_ordering: str = "default",
        depthwise_regularizer: Identifier = None,
        pointwise_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        depthwise_constraint: Identifier = None,
        pointwise_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ):
        self.nb_filter = positive_size(self, "nb_filter", nb_filter)
        self.nb_row = positive_size(self, "nb_row", nb_row)
        self.nb_col = positive_size(self, "nb_col", nb_col)
        self.subsample = checked_numbers(self, "subsample", subsample, 2)
        self.depth_multiplier = positive_size(self, "depth_multiplier", depth_multiplier)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        super().__init__(
            init, activation, border_mode, b_regularizer, activity_regularizer, b_constraint, bias,
            weights=weights, **kwargs,
        )  # fmt: skip

    def filter_sizes(self) -> tuple[int, ...]:
        return (self.nb_row, self.nb_col)

    def filter_strides(self) -> tuple[int, ...]:
        return self.subsample

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        channels, multiplier = input_shape[self.channel_axis()], self.depth_multiplier
        if self.dim_ordering == "th":
            depthwise = (multiplier, channels, self.nb_row, self.nb_col)
            pointwise = (self.nb_filter, channels * multiplier, 1, 1)
        else:
            depthwise = (self.nb_row, self.nb_col, channels, multiplier)
            pointwise = (1, 1, channels * multiplier, self.nb_filter)
        init = in_ordering(self.initializer, self.dim_ordering)
        return [
            Weight("depthwise_kernel", depthwise, init, self.depthwise_regularizer, self.depthwise_constraint),
            Weight("pointwise_kernel", pointwise, init, self.pointwise_regularizer, self.pointwise_constraint),
            *self.offset_specs(),
        ]

    def apply(self, params: Params, x: Array) -> Array:
        y = convolve_separable(
            x, params["depthwise_kernel"], params["pointwise_kernel"], self.subsample, self.border_mode,
            self.dim_ordering, self.dialect,
        )  # fmt: skip
        return self.finished(y, params)
