"""SimpleRNN, GRU and LSTM: their numbers, the layout of their weights, their options, and the pure cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Dense, Input, Recurrent, SimpleRNN
from jkeras.layers.recurrent import time_distributed_dense
from jkeras.models import Model, Sequential, model_from_json
from jkeras.regularizers import l1
from tests.layers.recurrent.reference import GATES, KINDS, joined, run, weights_of

BATCH, TIME, FEATURES, UNITS = 3, 5, 2, 4
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASK = np.array([[0, 0, 1, 1, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
MODES = ("cpu", "mem", "gpu")
every_kind = pytest.mark.parametrize("kind", KINDS)
every_gated_kind = pytest.mark.parametrize("kind", KINDS[1:])


def built(kind, **arguments):
    """A layer with weights that are all different."""
    layer = kind(UNITS, input_shape=(TIME, FEATURES), **arguments)
    layer(Input((TIME, FEATURES)))
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(0, 0.6, size=weight.shape) for weight in layer.weights])
    return layer


def same_weights(kind, layer):
    """A layer in mode 'gpu' with the weights of another one."""
    other = built(kind, consume_less="gpu", return_sequences=layer.return_sequences)
    gates = GATES.get(kind.__name__)
    other.set_weights(layer.get_weights() if gates is None else joined(weights_of(layer), gates))
    return other


# ---- numbers


@every_kind
@pytest.mark.parametrize("mask", [None, MASK], ids=["plain", "masked"])
def test_numbers(kind, mask):
    for options in ({"return_sequences": True}, {}, {"go_backwards": True, "return_sequences": True}, {"unroll": True}):
        layer = built(kind, **options)
        outputs, _ = run(layer, X, mask)
        found, state = layer.apply_with_state(layer.params, {}, X, Context(mask=mask))
        np.testing.assert_allclose(found, outputs if layer.return_sequences else outputs[:, -1], rtol=1e-4, atol=1e-5)
        assert state == {}


@every_kind
def test_modes_compute_the_same(kind):
    layer = built(kind, return_sequences=True)
    expected = layer.apply(layer.params, X)
    mem = built(kind, consume_less="mem", return_sequences=True)
    np.testing.assert_allclose(mem.apply(layer.params, X), expected, rtol=1e-5, atol=1e-6)
    gpu = same_weights(kind, layer)
    np.testing.assert_allclose(gpu.apply(gpu.params, X), expected, rtol=1e-5, atol=1e-6)


@every_kind
def test_unrolled_is_the_same_and_differs_only_in_the_program(kind):
    loop, unrolled = (built(kind, unroll=unroll, return_sequences=True) for unroll in (False, True))
    one, two = loop.apply(loop.params, X), unrolled.apply(loop.params, X)
    np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
    assert "stablehlo.while" in jax.jit(loop.apply).lower(loop.params, X).as_text()
    assert "stablehlo.while" not in jax.jit(unrolled.apply).lower(loop.params, X).as_text()


def test_other_activations():
    layer = LSTM(UNITS, activation="linear", inner_activation="sigmoid", forget_bias_init="zero")
    layer(Input((1, FEATURES)))
    w = weights_of(layer)
    i, g, o = (X[:, 0] @ w[f"W_{gate}"] for gate in "ico")
    np.testing.assert_allclose(
        layer.apply(layer.params, X[:, :1]), g / (1 + np.exp(-i)) / (1 + np.exp(-o)), rtol=1e-4, atol=1e-5
    )


# ---- weights


def names(layer):
    return [weight.name.removeprefix(f"{layer.name}_") for weight in layer.weights]


def test_weights_of_simplernn():
    layer = built(SimpleRNN)
    assert names(layer) == ["W", "U", "b"]
    assert [weight.shape for weight in layer.weights] == [(FEATURES, UNITS), (UNITS, UNITS), (UNITS,)]


@pytest.mark.parametrize("mode", ["cpu", "mem"])
def test_weights_of_the_gates_in_keras_1s_order(mode):
    layer = built(LSTM, consume_less=mode)
    assert names(layer) == ["W_i", "U_i", "b_i", "W_c", "U_c", "b_c", "W_f", "U_f", "b_f", "W_o", "U_o", "b_o"]
    assert [weight.shape for weight in layer.weights] == [(FEATURES, UNITS), (UNITS, UNITS), (UNITS,)] * 4
    layer = built(GRU, consume_less=mode)
    assert names(layer) == ["W_z", "U_z", "b_z", "W_r", "U_r", "b_r", "W_h", "U_h", "b_h"]
    assert [weight.shape for weight in layer.weights] == [(FEATURES, UNITS), (UNITS, UNITS), (UNITS,)] * 3
    assert set(layer.params) == set(names(layer))
    assert layer.W_z.name == f"{layer.name}_W_z"


def test_weights_of_mode_gpu():
    for kind, gates in ((LSTM, 4), (GRU, 3)):
        layer = built(kind, consume_less="gpu")
        assert names(layer) == ["W", "U", "b"]
        width = gates * UNITS
        assert [weight.shape for weight in layer.weights] == [(FEATURES, width), (UNITS, width), (width,)]


def test_initial_biases():
    for mode in MODES:
        layer = LSTM(UNITS, consume_less=mode)
        layer(Input((TIME, FEATURES)))
        biases = {name: value for name, value in weights_of(layer).items() if name.startswith("b")}
        for name, value in biases.items():
            np.testing.assert_array_equal(value, np.full(UNITS, float(name == "b_f")))
        layer = LSTM(UNITS, consume_less=mode, forget_bias_init="zero")
        layer(Input((TIME, FEATURES)))
        assert not weights_of(layer)["b_f"].any()
    layer = GRU(UNITS, consume_less="gpu")
    layer(Input((TIME, FEATURES)))
    assert not layer.b.get_value().any()


@every_kind
@pytest.mark.parametrize("mode", MODES)
def test_init_is_for_w_and_inner_init_for_u(kind, mode):
    layer = kind(UNITS, init="one", inner_init="zero", consume_less=mode)
    layer(Input((TIME, FEATURES)))
    for name, value in layer.params.items():
        if name[0] in "WU":
            np.testing.assert_array_equal(value, np.full(value.shape, float(name[0] == "W")))
    layer = kind(UNITS, consume_less=mode)  # 'orthogonal'
    layer(Input((TIME, FEATURES)))
    for name, value in layer.params.items():
        if name[0] == "U":
            np.testing.assert_allclose(value @ value.T, 1.1**2 * np.eye(UNITS), atol=1e-5)


@every_kind
@pytest.mark.parametrize("mode", ["cpu", "gpu"])
def test_each_regularizer_is_for_its_own_weights(kind, mode):
    shares = {"W": 1.0, "U": 10.0, "b": 100.0}
    penalties = {f"{letter}_regularizer": l1(share) for letter, share in shares.items()}
    model = Sequential([layer := kind(UNITS, consume_less=mode, input_shape=(TIME, FEATURES), **penalties)])
    model.set_weights([np.full(weight.shape, 0.5) for weight in layer.weights])
    model.compile("sgd", "mse")
    expected = sum(shares[name[0]] * 0.5 * value.size for name, value in layer.params.items())
    assert model.evaluate(X, model.predict(X), verbose=0) == pytest.approx(expected, rel=1e-5)


# ---- the pure cell


@every_kind
@pytest.mark.parametrize("mode", MODES)
def test_cell_is_one_step_of_the_layer(kind, mode):
    layer = built(kind, consume_less=mode, return_sequences=True)
    outputs, states = run(layer, X)

    @jax.jit
    def loop(params, x):
        start = [jnp.zeros((BATCH, UNITS))] * len(layer.state_names)
        return lax.scan(lambda state, x_t: layer.cell(params, state, x_t), start, jnp.swapaxes(x, 0, 1))

    state, found = loop(layer.params, X)
    np.testing.assert_allclose(jnp.swapaxes(found, 0, 1), outputs, rtol=1e-4, atol=1e-5)
    for one, two in zip(state, states, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)
    state, output = layer.cell(layer.params, state, X[:, 0])
    expected, _ = run(layer, X[:, :1], states=states)
    np.testing.assert_allclose(output, expected[:, 0], rtol=1e-4, atol=1e-5)


def test_cell_never_drops():
    from jkeras.backend.config import learning_phase_scope

    layer = built(LSTM, dropout_W=0.5, dropout_U=0.5)
    start = [jnp.ones((BATCH, UNITS))] * 2
    expected = layer.cell(layer.params, start, X[:, 0])[1]
    with learning_phase_scope(1):
        np.testing.assert_array_equal(layer.cell(layer.params, start, X[:, 0])[1], expected)


def test_cell_makes_its_own_input():
    # Generation: what comes out goes in again.
    layer = built(GRU)
    head = np.random.default_rng(2).normal(size=(UNITS, FEATURES)).astype("float32")

    def write(carry, _):
        state, x = carry
        state, h = layer.cell(layer.params, state, x)
        return (state, h @ head), h @ head

    _, text = lax.scan(write, ([jnp.zeros((BATCH, UNITS))], jnp.ones((BATCH, FEATURES))), length=3)
    h, x = np.zeros((BATCH, UNITS), "float32"), np.ones((BATCH, FEATURES), "float32")
    for t in range(3):
        _, (h,) = run(layer, x[:, None], states=[h])
        x = h @ head
        np.testing.assert_allclose(text[t], x, rtol=1e-4, atol=1e-5)


# ---- both faces


@every_kind
def test_vmap_over_parameters(kind):
    layer = built(kind)
    many, _ = jax.vmap(layer.init)(jax.random.split(jax.random.key(0), 3))
    outputs = jax.vmap(layer.apply, in_axes=(0, None))(many, X)
    second = layer.apply(jax.tree.map(lambda array: array[1], many), X)
    np.testing.assert_allclose(outputs[1], second, rtol=1e-5, atol=1e-6)


def test_sequences_of_any_length():
    layer = LSTM(UNITS, input_dim=FEATURES)
    model = Sequential([layer, Dense(1)])
    assert model.input_shape == (None, None, FEATURES)
    for length in (1, 4):
        x = rng.normal(size=(2, length, FEATURES)).astype("float32")
        outputs, _ = run(layer, x)
        w, b = model.layers[1].get_weights()
        np.testing.assert_allclose(model.predict(x), outputs[:, -1] @ w + b, rtol=1e-4, atol=1e-5)


def test_one_layer_reads_inputs_of_different_lengths():
    layer = GRU(UNITS)
    short, long = Input((2, FEATURES)), Input((TIME, FEATURES))
    model = Model([short, long], [layer(short), layer(long)])
    one, two = model.predict([X[:, :2], X])
    np.testing.assert_allclose(one, run(layer, X[:, :2])[0][:, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(two, run(layer, X)[0][:, -1], rtol=1e-4, atol=1e-5)


@every_kind
def test_shapes(kind):
    assert kind(4)(Input((None, 3))).shape == (None, 4)
    assert kind(4, return_sequences=True)(Input((None, 3))).shape == (None, None, 4)
    assert kind(4, return_sequences=True)(Input(batch_shape=(2, 5, 3))).shape == (2, 5, 4)
    assert kind(4, input_dim=3).batch_input_shape == (None, None, 3)
    assert kind(4, input_dim=3, input_length=5).batch_input_shape == (None, 5, 3)


@every_kind
def test_configs(kind):
    layer = kind(UNITS, input_shape=(TIME, FEATURES), activation="sigmoid", consume_less="gpu", U_regularizer="l1")
    model = Sequential([layer, Dense(1)])
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.to_json() == model.to_json()
    assert again.layers[0].U_regularizer.get_config() == layer.U_regularizer.get_config()


def test_the_base_class_is_abstract():
    with pytest.raises(NotImplementedError, match="Recurrent is abstract: use SimpleRNN, GRU or LSTM"):
        Recurrent()


def test_time_distributed_dense():
    w, b = rng.normal(size=(FEATURES, 3)).astype("float32"), np.ones(3, "float32")
    np.testing.assert_allclose(time_distributed_dense(X, w, b, dropout=0.5), X @ w + b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(time_distributed_dense(X, w), X @ w, rtol=1e-4, atol=1e-5)
