"""ModelCheckpoint and TerminateOnNaN."""

import numpy as np
import pytest

from jkeras.callbacks import ModelCheckpoint, TerminateOnNaN
from jkeras.layers import Dense
from jkeras.models import Sequential, load_model

X = np.random.default_rng(0).normal(size=(16, 2))
Y = X.sum(axis=1, keepdims=True)


def model_of(lr=0.1):
    from jkeras.optimizers import SGD

    model = Sequential([Dense(1, input_dim=2)])
    model.compile(SGD(lr=lr), "mse")
    return model


def fit(callback, **kwargs):
    model = model_of()
    return model, model.fit(X, Y, verbose=0, callbacks=[callback], validation_split=0.25, **{"nb_epoch": 3, **kwargs})


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_every_epoch(tmp_path):
    model, history = fit(ModelCheckpoint(str(tmp_path / "m.{epoch:02d}-{val_loss:.2f}.h5")))
    losses = history.history["val_loss"]
    assert names(tmp_path) == [f"m.{epoch:02d}-{loss:.2f}.h5" for epoch, loss in enumerate(losses)]
    last = load_model(str(tmp_path / names(tmp_path)[-1]))
    np.testing.assert_array_equal(last.get_weights()[0], model.get_weights()[0])
    assert last.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))


def test_period_and_weights_only(tmp_path):
    fit(ModelCheckpoint(str(tmp_path / "{epoch}.h5"), period=2, save_weights_only=True), nb_epoch=5)
    assert names(tmp_path) == ["1.h5", "3.h5"]
    other = model_of()
    other.load_weights(str(tmp_path / "3.h5"))
    with pytest.raises(ValueError, match="config"):
        load_model(str(tmp_path / "3.h5"))


@pytest.mark.parametrize(
    ("arguments", "values", "saved"),
    [
        ({}, [3.0, 2.0, 2.5, 1.0], [0, 1, 3]),
        ({"mode": "max"}, [3.0, 2.0, 2.5, 4.0], [0, 3]),
        ({"monitor": "val_acc"}, [0.3, 0.2, 0.5, 0.4], [0, 2]),
    ],
)
def test_only_the_best(tmp_path, arguments, values, saved, capsys):
    callback = ModelCheckpoint(str(tmp_path / "{epoch}.h5"), save_best_only=True, verbose=1, **arguments)
    callback.set_model(model_of())
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {callback.monitor: value})
    assert names(tmp_path) == [f"{epoch}.h5" for epoch in saved]
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[1].startswith("Epoch 00001: val_") and ("improved from 3.00000 to 2.00000" in lines[1]) == (1 in saved)


def test_what_is_missing_is_named(tmp_path):
    with pytest.warns(RuntimeWarning, match="requires val_acc available"):
        fit(ModelCheckpoint(str(tmp_path / "m.h5"), monitor="val_acc", save_best_only=True), nb_epoch=1)
    assert names(tmp_path) == []
    with pytest.raises(
        ValueError, match=r"names 'val_acc', which the logs do not hold; they hold epoch, loss, val_loss"
    ):
        fit(ModelCheckpoint(str(tmp_path / "{val_acc}.h5")))
    with pytest.warns(RuntimeWarning, match="mode best is unknown"):
        ModelCheckpoint("m.h5", mode="best")


@pytest.mark.parametrize("batch_wise", [False, True])
def test_terminate_on_nan(batch_wise):
    from jkeras.callbacks import LambdaCallback

    model = model_of(lr=1e30)
    callbacks = [TerminateOnNaN(), *([LambdaCallback(on_batch_end=lambda batch, logs: None)] if batch_wise else [])]
    with pytest.warns(UserWarning, match=r"Epoch 0, batch \d: the loss is (nan|inf)"):
        history = model.fit(X, Y, batch_size=2, nb_epoch=5, verbose=0, callbacks=callbacks)
    assert history.epoch == [0]
    assert len(model_of().fit(X, Y, nb_epoch=2, verbose=0, callbacks=[TerminateOnNaN()]).epoch) == 2
