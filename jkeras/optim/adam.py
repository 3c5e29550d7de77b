"""Adam."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, decayed_lr, map_step, start

__all__ = ["adam"]


def adam(
    lr: float = 0.001,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    decay: float = 0.0,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Adam: running means of the gradients and of their squares, both corrected for their start at zero.

    ::

        m = beta_1 · m + (1 - beta_1) · g
        v = beta_2 · v + (1 - beta_2) · g²
        update = -lr · sqrt(1 - beta_2ᵗ) / (1 - beta_1ᵗ) · m / (sqrt(v) + epsilon)          t = 1, 2, …

    Args:
        lr: learning rate.
        beta_1: how slowly the mean forgets.
        beta_2: how slowly the mean square forgets.
        epsilon: keeps the denominator from zero.
        decay: the learning rate of update t is ``lr / (1 + decay · (t - 1))``.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Kingma and Ba 2014, arXiv:1412.6980.
    """
    checked(
        "adam",
        lr=lr,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        decay=decay,
        clipnorm=clipnorm,
        clipvalue=clipvalue,
    )

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "beta_1": beta_1, "beta_2": beta_2, "decay": decay}, ("m", "v"))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        t, beta_1, beta_2 = state.iterations + 1, state.hyper["beta_1"], state.hyper["beta_2"]
        rate = decayed_lr(state) * (jnp.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t))

        def step(g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            m = beta_1 * m + (1.0 - beta_1) * g
            v = beta_2 * v + (1.0 - beta_2) * jnp.square(g)
            return -(rate * m / (jnp.sqrt(v) + epsilon)), m, v

        updates, slots = map_step(step, grads, state, ("m", "v"), params, clipnorm, clipvalue)
        return updates, OptState(t, state.hyper, slots)

    return Transformation(init, update)
