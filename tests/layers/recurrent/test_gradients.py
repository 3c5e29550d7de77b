"""Gradients through time agree with finite differences, in double precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Input, SimpleRNN

BATCH, TIME, FEATURES, UNITS = 2, 4, 2, 3
MASK = np.array([[0, 1, 0, 1], [1, 1, 0, 0]], bool)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        K.set_floatx("float64")
        yield
        K.set_floatx("float32")
    jax.config.update("jax_enable_x64", False)  # which K.set_floatx("float64") sets for the process


@pytest.mark.parametrize(
    ("kind", "options", "mask"),
    [
        (SimpleRNN, {}, None),
        (SimpleRNN, {"consume_less": "mem"}, MASK),
        (GRU, {"consume_less": "gpu", "go_backwards": True}, None),
        (GRU, {}, MASK),
        (LSTM, {}, None),
        (LSTM, {"consume_less": "gpu", "unroll": True}, MASK),
    ],
    ids=["simplernn", "simplernn_masked", "gru", "gru_masked", "lstm", "lstm_masked"],
)
def test_gradients(kind, options, mask):
    layer = kind(UNITS, return_sequences=True, stateful=True, **options)
    layer(Input(batch_shape=(BATCH, TIME, FEATURES)))
    rng = np.random.default_rng(0)

    def random(tree):
        return jax.tree.map(lambda array: jnp.asarray(rng.normal(0, 0.5, array.shape)), tree)

    point, unravel = ravel_pytree(
        (random(layer.params), random(layer.state), random(jnp.zeros((BATCH, TIME, FEATURES))))
    )
    weights = jnp.asarray(rng.normal(size=(BATCH, TIME, UNITS)))

    def total(point):
        outputs, state = layer.apply_with_state(*unravel(point), Context(mask=mask))
        return jnp.sum(weights * outputs**2) + sum(jnp.sum(array**3) for array in jax.tree.leaves(state))

    gradient = jax.jit(jax.grad(total))(point)
    assert gradient.dtype == "float64"
    width = 1e-6
    shifts = width * jnp.eye(len(point))
    values = jax.jit(jax.vmap(total))(jnp.concatenate([point + shifts, point - shifts]))
    differences = (values[: len(point)] - values[len(point) :]) / (2 * width)
    np.testing.assert_allclose(gradient, differences, rtol=1e-6, atol=1e-8)
    of_params, of_state, of_inputs = unravel(gradient)
    for part in jax.tree.leaves((of_params, of_state)):
        assert np.abs(part).max() > 1e-6  # everything has an influence
    if mask is not None:
        np.testing.assert_array_equal(np.abs(of_inputs).sum(-1) > 0, mask)
