"""Callbacks: what a script does at the beginnings and ends of training, epochs and batches."""

from jkeras.callbacks.base import Callback, CallbackList
from jkeras.callbacks.checkpoint import ModelCheckpoint, TerminateOnNaN
from jkeras.callbacks.logging import BaseLogger, History, LambdaCallback, ProgbarLogger
from jkeras.callbacks.records import CSVLogger, RemoteMonitor
from jkeras.callbacks.resume import Resume
from jkeras.callbacks.schedule import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau
from jkeras.callbacks.tensorboard import TensorBoard
from jkeras.utils.progbar import Progbar

__all__ = [
    "BaseLogger",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Progbar",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "Resume",
    "TensorBoard",
    "TerminateOnNaN",
]
