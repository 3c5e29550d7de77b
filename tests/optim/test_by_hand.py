"""`get_updates` and `get_gradients` of the built-in optimizers, called by hand; their state as variables."""

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import optimizers
from jkeras.optimizers import SGD, Adam, RMSprop
from tests.optim.nets import X, Y, fit, net, programs, same

BUILT_IN = ["SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam"]


@pytest.mark.parametrize(
    ("name", "options"),
    [*((name, {}) for name in BUILT_IN), ("SGD", {"clipnorm": 0.1}), ("Adam", {"clipvalue": 0.02})],
)
def test_updates_in_a_function_are_the_steps_of_a_compiled_model(name, options):
    optimizer, known = getattr(optimizers, name)(**options), getattr(optimizers, name)(**options)
    by_hand, compiled = net("sgd", W_constraint="maxnorm"), net(known, W_constraint="maxnorm")
    target = K.placeholder(shape=(None, 2))
    loss = K.mean(K.square(by_hand.output - target))
    updates = optimizer.get_updates(by_hand.trainable_weights, by_hand.constraints, loss)
    assert updates is optimizer.updates
    train = K.function([by_hand.input, target], [loss], updates=updates)
    for _ in range(3):
        np.testing.assert_allclose(train([X, Y])[0], compiled.train_on_batch(X, Y), rtol=1e-5)
    same(by_hand.get_weights(), compiled.get_weights(), rtol=1e-5, atol=1e-6)
    same(optimizer.get_weights(), known.get_weights(), rtol=1e-5, atol=1e-6)
    assert train._program._run._cache_size() == 1


def test_settings_reach_a_function():
    model, optimizer = net("sgd"), RMSprop(lr=0.01)
    loss = K.mean(K.square(model.output))
    train = K.function([model.input], [loss], updates=optimizer.get_updates(model.trainable_weights, {}, loss))
    train([X])
    before = model.get_weights()
    optimizer.lr = 0.0
    train([X])
    same(model.get_weights(), before, rtol=0, atol=0)


def test_gradients_by_hand():
    model = net("sgd")
    loss = K.mean(K.square(model.output))
    plain = K.function([model.input], SGD().get_gradients(loss, model.trainable_weights))([X])
    clipped = K.function([model.input], SGD(clipnorm=0.1).get_gradients(loss, model.trainable_weights))([X])
    norm = np.sqrt(sum((g**2).sum() for g in plain))
    assert norm > 0.1
    same(clipped, [g * 0.1 / norm for g in plain], rtol=1e-5)
    v = K.variable([3.0, 4.0])
    same(SGD(clipvalue=7).get_gradients(K.sum(K.square(v)), [v]), [[6, 7]])


def test_variables_alone_are_minimised():
    v = K.variable([3.0, -2.0])
    loss = K.sum(K.square(v - 1.0))
    step = K.function([], [loss], updates=Adam(lr=0.1).get_updates([v], {}, loss))
    losses = [float(step([])[0]) for _ in range(120)]
    assert losses[-1] < 0.01 and losses[0] == 13


# ---- the state of a built-in optimizer as variables


def test_weights_of_a_compiled_optimizer_are_variables():
    optimizer = Adam(lr=0.01)
    assert optimizer.weights == [] and optimizer.get_weights() == []
    model = net(optimizer)
    fit(model)
    assert [w.name for w in optimizer.weights][:3] == ["iterations", "m_dense_1_W", "m_dense_1_b"]
    state = optimizer.get_weights()
    same(K.batch_get_value(optimizer.weights), state)
    optimizer.weights[1].set_value(np.ones((3, 5)))
    assert (optimizer.get_weights()[1] == 1).all()
    K.batch_set_value(zip(optimizer.weights, state, strict=True))
    same(optimizer.get_weights(), state)
    counts = programs(model)
    fit(model)
    assert programs(model) == counts
    assert isinstance(optimizer.weights[1].value, jnp.ndarray)
