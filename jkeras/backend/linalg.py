"""Products of tensors, and look-up of rows."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.backend import splitting
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = ["batch_dot", "dot", "gather", "transpose"]


@op
def dot(x: Any, y: Any) -> Array:
    """Multiply matrices; of tensors, sum over the last axis of `x` and the second-to-last of `y`.

    >>> dot(jnp.ones((2, 3, 4)), jnp.ones((5, 4, 6))).shape
    (2, 3, 5, 6)
    """
    x, y = as_array(x), as_array(y)
    if x.ndim > 2 and y.ndim == 2 and splitting.mesh() is None:
        # As a product of two matrices: the derivative of jnp.dot would first make a transposed copy of the gradient. (On a mesh
        # rows would be collected from all devices, where not the first axis is that of the samples.)
        rows = jnp.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return jnp.reshape(jnp.dot(rows, y), (*x.shape[:-1], y.shape[-1]))
    return jnp.dot(x, y)


@op
def batch_dot(x: Any, y: Any, axes: int | Sequence[Any] | None = None) -> Array:
    """Multiply `x` and `y` sample by sample, where the first axis of both is the batch.

    Args:
        x, y: arrays with the same first dimension.
        axes: the axis of each that is summed over, counted with the batch axis: an int for both, or a pair, whose
            entries may be lists to sum over several axes. ``None`` is ``(x.ndim - 1, y.ndim - 2)``, which
            multiplies stacks of matrices.

    Returns:
        An array of the batch axis, the other axes of `x` and the other axes of `y`; if there are none of these,
        of shape (batch, 1).

    Raises:
        ValueError: an axis is the batch axis or does not exist, or the sizes differ.

    >>> batch_dot(jnp.ones((2, 3, 4)), jnp.ones((2, 4, 5))).shape
    (2, 3, 5)
    >>> batch_dot(jnp.ones((2, 4)), jnp.ones((2, 4)), axes=1).shape
    (2, 1)
    """
    x, y = as_array(x), as_array(y)
    if axes is None:
        axes = (x.ndim - 1, y.ndim - 2)
    elif isinstance(axes, int):
        axes = (axes, axes)
    if len(axes) != 2:
        raise ValueError(f"batch_dot takes one axis, or one for each of the two arrays; got axes={axes!r}.")
    x_axes, y_axes = _contracted("x", x, axes[0]), _contracted("y", y, axes[1])
    x_sizes, y_sizes = [x.shape[a] for a in x_axes], [y.shape[a] for a in y_axes]
    if x_sizes != y_sizes or x.shape[0] != y.shape[0]:
        raise ValueError(
            f"batch_dot cannot multiply arrays of shapes {x.shape} and {y.shape} over axes={axes!r}: "
            "the batch sizes and the sizes of the summed axes must be equal."
        )
    dtype = jnp.result_type(x, y)
    out = jax.lax.dot_general(x.astype(dtype), y.astype(dtype), ((x_axes, y_axes), ((0,), (0,))))
    return out[:, None] if out.ndim == 1 else out


def _contracted(name: str, array: Array, axes: Any) -> tuple[int, ...]:
    given = (axes,) if isinstance(axes, int) else tuple(axes)
    counted = tuple(axis + array.ndim if axis < 0 else axis for axis in given)
    if not all(1 <= axis < array.ndim for axis in counted):
        raise ValueError(
            f"batch_dot cannot sum over axis {axes!r} of {name} with shape {array.shape}: the axes are "
            f"counted from the batch axis 0, so they lie between 1 and {array.ndim - 1}."
        )
    return counted


@op
def transpose(x: Any) -> Array:
    """Reverse the order of the axes."""
    return jnp.transpose(as_array(x))


@op
def gather(reference: Any, indices: Any) -> Array:
    """Return the entries of `reference` along its first axis at `indices`, in the shape of `indices`.

    An index outside the array gives NaN (the largest integer for integers), since traced code cannot raise.

    >>> gather(jnp.ones((10, 3)), [[1, 2], [3, 4]]).shape
    (2, 2, 3)
    """
    indices = as_array(indices)
    if not jnp.issubdtype(indices.dtype, jnp.integer):
        indices = indices.astype("int32")
    return jnp.take(as_array(reference), indices, axis=0)
