"""The VGG network of 19 layers."""

from typing import Any

from jkeras.applications import network
from jkeras.applications.imagenet_utils import RELEASES, decode_predictions, preprocess_input
from jkeras.applications.vgg import vgg
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


_TRAINED = network.Releases.of(TH_WEIGHTS_PATH, TH_WEIGHTS_PATH_NO_TOP, TF_WEIGHTS_PATH, TF_WEIGHTS_PATH_NO_TOP)


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
    return vgg("VGG19", (2, 2, 4, 4, 4), _TRAINED, include_top, weights, input_tensor, input_shape, classes)
