"""``theano.tensor``, usually imported as T: its common functions, computed by `jkeras.backend`.

Arguments and defaults are Theano's; ``T.argmax`` looks at all axes by default, where ``K.argmax`` looks at the last.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras.backend import tensors
from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array, sizes
from jkeras.compat.theano_shim.missing import missing
from jkeras.compat.theano_shim.tensor import extra_ops, nnet
from jkeras.compat.theano_shim.tensor.types import named_input

__all__ = [
    "abs_", "addbroadcast", "all", "alloc", "and_", "any", "arange", "argmax", "argmin", "argsort", "as_tensor_variable",
    "batched_dot", "cast", "ceil", "clip", "concatenate", "constant", "cos", "cumsum", "dot", "eq", "exp", "extra_ops",
    "eye", "flatten", "floor", "ge", "grad", "gt", "inv", "le", "log", "log1p", "lt", "max", "maximum", "mean", "min",
    "minimum", "neg", "neq", "nnet", "ones", "ones_like", "or_", "outer", "patternbroadcast", "power", "prod", "repeat",
    "reshape", "round", "sgn", "shape", "shape_padleft", "shape_padright", "sin", "sort", "sqr", "sqrt", "stack", "std",
    "sum", "switch", "tanh", "tensordot", "tile", "transpose", "unbroadcast", "var", "where", "zeros", "zeros_like",
]  # fmt: skip

_missing = missing("theano.tensor")


def __getattr__(name: str) -> Any:
    return named_input(name) or _missing(name)


# ---- element by element

abs_ = K.abs
clip = K.clip
cos = K.cos
eq = K.equal
exp = K.exp
ge = K.greater_equal
gt = K.greater
le = K.lesser_equal
log = K.log
lt = K.lesser
maximum = K.maximum
minimum = K.minimum
neq = K.not_equal
power = K.pow
sgn = K.sign
sin = K.sin
sqr = K.square
sqrt = K.sqrt
tanh = K.tanh


def neg(x: Any) -> Any:
    """Return ``-x``."""
    return -x


def inv(x: Any) -> Any:
    """Return ``1 / x``."""
    return 1.0 / x


def round(x: Any, mode: str = "half_to_even") -> Any:
    """Return the nearest whole numbers."""
    return K.round(x)


@op
def ceil(x: Any) -> Any:
    """Return the least whole numbers that are not below `x`."""
    return jnp.ceil(as_array(x))


@op
def floor(x: Any) -> Any:
    """Return the greatest whole numbers that are not above `x`."""
    return jnp.floor(as_array(x))


@op
def log1p(x: Any) -> Any:
    """Return ``log(1 + x)``."""
    return jnp.log1p(as_array(x))


@op
def and_(a: Any, b: Any) -> Any:
    """Return where both hold; of integers, their common bits."""
    return as_array(a) & as_array(b)


@op
def or_(a: Any, b: Any) -> Any:
    """Return where one holds; of integers, the bits of either."""
    return as_array(a) | as_array(b)


@op
def switch(cond: Any, ift: Any, iff: Any) -> Any:
    """Return `ift` in the places where `cond` holds, `iff` in the others."""
    return jnp.where(as_array(cond) != 0, as_array(ift), as_array(iff))


where = switch


def cast(x: Any, dtype: Any) -> Any:
    """Return `x` with another dtype."""
    return K.cast(x, K.floatx() if dtype == "floatX" else dtype)


# ---- sums and their like


def sum(input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the sum over axes."""
    return K.sum(input, axis, keepdims)


