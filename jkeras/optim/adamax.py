"""Adamax."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, decayed_lr, map_step, start

__all__ = ["adamax"]


def adamax(
    lr: float = 0.002,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Adamax: Adam with the largest gradient in place of the mean square.

    ::

        m = beta_1 · m + (1 - beta_1) · g
        u = max(beta_2 · u, |g|)
        update = -lr / (1 - beta_1ᵗ) · m / (u + epsilon)          t = 1, 2, …

    Args:
        lr: learning rate.
        beta_1: how slowly the mean forgets.
        beta_2: how slowly the largest gradient fades.
        epsilon: keeps the denominator from zero.
        decay: the learning rate of update t is ``lr / (1 + decay · (t - 1))``.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Kingma and Ba 2014, arXiv:1412.6980, section 7.
    """
    checked(
        "adamax",
        lr=lr,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        decay=decay,
        clipnorm=clipnorm,
        clipvalue=clipvalue,
    )

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "beta_1": beta_1, "beta_2": beta_2, "decay": decay}, ("m", "u"))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        t, beta_1, beta_2 = state.iterations + 1, state.hyper["beta_1"], state.hyper["beta_2"]
        rate = decayed_lr(state) / (1.0 - beta_1**t)

        def step(g: Any, m: Any, u: Any) -> tuple[Any, ...]:
            m = beta_1 * m + (1.0 - beta_1) * g
            u = jnp.maximum(beta_2 * u, jnp.abs(g))
            return -(rate * m / (u + epsilon)), m, u

        updates, slots = map_step(step, grads, state, ("m", "u"), params, clipnorm, clipvalue)
        return updates, OptState(t, state.hyper, slots)

    return Transformation(init, update)
