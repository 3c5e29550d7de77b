"""Import path of Keras 1: ``keras.engine.training``. Model, and the steps between a script's data and the model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jkeras import callbacks as cbks
from jkeras import metrics as metrics_module
from jkeras import objectives, optimizers
from jkeras.engine import data as standard
from jkeras.engine.container import Container
from jkeras.engine.data import check_array_lengths, check_loss_and_target_compatibility, standardize_weights
from jkeras.engine.enqueuer import GeneratorEnqueuer
from jkeras.engine.losses import collect_metrics, weighted_objective
from jkeras.engine.model import Model
from jkeras.typing import Shape
from jkeras.utils.progbar import Progbar

__all__ = [
    "Container",
    "GeneratorEnqueuer",
    "Model",
    "Progbar",
    "batch_shuffle",
    "cbks",
    "check_array_lengths",
    "check_loss_and_target_compatibility",
    "collect_metrics",
    "make_batches",
    "metrics_module",
    "objectives",
    "optimizers",
    "slice_X",
    "standardize_class_weights",
    "standardize_input_data",
    "standardize_sample_or_class_weights",
    "standardize_sample_weights",
    "standardize_weights",
    "weighted_objective",
]


def standardize_input_data(
    data: Any,
    names: Sequence[str],
    shapes: Sequence[Shape | None] | None = None,
    check_batch_axis: bool = True,
    exception_prefix: str = "",
) -> list[Any]:
    """Return one array for each of `names`; see `jkeras.engine.data.standardize_input_data`."""
    return standard.standardize_input_data(data, names, shapes, check_batch_axis, exception_prefix)


def standardize_sample_or_class_weights(x_weight: Any, output_names: Sequence[str], weight_type: str) -> list[Any]:
    """Return one entry of `x_weight` (``None`` where there is none) for each output."""
    return standard.standardize_sample_or_class_weights(x_weight, output_names, weight_type)


def standardize_class_weights(class_weight: Any, output_names: Sequence[str]) -> list[Mapping[int, float] | None]:
    """Return the dict of class weights (or ``None``) of each output."""
    return standardize_sample_or_class_weights(class_weight, output_names, "class_weight")


def standardize_sample_weights(sample_weight: Any, output_names: Sequence[str]) -> list[Any]:
    """Return the array of sample weights (or ``None``) of each output."""
    return standardize_sample_or_class_weights(sample_weight, output_names, "sample_weight")


def make_batches(size: int, batch_size: int) -> list[tuple[int, int]]:
    """Return ``(start, end)`` of each batch; the last one may be short."""
    return [(start, min(size, start + batch_size)) for start in range(0, size, batch_size)]


def batch_shuffle(index_array: np.ndarray, batch_size: int) -> np.ndarray:
    """Return the indices with whole batches shuffled; what is left over at the end stays there.

    Args:
        index_array: shape (samples,).
        batch_size: how many neighbours stay together.
    """
    whole = len(index_array) // batch_size * batch_size
    batches = index_array[:whole].reshape(-1, batch_size)  # (batch, sample in it)
    np.random.shuffle(batches)
    return np.append(batches.flatten(), index_array[whole:])


def slice_X(X: Any, start: Any = None, stop: int | None = None) -> Any:
    """Return a part of the samples of an array, or of each array in a list.

    Args:
        X: an array or a list of arrays.
        start: the first sample; or the indices of all samples.
        stop: the first sample that is left out.
    """
    if isinstance(X, list):
        return [slice_X(x, start, stop) for x in X]
    if not hasattr(start, "__len__"):
        return X[start:stop]
    # A data set in a file takes lists only.
    return X[start.tolist() if hasattr(start, "tolist") else start]