def prod(input: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """Return the product over axes."""
    return K.prod(input, axis, keepdims)


def mean(input: Any, axis: Any = None, dtype: Any = None, op: bool = False, keepdims: bool = False) -> Any:
    """Return the mean over axes."""
    return K.mean(input, axis, keepdims)


max = K.max
min = K.min
var = K.var
std = K.std
any = K.any
all = K.all
cumsum = tensors.cumsum


def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the greatest element along an axis; by default of all elements in a row."""
    return _index_of(K.argmax, x, axis, keepdims)


def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the least element along an axis; by default of all elements in a row."""
    return _index_of(K.argmin, x, axis, keepdims)


def _index_of(function: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    if axis is None:
        return function(K.flatten(x), axis=0)
    found = function(x, axis=axis)
    return K.expand_dims(found, axis) if keepdims else found


@op
def sort(self: Any, axis: int | None = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """Return the elements in rising order along an axis; with ``None`` all in a row. Theano's `kind` and `order` do nothing."""
    return jnp.sort(as_array(self), axis)


@op
def argsort(self: Any, axis: int | None = -1, kind: str = "quicksort", order: Any = None) -> Any:
    """Return the indices in whose order the elements rise along an axis; arguments as in `sort`. Equal ones stay in order."""
    return jnp.argsort(as_array(self), axis)


# ---- products

dot = K.dot


@op
def batched_dot(a: Any, b: Any) -> Any:
    """Return the product of each pair of samples, where the first axis of both is the batch.

    (batch, i, j) by (batch, j, k) gives (batch, i, k), and of two axes the other one is a vector: (batch, i, j) by (batch, j)
    gives (batch, i), (batch, j) by (batch, j, k) gives (batch, k), and of vectors (batch,). With one axis there is a number for
    each sample, which scales the other.
    """
    a, b = as_array(a), as_array(b)
    if 1 in (a.ndim, b.ndim):
        return a.reshape(a.shape + (1,) * (b.ndim - 1)) * b.reshape(b.shape + (1,) * (a.ndim - 1))
    product = K.batch_dot(a, b, (a.ndim - 1, 1 if b.ndim == 2 else b.ndim - 2))
    return product[:, 0] if a.ndim == b.ndim == 2 else product  # which K.batch_dot gives an axis


@op
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Return the product summed over axes, as ``numpy.tensordot``."""
    return jnp.tensordot(as_array(a), as_array(b), axes)


@op
def outer(x: Any, y: Any) -> Any:
    """Return the products of all pairs."""
    return jnp.outer(as_array(x), as_array(y))


# ---- shapes

flatten = tensors.flatten
patternbroadcast = K.pattern_broadcast


def shape(x: Any) -> Any:
    """Return the sizes."""
    return K.shape(x)


def reshape(x: Any, newshape: Any, ndim: int | None = None) -> Any:
    """Return the elements in another shape."""
    return K.reshape(x, newshape)


@op
def transpose(x: Any, axes: Sequence[int] | None = None) -> Any:
    """Return `x` with its axes in another order; by default in the reverse."""
    return jnp.transpose(as_array(x), axes)


def concatenate(tensor_list: Sequence[Any], axis: int = 0) -> Any:
    """Join tensors along an axis."""
    return K.concatenate(tensor_list, axis)


@op
def stack(*tensors: Any, axis: int = 0) -> Any:
    """Join tensors along a new axis: ``stack([a, b])``, or ``stack(a, b)``."""
    parts = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    return jnp.stack([as_array(part) for part in parts], axis)


repeat = extra_ops.repeat


def tile(x: Any, reps: Any, ndim: int | None = None) -> Any:
    """Return `x` repeated as a whole along each axis."""
    return K.tile(x, reps)


def shape_padleft(t: Any, n_ones: int = 1) -> Any:
    """Return `t` with axes of size 1 before the others."""
    for _ in range(n_ones):
        t = K.expand_dims(t, 0)
    return t


def shape_padright(t: Any, n_ones: int = 1) -> Any:
    """Return `t` with axes of size 1 after the others."""
    for _ in range(n_ones):
        t = K.expand_dims(t, -1)
    return t


def unbroadcast(x: Any, *axes: int) -> Any:
    """Return `x`: axes of size 1 always broadcast."""
    return x


addbroadcast = unbroadcast


# ---- new tensors


def as_tensor_variable(x: Any, name: str | None = None, ndim: int | None = None) -> Any:
    """Return numbers as an array, and what is one, or symbolic, as it is."""
    return stack(*x) if isinstance(x, list | tuple) else _as_tensor(x)


constant = as_tensor_variable


@op
def _as_tensor(x: Any) -> Any:
    return as_array(x)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int64") -> Any:
    """Return numbers from `start` to before `stop`; from 0 to before `start` if there is no `stop`."""
    return K.arange(start, stop, step, dtype)


def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return zeros."""
    return _full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones."""
    return _full(shape, 1, dtype)


@op
def _full(shape: Any, number: int, dtype: Any) -> Any:
    return jnp.full(sizes(shape), number, canonical_dtype(dtype))


def zeros_like(model: Any, dtype: Any = None) -> Any:
    """Return zeros of the same shape."""
    return K.zeros_like(model, dtype)


def ones_like(model: Any, dtype: Any = None) -> Any:
    """Return ones of the same shape."""
    return K.ones_like(model, dtype)


def eye(n: int, m: int | None = None, k: int = 0, dtype: Any = None) -> Any:
    """Return ones on the diagonal `k`, zeros elsewhere."""
    return K.variable(np.eye(n, m, k), canonical_dtype(dtype))  # which symbolic tensors can index


@op
def alloc(value: Any, *shape: Any) -> Any:
    """Return `value` broadcast to a shape."""
    return jnp.broadcast_to(as_array(value), sizes(shape))


# ---- gradients


def grad(cost: Any, wrt: Any, consider_constant: Any = None, disconnected_inputs: str = "raise", **kwargs: Any) -> Any:
    """Return the derivatives of `cost` with respect to a variable or tensor, or to each of a list."""
    single = not isinstance(wrt, list | tuple)
    found = K.gradients(cost, [wrt] if single else list(wrt))
    return found[0] if single else found
