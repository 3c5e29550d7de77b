"""Random numbers: keys from a scope, so that what draws them is a function of the key.

Inside ``with key_scope(key):`` every draw uses the next key made from `key`; this works under `jax.jit`
and `jax.vmap` too. Outside a scope the keys come from numpy's global generator, so that
``np.random.seed(1337)`` makes a script reproducible. There a draw is an expression (see `jkeras.backend.dispatch`): by
itself it has fixed numbers, and in a graph each run draws anew.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import computing, deferring, holds_arrays, make_node, op
from jkeras.backend.variables import Variable, as_array, sizes, unwrap
from jkeras.errors import MissingKeyError
from jkeras.typing import Array, Key

__all__ = [
    "dropout",
    "host_scope",
    "key_scope",
    "next_key",
    "random_binomial",
    "random_normal",
    "random_normal_variable",
    "random_uniform",
    "random_uniform_variable",
]


class _Keys:
    """A key and the number of keys that were made from it."""

    __slots__ = ("count", "key")

    def __init__(self, key: Key | None):
        self.key = key
        self.count = 0

    def next(self) -> Key:
        if self.key is None:
            raise MissingKeyError(
                "This computation draws random numbers and was given no key. Pass one: "
                "model.apply_with_state(params, state, x, train=..., key=jax.random.key(0))."
            )
        key = jax.random.fold_in(self.key, self.count)
        self.count += 1
        return key


class _Host:
    """Numbers drawn by numpy, on the host."""

    __slots__ = ("generator",)

    def __init__(self, generator: np.random.RandomState):
        self.generator = generator

    def next(self) -> Key:
        return jax.random.key(int(self.generator.randint(0, 2**31 - 1)))


_scope: ContextVar[_Keys | _Host | None] = ContextVar("key_scope", default=None)


@contextmanager
def key_scope(key: Key | None) -> Iterator[None]:
    """Let the draws inside a ``with`` block be determined by `key` and by their order; ``None`` forbids draws.

    >>> with key_scope(jax.random.key(0)):
    ...     a = random_normal((2,))
    >>> with key_scope(jax.random.key(0)):
    ...     b = random_normal((2,))
    >>> bool((a == b).all())
    True
    """
    token = _scope.set(_Keys(key))
    try:
        with computing():
            yield
    finally:
        _scope.reset(token)


@contextmanager
def host_scope(generator: np.random.RandomState) -> Iterator[None]:
    """Let the draws inside a ``with`` block be made by numpy, and return numpy's arrays.

    For numbers that are drawn once, such as initial weights: on a device each shape would be a program to compile.
    """
    token = _scope.set(_Host(generator))
    try:
        with computing():
            yield
    finally:
        _scope.reset(token)


def _host() -> np.random.RandomState | None:
    scope = _scope.get()
    return scope.generator if isinstance(scope, _Host) else None


def next_key() -> Key:
    """Return a fresh random key: of the scope, or outside a scope one drawn from ``np.random``."""
    keys = _scope.get()
    if keys is None:
        return jax.random.key(np.random.randint(0, 2**31 - 1))
    return keys.next()


def _key(seed: int | None) -> Key:
    # Inside a scope a seed picks another stream, but the scope's key still counts: otherwise Dropout with
    # a seed would drop the same units in every step.
    if seed is None:
        return next_key()
    if _scope.get() is None:
        return jax.random.key(int(seed))
    return jax.random.fold_in(next_key(), int(seed))


P = ParamSpec("P")
R = TypeVar("R")


def _draw(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: let a function that draws make an expression where nothing is being computed."""
    compute, signature = op(function), inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if _scope.get() is not None or not deferring() or holds_arrays([*args, *kwargs.values()]):
            return compute(*args, **kwargs)
        if signature.bind(*args, **kwargs).arguments.get("seed") is not None:
            return make_node(function, args, kwargs)
        own = int(np.random.randint(0, 2**31 - 1))

        @functools.wraps(function)
        def draw(*args: P.args, **kwargs: P.kwargs) -> R:
            if _scope.get() is not None:
                return function(*args, **kwargs)
            with key_scope(jax.random.key(own)):
                return function(*args, **kwargs)

        return make_node(draw, args, kwargs)

    return call


