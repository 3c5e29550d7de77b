"""Activation functions: plain functions of an array that return an array of the same shape.

`get` takes the name of one, or any callable (an advanced activation layer, say).
"""

from collections.abc import Callable
from typing import Any

from jkeras import backend as K
from jkeras.registry import Registry
from jkeras.typing import Array
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "elu",
    "get",
    "get_from_module",
    "hard_sigmoid",
    "linear",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

registry = Registry("activation")


@registry.register()
def softmax(x: Any) -> Array:
    """Return exponentials that sum to 1 along the last axis.

    Args:
        x: an array of shape (batch, dim) or (batch, time, dim).

    Raises:
        ValueError: `x` has another number of axes.
    """
    ndim = K.ndim(x)
    if ndim not in (2, 3):
        raise ValueError(
            "The activation softmax takes an array of shape (batch, dim) or (batch, time, dim); "
            f"got one with {ndim} axes. Flatten or reshape it first."
        )
    return K.softmax(x)


@registry.register()
def elu(x: Any, alpha: float = 1.0) -> Array:
    """Return x where it is positive, else ``alpha * (exp(x) - 1)``."""
    return K.elu(x, alpha)


@registry.register()
def softplus(x: Any) -> Array:
    """Return ``log(1 + exp(x))``."""
    return K.softplus(x)


@registry.register()
def softsign(x: Any) -> Array:
    """Return ``x / (1 + |x|)``."""
    return K.softsign(x)


@registry.register()
def relu(x: Any, alpha: float = 0.0, max_value: float | None = None) -> Array:
    """Return ``max(x, 0) + alpha * min(x, 0)``, but not more than `max_value`.

    >>> relu([-2.0, 3.0, 9.0], alpha=0.5, max_value=6.0).tolist()
    [-1.0, 3.0, 6.0]
    """
    return K.relu(x, alpha=alpha, max_value=max_value)


@registry.register()
def tanh(x: Any) -> Array:
    """Return the hyperbolic tangent."""
    return K.tanh(x)


@registry.register()
def sigmoid(x: Any) -> Array:
    """Return ``1 / (1 + exp(-x))``."""
    return K.sigmoid(x)


@registry.register()
def hard_sigmoid(x: Any) -> Array:
    """Return ``clip(0.2 * x + 0.5, 0, 1)``."""
    return K.hard_sigmoid(x)


@registry.register()
def linear(x: Any) -> Any:
    """Return `x`."""
    return x


def get(identifier: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """Return the activation that `identifier` names; a callable is returned as it is, ``None`` gives `linear`.

    Raises:
        UnknownNameError: there is no activation of that name.
    """
    return linear if identifier is None else registry.get(identifier)
