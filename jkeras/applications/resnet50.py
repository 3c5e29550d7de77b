"""Import path of Keras 1: ``keras.applications.resnet50``. The residual network of 50 layers."""

from typing import Any

from jkeras.applications.imagenet_utils import RELEASES, decode_predictions, preprocess_input
from jkeras.compat.later import later
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import get_source_inputs
from jkeras.layers.convolutional import Convolution2D, ZeroPadding2D
from jkeras.layers.core import Activation, Dense, Flatten
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
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Convolution2D",
    "Dense",
    "Flatten",
    "Input",
    "MaxPooling2D",
    "Model",
    "ResNet50",
    "ZeroPadding2D",
    "conv_block",
    "convert_all_kernels_in_model",
    "decode_predictions",
    "get_file",
    "get_source_inputs",
    "identity_block",
    "merge",
    "preprocess_input",
]

TF_WEIGHTS_PATH = f"{RELEASES}/v0.2/resnet50_weights_tf_dim_ordering_tf_kernels.h5"
TF_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.2/resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
TH_WEIGHTS_PATH = f"{RELEASES}/v0.2/resnet50_weights_th_dim_ordering_th_kernels.h5"
TH_WEIGHTS_PATH_NO_TOP = f"{RELEASES}/v0.2/resnet50_weights_th_dim_ordering_th_kernels_notop.h5"


@later("the applications")
def ResNet50(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Any:
    """Return the network."""


@later("the applications")
def conv_block(
    input_tensor: Any, kernel_size: Any, filters: Any, stage: int, block: Any, strides: tuple[int, ...] = (2, 2)
) -> Any:
    """A residual block with a convolution in its shortcut."""


@later("the applications")
def identity_block(input_tensor: Any, kernel_size: Any, filters: Any, stage: int, block: Any) -> Any:
    """A residual block whose shortcut changes nothing."""
