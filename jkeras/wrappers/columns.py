"""Names of columns: a frame whose columns stand in another order than in `fit` would give wrong predictions."""

import warnings
from typing import Any

import numpy as np

__all__ = ["check_names", "names_of"]


def names_of(x: Any) -> np.ndarray | None:
    """Return the names of a frame's columns, or ``None`` unless it has columns and all their names are texts."""
    columns = getattr(x, "columns", None)
    if columns is None or len(columns) == 0 or not all(isinstance(name, str) for name in columns):
        return None
    return np.array(list(columns), dtype=object)


def check_names(x: Any, fitted: np.ndarray | None, estimator: str) -> None:
    """Compare the columns of samples with those that `fit` got, in scikit-learn's words.

    Args:
        x: samples.
        fitted: from `names_of`.
        estimator: its class, for messages.

    Raises:
        ValueError: both have names, and they differ.
    """
    names = names_of(x)
    if names is None and fitted is None:
        return
    if fitted is None:
        _warn(f"X has feature names, but {estimator} was fitted without feature names")
        return
    if names is None:
        _warn(f"X does not have valid feature names, but {estimator} was fitted with feature names")
        return
    if names.tolist() == fitted.tolist():
        return
    unseen, missing = sorted(set(names) - set(fitted)), sorted(set(fitted) - set(names))
    lines = ["The feature names should match those that were passed during fit."]
    for title, some in (
        ("Feature names unseen at fit time:", unseen),
        ("Feature names seen at fit time, yet now missing:", missing),
    ):
        if some:
            lines += [title, *(f"- {name}" for name in some[:5]), *(["- ..."] if len(some) > 5 else [])]
    if not unseen and not missing:
        lines.append("Feature names must be in the same order as they were in fit.")
    raise ValueError("\n".join(lines) + "\n")


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=6)
