"""Recurrent layers (Keras 1's ``keras.layers.recurrent``)."""

from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers.recurrent.base import Recurrent
from jkeras.layers.recurrent.gated import time_distributed_dense
from jkeras.layers.recurrent.gru import GRU
from jkeras.layers.recurrent.lstm import LSTM
from jkeras.layers.recurrent.simple import SimpleRNN
from jkeras.legacy.names import old_names

__all__ = ["GRU", "LSTM", "InputSpec", "Layer", "Recurrent", "SimpleRNN", "time_distributed_dense"]

__getattr__ = old_names(__name__)
