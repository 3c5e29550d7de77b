"""Nadam."""

from typing import Any

import jax.numpy as jnp

from jkeras.optim.base import OptState, Transformation, checked, map_step, start

__all__ = ["nadam"]


def nadam(
    lr: float = 0.002,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
    schedule_decay: float = 0.004,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Nadam: Adam with Nesterov momentum, whose weight is warmed up.

    ::

        c(t) = beta_1 · (1 - 0.5 · 0.96^(t · schedule_decay))          t = 1, 2, …
        s = c(1) · … · c(t)
        m = beta_1 · m + (1 - beta_1) · g
        v = beta_2 · v + (1 - beta_2) · g²
        n = (1 - c(t)) · g / (1 - s) + c(t + 1) · m / (1 - s · c(t + 1))
        update = -lr · n / (sqrt(v / (1 - beta_2ᵗ)) + epsilon)

    The product s is the scalar ``m_schedule`` of the slots.

    Args:
        lr: learning rate.
        beta_1: how slowly the mean forgets.
        beta_2: how slowly the mean square forgets.
        epsilon: keeps the denominator from zero.
        schedule_decay: how fast the momentum is warmed up.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Dozat 2015, Incorporating Nesterov momentum into Adam.
    """
    checked(
        "nadam",
        lr=lr,
        beta_1=beta_1,
        beta_2=beta_2,
        epsilon=epsilon,
        schedule_decay=schedule_decay,
        clipnorm=clipnorm,
        clipvalue=clipvalue,
    )

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "beta_1": beta_1, "beta_2": beta_2}, ("m", "v"), m_schedule=1.0)

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        lr, beta_1, beta_2 = (state.hyper[name] for name in ("lr", "beta_1", "beta_2"))
        t = state.iterations + 1
        momentum = beta_1 * (1.0 - 0.5 * 0.96 ** (t * schedule_decay))
        next_momentum = beta_1 * (1.0 - 0.5 * 0.96 ** ((t + 1) * schedule_decay))
        schedule = state.slots["m_schedule"] * momentum
        next_schedule = schedule * next_momentum

        def step(g: Any, m: Any, v: Any) -> tuple[Any, ...]:
            m = beta_1 * m + (1.0 - beta_1) * g
            v = beta_2 * v + (1.0 - beta_2) * jnp.square(g)
            ahead = (1.0 - momentum) * (g / (1.0 - schedule)) + next_momentum * (m / (1.0 - next_schedule))
            return -(lr * ahead / (jnp.sqrt(v / (1.0 - beta_2**t)) + epsilon)), m, v

        updates, slots = map_step(step, grads, state, ("m", "v"), params, clipnorm, clipvalue)
        return updates, OptState(t, state.hyper, slots | {"m_schedule": schedule})

    return Transformation(init, update)
