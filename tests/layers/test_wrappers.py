"""TimeDistributed: layers and models at each step, with their weights, masks, penalties and states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import initializations
from jkeras.engine.contract import Context, Weight
from jkeras.engine.layer import Layer
from jkeras.errors import MissingStateError
from jkeras.layers import Dense, Dropout, Flatten, Highway, Input, Lambda, Masking, TimeDistributed, Wrapper
from jkeras.models import Model, Sequential, model_from_json

X = np.random.default_rng(0).normal(size=(4, 3, 5)).astype("float32")


class Counter(Layer):
    """Adds its state to the input and counts the calls."""

    def weight_specs(self, input_shape):
        return [Weight("count", (), initializations.zero, trainable=False)]

    def apply_with_state(self, params, state, x, ctx=Context()):  # noqa: B008
        return x + state["count"], {"count": state["count"] + 1}


class OldScale(Layer):
    """A layer in Keras 1's style."""

    def build(self, input_shape):
        self.s = self.add_weight((input_shape[-1],), initializer="one", name=f"{self.name}_s")

    def call(self, x, mask=None):
        return x * self.s * 2


def test_each_step_goes_through_the_layer():
    layer = TimeDistributed(Dense(2, activation="tanh"))
    layer(Input((3, 5)))
    w, b = layer.get_weights()
    np.testing.assert_allclose(layer.apply(layer.params, X), np.tanh(X @ w + b), rtol=1e-5, atol=1e-6)
    assert set(layer.params) == {"dense_1"}
    assert [weight.name for weight in layer.weights] == ["dense_1_W", "dense_1_b"]


def test_shapes_with_unknown_and_fixed_sizes():
    assert TimeDistributed(Dense(2))(Input((None, 5))).shape == (None, None, 2)
    assert TimeDistributed(Dense(2))(Input(batch_shape=(4, 3, 5))).shape == (4, 3, 2)
    assert TimeDistributed(Flatten())(Input((3, 2, 5))).shape == (None, 3, 10)
    assert TimeDistributed(Dense(2), input_shape=(3, 5)).batch_input_shape == (None, 3, 5)


def test_masks_pass_and_stay_outside():
    # Flatten refuses masks; inside TimeDistributed it never sees one.
    output = TimeDistributed(Flatten())(Masking()(Input((3, 2, 5))))
    assert output.mask.shape == (None, 3, 2)
    assert TimeDistributed(Dense(2))(Masking()(Input((3, 5)))).mask.shape == (None, 3)


def test_a_model_at_each_step():
    inner = Sequential([Dense(4, input_dim=5, activation="relu"), Dropout(0.5), Dense(2)])
    inputs = Input((3, 5))
    model = Model(inputs, TimeDistributed(inner)(inputs))
    w1, b1, w2, b2 = model.get_weights()
    expected = np.maximum(X @ w1 + b1, 0) @ w2 + b2
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(jax.jit(model.apply)(model.params, X), model.predict(X))
    assert set(model.params["timedistributed_1"]["sequential_1"]) == {"dense_1", "dense_2"}
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))


def test_training_updates_the_inner_weights():
    model = Sequential([TimeDistributed(Dense(2), input_shape=(3, 5))])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(X, np.ones((4, 3, 2)))
    assert not np.array_equal(model.get_weights()[0], before[0])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.train_on_batch(X, np.ones((4, 3, 2)))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_penalties_of_the_inner_layer_count():
    model = Sequential([TimeDistributed(Dense(2, W_regularizer="l2", activity_regularizer="l2"), input_shape=(3, 5))])
    model.compile("sgd", "mse")
    y = model.predict(X)
    expected = 0.01 * (np.square(model.get_weights()[0]).sum() + np.square(y).sum())
    assert model.evaluate(X, y, verbose=0) == pytest.approx(float(expected), rel=1e-4)


def test_state_of_the_inner_layer_is_carried():
    layer = TimeDistributed(Counter(name="counter"))
    layer(Input((3, 5)))
    params, state = layer.init(jax.random.key(0))
    assert params == {}
    first, state = layer.apply_with_state(params, state, X)
    second, state = layer.apply_with_state(params, state, X)
    np.testing.assert_allclose(second - first, np.ones_like(X), rtol=1e-5)
    assert float(state["counter"]["count"]) == 2
    with pytest.raises(MissingStateError, match="the layer 'counter' in it has state"):
        layer.apply(params, X)


def test_a_layer_in_keras_1s_style():
    layer = TimeDistributed(OldScale())
    layer(Input((3, 5)))
    np.testing.assert_allclose(layer.apply(layer.params, X), 2 * X)


def test_wrappers_nest():
    layer = TimeDistributed(TimeDistributed(Dense(2)))
    assert layer(Input((2, 3, 5))).shape == (None, 2, 3, 2)
    assert jax.tree.map(jnp.shape, layer.params) == {"timedistributed_1": {"dense_1": {"W": (5, 2), "b": (2,)}}}
    (w, b), x = layer.get_weights(), np.stack([X, X], axis=1)
    np.testing.assert_allclose(layer.apply(layer.params, x), x @ w + b, rtol=1e-4, atol=1e-5)


def test_a_shared_inner_layer_has_one_entry():
    shared, inputs = Dense(5), Input((3, 5))
    model = Model(inputs, TimeDistributed(shared)(shared(inputs)))
    w, b = shared.get_weights()
    np.testing.assert_allclose(model.predict(X), (X @ w + b) @ w + b, rtol=1e-4, atol=1e-5)
    assert len(jax.tree.leaves(model.params)) == 2


def test_random_inner_functions_use_the_key_of_the_step():
    layer = TimeDistributed(Lambda(lambda x: K.dropout(x, 0.5)))
    model = Model(inputs := Input((3, 5)), layer(inputs))
    one = model.apply_with_state({}, {}, X, train=True, key=jax.random.key(0))[0]
    again = model.apply_with_state({}, {}, X, train=True, key=jax.random.key(0))[0]
    np.testing.assert_array_equal(one, again)


def test_messages():
    with pytest.raises(TypeError, match=r"TimeDistributed takes a layer or model, such as .*; got type"):
        TimeDistributed(Dense)
    with pytest.raises(ValueError, match=r"'timedistributed_1' .* expected an input of at least 3 dimensions"):
        TimeDistributed(Dense(2))(Input((5,)))
    with pytest.raises(ValueError, match=r"'highway_1' \(Highway\): expected an input of 2 dimensions"):
        TimeDistributed(Highway())(Input((3, 2, 5)))
    inner = Model(inputs := Input((5,)), [Dense(1)(inputs), Dense(2)(inputs)])
    with pytest.raises(ValueError, match="'model_1' has 2 outputs; it may have one"):
        TimeDistributed(inner)(Input((3, 5)))


def test_wrapper_says_what_to_implement():
    with pytest.raises(NotImplementedError, match="Wrapper must implement run"):
        Wrapper(Dense(2)).apply({}, X)
