"""The list of callbacks, and who has to hear of single batches."""

import time
import warnings

import numpy as np
import pytest

from jkeras.callbacks import (
    BaseLogger,
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    ProgbarLogger,
)


class Recorder(Callback):
    """Writes down every call; on purpose without super().__init__(), as many scripts do."""

    def __init__(self, name, calls):
        self.name = name
        self.calls = calls

    def on_train_begin(self, logs=None):
        self.calls.append((self.name, "on_train_begin", logs))

    def on_train_end(self, logs=None):
        self.calls.append((self.name, "on_train_end", logs))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append((self.name, "on_epoch_begin", epoch, logs))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((self.name, "on_epoch_end", epoch, logs))

    def on_batch_begin(self, batch, logs=None):
        self.calls.append((self.name, "on_batch_begin", batch, logs))

    def on_batch_end(self, batch, logs=None):
        self.calls.append((self.name, "on_batch_end", batch, logs))


def test_list_calls_all_in_order_with_the_same_logs():
    calls = []
    first, second = Recorder("a", calls), Recorder("b", calls)
    callbacks = CallbackList([first])
    callbacks.append(second)
    callbacks.set_params({"nb_epoch": 3})
    callbacks.set_model("model")
    assert first.params == second.params == {"nb_epoch": 3}
    assert first.model == second.model == "model"
    assert first.validation_data is None
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_batch_begin(4, {"size": 2})
    callbacks.on_batch_end(4, {"loss": 1.0})
    callbacks.on_epoch_end(0, {"loss": 1.0})
    callbacks.on_train_end()
    expected = [
        ("on_train_begin", {}),
        ("on_epoch_begin", 0, {}),
        ("on_batch_begin", 4, {"size": 2}),
        ("on_batch_end", 4, {"loss": 1.0}),
        ("on_epoch_end", 0, {"loss": 1.0}),
        ("on_train_end", {}),
    ]
    assert calls == [(name, *call) for call in expected for name in "ab"]


def test_an_empty_dict_of_logs_is_the_one_that_callbacks_fill():
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = 1

    logs = {}
    CallbackList([Adds()]).on_epoch_end(0, logs)
    assert logs == {"mine": 1}


def test_list_copies_and_explains_wrong_callbacks():
    given = [History()]
    callbacks = CallbackList(given)
    callbacks.append(History())
    assert len(given) == 1
    assert CallbackList().callbacks == []
    with pytest.raises(TypeError, match="single EarlyStopping: put it in a list"):
        CallbackList(EarlyStopping())
    with pytest.raises(TypeError, match="class History: call it first"):
        CallbackList([History])


class Chunked(Callback):
    def on_batches_end(self, first_batch, sizes, names, values):
        self.seen = first_batch, sizes, names, values


class ChunkedAndSingle(Chunked):
    def on_batch_end(self, batch, logs=None):
        pass


class ChunkedAgain(ChunkedAndSingle):
    def on_batches_end(self, first_batch, sizes, names, values):
        pass


class BothInOneClass(Callback):
    def on_batch_end(self, batch, logs=None):
        pass

    def on_batches_end(self, first_batch, sizes, names, values):
        pass


class OnlyBegin(Callback):
    def on_batch_begin(self, batch, logs=None):
        pass


class InheritsSingle(OnlyBegin):
    pass


class Mixin:
    def on_batch_end(self, batch, logs=None):
        pass


class MixedIn(Mixin, Callback):
    pass


class MixinHidden(Callback, Mixin):
    pass


class LoggerThatWatches(BaseLogger):
    def on_batch_end(self, batch, logs=None):
        super().on_batch_end(batch, logs)


class SaysNo(OnlyBegin):
    watches_batches = False


class Foreign:
    """Not a Callback: it cannot be asked, and has no on_batches_end."""


