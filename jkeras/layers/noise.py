"""Import path of Keras 1: ``keras.layers.noise``. Noise as regularization."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.layer import Layer

__all__ = ["GaussianDropout", "GaussianNoise", "Layer"]


@later("the noise layers")
class GaussianNoise(Layer):
    """Add Gaussian noise of deviation `sigma` while training."""

    def __init__(self, sigma: float, **kwargs: Any) -> None: ...


@later("the noise layers")
class GaussianDropout(Layer):
    """Multiply by Gaussian noise of mean 1 and deviation ``sqrt(p / (1 - p))`` while training."""

    def __init__(self, p: float, **kwargs: Any) -> None: ...
