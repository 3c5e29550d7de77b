"""What a callback is, and the list through which the training loop talks to all of them.

A callback hears of single batches (`Callback.on_batch_begin`, `Callback.on_batch_end`, as in Keras 1) or of
many batches at once (`Callback.on_batches_end`). The training loop runs many batches on the device in one call;
it falls back to one batch at a time only if a callback *watches batches*.
"""

import statistics
import time
import warnings
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["Callback", "CallbackList", "Logs"]

Logs = dict[str, Any]
"""Names of metrics and their values; in batch logs also ``'batch'`` (its index) and ``'size'`` (its samples)."""

_SLOW = 0.1  # seconds: a batch method that takes less is never worth a warning


class Callback:
    """Base class of callbacks (Keras 1): override the methods of interest.

    Attributes:
        model: the model in training; its attribute ``stop_training`` set to True ends training after the epoch.
        params: settings of the training: ``batch_size``, ``nb_epoch``, ``nb_sample``, ``verbose``,
            ``do_validation``, ``metrics`` (the names that may appear in logs).
        validation_data: the arrays used for validation, or None.
    """

    # Defaults stand on the class: scripts write an __init__ that does not call this class's.
    model: Any = None
    params: Any = None
    validation_data: Any = None

    keeps_training = False
    """Whether this callback saves and restores the whole training: it comes after all others. For `Resume`."""
    only_first = False
    """Whether only the first of several processes that train together has this callback: what it writes is there once."""
    resumes = False
    """Whether the training goes on where it was interrupted: known from `on_train_begin` on."""
    remembers: Sequence[str] = ()
    """Names of the attributes that `Resume` keeps from one run to the next: numbers, texts, arrays, lists and dicts of them."""

    def __init__(self) -> None:
        pass

    def get_memory(self) -> dict[str, Any]:
        """Return what this callback needs to go on in another process: the attributes that `remembers` names."""
        return {name: getattr(self, name) for name in self.remembers if hasattr(self, name)}

    def set_memory(self, memory: Mapping[str, Any]) -> None:
        """Take over what `get_memory` returned in another process; called after `on_train_begin`."""
        for name in self.remembers:
            if name in memory:
                setattr(self, name, memory[name])

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Receive the settings of the training."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self.model = model

    @property
    def watches_batches(self) -> bool:
        """Whether this callback has to hear of every batch on its own, which makes training slower.

        True where `on_batch_begin` or `on_batch_end` was overridden later than `on_batches_end`, by a subclass
        or on the instance. A subclass may define it as a plain ``watches_batches = False`` or ``True``.
        """
        for names in (vars(self), *map(vars, type(self).__mro__)):
            if "on_batches_end" in names:
                return False
            if "on_batch_begin" in names or "on_batch_end" in names:
                return True
        return False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch, with its averages and validation results; what is added to `logs` is kept."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a batch, if any callback watches batches."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a batch with its loss and metrics, if any callback watches batches."""

    def on_batches_end(self, first_batch: int, sizes: np.ndarray, names: Sequence[str], values: np.ndarray) -> None:
        """Called after several batches that ran as one call, if no callback watches batches.

        Args:
            first_batch: index in the epoch of the first of them.
            sizes: numbers of samples, an integer array of shape (n,).
            names: names of the loss and metrics.
            values: their values, a float array of shape (n, len(names)).
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before training."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after training."""


class CallbackList:
    """Several callbacks, called in order (Keras 1).

    Args:
        callbacks: the callbacks; the list is copied.
        queue_length: how many of the last batches the warning about slow batch methods looks at.
    """

    def __init__(self, callbacks: Iterable[Any] | None = None, queue_length: int = 10):
        if isinstance(callbacks, Callback):
            raise TypeError(
                f"callbacks should be a list of callbacks; got a single {type(callbacks).__name__}: put it in a list."
            )
        self.callbacks: list[Any] = []
        self.queue_length = queue_length
        for callback in callbacks or ():
            self.append(callback)
        self._warned: set[str] = set()
        self._reset_clocks()

    def append(self, callback: Any) -> None:
        """Add `callback` at the end; one that keeps the training stays behind all others."""
        if isinstance(callback, type):
            raise TypeError(f"A callback should be an object; got the class {callback.__name__}: call it first.")
        place = len(self.callbacks)
        if not getattr(callback, "keeps_training", False):
            place -= len(self._keepers())
        self.callbacks.insert(place, callback)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Hand the settings of the training to all callbacks."""
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand the model to all callbacks."""
        for callback in self.callbacks:
            callback.set_model(model)

    @property
    def watches_batches(self) -> bool:
        """Whether any callback has to hear of every batch on its own; see `Callback.watches_batches`."""
        # An object of another class has batch methods, or nothing that on_batches_end could call.
        return any(getattr(callback, "watches_batches", True) for callback in self.callbacks)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Call this method of all callbacks."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)
        self._reset_clocks()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Call this method of all callbacks; a callback sees what those before it put into `logs`."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Call this method of all callbacks."""
        logs = {} if logs is None else logs
        start = time.perf_counter()
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs)
        self._batch_start = time.perf_counter()
        self._warn_if_slow("on_batch_begin", self._begin_seconds, self._batch_start - start)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Call this method of all callbacks."""
        logs = {} if logs is None else logs
        start = time.perf_counter()
        self._batch_seconds = 0.0 if self._batch_start is None else start - self._batch_start
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs)
        self._warn_if_slow("on_batch_end", self._end_seconds, time.perf_counter() - start)

    def on_batches_end(self, first_batch: int, sizes: np.ndarray, names: Sequence[str], values: np.ndarray) -> None:
        """Call this method of all callbacks; see `Callback.on_batches_end`."""
        for callback in self.callbacks:
            callback.on_batches_end(first_batch, sizes, names, values)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Call this method of all callbacks."""
        logs = {} if logs is None else logs
        for callback in self._keepers():
            callback.before_training(self.callbacks)
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def first_epoch(self, initial_epoch: int) -> int:
        """Return the epoch that training starts with, after `on_train_begin`: what `fit` was told, or where it was interrupted."""
        for callback in self._keepers():
            initial_epoch = callback.first_epoch(initial_epoch)
        return initial_epoch

    def _keepers(self) -> list[Any]:
        return [callback for callback in self.callbacks if getattr(callback, "keeps_training", False)]

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Call this method of all callbacks."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def _reset_clocks(self) -> None:
        self._batch_start: float | None = None
        self._batch_seconds = 0.0
        self._begin_seconds: deque[float] = deque(maxlen=self.queue_length)
        self._end_seconds: deque[float] = deque(maxlen=self.queue_length)

    def _warn_if_slow(self, method: str, history: deque[float], seconds: float) -> None:
        """Warn once if `method` takes longer than the batches that it watches."""
        history.append(seconds)
        # A median needs time itself, so it is taken only after a call that was slow.
        if seconds <= _SLOW or self._batch_seconds <= 0 or method in self._warned:
            return
        median = statistics.median(history)
        if median > _SLOW and median > 0.95 * self._batch_seconds:
            self._warned.add(method)
            warnings.warn(
                f"Method {method}() is slow compared to the batch update ({median:f}). Check your callbacks.",
                stacklevel=3,
            )
