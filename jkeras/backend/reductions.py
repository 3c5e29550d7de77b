"""Functions that reduce axes: sums, means, extremes.

``axis`` is an int, a list or tuple of them, or ``None`` for all axes; ``keepdims`` keeps them with size 1.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import op
from jkeras.backend.extremes import largest
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = ["all", "any", "argmax", "argmin", "max", "mean", "min", "prod", "std", "sum", "var"]

Axis = int | Sequence[int] | None


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    return axis if axis is None or isinstance(axis, int) else tuple(int(a) for a in axis)


def _floats(x: Any) -> Array:
    # Means of integers and of comparisons are taken in the default float type.
    x = as_array(x)
    return x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(canonical_dtype())


@op
def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the largest element."""
    return largest(as_array(x), _axes(axis), keepdims)


@op
def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the smallest element."""
    return -largest(-as_array(x), _axes(axis), keepdims)


@op
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the sum of the elements."""
    return jnp.sum(as_array(x), axis=_axes(axis), keepdims=keepdims)


@op
def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the product of the elements."""
    return jnp.prod(as_array(x), axis=_axes(axis), keepdims=keepdims)


@op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the mean; that of integers or booleans is of the default float type.

    >>> mean([True, False]).item()
    0.5
    """
    return jnp.mean(_floats(x), axis=_axes(axis), keepdims=keepdims)


@op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the variance (divided by n, not n - 1)."""
    return jnp.var(_floats(x), axis=_axes(axis), keepdims=keepdims)


@op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return the standard deviation (divided by n, not n - 1)."""
    return jnp.std(_floats(x), axis=_axes(axis), keepdims=keepdims)


@op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return whether an element is not zero."""
    return jnp.any(as_array(x), axis=_axes(axis), keepdims=keepdims)


@op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Array:
    """Return whether all elements are not zero."""
    return jnp.all(as_array(x), axis=_axes(axis), keepdims=keepdims)


@op
def argmax(x: Any, axis: int = -1) -> Array:
    """Return the index of the largest element; the first one of equals."""
    return jnp.argmax(as_array(x), axis=axis)


@op
def argmin(x: Any, axis: int = -1) -> Array:
    """Return the index of the smallest element; the first one of equals."""
    return jnp.argmin(as_array(x), axis=axis)
