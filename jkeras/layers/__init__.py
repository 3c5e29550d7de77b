"""All layers, under the names of Keras 1; each family is a module of its own."""

from jkeras.engine.contract import InputSpec
from jkeras.engine.input import Input, InputLayer
from jkeras.engine.layer import Layer
from jkeras.engine.saving.config import layer_registry
from jkeras.layers.bidirectional import Bidirectional
from jkeras.layers.core import Activation, ActivityRegularization, Masking
from jkeras.layers.dense import Dense, Highway, MaxoutDense, TimeDistributedDense
from jkeras.layers.dropout import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from jkeras.layers.embeddings import Embedding
from jkeras.layers.lambda_ import Lambda
from jkeras.layers.merge import Merge, merge
from jkeras.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from jkeras.layers.reshaping import Flatten, Permute, RepeatVector, Reshape
from jkeras.layers.wrappers import TimeDistributed, Wrapper

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "ActivityRegularization",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Highway",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "Masking",
    "MaxoutDense",
    "Merge",
    "Permute",
    "Recurrent",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "TimeDistributed",
    "TimeDistributedDense",
    "Wrapper",
    "merge",
]

# What a config may name.
for _layer in (
    GRU, LSTM, Activation, ActivityRegularization, Bidirectional, Dense, Dropout, Embedding, Flatten, Highway, InputLayer,
    Lambda, Masking, MaxoutDense, Merge, Permute, RepeatVector, Reshape, SimpleRNN, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D,
    TimeDistributed, TimeDistributedDense,
):  # fmt: skip
    layer_registry.register()(_layer)
