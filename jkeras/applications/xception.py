"""The Xception network: inception with separable convolutions."""

from typing import Any

import numpy as np

from jkeras.applications import network
from jkeras.applications.imagenet_utils import RELEASES, decode_predictions
from jkeras.backend.config import image_dim_ordering
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import get_source_inputs
from jkeras.layers.convolutional import Conv2D, SeparableConv2D
from jkeras.layers.core import Activation, Dense
from jkeras.layers.merge import merge
from jkeras.layers.normalization import BatchNormalization
from jkeras.layers.pooling import GlobalAveragePooling2D, MaxPooling2D
from jkeras.utils.data_utils import get_file

__all__ = [
    "TF_WEIGHTS_PATH",
    "TF_WEIGHTS_PATH_NO_TOP",
    "Activation",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "GlobalAveragePooling2D",
    "Input",
    "MaxPooling2D",
    "Model",
    "SeparableConv2D",
    "Xception",
    "decode_predictions",
    "get_file",
    "get_source_inputs",
    "merge",
    "preprocess_input",
]

TF_WEIGHTS_PATH = f"{RELEASES}/v0.4/xception_weights_tf_dim_ordering_tf_kernels.h5"
TF_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.4/xception_weights_tf_dim_ordering_tf_kernels_notop.h5"


_TRAINED = network.Releases({("tf", True): TF_WEIGHTS_PATH, ("tf", False): TF_WEIGHTS_PATH_NO_TOP})


def preprocess_input(x: Any) -> np.ndarray:
    """Return images with values 0 to 255 as the network was trained on them: -1 to 1. `x` is not changed."""
    images = np.asarray(x)
    if not np.issubdtype(images.dtype, np.floating):
        images = images.astype("float32")
    return (images / 255.0 - 0.5) * 2.0


def _convolved(x: Any, filters: int, size: int, name: str | None = None, **kwargs: Any) -> Any:
    x = Conv2D(filters, size, size, bias=False, dim_ordering="tf", name=name, **kwargs)(x)
    return BatchNormalization(name=name and f"{name}_bn")(x)


def _separable(x: Any, filters: int, block: int, number: int, activate: str = "before") -> Any:
    """Return the output of a separable convolution with a batch normalization, and relu before or after them."""
    name = f"block{block}_sepconv{number}"
    if activate == "before":
        x = Activation("relu", name=f"{name}_act")(x)
    x = SeparableConv2D(filters, 3, 3, border_mode="same", bias=False, dim_ordering="tf", name=name)(x)
    x = BatchNormalization(name=f"{name}_bn")(x)
    return Activation("relu", name=f"{name}_act")(x) if activate == "after" else x


def _halved(x: Any, shortcut: Any, block: int) -> Any:
    x = MaxPooling2D((3, 3), strides=(2, 2), border_mode="same", dim_ordering="tf", name=f"block{block}_pool")(x)
    return merge([x, shortcut], mode="sum")


def Xception(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Model:
    """Return the Xception network; it takes images with the channels last, whatever image_dim_ordering says.

    Args:
        include_top: whether the last layer, which tells the classes, is there.
        weights: ``'imagenet'`` downloads trained weights, ``None`` leaves them random; or the path of a file.
        input_tensor: a tensor that the network is to read, such as another layer's output.
        input_shape: of one image, if there is no top; at least 71 rows and columns.
        classes: how many classes the top distinguishes.

    Shapes: input ``(batch, 299, 299, 3)``; output ``(batch, classes)``, or without a top the features of the last block.

    Source: Chollet 2016, Xception: deep learning with depthwise separable convolutions.
    """
    if image_dim_ordering() == "th":
        network.warn_channels_last("Xception")
    shape = network.image_shape("Xception", input_shape, 299, 71, include_top, "tf")

    def layers(x: Any) -> Any:
        x = Activation("relu", name="block1_conv1_act")(_convolved(x, 32, 3, "block1_conv1", subsample=(2, 2)))
        x = Activation("relu", name="block1_conv2_act")(_convolved(x, 64, 3, "block1_conv2"))
        for block, filters in ((2, 128), (3, 256), (4, 728)):
            shortcut = _convolved(x, filters, 1, subsample=(2, 2), border_mode="same")
            x = _separable(x, filters, block, 1, activate="never" if block == 2 else "before")
            x = _halved(_separable(x, filters, block, 2), shortcut, block)
        for block in range(5, 13):
            shortcut = x
            for number in (1, 2, 3):
                x = _separable(x, 728, block, number)
            x = merge([x, shortcut], mode="sum")
        shortcut = _convolved(x, 1024, 1, subsample=(2, 2), border_mode="same")
        x = _halved(_separable(_separable(x, 728, 13, 1), 1024, 13, 2), shortcut, 13)
        x = _separable(x, 1536, 14, 1, activate="after")
        x = _separable(x, 2048, 14, 2, activate="after")
        if include_top:
            x = GlobalAveragePooling2D(dim_ordering="tf", name="avg_pool")(x)
            x = Dense(classes, activation="softmax", name="predictions")(x)
        return x

    return network.build("xception", layers, shape, weights, input_tensor, include_top, classes, _TRAINED, "tf")
