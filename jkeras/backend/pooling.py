"""Pooling: the maximum or the mean of windows over images and volumes.

`pool` is the pure function that layers use, of any number of axes and with the dialect as an argument; `pool2d` and
`pool3d` are Keras 1's names for it, in the dialect of ``K.backend()``.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import op
from jkeras.backend.spatial_windows import (
    Window,
    backend_dialect,
    check_choice,
    fitting_problem,
    numbers,
    ordering_of,
    pool_windows,
    space_axes,
)
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = ["pool", "pool2d", "pool3d"]


def pool(
    x: Any,
    pool_size: Sequence[int],
    strides: Sequence[int],
    border_mode: str,
    dim_ordering: str,
    pool_mode: str,
    dialect: str,
) -> Array:
    """Return the maximum or the mean of each window.

    Padding takes part in neither: the mean of a window that reaches over the edge is that of the entries inside.

    Args:
        x: array of shape (batch, channels, *space) for ``'th'``, (batch, *space, channels) for ``'tf'``.
        pool_size: sizes of a window, one for each axis of space.
        strides: distances between windows.
        border_mode: ``'valid'`` or ``'same'``.
        dim_ordering: ``'th'`` or ``'tf'``.
        pool_mode: ``'max'`` or ``'avg'``.
        dialect: whose ``'same'`` windows, ``'tensorflow'`` or ``'theano'``.

    Raises:
        ValueError: an argument is none of these, or the windows are larger than the image.
    """
    x = as_array(x)
    check_choice("border_mode", border_mode, ("valid", "same"))
    check_choice("pool_mode", pool_mode, ("max", "avg"))
    rank = x.ndim - 2
    pool_size = numbers("pool_size", pool_size, rank)
    strides = numbers("strides", strides, rank)
    space = space_axes(rank, dim_ordering)
    lengths = [x.shape[axis] for axis in space]
    problem = fitting_problem("Pooling: a window", lengths, pool_size, border_mode, dim_ordering if rank > 1 else None)
    if problem:
        raise ValueError(problem)
    windows = pool_windows(lengths, pool_size, strides, border_mode, dialect)
    if pool_mode == "max":
        return _reduced(x, jax.lax.max, _least(x.dtype), windows, space)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        x = x.astype(canonical_dtype())
    return _reduced(x, jax.lax.add, np.zeros((), x.dtype), windows, space) / _counts(lengths, windows, space, x)


def _reduced(x: Array, function: Any, start: Any, windows: Sequence[Window], space: Sequence[int]) -> Array:
    """Return `function` over each window."""
    size, step, padding = [1] * x.ndim, [1] * x.ndim, [(0, 0)] * x.ndim
    for axis, window in zip(space, windows, strict=True):
        size[axis], step[axis], padding[axis] = window.reach, window.stride, (window.low, window.high)
    return jax.lax.reduce_window(x, start, function, tuple(size), tuple(step), tuple(padding))


def _least(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.bool_):
        return np.array(False)
    return np.array(-np.inf if jnp.issubdtype(dtype, jnp.inexact) else jnp.iinfo(dtype).min, dtype)


def _counts(lengths: Sequence[int], windows: Sequence[Window], space: Sequence[int], x: Array) -> Any:
    """Return how many entries of each window lie inside the image; an array that broadcasts to the output."""
    counts: Any = np.ones((1,) * x.ndim)
    for length, window, axis in zip(lengths, windows, space, strict=True):
        starts = np.arange(window.places) * window.stride - window.low
        inside = np.minimum(starts + window.reach, length) - np.maximum(starts, 0)
        counts = counts * inside.reshape([-1 if place == axis else 1 for place in range(x.ndim)])
    return (counts if np.ptp(counts) else counts.ravel()[:1]).astype(x.dtype)


@op
def pool2d(
    x: Any,
    pool_size: Sequence[int],
    strides: Sequence[int] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Array:
    """Return the maximum or the mean of each window of images.

    Args:
        x: images of shape (batch, channels, rows, cols) for ``'th'``, (batch, rows, cols, channels) for ``'tf'``.
        pool_size: rows and columns of a window.
        strides: distances between windows.
        border_mode: ``'valid'``, or ``'same'`` for as many windows as entries (without strides).
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        pool_mode: ``'max'`` or ``'avg'``.

    Raises:
        ValueError: an argument is none of these, or the windows are larger than the image.
    """
    x = _of_rank(x, 2)
    return pool(x, pool_size, strides, border_mode, ordering_of(dim_ordering), pool_mode, backend_dialect())


@op
def pool3d(
    x: Any,
    pool_size: Sequence[int],
    strides: Sequence[int] = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Array:
    """Return the maximum or the mean of each window of volumes: `pool2d` with three axes."""
    x = _of_rank(x, 3)
    return pool(x, pool_size, strides, border_mode, ordering_of(dim_ordering), pool_mode, backend_dialect())


def _of_rank(x: Any, rank: int) -> Array:
    x = as_array(x)
    if x.ndim != rank + 2:
        raise ValueError(
            f"pool{rank}d takes an array of {rank + 2} axes, the batch's and the channels' included; got shape {x.shape}."
        )
    return x
