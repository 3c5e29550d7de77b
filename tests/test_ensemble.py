"""Each member of an ensemble is what a run of its own gives."""

import os
import subprocess
import sys

import numpy as np
import pytest

import jkeras
from jkeras import backend as K
from jkeras.callbacks import BaseLogger
from jkeras.engine import members
from jkeras.layers import (
    LSTM,
    BatchNormalization,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Masking,
)
from jkeras.models import Model, Sequential
from jkeras.optimizers import SGD

RANDOM = np.random.RandomState(0)
X = RANDOM.rand(32, 6).astype("float32")
Y = np.eye(3, dtype="float32")[RANDOM.randint(0, 3, 32)]
IMAGES = RANDOM.rand(32, 1, 6, 6).astype("float32")
LONGER = RANDOM.rand(36, 6).astype("float32")
STEPS = RANDOM.rand(32, 3, 2).astype("float32")
STEPS[::3, 2:] = 0


def mlp(optimizer="sgd", units=4):
    model = Sequential([Dense(units, input_dim=6, activation="tanh"), Dropout(0.3), Dense(3, activation="softmax")])
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def cnn():
    model = Sequential([Convolution2D(2, 3, 3, input_shape=(1, 6, 6)), BatchNormalization(axis=1), Flatten(), Dense(3)])
    model.compile("sgd", "mse")
    return model


def lstm():
    model = Sequential([Masking(input_shape=(3, 2)), LSTM(3, dropout_W=0.2), Dense(3)])
    model.compile("sgd", "mse")
    return model


def stateful():
    model = Sequential([LSTM(2, batch_input_shape=(4, 3, 2), stateful=True), Dense(3)])
    model.compile("sgd", "mse")
    return model


def single(model_fn, seed, prepare=None):
    """Return the model that a process of its own makes; ``np.random`` goes on as it does there."""
    K.reset_uids()
    np.random.seed(seed)
    model = model_fn()
    if prepare:
        prepare(model)
    return model


def assert_equal(one, other):
    assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def assert_same_history(one, other):
    assert one.epoch == other.epoch and list(one.history) == list(other.history)
    for name, values in one.history.items():
        np.testing.assert_allclose(values, other.history[name], atol=1e-5)


@pytest.mark.parametrize(
    "model_fn, x, options",
    [
        (lambda: mlp("rmsprop"), LONGER, {}),  # the last batch is short
        (cnn, IMAGES, {"shuffle": "batch", "validation_data": (IMAGES[:8], Y[:8])}),
        (lstm, STEPS, {"sample_weight": np.linspace(0, 2, 32)}),
    ],
    ids=["mlp", "cnn", "lstm"],
)
def test_members_are_single_runs(model_fn, x, options):
    y = np.resize(Y, (len(x), 3))
    settings = {"batch_size": 8, "nb_epoch": 6, "verbose": 0, **options}  # more than 20 steps
    runs = jkeras.ensemble(model_fn, seeds=[3, 11])
    histories = runs.fit(x, y, **settings)
    for index, seed in enumerate([3, 11]):
        model = single(model_fn, seed)
        assert_same_history(model.fit(x, y, **settings), histories[index])
        assert_equal(model, runs.models[index])
    assert np.abs(runs.models[0].get_weights()[0] - runs.models[1].get_weights()[0]).max() > 1e-3
    assert histories[0].model is runs.models[0] and runs.histories is histories


def test_evaluate_and_predict():
    runs = jkeras.ensemble(mlp, 2)
    outputs, scores = runs.predict(LONGER, batch_size=8), runs.evaluate(X, Y, batch_size=8, verbose=0)
    assert outputs.shape == (2, 36, 3) and scores.shape == (2, 2)
    for model, output, score in zip(runs.models, outputs, scores, strict=True):
        np.testing.assert_allclose(model.predict(LONGER, batch_size=8), output, atol=1e-5)
        np.testing.assert_allclose(model.evaluate(X, Y, batch_size=8, verbose=0), score, atol=1e-5)


def test_stateful_members_carry_their_states():
    runs = jkeras.ensemble(stateful, 2)
    settings = {"batch_size": 4, "nb_epoch": 2, "verbose": 0}
    runs.fit(STEPS[:8], Y[:8], **settings)
    model = single(stateful, 1)
    model.fit(STEPS[:8], Y[:8], **settings)
    np.testing.assert_allclose(model.get_states()[0], runs.models[1].get_states()[0], atol=1e-5)
    with pytest.raises(ValueError, match="multiple of 4"):
        runs.fit(STEPS[:18], Y[:18], batch_size=4, verbose=0)


