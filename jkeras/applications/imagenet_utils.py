"""Import path of Keras 1: ``keras.applications.imagenet_utils``. Images and classes of ImageNet."""

from typing import Any

from jkeras.compat.later import later
from jkeras.utils.data_utils import get_file

__all__ = ["CLASS_INDEX_PATH", "RELEASES", "decode_predictions", "get_file", "preprocess_input"]

CLASS_INDEX_PATH = "https://s3.amazonaws.com/deep-learning-models/image-models/imagenet_class_index.json"
"""Where Keras 1 finds the names of the classes."""

RELEASES = "https://github.com/fchollet/deep-learning-models/releases/download"
"""Where Keras 1 finds trained weights."""


@later("the applications")
def preprocess_input(x: Any, dim_ordering: str = "default") -> Any:
    """Return images with the colours that the networks were trained on."""


@later("the applications")
def decode_predictions(preds: Any, top: int = 5) -> Any:
    """Return the names of the likeliest classes."""
