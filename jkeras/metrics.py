"""Metrics: ``f(y_true, y_pred)`` returns one number for a batch.

They are shown while training and change nothing. Those named like an objective are the mean of it.
"""

from collections.abc import Callable
from typing import Any

from jkeras import backend as K
from jkeras import objectives
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.registry import Registry
from jkeras.typing import Array
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "MAE",
    "MAPE",
    "MSE",
    "MSLE",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "cosine",
    "cosine_proximity",
    "f1score",
    "fbeta_score",
    "fmeasure",
    "fscore",
    "get",
    "get_from_module",
    "hinge",
    "kullback_leibler_divergence",
    "mae",
    "mape",
    "matthews_correlation",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "mse",
    "msle",
    "poisson",
    "precision",
    "recall",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

registry = Registry("metric")


@registry.register()
def binary_accuracy(y_true: Any, y_pred: Any) -> Array:
    """Return the share of elements where the rounded prediction equals the target.

    >>> binary_accuracy([[1.0], [0.0]], [[0.7], [0.6]]).item()
    0.5
    """
    return K.mean(K.equal(y_true, K.round(y_pred)))


@registry.register()
def categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """Return the share of samples whose largest prediction is at the place of the one-hot target's 1."""
    return K.mean(K.equal(K.argmax(y_true, axis=-1), K.argmax(y_pred, axis=-1)))


@registry.register()
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """Return the share of samples whose largest prediction is at the target's index; targets (..., 1)."""
    true = K.max(y_true, axis=-1)
    return K.mean(K.equal(true, K.cast(K.argmax(y_pred, axis=-1), true.dtype)))


@registry.register()
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    """Return the share of samples whose class is among the `k` largest predictions; targets one-hot."""
    return K.mean(K.in_top_k(y_pred, K.argmax(y_true, axis=-1), k))


@registry.register("mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.mean_squared_error`."""
    return K.mean(objectives.mean_squared_error(y_true, y_pred))


@registry.register("mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.mean_absolute_error`."""
    return K.mean(objectives.mean_absolute_error(y_true, y_pred))


@registry.register("mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.mean_absolute_percentage_error`."""
    return K.mean(objectives.mean_absolute_percentage_error(y_true, y_pred))


@registry.register("msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.mean_squared_logarithmic_error`."""
    return K.mean(objectives.mean_squared_logarithmic_error(y_true, y_pred))


@registry.register()
def hinge(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.hinge`."""
    return K.mean(objectives.hinge(y_true, y_pred))


@registry.register()
def squared_hinge(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.squared_hinge`."""
    return K.mean(objectives.squared_hinge(y_true, y_pred))


@registry.register()
def categorical_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.categorical_crossentropy`."""
    return K.mean(objectives.categorical_crossentropy(y_true, y_pred))


@registry.register()
def sparse_categorical_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.sparse_categorical_crossentropy`."""
    return K.mean(objectives.sparse_categorical_crossentropy(y_true, y_pred))


@registry.register()
def binary_crossentropy(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.binary_crossentropy`."""
    return K.mean(objectives.binary_crossentropy(y_true, y_pred))


@registry.register()
def kullback_leibler_divergence(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.kullback_leibler_divergence`."""
    return K.mean(objectives.kullback_leibler_divergence(y_true, y_pred))


@registry.register()
def poisson(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.poisson`."""
    return K.mean(objectives.poisson(y_true, y_pred))


@registry.register("cosine")
def cosine_proximity(y_true: Any, y_pred: Any) -> Array:
    """Return the mean of `objectives.cosine_proximity`."""
    return K.mean(objectives.cosine_proximity(y_true, y_pred))


def _ones(x: Any) -> Array:
    """Return where `x` counts as positive: its elements rounded to 0 or 1."""
    return K.round(K.clip(x, 0, 1))


@registry.register()
def matthews_correlation(y_true: Any, y_pred: Any) -> Array:
    """Return the Matthews correlation coefficient: 1 for perfect, 0 for random, -1 for inverse predictions.

    Source: Matthews, Biochimica et Biophysica Acta 405 (1975).
    """
    true, predicted = _ones(y_true), _ones(y_pred)
    true_positives = K.sum(true * predicted)
    true_negatives = K.sum((1 - true) * (1 - predicted))
    false_positives = K.sum((1 - true) * predicted)
    false_negatives = K.sum(true * (1 - predicted))
    covariance = true_positives * true_negatives - false_positives * false_negatives
    spread = K.sqrt(
        (true_positives + false_positives)
        * (true_positives + false_negatives)
        * (true_negatives + false_positives)
        * (true_negatives + false_negatives)
    )
    return covariance / (spread + K.epsilon())


@registry.register()
@op
def precision(y_true: Any, y_pred: Any) -> Array:
    """Return how many of the predicted ones are true: 0 if none is predicted."""
    true_positives = K.sum(_ones(as_array(y_true) * as_array(y_pred)))
    return true_positives / (K.sum(_ones(y_pred)) + K.epsilon())


@registry.register()
@op
def recall(y_true: Any, y_pred: Any) -> Array:
    """Return how many of the true ones are predicted: 0 if there is none."""
    true_positives = K.sum(_ones(as_array(y_true) * as_array(y_pred)))
    return true_positives / (K.sum(_ones(y_true)) + K.epsilon())


@registry.register()
def fbeta_score(y_true: Any, y_pred: Any, beta: float = 1) -> Array:
    """Return the weighted harmonic mean of `precision` and `recall`.

    Args:
        y_true: targets, 0 or 1.
        y_pred: predictions between 0 and 1.
        beta: how many times as much recall counts as precision; 0 gives the precision.

    Raises:
        ValueError: `beta` is negative.
    """
    if beta < 0:
        raise ValueError(f"beta must not be negative (0 gives the precision); got {beta}.")
    p, r = precision(y_true, y_pred), recall(y_true, y_pred)
    return (1 + beta**2) * (p * r) / (beta**2 * p + r + K.epsilon())


@registry.register("f1score", "fscore")
def fmeasure(y_true: Any, y_pred: Any) -> Array:
    """Return the harmonic mean of `precision` and `recall`."""
    return fbeta_score(y_true, y_pred, beta=1)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
cosine = cosine_proximity
fscore = f1score = fmeasure


def get(identifier: str | Callable[..., Any] | None) -> Any:
    """Return the metric that `identifier` names; a callable is returned as it is.

    ``'accuracy'`` is not a function: `Model.compile` replaces it by the accuracy that suits the output and the loss.

    Raises:
        UnknownNameError: there is no metric of that name.
    """
    return registry.get(identifier)
