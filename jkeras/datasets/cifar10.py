"""Import path of Keras 1: ``keras.datasets.cifar10``. Small images in 10 classes."""

import os

import numpy as np

from jkeras.backend.config import image_dim_ordering
from jkeras.datasets.cifar import folder, load_batch
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "load_batch", "load_data"]

Split = tuple[np.ndarray, np.ndarray]

_SUM = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"


def load_data() -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: 50,000 and 10,000 images, and labels of shape ``(samples, 1)``.

    Images have shape ``(3, 32, 32)``, or ``(32, 32, 3)`` where `image_dim_ordering` is ``'tf'``. They are read from the folder
    ``~/.keras/datasets/cifar-10-batches-py``.

    Raises:
        OSError: the archive cannot be downloaded; the message says where to put it.
    """
    path = folder(get_file, "cifar-10-batches-py", "cifar-10-python.tar.gz", _SUM)
    batches = [load_batch(os.path.join(path, f"data_batch_{i}")) for i in range(1, 6)]
    X_train = np.concatenate([images for images, _ in batches])
    y_train = np.array([label for _, labels in batches for label in labels], dtype="uint8")
    X_test, labels = load_batch(os.path.join(path, "test_batch"))
    if image_dim_ordering() == "tf":
        X_train, X_test = X_train.transpose(0, 2, 3, 1), X_test.transpose(0, 2, 3, 1)
    return (X_train, y_train[:, None]), (X_test, np.array(labels)[:, None])
