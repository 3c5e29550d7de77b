"""Batch normalization."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import backend as K
from jkeras import initializations, regularizers
from jkeras.engine.contract import Context, InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.errors import MissingStateError
from jkeras.typing import Array, Identifier, Params, Shape, State

__all__ = ["BatchNormalization", "InputSpec", "Layer"]


class BatchNormalization(Layer):
    """Shifts and scales its input to mean 0 and variance 1, then by a learned ``gamma`` and ``beta``.

    ::

        y = gamma · (x - mean) / sqrt(variance + epsilon) + beta

    Args:
        epsilon: keeps the denominator from zero.
        mode: which mean and variance:
            0: for each feature those of the batch while training, those of `running_mean` and `running_std` at inference;
            1: for each sample those along its last axis, always;
            2: for each feature those of the batch, always.
        axis: the axis of features in modes 0 and 2: -1, or 1 for images with channels first.
        momentum: of the running statistics: ``running = momentum · running + (1 - momentum) · batch's``.
        weights: list of initial arrays, ``[gamma, beta, running_mean, running_std]``.
        beta_init, gamma_init: initializations.
        gamma_regularizer, beta_regularizer: penalties on the weights.

    Shapes: output as input; all weights ``(features,)``.

    ``gamma`` and ``beta`` are params, ``running_mean`` and ``running_std`` (which holds the variance, as in Keras 1's files)
    are state. They are updated in training, also where the layer is frozen, with the biased variance plus epsilon. In mode 1
    epsilon counts twice, as in Keras 1: ``(x - mean) / (sqrt(variance + epsilon) + epsilon)``.

    Source: Keras 1.2.2; Ioffe & Szegedy 2015, Batch normalization: accelerating deep network training by reducing internal
    covariate shift.
    """

    supports_masking = True

    def __init__(
        self,
        epsilon: float = 0.001,
        mode: int = 0,
        axis: int = -1,
        momentum: float = 0.99,
        weights: Sequence[Any] | None = None,
        beta_init: Identifier = "zero",
        gamma_init: Identifier = "one",
        gamma_regularizer: Identifier = None,
        beta_regularizer: Identifier = None,
        **kwargs: Any,
    ):
        if mode not in (0, 1, 2):
            raise ValueError(
                f"BatchNormalization: mode is 0 (features, running statistics at inference), 1 (samples) or 2 (features, the "
                f"batch's statistics always); got {mode!r}."
            )
        self.epsilon = float(epsilon)
        self.mode = int(mode)
        self.axis = int(axis)
        self.momentum = float(momentum)
        self.beta_init = initializations.get(beta_init)
        self.gamma_init = initializations.get(gamma_init)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        super().__init__(weights=weights, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        shape: Any = (input_shape[self._axis(input_shape)],)
        return [
            Weight("gamma", shape, self.gamma_init, self.gamma_regularizer),
            Weight("beta", shape, self.beta_init, self.beta_regularizer),
            Weight("running_mean", shape, initializations.zero, trainable=False),
            Weight("running_std", shape, initializations.one, trainable=False),
        ]

    def build(self, input_shape: Shape) -> None:
        axis = self._axis(input_shape)
        size = input_shape[axis]
        if size is None:
            raise ValueError(
                f"Layer {self.name!r} (BatchNormalization) normalizes features on axis {self.axis}, whose size is not known in an "
                f"input of shape {tuple(input_shape)}. Set axis to the axis of features: -1, or 1 for images with channels first."
            )
        self.input_spec = [InputSpec(shape=tuple(size if i == axis else None for i in range(len(input_shape))))]
        super().build(input_shape)

    def _axis(self, shape: Shape) -> int:
        axis = self.axis + len(shape) if self.axis < 0 else self.axis
        if not 1 <= axis < len(shape):
            raise ValueError(
                f"Layer {self.name!r} (BatchNormalization): axis={self.axis} is no axis of features of an input of shape "
                f"{tuple(shape)}."
            )
        return axis

    def apply(self, params: Params, x: Array) -> Array:
        if self.mode == 0:
            raise MissingStateError(
                f"Layer {self.name!r} has running statistics: use y, state = layer.apply_with_state(params, state, x)."
            )
        return self.apply_with_state(params, {}, x)[0]

    def apply_with_state(self, params: Params, state: State, x: Array, ctx: Context = Context()) -> tuple[Array, State]:  # noqa: B008
        gamma, beta = params["gamma"], params["beta"]
        if self.mode == 1:
            mean = jnp.mean(x, axis=-1, keepdims=True)
            deviation = jnp.sqrt(jnp.var(x, axis=-1, keepdims=True) + self.epsilon)
            return gamma * ((x - mean) / (deviation + self.epsilon)) + beta, state
        axis = self._axis(x.shape)
        new = state
        if self.mode == 2 or ctx.train or ctx.moves:
            others = [i for i in range(x.ndim) if i != axis]
            y, mean, variance = K.normalize_batch_in_training(x, gamma, beta, others, self.epsilon)
            if self.mode == 0 and ctx.moves:
                running = {
                    "running_mean": self._moved(state["running_mean"], mean),
                    "running_std": self._moved(state["running_std"], variance),
                }
                new = {**state, **running}
            if self.mode == 2 or ctx.train:
                return y, new
        shape = [-1 if i == axis else 1 for i in range(x.ndim)]  # broadcasts to x
        mean, variance, beta, gamma = (
            jnp.reshape(array, shape) for array in (state["running_mean"], state["running_std"], beta, gamma)
        )
        return K.batch_normalization(x, mean, variance, beta, gamma, self.epsilon), new

    def _moved(self, running: Array, new: Array) -> Array:
        return (running * self.momentum + new * (1.0 - self.momentum)).astype(running.dtype)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape
