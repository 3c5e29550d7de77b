"""Callbacks: what a script does at the beginnings and ends of training, epochs and batches."""

from jkeras.callbacks.base import Callback, CallbackList
from jkeras.callbacks.logging import BaseLogger, History, LambdaCallback, ProgbarLogger
from jkeras.callbacks.schedule import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from jkeras.utils.progbar import Progbar

__all__ = [
    "BaseLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Progbar",
    "ProgbarLogger",
    "ReduceLROnPlateau",
]
