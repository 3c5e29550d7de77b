"""Stopping early and changing the learning rate, by hand and against recorded runs of Keras 1.2.2."""

import io
import json
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks import EarlyStopping, LearningRateScheduler, ReduceLROnPlateau

GOLDEN = Path(__file__).parents[1] / "conformance" / "golden" / "manifest.json"


class FakeModel:
    def __init__(self, lr=0.5):
        self.optimizer = types.SimpleNamespace(lr=K.variable(lr, name="lr"))
        self.stop_training = False

    @property
    def lr(self):
        return float(K.get_value(self.optimizer.lr))


def run(callback, values, model=None, monitor=None):
    """Report `values` epoch by epoch as fit does; return the number of epochs, rates after them, and the logs."""
    model = model or FakeModel()
    model.stop_training = False
    callback.set_model(model)
    callback.on_train_begin()
    rates, all_logs = [], []
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        logs = {monitor or callback.monitor: value}
        callback.on_epoch_end(epoch, logs)
        rates.append(model.lr)
        all_logs.append(logs)
        if model.stop_training:
            break
    callback.on_train_end()
    return len(rates), rates, all_logs


def recorded(name):
    return next(case for case in json.loads(GOLDEN.read_text())["cases"] if case["name"] == name)


@pytest.mark.parametrize("name", ["early_stopping", "early_stopping_acc_mode"])
def test_early_stopping_as_recorded(name):
    case = recorded(name)
    (spec,) = case["fit"]["callbacks"]
    callback = EarlyStopping(**spec["config"])
    values = case["history"][callback.monitor]
    epochs, _, _ = run(callback, [*values, *values])
    assert epochs == case["n_epochs_run"] == len(values)


def test_reduce_lr_as_recorded():
    case = recorded("reduce_lr")
    (spec,) = case["fit"]["callbacks"]
    callback = ReduceLROnPlateau(**spec["config"])
    model = FakeModel(lr=case["compile"]["optimizer"]["config"]["lr"])
    _, rates, logs = run(callback, case["history"]["val_loss"], model)
    assert rates == case["lr_after_epoch"]
    assert [entry["lr"] for entry in logs] == pytest.approx(case["history"]["lr"], rel=0, abs=0)


def test_learning_rate_scheduler_as_recorded():
    case = recorded("lr_scheduler")
    (spec,) = case["fit"]["callbacks"]
    callback = LearningRateScheduler(spec["table"].__getitem__)
    _, rates, _ = run(callback, [0.0] * len(spec["table"]), monitor="loss")
    assert rates == case["lr_after_epoch"]


@pytest.mark.parametrize(
    ("arguments", "values", "epochs"),
    [
        ({}, [1, 0.9, 0.9, 0.8], 3),
        ({"patience": 1}, [1, 2, 0.5, 2, 2, 2], 5),
        ({"patience": 2}, [1, 1, 1, 1, 1], 4),
        ({"min_delta": 0.1}, [1, 0.95, 0.5], 2),
        ({"min_delta": 0.1}, [1, 0.89, 0.78], 3),
        ({"min_delta": 0.25, "patience": 1}, [1, 0.8, 0.6, 0.5], 4),  # measured from the best, not from the last
        ({"mode": "max"}, [1, 2, 2], 3),
        ({"mode": "max", "min_delta": 0.5}, [1, 1.4, 3], 2),
        ({"mode": "min", "monitor": "val_acc"}, [1, 0.5, 0.6], 3),
        ({"monitor": "val_acc"}, [0.1, 0.2, 0.1, 0.5], 3),
        ({"monitor": "fmeasure"}, [0.1, 0.2, 0.1, 0.5], 3),
        ({"monitor": "val_fmeasure"}, [0.1, 0.2, 0.1], 2),  # Keras 1 looks at the start of the name
        ({"monitor": "loss"}, [0.2, 0.1, 0.3, 0], 3),
        ({}, [np.nan, 1.0], 1),
    ],
)
def test_early_stopping(arguments, values, epochs):
    assert run(EarlyStopping(**arguments), values)[0] == epochs


