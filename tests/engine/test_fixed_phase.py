"""K.set_learning_phase is built into what is called from then on, as in Keras 1."""

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.layer import Layer
from jkeras.layers import LSTM, BatchNormalization, Dense, Dropout, Input, Lambda
from jkeras.models import Model, Sequential

ONES = np.ones((1, 1000), "float32")
X = np.random.RandomState(0).rand(8, 3).astype("float32")


def dropped(output):
    return (np.asarray(output) == 0).mean()


def dropout():
    model = Sequential([Dropout(0.5, input_shape=(1000,))])
    model.compile("sgd", "mse")
    return model


def test_predict_drops_out_in_phase_1():
    K.set_learning_phase(1)
    model = dropout()
    for output in (
        model.predict(ONES),
        model.predict(np.ones((64, 1000)), batch_size=32),
        model.predict_on_batch(ONES),
        K.function([model.input], [model.output])([ONES])[0],
    ):
        assert 0.4 < dropped(output) < 0.6
    assert not np.array_equal(model.predict(ONES), model.predict(ONES))
    assert model.evaluate(ONES, ONES, verbose=0) > 0.5
    assert not model.uses_learning_phase
    # A pure function goes by its arguments.
    assert dropped(model.apply({}, ONES)) == 0


def test_training_does_not_drop_out_in_phase_0():
    K.set_learning_phase(0)
    model = dropout()
    assert model.train_on_batch(ONES, ONES) == 0
    assert dropped(model.apply_with_state({}, {}, ONES, train=True, key=jax.random.key(0))[0]) > 0.4


def test_it_counts_when_a_layer_is_called():
    early = dropout()
    K.set_learning_phase(1)
    assert dropped(early.predict(ONES)) == 0
    assert 0.4 < dropped(Sequential([early.layers[0].from_config(early.layers[0].get_config())]).predict(ONES)) < 0.6
    late = Model(data := Input((1000,)), early(data))  # calls its layers once more
    assert 0.4 < dropped(late.predict(ONES)) < 0.6
    begun = Sequential([early, Lambda(lambda x: K.in_train_phase(2 * x, x))])  # does not
    np.testing.assert_array_equal(begun.predict(ONES), 2 * ONES)
    K.clear_session()
    assert dropped(dropout().predict(ONES)) == 0
    assert 0.4 < dropped(late.predict(ONES)) < 0.6


@pytest.mark.parametrize("nested", [False, True])
def test_training_moves_statistics_in_phase_0_too(nested):
    K.set_learning_phase(0)
    norm = BatchNormalization(input_shape=(3,), mode=0)
    model = Sequential([Dense(3, input_dim=3, init="identity"), Sequential([norm])] if nested else [norm])
    model.compile("sgd", "mse")
    _, _, mean, variance = norm.get_weights()
    assert (mean == 0).all()
    expected = X / np.sqrt(variance + norm.epsilon)
    assert model.train_on_batch(X, expected) == pytest.approx(0, abs=1e-10)
    np.testing.assert_allclose(norm.get_weights()[2], 0.01 * X.mean(axis=0), rtol=1e-4)


def test_statistics_stay_where_phase_1_predicts_but_states_go_on():
    K.set_learning_phase(1)
    layers = [
        BatchNormalization(batch_input_shape=(8, 2, 3), mode=0, axis=-1),
        LSTM(2, stateful=True),
        Dense(1),
    ]
    model = Sequential(layers)
    model.compile("sgd", "mse")
    before = layers[0].get_weights()
    x = np.stack([X, X], axis=1)
    normed = K.function([model.input], [layers[0].output])([x])[0]
    np.testing.assert_allclose(normed.mean(axis=(0, 1)), 0, atol=1e-5)
    first, second = model.predict(x, batch_size=8), model.predict(x, batch_size=8)
    assert not np.allclose(first, second)
    for old, new in zip(before, layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.train_on_batch(x, first)
    assert not np.array_equal(before[2], layers[0].get_weights()[2])


def test_statistics_inside_a_nested_model_are_of_what_flows_in_phase_0():
    K.set_learning_phase(0)
    inner = Sequential(
        [Dropout(0.5, input_shape=(3,)), BatchNormalization(momentum=0.5), BatchNormalization(momentum=0.5)]
    )
    model = Sequential([Dense(3, input_dim=3, init="identity"), inner])
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    first, second = inner.layers[1:]
    np.testing.assert_allclose(first.get_weights()[2], 0.5 * X.mean(axis=0), rtol=1e-4)
    flowing = X / np.sqrt(np.ones(3) + first.epsilon)  # by statistics as they were
    np.testing.assert_allclose(second.get_weights()[2], 0.5 * flowing.mean(axis=0), rtol=1e-3)


class Count(Layer):
    """Counts the runs that make its update."""

    def build(self, input_shape):
        self.runs = self.add_weight((1,), initializer="zero", trainable=False, name="runs")
        super().build(input_shape)

    def call(self, x, mask=None):
        self.add_update([(self.runs, K.in_train_phase(self.runs + 1, self.runs + 10))])
        return x


@pytest.mark.parametrize(
    ("phase", "stateful", "counts"), [(None, False, 1), (0, False, 10), (1, True, 3), (None, True, 21)]
)
def test_updates_of_layers_are_made_when_a_model_trains(phase, stateful, counts):
    if phase is not None:
        K.set_learning_phase(phase)
    layer = Count(batch_input_shape=(8, 3))
    layer.stateful = stateful
    model = Sequential([layer])
    model.compile("sgd", "mse")
    model.train_on_batch(X, X)
    model.predict(X, batch_size=8)
    model.evaluate(X, X, batch_size=8, verbose=0)
    assert layer.get_weights()[0] == counts
