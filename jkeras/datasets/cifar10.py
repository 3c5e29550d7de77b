"""Import path of Keras 1: ``keras.datasets.cifar10``. Small images in 10 classes."""

from typing import Any

from jkeras.compat.later import later
from jkeras.datasets.cifar import load_batch
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "load_batch", "load_data"]


@later("loading of data sets")
def load_data() -> Any:
    """Return ``(X_train, y_train), (X_test, y_test)``."""
