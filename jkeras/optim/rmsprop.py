"""RMSprop."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, counted, decayed_lr, map_step, start

__all__ = ["rmsprop"]


def rmsprop(
    lr: float = 0.001,
    rho: float = 0.9,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """RMSprop: gradients divided by a running root of their mean square.

    ::

        a = rho · a + (1 - rho) · g²
        update = -lr · g / (sqrt(a) + epsilon)

    Args:
        lr: learning rate.
        rho: how slowly the mean square forgets.
        epsilon: keeps the denominator from zero.
        decay: the learning rate of update t (from 0) is ``lr / (1 + decay · t)``.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Tieleman and Hinton 2012, Lecture 6.5.
    """
    checked("rmsprop", lr=lr, rho=rho, epsilon=epsilon, decay=decay, clipnorm=clipnorm, clipvalue=clipvalue)

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "rho": rho, "decay": decay}, ("a",))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        rate, rho = decayed_lr(state), state.hyper["rho"]

        def step(g: Any, a: Any) -> tuple[Any, ...]:
            a = rho * a + (1.0 - rho) * jnp.square(g)
            return -(rate * g / (jnp.sqrt(a) + epsilon)), a

        updates, slots = map_step(step, grads, state, ("a",), params, clipnorm, clipvalue)
        return updates, OptState(counted(state), state.hyper, slots)

    return Transformation(init, update)
