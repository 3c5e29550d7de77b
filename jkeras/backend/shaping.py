"""Functions that look at shapes and change them."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import Operators, Symbolic, make_node, op
from jkeras.backend.variables import Variable, as_array, dense, sizes, unwrap
from jkeras.typing import Array

__all__ = [
    "arange",
    "asymmetric_temporal_padding",
    "batch_flatten",
    "concatenate",
    "dtype",
    "expand_dims",
    "flatten",
    "int_shape",
    "is_explicit_shape",
    "is_keras_tensor",
    "is_sparse",
    "ndim",
    "one_hot",
    "pack",
    "pattern_broadcast",
    "permute_dimensions",
    "repeat",
    "repeat_elements",
    "reshape",
    "reverse",
    "shape",
    "squeeze",
    "stack",
    "temporal_padding",
    "tile",
    "to_dense",
]


def shape(x: Any) -> Any:
    """Return the shape of `x` as a tuple of ints.

    Of a symbolic tensor with sizes that are not known yet: a symbolic tensor of them. It can be indexed, sliced and iterated
    over, and what comes out, calculated with, can be used wherever a size is wanted.
    """
    if isinstance(x, Symbolic):
        sizes = int_shape(x)
        return make_node(_sizes_of, (x,)) if None in sizes else sizes
    return np.shape(unwrap(x))


def _sizes_of(x: Any) -> np.ndarray:
    return np.array(np.shape(x), "int32")


_sizes_of.__name__ = "shape"
vars(_sizes_of)["gives_sizes"] = True


def int_shape(x: Any) -> tuple[int, ...]:
    """Return the shape of `x` as a tuple of ints; of a symbolic tensor with ``None`` for sizes not known yet."""
    return tuple(x.shape) if isinstance(x, Operators) else np.shape(x)


def ndim(x: Any) -> int:
    """Return the number of axes."""
    return len(x.shape) if isinstance(x, Operators) else np.ndim(x)


def dtype(x: Any) -> str:
    """Return the name of the dtype, such as ``'float32'``."""
    return np.dtype(x.dtype).name if isinstance(x, Operators) else as_array(x).dtype.name


def is_sparse(tensor: Any) -> bool:
    """Return whether `tensor` was made for sparse data, or is a sparse matrix of scipy.

    That is what ``placeholder`` and ``Input`` return with ``sparse=True``, and ``variable`` of a sparse matrix. It changes
    nothing in what is computed: arrays of jkeras are dense, also those of such a tensor.
    """
    if isinstance(tensor, Variable):
        return tensor.sparse
    history = getattr(tensor, "_keras_history", None)
    if history is not None:
        return history[0].is_input and bool(history[0].sparse)
    return hasattr(tensor, "tocoo")


@op
def to_dense(tensor: Any) -> Any:
    """Return `tensor`, and a sparse matrix of scipy as an array: those of jkeras are dense."""
    return dense(tensor)


def is_explicit_shape(shape: Any) -> bool:
    """Return whether `shape` is a sequence of ints and ``None``."""
    return hasattr(shape, "__iter__") and all(size is None or isinstance(size, (int, np.integer)) for size in shape)


def is_keras_tensor(x: Any) -> bool:
    """Return whether `x` is a tensor of a model graph: the output of a layer or of ``Input``."""
    return hasattr(x, "_keras_history")


@op
def concatenate(tensors: Sequence[Any], axis: int = -1) -> Array:
    """Join arrays along an existing axis."""
    return jnp.concatenate([as_array(x) for x in tensors], axis=axis)


@op
def stack(x: Sequence[Any]) -> Array:
    """Join arrays of one shape along a new first axis."""
    return jnp.stack([as_array(item) for item in x])


@op
def pack(x: Sequence[Any]) -> Array:
    """Do what `stack` does, under the name that Keras 1.0 had."""
    return stack(x)


@op
def reshape(x: Any, shape: Any) -> Array:
    """Return `x` with another shape; one size may be -1, and a size may be an integral float such as ``n / 2``."""
    return jnp.reshape(as_array(x), sizes(shape))


@op
def permute_dimensions(x: Any, pattern: Sequence[Any]) -> Array:
    """Put the axes into the order of `pattern`; ``'x'`` in it makes a new axis of size 1.

    >>> permute_dimensions(jnp.ones((2, 3)), (1, "x", 0)).shape
    (3, 1, 2)
    """
    x = as_array(x)
    new = tuple(place for place, axis in enumerate(pattern) if axis == "x")
    x = jnp.transpose(x, tuple(axis for axis in pattern if axis != "x"))
    return jnp.expand_dims(x, new) if new else x


@op
def repeat_elements(x: Any, rep: int, axis: int) -> Array:
    """Repeat each element along `axis`.

    >>> repeat_elements([1, 2], 2, axis=0).tolist()
    [1, 1, 2, 2]
    """
    return jnp.repeat(as_array(x), *sizes(rep), axis=axis)


@op
def repeat(x: Any, n: int) -> Array:
    """Repeat a (batch, dim) array as n time steps: (batch, n, dim).

    Raises:
        ValueError: `x` does not have two axes.
    """
    x = as_array(x)
    if x.ndim != 2:
        raise ValueError(f"K.repeat takes an array of shape (batch, dim); got shape {x.shape}.")
    return jnp.broadcast_to(x[:, None, :], (x.shape[0], *sizes(n), x.shape[1]))


@op
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Array:
    """Return evenly spaced numbers: from 0 to `start`, or from `start` to `stop`, the end left out."""
    return jnp.arange(start, stop, step, dtype=canonical_dtype(dtype))


@op
def tile(x: Any, n: Any) -> Array:
    """Repeat `x` as a whole, `n` times along the last axis, or ``n[i]`` times along axis i."""
    return jnp.tile(as_array(x), sizes(n))


@op
def flatten(x: Any) -> Array:
    """Return `x` with one axis."""
    return jnp.ravel(as_array(x))


@op
def batch_flatten(x: Any) -> Array:
    """Return `x` with two axes: the first one and all others together.

    >>> batch_flatten(jnp.ones((2, 3, 4))).shape
    (2, 12)
    """
    x = as_array(x)
    return jnp.reshape(x, (x.shape[0], int(np.prod(x.shape[1:], dtype=np.int64))))


@op
def expand_dims(x: Any, dim: int = -1) -> Array:
    """Insert an axis of size 1 at place `dim` of the result."""
    return jnp.expand_dims(as_array(x), dim)


@op
def squeeze(x: Any, axis: int) -> Array:
    """Remove the axis `axis`, which must have size 1."""
    return jnp.squeeze(as_array(x), axis)


@op
def temporal_padding(x: Any, padding: int = 1) -> Array:
    """Pad a (batch, time, dim) array with `padding` zeros at both ends of time."""
    return asymmetric_temporal_padding(x, padding, padding)


@op
def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Array:
    """Pad a (batch, time, dim) array with zeros at the start and the end of time.

    Raises:
        ValueError: `x` does not have three axes.
    """
    x = as_array(x)
    if x.ndim != 3:
        raise ValueError(f"Temporal padding takes an array of shape (batch, time, dim); got shape {x.shape}.")
    return jnp.pad(x, ((0, 0), sizes((left_pad, right_pad)), (0, 0)))


@op
def one_hot(indices: Any, nb_classes: int) -> Array:
    """Return vectors of `nb_classes` zeros with a 1 at each index: shape ``indices.shape + (nb_classes,)``.

    >>> one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    (count,) = sizes(nb_classes)
    places = jnp.arange(count, dtype="int32")
    return (as_array(indices)[..., None] == places).astype(canonical_dtype())


@op
def reverse(x: Any, axes: int | Sequence[int]) -> Array:
    """Reverse the order of the elements along one axis or several."""
    return jnp.flip(as_array(x), axes if isinstance(axes, int) else tuple(axes))


@op
def pattern_broadcast(x: Any, broatcastable: Any) -> Any:
    """Return `x`: which axes broadcast follows from sizes here (the argument's spelling is Keras 1's)."""
    return unwrap(x)
