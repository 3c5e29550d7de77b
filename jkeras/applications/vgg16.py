"""Import path of Keras 1: ``keras.applications.vgg16``. The VGG network of 16 layers."""

from typing import Any

from jkeras.applications.imagenet_utils import RELEASES, decode_predictions, preprocess_input
from jkeras.compat.later import later
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
    "VGG16",
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

TF_WEIGHTS_PATH = f"{RELEASES}/v0.1/vgg16_weights_tf_dim_ordering_tf_kernels.h5"
TF_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.1/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
TH_WEIGHTS_PATH = f"{RELEASES}/v0.1/vgg16_weights_th_dim_ordering_th_kernels.h5"
TH_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.1/vgg16_weights_th_dim_ordering_th_kernels_notop.h5"


@later("the applications")
def VGG16(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Any:
    """Return the network."""
