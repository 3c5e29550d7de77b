"""The largest element along axes, with a derivative that no compiler can turn into NaN."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.typing import Array

__all__ = ["largest"]

Axes = int | tuple[int, ...] | None


def largest(x: Array, axes: Axes = None, keepdims: bool = False) -> Array:
    """Return the largest elements of `x` along `axes`; equal ones share the derivative evenly.

    The ordinary derivative asks which elements equal the maximum, and divides by their number. A compiler may compute `x`
    twice, once for the maximum and once for that question, and round differently: then none does, and the derivative
    is 0/0. Here the element at the position of the maximum, which is a whole number, counts in any case.
    """
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return jnp.max(x, axis=axes, keepdims=keepdims)
    return _largest(x, axes, keepdims)


@partial(jax.custom_jvp, nondiff_argnums=(1, 2))
def _largest(x: Array, axes: Axes, keepdims: bool) -> Array:
    return jnp.max(x, axis=axes, keepdims=keepdims)


@_largest.defjvp
def _tangent(axes: Axes, keepdims: bool, primals: tuple[Any], tangents: tuple[Any]) -> tuple[Array, Array]:
    (x,), (tangent,) = primals, tangents
    hit = (x == jnp.max(x, axis=axes, keepdims=True)) | _at_largest(x, axes)
    share = hit.astype(x.dtype) / jnp.sum(hit, axis=axes, keepdims=True, dtype=x.dtype)
    return _largest(x, axes, keepdims), jnp.sum(tangent * share, axis=axes, keepdims=keepdims)


def _at_largest(x: Array, axes: Axes) -> Array:
    """Return where the first of the largest elements along `axes` stands, as booleans of the shape of `x`."""
    chosen = range(x.ndim) if axes is None else [axes] if isinstance(axes, int) else axes
    reduced = sorted(axis % x.ndim for axis in chosen)
    if not reduced:
        return jnp.ones(x.shape, bool)
    last = list(range(x.ndim - len(reduced), x.ndim))
    moved = jnp.moveaxis(x, reduced, last)  # the axes that are reduced come last
    rows = moved.reshape(*moved.shape[: last[0]], -1)
    places = jnp.arange(rows.shape[-1]) == jnp.argmax(rows, axis=-1, keepdims=True)
    return jnp.moveaxis(places.reshape(moved.shape), last, reduced)
