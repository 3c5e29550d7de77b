"""How K's functions take what has no numbers yet: symbolic tensors, and variables, whose numbers may change.

Every function of K that computes something is marked with `op`. With arrays it is the function itself. With a symbolic
tensor among its arguments it becomes a node of the graph, whose value is the same function of the arrays to come. With
variables and plain numbers it becomes an expression, a node without inputs: it is computed whenever it is asked for, from
what the variables hold then. Where something is being computed (in traced code, in a layer's call, under a random key) and
where an array takes part, variables and expressions are read at once.
"""

import functools
import operator
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import jax
import numpy as np

from jkeras.backend.config import Phase, learning_phase
from jkeras.backend.methods import TensorMethods
from jkeras.typing import Array

__all__ = [
    "Held",
    "Lazy",
    "Operators",
    "Symbolic",
    "computing",
    "deferring",
    "holds_arrays",
    "holds_symbolic",
    "make_node",
    "op",
    "set_node_maker",
    "settled",
]

P = ParamSpec("P")
R = TypeVar("R")

_make_node: Callable[..., Any] | None = None


def set_node_maker(function: Callable[..., Any]) -> None:
    """Tell `op` what makes a node: ``function(operation, args, kwargs)`` returns a symbolic tensor. The engine does."""
    global _make_node
    _make_node = function


def make_node(function: Callable[..., Any], args: Any = (), kwargs: Any = None) -> Any:
    """Return the symbolic tensor that stands for ``function(*args, **kwargs)``."""
    if _make_node is None:
        import jkeras.engine.expressions  # noqa: F401  (it calls set_node_maker)
    return _make_node(function, args, kwargs or {})  # type: ignore[misc]  # imported above, which sets it


# ---- whether numbers are wanted now

_computing: ContextVar[bool] = ContextVar("computing", default=False)
_trace_state: Callable[[], Any] | None = None
_outside: Any = None  # JAX's state while it traces nothing


@contextmanager
def computing() -> Iterator[None]:
    """Let variables be read at once inside a ``with`` block, as in traced code."""
    token = _computing.set(True)
    try:
        yield
    finally:
        _computing.reset(token)


def deferring() -> bool:
    """Whether an operation on variables makes an expression: nothing is being computed, and JAX traces nothing."""
    if _computing.get():
        return False
    if _trace_state is None:
        _find_trace_state()
    return _trace_state() == _outside  # type: ignore[misc]  # found above


def _find_trace_state() -> None:
    global _trace_state, _outside
    # Here, for its import costs more than that of most of jkeras.
    from jax.extend.core import get_opaque_trace_state

    def look() -> None:
        global _outside
        _outside = get_opaque_trace_state()

    # What a thread that has just begun sees is the state outside of all traces.
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    _trace_state = get_opaque_trace_state


# ---- what stands among the arguments

_SYMBOLIC, _HELD, _ARRAY = 1, 2, 4


def _kinds(values: Iterable[Any]) -> int:
    found = 0
    for value in values:
        if isinstance(value, Operators):
            found |= _HELD if isinstance(value, Held) else _SYMBOLIC
        elif isinstance(value, list | tuple):
            found |= _kinds(value)
        elif isinstance(value, jax.Array):
            found |= _ARRAY
        elif isinstance(value, Phase):
            found |= _HELD
        elif isinstance(value, slice):
            found |= _kinds((value.start, value.stop, value.step))
    return found


def holds_symbolic(values: Any) -> bool:
    """Whether any of `values`, or of the entries of lists among them, depends on inputs of a graph."""
    return bool(_kinds(values) & _SYMBOLIC)


def holds_arrays(values: Any) -> bool:
    """Whether any of `values`, or of the entries of lists among them, is an array of JAX."""
    return bool(_kinds(values) & _ARRAY)


def settled(value: Any) -> Any:
    """Return the array of a variable or of an expression, and the number of the phase, also in lists; else what was given."""
    if isinstance(value, Held):
        return value.value
    if isinstance(value, list):
        return [settled(entry) for entry in value]
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(settled(entry) for entry in value)
    if isinstance(value, slice):
        return slice(settled(value.start), settled(value.stop), settled(value.step))
    return int(learning_phase()) if isinstance(value, Phase) else value


