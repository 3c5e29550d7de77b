"""Import path of Keras 1: ``keras.datasets.cifar``. The format of the CIFAR data sets."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["load_batch"]


@later("loading of data sets")
def load_batch(fpath: Any, label_key: str = "labels") -> Any:
    """Return images and labels of one file."""
