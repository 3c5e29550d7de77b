"""Import path of Keras 1: ``keras.datasets.mnist``. Handwritten digits."""

import numpy as np

from jkeras.datasets.files import Release, locate, read_arrays
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "load_data"]

Split = tuple[np.ndarray, np.ndarray]

_RELEASE = Release("mnist.pkl.gz", "mnist.npz", "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1")


def load_data(path: str = "mnist.pkl.gz") -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: images of shape ``(60000, 28, 28)`` and ``(10000, 28, 28)``, digits.

    Args:
        path: file in ``~/.keras/datasets``: ``mnist.npz``, or Keras 1's ``mnist.pkl.gz`` if it is there. Nothing in it is run.

    Raises:
        OSError: the file cannot be downloaded; the message says where to put it.
        ValueError: the file holds something else.
    """
    path = locate(get_file, path, _RELEASE)
    X_train, y_train, X_test, y_test = map(np.asarray, read_arrays(path, ("x_train", "y_train", "x_test", "y_test")))
    for X, y in ((X_train, y_train), (X_test, y_test)):
        if X.ndim != 3 or y.shape != X.shape[:1]:
            raise ValueError(
                f"{path} holds images of shape {X.shape} and labels of shape {y.shape}; expected (samples, 28, 28) and (samples,)."
            )
    return (X_train, y_train), (X_test, y_test)
