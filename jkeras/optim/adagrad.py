"""Adagrad."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, counted, decayed_lr, map_step, start

__all__ = ["adagrad"]


def adagrad(
    lr: float = 0.01,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Adagrad: gradients divided by the root of the sum of all their squares.

    ::

        a = a + g²
        update = -lr · g / (sqrt(a) + epsilon)

    Args:
        lr: learning rate.
        epsilon: keeps the denominator from zero.
        decay: the learning rate of update t (from 0) is ``lr / (1 + decay · t)``.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Duchi, Hazan and Singer 2011, Adaptive subgradient methods.
    """
    checked("adagrad", lr=lr, epsilon=epsilon, decay=decay, clipnorm=clipnorm, clipvalue=clipvalue)

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "decay": decay}, ("a",))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        rate = decayed_lr(state)

        def step(g: Any, a: Any) -> tuple[Any, ...]:
            a = a + jnp.square(g)
            return -(rate * g / (jnp.sqrt(a) + epsilon)), a

        updates, slots = map_step(step, grads, state, ("a",), params, clipnorm, clipvalue)
        return updates, OptState(counted(state), state.hyper, slots)

    return Transformation(init, update)