def op(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: let a function of arrays take variables, expressions and symbolic tensors too."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        found = _kinds(args) | (_kinds(kwargs.values()) if kwargs else 0)
        if found & _SYMBOLIC or (found & _HELD and not found & _ARRAY and deferring()):
            return make_node(function, args, kwargs)
        if found & _HELD:
            plain: Any = function  # whose arguments have other types now
            return plain(*map(settled, args), **{name: settled(value) for name, value in kwargs.items()})
        return function(*args, **kwargs)

    return call


# ---- the classes that take part


def _binary(function: Callable[[Any, Any], Any]) -> Any:
    operation = op(function)
    return lambda self, other: operation(self, other), lambda self, other: operation(other, self)


class Operators(TensorMethods):
    """Base class of all that K's functions turn into nodes of a graph: operators and methods do as well."""

    __slots__ = ()
    __array_priority__ = 1000  # numpy arrays on the left leave the operation to the methods below
    shape: Any
    dtype: Any

    __add__, __radd__ = _binary(operator.add)
    __sub__, __rsub__ = _binary(operator.sub)
    __mul__, __rmul__ = _binary(operator.mul)
    __truediv__, __rtruediv__ = _binary(operator.truediv)
    __floordiv__, __rfloordiv__ = _binary(operator.floordiv)
    __mod__, __rmod__ = _binary(operator.mod)
    __pow__, __rpow__ = _binary(operator.pow)
    __matmul__, __rmatmul__ = _binary(operator.matmul)
    __and__, __rand__ = _binary(operator.and_)
    __or__, __ror__ = _binary(operator.or_)
    __lt__, __le__ = _binary(operator.lt)[0], _binary(operator.le)[0]
    __gt__, __ge__ = _binary(operator.gt)[0], _binary(operator.ge)[0]

    def __neg__(self) -> Any:
        return op(operator.neg)(self)

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return op(operator.abs)(self)

    def __invert__(self) -> Any:
        return op(operator.invert)(self)

    def __getitem__(self, index: Any) -> Any:
        return op(_item)(self, index)


class Symbolic(Operators):
    """Base class of symbolic tensors: operators build the graph, numbers are refused."""

    __slots__ = ()

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is symbolic: it has no truth value. Use K.switch, or K.equal and its like for elements."
        )

    def __iter__(self) -> Any:
        raise TypeError(f"{self!r} is symbolic: it cannot be iterated over.")

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            f"{self!r} is symbolic: it has no numbers yet. Evaluate it with K.function or a Model, or use a function of "
            "jkeras.backend in place of numpy's."
        )


# What is lent from the array: attributes of JAX's arrays that are no operation.
_LENT = frozenset({"at", "block_until_ready", "devices", "item", "itemsize", "nbytes", "sharding", "size", "tolist"})


class Held(Operators):
    """Base class of what has a value now, and another one later: variables, and expressions of them.

    Attributes:
        value: the array.
    """

    __slots__ = ()
    value: Any

    def get_value(self, borrow: bool = False) -> np.ndarray:
        """Return a numpy copy of the value (`borrow` is Theano's and changes nothing)."""
        return np.array(self.value)

    def eval(self, *_: Any, **__: Any) -> np.ndarray:
        """Return a numpy copy of the value; what Theano and TensorFlow take as arguments changes nothing."""
        return self.get_value()

    def __getattr__(self, attribute: str) -> Any:
        if attribute in _LENT:
            return getattr(self.value, attribute)
        raise AttributeError(f"{type(self).__name__} has no attribute {attribute!r}; its array is `.value`.")

    def __jax_array__(self) -> Array:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype=dtype) if copy else np.asarray(self.value, dtype=dtype)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("A scalar has no length.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if deferring():
            return (self[index] for index in range(len(self)))
        return iter(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __index__(self) -> int:
        return operator.index(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)


class Lazy(Held, Symbolic):
    """Base class of expressions: symbolic tensors that depend on variables alone, and so have a value at any time.

    They are compared with numbers, arrays and each other element by element, by their values.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: Any) -> Any:
        return self.value == settled(other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return self.value != settled(other) if isinstance(other, _COMPARABLE) else NotImplemented


_COMPARABLE = (Held, jax.Array, np.ndarray, np.generic, int, float, complex)


def _item(x: Any, index: Any) -> Any:
    return x[index]


_item.__name__ = "getitem"
