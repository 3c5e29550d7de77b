"""Import path of Keras 1: ``keras.layers.convolutional``. Convolution, and what resizes, pads and crops its inputs."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from jkeras.typing import Identifier
from jkeras.utils.np_utils import conv_input_length, conv_output_length

__all__ = [
    "AtrousConv1D",
    "AtrousConv2D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconv2D",
    "Deconvolution2D",
    "InputSpec",
    "Layer",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "conv_input_length",
    "conv_output_length",
]


@later("convolution")
class Convolution1D(Layer):
    """Filters over time."""

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: Any = None,
        input_length: Any = None,
        **kwargs: Any,
    ) -> None: ...


Conv1D = Convolution1D


@later("convolution")
class AtrousConvolution1D(Convolution1D):
    """Filters over time with gaps between their taps."""

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        atrous_rate: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


AtrousConv1D = AtrousConvolution1D


@later("convolution")
class Convolution2D(Layer):
    """Filters over images."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


Conv2D = Convolution2D


@later("convolution")
class AtrousConvolution2D(Convolution2D):
    """Filters over images with gaps between their taps."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        atrous_rate: tuple[int, ...] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


AtrousConv2D = AtrousConvolution2D


@later("convolution")
class Deconvolution2D(Convolution2D):
    """Transposed convolution of images."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        output_shape: Any,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


Deconv2D = Deconvolution2D


@later("convolution")
class SeparableConvolution2D(Layer):
    """Depthwise, then pointwise convolution of images."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        depth_multiplier: int = 1,
        dim_ordering: str = "default",
        depthwise_regularizer: Identifier = None,
        pointwise_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        depthwise_constraint: Identifier = None,
        pointwise_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


SeparableConv2D = SeparableConvolution2D


@later("convolution")
class Convolution3D(Layer):
    """Filters over volumes."""

    def __init__(
        self,
        nb_filter: int,
        kernel_dim1: int,
        kernel_dim2: int,
        kernel_dim3: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...


Conv3D = Convolution3D


@later("convolution")
class UpSampling1D(Layer):
    """Repeat each step `length` times."""

    def __init__(self, length: int = 2, **kwargs: Any) -> None: ...


@later("convolution")
class UpSampling2D(Layer):
    """Repeat rows and columns."""

    def __init__(self, size: tuple[int, ...] = (2, 2), dim_ordering: str = "default", **kwargs: Any) -> None: ...


@later("convolution")
class UpSampling3D(Layer):
    """Repeat along three axes."""

    def __init__(self, size: tuple[int, ...] = (2, 2, 2), dim_ordering: str = "default", **kwargs: Any) -> None: ...


@later("convolution")
class ZeroPadding1D(Layer):
    """Put zeros before and after a sequence."""

    def __init__(self, padding: int = 1, **kwargs: Any) -> None: ...


@later("convolution")
class ZeroPadding2D(Layer):
    """Put zeros around images."""

    def __init__(self, padding: tuple[int, ...] = (1, 1), dim_ordering: str = "default", **kwargs: Any) -> None: ...


@later("convolution")
class ZeroPadding3D(Layer):
    """Put zeros around volumes."""

    def __init__(self, padding: tuple[int, ...] = (1, 1, 1), dim_ordering: str = "default", **kwargs: Any) -> None: ...


@later("convolution")
class Cropping1D(Layer):
    """Cut steps off both ends of a sequence."""

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None: ...


@later("convolution")
class Cropping2D(Layer):
    """Cut rows and columns off images."""

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), dim_ordering: str = "default", **kwargs: Any) -> None: ...


@later("convolution")
class Cropping3D(Layer):
    """Cut slices off volumes."""

    def __init__(
        self, cropping: Any = ((1, 1), (1, 1), (1, 1)), dim_ordering: str = "default", **kwargs: Any
    ) -> None: ...