@pytest.mark.parametrize(
    ("make", "watches"),
    [
        (Callback, False),
        (BaseLogger, False),
        (ProgbarLogger, False),
        (History, False),
        (EarlyStopping, False),
        (Chunked, False),
        (ChunkedAndSingle, True),
        (ChunkedAgain, False),
        (BothInOneClass, False),
        (OnlyBegin, True),
        (InheritsSingle, True),
        (MixedIn, True),
        (MixinHidden, False),
        (LoggerThatWatches, True),
        (SaysNo, False),
        (Foreign, True),
        (LambdaCallback, False),
        (lambda: LambdaCallback(on_epoch_end=print, on_train_begin=print), False),
        (lambda: LambdaCallback(on_batch_begin=print), True),
        (lambda: LambdaCallback(on_batch_end=print), True),
    ],
)
def test_watches_batches(make, watches):
    assert CallbackList([History(), make()]).watches_batches is watches


def test_a_method_put_on_an_object_watches_batches():
    callback = History()
    callbacks = CallbackList([callback])
    assert not callbacks.watches_batches
    callback.on_batch_end = lambda batch, logs=None: None
    assert callbacks.watches_batches
    assert not CallbackList([History()]).watches_batches


def test_on_batches_end_reaches_every_callback():
    chunked = Chunked()
    sizes, values = np.array([2, 1]), np.array([[1.0], [2.0]])
    CallbackList([Callback(), chunked]).on_batches_end(5, sizes, ["loss"], values)
    assert chunked.seen == (5, sizes, ["loss"], values)


class Clock:
    """Stands in for time.perf_counter; callbacks and batches move it."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def spend(self, seconds):
        self.now += seconds


def run_batches(callbacks, clock, count, batch_seconds):
    for batch in range(count):
        callbacks.on_batch_begin(batch)
        clock.spend(batch_seconds)
        callbacks.on_batch_end(batch)


@pytest.mark.parametrize("method", ["on_batch_begin", "on_batch_end"])
def test_slow_batch_methods_are_warned_of_once(monkeypatch, method):
    clock = Clock(monkeypatch)
    callbacks = CallbackList([LambdaCallback(**{method: lambda batch, logs: clock.spend(0.3)})])
    with pytest.warns(
        UserWarning, match=rf"Method {method}\(\) is slow compared to the batch update \(0.300000\)"
    ) as w:
        run_batches(callbacks, clock, 5, batch_seconds=0.2)
    assert len(w) == 1


@pytest.mark.parametrize(("callback_seconds", "batch_seconds"), [(0.09, 0.01), (0.3, 0.4)])
def test_batch_methods_that_are_fast_enough_are_not_warned_of(monkeypatch, callback_seconds, batch_seconds):
    clock = Clock(monkeypatch)
    callbacks = CallbackList([LambdaCallback(on_batch_end=lambda batch, logs: clock.spend(callback_seconds))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run_batches(callbacks, clock, 5, batch_seconds)


def test_the_median_of_the_last_batches_decides(monkeypatch):
    clock = Clock(monkeypatch)
    seconds = iter([0.0] * 9 + [9.0] + [0.0] * 5 + [0.5] * 3)
    callbacks = CallbackList([LambdaCallback(on_batch_end=lambda batch, logs: clock.spend(next(seconds)))], 5)
    run_batches(callbacks, clock, 17, batch_seconds=0.01)  # one or two slow calls are not a slow callback
    with pytest.warns(UserWarning, match="slow"):
        run_batches(callbacks, clock, 1, batch_seconds=0.01)  # three of the last five


def test_an_epoch_forgets_the_slow_calls_of_the_one_before(monkeypatch):
    clock = Clock(monkeypatch)
    seconds = iter([0.5, 0.5, 0.5, 0.0, 0.0, 0.5])
    callbacks = CallbackList([LambdaCallback(on_batch_end=lambda batch, logs: clock.spend(next(seconds)))], 5)
    callbacks.on_epoch_begin(0)
    run_batches(callbacks, clock, 3, batch_seconds=1)  # long batches: no warning
    callbacks.on_epoch_begin(1)
    run_batches(callbacks, clock, 3, batch_seconds=0.01)
