"""Import path of Keras 1: ``keras.layers.advanced_activations``. Activations with parameters of their own."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.layer import Layer
from jkeras.typing import Identifier

__all__ = ["ELU", "Layer", "LeakyReLU", "PReLU", "ParametricSoftplus", "SReLU", "ThresholdedReLU"]


@later("the activation layers")
class LeakyReLU(Layer):
    """``x`` where positive, ``alpha * x`` elsewhere."""

    def __init__(self, alpha: float = 0.3, **kwargs: Any) -> None: ...


@later("the activation layers")
class PReLU(Layer):
    """`LeakyReLU` with learned slopes."""

    def __init__(
        self, init: Identifier = "zero", weights: Any = None, shared_axes: Any = None, **kwargs: Any
    ) -> None: ...


@later("the activation layers")
class ELU(Layer):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None: ...


@later("the activation layers")
class ParametricSoftplus(Layer):
    """``alpha * log(1 + exp(beta * x))`` with learned alpha and beta."""

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        weights: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None: ...


@later("the activation layers")
class ThresholdedReLU(Layer):
    """``x`` where greater than `theta`, 0 elsewhere."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None: ...


@later("the activation layers")
class SReLU(Layer):
    """S-shaped activation of three linear pieces with learned thresholds and slopes."""

    def __init__(
        self,
        t_left_init: Identifier = "zero",
        a_left_init: Identifier = "glorot_uniform",
        t_right_init: Identifier = "glorot_uniform",
        a_right_init: Identifier = "one",
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None: ...
