"""Callbacks that record or show how training goes: averages, history, progress bar, functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jkeras.callbacks.base import Callback, Logs
from jkeras.utils.progbar import Progbar, echo

__all__ = ["BaseLogger", "History", "LambdaCallback", "ProgbarLogger"]


class BaseLogger(Callback):
    r"""Averages the metrics of an epoch: :math:`\sum_i v_i n_i / \sum_i n_i` over batches of :math:`n_i` samples.

    The sums are float64 and run in the order of the batches, so that batches reported one by one or together
    give the same bits. Every model has this callback, before all others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.totals: dict[str, float] = {}

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.seen = 0
        self.totals = {}

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        size = int(logs.get("size", 0))
        self.seen += size
        for name in self.params["metrics"]:
            if name in logs:
                self.totals[name] = self.totals.get(name, 0.0) + float(logs[name]) * size

    def on_batches_end(self, first_batch: int, sizes: np.ndarray, names: Sequence[str], values: np.ndarray) -> None:
        self.seen += int(sizes.sum())
        before = np.array([[self.totals.get(name, 0.0) for name in names]], dtype=np.float64)
        terms = np.asarray(values, dtype=np.float64) * sizes[:, None]
        # cumsum adds strictly in order; sum would pair the terms and round differently than batch by batch.
        after = np.cumsum(np.concatenate([before, terms]), axis=0)[-1]
        self.totals.update(zip(names, after.tolist(), strict=True))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is None or not self.seen:
            return
        for name in self.params["metrics"]:
            if name in self.totals:
                logs[name] = self.totals[name] / self.seen


class History(Callback):
    """Records the logs of every epoch; `fit` returns it.

    Attributes:
        epoch: the numbers of the epochs.
        history: ``{name: [value of each epoch]}``.
    """

    remembers = ("epoch", "history")

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []
        self.history = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def _repr_html_(self) -> str:
        from jkeras.utils.html import history_html

        return history_html(self)


class ProgbarLogger(Callback):
    """Prints ``Epoch 1/10`` and a progress bar with running averages; at the end of the epoch its logs.

    ``params['verbose']`` decides: 0 nothing, 1 a bar, 2 one line an epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 0
        self.nb_epoch = 0
        self.seen = 0
        self.progbar = Progbar(target=None, verbose=0)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.verbose = self.params["verbose"]
        self.nb_epoch = self.params["nb_epoch"]

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose:
            echo(f"Epoch {epoch + 1}/{self.nb_epoch}\n")
        self.progbar = Progbar(target=self.params["nb_sample"], verbose=self.verbose)
        self.seen = 0

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        self._advance(int(logs.get("size", 0)), logs)

    def on_batches_end(self, first_batch: int, sizes: np.ndarray, names: Sequence[str], values: np.ndarray) -> None:
        size = int(sizes.sum())
        if self.verbose and size:
            means = sizes @ np.asarray(values, dtype=np.float64) / size
            self._advance(size, dict(zip(names, means.tolist(), strict=True)))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.verbose:
            self.progbar.finish(self._shown(logs or {}))

    def _advance(self, size: int, logs: Logs) -> None:
        self.seen += size
        if not self.verbose:
            return
        target = self.params["nb_sample"]
        if target is None or self.seen < target:
            self.progbar.update(self.seen, self._shown(logs))
        else:
            # The last line waits for the end of the epoch, which brings the validation's results.
            self.progbar.collect(self.seen, self._shown(logs))

    def _shown(self, logs: Logs) -> list[tuple[str, Any]]:
        return [(name, logs[name]) for name in self.params["metrics"] if name in logs]


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end: called with ``(epoch, logs)``.
        on_batch_begin, on_batch_end: called with ``(batch, logs)``; giving one makes training go batch by batch.
        on_train_begin, on_train_end: called with ``(logs)``.
        **kwargs: attributes of the callback.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_batch_begin: Callable[..., Any] | None = None,
        on_batch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__()
        functions = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_batch_begin": on_batch_begin,
            "on_batch_end": on_batch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
        }
        # What is not given stays the class's empty method, so that it does not count as watching batches.
        vars(self).update(kwargs, **{name: function for name, function in functions.items() if function is not None})
