"""Labels of a classifier as numbers from 0, and as rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jkeras.utils.np_utils import to_categorical

__all__ = ["Labels"]


class Labels:
    """The classes in some targets.

    Args:
        y: labels, of shape ``(samples,)``, or rows of shape ``(samples, classes)``.

    Attributes:
        classes: the labels in order; the numbers of the columns where `y` has rows.

    Raises:
        ValueError: `y` holds no labels.
    """

    def __init__(self, y: np.ndarray):
        if y.ndim not in (1, 2) or not len(y):
            raise ValueError(
                f"Labels have shape (samples,), or (samples, classes) with a column for each class; got {y.shape}."
            )
        if y.dtype.kind == "f":
            if not np.all(np.isfinite(y)):
                raise ValueError("Labels hold NaN or infinity.")
            if y.ndim == 1 and np.any(y != np.round(y)):
                raise ValueError(
                    "Unknown label type: continuous. A classifier has labels, such as whole numbers or texts; for these targets "
                    "use KerasRegressor."
                )
        self._rows = y.ndim == 2
        self.classes: np.ndarray = np.arange(y.shape[1]) if self._rows else np.unique(y)

    def fit_outputs(self, outputs: int | None) -> None:
        """Compare with the number of a model's outputs.

        Where the model has more outputs and all labels are numbers of outputs, each keeps its number: part of a data set
        may lack a class.

        Raises:
            ValueError: there is no output for each class.
        """
        count = len(self.classes)
        if self._rows or outputs is None or outputs == count or (outputs == 1 and count <= 2):
            return
        whole = self.classes.dtype.kind in "iufb" and np.all(self.classes == np.round(self.classes.astype(float)))
        if outputs > count and whole and self.classes.min() >= 0 and self.classes.max() < outputs:
            self.classes = np.arange(outputs).astype(self.classes.dtype)
            return
        shown = ", ".join(map(str, self.classes[:10].tolist())) + (", …" if count > 10 else "")
        raise ValueError(
            f"The labels have {count} classes ({shown}); the model that build_fn returns has {outputs} outputs. It needs "
            f"{'one for each class, or a single one for two classes' if count <= 2 else 'one for each class'}."
        )

    def encode(self, y: np.ndarray, loss: Any, outputs: int | None) -> np.ndarray:
        """Return labels as a model with this loss and number of outputs is trained on."""
        if self._rows:
            return y
        numbers = np.searchsorted(self.classes, y)
        name = getattr(loss, "__name__", loss)
        if name == "categorical_crossentropy" or (
            outputs not in (None, 1) and name != "sparse_categorical_crossentropy"
        ):
            return to_categorical(numbers, max(len(self.classes), outputs or 0))
        return numbers

    def weights(self, y: np.ndarray, given: Any) -> Any:
        """Return class weights by number of the class, from weights by label or ``'balanced'``."""
        if isinstance(given, str):
            if given != "balanced":
                raise ValueError(f"class_weight is 'balanced', or a dict of weights by label; got {given!r}.")
            numbers = y.argmax(axis=1) if self._rows else np.searchsorted(self.classes, y)
            counts = np.bincount(numbers, minlength=len(self.classes))
            there = np.count_nonzero(counts)
            return {k: len(numbers) / (there * count) if count else 1.0 for k, count in enumerate(counts.tolist())}
        if isinstance(given, Mapping) and not self._rows and set(given) <= set(self.classes.tolist()):
            return {int(np.searchsorted(self.classes, label)): weight for label, weight in given.items()}
        return given
