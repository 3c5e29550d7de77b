"""The methods of Theano's tensors that are no function of K."""

from typing import Any

import jax.numpy as jnp

from jkeras.backend import elementwise, reductions
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = ["cumsum", "dimshuffle", "flatten", "identity", "norm"]


@op
def dimshuffle(x: Any, *pattern: Any) -> Array:
    """Return `x` with its axes in the order of `pattern`: ``dimshuffle(x, 0, "x", 1)``, or the pattern as one list.

    ``"x"`` makes an axis of size 1; an axis of size 1 may be left out.

    >>> dimshuffle(jnp.ones((2, 1)), "x", 0).shape
    (1, 2)
    """
    x = as_array(x)
    if len(pattern) == 1 and isinstance(pattern[0], list | tuple):
        pattern = tuple(pattern[0])
    kept = [axis for axis in pattern if axis != "x"]
    if not all(isinstance(axis, int) and -x.ndim <= axis < x.ndim for axis in kept):
        raise ValueError(f"dimshuffle takes axes of {x.ndim} dimensions (0 to {x.ndim - 1}) and 'x'; got {pattern}.")
    kept = [axis % x.ndim for axis in kept]
    left = [axis for axis in range(x.ndim) if axis not in kept]
    if len(set(kept)) != len(kept) or any(x.shape[axis] != 1 for axis in left):
        raise ValueError(
            f"dimshuffle{pattern} of an array of shape {x.shape}: each axis is named once, and one that is left out has size 1."
        )
    x = jnp.transpose(x, (*kept, *left)).reshape([x.shape[axis] for axis in kept])
    new = tuple(place for place, axis in enumerate(pattern) if axis == "x")
    return jnp.expand_dims(x, new) if new else x


@op
def flatten(x: Any, ndim: int = 1) -> Array:
    """Return `x` with its last axes joined, so that `ndim` are left."""
    x = as_array(x)
    return x.reshape((*x.shape[: ndim - 1], -1))


@op
def cumsum(x: Any, axis: int | None = None) -> Array:
    """Return the sums of the elements so far, along an axis or of all elements in a row."""
    return jnp.cumsum(as_array(x), axis=axis)


@op
def identity(x: Any) -> Array:
    """Return `x`."""
    return as_array(x)


@op
def norm(x: Any, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Array:
    """Return the L-norm over axes: the L-th root of the sum of the L-th powers; for ``'inf'`` the largest magnitude."""
    magnitude = elementwise.abs(x)
    if L in ("inf", float("inf")):
        return reductions.max(magnitude, axis, keepdims)
    if L == 2:
        return elementwise.sqrt(reductions.sum(elementwise.square(x), axis, keepdims))
    return elementwise.pow(reductions.sum(elementwise.pow(magnitude, L), axis, keepdims), 1.0 / L)
