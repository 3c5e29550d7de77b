"""Callbacks that steer training: stop it, or change the learning rate."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from jkeras import backend as K
from jkeras.callbacks.base import Callback, Logs
from jkeras.utils.progbar import echo

__all__ = ["EarlyStopping", "LearningRateScheduler", "ReduceLROnPlateau"]


class EarlyStopping(Callback):
    """Stops training when a quantity has not improved for more than `patience` epochs (Keras 1).

    An epoch is an improvement if it beats the best one by more than `min_delta`; training stops at the end of the
    ``patience + 1``-th epoch in a row that does not.

    Args:
        monitor: name in the epoch's logs.
        min_delta: the least change that counts as an improvement.
        patience: how many epochs without improvement to bear.
        verbose: 1 prints a line when training was stopped.
        mode: ``'min'``, ``'max'``, or ``'auto'``: ``'max'`` where `monitor` contains ``acc`` or starts with
            ``fmeasure``, else ``'min'``.
    """

    remembers = ("best", "wait", "stopped_epoch", "_stopped")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
    ):
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.verbose = verbose
        mode = known_mode(mode, "EarlyStopping")
        grows = "acc" in monitor or monitor.startswith("fmeasure")
        self.monitor_op = np.greater if mode == "max" or (mode == "auto" and grows) else np.less
        # Signed, so that one comparison serves both directions.
        self.min_delta = min_delta if self.monitor_op is np.greater else -min_delta
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = -np.inf if self.monitor_op is np.greater else np.inf
        self._stopped = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = monitored(self.monitor, logs, "Early stopping")
        if current is None:
            return
        if self.monitor_op(current - self.min_delta, self.best):
            self.best = current
            self.wait = 0
            return
        if self.wait >= self.patience:
            self.stopped_epoch = epoch
            self._stopped = True
            self.model.stop_training = True
        self.wait += 1

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._stopped and self.verbose > 0:
            echo(f"Epoch {self.stopped_epoch:05d}: early stopping\n")


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of every epoch (Keras 1).

    Args:
        schedule: takes the epoch (from 0) and returns the learning rate as a float.

    Raises:
        ValueError: the optimizer has no ``lr``, or `schedule` returned something else than a float.
    """

    def __init__(self, schedule: Callable[[int], float]):
        super().__init__()
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if not hasattr(optimizer, "lr"):
            raise ValueError(f'Optimizer must have a "lr" attribute; {type(optimizer).__name__} has none.')
        lr = self.schedule(epoch)
        if not isinstance(lr, float | np.floating):
            raise ValueError(
                f'The output of the "schedule" function should be float; for epoch {epoch} it returned '
                f"{lr!r} ({type(lr).__name__}). Let it return float(...)."
            )
        K.set_value(optimizer.lr, float(lr))


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by `factor` when a quantity stops improving (Keras 1).

    The first cut comes with the ``patience + 1``-th epoch in a row without improvement. Writes the learning rate that
    the epoch ran with into its logs, as ``lr``.

    Args:
        monitor: name in the epoch's logs.
        factor: new rate / old rate, less than 1.
        patience: how many epochs without improvement to bear.
        verbose: 1 prints a line for every cut.
        mode: ``'min'``, ``'max'``, or ``'auto'``: ``'max'`` where `monitor` contains ``acc``, else ``'min'``.
        epsilon: the least change that counts as an improvement.
        cooldown: epochs after a cut in which no epoch counts as bad.
        min_lr: the rate is never cut below this.

    Raises:
        ValueError: `factor` is 1 or more.
    """

    remembers = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        epsilon: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0,
    ):
        super().__init__()
        if factor >= 1.0:
            raise ValueError(
                f"ReduceLROnPlateau does not support a factor >= 1.0; got {factor!r}. "
                "The rate is multiplied by the factor: 0.1 makes it ten times smaller."
            )
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.mode = known_mode(mode, "ReduceLROnPlateau")
        self.epsilon = epsilon
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self._grows = self.mode == "max" or (self.mode == "auto" and "acc" in self.monitor)
        self.best = -np.inf if self._grows else np.inf
        self.cooldown_counter = 0
        self.wait = 0
        self.lr_epsilon = self.min_lr * 1e-4

    def monitor_op(self, current: float, best: float) -> bool:
        """Whether `current` improves on `best`."""
        return bool(current > best + self.epsilon if self._grows else current < best - self.epsilon)

    def in_cooldown(self) -> bool:
        """Whether a cut was made less than `cooldown` epochs ago."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = {} if logs is None else logs
        logs["lr"] = float(K.get_value(self.model.optimizer.lr))
        current = monitored(self.monitor, logs, "Learning Rate Plateau Reducing")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.monitor_op(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            if self.wait >= self.patience:
                self._cut(epoch, logs["lr"])
            # As in Keras 1 also right after a cut, whose epoch is the first bad one of the next wait.
            self.wait += 1

    def _cut(self, epoch: int, old_lr: float) -> None:
        # The margin keeps a rate that float32 rounded to just above min_lr from being cut for ever.
        if old_lr <= self.min_lr + self.lr_epsilon:
            return
        new_lr = max(old_lr * self.factor, self.min_lr)
        K.set_value(self.model.optimizer.lr, new_lr)
        if self.verbose > 0:
            echo(f"\nEpoch {epoch:05d}: reducing learning rate to {new_lr}.\n")
        self.cooldown_counter = self.cooldown
        self.wait = 0


def known_mode(mode: str, callback: str) -> str:
    """Return `mode` if it is known, else ``'auto'`` with a warning."""
    if mode in ("auto", "min", "max"):
        return mode
    warnings.warn(
        f"{callback} mode {mode} is unknown, fallback to auto mode. Known are: auto, min, max.",
        RuntimeWarning,
        stacklevel=3,
    )
    return "auto"


def monitored(name: str, logs: Logs | None, purpose: str) -> Any:
    """Return the value called `name`; None, with a warning that tells what there is, where it is missing."""
    logs = logs or {}
    value = logs.get(name)
    if value is None:
        others = ", ".join(sorted(logs)) or "nothing"
        hint = ""
        if name.startswith("val_") and not any(other.startswith("val_") for other in logs):
            hint = " Names with val_ need validation_data or validation_split in fit."
        warnings.warn(
            f"{purpose} requires {name} available! Available are: {others}.{hint}", RuntimeWarning, stacklevel=3
        )
    return value
