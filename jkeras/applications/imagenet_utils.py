"""Images and classes of ImageNet."""

import json
from typing import Any

import numpy as np

from jkeras.backend.config import image_dim_ordering
from jkeras.utils.data_utils import get_file

__all__ = ["CLASS_INDEX", "CLASS_INDEX_PATH", "RELEASES", "decode_predictions", "get_file", "preprocess_input"]

CLASS_INDEX_PATH = "https://s3.amazonaws.com/deep-learning-models/image-models/imagenet_class_index.json"
"""Where Keras 1 finds the names of the classes."""

RELEASES = "https://github.com/fchollet/deep-learning-models/releases/download"
"""Where Keras 1 finds trained weights."""

_MEANS = (103.939, 116.779, 123.68)  # of blue, green and red in the training set


def preprocess_input(x: Any, dim_ordering: str = "default") -> np.ndarray:
    """Return images as VGG and ResNet were trained on: blue, green, red in place of red, green, blue, less their means.

    Args:
        x: images with values 0 to 255, ``(batch, 3, rows, cols)`` for ``'th'`` or ``(batch, rows, cols, 3)`` for ``'tf'``; it is
            not changed.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Raises:
        ValueError: the images do not have 3 channels where `dim_ordering` says.
    """
    ordering = image_dim_ordering() if dim_ordering == "default" else dim_ordering
    if ordering not in ("th", "tf"):
        raise ValueError(f"preprocess_input: dim_ordering is 'th', 'tf' or 'default'; got {dim_ordering!r}.")
    images = np.asarray(x)
    axis = 1 if ordering == "th" else -1
    if images.ndim != 4 or images.shape[axis] != 3:
        raise ValueError(
            f"preprocess_input takes a batch of images with 3 channels on axis {axis} (dim_ordering {ordering!r}); got shape "
            f"{images.shape}."
        )
    if not np.issubdtype(images.dtype, np.floating):
        images = images.astype("float32")
    means = np.reshape(np.array(_MEANS, images.dtype), (3, 1, 1) if ordering == "th" else (3,))
    return np.flip(images, axis) - means


CLASS_INDEX: dict[str, Any] | None = None
"""WordNet number and name of each class, by its index as a string: read when `decode_predictions` first needs them."""


def _obtain_input_shape(
    input_shape: Any, default_size: int, min_size: int, dim_ordering: str, include_top: bool
) -> tuple[int | None, ...]:
    """Return the shape of one image, as Keras 1's networks checked it; scripts for networks of their own import it.

    Args:
        input_shape: what the user gave, or ``None``.
        default_size: rows and columns of the images that the network was made for.
        min_size: the fewest rows and columns that it can take.
        dim_ordering: ``'th'`` or ``'tf'``.
        include_top: whether the fully connected layers are there, which want images of the default size.

    Raises:
        ValueError: `input_shape` does not fit.
    """
    from jkeras.applications.network import image_shape

    return image_shape("The network", input_shape, default_size, min_size, include_top, dim_ordering)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:
    """Return the likeliest classes of each sample as ``(WordNet number, name, probability)``, the likeliest first.

    The names are downloaded once, into ``~/.keras/models``.

    Args:
        preds: ``(batch, 1000)``.
        top: how many classes to return.

    Raises:
        ValueError: `preds` has another shape.
        OSError: the names cannot be downloaded; the message says where to put the file.
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ValueError(
            f"decode_predictions takes predictions for the 1000 classes of ImageNet, (batch, 1000); got shape {scores.shape}."
        )
    global CLASS_INDEX
    classes = CLASS_INDEX
    if classes is None:
        path = get_file("imagenet_class_index.json", CLASS_INDEX_PATH, cache_subdir="models")
        with open(path, encoding="utf-8") as file:
            classes = CLASS_INDEX = json.load(file)
    return [[(*classes[str(index)], float(row[index])) for index in np.argsort(row)[: -top - 1 : -1]] for row in scores]
