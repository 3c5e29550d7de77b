"""Saving the model during training."""

import math
import warnings
from typing import Any

import numpy as np

from jkeras.callbacks.base import Callback, Logs
from jkeras.callbacks.schedule import known_mode, monitored
from jkeras.utils.progbar import echo

__all__ = ["ModelCheckpoint", "TerminateOnNaN"]


class ModelCheckpoint(Callback):
    """Saves the model after epochs (Keras 1).

    A file is complete or not there: it is written under another name and then renamed.

    Args:
        filepath: may hold the epoch (from 0) and what the logs hold: ``'weights.{epoch:02d}-{val_loss:.2f}.h5'``.
        monitor: name in the epoch's logs, for `save_best_only`.
        verbose: 1 prints a line for every epoch that is looked at.
        save_best_only: save only where `monitor` is better than ever before.
        save_weights_only: save the weights, without architecture and optimizer.
        mode: ``'min'``, ``'max'``, or ``'auto'``: ``'max'`` where `monitor` contains ``acc`` or starts with ``fmeasure``, else
            ``'min'``.
        period: look at every so-many-th epoch.

    Raises:
        ValueError: `filepath` names something that the logs do not hold.
    """

    remembers = ("best", "epochs_since_last_save")

    def __init__(
        self,
        filepath: str,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        period: int = 1,
    ):
        super().__init__()
        self.filepath = filepath
        self.monitor = monitor
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.period = period
        self.epochs_since_last_save = 0
        mode = known_mode(mode, "ModelCheckpoint")
        grows = mode == "max" or (mode == "auto" and ("acc" in monitor or monitor.startswith("fmeasure")))
        self.monitor_op = np.greater if grows else np.less
        self.best = -np.inf if grows else np.inf

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self.epochs_since_last_save += 1
        if self.epochs_since_last_save < self.period:
            return
        self.epochs_since_last_save = 0
        path = self._path(epoch, logs)
        if self.save_best_only:
            current = monitored(self.monitor, logs, "Saving the best model")
            if current is None:
                return
            if not self.monitor_op(current, self.best):
                self._say(f"Epoch {epoch:05d}: {self.monitor} did not improve")
                return
            self._say(
                f"Epoch {epoch:05d}: {self.monitor} improved from {self.best:0.5f} to {current:0.5f}, saving model to {path}"
            )
            self.best = current
        else:
            self._say(f"Epoch {epoch:05d}: saving model to {path}")
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)

    def _path(self, epoch: int, logs: Logs) -> str:
        try:
            return str(self.filepath).format(epoch=epoch, **logs)
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, which the logs do not hold; they hold "
                f"{', '.join(['epoch', *sorted(logs)])}. Names with val_ need validation data."
            ) from None

    def _say(self, line: str) -> None:
        if self.verbose > 0:
            echo(f"{line}\n")


class TerminateOnNaN(Callback):
    """Stops training at the end of the epoch in which the loss became NaN or infinite, with a warning that says where."""

    @property
    def watches_batches(self) -> bool:
        return False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_batches_end(self, first_batch: int, sizes: np.ndarray, names: Any, values: np.ndarray) -> None:
        losses = values[:, list(names).index("loss")]
        for number in np.flatnonzero(~np.isfinite(losses))[:1]:
            self._stop(first_batch + int(number), float(losses[number]))

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self._stop(batch, float(loss))

    def _stop(self, batch: int, loss: float) -> None:
        if not self.model.stop_training:
            warnings.warn(
                f"Epoch {self._epoch}, batch {batch}: the loss is {loss}; training stops after this epoch. A lower learning rate "
                "or clipnorm= keeps it finite.",
                stacklevel=2,
            )
        self.model.stop_training = True
