"""dropout_W and dropout_U: one mask for a whole sequence, per gate or shared, scaled, off at inference.

The weights are chosen so that the outputs show the masks.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Dropout, Input, SimpleRNN
from jkeras.models import Sequential
from tests.layers.recurrent.reference import GATES, joined

BATCH, UNITS = 4, 50
LEVEL = 0.25
KEPT = np.float32(1 / (1 - LEVEL))
ONES = np.ones((BATCH, 1, UNITS), "float32")


def trained(layer, params, state, x, seed=0):
    ctx = Context(train=True, key=jax.random.key(seed))
    return jax.tree.map(np.asarray, layer.apply_with_state(params, state, x, ctx))


def assert_is_mask(values):
    assert set(np.unique(values)) == {np.float32(0), KEPT}
    assert np.mean(values == 0) == pytest.approx(LEVEL, abs=0.1)


def simple(time, **dropout):
    """A layer that computes h = x + h, but for dropout."""
    layer = SimpleRNN(UNITS, activation="linear", return_sequences=True, stateful=True, **dropout)
    layer(Input(batch_shape=(BATCH, time, UNITS)))
    layer.set_weights([np.eye(UNITS), np.eye(UNITS), np.zeros(UNITS)])
    return layer


@pytest.mark.parametrize("mode", ["cpu", "mem", "gpu"])
def test_a_mask_holds_for_all_time_steps(mode):
    layer = simple(3, dropout_W=LEVEL, consume_less=mode)
    y, _ = trained(layer, layer.params, layer.state, np.ones((BATCH, 3, UNITS), "float32"))
    steps = np.diff(y, axis=1, prepend=0)
    assert_is_mask(steps[:, 0])
    for t in (1, 2):
        np.testing.assert_allclose(steps[:, t], steps[:, 0], rtol=1e-6)
    assert not np.array_equal(steps[0], steps[1])  # each sample has its own

    layer = simple(3, dropout_U=LEVEL, consume_less=mode)
    y, _ = trained(layer, layer.params, {"h": jnp.ones((BATCH, UNITS))}, np.zeros((BATCH, 3, UNITS), "float32"))
    assert_is_mask(y[:, 0])
    np.testing.assert_allclose(y[:, 1], y[:, 0] ** 2, rtol=1e-6)
    np.testing.assert_allclose(y[:, 2], y[:, 0] ** 3, rtol=1e-6)


def test_masks_of_inputs_and_states_are_independent():
    layer = simple(1, dropout_W=LEVEL, dropout_U=LEVEL)
    from_x, _ = trained(layer, layer.params, layer.state, ONES)
    from_h, _ = trained(layer, layer.params, {"h": jnp.ones((BATCH, UNITS))}, 0 * ONES)
    assert_is_mask(from_x)
    assert_is_mask(from_h)
    assert not np.array_equal(from_x, from_h)


def test_it_is_off_at_inference_and_follows_the_key():
    layer = simple(1, dropout_W=LEVEL, dropout_U=LEVEL)
    np.testing.assert_array_equal(layer.apply_with_state(layer.params, layer.state, ONES)[0], ONES)
    one, two, other = (trained(layer, layer.params, layer.state, ONES, seed)[0] for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def masks_of_gates(kind, mode, letter):
    """What each gate sees of a vector of ones, found by letting all other gates be constant."""
    layer = kind(
        UNITS,
        activation="linear",
        inner_activation="linear",
        consume_less=mode,
        stateful=True,
        **{f"dropout_{letter}": LEVEL},
    )
    layer(Input(batch_shape=(BATCH, 1, UNITS)))
    gates = GATES[kind.__name__]
    if letter == "W":
        x, h = ONES, np.zeros((BATCH, UNITS))
    else:
        x, h = 0 * ONES, np.ones((BATCH, UNITS))
    seen = {}
    for gate in gates:
        # LSTM: h = o · (f · c + i · g) with c = 2. GRU: h = z · h + (1 - z) · candidate, of W only.
        weights = {f"{name}_{other}": np.zeros((UNITS, UNITS)) for name in "WU" for other in gates}
        weights[f"{letter}_{gate}"] = np.eye(UNITS)
        biases = dict.fromkeys(gates, 1.0) | {gate: 0.0}
        if kind is LSTM:
            biases["f" if gate != "f" else "i"] = 0.0
            state = {"h": h, "c": np.full((BATCH, UNITS), 2.0 if gate == "f" else 0.0)}
        else:
            biases["z"] = 0.0
            state = {"h": h}
        weights |= {f"b_{other}": np.full(UNITS, bias) for other, bias in biases.items()}
        if mode == "gpu":
            layer.set_weights(joined(weights, gates))
        else:
            layer.set_weights([weights[weight.name.removeprefix(f"{layer.name}_")] for weight in layer.weights])
        state = {name: jnp.asarray(value, "float32") for name, value in state.items()}
        seen[gate] = trained(layer, layer.params, state, x)[0] / (2 if kind is LSTM and gate == "f" else 1)
    return seen


@pytest.mark.parametrize("letter", ["W", "U"])
def test_gates_of_lstm_have_masks_of_their_own_but_for_mode_gpu(letter):
    seen = masks_of_gates(LSTM, "cpu", letter)
    for gate in "ifco":
        assert_is_mask(seen[gate])
    assert len({values.tobytes() for values in seen.values()}) == 4
    seen = masks_of_gates(LSTM, "gpu", letter)
    assert_is_mask(seen["i"])
    for gate in "fco":
        np.testing.assert_allclose(seen[gate], seen["i"], rtol=1e-6)


def test_gates_of_gru_have_masks_of_their_own_but_for_mode_gpu():
    # z = mask and candidate = 1 give h = 1 - mask; z = 0 and candidate = mask give h = mask.
    cpu, gpu = (masks_of_gates(GRU, mode, "W") for mode in ("cpu", "gpu"))
    assert_is_mask(cpu["h"])
    assert not np.allclose(1 - cpu["z"], cpu["h"])
    np.testing.assert_allclose(1 - gpu["z"], gpu["h"], atol=1e-6)


def test_the_candidate_of_gru_sees_the_reset_state_through_its_mask():
    layer = GRU(UNITS, activation="linear", inner_activation="linear", stateful=True, dropout_U=LEVEL)
    layer(Input(batch_shape=(BATCH, 1, UNITS)))
    zeros, eye = np.zeros((UNITS, UNITS)), np.eye(UNITS)
    # z = 0 and r = 2, so h = (2 · h) ∘ mask.
    layer.set_weights([zeros, zeros, np.zeros(UNITS), zeros, zeros, np.full(UNITS, 2.0), zeros, eye, np.zeros(UNITS)])
    y, _ = trained(layer, layer.params, {"h": jnp.ones((BATCH, UNITS))}, 0 * ONES)
    assert_is_mask(y / 2)


def test_a_model_with_dropout_trains():
    model = Sequential([LSTM(6, dropout_W=0.3, dropout_U=0.3, input_shape=(4, 3)), Dropout(0.5)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4, 3)).astype("float32")
    losses = [model.train_on_batch(x, np.ones((8, 6))) for _ in range(3)]
    assert np.isfinite(losses).all()
    np.testing.assert_array_equal(model.predict(x), model.predict(x))


def test_masks_are_floats_whatever_the_inputs_are():
    layer = simple(1, dropout_W=LEVEL)
    y, _ = trained(layer, layer.params, layer.state, ONES.astype("int32"))
    assert_is_mask(y)


@pytest.mark.parametrize("argument", ["dropout_W", "dropout_U"])
@pytest.mark.parametrize("level", [-0.1, 1, 1.5, None])
def test_shares_that_make_no_sense(argument, level):
    with pytest.raises(ValueError, match=rf"LSTM: {argument} is the share that is dropped, in the interval \[0, 1\)"):
        LSTM(3, **{argument: level})
