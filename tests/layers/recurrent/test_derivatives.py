"""The derivative of a whole sequence is that of the plain loop, in every mode of JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Dense, Input, SimpleRNN
from jkeras.layers.recurrent.gated import Gated
from jkeras.models import Model

BATCH, TIME, FEATURES, UNITS = 3, 5, 4, 6
KINDS = [SimpleRNN, GRU, LSTM]


def random(tree, seed=0):
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda array: jnp.asarray(rng.normal(0, 0.7, array.shape), jnp.float32), tree)


def loss_of(layer, **context):
    def loss(params, state, x):
        outputs, state = layer.apply_with_state(params, state, x, Context(**context))
        return jnp.sum(jnp.sin(outputs)) + sum(jnp.sum(array**2) for array in jax.tree.leaves(state))

    return loss


def plainly(monkeypatch):
    """From now on layers run as users' own do: through `K.rnn`, whose derivative is JAX's."""
    monkeypatch.setattr(Gated, "_is_plain", False)


def check(one, other, rtol=2e-5, atol=2e-5):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), one, other)


@pytest.mark.parametrize(
    ("options", "in_loop"),
    [
        ({"consume_less": "gpu", "go_backwards": True}, True),
        ({"dropout_W": 0.4, "dropout_U": 0.3, "return_sequences": True}, True),
        ({"dropout_W": 0.4, "dropout_U": 0.3, "return_sequences": True}, False),
        ({"stateful": True, "unroll": True, "inner_activation": "sigmoid", "activation": "relu"}, False),
        ({"stateful": True, "mask": True, "consume_less": "gpu", "dropout_U": 0.5, "return_sequences": True}, True),
    ],
    ids=["backwards", "dropout", "dropout_first", "unrolled", "masked"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_the_plain_loop(kind, options, in_loop, monkeypatch):
    options = {name: value for name, value in options.items() if kind is not SimpleRNN or name != "inner_activation"}
    masked = options.pop("mask", False)
    layer = kind(UNITS, **options)
    layer(Input(batch_shape=(BATCH, TIME, FEATURES)))
    monkeypatch.setattr(kind, "projects_first", lambda self, shape: not in_loop)
    mask = jnp.asarray(np.random.default_rng(3).random((BATCH, TIME)) > 0.4) if masked else None
    loss = loss_of(layer, train=True, key=jax.random.key(1), mask=mask)
    point = random((layer.params, layer.state, jnp.zeros((BATCH, TIME, FEATURES))))
    ours = jax.value_and_grad(loss, (0, 1, 2))(*point)
    plainly(monkeypatch)
    check(ours, jax.value_and_grad(loss, (0, 1, 2))(*point))


@pytest.mark.parametrize("in_loop", [False, pytest.param(True, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_forwards_twice_and_of_many(kind, in_loop, monkeypatch):
    layer = kind(UNITS)
    layer(Input((TIME, FEATURES)))
    monkeypatch.setattr(kind, "projects_first", lambda self, shape: not in_loop)
    loss = loss_of(layer)
    params, x = random((layer.params, jnp.zeros((BATCH, TIME, FEATURES))))
    moved = random((layer.params, x), seed=1)

    def of(params, x):
        return loss(params, {}, x)

    def curvature(params, x):  # forwards over backwards
        return jax.jvp(jax.grad(of, (0, 1)), (params, x), moved)[1]

    def penalty(params, x):  # backwards over backwards
        return jax.grad(lambda params: jnp.sum(jax.grad(of, 1)(params, x) ** 2))(params)

    def results():
        many = jax.tree.map(lambda array: jnp.stack([array, 0.5 * array]), params)
        return (
            jax.jvp(of, (params, x), moved),
            jax.jvp(of, (params, x), (jax.tree.map(jnp.zeros_like, params), moved[1])),
            curvature(params, x),
            penalty(params, x),
            jax.vmap(jax.grad(of), (0, None))(many, x),
            jax.vmap(jax.grad(of), (None, 0))(params, x[:, None]),
        )

    ours = jax.jit(results)()
    plainly(monkeypatch)
    check(ours, jax.jit(results)(), rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize(
    ("of_params", "of_x"), [("bfloat16", "bfloat16"), ("float32", "bfloat16"), ("float32", "int32")]
)
@pytest.mark.parametrize("in_loop", [False, pytest.param(True, marks=pytest.mark.long)])
def test_in_other_precisions(of_params, of_x, in_loop, monkeypatch):
    for kind in KINDS:
        layer = kind(UNITS)
        layer(Input((TIME, FEATURES)))
        monkeypatch.setattr(kind, "projects_first", lambda self, shape: not in_loop)
        params, x = random((layer.params, jnp.zeros((2, TIME, FEATURES))))
        params, x = jax.tree.map(lambda array: array.astype(of_params), params), (3 * x).astype(of_x)
        loss = loss_of(layer)
        gradients = jax.grad(lambda params, loss=loss, x=x: loss(params, {}, x).astype("float32"))(params)
        assert {array.dtype for array in jax.tree.leaves(gradients)} == {jnp.dtype(of_params)}
        assert all(np.isfinite(array.astype("float32")).all() for array in jax.tree.leaves(gradients))


def test_an_activation_of_ones_own_reads_what_it_likes():
    # Its variables may be differentiated too, so the loop is JAX's own.
    scale = K.variable(2.0)
    layer = LSTM(UNITS, activation=lambda x: K.tanh(scale * x), input_shape=(TIME, FEATURES))
    x = Input((TIME, FEATURES))
    model = Model(x, Dense(1)(layer(x)))
    gradient = K.function([x], K.gradients(K.sum(model.output), [scale, layer.trainable_weights[0]]))
    of_scale, of_weights = gradient([np.ones((BATCH, TIME, FEATURES))])
    assert of_scale.shape == () and of_scale != 0 and np.abs(of_weights).max() > 0


def test_a_frozen_layer_passes_gradients_on():
    x = Input((TIME, FEATURES))
    below, frozen = LSTM(UNITS, return_sequences=True), LSTM(UNITS, trainable=False)
    model = Model(x, Dense(1)(frozen(below(x))))
    model.compile("sgd", "mse")
    before = [layer.get_weights() for layer in (below, frozen)]
    data = np.random.default_rng(0).normal(size=(8, TIME, FEATURES)).astype("float32")
    model.fit(data, np.ones((8, 1)), nb_epoch=1, verbose=0)
    after = [layer.get_weights() for layer in (below, frozen)]
    assert any((a != b).any() for a, b in zip(before[0], after[0], strict=True))
    check(before[1], after[1], 0, 0)
