"""What the algorithms share: the two types, clipping, decay, and one step mapped over a pytree of weights."""

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jkeras.backend.dispatch import op
from jkeras.typing import Array

__all__ = [
    "OptState",
    "Transformation",
    "checked",
    "clip_norm",
    "clipped",
    "counted",
    "decayed_lr",
    "map_step",
    "start",
]


class Transformation(NamedTuple):
    """An algorithm as two pure functions: the protocol of gradient transformations.

    The new weights are the weights plus the updates::

        state = transformation.init(params)
        updates, state = transformation.update(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)
    """

    init: Callable[[Any], "OptState"]
    update: Callable[..., "tuple[Any, OptState]"]


class OptState(NamedTuple):
    """All that an algorithm remembers. Every number here is a leaf, so that changing it compiles nothing anew."""

    iterations: Array
    """float32 scalar: the updates so far, as Keras 1 counts them (see `counted`)."""
    hyper: dict[str, Array]
    """Scalars such as ``lr`` and ``momentum``: the numbers that Keras 1 keeps in variables."""
    slots: dict[str, Any]
    """Accumulators such as ``m`` and ``v``, each a pytree like the weights; in Nadam also
    the scalar ``m_schedule``. Accumulators of 16-bit weights are float32."""


@op
def clip_norm(g: Any, c: float, n: Any) -> Any:
    """Scale the gradient `g` by ``c / n`` where its norm `n` reaches `c`; `c` = 0 leaves it alone (Keras 1)."""
    if c <= 0:
        return g
    # Where nothing is clipped the denominator is 1, not a norm that may be 0: both branches stay finite.
    return jnp.where(n >= c, g * c / jnp.where(n >= c, n, 1), g)


def clipped(grads: list[Any], clipnorm: float | None, clipvalue: float | None) -> list[Array]:
    """Return `grads` in at least single precision, clipped by their common norm and then element by element.

    The norm is that of all gradients together, as in Keras 1.
    """
    grads = [jnp.asarray(g, _wide(g)) for g in grads]
    if clipnorm:
        norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in grads))
        grads = [clip_norm(g, clipnorm, norm) for g in grads]
    if clipvalue:
        grads = [jnp.clip(g, -clipvalue, clipvalue) for g in grads]
    return grads


def decayed_lr(state: OptState) -> Array:
    """``lr / (1 + decay · iterations)``, with the count from before this update; exactly ``lr`` without decay."""
    return state.hyper["lr"] * (1.0 / (1.0 + state.hyper["decay"] * state.iterations))


def counted(state: OptState) -> Array:
    """The next iteration count of SGD, RMSprop, Adagrad and Adadelta, which Keras 1 counts only with decay."""
    return state.iterations + (state.hyper["decay"] > 0)


def start(params: Any, hyper: Mapping[str, Any], slots: Sequence[str], **scalars: float) -> OptState:
    """Make the first state for `params`: no iterations, zeros in each of `slots`.

    Args:
        params: a pytree of arrays.
        hyper: numbers (or traced scalars, for instance under `jax.vmap`) by name.
        slots: names of accumulators.
        **scalars: further entries of the slots that are one number.
    """
    wide = jnp.float64 if any(_wide(p) == jnp.float64 for p in jax.tree.leaves(params)) else jnp.float32
    zeros = {name: jax.tree.map(_zeros, params) for name in slots}
    return OptState(
        iterations=jnp.zeros((), jnp.float32),
        hyper={name: jnp.asarray(value, wide) for name, value in hyper.items()},
        slots=zeros | {name: jnp.asarray(value, wide) for name, value in scalars.items()},
    )


def _zeros(leaf: Any) -> Array:
    if isinstance(leaf, jax.Array) and not isinstance(leaf, Tracer) and len(leaf.devices()) == 1:
        # From numpy: jnp.zeros_like is a program to compile for each shape.
        return jax.device_put(np.zeros(leaf.shape, _wide(leaf)), leaf.sharding if leaf.committed else None)
    return jnp.zeros_like(leaf, dtype=_wide(leaf))


def map_step(
    step: Callable[..., tuple[Array, ...]],
    grads: Any,
    state: OptState,
    slots: Sequence[str],
    params: Any,
    clipnorm: float | None,
    clipvalue: float | None,
) -> tuple[Any, dict[str, Any]]:
    """Clip the gradients and apply an algorithm's `step` to every weight.

    Args:
        step: ``(gradient, *accumulators) -> (update, *new accumulators)``.
        grads: gradients, a pytree like the weights.
        state: where the accumulators are.
        slots: names of the accumulators that `step` takes.
        params: the weights, for the updates' dtype; None takes the gradients'.
        clipnorm: see `clipped`.
        clipvalue: see `clipped`.

    Returns:
        The updates, in the dtype of the weights, and all slots with the new accumulators.
    """
    leaves, tree = jax.tree.flatten(grads)
    likes = leaves if params is None else tree.flatten_up_to(params)
    leaves = clipped(leaves, clipnorm, clipvalue)
    before = [tree.flatten_up_to(state.slots[name]) for name in slots]
    updates, after = [], [[] for _ in slots]
    for like, g, *old in zip(likes, leaves, *before, strict=True):
        update, *new = step(g, *old)
        updates.append(update.astype(jnp.result_type(like)))
        for column, was, now in zip(after, old, new, strict=True):
            column.append(now.astype(was.dtype))
    return tree.unflatten(updates), state.slots | {
        name: tree.unflatten(column) for name, column in zip(slots, after, strict=True)
    }


# name: (smallest, largest, whether the largest itself is allowed)
_RANGES = {
    "momentum": (0, 1, True),
    "rho": (0, 1, True),
    "beta_1": (0, 1, False),
    "beta_2": (0, 1, False),
}


def checked(owner: str, **values: Any) -> None:
    """Raise `ValueError` for a number that is outside the range of its name; None and traced values pass."""
    for name, value in values.items():
        value = value.item() if isinstance(value, np.ndarray | np.generic) and value.ndim == 0 else value
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, numbers.Real | jax.Array):
            raise ValueError(f"{owner}: {name} has to be a number; got {value!r}.")
        if isinstance(value, jax.Array) and value.ndim:
            raise ValueError(f"{owner}: {name} has to be one number; got an array of shape {value.shape}.")
        low, high, closed = _RANGES.get(name, (0, math.inf, False))
        try:
            number = float(value)
        except jax.errors.ConcretizationTypeError:  # a traced value
            continue
        if not (low <= number < high or (closed and number == high)):
            expected = f"at least {low}" if high == math.inf else f"between {low} and {high}"
            expected += " and finite" if high == math.inf else "" if closed else f" ({high} excluded)"
            raise ValueError(f"{owner}: {name} has to be {expected}; got {value!r}.")


def _wide(leaf: Any) -> Any:
    # In 16 bits 0.999 rounds to 1 and 1e-8 to 0: accumulators and arithmetic are at least single precision.
    return jnp.promote_types(jnp.result_type(leaf), jnp.float32)
