"""Activations with parameters of their own: LeakyReLU, PReLU, ELU, ParametricSoftplus, ThresholdedReLU, SReLU."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jkeras import backend as K
from jkeras import initializations
from jkeras.engine.contract import Weight
from jkeras.engine.layer import Layer
from jkeras.typing import Array, Identifier, Params, Shape

__all__ = ["ELU", "Layer", "LeakyReLU", "PReLU", "ParametricSoftplus", "SReLU", "ThresholdedReLU"]


def _constant(value: float) -> Callable[..., np.ndarray]:
    return lambda shape, name=None: np.full(shape, value)


class _Elementwise(Layer):
    """A function of each element; a mask passes through."""

    supports_masking = True

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class _Shaped(_Elementwise):
    """With a parameter for each feature of a sample, except along `shared_axes`, where all features share one.

    Args:
        shared_axes: axes of the input (the batch is axis 0) along which the parameters are shared: ``(2, 3)`` for one
            parameter for each channel of images with channels first.
    """

    def __init__(self, shared_axes: int | Sequence[int] | None = None, **kwargs: Any):
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else [int(axis) for axis in axes]
        super().__init__(**kwargs)

    def parameter_shape(self, input_shape: Shape) -> tuple[Any, ...]:
        """Return the shape of a parameter: that of a sample, with size 1 where it is shared."""
        shape: list[Any] = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis <= len(shape):
                raise ValueError(
                    f"Layer {self.name!r} ({type(self).__name__}): shared_axes={self.shared_axes} names axis {axis}; an input of "
                    f"shape {tuple(input_shape)} has axes 1 to {len(shape)} beside the batch."
                )
            shape[axis - 1] = 1
        return tuple(shape)


class LeakyReLU(_Elementwise):
    """``x`` where it is positive, ``alpha · x`` elsewhere.

    Args:
        alpha: slope of the negative part.

    Shapes: output as input.

    Source: Maas et al. 2013, Rectifier nonlinearities improve neural network acoustic models.
    """

    def __init__(self, alpha: float = 0.3, **kwargs: Any):
        self.alpha = float(alpha)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return K.relu(x, alpha=self.alpha)


class PReLU(_Shaped):
    """``x`` where it is positive, ``alphas · x`` elsewhere, with learned slopes.

    Args:
        init: initialization of ``alphas``.
        weights: list of one initial array.
        shared_axes: axes along which the slopes are shared, see `_Shaped`.

    Shapes: output as input; ``alphas`` as a sample, with size 1 along `shared_axes`.

    Source: He et al. 2015, Delving deep into rectifiers.
    """

    def __init__(
        self,
        init: Identifier = "zero",
        weights: Sequence[Any] | None = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ):
        self.initializer = initializations.get(init)
        super().__init__(shared_axes, weights=weights, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        return [Weight("alphas", self.parameter_shape(input_shape), self.initializer)]

    def apply(self, params: Params, x: Array) -> Array:
        return K.relu(x, alpha=params["alphas"])


class ELU(_Elementwise):
    """``x`` where it is positive, ``alpha · (exp(x) - 1)`` elsewhere.

    Args:
        alpha: scale of the negative part.

    Shapes: output as input.

    Source: Clevert et al. 2015, Fast and accurate deep network learning by exponential linear units.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        self.alpha = float(alpha)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return K.elu(x, self.alpha)


class ParametricSoftplus(_Shaped):
    """``alphas · log(1 + exp(betas · x))``, with learned ``alphas`` and ``betas``.

    Args:
        alpha_init: initial value of all ``alphas``.
        beta_init: initial value of all ``betas``.
        weights: list of initial arrays, ``[alphas, betas]``.
        shared_axes: axes along which the parameters are shared, see `_Shaped`.

    Shapes: output as input; both parameters as a sample, with size 1 along `shared_axes`.

    Source: Keras 1; McFarland et al. 2013, Inferring nonlinear neuronal computation based on physiologically plausible
    inputs.
    """

    def __init__(
        self,
        alpha_init: float = 0.2,
        beta_init: float = 5.0,
        weights: Sequence[Any] | None = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ):
        self.alpha_init = float(alpha_init)
        self.beta_init = float(beta_init)
        super().__init__(shared_axes, weights=weights, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        shape = self.parameter_shape(input_shape)
        return [
            Weight(name, shape, _constant(value))
            for name, value in (("alphas", self.alpha_init), ("betas", self.beta_init))
        ]

    def apply(self, params: Params, x: Array) -> Array:
        return params["alphas"] * K.softplus(params["betas"] * x)


class ThresholdedReLU(_Elementwise):
    """``x`` where it is above `theta`, 0 elsewhere.

    Args:
        theta: the threshold.

    Shapes: output as input.

    Source: Konda et al. 2014, Zero-bias autoencoders and the benefits of co-adapting features.
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any):
        self.theta = float(theta)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return x * (x > self.theta).astype(x.dtype)


class SReLU(_Shaped):
    """S-shaped rectifier: linear between two learned thresholds, with a learned slope beyond each.

    ::

        r = t_left + |t_right|                                    (so that it is right of t_left)
        y = t_left + a_left · (x - t_left)     where x < t_left
        y = x                                  between t_left and r
        y = r + a_right · (x - r)              where x > r

    Args:
        t_left_init, a_left_init, t_right_init, a_right_init: initializations of the parameters.
        shared_axes: axes along which the parameters are shared, see `_Shaped`.

    Shapes: output as input; all parameters as a sample, with size 1 along `shared_axes`.

    Source: Jin et al. 2015, Deep learning with S-shaped rectified linear activation units.
    """

    def __init__(
        self,
        t_left_init: Identifier = "zero",
        a_left_init: Identifier = "glorot_uniform",
        t_right_init: Identifier = "glorot_uniform",
        a_right_init: Identifier = "one",
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ):
        self.t_left_init = initializations.get(t_left_init)
        self.a_left_init = initializations.get(a_left_init)
        self.t_right_init = initializations.get(t_right_init)
        self.a_right_init = initializations.get(a_right_init)
        super().__init__(shared_axes, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        shape = self.parameter_shape(input_shape)
        return [
            Weight(name, shape, getattr(self, f"{name}_init")) for name in ("t_left", "a_left", "t_right", "a_right")
        ]

    def apply(self, params: Params, x: Array) -> Array:
        left, width = params["t_left"], K.abs(params["t_right"])
        left_and_center = left + K.relu(x - left, alpha=params["a_left"], max_value=width)
        return left_and_center + params["a_right"] * K.relu(x - (left + width))
