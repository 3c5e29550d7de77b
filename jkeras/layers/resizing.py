"""Layers that change how many steps, rows and columns there are: UpSampling, ZeroPadding, Cropping."""

from collections.abc import Mapping, Sequence
from typing import Any

from jkeras.backend.spatial import pad_space, repeat_space
from jkeras.backend.spatial_windows import ordering_advice
from jkeras.backend.variables import as_array
from jkeras.engine.contract import InputSpec
from jkeras.layers.checks import positive_size
from jkeras.layers.spatial import SpatialLayer, checked_numbers
from jkeras.typing import Array, Params, Shape

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]


class _Resizing(SpatialLayer):
    """What the layers of this file share; a subclass sets `dim_ordering` and its sizes before it calls this constructor."""

    def __init__(self, **kwargs: Any):
        self.input_spec = (InputSpec(ndim=self.rank + 2),)
        super().__init__(**kwargs)


# ---- more of the same


class _UpSampling(_Resizing):
    def factors(self) -> tuple[int, ...]:
        """Return how often the entries along each axis are repeated."""
        raise NotImplementedError

    def apply(self, params: Params, x: Array) -> Array:
        return repeat_space(x, self.factors(), self.dim_ordering)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        sizes = zip(self.space_sizes(input_shape), self.factors(), strict=True)
        return self.resized(input_shape, [None if size is None else size * factor for size, factor in sizes])


class UpSampling1D(_UpSampling):
    """Repeats each time step.

    Args:
        length: how often.

    Shapes: input ``(batch, time, features)``, output ``(batch, length · time, features)``.
    """

    rank = 1

    def __init__(self, length: int = 2, **kwargs: Any):
        self.length = positive_size(self, "length", length)
        super().__init__(**kwargs)

    def factors(self) -> tuple[int, ...]:
        return (self.length,)


class UpSampling2D(_UpSampling):
    """Repeats the rows and columns of images.

    Args:
        size: how often: rows, columns.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: ``(batch, channels, rows, cols)`` for ``'th'``, ``(batch, rows, cols, channels)`` for ``'tf'``; the output has
    ``size[0] · rows`` and ``size[1] · cols``.
    """

    def __init__(self, size: Sequence[int] = (2, 2), dim_ordering: str = "default", **kwargs: Any):
        self.size = checked_numbers(self, "size", size, self.rank)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def factors(self) -> tuple[int, ...]:
        return self.size


class UpSampling3D(_UpSampling):
    """Repeats the entries of volumes along three axes: `UpSampling2D` with one axis more."""

    rank = 3

    def __init__(self, size: Sequence[int] = (2, 2, 2), dim_ordering: str = "default", **kwargs: Any):
        self.size = checked_numbers(self, "size", size, self.rank)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def factors(self) -> tuple[int, ...]:
        return self.size


# ---- zeros around


class _ZeroPadding(_Resizing):
    def pads(self) -> list[tuple[int, int]]:
        """Return how many zeros come before and after each axis."""
        raise NotImplementedError

    def checked_padding(self, padding: Any, sides: Sequence[str], forms: Sequence[int]) -> tuple[Any, tuple[int, ...]]:
        """Return `padding` in plain numbers, and the numbers alone; those of a dict are in the order of `sides`.

        Args:
            padding: one number, as many as one of `forms`, or a dict of sides, in which those that are left out are 0.
            sides: names for a dict; an empty one if there is no such form.
            forms: how many numbers there may be.
        """
        if isinstance(padding, Mapping) and sides:
            unknown = [key for key in padding if key not in sides]
            if unknown:
                raise ValueError(
                    f"{type(self).__name__}: a dict for padding has keys from {tuple(sides)}; got {unknown[0]!r}."
                )
            numbers = checked_numbers(self, "padding", [padding.get(side, 0) for side in sides], len(sides), 0)
            return {side: number for side, number in zip(sides, numbers, strict=True) if side in padding}, numbers
        if isinstance(padding, Sequence) and not isinstance(padding, str):
            count = len(padding) if len(padding) in forms else forms[0]
            numbers = checked_numbers(self, "padding", padding, count, 0)
            return numbers, numbers
        numbers = checked_numbers(self, "padding", (padding,) * forms[0], forms[0], 0)
        return numbers[0], numbers

    def apply(self, params: Params, x: Array) -> Array:
        return pad_space(x, self.pads(), self.dim_ordering)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        sizes = zip(self.space_sizes(input_shape), self.pads(), strict=True)
        return self.resized(input_shape, [None if size is None else size + sum(pad) for size, pad in sizes])


class ZeroPadding1D(_ZeroPadding):
    """Puts zeros before and after a sequence.

    Args:
        padding: steps on both sides; or a pair (before, after); or a dict with the keys ``'left_pad'`` and ``'right_pad'``.

    Shapes: input ``(batch, time, features)``, output ``(batch, before + time + after, features)``.
    """

    rank = 1

    def __init__(self, padding: int | Sequence[int] | Mapping[str, int] = 1, **kwargs: Any):
        self.padding, numbers = self.checked_padding(padding, ("left_pad", "right_pad"), (2,))
        self.left_pad, self.right_pad = numbers
        super().__init__(**kwargs)

    def pads(self) -> list[tuple[int, int]]:
        return [(self.left_pad, self.right_pad)]


