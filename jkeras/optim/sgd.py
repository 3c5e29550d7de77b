"""Stochastic gradient descent."""

from typing import Any

from jkeras.optim.base import OptState, Transformation, checked, counted, decayed_lr, map_step, start

__all__ = ["sgd"]


def sgd(
    lr: float = 0.01,
    momentum: float = 0.0,
    decay: float = 0.0,
    nesterov: bool = False,
    clipnorm: float | None = None,
    clipvalue: float | None = None,
) -> Transformation:
    """Stochastic gradient descent with momentum.

    ::

        v = momentum · v - lr · g
        update = v                              or, with nesterov,  momentum · v - lr · g

    Args:
        lr: learning rate.
        momentum: how much of the last velocity is kept.
        decay: the learning rate of update t (from 0) is ``lr / (1 + decay · t)``.
        nesterov: look ahead along the velocity.
        clipnorm: scale all gradients down so that their common norm is at most this.
        clipvalue: clip each element of the gradients to ±clipvalue.

    Source: Keras 1; Nesterov 1983; Sutskever et al. 2013, On the importance of initialization and momentum.
    """
    checked("sgd", lr=lr, momentum=momentum, decay=decay, clipnorm=clipnorm, clipvalue=clipvalue)

    def init(params: Any) -> OptState:
        return start(params, {"lr": lr, "momentum": momentum, "decay": decay}, ("v",))

    def update(grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        rate, momentum = decayed_lr(state), state.hyper["momentum"]

        def step(g: Any, v: Any) -> tuple[Any, ...]:
            v = momentum * v - rate * g
            return (momentum * v - rate * g if nesterov else v), v

        updates, slots = map_step(step, grads, state, ("v",), params, clipnorm, clipvalue)
        return updates, OptState(counted(state), state.hyper, slots)

    return Transformation(init, update)
