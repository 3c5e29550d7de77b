"""Inference without a random key, of layers that draw numbers which only training uses.

``K.in_train_phase(x + noise, x)`` draws its noise before it chooses: Keras 1's graph left the noise out where it was not
needed. Here the computation is traced with a key; if the result does not depend on the key, none was needed.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import jax

from jkeras.errors import MissingKeyError
from jkeras.typing import Key

__all__ = ["with_or_without_key"]

R = TypeVar("R")


def with_or_without_key(compute: Callable[[Key | None], R], key: Key | None) -> R:
    """Return ``compute(key)``; without a key only if the result is the same for every key.

    Args:
        compute: returns a pytree of arrays; may close over traced arrays.
        key: random key or ``None``.

    Raises:
        MissingKeyError: there is no key, and the result depends on one.
    """
    try:
        return compute(key)
    except MissingKeyError:
        if key is not None or _depends_on_key(compute):
            raise
        return compute(jax.random.key(0))


def _depends_on_key(compute: Callable[[Key], Any]) -> bool:
    program = jax.make_jaxpr(compute)(jax.random.key(0)).jaxpr
    needed = set(map(id, program.outvars))
    for equation in reversed(program.eqns):
        if equation.effects or not needed.isdisjoint(map(id, equation.outvars)):
            needed.update(map(id, equation.invars))
    return id(program.invars[0]) in needed
