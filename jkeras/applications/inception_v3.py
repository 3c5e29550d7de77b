"""The third version of the inception network."""

from typing import Any

import numpy as np

from jkeras.applications import network
from jkeras.applications.imagenet_utils import RELEASES, decode_predictions
from jkeras.backend.config import image_dim_ordering
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import get_source_inputs
from jkeras.layers.convolutional import Convolution2D
from jkeras.layers.core import Dense, Flatten
from jkeras.layers.merge import merge
from jkeras.layers.normalization import BatchNormalization
from jkeras.layers.pooling import AveragePooling2D, MaxPooling2D
from jkeras.utils.data_utils import get_file
from jkeras.utils.layer_utils import convert_all_kernels_in_model

__all__ = [
    "TF_WEIGHTS_PATH",
    "TF_WEIGHTS_PATH_NO_TOP",
    "TH_WEIGHTS_PATH",
    "TH_WEIGHTS_PATH_NO_TOP",
    "AveragePooling2D",
    "BatchNormalization",
    "Convolution2D",
    "Dense",
    "Flatten",
    "InceptionV3",
    "Input",
    "MaxPooling2D",
    "Model",
    "conv2d_bn",
    "convert_all_kernels_in_model",
    "decode_predictions",
    "get_file",
    "get_source_inputs",
    "merge",
    "preprocess_input",
]

TF_WEIGHTS_PATH = f"{RELEASES}/v0.2/inception_v3_weights_tf_dim_ordering_tf_kernels.h5"
TF_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.2/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"
TH_WEIGHTS_PATH = f"{RELEASES}/v0.2/inception_v3_weights_th_dim_ordering_th_kernels.h5"
TH_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.2/inception_v3_weights_th_dim_ordering_th_kernels_notop.h5"


_TRAINED = network.Releases.of(TH_WEIGHTS_PATH, TH_WEIGHTS_PATH_NO_TOP, TF_WEIGHTS_PATH, TF_WEIGHTS_PATH_NO_TOP)


def preprocess_input(x: Any) -> np.ndarray:
    """Return images with values 0 to 255 as the network was trained on them: -1 to 1. `x` is not changed."""
    images = np.asarray(x)
    if not np.issubdtype(images.dtype, np.floating):
        images = images.astype("float32")
    return (images / 255.0 - 0.5) * 2.0


def conv2d_bn(
    x: Any,
    nb_filter: int,
    nb_row: int,
    nb_col: int,
    border_mode: str = "same",
    subsample: tuple[int, ...] = (1, 1),
    name: str | None = None,
) -> Any:
    """Return the output of a convolution with relu and a batch normalization; `name` begins the names of both."""
    conv, bn = (None, None) if name is None else (f"{name}_conv", f"{name}_bn")
    x = Convolution2D(
        nb_filter, nb_row, nb_col, subsample=subsample, activation="relu", border_mode=border_mode, name=conv
    )(x)
    return BatchNormalization(axis=_channels(), name=bn)(x)


def _channels() -> int:
    return 1 if image_dim_ordering() == "th" else 3


def _chain(x: Any, *sizes: tuple[int, int, int]) -> Any:
    """Return the output of several `conv2d_bn`: (filters, rows, columns) of each."""
    for nb_filter, nb_row, nb_col in sizes:
        x = conv2d_bn(x, nb_filter, nb_row, nb_col)
    return x


def _halved(x: Any, nb_filter: int) -> Any:
    """Return the output of a 3×3 convolution on every second place."""
    return conv2d_bn(x, nb_filter, 3, 3, border_mode="valid", subsample=(2, 2))


def _averaged(x: Any, nb_filter: int) -> Any:
    return _chain(AveragePooling2D((3, 3), strides=(1, 1), border_mode="same")(x), (nb_filter, 1, 1))


def _joined(branches: list[Any], name: str | None = None) -> Any:
    return merge(branches, mode="concat", concat_axis=_channels(), name=name)


def _split(x: Any, name: str | None = None) -> Any:
    """Return 1×3 and 3×1 convolutions of the same input side by side."""
    return _joined([_chain(x, (384, 1, 3)), _chain(x, (384, 3, 1))], name)


def InceptionV3(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Model:
    """Return the third version of the inception network: branches of small convolutions, joined by their channels.

    Args:
        include_top: whether the last layer, which tells the classes, is there.
        weights: ``'imagenet'`` downloads trained weights, ``None`` leaves them random; or the path of a file.
        input_tensor: a tensor that the network is to read, such as another layer's output.
        input_shape: of one image, if there is no top; at least 139 rows and columns.
        classes: how many classes the top distinguishes.

    Shapes: input ``(batch, 3, 299, 299)`` or, with image_dim_ordering 'tf', ``(batch, 299, 299, 3)``; output
    ``(batch, classes)``, or without a top the features of the last block.

    Source: Szegedy et al. 2015, Rethinking the inception architecture for computer vision.
    """
    shape = network.image_shape("InceptionV3", input_shape, 299, 139, include_top, image_dim_ordering())

    def layers(x: Any) -> Any:
        x = conv2d_bn(x, 32, 3, 3, border_mode="valid", subsample=(2, 2))
        x = conv2d_bn(x, 32, 3, 3, border_mode="valid")
        x = MaxPooling2D((3, 3), strides=(2, 2))(conv2d_bn(x, 64, 3, 3))
        x = conv2d_bn(x, 80, 1, 1, border_mode="valid")
        x = MaxPooling2D((3, 3), strides=(2, 2))(conv2d_bn(x, 192, 3, 3, border_mode="valid"))
        for block in range(3):  # 35 x 35
            branches = [
                _chain(x, (64, 1, 1)),
                _chain(x, (48, 1, 1), (64, 5, 5)),
                _chain(x, (64, 1, 1), (96, 3, 3), (96, 3, 3)),
                _averaged(x, 32),
            ]
            x = _joined(branches, f"mixed{block}")
        pooled = MaxPooling2D((3, 3), strides=(2, 2))(x)
        x = _joined([_halved(x, 384), _halved(_chain(x, (64, 1, 1), (96, 3, 3)), 96), pooled], "mixed3")
        for block, first, size in ((4, 128, 128), (5, 160, 160), (6, 160, 160), (7, 160, 192)):  # 17 x 17
            branches = [
                _chain(x, (192, 1, 1)),
                _chain(x, (size, 1, 1), (size, 1, 7), (192, 7, 1)),
                _chain(x, (first, 1, 1), (size, 7, 1), (size, 1, 7), (size, 7, 1), (192, 1, 7)),
                _averaged(x, 192),
            ]
            x = _joined(branches, f"mixed{block}")
        branches = [
            _halved(_chain(x, (192, 1, 1)), 320),
            _halved(_chain(x, (192, 1, 1), (192, 1, 7), (192, 7, 1)), 192),
            MaxPooling2D((3, 3), strides=(2, 2))(x),
        ]
        x = _joined(branches, "mixed8")
        for block in (9, 10):  # 8 x 8
            branches = [
                _chain(x, (320, 1, 1)),
                _split(_chain(x, (384, 1, 1)), f"mixed9_{block - 9}"),
                _split(_chain(x, (448, 1, 1), (384, 3, 3))),
                _averaged(x, 192),
            ]
            x = _joined(branches, f"mixed{block}")
        if include_top:
            x = AveragePooling2D((8, 8), strides=(8, 8), name="avg_pool")(x)
            x = Flatten(name="flatten")(x)
            x = Dense(classes, activation="softmax", name="predictions")(x)
        return x

    return network.build("inception_v3", layers, shape, weights, input_tensor, include_top, classes, _TRAINED)
