"""Handwritten digits that need no network: the 1,797 small images that scikit-learn ships."""

import numpy as np

from jkeras.errors import MissingExtraError

__all__ = ["load_data"]

Split = tuple[np.ndarray, np.ndarray]


def load_data(test_split: float = 0.2, seed: int = 113) -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: images of shape ``(samples, 8, 8)`` and the digits on them.

    Pixels are integers from 0 to 16. The images are shuffled: they come from 43 writers, one after the other.

    Args:
        test_split: share of the images in the test set.
        seed: of the shuffling.

    Raises:
        MissingExtraError: scikit-learn is not installed.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.
    """
    if not 0 <= test_split <= 1:
        raise ValueError(f"test_split is a share between 0 and 1; got {test_split}.")
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtraError("scikit-learn", "sklearn", "datasets.digits") from None
    images, labels = load_digits(return_X_y=True)
    order = np.random.RandomState(seed).permutation(len(images))
    X, y = np.asarray(images, "uint8")[order].reshape(-1, 8, 8), np.asarray(labels, "uint8")[order]
    at = int(len(X) * (1 - test_split))
    return (X[:at], y[:at]), (X[at:], y[at:])
