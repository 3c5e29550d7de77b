"""Recurrent layers as pure functions that were never connected to a tensor."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.layers import GRU, LSTM, Bidirectional, Input, SimpleRNN


@pytest.mark.parametrize("make", [LSTM, GRU, SimpleRNN, lambda units: Bidirectional(LSTM(units))])
def test_init_and_apply_need_no_graph(make):
    layer, other = make(3), make(3)
    params, state = layer.init(jax.random.key(0), (None, 5, 4))
    x = jnp.asarray(np.random.RandomState(0).randn(2, 5, 4), jnp.float32)
    before = np.random.get_state()[2]
    y = jax.jit(layer.apply)(params, x)
    assert not layer.built and state == {} and np.random.get_state()[2] == before
    other(Input((5, 4)))
    other.params = dict(zip(sorted(other.params), [params[name] for name in sorted(params)], strict=True))
    np.testing.assert_allclose(y, other.apply(other.params, x), rtol=1e-6)


def test_cell_and_state():
    layer = LSTM(3, stateful=True)
    params, state = layer.init(jax.random.key(0), (2, 5, 4))
    x = jnp.asarray(np.random.RandomState(0).randn(2, 5, 4), jnp.float32)
    y, state = layer.apply_with_state(params, state, x)
    carried = [jnp.zeros((2, 3)), jnp.zeros((2, 3))]
    for step in range(5):
        carried, output = layer.cell(params, carried, x[:, step])
    np.testing.assert_allclose(output, y, rtol=1e-5)
    np.testing.assert_allclose(carried[1], state["c"], rtol=1e-5)


def test_without_weights_there_is_nothing_to_compute():
    with pytest.raises(ValueError, match=r"'lstm_1'.*has no weights"):
        LSTM(3).apply({}, jnp.ones((2, 5, 4)))
