"""Small networks and their data, for the same training on one device and on several."""

import jax
import numpy as np

from jkeras import backend as K
from jkeras.layers import (
    LSTM,
    Activation,
    BatchNormalization,
    Convolution2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Masking,
)
from jkeras.models import Sequential

SAMPLES = 150  # batches of 32, and a last one of 22, which 8 devices do not divide


def _data(shape, samples=SAMPLES):
    rng = np.random.RandomState(1)
    return rng.rand(*(samples, *shape)).astype("float32"), np.eye(3)[rng.randint(3, size=samples)]


def mlp():
    layers = [Dense(16, input_dim=6, activation="tanh"), Dropout(0.5), Dense(3, activation="softmax")]
    return Sequential(layers), *_data((6,))


def cnn():
    """A convolution that is computed in blocks of samples, and batch statistics."""
    layers = [
        Convolution2D(8, 3, 3, input_shape=(1, 9, 9)),
        BatchNormalization(axis=1),
        Activation("relu"),
        Dropout(0.25),
        Flatten(),
        Dense(3, activation="softmax"),
    ]
    return Sequential(layers), *_data((1, 9, 9))


def masked():
    x, y = _data((7, 4))
    x[:, 5:] = 0
    x[::3, 2:] = 0
    layers = [Masking(input_shape=(7, 4)), LSTM(8, dropout_W=0.2, dropout_U=0.2), Dense(3, activation="softmax")]
    return Sequential(layers), x, y


def stateful():
    layers = [LSTM(8, stateful=True, batch_input_shape=(32, 7, 4)), Dense(3, activation="softmax")]
    return Sequential(layers), *_data((7, 4), 160)


def words():
    x = np.random.RandomState(2).randint(40, size=(SAMPLES, 6))
    layers = [Embedding(40, 8, input_length=6), Flatten(), Dense(16, activation="tanh"), Dense(3, activation="softmax")]
    return Sequential(layers), x, _data((1,))[1]


def compiled(build, optimizer="adam"):
    """Return a network as it is in a new process, and its data."""
    K.reset_uids()
    np.random.seed(3)
    model, x, y = build()
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model, x, y


def trained(model, x, y, by_batch=False, **options):
    """Train for 20 steps, and return all numbers that come out of it by name.

    Args:
        by_batch: whether to call the methods for single batches too.
    """
    options = {"validation_data": (x[:64], y[:64]), "verbose": 0, **options}
    found = model.fit(
        x, y, batch_size=32, nb_epoch=4, shuffle=not model.stateful, sample_weight=np.linspace(0, 2, len(x)), **options
    ).history  # fmt: skip
    numbers = {f"history of {name}": np.array(values) for name, values in found.items()}
    numbers["predict"] = model.predict(x)
    if by_batch:
        numbers["evaluate"] = np.array(model.evaluate(x, y, verbose=0))
        numbers["train_on_batch"] = np.array(model.train_on_batch(x[:30], y[:30]))
        numbers["test_on_batch"] = np.array(model.test_on_batch(x[:13], y[:13]))
        numbers["predict_on_batch"] = model.predict_on_batch(x[:5])
    numbers |= {weight.name: weight.get_value() for weight in model.weights}
    return numbers | {f"state {at}": state for at, state in enumerate(model.get_states())}


def assert_close(found, expected):
    assert set(found) == set(expected)
    for name, number in expected.items():
        np.testing.assert_allclose(found[name], number, rtol=0, atol=1e-5, err_msg=name)


def mesh(*sizes, names=("batch", "model")):
    return jax.make_mesh(sizes, names[: len(sizes)])
