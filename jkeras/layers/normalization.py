"""Import path of Keras 1: ``keras.layers.normalization``. Batch normalization."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.typing import Identifier

__all__ = ["BatchNormalization", "InputSpec", "Layer"]


@later("batch normalization")
class BatchNormalization(Layer):
    """Shift and scale activations to mean 0 and variance 1 over a batch."""

    def __init__(
        self,
        epsilon: float = 0.001,
        mode: int = 0,
        axis: int = -1,
        momentum: float = 0.99,
        weights: Any = None,
        beta_init: Identifier = "zero",
        gamma_init: Identifier = "one",
        gamma_regularizer: Identifier = None,
        beta_regularizer: Identifier = None,
        **kwargs: Any,
    ) -> None: ...
