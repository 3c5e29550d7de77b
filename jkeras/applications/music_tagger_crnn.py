"""A convolutional recurrent network that tags music."""

from typing import Any

from jkeras.applications import network
from jkeras.applications.audio_conv_utils import decode_predictions, preprocess_input
from jkeras.applications.imagenet_utils import RELEASES
from jkeras.backend.config import image_dim_ordering
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


_TRAINED = network.Releases(
    {
        (ordering, top): path
        for ordering, path in (("th", TH_WEIGHTS_PATH), ("tf", TF_WEIGHTS_PATH))
        for top in (True, False)
    },
    trained="msd",
    classes=50,
)


def MusicTaggerCRNN(
    weights: str | None = "msd", input_tensor: Any = None, include_top: bool = True, classes: int = 50
) -> Model:
    """Return a network that tags music: convolutions of its mel spectrogram, then two GRUs over time.

    Args:
        weights: ``'msd'`` downloads weights trained on the Million Song Dataset, ``None`` leaves them random; or the path of a
            file.
        input_tensor: a tensor that the network is to read.
        include_top: whether the last layer, which tells the tags, is there.
        classes: how many tags it tells.

    Shapes: input ``(batch, 1, 96, 1366)`` or, with image_dim_ordering 'tf', ``(batch, 96, 1366, 1)``: mel bands and time, see
    `preprocess_input`; output ``(batch, classes)``, or without a top ``(batch, 32)``.

    Source: Choi et al. 2016, Convolutional recurrent neural networks for music classification.
    """
    first = image_dim_ordering() == "th"
    channels, time = (1, 3) if first else (3, 2)

    def layers(x: Any) -> Any:
        x = ZeroPadding2D(padding=(0, 37))(x)
        x = BatchNormalization(axis=time, name="bn_0_freq")(x)
        for block, (filters, size) in enumerate(((64, 2), (128, 3), (128, 4), (128, 4)), 1):
            x = Convolution2D(filters, 3, 3, border_mode="same", name=f"conv{block}")(x)
            x = BatchNormalization(axis=channels, mode=0, name=f"bn{block}")(x)
            x = ELU()(x)
            x = MaxPooling2D(pool_size=(size, size), strides=(size, size), name=f"pool{block}")(x)
        x = Permute((3, 1, 2) if first else (2, 1, 3))(x)  # time first; one band is left
        x = Reshape((15, 128))(x)
        x = GRU(32, return_sequences=True, name="gru1")(x)
        x = GRU(32, return_sequences=False, name="gru2")(x)
        return Dense(classes, activation="sigmoid", name="output")(x) if include_top else x

    shape = (1, 96, 1366) if first else (96, 1366, 1)
    return network.build("music_tagger_crnn", layers, shape, weights, input_tensor, include_top, classes, _TRAINED)
