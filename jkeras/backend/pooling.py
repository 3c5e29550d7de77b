"""Pooling: the maximum or the mean of windows over images and volumes.

`pool` is the pure function that layers use, of any number of axes and with the dialect as an argument; `pool2d` and
`pool3d` are Keras 1's names for it, in the dialect of ``K.backend()``.
"""

import functools
import operator
from collections.abc import Callable, Sequence
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

MOST_TAPS = 8
"""Windows that are longer along an axis are not taken entry by entry, which would make long programs."""


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
    return _pooled(x, tuple(windows), space, pool_mode)


# Compiled as one: outside of compiled code its many small steps would be compiled and called one by one.
@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def _pooled(x: Array, windows: tuple[Window, ...], space: tuple[int, ...], pool_mode: str) -> Array:
    if pool_mode == "max":
        return _swept(_greatest, x, _least(x.dtype), windows, space)
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        x = x.astype(canonical_dtype())
    return _swept(_sum, x, 0, windows, space) / _counts(x, windows, space)


def _swept(
    along: Callable[..., Array], x: Array, filler: Any, windows: Sequence[Window], space: Sequence[int]
) -> Array:
    """Return what `along` makes of each window, axis by axis.

    The last axis comes first, so that of equal entries the one that comes first in reading order counts as the greatest.
    XLA's own reductions over windows find the same; on the CPU their derivative takes ten times as long.
    """
    for axis, window in reversed(list(zip(space, windows, strict=True))):
        if window.low or window.high:
            pads = [(window.low, window.high) if place == axis else (0, 0) for place in range(x.ndim)]
            x = jnp.pad(x, pads, constant_values=filler)
        x = along(x, axis, window)
    return x


def _greatest(x: Array, axis: int, window: Window) -> Array:
    reach, stride, places = window.reach, window.stride, window.places
    if reach <= MOST_TAPS:
        return functools.reduce(_greater, _taps(x, axis, window))
    if places == 1 or stride >= reach:
        return _winners(_apart(x, axis, window), axis + 1)
    covered = 1  # entries that each maximum so far is over: twice as many with each step
    while 2 * covered <= reach:
        length = x.shape[axis] - covered
        x = _greater(_part(x, axis, 0, length), _part(x, axis, covered, length))
        covered *= 2
    rest = reach - covered
    length = (places - 1) * stride + 1
    return _greater(_part(x, axis, 0, length, stride), _part(x, axis, rest, length, stride))


def _apart(x: Array, axis: int, window: Window) -> Array:
    """Return windows that do not overlap with an axis of their own behind `axis`: (…, places, reach, …)."""
    places, reach = window.places, window.reach
    stride = reach if places == 1 else window.stride
    missing = places * stride - x.shape[axis]
    if missing > 0:  # behind the last window
        x = jnp.pad(x, [(0, missing if place == axis else 0) for place in range(x.ndim)])
    x = _part(x, axis, 0, places * stride)
    x = jnp.reshape(x, (*x.shape[:axis], places, stride, *x.shape[axis + 1 :]))
    return _part(x, axis + 1, 0, reach)


def _winners(x: Array, axis: int) -> Array:
    """Return the greatest along an axis, which goes: neighbours compete until one is left."""
    while (length := x.shape[axis]) > 1:
        pairs = length // 2
        left = _part(x, axis, 0, 2 * pairs - 1, 2)
        right = _part(x, axis, 1, 2 * pairs - 1, 2)
        winners = _greater(left, right)
        if length % 2:
            winners = jnp.concatenate([winners, _part(x, axis, length - 1, 1)], axis)
        x = winners
    return jnp.squeeze(x, axis)


def _greater(one: Array, later: Array) -> Array:
    # Not jnp.maximum, whose derivative is divided between equal entries. NaN passes through.
    return jnp.where((later > one) | (later != later), later, one)


def _sum(x: Array, axis: int, window: Window) -> Array:
    if window.reach <= MOST_TAPS:
        return functools.reduce(operator.add, _taps(x, axis, window))
    size, step = [1] * x.ndim, [1] * x.ndim
    size[axis], step[axis] = window.reach, window.stride
    return jax.lax.reduce_window(x, np.zeros((), x.dtype), jax.lax.add, size, step, "valid")


def _taps(x: Array, axis: int, window: Window) -> list[Array]:
    """Return the first entry of each window, the second of each, and so on."""
    length = (window.places - 1) * window.stride + 1
    return [_part(x, axis, tap, length, window.stride) for tap in range(window.reach)]


def _part(x: Array, axis: int, start: int, length: int, stride: int = 1) -> Array:
    return jax.lax.slice_in_dim(x, start, start + length, stride, axis)


def _least(dtype: Any) -> Any:
    if jnp.issubdtype(dtype, jnp.bool_):
        return False
    return -np.inf if jnp.issubdtype(dtype, jnp.inexact) else jnp.iinfo(dtype).min


def _counts(x: Array, windows: Sequence[Window], space: Sequence[int]) -> Any:
    """Return how many entries of each window lie inside the image; an array that broadcasts to the output."""
    counts: Any = np.ones((1,) * x.ndim)
    for window, axis in zip(windows, space, strict=True):
        length = x.shape[axis]
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
