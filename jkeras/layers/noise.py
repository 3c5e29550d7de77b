"""Noise as regularization: GaussianNoise, GaussianDropout. Both do nothing at inference."""

import math
from typing import Any

from jkeras import backend as K
from jkeras.backend.random import key_scope
from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer
from jkeras.layers.checks import check_probability, training_key
from jkeras.typing import Array, Params, Shape, State

__all__ = ["GaussianDropout", "GaussianNoise", "Layer"]


class _Noise(Layer):
    """Changes its input while training."""

    supports_masking = True

    def noisy(self, x: Array) -> Array:
        """Return the input with noise; draws are those of the call's key."""
        raise NotImplementedError(f"{type(self).__name__} must implement noisy(x).")

    def apply(self, params: Params, x: Array) -> Array:
        return x

    def apply_with_state(self, params: Params, state: State, x: Array, ctx: Context = Context()) -> tuple[Array, State]:  # noqa: B008
        if not ctx.train:
            return x, state
        with key_scope(training_key(self, ctx)):
            return self.noisy(x), state

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class GaussianNoise(_Noise):
    """Adds Gaussian noise of mean 0 while training.

    Args:
        sigma: standard deviation of the noise.

    Shapes: output as input.
    """

    def __init__(self, sigma: float, **kwargs: Any):
        self.sigma = float(sigma)
        if not 0 <= self.sigma < math.inf:
            raise ValueError(f"GaussianNoise: sigma is a standard deviation, 0 or more; got {sigma!r}.")
        super().__init__(**kwargs)

    def noisy(self, x: Array) -> Array:
        return x + K.random_normal(x.shape, 0.0, self.sigma, dtype=x.dtype)


class GaussianDropout(_Noise):
    """Multiplies by Gaussian noise of mean 1 and standard deviation ``sqrt(p / (1 - p))`` while training.

    Args:
        p: the share that a `Dropout` with the same variance would drop, in [0, 1).

    Shapes: output as input.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).
    """

    def __init__(self, p: float, **kwargs: Any):
        self.p = check_probability(self, "p", p)
        super().__init__(**kwargs)

    def noisy(self, x: Array) -> Array:
        return x * K.random_normal(x.shape, 1.0, math.sqrt(self.p / (1.0 - self.p)), dtype=x.dtype)
