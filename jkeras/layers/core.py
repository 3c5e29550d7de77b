"""Keras 1's ``keras.layers.core``: small layers, and the names of the larger ones."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from jkeras import activations, regularizers
from jkeras import backend as K
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers.dense import Dense, Highway, MaxoutDense, TimeDistributedDense
from jkeras.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from jkeras.layers.lambda_ import Lambda
from jkeras.layers.merge import Merge
from jkeras.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from jkeras.legacy.names import old_names
from jkeras.typing import Array, Params, Shape
from jkeras.utils.generic_utils import func_dump, func_load, get_from_module

__all__ = [
    "Activation",
    "ActivityRegularization",
    "Dense",
    "Dropout",
    "Flatten",
    "Highway",
    "InputSpec",
    "Lambda",
    "Layer",
    "Masking",
    "MaxoutDense",
    "Merge",
    "Permute",
    "RepeatVector",
    "Reshape",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "TimeDistributedDense",
    "func_dump",
    "func_load",
    "get_from_module",
]


class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: name or function, see `jkeras.activations`.

    Shapes: output as input.
    """

    supports_masking = True

    def __init__(self, activation: str | Callable[..., Any], **kwargs: Any):
        self.activation = activations.get(activation)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return self.activation(x)


class ActivityRegularization(Layer):
    """Passes its input on, and adds ``l1 * sum|x| + l2 * sum x²`` to the loss.

    Args:
        l1, l2: weights of the two penalties.

    Shapes: output as input.
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        self.l1 = l1
        self.l2 = l2
        self.activity_regularizer = regularizers.activity_l1l2(l1, l2)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return x

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class Masking(Layer):
    """Masks the time steps at which all features equal `mask_value`, and sets them to zero.

    Args:
        mask_value: marks what is no data.

    Shapes: input and output ``(batch, time, features)``, mask ``(batch, time)``.
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        self.mask_value = mask_value
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return x * jnp.any(x != self.mask_value, axis=-1, keepdims=True).astype(x.dtype)

    def compute_mask(self, x: Any, input_mask: Any = None) -> Any:  # type: ignore[override]
        return K.any(K.not_equal(x, self.mask_value), axis=-1)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


__getattr__ = old_names(__name__)
