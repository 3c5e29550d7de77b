"""Functions that put zeros around images and volumes, and that repeat their rows and columns."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jkeras.backend.dispatch import op
from jkeras.backend.spatial_windows import numbers, ordering_of, space_axes
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = [
    "asymmetric_spatial_2d_padding",
    "pad_space",
    "repeat_space",
    "resize_images",
    "resize_volumes",
    "spatial_2d_padding",
    "spatial_3d_padding",
]


def pad_space(x: Any, pads: Sequence[tuple[int, int]], dim_ordering: str) -> Array:
    """Put zeros around images or volumes.

    Args:
        x: array of shape (batch, channels, *space) for ``'th'``, (batch, *space, channels) for ``'tf'``.
        pads: for each axis of space how many zeros come before and after it.
        dim_ordering: ``'th'`` or ``'tf'``.

    Raises:
        ValueError: `x` has another number of axes.
    """
    x = _checked(x, len(pads))
    widths = [(0, 0)] * x.ndim
    for axis, pad in zip(space_axes(len(pads), dim_ordering), pads, strict=True):
        widths[axis] = pad
    return jnp.pad(x, widths)


def repeat_space(x: Any, factors: Sequence[int], dim_ordering: str) -> Array:
    """Repeat each entry along each axis of space so many times; arguments as for `pad_space`."""
    x = _checked(x, len(factors))
    for axis, factor in zip(space_axes(len(factors), dim_ordering), factors, strict=True):
        x = jnp.repeat(x, factor, axis=axis)
    return x


def _checked(x: Any, rank: int) -> Array:
    x = as_array(x)
    if x.ndim != rank + 2:
        raise ValueError(
            f"Expected {'images' if rank == 2 else 'volumes'}, an array of {rank + 2} axes with the batch and the channels; got "
            f"shape {x.shape}."
        )
    return x


@op
def spatial_2d_padding(x: Any, padding: Sequence[int] = (1, 1), dim_ordering: str = "default") -> Array:
    """Put zeros around images: ``padding[0]`` rows above and below, ``padding[1]`` columns left and right.

    Args:
        x: images of shape (batch, channels, rows, cols) for ``'th'``, (batch, rows, cols, channels) for ``'tf'``.
        padding: two numbers.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
    """
    pads = numbers("padding", padding, 2, least=0)
    return pad_space(x, [(pad, pad) for pad in pads], ordering_of(dim_ordering))


@op
def asymmetric_spatial_2d_padding(
    x: Any, top_pad: int = 1, bottom_pad: int = 1, left_pad: int = 1, right_pad: int = 1, dim_ordering: str = "default"
) -> Array:
    """Put zeros around images, on each side as many as told; shapes as in `spatial_2d_padding`."""
    top, bottom, left, right = numbers("The padding", (top_pad, bottom_pad, left_pad, right_pad), 4, least=0)
    return pad_space(x, [(top, bottom), (left, right)], ordering_of(dim_ordering))


@op
def spatial_3d_padding(x: Any, padding: Sequence[int] = (1, 1, 1), dim_ordering: str = "default") -> Array:
    """Put zeros around volumes, ``padding[i]`` on both sides of axis i of space.

    Args:
        x: volumes of shape (batch, channels, dim1, dim2, dim3) for ``'th'``, (batch, dim1, dim2, dim3, channels) for ``'tf'``.
        padding: three numbers.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
    """
    pads = numbers("padding", padding, 3, least=0)
    return pad_space(x, [(pad, pad) for pad in pads], ordering_of(dim_ordering))


@op
def resize_images(X: Any, height_factor: int, width_factor: int, dim_ordering: str) -> Array:
    """Repeat each row of images `height_factor` times and each column `width_factor` times.

    Args:
        X: images of shape (batch, channels, rows, cols) for ``'th'``, (batch, rows, cols, channels) for ``'tf'``.
        height_factor, width_factor: whole numbers.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
    """
    return repeat_space(X, numbers("The factors", (height_factor, width_factor), 2), ordering_of(dim_ordering))


@op
def resize_volumes(X: Any, depth_factor: int, height_factor: int, width_factor: int, dim_ordering: str) -> Array:
    """Repeat each entry of volumes along three axes.

    Args:
        X: volumes of shape (batch, channels, dim1, dim2, dim3) for ``'th'``, (batch, dim1, dim2, dim3, channels) for ``'tf'``.
        depth_factor, height_factor, width_factor: whole numbers.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
    """
    factors = numbers("The factors", (depth_factor, height_factor, width_factor), 3)
    return repeat_space(X, factors, ordering_of(dim_ordering))
