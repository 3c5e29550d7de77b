"""Adadelta."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, counted, decayed_lr, map_step, start

__all__ = ["adadelta"]


def adadelta(
    lr: float = 1.0,
    rho: float = 0.95,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Adadelta: like RMSprop, with steps in the units of the weights.

    ::

        a = rho · a + (1 - rho) · g²
        u = g · sqrt(d + epsilon) / sqrt(a + epsilon)
        d = rho · d + (1 - rho) · u²
        update = -lr · u

    Args:
        lr: learning rate; the paper has 1.
        rho: how slowly the two mean squares forget.
        epsilon: makes the first steps possible.
        decay: the learning rate of update t (from 0) is ``lr / (1 + decay · t)``.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Zeiler 2012, arXiv:1212.5701.
    """
    checked("adadelta", lr=lr, rho=rho, epsilon=epsilon, decay=decay, clipnorm=clipnorm, clipvalue=clipvalue)

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "decay": decay}, ("a", "d"))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        rate = decayed_lr(state)

        def step(g: Any, a: Any, d: Any) -> tuple[Any, ...]:
            a = rho * a + (1.0 - rho) * jnp.square(g)
            u = g * jnp.sqrt(d + epsilon) / jnp.sqrt(a + epsilon)
            return -(rate * u), a, rho * d + (1.0 - rho) * jnp.square(u)

        updates, slots = map_step(step, grads, state, ("a", "d"), params, clipnorm, clipvalue)
        return updates, OptState(counted(state), state.hyper, slots)

    return Transformation(init, update)
