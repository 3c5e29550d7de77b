"""Training that goes on from a file ends with the weights, bit for bit, of training that was never interrupted."""

import subprocess
import sys

import numpy as np
import pytest

from jkeras.backend.config import reset_uids
from jkeras.callbacks import Callback
from jkeras.engine.saving.native_files import restore
from jkeras.layers import GRU, LSTM, BatchNormalization, Dense, Dropout, GaussianNoise
from jkeras.models import Sequential, load_model
from jkeras.optimizers import SGD, Adam, Nadam, RMSprop

X = np.random.RandomState(0).normal(size=(22, 4)).astype("float32")
Y = np.random.RandomState(1).normal(size=(22, 2)).astype("float32")

# Each keeps other numbers; the HDF5 files have those that Keras 1 keeps in none in an attribute of their own.
CASES = [
    (lambda: SGD(momentum=0.9, nesterov=True, decay=0.01), "h5"),
    (lambda: RMSprop(decay=0.01), "h5"),
    (lambda: Nadam(), "h5"),
    (lambda: RMSprop(decay=0.01), "jk"),
    (lambda: Adam(clipnorm=1.0), "jk"),
]


def noisy(optimizer):
    np.random.seed(7)
    reset_uids()  # random keys depend on the layers' names
    model = Sequential()
    model.add(Dense(6, input_dim=4, activation="tanh"))
    model.add(BatchNormalization())
    model.add(Dropout(0.3))
    model.add(GaussianNoise(0.1))
    model.add(Dense(2))
    model.compile(optimizer, "mse")
    return model


def same(one, two):
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("make", "suffix"), CASES, ids=["SGD-h5", "RMSprop-h5", "Nadam-h5", "RMSprop-jk", "Adam-jk"])
def test_after_load_model(make, suffix, tmp_path):
    shuffle = "batch" if suffix == "h5" else True
    settings = {"batch_size": 5, "shuffle": shuffle, "verbose": 0, "validation_split": 0.1}
    whole = noisy(make())
    whole.fit(X, Y, nb_epoch=5, **settings)
    first = noisy(make())
    first.fit(X, Y, nb_epoch=2, **settings)
    np.random.rand(3)  # of no consequence
    first.save(tmp_path / f"m.{suffix}")
    np.random.seed(99)
    again = load_model(tmp_path / f"m.{suffix}")
    np.random.rand(3)
    again.fit(X, Y, nb_epoch=5, initial_epoch=2, **settings)
    same(again, whole)


def test_a_training_that_is_no_continuation(tmp_path):
    model = Sequential([Dense(2, input_dim=4)])
    model.compile("sgd", "mse")
    model.fit(X, Y, nb_epoch=2, verbose=0)
    model.save(tmp_path / "m.jk")
    for rows, first in ((len(X), 0), (len(X), 1), (10, 2)):
        again = load_model(tmp_path / "m.jk")
        np.random.seed(3)
        again.fit(X[:rows], Y[:rows], initial_epoch=first, nb_epoch=first + 1, verbose=0)
        state = np.random.RandomState(3)
        state.shuffle(np.arange(rows))
        assert np.random.rand() == state.rand()  # the script's own random numbers counted


def test_saved_by_a_callback_that_draws_too(tmp_path):
    class Saver(Callback):
        def on_epoch_end(self, epoch, logs=None):
            np.random.rand(epoch)
            self.model.save(tmp_path / f"{epoch}.jk")

        def on_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.save(tmp_path / "within.jk")

    whole = noisy("adam")
    whole.fit(X, Y, batch_size=5, nb_epoch=4, verbose=0, callbacks=[Saver()])
    again = load_model(tmp_path / "1.jk")
    again.fit(X, Y, batch_size=5, nb_epoch=4, initial_epoch=2, verbose=0, callbacks=[Saver()])
    same(again, whole)
    assert load_model(tmp_path / "within.jk").resumes_at is None


@pytest.mark.parametrize("suffix", ["jk", "h5"])
def test_with_states(suffix, tmp_path):
    def model():
        np.random.seed(5)
        reset_uids()
        model = Sequential()
        model.add(
            GRU(3, return_sequences=True, stateful=True, batch_input_shape=(4, 5, 2), dropout_W=0.2, dropout_U=0.2)
        )
        model.add(LSTM(2, stateful=True))
        model.compile("rmsprop", "mse")
        return model

    x, y = np.random.normal(size=(12, 5, 2)), np.random.normal(size=(12, 2))
    settings = {"batch_size": 4, "verbose": 0}
    whole, first = model(), model()
    np.random.seed(1)
    whole.fit(x, y, nb_epoch=4, **settings)
    np.random.seed(1)
    first.fit(x, y, nb_epoch=2, **settings)
    first.save(tmp_path / f"m.{suffix}")
    again = load_model(tmp_path / f"m.{suffix}")
    again.fit(x, y, nb_epoch=4, initial_epoch=2, **settings)
    same(again, whole)
    for a, b in zip(again.get_states(), whole.get_states(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_into_a_compiled_model(tmp_path):
    whole = noisy("nadam")
    whole.fit(X, Y, nb_epoch=4, verbose=0)
    first = noisy("nadam")
    first.fit(X, Y, nb_epoch=3, verbose=0)
    first.save(tmp_path / "m.jk")
    other = noisy("nadam")
    other._run_seed = 1
    other.fit(X, Y, nb_epoch=1, verbose=0)  # it has run before
    restore(other, tmp_path / "m.jk")
    other.fit(X, Y, nb_epoch=4, initial_epoch=3, verbose=0)
    same(other, whole)
    before = other.get_weights()
    sgd = noisy("sgd")
    with pytest.raises(ValueError, match="does not fit SGD"):
        restore(sgd, tmp_path / "m.jk")
    assert len(before) == len(sgd.get_weights())


SCRIPT = """
import sys, numpy as np
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential, load_model
np.random.seed(3)
x, y = np.random.normal(size=(20, 4)), np.random.normal(size=(20, 2))
path, start, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if start:
    model = load_model(path)
else:
    model = Sequential([Dense(5, input_dim=4), Dropout(0.5), Dense(2)])
    model.compile("adam", "mse")
model.fit(x, y, batch_size=6, nb_epoch=end, initial_epoch=start, verbose=0)
model.save(path)
"""


def test_in_another_process(tmp_path):
    for path, start, end in (("whole.jk", 0, 4), ("parts.jk", 0, 2), ("parts.jk", 2, 4)):
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / path), str(start), str(end)], check=True)
    same(load_model(tmp_path / "parts.jk"), load_model(tmp_path / "whole.jk"))
