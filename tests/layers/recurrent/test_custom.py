"""Recurrent layers of users' own, written as for Keras 1: they run unchanged through the bridge."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jkeras import activations, initializations, regularizers
from jkeras import backend as K
from jkeras.engine.topology import InputSpec
from jkeras.layers import Bidirectional, Dense, Recurrent, SimpleRNN
from jkeras.layers.recurrent import time_distributed_dense
from jkeras.models import Sequential, model_from_json
from tests.layers.recurrent.models import BATCH, FEATURES, MASKED, TIME, UNITS, X, around, rng, same_as


class OldRNN(Recurrent):
    """Keras 1.2.2's own SimpleRNN, line by line as people copied it."""

    def __init__(self, output_dim, init="glorot_uniform", inner_init="orthogonal", activation="tanh",
                 W_regularizer=None, dropout_W=0., dropout_U=0., **kwargs):  # fmt: skip
        self.output_dim = output_dim
        self.init = initializations.get(init)
        self.inner_init = initializations.get(inner_init)
        self.activation = activations.get(activation)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.dropout_W, self.dropout_U = dropout_W, dropout_U
        super(OldRNN, self).__init__(**kwargs)  # noqa: UP008

    def build(self, input_shape):
        self.input_spec = [InputSpec(shape=input_shape)]
        if self.stateful:
            self.reset_states()
        else:
            self.states = [None]
        input_dim = input_shape[2]
        self.input_dim = input_dim
        self.W = self.add_weight((input_dim, self.output_dim), initializer=self.init, name=f"{self.name}_W",
                                 regularizer=self.W_regularizer)  # fmt: skip
        self.U = self.inner_init((self.output_dim, self.output_dim), name=f"{self.name}_U")
        self.b = K.zeros((self.output_dim,), name=f"{self.name}_b")
        self.trainable_weights = [self.W, self.U, self.b]
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            del self.initial_weights

    def reset_states(self):
        assert self.stateful, "Layer must be stateful."
        input_shape = self.input_spec[0].shape
        if not input_shape[0]:
            raise ValueError("If a RNN is stateful, a complete input_shape must be provided.")
        if hasattr(self, "states"):
            K.set_value(self.states[0], np.zeros((input_shape[0], self.output_dim)))
        else:
            self.states = [K.zeros((input_shape[0], self.output_dim))]

    def preprocess_input(self, x):
        if self.consume_less == "cpu":
            input_shape = K.int_shape(x)
            return time_distributed_dense(
                x, self.W, self.b, self.dropout_W, input_shape[2], self.output_dim, input_shape[1]
            )
        return x

    def get_initial_states(self, x):
        initial_state = K.zeros_like(x)
        initial_state = K.sum(initial_state, axis=(1, 2))
        initial_state = K.expand_dims(initial_state)
        initial_state = K.tile(initial_state, [1, self.output_dim])
        return [initial_state for _ in range(len(self.states))]

    def step(self, x, states):
        prev_output, B_U, B_W = states
        h = x if self.consume_less == "cpu" else K.dot(x * B_W, self.W) + self.b
        output = self.activation(h + K.dot(prev_output * B_U, self.U))
        return output, [output]

    def get_constants(self, x):
        constants = []
        if 0 < self.dropout_U < 1:
            ones = K.ones_like(K.reshape(x[:, 0, 0], (-1, 1)))
            ones = K.tile(ones, (1, self.output_dim))
            constants.append(K.in_train_phase(K.dropout(ones, self.dropout_U), ones))
        else:
            constants.append(K.cast_to_floatx(1.0))
        constants.append(K.cast_to_floatx(1.0))
        return constants

    def get_config(self):
        config = {"output_dim": self.output_dim, "init": self.init.__name__, "activation": self.activation.__name__}
        base_config = super(OldRNN, self).get_config()  # noqa: UP008
        return dict(list(base_config.items()) + list(config.items()))


@pytest.mark.parametrize("mode", ["cpu", "gpu"])
@pytest.mark.parametrize("options", [{}, {"return_sequences": True, "go_backwards": True}, {"unroll": True}])
def test_a_copy_of_simplernn(mode, options):
    old, new = (kind(UNITS, consume_less=mode, **options) for kind in (OldRNN, SimpleRNN))
    same_as(around(old), around(new), MASKED)
    assert [weight.name for weight in old.weights] == [f"{old.name}_{name}" for name in "WUb"]