def test_hyper_parameters_differ_between_members():
    runs = jkeras.ensemble(lambda: mlp(SGD(momentum=0.5)), lr=[0.5, 0.01], momentum=[0.9, 0.1])
    runs.fit(X, Y, nb_epoch=3, batch_size=8, verbose=0)
    assert runs.seeds == [0, 0] and runs.hyper["lr"] == [0.5, 0.01]

    def prepare(model):
        K.set_value(model.optimizer.lr, 0.01)
        K.set_value(model.optimizer.momentum, 0.1)

    model = single(lambda: mlp(SGD(momentum=0.5)), 0, prepare)
    model.fit(X, Y, nb_epoch=3, batch_size=8, verbose=0)
    assert_equal(model, runs.models[1])
    assert runs.models[0].optimizer.get_config()["lr"] == 0.5
    assert runs.models[1].optimizer.get_config()["lr"] == pytest.approx(0.01)


def test_hyper_parameters_of_a_pure_transformation():
    runs = jkeras.ensemble(lambda: mlp(jkeras.optim.sgd(lr=0.1)), lr=[0.5, 0.0])
    assert [float(model._trainer.memory.opt_state.hyper["lr"]) for model in runs.models] == [0.5, 0.0]


def test_training_goes_on_in_the_ensemble_and_beside_it():
    runs = jkeras.ensemble(mlp, 2)
    before = np.random.get_state()[1].copy()
    runs.fit(X, Y, nb_epoch=2, verbose=0)
    runs.fit(X, Y, nb_epoch=3, initial_epoch=2, verbose=0)
    assert runs.histories[1].epoch == [2]
    assert runs._members.train._compiled._cache_size() == 1
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    model = single(mlp, 1)
    model.fit(X, Y, nb_epoch=2, verbose=0)
    model.fit(X, Y, nb_epoch=3, initial_epoch=2, verbose=0)
    assert_equal(model, runs.models[1])
    assert model.position.epochs == runs.models[1].position.epochs == 3
    np.testing.assert_array_equal(model.position.order, runs.models[1].position.order)
    # On with the single models, and with the ensemble of one that went its own way.
    model.fit(X, Y, nb_epoch=1, verbose=0)
    np.random.set_state(runs.random[1].get_state())
    runs.models[1].fit(X, Y, nb_epoch=1, verbose=0)
    assert_equal(model, runs.models[1])
    assert model.steps_done == runs.models[1].steps_done
    for one, other in zip(model.optimizer.get_weights(), runs.models[1].optimizer.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    state = np.random.get_state()
    runs.random[1].set_state(state)
    runs.fit(X, Y, nb_epoch=1, verbose=0)
    np.random.set_state(state)
    model.fit(X, Y, nb_epoch=1, verbose=0)
    assert_equal(model, runs.models[1])


def test_stacked_arrays():
    runs = jkeras.ensemble(cnn, 3)
    assert runs.params["dense_1"]["W"].shape == (3, 32, 3)
    assert runs.state["batchnormalization_1"]["running_mean"].shape == (3, 2)
    np.testing.assert_array_equal(runs.params["dense_1"]["W"][2], runs.models[2].layers[-1].get_weights()[0])
    assert len(runs) == 3 and "3 members" in repr(runs)


def test_groups_change_no_number(monkeypatch):
    whole, parts = jkeras.ensemble(mlp, 3), jkeras.ensemble(mlp, 3)
    whole.fit(X, Y, nb_epoch=2, verbose=0)
    each = sum(array.nbytes for array in parts.models[0].get_weights()) * 2 + 16  # weights, velocities, settings
    monkeypatch.setattr(members, "_GROUP_BYTES", 2 * each)
    monkeypatch.setattr(members, "_LEAST_GROUP", 1)
    assert members._groups([parts.params, parts.params]) == (3, 2, 2)
    parts.fit(X, Y, nb_epoch=2, verbose=0)
    for one, other in zip(whole.models, parts.models, strict=True):
        assert_equal(one, other)


def test_several_outputs_and_a_bar(capsys):
    def model_fn():
        x = Input((6,))
        model = Model(x, [Dense(2, name="a")(x), Dense(3, name="b")(x)])
        model.compile("sgd", "mse")
        return model

    runs = jkeras.ensemble(model_fn, 2)
    histories = runs.fit(X, [Y[:, :2], Y], nb_epoch=1, validation_split=0.2)
    shown = capsys.readouterr().out
    assert "Train on 25 samples, validate on 7 samples" in shown and "val_b_loss" in shown
    mean = np.mean([history.history["loss"][0] for history in histories])
    assert f"loss: {mean:.4f}" in shown
    a, b = runs.predict(X)
    assert a.shape == (2, 32, 2) and b.shape == (2, 32, 3)
    assert runs.evaluate(X, [Y[:, :2], Y], verbose=0).shape == (2, 3)


def test_the_best_member():
    runs = jkeras.ensemble(mlp, 3)
    with pytest.raises(RuntimeError, match="fit first"):
        runs.best()
    runs.fit(X, Y, nb_epoch=1, verbose=0)
    for history, loss, acc in zip(runs.histories, [0.3, 0.1, float("nan")], [0.5, 0.4, 0.6], strict=True):
        history.history.update(loss=[loss], acc=[acc])
    assert (runs.best("loss"), runs.best("acc"), runs.best("loss", mode="max")) == (1, 2, 0)
    with pytest.raises(ValueError, match=r"no 'val_loss'.*'acc', 'loss'"):
        runs.best()
    with pytest.raises(ValueError, match="mode is"):
        runs.best("loss", mode="least")


def test_an_interrupt_leaves_whole_members(monkeypatch):
    runs = jkeras.ensemble(mlp, 2)
    calls = []

    def interrupt(*arguments):
        calls.append(arguments)
        if len(calls) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(BaseLogger, "on_batches_end", interrupt)
        with pytest.raises(KeyboardInterrupt):
            runs.fit(X, Y, batch_size=8, nb_epoch=3, verbose=0)
    assert {model.steps_done for model in runs.models} != {0}
    runs.fit(X, Y, nb_epoch=1, verbose=0)
    assert np.isfinite(runs.predict(X)).all()


def test_a_failed_step_leaves_the_weights_of_before(monkeypatch):
    runs = jkeras.ensemble(mlp, 2)
    runs.fit(X, Y, nb_epoch=1, verbose=0)
    before = runs.models[1].get_weights()

    def fail(*arguments):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr(runs._members, "train", fail)
        with pytest.raises(RuntimeError, match="out of memory") as caught:
            runs.fit(X, Y, nb_epoch=1, verbose=0)
    assert "before this fit" in caught.value.__notes__[0]
    np.testing.assert_array_equal(before[0], runs.models[1].get_weights()[0])


def test_variables_of_the_script():
    shared = K.variable(1.0)

    def with_loss(variable):
        model = Sequential([Dense(3, input_dim=6)])
        model.compile("sgd", lambda t, p: variable * K.mean(K.square(t - p), axis=-1))
        return model

    runs = jkeras.ensemble(lambda: with_loss(shared), 2)
    runs.fit(X, Y, nb_epoch=1, verbose=0)
    K.set_value(shared, 0.0)
    assert runs.fit(X, Y, nb_epoch=1, verbose=0)[1].history["loss"] == [0.0]
    own = jkeras.ensemble(lambda: with_loss(K.variable(1.0)), 2)
    with pytest.raises(NotImplementedError, match="made in model_fn"):
        own.fit(X, Y, nb_epoch=1, verbose=0)


def test_names_and_random_numbers_are_left_as_they_were():
    Dense(2)
    state = np.random.get_state()[1].copy()
    runs = jkeras.ensemble(mlp, 2)
    np.testing.assert_array_equal(state, np.random.get_state()[1])
    assert [layer.name for layer in runs.models[1].layers] == ["dense_1", "dropout_1", "dense_2"]
    assert Dense(2).name == "dense_2"


class Scripted(SGD):
    def get_updates(self, params, constraints, loss):
        return super().get_updates(params, constraints, loss)


MODELS = [mlp()]
LAYERS = [Dense(4, input_dim=6, name="x")]
SHARED = SGD()


def sharing(layer):
    model = Sequential([layer, Dense(3)])
    model.compile("sgd", "mse")
    return model


def random_units():
    return mlp(units=int(np.random.randint(2, 1000)))


@pytest.mark.parametrize(
    "model_fn, options, error, message",
    [
        (3, {"n": 2}, TypeError, "model_fn is a function"),
        (lambda: 3, {"n": 2}, TypeError, "returned 3"),
        (lambda: Sequential([Dense(3, input_dim=6)]), {"n": 2}, ValueError, "not compiled"),
        (random_units, {"n": 2}, ValueError, "member 1 differs from member 0 in its layers: output_dim"),
        (lambda: mlp(SGD(clipnorm=float(np.random.rand()))), {"n": 2}, ValueError, "settings of its optimizer: clipnorm"),
        (lambda: mlp(SHARED), {"n": 2}, ValueError, "share one optimizer object"),
        (lambda: mlp(Scripted()), {"n": 2}, NotImplementedError, "get_updates"),
        (lambda: MODELS[0], {"n": 2}, ValueError, "same model twice"),
        (lambda: sharing(LAYERS[0]), {"n": 2}, ValueError, "share the layer 'x'"),
        (mlp, {}, TypeError, "give n"),
        (mlp, {"n": 0}, ValueError, "n is a positive whole number"),
        (mlp, {"n": 2.5}, ValueError, "n is a positive whole number"),
        (mlp, {"n": 3, "seeds": [1, 2]}, ValueError, "n is 3, seeds has 2"),
        (mlp, {"lr": [0.1], "seeds": [1, 2]}, ValueError, "seeds has 2, lr has 1"),
        (mlp, {"lr": []}, ValueError, "lr has 0"),
        (mlp, {"lr": 0.1}, TypeError, "lr is a list"),
        (mlp, {"lr": [0.1, -1.0]}, ValueError, "lr has to be"),
        (mlp, {"seeds": [1.5]}, ValueError, "seeds are whole numbers"),
        (mlp, {"momentun": [0.9]}, ValueError, "no hyper-parameter 'momentun'.*'momentum'.*It has"),
        (mlp, {"n": 2, "devices": 2}, ValueError, "JAX sees 1"),
        (mlp, {"n": 2, "devices": "all"}, ValueError, "devices is a number"),
    ],
)  # fmt: skip
def test_mistakes(model_fn, options, error, message):
    with pytest.raises(error, match=message):
        jkeras.ensemble(model_fn, **options)


def test_an_optimizer_without_named_hyper_parameters():
    optax = pytest.importorskip("optax")
    with pytest.raises(ValueError, match="no hyper-parameters by name"):
        jkeras.ensemble(lambda: mlp(optax.sgd(0.1)), lr=[0.1])
    jkeras.ensemble(lambda: mlp(optax.sgd(0.1, momentum=0.5)), 2).fit(X, Y, nb_epoch=1, verbose=0)


def test_mistakes_in_fit(tmp_path):
    runs = jkeras.ensemble(mlp, 2)
    with pytest.raises(TypeError, match=r"takes no callbacks.*initial_epoch"):
        runs.fit(X, Y, callbacks=[])
    with pytest.raises(TypeError, match=r"'shufle'.*shuffle"):
        runs.fit(X, Y, shufle=False)
    with pytest.raises(NotImplementedError, match="not on a loader"):
        runs.fit([(X, Y)])
    with pytest.raises(NotImplementedError, match="arrays in memory"):
        runs.fit(np.lib.format.open_memmap(tmp_path / "x.npy", "w+", "float32", X.shape), Y)
    with pytest.raises(ValueError, match="shape"):
        runs.fit(X[:, :5], Y)
    runs.models[1].compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    with pytest.raises(ValueError, match="member 1 differs from member 0 in its optimizer"):
        runs.fit(X, Y)


DEVICES = """
import numpy as np, jkeras, pytest
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential

def model_fn():
    model = Sequential([Dense(4, input_dim=6), Dropout(0.3), Dense(3)])
    model.compile("sgd", "mse")
    return model

x, y = np.random.rand(16, 6), np.random.rand(16, 3)
one, eight = jkeras.ensemble(model_fn, 8, devices=1), jkeras.ensemble(model_fn, 8)
assert "8 devices" in repr(eight), eight
assert "1 device" in repr(jkeras.ensemble(model_fn, 3)).split("on ")[1]
for runs in (one, eight):
    runs.fit(x, y, nb_epoch=2, batch_size=8, verbose=0)
np.testing.assert_allclose(one.params["dense_1"]["W"], eight.params["dense_1"]["W"], atol=1e-6)
with pytest.raises(ValueError, match="8 devices cannot share 3 members.*devices=3"):
    jkeras.ensemble(model_fn, 3, devices=8)
"""


def test_members_are_shared_by_several_devices():
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=8"
    environment = {**os.environ, "XLA_FLAGS": flags.strip()}
    done = subprocess.run([sys.executable, "-c", DEVICES], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
