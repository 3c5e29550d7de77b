"""Averages, history, the progress bar's lines, and functions as callbacks."""

import io
import sys

import numpy as np
import pytest

from jkeras.callbacks import BaseLogger, Callback, CallbackList, History, LambdaCallback, ProgbarLogger


def params(**changes):
    defaults = {"batch_size": 4, "nb_epoch": 2, "nb_sample": 10, "verbose": 1, "do_validation": True}
    return {**defaults, "metrics": ["loss", "acc", "val_loss", "val_acc"], **changes}


def one_by_one(callbacks, sizes, names, values):
    for batch, (size, row) in enumerate(zip(sizes, values, strict=True)):
        callbacks.on_batch_begin(batch, {"batch": batch, "size": int(size)})
        callbacks.on_batch_end(batch, {"batch": batch, "size": int(size), **dict(zip(names, row, strict=True))})


def in_chunks(*lengths):
    def report(callbacks, sizes, names, values):
        first = 0
        for length in (*lengths, len(sizes)):
            part = slice(first, min(first + length, len(sizes)))
            callbacks.on_batches_end(first, sizes[part], names, values[part])
            first = part.stop

    return report


REPORTS = {"one by one": one_by_one, "one chunk": in_chunks(), "chunks": in_chunks(1, 2, 40)}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_base_logger_averages_by_samples_in_float64_in_order(report, dtype):
    random = np.random.RandomState(0)
    sizes = np.array([32] * 100 + [7])
    values = (random.rand(101, 2) * [1e-3, 1e3]).astype(dtype)
    logger = BaseLogger()
    logger.set_params(params())
    logger.on_epoch_begin(0)
    report(logger, sizes, ["loss", "acc"], values)
    logs = {}
    logger.on_epoch_end(0, logs)

    expected = {}
    for column, name in enumerate(["loss", "acc"]):
        total = 0.0
        for size, value in zip(sizes, values[:, column], strict=True):
            total += float(value) * int(size)
        expected[name] = total / int(sizes.sum())
    assert logs == expected  # to the last bit, however the batches were reported
    assert all(type(value) is float for value in logs.values())


def test_base_logger_starts_every_epoch_anew_and_reports_only_params_metrics():
    logger = BaseLogger()
    logger.set_params(params(metrics=["loss"]))
    for epoch, loss in enumerate([3.0, 5.0]):
        logger.on_epoch_begin(epoch)
        logger.on_batch_end(0, {"batch": 0, "size": 4, "loss": loss, "other": 1.0})
        logs = {"val_loss": 7.0}
        logger.on_epoch_end(epoch, logs)
        assert logs == {"val_loss": 7.0, "loss": loss}


def test_base_logger_without_samples_adds_nothing():
    logger = BaseLogger()
    logger.set_params(params())
    logger.on_epoch_begin(0)
    logger.on_batches_end(0, np.zeros(0, int), ["loss"], np.zeros((0, 1)))
    logger.on_batch_end(0, {"size": 0, "loss": np.nan})
    logs = {}
    logger.on_epoch_end(0, logs)
    assert logs == {}


def test_history_records_each_epoch_and_starts_again_with_training():
    history = History()
    history.on_train_begin()
    history.on_epoch_end(2, {"loss": 1.0})
    history.on_epoch_end(3, {"loss": 0.5, "lr": 0.1})
    assert history.epoch == [2, 3]
    assert history.history == {"loss": [1.0, 0.5], "lr": [0.1]}
    history.on_train_begin()
    assert history.epoch == []
    assert history.history == {}


def test_history_sees_what_callbacks_before_it_put_into_the_logs():
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["mine"] = logs["loss"] * 2

    history = History()
    callbacks = CallbackList([BaseLogger(), Adds(), history])
    callbacks.set_params(params())
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_batch_end(0, {"size": 1, "loss": 2.0})
    callbacks.on_epoch_end(0, {})
    assert history.history == {"loss": [2.0], "mine": [4.0]}


def train(report, stream, monkeypatch, **changes):
    """Two epochs of batches of 4, 4 and 2 samples, with validation."""
    monkeypatch.setattr(sys, "stdout", stream)
    callbacks = CallbackList([BaseLogger(), History(), ProgbarLogger()])
    callbacks.set_params(params(**changes))
    callbacks.on_train_begin()
    for epoch in range(2):
        callbacks.on_epoch_begin(epoch)
        values = np.array([[1.0, 0.25], [2.0, 0.5], [4.5, 1.0]]) / (epoch + 1)
        report(callbacks, np.array([4, 4, 2]), ["loss", "acc"], values)
        callbacks.on_epoch_end(epoch, {"val_loss": 0.75, "val_acc": 0.0})
    callbacks.on_train_end()
    return stream.getvalue()


RESULTS = (
    " - loss: 2.1000 - acc: 0.5000 - val_loss: 0.7500 - val_acc: 0.0000e+00\n",
    " - loss: 1.0500 - acc: 0.2500 - val_loss: 0.7500 - val_acc: 0.0000e+00\n",
)
BAR = "10/10 [" + "=" * 30 + "] - 0s"


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_progbar_logger_in_a_file(report, monkeypatch):
    text = train(report, io.StringIO(), monkeypatch)
    assert text == f"Epoch 1/2\n{BAR}{RESULTS[0]}Epoch 2/2\n{BAR}{RESULTS[1]}"


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_progbar_logger_verbose_2(report, monkeypatch):
    text = train(report, io.StringIO(), monkeypatch, verbose=2)
    assert text == f"Epoch 1/2\n0s{RESULTS[0]}Epoch 2/2\n0s{RESULTS[1]}"


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_progbar_logger_verbose_0_is_silent(report, monkeypatch):
    assert train(report, io.StringIO(), monkeypatch, verbose=0) == ""


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
@pytest.mark.parametrize("nb_sample", [None, 100, 6])
def test_progbar_logger_ends_the_line_whatever_the_target_was(report, nb_sample, monkeypatch):
    text = train(report, io.StringIO(), monkeypatch, nb_sample=nb_sample)
    lines = text.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith({None: "     10/Unknown - 0s", 100: " 10/100 [==>", 6: "10/6 [====="}[nb_sample])
    assert text.endswith(RESULTS[1])


def test_progbar_logger_shows_the_epochs_logs_and_not_only_the_bars_averages(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    logger = ProgbarLogger()
    logger.set_params(params())
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    logger.on_batch_end(0, {"size": 10, "loss": 1.0})
    logger.on_epoch_end(0, {"loss": 9.0, "lr": 1.0})
    assert sys.stdout.getvalue().endswith("s - loss: 9.0000\n")  # lr is not in params['metrics']


def test_lambda_callback_calls_what_it_was_given():
    calls = []
    callback = LambdaCallback(
        on_epoch_end=lambda epoch, logs: calls.append((epoch, logs)),
        on_train_end=lambda logs: calls.append(logs),
        mine=3,
    )
    assert callback.mine == 3
    callbacks = CallbackList([callback])
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(0)
    callbacks.on_batch_end(0)
    callbacks.on_epoch_end(1, {"loss": 2})
    callbacks.on_train_end()
    assert calls == [(1, {"loss": 2}), {}]


def test_lambda_callback_hears_of_single_batches():
    calls = []
    callback = LambdaCallback(on_batch_begin=lambda batch, logs: calls.append((batch, logs)))
    CallbackList([callback]).on_batch_begin(3, {"size": 1})
    assert calls == [(3, {"size": 1})]
