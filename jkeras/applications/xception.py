"""Import path of Keras 1: ``keras.applications.xception``. Inception of separable convolutions."""

from typing import Any

from jkeras.applications.imagenet_utils import RELEASES, decode_predictions
from jkeras.compat.later import later
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


@later("the applications")
def Xception(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Any:
    """Return the network."""


@later("the applications")
def preprocess_input(x: Any) -> Any:
    """Return images with the colours that the network expects."""
