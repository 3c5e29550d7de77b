"""Convolution on the CPU, as matrix products of patches.

XLA's own convolution is slow on the CPU for many shapes, and by orders of magnitude slower inside a loop, such as the
`jax.lax.scan` over the batches of an epoch. Here the entries that each place of the kernel meets are laid side by side, inputs ×
taps numbers for each output, and one matrix product gives all outputs. The patches are many times the size of the image, so
they are made for a few samples at a time, which the cache holds, and made again for the derivative in place of being kept.
Images whose patches are too large by themselves are cut into bands of rows.

All of it is ordinary JAX, which differentiates and vectorises it as often as one likes. benchmarks/convolution.py compares it
with XLA's convolution. Both gradients for 128 images of 26 × 26 × 32 and 32 filters of 3 × 3, on two cores: 24 ms in place of 109,
in a loop 28 in place of 780.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.typing import Array

__all__ = ["correlate", "is_better"]

BLOCK_BYTES = 4 * 2**20
"""The size that the patches of one block have about: what the caches of a core hold."""

MOST_TAPS = 256
"""Kernels with more taps are left to XLA: here each tap is an operation of its own in the program."""


def is_better(kernel_shape: Sequence[int], dim_ordering: str, groups: int) -> bool:
    """Return whether `correlate` is what to use on the CPU, and can compute this at all."""
    inputs, window = (
        (kernel_shape[1], kernel_shape[2:]) if dim_ordering == "th" else (kernel_shape[-2], kernel_shape[:-2])
    )
    return math.prod(window) <= MOST_TAPS and (groups == 1 or inputs == 1)


def correlate(
    x: Array,
    kernel: Array,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dim_ordering: str,
    dilation: Sequence[int],
    spread: Sequence[int],
    groups: int,
) -> Array:
    """Return the sum of products at each place of the kernel; arguments as for `jkeras.backend.convolution.correlate`."""
    x = _padded(x, padding, spread, dim_ordering)
    if dim_ordering == "th":
        window, space = kernel.shape[2:], x.shape[2:]
    else:
        window, space = kernel.shape[:-2], x.shape[1:-1]
    places = tuple(
        (length - (taps - 1) * gap - 1) // stride + 1
        for length, taps, gap, stride in zip(space, window, dilation, strides, strict=True)
    )
    starts = [
        tuple(place * gap for place, gap in zip(tap, dilation, strict=True))
        for tap in itertools.product(*map(range, window))
    ]
    if groups > 1:
        return _depthwise(x, kernel, starts, places, strides, dim_ordering)
    channels = x.shape[1 if dim_ordering == "th" else -1]
    row_bytes = math.prod(places[1:]) * len(starts) * channels * x.dtype.itemsize
    bands = _bands(places[0], row_bytes)
    rows = -(-places[0] // bands)  # of the output, in each band
    if bands > 1:
        reach = (rows - 1) * strides[0] + (window[0] - 1) * dilation[0] + 1
        x = _cut(x, bands, rows * strides[0], reach, dim_ordering)
    product = _products_th if dim_ordering == "th" else _products_tf

    def block(x: Array) -> Array:
        return product(x, kernel, starts, (rows, *places[1:]), strides)

    y = _in_blocks(block, x, BLOCK_BYTES // max(rows * row_bytes, 1))
    return y if bands == 1 else _joined(y, bands, places[0], dim_ordering)


def _padded(x: Array, padding: Sequence[tuple[int, int]], spread: Sequence[int], dim_ordering: str) -> Array:
    """Return `x` with zeros around, and between its entries."""
    config = [(low, high, step - 1) for (low, high), step in zip(padding, spread, strict=True)]
    if not any(map(any, config)):
        return x
    config = [(0, 0, 0), (0, 0, 0), *config] if dim_ordering == "th" else [(0, 0, 0), *config, (0, 0, 0)]
    return jax.lax.pad(x, jnp.zeros((), x.dtype), config)


# ---- the products


def _products_th(
    x: Array, kernel: Array, starts: Sequence[Any], places: Sequence[int], strides: Sequence[int]
) -> Array:
    x = jnp.swapaxes(x, 0, 1)  # (inputs, batch, *space): images stay in one piece
    patches = jnp.concatenate([_taken(x, start, places, strides, 2) for start in starts], axis=0)
    matrix = jnp.reshape(jnp.moveaxis(kernel, 1, -1), (kernel.shape[0], -1))  # (outputs, taps · inputs)
    y = matrix @ jnp.reshape(patches, (patches.shape[0], x.shape[1] * math.prod(places)))
    y = jnp.reshape(y, (kernel.shape[0], x.shape[1], *places))  # (outputs, batch, *places)
    return jnp.swapaxes(y, 0, 1)


def _products_tf(
    x: Array, kernel: Array, starts: Sequence[Any], places: Sequence[int], strides: Sequence[int]
) -> Array:
    patches = jnp.concatenate([_taken(x, start, places, strides, 1) for start in starts], axis=-1)
    matrix = jnp.reshape(kernel, (-1, kernel.shape[-1]))  # (taps · inputs, outputs)
    y = jnp.reshape(patches, (x.shape[0] * math.prod(places), patches.shape[-1])) @ matrix
    return jnp.reshape(y, (x.shape[0], *places, kernel.shape[-1]))


def _depthwise(
    x: Array, kernel: Array, starts: Sequence[Any], places: Sequence[int], strides: Sequence[int], dim_ordering: str
) -> Array:
    """Return the products for kernels that see one channel each: there is nothing to sum but taps."""
    channels = x.shape[1 if dim_ordering == "th" else -1]
    if dim_ordering == "th":
        taps = jnp.reshape(
            kernel, (channels, -1, len(starts), *(1 for _ in places))
        )  # (inputs, multiplier, taps, 1, …)
        terms = [_taken(x, start, places, strides, 2)[:, :, None] * taps[:, :, tap] for tap, start in enumerate(starts)]
        return jnp.reshape(sum(terms[1:], terms[0]), (x.shape[0], kernel.shape[0], *places))
    taps = jnp.reshape(kernel, (len(starts), channels, -1))  # (taps, inputs, multiplier)
    terms = [_taken(x, start, places, strides, 1)[..., None] * taps[tap] for tap, start in enumerate(starts)]
    return jnp.reshape(sum(terms[1:], terms[0]), (x.shape[0], *places, kernel.shape[-1]))


def _taken(x: Array, start: Sequence[int], places: Sequence[int], strides: Sequence[int], first: int) -> Array:
    """Return what one tap of the kernel meets at all its places; the axes of space begin at `first`."""
    index: list[Any] = [slice(None)] * x.ndim
    for axis, (begin, count, stride) in enumerate(zip(start, places, strides, strict=True), start=first):
        index[axis] = slice(begin, begin + (count - 1) * stride + 1, stride)
    return x[tuple(index)]


# ---- a little at a time


def _in_blocks(function: Callable[[Array], Array], x: Array, size: int) -> Array:
    """Return `function` of `x`, computed for about `size` samples at a time."""
    batch, size = x.shape[0], max(size, 1)
    if not isinstance(batch, int) or batch <= size:  # not a number yet where a function is exported for any batch
        return function(x)
    near = (*range(size, 2 * size), *range(size - 1, size // 2, -1))
    size = next((count for count in near if batch % count == 0), size)  # one that leaves no rest, if it is near
    if size >= batch:
        return function(x)
    whole = batch - batch % size
    blocks = jnp.reshape(x[:whole], (-1, size, *x.shape[1:]))
    # In a loop nothing would find out that the derivative computes the patches again, and keep them after all.
    again = jax.checkpoint(function, prevent_cse=False)
    y = jax.lax.scan(lambda carry, block: (carry, again(block)), None, blocks)[1]
    y = jnp.reshape(y, (whole, *y.shape[2:]))
    return y if whole == batch else jnp.concatenate([y, function(x[whole:])])


def _bands(rows: int, row_bytes: int) -> int:
    """Return into how many bands of rows the output is divided."""
    size = rows * row_bytes
    if size <= 2 * BLOCK_BYTES:
        return 1
    wanted = min(-(-size // BLOCK_BYTES), rows)
    return next((count for count in range(wanted, min(2 * wanted, rows + 1)) if rows % count == 0), wanted)


def _cut(x: Array, bands: int, step: int, reach: int, dim_ordering: str) -> Array:
    """Return bands of rows, `reach` rows every `step` rows, as samples of their own: (batch · bands, …)."""
    axis = 2 if dim_ordering == "th" else 1
    missing = (bands - 1) * step + reach - x.shape[axis]
    if missing > 0:  # the last band may have rows that no output needs
        x = jnp.pad(x, [(0, missing if place == axis else 0) for place in range(x.ndim)])
    parts = [jax.lax.slice_in_dim(x, band * step, band * step + reach, axis=axis) for band in range(bands)]
    return jnp.reshape(jnp.stack(parts, axis=1), (x.shape[0] * bands, *parts[0].shape[1:]))


def _joined(y: Array, bands: int, rows: int, dim_ordering: str) -> Array:
    """Put the bands of the output together again."""
    y = jnp.reshape(y, (y.shape[0] // bands, bands, *y.shape[1:]))
    if dim_ordering == "th":
        y = jnp.moveaxis(y, 1, 2)  # (batch, outputs, bands, rows, …)
        y = jnp.reshape(y, (*y.shape[:2], bands * y.shape[3], *y.shape[4:]))
        return y[:, :, :rows]
    y = jnp.reshape(y, (y.shape[0], bands * y.shape[2], *y.shape[3:]))
    return y[:, :rows]
