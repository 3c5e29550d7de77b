"""Objectives, also called losses: ``f(y_true, y_pred)`` returns one value per sample (and per time step).

They reduce the last axis only; weighting, masking and the mean over samples are the model's part. The functions
in `jkeras.metrics` of the same names return one number.
"""

from collections.abc import Callable
from typing import Any

from jkeras import backend as K
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.registry import Registry
from jkeras.typing import Array
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "KLD",
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "binary_crossentropy",
    "categorical_crossentropy",
    "cosine",
    "cosine_proximity",
    "get",
    "get_from_module",
    "hinge",
    "kld",
    "kullback_leibler_divergence",
    "mae",
    "mape",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

registry = Registry("objective")

_INFINITY = float("inf")


@registry.register("mse", "MSE")
@op
def mean_squared_error(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean((y_pred - y_true)^2)``.

    >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).tolist()
    [5.0]
    """
    return K.mean(K.square(as_array(y_pred) - as_array(y_true)), axis=-1)


@registry.register("mae", "MAE")
@op
def mean_absolute_error(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean(|y_pred - y_true|)``."""
    return K.mean(K.abs(as_array(y_pred) - as_array(y_true)), axis=-1)


@registry.register("mape", "MAPE")
@op
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Array:
    """Return ``100 * mean(|y_true - y_pred| / max(|y_true|, epsilon))``."""
    y_true, y_pred = as_array(y_true), as_array(y_pred)
    return 100.0 * K.mean(K.abs((y_true - y_pred) / K.clip(K.abs(y_true), K.epsilon(), _INFINITY)), axis=-1)


@registry.register("msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean((log(1 + y_pred) - log(1 + y_true))^2)``, where both are at least epsilon."""
    predicted = K.log(K.clip(y_pred, K.epsilon(), _INFINITY) + 1.0)
    true = K.log(K.clip(y_true, K.epsilon(), _INFINITY) + 1.0)
    return K.mean(K.square(predicted - true), axis=-1)


@registry.register()
@op
def squared_hinge(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean(max(1 - y_true * y_pred, 0)^2)``, for targets -1 and 1."""
    return K.mean(K.square(K.maximum(1.0 - as_array(y_true) * as_array(y_pred), 0.0)), axis=-1)


@registry.register()
@op
def hinge(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean(max(1 - y_true * y_pred, 0))``, for targets -1 and 1."""
    return K.mean(K.maximum(1.0 - as_array(y_true) * as_array(y_pred), 0.0), axis=-1)


@registry.register()
def categorical_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return ``-sum(y_true * log(y_pred))``, for one-hot targets; see `K.categorical_crossentropy`."""
    return K.categorical_crossentropy(y_pred, y_true)


@registry.register()
def sparse_categorical_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return ``-log(y_pred[y_true])``, for targets that are class indices of shape (..., 1)."""
    return K.sparse_categorical_crossentropy(y_pred, y_true)


@registry.register()
def binary_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `K.binary_crossentropy`, for targets between 0 and 1."""
    return K.mean(K.binary_crossentropy(y_pred, y_true), axis=-1)


@registry.register("kld", "KLD")
def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Array:
    """Return ``sum(y_true * log(y_true / y_pred))``, where both are clipped to [epsilon, 1]."""
    y_true = K.clip(y_true, K.epsilon(), 1)
    y_pred = K.clip(y_pred, K.epsilon(), 1)
    return K.sum(y_true * K.log(y_true / y_pred), axis=-1)


@registry.register()
@op
def poisson(y_true: Any, y_pred: Any) -> Array:
    """Return ``mean(y_pred - y_true * log(y_pred + epsilon))``."""
    y_true, y_pred = as_array(y_true), as_array(y_pred)
    return K.mean(y_pred - y_true * K.log(y_pred + K.epsilon()), axis=-1)


@registry.register("cosine")
def cosine_proximity(y_true: Any, y_pred: Any) -> Array:
    """Return minus the mean of the products of the vectors scaled to length 1.

    As in Keras 1 this is the cosine divided by the size of the last axis, and NaN for a vector of zeros.
    """
    return -K.mean(K.l2_normalize(y_true, axis=-1) * K.l2_normalize(y_pred, axis=-1), axis=-1)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
kld = KLD = kullback_leibler_divergence
cosine = cosine_proximity


def get(identifier: str | Callable[..., Any] | None) -> Any:
    """Return the objective that `identifier` names; a callable is returned as it is.

    Raises:
        UnknownNameError: there is no objective of that name.
    """
    return registry.get(identifier)
