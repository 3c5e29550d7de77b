"""How K's functions take symbolic tensors: they leave the work to the graph, and come back with arrays when it runs.

Every function of K that computes something is marked with `op`. With arrays it is the function itself. With a symbolic
tensor among its arguments it becomes a node of the graph, whose value is the same function of the arrays to come.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["Symbolic", "holds_symbolic", "op", "set_node_maker"]

P = ParamSpec("P")
R = TypeVar("R")

_make_node: Callable[..., Any] | None = None


def set_node_maker(function: Callable[..., Any]) -> None:
    """Tell `op` what makes a node: ``function(operation, args, kwargs)`` returns a symbolic tensor. The engine does."""
    global _make_node
    _make_node = function


def holds_symbolic(values: Any) -> bool:
    """Whether any of `values`, or of the entries of lists among them, is symbolic."""
    return any(
        isinstance(value, Symbolic) or (isinstance(value, list | tuple) and holds_symbolic(value)) for value in values
    )


def op(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: let a function of arrays take symbolic tensors too."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if holds_symbolic(args) or (kwargs and holds_symbolic(kwargs.values())):
            if _make_node is None:
                import jkeras.engine.expressions  # noqa: F401  (it calls set_node_maker)
            return _make_node(function, args, kwargs)  # type: ignore[misc]
        return function(*args, **kwargs)

    return call


def _binary(function: Callable[[Any, Any], Any]) -> Any:
    operation = op(function)
    return lambda self, other: operation(self, other), lambda self, other: operation(other, self)


class Symbolic:
    """Base class of symbolic tensors: operators build the graph, numbers are refused."""

    __slots__ = ()
    shape: Any
    dtype: Any
    __array_ufunc__ = None  # numpy arrays on the left leave the operation to the methods below

    __add__, __radd__ = _binary(operator.add)
    __sub__, __rsub__ = _binary(operator.sub)
    __mul__, __rmul__ = _binary(operator.mul)
    __truediv__, __rtruediv__ = _binary(operator.truediv)
    __floordiv__, __rfloordiv__ = _binary(operator.floordiv)
    __mod__, __rmod__ = _binary(operator.mod)
    __pow__, __rpow__ = _binary(operator.pow)
    __matmul__, __rmatmul__ = _binary(operator.matmul)
    __lt__, __le__ = _binary(operator.lt)[0], _binary(operator.le)[0]
    __gt__, __ge__ = _binary(operator.gt)[0], _binary(operator.ge)[0]

    def __neg__(self) -> Any:
        return op(operator.neg)(self)

    def __abs__(self) -> Any:
        return op(operator.abs)(self)

    def __getitem__(self, index: Any) -> Any:
        return op(_item)(self, index)

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


def _item(x: Any, index: Any) -> Any:
    return x[index]


_item.__name__ = "getitem"
