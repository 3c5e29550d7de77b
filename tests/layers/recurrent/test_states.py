"""States that are carried on: in pieces as in one go, in both faces; read, set and reset."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jkeras import backend as K
from jkeras.errors import MissingStateError
from jkeras.layers import GRU, LSTM, Dense, Input, Masking, SimpleRNN
from jkeras.models import Model, Sequential
from tests.layers.recurrent.reference import KINDS, run

BATCH, TIME, FEATURES, UNITS = 3, 4, 2, 5
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
every_kind = pytest.mark.parametrize("kind", KINDS)


def stateful(kind, **options):
    """A model of one stateful layer with random weights, and the layer."""
    layer = kind(UNITS, stateful=True, batch_input_shape=(BATCH, TIME, FEATURES), **options)
    model = Sequential([layer])
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.6, size=weight.shape) for weight in model.weights])
    return model, layer


# ---- in pieces as in one go


@every_kind
@pytest.mark.parametrize("seed", range(2))
def test_pieces(kind, seed):
    """T steps are T1 steps and T2 steps, for masked sequences of any shape, in both faces and in either mode."""
    random = np.random.default_rng(seed)
    batch, first, second, features, units = (int(size) for size in random.integers(1, 6, 5))
    x = random.normal(size=(batch, first + second, features)).astype("float32")
    mask = random.random((batch, first + second)) < 0.6
    x[~mask] = 0
    layer = kind(units, stateful=True, return_sequences=True, consume_less=str(random.choice(["cpu", "gpu"])))
    model = Sequential([Masking(batch_input_shape=(batch, None, features)), layer])
    model.set_weights([random.normal(0, 0.6, size=weight.shape) for weight in model.weights])
    pieces = x[:, :first], x[:, first:]

    params, start = model.params, model.state
    whole, end = model.apply_with_state(params, start, x)
    one, state = model.apply_with_state(params, start, pieces[0])
    two, state = model.apply_with_state(params, state, pieces[1])
    for got, expected in zip(jax.tree.leaves(state), jax.tree.leaves(end), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    # A call repeats only outputs of its own: before the first step of a piece that counts they are zeros.
    begun = np.concatenate([np.cumsum(mask[:, :first], 1) > 0, np.cumsum(mask[:, first:], 1) > 0], axis=1)
    expected = np.where(begun[..., None], whole, 0)
    np.testing.assert_allclose(np.concatenate([one, two], axis=1), expected, rtol=1e-4, atol=1e-5)

    found = [model.predict(piece, batch_size=batch) for piece in pieces]
    np.testing.assert_allclose(np.concatenate(found, axis=1), expected, rtol=1e-4, atol=1e-5)
    for name, got in zip(layer.state_names, layer.states, strict=True):
        np.testing.assert_allclose(K.get_value(got), end[layer.name][name], rtol=1e-4, atol=1e-5)


@every_kind
def test_pieces_without_a_mask(kind):
    model, layer = stateful(kind)
    outputs, states = run(layer, np.concatenate([X, X], axis=1))
    model.predict(X, batch_size=BATCH)
    np.testing.assert_allclose(model.predict(X, batch_size=BATCH), outputs[:, -1], rtol=1e-4, atol=1e-5)
    for state, expected in zip(layer.states, states, strict=True):
        np.testing.assert_allclose(K.get_value(state), expected, rtol=1e-4, atol=1e-5)


def test_batches_of_one_call_follow_each_other():
    model, layer = stateful(GRU)
    outputs, _ = run(layer, np.concatenate([X, -X], axis=1))
    found = model.predict(np.concatenate([X, -X]), batch_size=BATCH)
    np.testing.assert_allclose(found[:BATCH], outputs[:, TIME - 1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[BATCH:], outputs[:, -1], rtol=1e-4, atol=1e-5)


# ---- the functional face


def test_a_long_stream_in_a_scan_of_ones_own():
    inputs = Input(batch_shape=(BATCH, TIME, FEATURES))
    first = GRU(UNITS, stateful=True, return_sequences=True, name="first")
    second = LSTM(3, stateful=True, name="second")
    model = Model(inputs, Dense(1)(second(first(inputs))))
    params, state = model.init(jax.random.key(0))
    assert jax.tree.map(jnp.shape, state) == {
        "first": {"h": (BATCH, UNITS)},
        "second": {"h": (BATCH, 3), "c": (BATCH, 3)},
    }
    stream = rng.normal(size=(6, BATCH, TIME, FEATURES)).astype("float32")

    @jax.jit
    def read(params, state, stream):
        def piece(state, x):
            y, state = model.apply_with_state(params, state, x)
            return state, y

        return lax.scan(piece, state, stream)

    end, outputs = read(params, state, stream)
    for x, expected in zip(stream, outputs, strict=True):
        y, state = model.apply_with_state(params, state, x)
        np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    assert jax.tree.structure(end) == jax.tree.structure(state)
    # Nothing was kept in the model.
    assert not any(np.any(K.get_value(handle)) for handle in [*first.states, *second.states])
    assert model.apply(params, x, state=end).shape == (BATCH, 1)


def test_the_layer_alone_returns_its_new_state():
    _, layer = stateful(LSTM)
    h, c = (rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in "hc")
    y, state = layer.apply_with_state(layer.params, {"h": h, "c": c}, X)
    outputs, states = run(layer, X, states=[h, c])
    np.testing.assert_allclose(y, outputs[:, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state["h"], states[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(state["c"], states[1], rtol=1e-4, atol=1e-5)


def test_one_array_may_be_both_states():
    _, layer = stateful(LSTM)
    zeros = jnp.zeros((BATCH, UNITS))
    _, state = layer.apply_with_state(layer.params, {"h": zeros, "c": zeros}, X)
    expected = layer.apply_with_state(layer.params, {"h": zeros, "c": jnp.zeros((BATCH, UNITS))}, X)[1]
    np.testing.assert_array_equal(state["h"], expected["h"])
    np.testing.assert_array_equal(state["c"], expected["c"])
    assert not np.array_equal(state["h"], state["c"])


def test_states_of_any_batch_size_can_be_given():
    _, layer = stateful(GRU)
    y, state = layer.apply_with_state(layer.params, {"h": jnp.ones((1, UNITS))}, X[:1])
    outputs, _ = run(layer, X[:1], states=[np.ones((1, UNITS), "float32")])
    np.testing.assert_allclose(y, outputs[:, -1], rtol=1e-4, atol=1e-5)
    assert state["h"].shape == (1, UNITS)
    for held in (1, 2):
        with pytest.raises(ValueError, match=rf"holds the states of {held} samples; it got a batch of {BATCH}"):
            layer.apply_with_state(layer.params, {"h": jnp.ones((held, UNITS))}, X)


def test_gradients_do_not_need_the_state_to_be_kept():
    model, layer = stateful(LSTM)

    def loss(params, state):
        y, state = model.apply_with_state(params, state, X)
        return jnp.sum(y**2), state

    (_, state), gradients = jax.value_and_grad(loss, has_aux=True)(model.params, model.state)
    assert set(state[layer.name]) == {"h", "c"}
    assert all(bool(jnp.isfinite(gradient).all()) for gradient in jax.tree.leaves(gradients))


def test_without_its_state_a_stateful_layer_is_not_computed():
    model, layer = stateful(LSTM)
    with pytest.raises(MissingStateError, match=f"layer '{layer.name}' has state. Give it"):
        model.apply(model.params, X)
    with pytest.raises(MissingStateError, match=f"'{layer.name}' has state: use y, state = layer.apply_with_state"):
        layer.apply(layer.params, X)


# ---- the Keras 1 face


def test_every_method_moves_the_states_alike():
    model, layer = stateful(LSTM)
    model.compile("sgd", "mse")
    model.optimizer.lr.set_value(0.0)  # so that the weights stay
    targets = np.zeros((BATCH, UNITS))
    _, states = run(layer, X)
    moves = [
        lambda: model.predict(X, batch_size=BATCH),
        lambda: model.predict_on_batch(X),
        lambda: model.evaluate(X, targets, batch_size=BATCH, verbose=0),
        lambda: model.test_on_batch(X, targets),
        lambda: model.train_on_batch(X, targets),
        lambda: model.fit(X, targets, batch_size=BATCH, nb_epoch=1, shuffle=False, verbose=0),
    ]
    for move in moves:
        model.reset_states()
        move()
        for state, expected in zip(layer.states, states, strict=True):
            np.testing.assert_allclose(K.get_value(state), expected, rtol=1e-4, atol=1e-5)


def test_epochs_do_not_reset():
    model, layer = stateful(SimpleRNN)
    model.compile("sgd", "mse")
    model.optimizer.lr.set_value(0.0)
    model.fit(X, np.zeros((BATCH, UNITS)), batch_size=BATCH, nb_epoch=3, shuffle=False, verbose=0)
    _, states = run(layer, np.concatenate([X] * 3, axis=1))
    np.testing.assert_allclose(K.get_value(layer.states[0]), states[0], rtol=1e-4, atol=1e-5)


def test_states_can_be_read_and_set():
    model, layer = stateful(LSTM)
    first = model.predict(X, batch_size=BATCH)
    h, c = (K.get_value(state) for state in layer.states)
    np.testing.assert_allclose(h, first, rtol=1e-5)
    second = model.predict(X, batch_size=BATCH)
    K.set_value(layer.states[0], h)
    layer.states[1].set_value(c)
    np.testing.assert_array_equal(model.predict(X, batch_size=BATCH), second)
    assert [state.shape for state in layer.states] == [(BATCH, UNITS)] * 2
    with pytest.raises(ValueError, match=r"has shape \(3, 5\); the value given has shape \(2, 5\)"):
        K.set_value(layer.states[0], h[:2])


def test_states_are_no_weights():
    model, layer = stateful(LSTM)
    assert len(layer.weights) == len(model.weights) == 12
    assert layer.count_params() == 4 * UNITS * (FEATURES + UNITS + 1)
    assert set(layer.params).isdisjoint(layer.state)


def test_reset_states():
    model, layer = stateful(GRU)
    first = model.predict(X, batch_size=BATCH)
    assert not np.array_equal(model.predict(X, batch_size=BATCH), first)
    layer.reset_states()
    np.testing.assert_array_equal(model.predict(X, batch_size=BATCH), first)
    model.reset_states()
    np.testing.assert_array_equal(K.get_value(layer.states[0]), np.zeros((BATCH, UNITS)))


def test_reset_states_to_another_batch_size():
    model, layer = stateful(LSTM)
    weights = model.get_weights()
    model.predict(X, batch_size=BATCH)
    layer.reset_states(batch_size=1)
    assert [K.get_value(state).tolist() for state in layer.states] == [[[0.0] * UNITS]] * 2
    y, state = layer.apply_with_state(layer.params, layer.state, X[:1])
    np.testing.assert_allclose(y, run(layer, X[:1])[0][:, -1], rtol=1e-4, atol=1e-5)
    layer.state = state
    layer.reset_states(batch_size=BATCH)
    np.testing.assert_allclose(model.predict(X, batch_size=BATCH), run(layer, X)[0][:, -1], rtol=1e-4, atol=1e-5)
    for one, two in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    for size in (0, 2.5, "3"):
        with pytest.raises(ValueError, match=f"'{layer.name}' .*batch_size must be a positive whole number"):
            layer.reset_states(batch_size=size)


def test_after_a_reset_the_layer_takes_inputs_of_the_new_size():
    layer = GRU(UNITS, stateful=True)
    layer(Input(batch_shape=(BATCH, TIME, FEATURES)))
    with pytest.raises(ValueError, match="expected size 3 in axis 0"):
        layer(Input(batch_shape=(2, TIME, FEATURES)))
    layer.reset_states(batch_size=2)
    assert layer(Input(batch_shape=(2, TIME, FEATURES))).shape == (2, UNITS)


def test_a_stateless_layer_has_places_for_states_but_none_in_them():
    layer = LSTM(UNITS)
    assert not hasattr(layer, "states")  # as in Keras 1: they are made by build
    layer(Input((TIME, FEATURES)))
    assert layer.states == [None, None]
    assert layer.state == {}


def test_a_mask_keeps_states():
    model = Sequential([Masking(batch_input_shape=(2, 3, 1)), layer := SimpleRNN(UNITS, stateful=True)])
    random = np.random.default_rng(0)
    model.set_weights([random.normal(size=weight.shape) for weight in model.weights])
    x = np.array([[[1.0], [0.0], [0.0]], [[0.0], [0.0], [0.0]]], "float32")
    model.predict(x, batch_size=2)
    h = K.get_value(layer.states[0])
    np.testing.assert_allclose(h[0], run(layer, x[:1, :1])[1][0][0], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(h[1], np.zeros(UNITS))
    # A batch without any step that counts: the state stays, the output is zeros.
    np.testing.assert_array_equal(model.predict(np.zeros_like(x), batch_size=2), np.zeros((2, UNITS)))
    np.testing.assert_array_equal(K.get_value(layer.states[0]), h)