def test_it_trains_with_penalties_and_dropout():
    model = Sequential([OldRNN(UNITS, W_regularizer="l1", dropout_U=0.5, input_shape=(TIME, FEATURES)), Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    loss = model.evaluate(X, np.zeros((BATCH, 1)), verbose=0)
    penalty = 0.01 * np.abs(before[0]).sum()
    assert loss == pytest.approx(float(np.mean(np.square(model.predict(X))) + penalty), rel=1e-4)
    model.train_on_batch(X, np.ones((BATCH, 1)))
    assert all(not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))


def test_its_initial_weights():
    weights = [rng.normal(size=shape) for shape in ((FEATURES, UNITS), (UNITS, UNITS), (UNITS,))]
    model = around(OldRNN(UNITS, weights=weights))
    for found, given in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(found, given, rtol=1e-6)


def test_its_states_are_carried_on():
    layer = OldRNN(UNITS, stateful=True)
    model = around(layer)
    twin = around(SimpleRNN(UNITS, stateful=True))
    for _ in range(2):
        same_as(model, twin, MASKED)
    (state,) = layer.states
    np.testing.assert_allclose(K.get_value(state), K.get_value(twin.layers[1].states[0]), rtol=1e-4, atol=1e-5)
    model.reset_states()
    assert not K.get_value(state).any()
    first = model.predict(X, batch_size=BATCH)
    kept = K.get_value(state)
    model.predict(X, batch_size=BATCH)
    layer.reset_states()
    K.set_value(layer.states[0], kept)
    model.compile("sgd", "mse")
    model.train_on_batch(X, first)
    assert not np.array_equal(K.get_value(state), kept)
    assert len(layer.weights) == 3


def test_its_state_is_in_the_pytree():
    model = around(layer := OldRNN(UNITS, stateful=True))
    params, state = model.init(jax.random.key(0))
    assert set(params) == set(state) == {layer.name}
    stream = rng.normal(size=(3, BATCH, TIME, FEATURES)).astype("float32")

    def piece(state, x):
        y, state = model.apply_with_state(params, state, x)
        return state, y

    _, outputs = lax.scan(piece, state, stream)
    for x, expected in zip(stream, outputs, strict=True):
        y, state = model.apply_with_state(params, state, x)
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    assert not K.get_value(layer.states[0]).any()


def test_making_another_of_it_leaves_its_states_alone():
    layer = OldRNN(UNITS, stateful=True)
    around(layer).predict(X, batch_size=BATCH)
    kept = K.get_value(layer.states[0])
    assert kept.any()
    both = Bidirectional(layer)
    around(both).predict(X, batch_size=BATCH)
    np.testing.assert_array_equal(K.get_value(layer.states[0]), kept)
    assert K.get_value(both.forward_layer.states[0]).any()


def test_without_a_batch_size_its_own_error_is_raised():
    with pytest.raises(ValueError, match="a complete input_shape must be provided"):
        Sequential([OldRNN(UNITS, stateful=True, input_shape=(TIME, FEATURES))])


def test_its_config():
    model = Sequential([OldRNN(UNITS, activation="sigmoid", return_sequences=True, input_shape=(TIME, FEATURES))])
    again = model_from_json(model.to_json(), {"OldRNN": OldRNN})
    same_as(model, again)
    assert again.layers[0].activation is activations.sigmoid


def test_in_bidirectional():
    old, new = Bidirectional(OldRNN(UNITS, name="old")), Bidirectional(SimpleRNN(UNITS, name="new"))
    same_as(around(old), around(new), MASKED)
    params, state = old.init(jax.random.key(0))
    assert set(params) == {"forward_old", "backward_old"}
    assert state == {}


def test_its_cell():
    model = around(layer := OldRNN(UNITS, consume_less="gpu"))
    same_as(model, around(SimpleRNN(UNITS)))
    state = [jnp.zeros((BATCH, UNITS))]
    for t in range(TIME):
        state, output = layer.cell(layer.params, state, X[:, t])
    np.testing.assert_allclose(output, model.predict(X), rtol=1e-4, atol=1e-5)
