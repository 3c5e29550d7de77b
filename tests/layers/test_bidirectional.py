"""Bidirectional: numbers, modes, weights, penalties, states, masks, configs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.errors import MissingStateError
from jkeras.layers import GRU, LSTM, Bidirectional, Dense, Input, Masking, SimpleRNN, TimeDistributed
from jkeras.models import Model, Sequential, model_from_json
from tests.layers.recurrent.reference import run

BATCH, TIME, FEATURES, UNITS = 3, 4, 2, 5
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = np.array([[0, 0, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], bool)


def model_around(*layers, batch=None):
    """A model with random weights."""
    layers[0].batch_input_shape = (batch, TIME, FEATURES)
    model = Sequential(list(layers))
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.6, size=weight.shape) for weight in model.weights])
    return model


def both_ways(layer, x, mask=None, states=(None, None)):
    """All outputs of the two directions, in the order of the input."""
    there, after = run(layer.forward_layer, x, mask, states[0])
    back, before = run(layer.backward_layer, x, mask, states[1])
    return there, back[:, ::-1], after, before


MODES = {
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_sequences(kind, mode):
    layer = Bidirectional(kind(UNITS, return_sequences=True), merge_mode=mode)
    model = model_around(layer)
    there, back, _, _ = both_ways(layer, X)
    expected = MODES[mode](there, back)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    assert model.output_shape == (None, *expected.shape[1:])


@pytest.mark.parametrize("mode", MODES)
def test_last_outputs(mode):
    layer = Bidirectional(SimpleRNN(UNITS), merge_mode=mode)
    model = model_around(layer)
    there, back, _, _ = both_ways(layer, X)
    np.testing.assert_allclose(model.predict(X), MODES[mode](there[:, -1], back[:, 0]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sequences", [False, True])
def test_without_merging(sequences):
    layer = Bidirectional(GRU(UNITS, return_sequences=sequences), merge_mode=None)
    inputs = Input((TIME, FEATURES))
    outputs = layer(inputs)
    assert [output.shape for output in outputs] == [(None, TIME, UNITS) if sequences else (None, UNITS)] * 2
    there, back, _, _ = both_ways(layer, X)
    if not sequences:
        there, back = there[:, -1], back[:, 0]
    for found, expected in zip(Model(inputs, outputs).predict(X), (there, back), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    masked = Bidirectional(GRU(UNITS, return_sequences=sequences), merge_mode=None)(Masking()(inputs))
    assert all((output.mask is not None) is sequences for output in masked)


def test_a_layer_that_goes_backwards_is_turned_round_twice():
    layer = Bidirectional(SimpleRNN(UNITS, go_backwards=True))
    assert layer.forward_layer.go_backwards
    assert not layer.backward_layer.go_backwards


# ---- weights


def test_weights_are_those_of_the_forward_layer_and_then_those_of_the_backward_layer():
    layer = Bidirectional(GRU(UNITS, consume_less="gpu", name="gru"))
    model_around(layer)
    names = [f"{direction}_gru_{name}" for direction in ("forward", "backward") for name in "WUb"]
    assert [weight.name for weight in layer.weights] == names
    assert set(layer.params) == {"forward_gru", "backward_gru"}
    parts = [*layer.forward_layer.get_weights(), *layer.backward_layer.get_weights()]
    for one, two in zip(layer.get_weights(), parts, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_directions_start_with_different_weights():
    layer = Bidirectional(SimpleRNN(UNITS))
    layer(Input((TIME, FEATURES)))
    assert not np.array_equal(layer.forward_layer.W.get_value(), layer.backward_layer.W.get_value())
    params, state = layer.init(jax.random.key(0))
    assert not np.array_equal(params["forward_simplernn_1"]["W"], params["backward_simplernn_1"]["W"])
    assert state == {}
    assert layer.init(jax.random.key(0), (None, 9, 7))[0]["forward_simplernn_1"]["W"].shape == (7, UNITS)


def test_given_weights():
    shapes = [(FEATURES, UNITS), (UNITS, UNITS), (UNITS,)]
    weights = [np.full(shape, float(index)) for index, shape in enumerate(shapes * 2)]
    layer = Bidirectional(SimpleRNN(UNITS), weights=weights)
    layer(Input((TIME, FEATURES)))
    for found, given in zip(layer.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, given)
    layer = Bidirectional(SimpleRNN(UNITS, weights=weights[:3]))
    layer(Input((TIME, FEATURES)))
    for found, given in zip(layer.get_weights(), weights[:3] * 2, strict=True):
        np.testing.assert_array_equal(found, given)


def test_the_layer_that_was_given_is_not_touched():
    inner = LSTM(UNITS)
    model_around(Bidirectional(inner))
    assert not inner.built
    assert inner.name == "lstm_1"


def test_training_and_freezing():
    layer = Bidirectional(LSTM(UNITS))
    model = model_around(layer, Dense(1))
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(X, np.ones((BATCH, 1)))
    assert all(not np.array_equal(old, new) for old, new in zip(before, layer.get_weights(), strict=True))
    layer.trainable = False
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(X, np.ones((BATCH, 1)))
    assert all(np.array_equal(old, new) for old, new in zip(before, layer.get_weights(), strict=True))
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 24


def test_penalties_of_both_directions():
    layer = Bidirectional(SimpleRNN(UNITS, W_regularizer="l1", U_regularizer="l2"))
    model = model_around(layer)
    model.compile("sgd", "mse")
    W, U, _, V, T, _ = layer.get_weights()
    expected = 0.01 * (np.abs(W).sum() + np.abs(V).sum() + np.square(U).sum() + np.square(T).sum())
    assert model.evaluate(X, model.predict(X), verbose=0) == pytest.approx(float(expected), rel=1e-4)


# ---- masks, randomness


@pytest.mark.parametrize("sequences", [False, True])
def test_masks(sequences):
    layer = Bidirectional(LSTM(UNITS, return_sequences=sequences), merge_mode="sum")
    model = model_around(Masking(), layer)
    x = X * MASK[:, :, None]
    there, back, _, _ = both_ways(layer, x, MASK)
    expected = there + back if sequences else there[:, -1] + back[:, 0]
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-4, atol=1e-5)
    assert (layer.output_mask is not None) is sequences


def test_dropout_differs_between_the_directions():
    layer = Bidirectional(SimpleRNN(50, activation="linear", dropout_W=0.5), merge_mode=None)
    layer(Input((1, 50)))
    layer.set_weights([np.eye(50), np.zeros((50, 50)), np.zeros(50)] * 2)
    ctx = Context(train=True, key=jax.random.key(0))
    (one, two), _ = layer.apply_with_state(layer.params, {}, jnp.ones((2, 1, 50)), ctx)
    assert set(np.unique(one)) == set(np.unique(two)) == {0.0, 2.0}
    assert not np.array_equal(one, two)
    with pytest.raises(ValueError, match=r"'forward_simplernn_1' .* needs a key"):
        layer.apply_with_state(layer.params, {}, jnp.ones((2, 1, 50)), Context(train=True))


# ---- states


def test_states_are_carried_on_in_both_faces():
    layer = Bidirectional(GRU(UNITS, stateful=True, name="gru"))
    model = model_around(layer, batch=BATCH)
    assert layer.stateful
    params, start = model.params, model.state
    assert jax.tree.map(jnp.shape, start) == {
        layer.name: {"forward_gru": {"h": (BATCH, UNITS)}, "backward_gru": {"h": (BATCH, UNITS)}}
    }

    def piece(state, x):
        y, state = model.apply_with_state(params, state, x)
        return state, y

    end, outputs = lax.scan(piece, start, jnp.stack([X, -X]))
    _, _, after, before = both_ways(layer, X)
    there, back, after, before = both_ways(layer, -X, states=(after, before))
    np.testing.assert_allclose(outputs[1], np.concatenate([there[:, -1], back[:, 0]], -1), rtol=1e-4, atol=1e-5)
    for x, expected in zip((X, -X), outputs, strict=True):
        np.testing.assert_allclose(model.predict(x, batch_size=BATCH), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(K.get_value(layer.forward_layer.states[0]), after[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(K.get_value(layer.backward_layer.states[0]), before[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(end[layer.name]["backward_gru"]["h"], before[0], rtol=1e-4, atol=1e-5)
    with pytest.raises(MissingStateError, match="'forward_gru' in it has state"):
        layer.apply(layer.params, X)


def test_resetting_states():
    layer = Bidirectional(LSTM(UNITS, stateful=True))
    model = model_around(layer, batch=BATCH)
    first = model.predict(X, batch_size=BATCH)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(X, batch_size=BATCH), first)
    layer.reset_states(batch_size=1)
    y, _ = layer.apply_with_state(layer.params, layer.state, X[:1])
    np.testing.assert_allclose(y, first[:1], rtol=1e-4, atol=1e-5)
    with pytest.raises(AttributeError, match="'forward_lstm_2' is not stateful"):
        stateless = Bidirectional(LSTM(UNITS))
        stateless(Input((TIME, FEATURES)))
        stateless.reset_states()


# ---- configs


@pytest.mark.parametrize("mode", ["sum", "mul", "concat", "ave", None])
def test_configs(mode):
    layer = Bidirectional(GRU(UNITS, activation="relu", name="gru"), merge_mode=mode, name="both")
    config = layer.get_config()
    assert config["merge_mode"] == mode
    assert config["layer"]["class_name"] == "GRU"
    again = Bidirectional.from_config(config)
    assert again.get_config() == config
    assert again.forward_layer.name == "forward_gru"
    assert again.backward_layer.get_config() == layer.backward_layer.get_config()


def test_models_are_read_back():
    model = model_around(Bidirectional(LSTM(UNITS, return_sequences=True), merge_mode="ave"), Bidirectional(GRU(2)))
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert [weight.name for weight in again.weights] == [weight.name for weight in model.weights]


def test_as_a_first_layer():
    assert Sequential([Bidirectional(LSTM(3), input_shape=(4, 2))]).output_shape == (None, 6)
    assert Sequential([Bidirectional(LSTM(3, input_shape=(4, 2)))]).input_shape == (None, 4, 2)
    assert Sequential([Bidirectional(LSTM(3, return_sequences=True, input_dim=2))]).output_shape == (None, None, 6)


# ---- with other wrappers and layers


def test_sentences_of_words():
    # The vector of each sentence of a text, by one reader in both directions.
    layer = Bidirectional(GRU(UNITS))
    steps = TimeDistributed(layer)
    inputs = Input((6, TIME, FEATURES))
    model = Model(inputs, steps(inputs))
    x = rng.normal(size=(2, 6, TIME, FEATURES)).astype("float32")
    there, back, _, _ = both_ways(layer, x.reshape(12, TIME, FEATURES))
    expected = np.concatenate([there[:, -1], back[:, 0]], -1).reshape(2, 6, 2 * UNITS)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-4, atol=1e-5)
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_shared():
    layer = Bidirectional(SimpleRNN(UNITS), merge_mode="sum")
    one, two = Input((TIME, FEATURES)), Input((TIME, FEATURES))
    model = Model([one, two], [layer(one), layer(two)])
    found = model.predict([X, -X])
    for x, output in zip((X, -X), found, strict=True):
        there, back, _, _ = both_ways(layer, x)
        np.testing.assert_allclose(output, there[:, -1] + back[:, 0], rtol=1e-4, atol=1e-5)
    assert len(model.weights) == 6


# ---- messages


def test_messages():
    with pytest.raises(TypeError, match=r"Bidirectional takes a recurrent layer, such as LSTM\(32\); got Dense"):
        Bidirectional(Dense(3))
    with pytest.raises(
        ValueError, match=r"Bidirectional: unknown merge_mode 'concatenate'\. Perhaps you meant 'concat'"
    ):
        Bidirectional(LSTM(3), merge_mode="concatenate")
    with pytest.raises(
        ValueError, match=r"'forward_lstm_2' \(LSTM\) reads sequences .* its input has shape \(None, 4\)"
    ):
        Bidirectional(LSTM(3))(Input((4,)))
    with pytest.raises(ValueError, match="'forward_lstm_3' is stateful, so it needs a fixed batch size"):
        Bidirectional(LSTM(3, stateful=True))(Input((4, 2)))
