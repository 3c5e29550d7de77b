"""Numpy helpers of Keras 1: labels, scores, lengths of convolved axes."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from jkeras.backend.config import image_dim_ordering

__all__ = [
    "accuracy",
    "binary_logloss",
    "categorical_probas_to_classes",
    "conv_input_length",
    "conv_output_length",
    "convert_kernel",
    "multiclass_logloss",
    "normalize",
    "probas_to_classes",
    "to_categorical",
]


def to_categorical(y: ArrayLike, nb_classes: int | None = None) -> np.ndarray:
    """Turn class numbers into one-hot rows.

    Args:
        y: class numbers from 0, of any shape; it is flattened.
        nb_classes: length of a row; by default the greatest class + 1.

    Returns:
        float64 array of shape (number of labels, nb_classes).

    Raises:
        ValueError: a label is negative, not whole or too large for `nb_classes`, or there is nothing to count.
    """
    labels = _whole_labels(y)
    if labels.size and labels.min() < 0:
        raise ValueError(
            f"to_categorical needs class numbers from 0; got {labels.min()}. "
            "Number the classes with np.unique(y, return_inverse=True)[1]."
        )
    if not nb_classes:
        if not labels.size:
            raise ValueError("to_categorical got no labels to count the classes of: give nb_classes.")
        nb_classes = int(labels.max()) + 1
    if nb_classes != int(nb_classes):
        raise ValueError(f"nb_classes of to_categorical should be a whole number; got {nb_classes!r}.")
    nb_classes = int(nb_classes)
    if labels.size and labels.max() >= nb_classes:
        raise ValueError(
            f"to_categorical got the label {labels.max()}, but nb_classes={nb_classes} allows 0 to {nb_classes - 1}. "
            "Give a greater nb_classes, or y - 1 if the labels count from 1."
        )
    rows = np.zeros((labels.size, nb_classes))
    rows[np.arange(labels.size), labels] = 1
    return rows


def _whole_labels(y: ArrayLike) -> np.ndarray:
    given = np.asarray(y).ravel()
    if given.dtype.kind in "iu":
        return given
    fix = "Number the classes with np.unique(y, return_inverse=True)[1]."
    try:
        labels = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"to_categorical needs class numbers; got {given[:3].tolist()}. {fix}") from error
    whole = np.isfinite(labels) & (labels == np.floor(labels))
    if not whole.all():
        raise ValueError(f"to_categorical needs whole class numbers; got {labels[~whole][0]}. {fix}")
    return labels.astype(int)


def normalize(a: ArrayLike, axis: int = -1, order: Any = 2) -> np.ndarray:
    """Divide by the norm along an axis; what has norm 0 stays 0.

    Args:
        a: array; of one axis gives shape (1, n), as in Keras 1.
        axis: the axis along which a norm is taken.
        order: the norm's order, as in `numpy.linalg.norm`.
    """
    a = np.asarray(a)
    norms = np.atleast_1d(np.linalg.norm(a, order, axis))
    norms[norms == 0] = 1
    return a / np.expand_dims(norms, axis)


def accuracy(p: Any, y: Any) -> Any:
    """Return the share of places where the classes `p` equal the classes `y`."""
    if len(p) != len(y):
        raise ValueError(f"accuracy needs as many predictions as labels; got {len(p)} and {len(y)}.")
    return np.mean([a == b for a, b in zip(p, y, strict=True)])


def probas_to_classes(y_pred: ArrayLike) -> np.ndarray:
    """Turn probabilities into class numbers.

    Args:
        y_pred: shape (n, classes): the likeliest class; (n,) or (n, 1): 1 where greater than 0.5, else 0.

    Returns:
        integer array of shape (n,).
    """
    y_pred = np.asarray(y_pred)
    if y_pred.ndim > 1 and y_pred.shape[1] > 1:
        return categorical_probas_to_classes(y_pred)
    if y_pred.size != len(y_pred):
        raise ValueError(f"probas_to_classes needs shape (n,), (n, 1) or (n, classes); got {y_pred.shape}.")
    return (y_pred.reshape(-1) > 0.5).astype(int)


def categorical_probas_to_classes(p: ArrayLike) -> np.ndarray:
    """Return the index of the greatest entry along axis 1."""
    return np.argmax(np.asarray(p), axis=1)


def binary_logloss(p: ArrayLike, y: ArrayLike) -> Any:
    """Return the mean over axis 0 of ``-(y log p + (1 - y) log(1 - p))``; `p` is clipped to 1e-15 from 0 and 1."""
    y = np.asarray(y)
    p = np.clip(np.asarray(p, dtype=np.float64), 1e-15, 1 - 1e-15)
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p), axis=0) / len(y)


def multiclass_logloss(p: Any, y: Any) -> Any:
    """Return the mean of ``-log p[i][y[i] - 1]``: classes count from 1 here, as in Keras 1.

    Args:
        p: probabilities, shape (n, classes).
        y: n class numbers from 1.
    """
    return -np.sum(np.log([p[i][y[i] - 1] for i in range(len(y))])) / len(y)


def conv_output_length(
    input_length: int | None, filter_size: int, border_mode: str, stride: int, dilation: int = 1
) -> int | None:
    """Return the length of an axis after a convolution or pooling; None stays None.

    Args:
        input_length: length before.
        filter_size: length of the filter.
        border_mode: ``'valid'``, ``'same'`` or ``'full'``.
        stride: step of the filter.
        dilation: distance of the filter's taps.
    """
    _check_border_mode(border_mode)
    if input_length is None:
        return None
    reach = filter_size + (filter_size - 1) * (dilation - 1)
    length = input_length + {"same": 0, "valid": 1 - reach, "full": reach - 1}[border_mode]
    return (length + stride - 1) // stride


def conv_input_length(output_length: int | None, filter_size: int, border_mode: str, stride: int) -> int | None:
    """Return the least length that a convolution turns into `output_length`; None stays None.

    The arguments are those of `conv_output_length`.
    """
    _check_border_mode(border_mode)
    if output_length is None:
        return None
    pad = {"same": filter_size // 2, "valid": 0, "full": filter_size - 1}[border_mode]
    return (output_length - 1) * stride - 2 * pad + filter_size


def convert_kernel(kernel: ArrayLike, dim_ordering: str | None = None) -> np.ndarray:
    """Turn a kernel by 180°: from Theano's convention to TensorFlow's, or back.

    jkeras does not need it: its layers compute in the convention of the file that their weights come from (their
    attribute `dialect`). It is here for scripts that exchange arrays by hand.

    Args:
        kernel: of a convolution: ``(filters, channels, *space)`` for ``'th'``, ``(*space, channels, filters)`` for ``'tf'``,
            with two or three axes of space.
        dim_ordering: ``'th'``, ``'tf'``; default: `image_dim_ordering`.

    Raises:
        ValueError: `kernel` has another rank, or `dim_ordering` is something else.
    """
    array = np.asarray(kernel)
    if array.ndim not in (4, 5):
        raise ValueError(f"convert_kernel takes kernels with 4 or 5 axes; got an array of shape {array.shape}.")
    ordering = image_dim_ordering() if dim_ordering is None else dim_ordering
    if ordering not in ("th", "tf"):
        raise ValueError(f"convert_kernel: dim_ordering is 'th' or 'tf'; got {dim_ordering!r}.")
    axes = range(2, array.ndim) if ordering == "th" else range(array.ndim - 2)
    return np.flip(array, tuple(axes)).copy()


def _check_border_mode(border_mode: str) -> None:
    if border_mode not in ("same", "valid", "full"):
        raise ValueError(f"border_mode should be 'valid', 'same' or 'full'; got {border_mode!r}.")