class ZeroPadding2D(_ZeroPadding):
    """Puts zeros around images.

    Args:
        padding: rows above and below, and columns left and right; or four numbers (top, bottom, left, right); or a dict
            with the keys ``'top_pad'``, ``'bottom_pad'``, ``'left_pad'`` and ``'right_pad'``.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: ``(batch, channels, rows, cols)`` for ``'th'``, ``(batch, rows, cols, channels)`` for ``'tf'``; the output has
    ``top + rows + bottom`` and ``left + cols + right``.
    """

    def __init__(
        self, padding: Sequence[int] | Mapping[str, int] = (1, 1), dim_ordering: str = "default", **kwargs: Any
    ):
        sides = ("top_pad", "bottom_pad", "left_pad", "right_pad")
        self.padding, numbers = self.checked_padding(padding, sides, (2, 4))
        if len(numbers) == 2:
            numbers = (numbers[0], numbers[0], numbers[1], numbers[1])
        self.top_pad, self.bottom_pad, self.left_pad, self.right_pad = numbers
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def pads(self) -> list[tuple[int, int]]:
        return [(self.top_pad, self.bottom_pad), (self.left_pad, self.right_pad)]


class ZeroPadding3D(_ZeroPadding):
    """Puts zeros around volumes.

    Args:
        padding: three numbers, each for both ends of an axis.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: ``(batch, channels, dim1, dim2, dim3)`` for ``'th'``, ``(batch, dim1, dim2, dim3, channels)`` for ``'tf'``.
    """

    rank = 3

    def __init__(self, padding: Sequence[int] = (1, 1, 1), dim_ordering: str = "default", **kwargs: Any):
        self.padding, _ = self.checked_padding(padding, (), (3,))
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def pads(self) -> list[tuple[int, int]]:
        numbers = self.padding if isinstance(self.padding, tuple) else (self.padding,) * 3
        return [(number, number) for number in numbers]


# ---- less


class _Cropping(_Resizing):
    def crops(self) -> Sequence[tuple[int, int]]:
        """Return how many entries go at the start and the end of each axis."""
        raise NotImplementedError

    def checked_pairs(self, cropping: Any) -> tuple[tuple[int, int], ...]:
        """Return a pair of numbers for each axis."""
        if not isinstance(cropping, Sequence) or len(cropping) != self.rank:
            raise ValueError(
                f"{type(self).__name__}: cropping is {self.rank} pairs (at the start, at the end), such as "
                f"{((1, 1),) * self.rank}; got {cropping!r}."
            )
        return tuple(checked_numbers(self, "each entry of cropping", pair, 2, 0) for pair in cropping)  # type: ignore[misc]

    def apply(self, params: Params, x: Array) -> Array:
        x = as_array(x)
        index = [slice(None)] * x.ndim
        for axis, (start, end) in zip(self.space_axes(), self.crops(), strict=True):
            index[axis] = slice(start, x.shape[axis] - end)
        self.get_output_shape_for(x.shape)
        return x[tuple(index)]

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        sizes = zip(self.space_sizes(input_shape), self.crops(), strict=True)
        left = [None if size is None else size - start - end for size, (start, end) in sizes]
        if any(size is not None and size <= 0 for size in left):
            advice = "Cut off less." if self.rank == 1 else f"Cut off less. {ordering_advice(self.dim_ordering)}"
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) cuts off {tuple(self.crops())} entries at the start and the end "
                f"of axes {self.space_axes()}, which leaves nothing of an input of shape {tuple(input_shape)}. {advice}"
            )
        return self.resized(input_shape, left)


class Cropping1D(_Cropping):
    """Cuts time steps off.

    Args:
        cropping: how many at the start and at the end.

    Shapes: input ``(batch, time, features)``, output ``(batch, time - start - end, features)``.
    """

    rank = 1

    def __init__(self, cropping: Sequence[int] = (1, 1), **kwargs: Any):
        self.cropping = checked_numbers(self, "cropping", cropping, 2, 0)
        super().__init__(**kwargs)

    def crops(self) -> Sequence[tuple[int, int]]:
        return [self.cropping]  # type: ignore[list-item]


class Cropping2D(_Cropping):
    """Cuts rows and columns off images.

    Args:
        cropping: two pairs: rows at the top and at the bottom, columns at the left and at the right.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: ``(batch, channels, rows, cols)`` for ``'th'``, ``(batch, rows, cols, channels)`` for ``'tf'``.
    """

    def __init__(
        self, cropping: Sequence[Sequence[int]] = ((0, 0), (0, 0)), dim_ordering: str = "default", **kwargs: Any
    ):
        self.cropping = self.checked_pairs(cropping)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def crops(self) -> Sequence[tuple[int, int]]:
        return self.cropping


class Cropping3D(_Cropping):
    """Cuts slices off volumes.

    Args:
        cropping: three pairs: how many at the start and at the end of each axis.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: ``(batch, channels, dim1, dim2, dim3)`` for ``'th'``, ``(batch, dim1, dim2, dim3, channels)`` for ``'tf'``.
    """

    rank = 3

    def __init__(
        self, cropping: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)), dim_ordering: str = "default", **kwargs: Any
    ):
        self.cropping = self.checked_pairs(cropping)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)

    def crops(self) -> Sequence[tuple[int, int]]:
        return self.cropping
