"""How often XLA compiles: never for what was done before, at most twice for training, testing and predicting."""

from collections import Counter
from contextlib import contextmanager

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks import Callback, LearningRateScheduler, ReduceLROnPlateau
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD, Adam

COMPILED = "/jax/core/compile/backend_compile_duration"


@contextmanager
def compilations():
    """Count by name the programs that are compiled in the block."""
    names = Counter()

    def listen(event, duration, **details):
        if event == COMPILED:
            names[details.get("fun_name", "?")] += 1

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield names
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def data(count):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 4)), np.eye(3)[rng.integers(0, 3, count)]


def build(optimizer):
    model = Sequential([Dense(5, input_dim=4, activation="relu"), Dropout(0.3), Dense(3, activation="softmax")])
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model


def test_the_counter_counts():
    with compilations() as names:
        jax.jit(lambda x: x * 2 + 1)(np.ones(3))
    assert list(names) == ["jit(<lambda>)"]


def test_training_testing_and_predicting_compile_at_most_twice_each_and_then_nothing():
    (x, y), (more_x, more_y) = data(43), data(300)
    with compilations() as names:
        model = build(Adam())
        model.fit(x, y, 8, 3, verbose=0, validation_split=0.3)  # 30 and 13 samples: short last batches
        model.evaluate(x[-13:], y[-13:], 8, verbose=0)
        model.predict(x[-13:], 8)
    by_kind = {kind: sum(n for name, n in names.items() if kind in name) for kind in ("train", "test", "predict")}
    assert by_kind == {"train": 2, "test": 2, "predict": 2}, names
    with compilations() as names:
        model.fit(x, y, 8, 2, verbose=0, validation_split=0.3)
        model.fit(x, y, 8, 2, verbose=0, validation_split=0.3, shuffle=False, callbacks=[Watching()])
        model.fit(x[:30], y[:30], 8, 1, verbose=0, shuffle="batch", validation_data=(x[-13:], y[-13:]))
    assert names == {}
    with compilations() as names:
        # Any number of samples: full batches and a short one of 5 samples.
        model.evaluate(more_x[:293], more_y[:293], 8, verbose=0)
        model.evaluate(more_x[:13], more_y[:13], 8, verbose=0)
        model.predict(more_x[:293], 8)
        model.predict(more_x[:13], 8)
    assert names == {}


class Watching(Callback):
    def on_batch_end(self, batch, logs=None):
        pass


def test_settings_that_change_compile_nothing():
    x, y = data(16)
    model = build(SGD(lr=0.1, momentum=0.5, decay=0.01))
    model.fit(x, y, 8, 1, verbose=0)
    model.train_on_batch(x, y)

    def restore():
        model.set_weights(model.get_weights())
        model.optimizer.set_weights(model.optimizer.get_weights())

    restore()
    with compilations() as names:
        K.set_value(model.optimizer.lr, 0.01)
        model.fit(x, y, 8, 1, verbose=0)
        model.optimizer.lr = 0.02
        model.optimizer.momentum = 0.9
        model.train_on_batch(x, y)
        schedule = LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))
        plateau = ReduceLROnPlateau("loss", patience=0, epsilon=10.0)
        model.fit(x, y, 8, 3, verbose=0, callbacks=[schedule, plateau])
        restore()
        model.fit(x, y, 8, 1, verbose=0)
    assert names == {}


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"])
def test_the_second_step_of_an_optimizer_compiles_nothing(name):
    model = Sequential([Dense(1, input_dim=4)])
    model.compile(name, "mse")
    x, _ = data(6)
    model.train_on_batch(x, x[:, 0])
    with compilations() as names:
        for _ in range(3):
            model.train_on_batch(x, x[:, 0])
    assert names == {}


def test_the_second_batch_compiles_nothing():
    x, y = data(6)
    model = build("sgd")
    for call in (model.test_on_batch, model.train_on_batch):
        call(x, y)
    model.predict_on_batch(x)
    _ = model.params
    model.train_on_batch(x, y)
    with compilations() as names:
        for call in (model.test_on_batch, model.train_on_batch, model.test_on_batch):
            call(x, y)
        model.predict_on_batch(x)
        model.predict(x)
        _ = model.params  # from now on somebody else may hold the arrays, and the next step copies them
        model.train_on_batch(x, y)
    assert names == {}