def test_early_stopping_can_be_used_again_and_prints_only_its_own_stop(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    callback = EarlyStopping(patience=1, verbose=1)
    assert run(callback, [1, 2, 2, 2])[0] == 3
    assert callback.stopped_epoch == 2
    assert sys.stdout.getvalue() == "Epoch 00002: early stopping\n"
    assert run(callback, [5, 4, 3, 2])[0] == 4
    assert run(callback, [np.nan, np.nan, np.nan])[0] == 2
    assert sys.stdout.getvalue() == "Epoch 00002: early stopping\nEpoch 00001: early stopping\n"


def test_early_stopping_is_silent_by_default(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    run(EarlyStopping(), [1, 2])
    assert sys.stdout.getvalue() == ""


@pytest.mark.parametrize("make", [EarlyStopping, ReduceLROnPlateau])
def test_a_missing_monitor_warns_with_the_available_names_and_changes_nothing(make):
    callback, model = make(patience=0), FakeModel()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(3):
        with pytest.warns(RuntimeWarning, match=r"requires val_loss available! Available are: acc, loss.* need valid"):
            callback.on_epoch_end(epoch, {"loss": 1.0, "acc": 2.0})
    assert not model.stop_training
    assert model.lr == 0.5


def test_a_missing_monitor_hints_at_validation_only_where_there_is_none():
    callback = EarlyStopping(monitor="val_acc")
    callback.set_model(FakeModel())
    with pytest.warns(RuntimeWarning, match=r"Early stopping requires val_acc available! Available are: val_loss\.$"):
        callback.on_epoch_end(0, {"val_loss": 1.0})
    with pytest.warns(RuntimeWarning, match="Available are: nothing. Names with val_ need validation_data"):
        callback.on_epoch_end(0)


@pytest.mark.parametrize("make", [EarlyStopping, ReduceLROnPlateau])
def test_an_unknown_mode_warns_and_means_auto(make):
    with pytest.warns(RuntimeWarning, match=f"{make.__name__} mode larger is unknown, fallback to auto mode"):
        callback = make(monitor="acc", mode="larger")
    assert callback.best == -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        callback.on_train_begin()


@pytest.mark.parametrize(
    ("arguments", "values", "rates"),
    [
        # The first cut after patience + 1 bad epochs; Keras 1 counts a cut's own epoch towards the next.
        ({"patience": 0}, [1, 1, 1], [1, 0.5, 0.25]),
        ({"patience": 1}, [1, 1, 1, 1, 1], [1, 1, 0.5, 0.25, 0.125]),
        ({"patience": 2}, [1] * 6, [1, 1, 1, 0.5, 0.5, 0.25]),
        ({"patience": 1}, [1, 1, 0.5, 1, 1], [1, 1, 1, 1, 0.5]),
        # In cooldown nothing counts; the epoch that ends it may be the first bad one.
        ({"patience": 0, "cooldown": 2}, [1] * 6, [1, 0.5, 0.5, 0.25, 0.25, 0.125]),
        ({"patience": 1, "cooldown": 2}, [1] * 7, [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]),
        ({"patience": 0, "epsilon": 0.1}, [1, 0.95, 0.5], [1, 0.5, 0.5]),
        ({"patience": 0, "min_lr": 0.3}, [1, 1, 1, 1], [1, 0.5, np.float32(0.3), np.float32(0.3)]),
        ({"patience": 0, "monitor": "acc"}, [1, 2, 2], [1, 1, 0.5]),
        ({"patience": 0, "mode": "max"}, [1, 2, 1], [1, 1, 0.5]),
        ({"patience": 0, "mode": "min", "monitor": "acc"}, [1, 2, 0], [1, 0.5, 0.5]),
        ({"patience": 0, "monitor": "fmeasure"}, [1, 2, 3], [1, 0.5, 0.25]),  # Keras 1 knows only acc here
    ],
)
def test_reduce_lr(arguments, values, rates):
    callback = ReduceLROnPlateau(factor=0.5, **arguments)
    _, got, logs = run(callback, values, FakeModel(lr=1.0))
    assert got == rates
    # The logs hold the rate that the epoch ran with.
    assert [entry["lr"] for entry in logs] == [1.0, *got[:-1]]
    assert all(type(entry["lr"]) is float for entry in logs)


def test_reduce_lr_can_be_used_again(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    callback = ReduceLROnPlateau(factor=0.5, patience=1, cooldown=5, verbose=1)
    run(callback, [1, 1, 1, 1], FakeModel(lr=1.0))
    assert callback.in_cooldown()
    assert sys.stdout.getvalue() == "\nEpoch 00002: reducing learning rate to 0.5.\n"
    _, rates, _ = run(callback, [9, 9, 9], FakeModel(lr=1.0))
    assert rates == [1, 1, 0.5]


def test_reduce_lr_rejects_a_factor_that_does_not_reduce():
    with pytest.raises(ValueError, match=r"does not support a factor >= 1.0; got 1.5"):
        ReduceLROnPlateau(factor=1.5)


@pytest.mark.parametrize("lr", [0.25, np.float32(0.25), np.float64(0.25), np.float16(0.25)])
def test_scheduler_sets_the_rate_at_the_epochs_begin(lr):
    epochs = []

    def schedule(epoch):
        epochs.append(epoch)
        return lr

    callback, model = LearningRateScheduler(schedule), FakeModel()
    callback.set_model(model)
    callback.on_epoch_begin(3)
    assert epochs == [3]
    assert model.lr == 0.25


@pytest.mark.parametrize("lr", [1, None, "0.1", np.array(0.1)])
def test_scheduler_wants_floats(lr):
    callback = LearningRateScheduler(lambda epoch: lr)
    callback.set_model(FakeModel())
    with pytest.raises(ValueError, match=r'output of the "schedule" function should be float; for epoch 2 .*float\('):
        callback.on_epoch_begin(2)


def test_scheduler_wants_an_optimizer_with_a_rate():
    callback = LearningRateScheduler(lambda epoch: 0.1)
    callback.set_model(types.SimpleNamespace(optimizer=object()))
    with pytest.raises(ValueError, match='Optimizer must have a "lr" attribute; object has none'):
        callback.on_epoch_begin(0)
