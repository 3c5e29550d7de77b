"""Import path of Keras 1: ``keras.datasets.cifar100``. Small images in 100 classes."""

import os

import numpy as np

from jkeras.backend.config import image_dim_ordering
from jkeras.datasets.cifar import folder, load_batch
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "load_batch", "load_data"]

Split = tuple[np.ndarray, np.ndarray]

_SUM = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: 50,000 and 10,000 images, and labels of shape ``(samples, 1)``.

    Images have shape ``(3, 32, 32)``, or ``(32, 32, 3)`` where `image_dim_ordering` is ``'tf'``. They are read from the folder
    ``~/.keras/datasets/cifar-100-python``.

    Args:
        label_mode: ``'fine'`` for 100 classes, ``'coarse'`` for the 20 groups that they form.

    Raises:
        OSError: the archive cannot be downloaded; the message says where to put it.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(f"label_mode is 'fine' or 'coarse'; got {label_mode!r}.")
    path = folder(get_file, "cifar-100-python", "cifar-100-python.tar.gz", _SUM)
    X_train, y_train = load_batch(os.path.join(path, "train"), f"{label_mode}_labels")
    X_test, y_test = load_batch(os.path.join(path, "test"), f"{label_mode}_labels")
    if image_dim_ordering() == "tf":
        X_train, X_test = X_train.transpose(0, 2, 3, 1), X_test.transpose(0, 2, 3, 1)
    return (X_train, np.array(y_train)[:, None]), (X_test, np.array(y_test)[:, None])
