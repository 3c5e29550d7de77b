"""The VGG network of 19 layers."""

from typing import Any

from jkeras.applications import network
from jkeras.applications.imagenet_utils import RELEASES, decode_predictions, preprocess_input
from jkeras.backend.config import image_dim_ordering
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import get_source_inputs
from jkeras.layers.convolutional import Convolution2D
from jkeras.layers.core import Dense, Flatten
from jkeras.layers.pooling import MaxPooling2D
from jkeras.utils.data_utils import get_file
from jkeras.utils.layer_utils import convert_all_kernels_in_model

__all__ = [
    "TF_WEIGHTS_PATH",
    "TF_WEIGHTS_PATH_NO_TOP",
    "TH_WEIGHTS_PATH",
    "TH_WEIGHTS_PATH_NO_TOP",
    "VGG19",
    "Convolution2D",
    "Dense",
    "Flatten",
    "Input",
    "MaxPooling2D",
    "Model",
    "convert_all_kernels_in_model",
    "decode_predictions",
    "get_file",
    "get_source_inputs",
    "preprocess_input",
]

TF_WEIGHTS_PATH = f"{RELEASES}/v0.1/vgg19_weights_tf_dim_ordering_tf_kernels.h5"
TF_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.1/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
TH_WEIGHTS_PATH = f"{RELEASES}/v0.1/vgg19_weights_th_dim_ordering_th_kernels.h5"
TH_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.1/vgg19_weights_th_dim_ordering_th_kernels_notop.h5"


_TRAINED = network.Releases(
    {
        ("th", True): TH_WEIGHTS_PATH,
        ("th", False): TH_WEIGHTS_PATH_NO_TOP,
        ("tf", True): TF_WEIGHTS_PATH,
        ("tf", False): TF_WEIGHTS_PATH_NO_TOP,
    }
)
_BLOCKS = ((2, 64), (2, 128), (4, 256), (4, 512), (4, 512))  # (convolutions, filters)


def VGG19(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Model:
    """Return the VGG network of 19 layers: five blocks of 3×3 convolutions, then fully connected layers.

    Args:
        include_top: whether the fully connected layers are there.
        weights: ``'imagenet'`` downloads trained weights, ``None`` leaves them random; or the path of a file.
        input_tensor: a tensor that the network is to read, such as another layer's output.
        input_shape: of one image, if there is no top; at least 48 rows and columns.
        classes: how many classes the top distinguishes.

    Shapes: input ``(batch, 3, 224, 224)`` or, with image_dim_ordering 'tf', ``(batch, 224, 224, 3)``; output
    ``(batch, classes)``, or without a top the features of the last block.

    Source: Simonyan & Zisserman 2014, Very deep convolutional networks for large-scale image recognition.
    """
    shape = network.image_shape("VGG19", input_shape, 224, 48, include_top, image_dim_ordering())

    def layers(x: Any) -> Any:
        for block, (convolutions, filters) in enumerate(_BLOCKS, 1):
            for number in range(1, convolutions + 1):
                name = f"block{block}_conv{number}"
                x = Convolution2D(filters, 3, 3, activation="relu", border_mode="same", name=name)(x)
            x = MaxPooling2D((2, 2), strides=(2, 2), name=f"block{block}_pool")(x)
        if include_top:
            x = Flatten(name="flatten")(x)
            x = Dense(4096, activation="relu", name="fc1")(x)
            x = Dense(4096, activation="relu", name="fc2")(x)
            x = Dense(classes, activation="softmax", name="predictions")(x)
        return x

    return network.build("vgg19", layers, shape, weights, input_tensor, include_top, classes, _TRAINED)
