"""Variables: named boxes for arrays, as Keras 1's scripts expect them, and the functions that make and read them."""

import operator
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import Held, Symbolic, computing, holds_symbolic, make_node, op
from jkeras.typing import Array

__all__ = [
    "Reads",
    "Variable",
    "as_array",
    "batch_get_value",
    "batch_set_value",
    "being_read",
    "count_params",
    "dense",
    "eye",
    "get_value",
    "get_variable_shape",
    "moving_average_update",
    "ones",
    "ones_like",
    "reading",
    "set_value",
    "sizes",
    "unwrap",
    "update",
    "update_add",
    "update_sub",
    "variable",
    "zeros",
    "zeros_like",
]


class Variable(Held):
    """A named box that holds one array and lets scripts replace it.

    In traced code, with arrays and in `jax.numpy` functions it is as its array. Elsewhere arithmetic and K's functions make
    expressions of it, which follow its value (see `jkeras.backend.dispatch`).
    Comparison with ``==`` and hashing are by identity, so that variables can be keys of a dict.

    Attributes:
        value: the array in the box; assign to replace it.
        name: a name for messages and files, or ``None``.
        sparse: whether it was made from a sparse matrix; the array is dense all the same.

    >>> v = Variable(jnp.ones(2), name="v")
    >>> v.set_value([3, 4])
    >>> double = v * 2
    >>> v.set_value([5, 6])
    >>> double.tolist()
    [10.0, 12.0]
    """

    _owner: "Variable | None" = None
    sparse = False

    def __init__(self, value: Array, name: str | None = None):
        self._array = value
        self.name = name

    def become(self, other: "Variable") -> None:
        """Share the array of another variable from now on: expressions of this one follow the other."""
        self._owner = other

    def resolved(self) -> "Variable":
        """Return the variable that holds the array: this one, or the one that it became."""
        return self if self._owner is None else self._owner.resolved()

    @property
    def value(self) -> Array:
        """The array in the box; assign to replace it. In a compiled function it is what the function was given for it."""
        if self._owner is not None:
            return self._owner.value
        reads = _reads.get()
        return self.load() if reads is None else reads.read(self)

    @value.setter
    def value(self, array: Array) -> None:
        (self if self._owner is None else self._owner).store(array)

    def load(self) -> Array:
        """Return the array. Variables whose array is kept elsewhere override it."""
        return self._array

    def store(self, array: Array) -> None:
        """Replace the array. Variables whose array is kept elsewhere override it."""
        self._array = array

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of the array."""
        return self.value.shape

    @property
    def _keras_shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def ndim(self) -> int:
        """The number of the array's dimensions."""
        return self.value.ndim

    @property
    def dtype(self) -> np.dtype:
        """The array's numpy dtype."""
        return self.value.dtype

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return a numpy copy of the array (`borrow` is Theano's and changes nothing)."""
        return np.array(self.value)

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Replace the array by `value`, which may be a sparse matrix of scipy, cast to the variable's dtype.

        Raises:
            ValueError: `value` has another shape.
        """
        new = jnp.array(dense(value), dtype=self.value.dtype)
        if new.shape != self.value.shape:
            raise ValueError(
                f"Cannot set variable {self.name!r} of shape {self.value.shape} to a value of shape {new.shape}: "
                "the shapes must be equal. Reshape the value first."
            )
        self.value = new

    def __repr__(self) -> str:
        value = self.value
        return f"<Variable {self.name!r}, shape {getattr(value, 'shape', None)}, {getattr(value, 'dtype', None)}>"


class Reads:
    """Which variables a traced function reads, and what it gets for them.

    A function that is compiled once and read a variable as a constant would never see the variable change. So the arrays of
    the variables that a function reads are arguments of the compiled function: `given` holds them while it is traced. A
    variable that is not among them is read as it is now and noted in `unknown`, to be an argument from the next call on.

    Attributes:
        given: arrays by variable.
        unknown: the variables that were read and not given.
    """

    def __init__(self, given: "Mapping[Variable, Array] | None" = None):
        self.given = dict(given or {})
        self.unknown: list[Variable] = []

    @classmethod
    def over(cls, given: "Mapping[Variable, Array]") -> "Reads":
        """Return reads with more arrays given than those of the running ones; what is unknown is noted there."""
        outer = _reads.get()
        reads = cls({**(outer.given if outer else {}), **given})
        if outer is not None:
            reads.unknown = outer.unknown
        return reads

    def read(self, variable: Variable) -> Array:
        """Return what the traced function gets for `variable`."""
        if variable in self.given:
            return self.given[variable]
        array = variable.load()
        # One that is made in this very trace, by K.zeros in a loss or a layer's call, is a constant that ends with it.
        if not isinstance(array, Tracer) and not any(known is variable for known in self.unknown):
            self.unknown.append(variable)
        return array


_reads: ContextVar[Reads | None] = ContextVar("reads", default=None)


@contextmanager
def reading(reads: Reads) -> Iterator[Reads]:
    """Let variables be read from `reads`, and at once, inside a ``with`` block."""
    token = _reads.set(reads)
    try:
        with computing():
            yield reads
    finally:
        _reads.reset(token)


def being_read() -> bool:
    """Whether a compiled step or function is being traced, which gets the arrays of the variables that it reads."""
    return _reads.get() is not None


def _unflatten(_: None, children: Iterable[Any]) -> Variable:
    (value,) = children
    return Variable(value)


# JAX takes an argument of a compiled function apart as a pytree, and almost every function of jax.numpy is one.
# The name is left out: it would make each variable's first use compile anew.
jax.tree_util.register_pytree_node(Variable, lambda box: ((box.value,), None), _unflatten)


def unwrap(x: Any) -> Any:
    """Return the array of a `Variable` or of an expression of them, and anything else as it is."""
    return x.value if isinstance(x, Held) else x


def dense(x: Any) -> Any:
    """Return what `unwrap` returns, and a sparse matrix of scipy as an array of numpy."""
    x = unwrap(x)
    return x.toarray() if hasattr(x, "tocoo") else x


def as_array(x: Any) -> Array:
    """Return `x`, which may be a `Variable`, a numpy array, a number or nested lists of them, as a JAX array.

    A number stays weakly typed, whatever its origin: it takes the dtype of the arrays it meets, also in 64-bit mode.
    A symbolic tensor is returned as it is, for functions that are made of K's functions.
    """
    if isinstance(x, jax.Array):
        return x
    if isinstance(x, Held):
        return x.value
    if isinstance(x, Symbolic):
        tensor: Any = x
        return tensor
    if isinstance(x, float):  # np.float64 is one too, but strongly typed
        x = float(x)
    return jnp.asarray(x)


def sizes(shape: Any) -> tuple[int, ...]:
    """Return `shape` as a tuple of ints; an integral float such as ``n / 2`` counts as an int.

    Raises:
        ValueError: a size is not integral.
    """
    shape = unwrap(shape)
    if isinstance(shape, jax.Array) and not isinstance(shape, Tracer):
        shape = np.asarray(shape)  # in traced code its entries would be traced
    if isinstance(shape, (int, float, np.number)) or getattr(shape, "shape", None) == ():
        shape = (shape,)
    return tuple(_size(size, shape) for size in shape)


def _size(size: Any, shape: Any) -> int:
    if isinstance(size, jax.Array) and not isinstance(size, Tracer):
        size = np.asarray(size)[()]
    if isinstance(size, (float, np.floating)):
        if not float(size).is_integer():
            raise ValueError(f"A shape consists of integers; got {size!r} in {tuple(shape)}.")
        return int(size)
    try:
        return operator.index(size)
    except TypeError:
        raise ValueError(f"A shape consists of integers; got {size!r} in {tuple(shape)}.") from None


def variable(value: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """Make a variable that holds a copy of `value`.

    Args:
        value: an array, a number, nested lists, or another variable. A scipy sparse matrix is made dense; `is_sparse` of
            the variable is true.
        dtype: the dtype of the variable; ``None`` is `floatx`.
        name: its name.
    """
    made = Variable(jnp.array(dense(value), dtype=canonical_dtype(dtype)), name)
    made.sparse = hasattr(value, "tocoo") or getattr(value, "sparse", False) is True
    return made


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """Make a variable of zeros; of sizes that are known when the graph runs, a symbolic tensor."""
    return _filled(shape, 0, dtype, name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """Make a variable of ones; of sizes that are known when the graph runs, a symbolic tensor."""
    return _filled(shape, 1, dtype, name)


def _filled(shape: Any, number: int, dtype: Any, name: str | None) -> Variable:
    if holds_symbolic([shape]):
        return make_node(_full, (shape, number, dtype))
    # From numpy: jnp.ones is a program to compile for each shape.
    return Variable(jnp.asarray(np.full(sizes(shape), number, canonical_dtype(dtype))), name)


def _full(shape: Any, number: int, dtype: Any) -> Array:
    return jnp.full(sizes(shape), number, canonical_dtype(dtype))


def eye(size: int, dtype: Any = None, name: str | None = None) -> Variable:
    """Make a variable that holds the identity matrix of `size` rows."""
    return Variable(jnp.eye(*sizes(size), dtype=canonical_dtype(dtype)), name)


@op
def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Array:
    """Return zeros of the shape of `x`, and of its dtype unless `dtype` is given."""
    return jnp.zeros_like(as_array(x), dtype=None if dtype is None else canonical_dtype(dtype))


@op
def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Array:
    """Return ones of the shape of `x`, and of its dtype unless `dtype` is given."""
    return jnp.ones_like(as_array(x), dtype=None if dtype is None else canonical_dtype(dtype))


def count_params(x: Any) -> int:
    """Return the number of scalars in `x`."""
    return int(np.prod(x.shape, dtype=np.int64))


def get_variable_shape(x: Any) -> tuple[int, ...]:
    """Return the shape of a variable."""
    return tuple(x.shape)


def get_value(x: Any) -> np.ndarray:
    """Return a numpy copy of what a variable, an expression of variables, or an array holds.

    Raises:
        TypeError: `x` holds no value.
    """
    if hasattr(x, "get_value"):
        return x.get_value()
    if isinstance(x, (jax.Array, np.ndarray, np.generic)):
        return np.array(x)
    if isinstance(x, Symbolic):
        raise TypeError(f"get_value() reads a variable; {x!r} depends on inputs. Compute it with K.function.")
    raise TypeError(
        f"get_value() reads a variable; got {type(x).__name__}. For an expression use eval(), for a number the number."
    )


def set_value(x: Any, value: Any) -> None:
    """Replace what a variable holds by `value`, which must have the same shape.

    Raises:
        TypeError: `x` is not a variable: JAX's arrays never change.
        ValueError: the shapes differ.
    """
    if not hasattr(x, "set_value"):
        raise TypeError(f"set_value() changes a variable, as K.variable makes it; got {type(x).__name__}.")
    x.set_value(value)


def batch_get_value(xs: Iterable[Any]) -> list[np.ndarray]:
    """Return `get_value` of each variable."""
    return [get_value(x) for x in xs]


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Call `set_value` with each (variable, value) pair."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Variable, new_x: Any) -> tuple[Variable, Any]:
    """Return the pair that tells K.function, an optimizer or ``Layer.add_update`` to replace `x` by `new_x`."""
    return x, new_x


def update_add(x: Variable, increment: Any) -> tuple[Variable, Any]:
    """Return the pair that tells to add `increment` to `x`; see `update`."""
    return x, _add(x, increment)


def update_sub(x: Variable, decrement: Any) -> tuple[Variable, Any]:
    """Return the pair that tells to subtract `decrement` from `x`; see `update`."""
    return x, _subtract(x, decrement)


def moving_average_update(variable: Variable, value: Any, momentum: Any) -> tuple[Variable, Any]:
    """Return the pair that tells to set `variable` to ``variable * momentum + value * (1 - momentum)``; see `update`."""
    return variable, _mixed(variable, value, momentum)


@op
def _add(x: Any, increment: Any) -> Array:
    return as_array(x) + increment


@op
def _subtract(x: Any, decrement: Any) -> Array:
    return as_array(x) - decrement


@op
def _mixed(variable: Any, value: Any, momentum: Any) -> Array:
    return as_array(variable) * momentum + value * (1.0 - momentum)
