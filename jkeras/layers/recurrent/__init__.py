"""Recurrent layers (Keras 1's ``keras.layers.recurrent``)."""

from jkeras.layers.recurrent.base import Recurrent
from jkeras.layers.recurrent.gru import GRU
from jkeras.layers.recurrent.lstm import LSTM
from jkeras.layers.recurrent.simple import SimpleRNN

__all__ = ["GRU", "LSTM", "Recurrent", "SimpleRNN"]
