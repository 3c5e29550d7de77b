"""Import path of Keras 1: ``keras.datasets.mnist``. Handwritten digits."""

from typing import Any

from jkeras.compat.later import later
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "load_data"]


@later("loading of data sets")
def load_data(path: str = "mnist.pkl.gz") -> Any:
    """Return ``(X_train, y_train), (X_test, y_test)``."""
