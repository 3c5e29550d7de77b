"""All layers, under the names of Keras 1; each family is a module of its own."""

from jkeras.engine.contract import InputSpec
from jkeras.engine.input import Input, InputLayer
from jkeras.engine.layer import Layer
from jkeras.engine.saving.config import layer_registry
from jkeras.layers.advanced_activations import ELU, LeakyReLU, ParametricSoftplus, PReLU, SReLU, ThresholdedReLU
from jkeras.layers.bidirectional import Bidirectional
from jkeras.layers.convolutional import (
    AtrousConv1D,
    AtrousConv2D,
    AtrousConvolution1D,
    AtrousConvolution2D,
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconv2D,
    Deconvolution2D,
    SeparableConv2D,
    SeparableConvolution2D,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from jkeras.layers.convolutional_recurrent import ConvLSTM2D, ConvRecurrent2D
from jkeras.layers.core import Activation, ActivityRegularization, Masking
from jkeras.layers.dense import Dense, Highway, MaxoutDense, TimeDistributedDense
from jkeras.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from jkeras.layers.embeddings import Embedding
from jkeras.layers.lambda_ import Lambda
from jkeras.layers.local import LocallyConnected1D, LocallyConnected2D
from jkeras.layers.merge import Merge, merge
from jkeras.layers.noise import GaussianDropout, GaussianNoise
from jkeras.layers.normalization import BatchNormalization
from jkeras.layers.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from jkeras.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from jkeras.layers.recurrent.gated import time_distributed_dense
from jkeras.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from jkeras.layers.wrappers import TimeDistributed, Wrapper
from jkeras.legacy.names import old_names
from jkeras.utils.generic_utils import func_dump, func_load, get_from_module
from jkeras.utils.np_utils import conv_input_length, conv_output_length

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "AtrousConv1D",
    "AtrousConv2D",
    "AtrousConvolution1D",
    "AtrousConvolution2D",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "ConvLSTM2D",
    "ConvRecurrent2D",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Deconv2D",
    "Deconvolution2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "Highway",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LeakyReLU",
    "LocallyConnected1D",
    "LocallyConnected2D",
    "Masking",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "MaxoutDense",
    "Merge",
    "PReLU",
    "ParametricSoftplus",
    "Permute",
    "Recurrent",
    "RepeatVector",
    "Reshape",
    "SReLU",
    "SeparableConv2D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "ThresholdedReLU",
    "TimeDistributed",
    "TimeDistributedDense",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "conv_input_length",
    "conv_output_length",
    "func_dump",
    "func_load",
    "get_from_module",
    "merge",
    "time_distributed_dense",
]

# What a config may name: all but the base classes.
for _name in __all__:
    _layer = globals().get(_name)
    _is_base = _layer in (Layer, ConvRecurrent2D, Recurrent, Wrapper)
    if isinstance(_layer, type) and issubclass(_layer, Layer) and not _is_base:
        layer_registry.register()(_layer)

__getattr__ = old_names(__name__)
