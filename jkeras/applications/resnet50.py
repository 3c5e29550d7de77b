"""The residual network of 50 layers."""

from typing import Any

from jkeras.applications import network
from jkeras.applications.imagenet_utils import RELEASES, decode_predictions, preprocess_input
from jkeras.backend.config import image_dim_ordering
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


_TRAINED = network.Releases.of(TH_WEIGHTS_PATH, TH_WEIGHTS_PATH_NO_TOP, TF_WEIGHTS_PATH, TF_WEIGHTS_PATH_NO_TOP)


def identity_block(input_tensor: Any, kernel_size: Any, filters: Any, stage: int, block: Any) -> Any:
    """Return the output of a residual block whose shortcut changes nothing.

    Args:
        input_tensor: what the block reads.
        kernel_size: rows and columns of the middle convolution.
        filters: of the three convolutions.
        stage, block: number and letter, for the names.
    """
    x = _bottleneck(input_tensor, kernel_size, filters, stage, block, (1, 1))
    return Activation("relu")(merge([x, input_tensor], mode="sum"))


def conv_block(
    input_tensor: Any, kernel_size: Any, filters: Any, stage: int, block: Any, strides: tuple[int, ...] = (2, 2)
) -> Any:
    """Return the output of a residual block with a convolution in its shortcut.

    Args:
        input_tensor: what the block reads.
        kernel_size: rows and columns of the middle convolution.
        filters: of the three convolutions; the last number is also that of the shortcut.
        stage, block: number and letter, for the names.
        strides: of the first convolution and of the shortcut.
    """
    x = _bottleneck(input_tensor, kernel_size, filters, stage, block, strides)
    name = f"{stage}{block}_branch1"
    shortcut = Convolution2D(filters[-1], 1, 1, subsample=strides, name=f"res{name}")(input_tensor)
    shortcut = BatchNormalization(axis=_channels(), name=f"bn{name}")(shortcut)
    return Activation("relu")(merge([x, shortcut], mode="sum"))


def _bottleneck(x: Any, kernel_size: Any, filters: Any, stage: int, block: Any, strides: Any) -> Any:
    """Return what is added to the shortcut: convolutions of 1×1, `kernel_size` and 1×1."""
    name = f"{stage}{block}_branch2"
    for letter, size, number in zip("abc", (1, kernel_size, 1), filters, strict=True):
        step = strides if letter == "a" else (1, 1)
        mode = "same" if letter == "b" else "valid"
        x = Convolution2D(number, size, size, border_mode=mode, subsample=step, name=f"res{name}{letter}")(x)
        x = BatchNormalization(axis=_channels(), name=f"bn{name}{letter}")(x)
        if letter != "c":
            x = Activation("relu")(x)
    return x


def _channels() -> int:
    return 1 if image_dim_ordering() == "th" else 3


def ResNet50(
    include_top: bool = True,
    weights: str | None = "imagenet",
    input_tensor: Any = None,
    input_shape: Any = None,
    classes: int = 1000,
) -> Model:
    """Return the residual network of 50 layers.

    Args:
        include_top: whether the last layer, which tells the classes, is there.
        weights: ``'imagenet'`` downloads trained weights, ``None`` leaves them random; or the path of a file.
        input_tensor: a tensor that the network is to read, such as another layer's output.
        input_shape: of one image, if there is no top; at least 197 rows and columns.
        classes: how many classes the top distinguishes.

    Shapes: input ``(batch, 3, 224, 224)`` or, with image_dim_ordering 'tf', ``(batch, 224, 224, 3)``; output
    ``(batch, classes)``, or without a top the pooled features of the last block.

    Source: He et al. 2015, Deep residual learning for image recognition.
    """
    shape = network.image_shape("ResNet50", input_shape, 224, 197, include_top, image_dim_ordering())

    def layers(x: Any) -> Any:
        x = ZeroPadding2D((3, 3))(x)
        x = Convolution2D(64, 7, 7, subsample=(2, 2), name="conv1")(x)
        x = BatchNormalization(axis=_channels(), name="bn_conv1")(x)
        x = Activation("relu")(x)
        x = MaxPooling2D((3, 3), strides=(2, 2))(x)
        for stage, blocks, filters in ((2, "abc", 64), (3, "abcd", 128), (4, "abcdef", 256), (5, "abc", 512)):
            sizes = [filters, filters, 4 * filters]
            x = conv_block(x, 3, sizes, stage, "a", strides=(1, 1) if stage == 2 else (2, 2))
            for block in blocks[1:]:
                x = identity_block(x, 3, sizes, stage, block)
        x = AveragePooling2D((7, 7), name="avg_pool")(x)
        if include_top:
            x = Flatten()(x)
            x = Dense(classes, activation="softmax", name="fc1000")(x)
        return x

    return network.build("resnet50", layers, shape, weights, input_tensor, include_top, classes, _TRAINED)
