"""Import path of Keras 1: ``keras.applications.music_tagger_crnn``. A recurrent convolutional network that tags music."""

from typing import Any

from jkeras.applications.audio_conv_utils import decode_predictions, preprocess_input
from jkeras.applications.imagenet_utils import RELEASES
from jkeras.compat.later import later
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import get_source_inputs
from jkeras.layers.advanced_activations import ELU
from jkeras.layers.convolutional import Convolution2D, ZeroPadding2D
from jkeras.layers.core import Dense, Dropout, Permute, Reshape
from jkeras.layers.normalization import BatchNormalization
from jkeras.layers.pooling import MaxPooling2D
from jkeras.layers.recurrent import GRU
from jkeras.utils.data_utils import get_file
from jkeras.utils.layer_utils import convert_all_kernels_in_model

__all__ = [
    "ELU",
    "GRU",
    "TF_WEIGHTS_PATH",
    "TH_WEIGHTS_PATH",
    "BatchNormalization",
    "Convolution2D",
    "Dense",
    "Dropout",
    "Input",
    "MaxPooling2D",
    "Model",
    "MusicTaggerCRNN",
    "Permute",
    "Reshape",
    "ZeroPadding2D",
    "convert_all_kernels_in_model",
    "decode_predictions",
    "get_file",
    "get_source_inputs",
    "preprocess_input",
]

TF_WEIGHTS_PATH = f"{RELEASES}/v0.3/music_tagger_crnn_weights_tf_kernels_tf_dim_ordering.h5"
TH_WEIGHTS_PATH = f"{RELEASES}/v0.3/music_tagger_crnn_weights_tf_kernels_th_dim_ordering.h5"


@later("the applications")
def MusicTaggerCRNN(
    weights: str | None = "msd", input_tensor: Any = None, include_top: bool = True, classes: int = 50
) -> Any:
    """Return the network."""
