"""Functions that choose, loop, look at values and stop gradients."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import learning_phase
from jkeras.backend.dispatch import Lazy, Symbolic, deferring, holds_arrays, make_node, op
from jkeras.backend.graphs import Function
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = [
    "eval",
    "foldl",
    "foldr",
    "in_test_phase",
    "in_train_phase",
    "map_fn",
    "print_tensor",
    "stop_gradient",
    "switch",
]


def eval(x: Any) -> np.ndarray:
    """Return the value of `x` as a numpy array; of a symbolic tensor, if it depends on no input."""
    if isinstance(x, Symbolic) and not isinstance(x, Lazy):
        return Function([], [x])([])[0]
    return np.array(as_array(x))


@op
def print_tensor(x: Any, message: str = "") -> Array:
    """Return `x`, and print `message` and its value each time it is computed, also in compiled code."""
    x = as_array(x)
    jax.debug.print("{message} {x}", message=message, x=x)
    return x


@op
def stop_gradient(variables: Any) -> Any:
    """Return an array, or a list of arrays, as a constant to differentiation."""
    if isinstance(variables, (list, tuple)):
        return [jax.lax.stop_gradient(as_array(x)) for x in variables]
    return jax.lax.stop_gradient(as_array(variables))


def _made(expression: Any) -> Any:
    return expression() if callable(expression) else expression


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return elements of `then_expression` where `condition` is not zero, else of `else_expression`.

    Both expressions are computed; each may be a function without arguments that returns an array.
    """
    return _switch(condition, _made(then_expression), _made(else_expression))


@op
def _switch(condition: Any, then_expression: Any, else_expression: Any) -> Array:
    return jnp.where(as_array(condition) != 0, as_array(then_expression), as_array(else_expression))


_switch.__name__ = "switch"


def in_train_phase(x: Any, alt: Any) -> Any:
    """Return `x` in the train phase, else `alt`; each may be a function that returns the value.

    Where nothing is being computed, the result is symbolic: which of the two it is shows when it is computed.
    """
    if deferring():
        x, alt = _made(x), _made(alt)
        return _in_train_phase(x, alt) if holds_arrays([x, alt]) else make_node(_phases, (x, alt))
    return _in_train_phase(x, alt)


@op
def _in_train_phase(x: Any, alt: Any) -> Any:
    return _phases(x, alt)


def _phases(x: Any, alt: Any) -> Any:
    return _made(x) if learning_phase() else _made(alt)


_phases.__name__ = _in_train_phase.__name__ = "in_train_phase"


def in_test_phase(x: Any, alt: Any) -> Any:
    """Return `x` in the test phase, else `alt`; see `in_train_phase`."""
    return in_train_phase(alt, x)


def _sequences(elems: Any) -> tuple[Array, ...]:
    return tuple(as_array(x) for x in (elems if isinstance(elems, (list, tuple)) else (elems,)))


@op
def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None) -> Any:
    """Apply `fn` to each entry of `elems` along the first axis, all at once, and stack the results.

    Args:
        fn: a function of one entry; of several, if `elems` is a list of arrays.
        elems: an array or a list of arrays.

    >>> map_fn(lambda row: row.sum(), jnp.ones((3, 2))).tolist()
    [2.0, 2.0, 2.0]
    """
    return jax.vmap(fn)(*_sequences(elems))


@op
def foldl(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Array:
    """Combine the entries of `elems` from the first to the last: ``acc = fn(acc, entry)``.

    Args:
        fn: a function of the accumulator and an entry (several entries, if `elems` is a list of arrays) that returns
            an array of the accumulator's shape.
        elems: an array or a list of arrays.
        initializer: the first accumulator; ``None`` takes the first entry.

    >>> foldl(lambda acc, x: acc + 2 * x, jnp.arange(4)).item()
    12
    """
    return _fold(fn, elems, initializer, reverse=False)


@op
def foldr(fn: Callable[..., Any], elems: Any, initializer: Any = None, name: str | None = None) -> Array:
    """Combine the entries of `elems` from the last to the first; arguments as for `foldl`."""
    return _fold(fn, elems, initializer, reverse=True)


def _fold(fn: Callable[..., Any], elems: Any, initializer: Any, reverse: bool) -> Array:
    sequences = _sequences(elems)
    if initializer is None:
        initializer = sequences[0][-1 if reverse else 0]
        sequences = tuple(x[:-1] if reverse else x[1:] for x in sequences)
    start = as_array(initializer)
    # An initializer such as 0 takes the shape and the dtype of what is added to it.
    result = jax.eval_shape(fn, start, *(jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in sequences))
    start = jnp.broadcast_to(start, result.shape).astype(jnp.result_type(start, result))

    def step(accumulator: Array, entries: tuple[Array, ...]) -> tuple[Array, None]:
        return as_array(fn(accumulator, *entries)).astype(start.dtype), None

    return jax.lax.scan(step, start, sequences, reverse=reverse)[0]