@_draw
def random_normal(shape: Any, mean: Any = 0.0, std: Any = 1.0, dtype: Any = None, seed: int | None = None) -> Array:
    """Return normally distributed numbers.

    Args:
        shape: the shape of the result.
        mean, std: of the distribution.
        dtype: of the result; ``None`` is `floatx`.
        seed: makes the draw reproducible outside a `key_scope`; inside one it selects another stream.
    """
    dtype = canonical_dtype(dtype)
    if (host := _host()) is not None and seed is None:
        drawn: Any = host.normal(unwrap(mean), unwrap(std), sizes(shape)).astype(dtype)  # of numpy, on the host
        return drawn
    draw = jax.random.normal(_key(seed), sizes(shape), dtype)
    return (draw * unwrap(std) + unwrap(mean)).astype(dtype)


@_draw
def random_uniform(shape: Any, low: Any = 0.0, high: Any = 1.0, dtype: Any = None, seed: int | None = None) -> Array:
    """Return numbers uniformly distributed in [low, high); arguments as in `random_normal`."""
    if (host := _host()) is not None and seed is None:
        drawn: Any = host.uniform(unwrap(low), unwrap(high), sizes(shape)).astype(canonical_dtype(dtype))
        return drawn
    return jax.random.uniform(_key(seed), sizes(shape), canonical_dtype(dtype), unwrap(low), unwrap(high))


@_draw
def random_binomial(shape: Any, p: Any = 0.0, dtype: Any = None, seed: int | None = None) -> Array:
    """Return numbers that are 1 with probability `p`, else 0; arguments as in `random_normal`."""
    return jax.random.bernoulli(_key(seed), unwrap(p), sizes(shape)).astype(canonical_dtype(dtype))


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None
) -> Variable:
    """Make a variable of normally distributed numbers with standard deviation `scale`."""
    with computing():
        return Variable(random_normal(shape, mean, scale, dtype), name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None
) -> Variable:
    """Make a variable of numbers uniformly distributed in [low, high)."""
    with computing():
        return Variable(random_uniform(shape, low, high, dtype), name)


@op
def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Array:
    """Set a random share of `x` to zero and scale the rest so that its expectation stays.

    Args:
        x: an array.
        level: the share that is dropped, in [0, 1).
        noise_shape: the shape of the random mask, broadcast to that of `x` as numpy does, from the last axis on; ``None`` in
            it stands for the size of `x` there. ``None``: the shape of `x`.
        seed: see `random_normal`.

    Raises:
        ValueError: `level` is outside [0, 1), or `noise_shape` does not broadcast to the shape of `x`.

    Source: Srivastava et al., "Dropout", JMLR 15 (2014); scaled during training as in Keras 1.
    """
    x, level = as_array(x), unwrap(level)
    if isinstance(level, (int, float, np.number)) and not 0 <= level < 1:
        raise ValueError(f"The dropout level must be in the interval [0, 1); got {level}.")
    shape = x.shape if noise_shape is None else _mask_shape(noise_shape, x.shape)
    keep = jax.random.bernoulli(_key(seed), 1.0 - level, shape)
    return jnp.where(keep, x / (1.0 - level), 0).astype(x.dtype)


def _mask_shape(noise_shape: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    given = noise_shape if isinstance(noise_shape, list | tuple) else sizes(noise_shape)
    beside = shape[max(0, len(shape) - len(given)) :]
    found = sizes(size if wanted is None else wanted for wanted, size in zip(given, beside, strict=False))
    if len(given) > len(shape) or any(wanted not in (1, size) for wanted, size in zip(found, beside, strict=True)):
        raise ValueError(
            f"K.dropout: noise_shape {tuple(given)} does not fit an array of shape {shape}: it is broadcast from the last axis "
            "on, so each size is 1, None or the array's."
        )
    return found
