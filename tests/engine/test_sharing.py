"""Layers in several models, models in models, optimizers of several models, and optimizers of other libraries."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import optim
from jkeras.callbacks import LearningRateScheduler
from jkeras.layers import Dense, Input, merge
from jkeras.models import Model, Sequential
from jkeras.optimizers import SGD, Adam


def data(count=8, width=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width)).astype("float32"), rng.normal(size=(count, 1)).astype("float32")


def moved(*models_or_layers):
    """Return a function that tells for each argument whether its weights have changed since the last call."""
    seen = [part.get_weights() for part in models_or_layers]

    def changes():
        result = []
        for index, part in enumerate(models_or_layers):
            new = part.get_weights()
            result.append(any(not np.array_equal(a, b) for a, b in zip(seen[index], new, strict=True)))
            seen[index] = new
        return result

    return changes


# ---- what trains


def test_gan_the_discriminator_trains_alone_and_is_frozen_in_the_stack():
    generator = Sequential([Dense(3, input_dim=2, name="g")])
    discriminator = Sequential(
        [Dense(4, input_dim=3, activation="tanh", name="d1"), Dense(1, activation="sigmoid", name="d2")]
    )
    discriminator.compile(SGD(lr=0.1), "binary_crossentropy")
    discriminator.trainable = False
    gan = Sequential([generator, discriminator])
    gan.compile(SGD(lr=0.1), "binary_crossentropy")
    changes = moved(generator, discriminator)
    x, _ = data()
    noise, ones = data(width=2)[0], np.ones(8)

    for _ in range(2):
        # Compiled before it was frozen: the flag was read then.
        discriminator.train_on_batch(x, ones)
        assert changes() == [False, True]
        gan.train_on_batch(noise, ones)
        assert changes() == [True, False]
    # Both see the same numbers at any time.
    np.testing.assert_allclose(gan.predict(noise), discriminator.predict(generator.predict(noise)), rtol=1e-6)

    # The flags count again when a model is compiled anew.
    discriminator.compile(SGD(lr=0.1), "binary_crossentropy")
    discriminator.train_on_batch(x, ones)
    assert changes() == [False, False]
    discriminator.trainable = True
    gan.train_on_batch(noise, ones)
    assert changes() == [True, False]
    gan.compile(SGD(lr=0.1), "binary_crossentropy")
    gan.train_on_batch(noise, ones)
    assert changes() == [True, True]


def test_flags_on_the_layers_as_the_gan_scripts_set_them():
    def make_trainable(net, flag):
        net.trainable = flag
        for layer in net.layers:
            layer.trainable = flag

    generator = Sequential([Dense(3, input_dim=2)])
    discriminator = Sequential([Dense(1, input_dim=3)])
    x_in = Input((2,))
    gan = Model(x_in, discriminator(generator(x_in)))
    make_trainable(discriminator, True)
    discriminator.compile("sgd", "mse")
    make_trainable(discriminator, False)
    gan.compile("sgd", "mse")
    changes = moved(generator, discriminator)
    gan.fit(data(width=2)[0], np.ones(8), nb_epoch=1, verbose=0)
    assert changes() == [True, False]
    discriminator.fit(data()[0], np.ones(8), nb_epoch=1, verbose=0)
    assert changes() == [False, True]
    assert len(gan.trainable_weights) == 2
    assert len(gan.get_weights()) == 4


def test_a_frozen_layer_of_a_trained_model():
    model = Sequential([Dense(3, input_dim=3, trainable=False), Dense(1)])
    model.compile("adam", "mse")
    changes = moved(*model.layers)
    model.fit(*data(), nb_epoch=1, verbose=0)
    assert changes() == [False, True]
    assert len(model.optimizer.get_weights()) == 1 + 2 * 2  # no accumulators for what does not train


def test_two_models_share_a_layer():
    shared = Dense(3, input_dim=3, activation="tanh")
    x_in = Input((3,))
    one = Sequential([shared, Dense(1)])
    two = Model(x_in, Dense(2)(shared(x_in)))
    one.compile(Adam(), "mse")
    two.compile(Adam(), "mse")
    x, y = data()
    y2 = np.concatenate([y, y], axis=1)
    changes = moved(shared, one.layers[1], two.layers[-1])
    one.train_on_batch(x, y)
    assert changes() == [True, True, False]
    before = two.test_on_batch(x, y2)
    two.train_on_batch(x, y2)
    assert changes() == [True, False, True]
    assert two.test_on_batch(x, y2) != before
    np.testing.assert_array_equal(one.params[shared.name]["W"], two.params[shared.name]["W"])


def test_a_layer_used_twice_gets_the_sum_of_both_gradients():
    a, b = Input((3,)), Input((3,))
    shared = Dense(1, bias=False)
    model = Model([a, b], merge([shared(a), shared(b)], mode="sum"))
    model.compile(SGD(lr=0.1), "mse")
    (x1, y), (x2, _) = data(), data(seed=1)
    (w,) = model.get_weights()
    error = (x1 + x2) @ w - y
    model.train_on_batch([x1, x2], y)
    np.testing.assert_allclose(model.get_weights()[0], w - 0.1 * 2 * (x1 + x2).T @ error / 8, rtol=1e-5)


# ---- optimizers


def test_an_optimizer_of_two_models():
    optimizer = SGD(lr=0.1, momentum=0.9)
    one, two = Sequential([Dense(1, input_dim=3)]), Sequential([Dense(1, input_dim=3)])
    two.set_weights(one.get_weights())
    one.compile(optimizer, "mse")
    two.compile(optimizer, "mse")
    x, y = data()
    one.fit(x, y, nb_epoch=2, verbose=0, shuffle=False)
    # The other model has velocities of its own, and a rate that is set counts for both.
    two.fit(x, y, nb_epoch=2, verbose=0, shuffle=False)
    for got, expected in zip(two.get_weights(), one.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)
    changes = moved(one, two)
    optimizer.lr = 0.0
    optimizer.momentum = 0.0
    one.fit(x, y, nb_epoch=1, verbose=0)
    two.fit(x, y, nb_epoch=1, verbose=0)
    assert changes() == [False, False]


class Plain(NamedTuple):
    """A gradient transformation that owes jkeras nothing."""

    init: Any
    update: Any


def heavy_ball(lr, momentum):
    """Momentum, with a count that is a plain int, and the first weights among what it remembers."""

    def init(params):
        return {"count": 0, "start": params, "v": jax.tree.map(jnp.zeros_like, params)}

    def update(grads, state, params=None):
        v = jax.tree.map(lambda g, v: momentum * v - lr * g, grads, state["v"])
        return v, {"count": state["count"] + 1, "start": state["start"], "v": v}

    return Plain(init, update)


def test_compile_takes_any_gradient_transformation():
    x, y = data()
    model, same = Sequential([Dense(1, input_dim=3)]), Sequential([Dense(1, input_dim=3)])
    same.set_weights(model.get_weights())
    model.compile(heavy_ball(0.1, 0.9), "mse", metrics=["mae"])
    same.compile(SGD(lr=0.1, momentum=0.9), "mse", metrics=["mae"])
    for kwargs in ({"batch_size": 3, "nb_epoch": 2}, {"batch_size": 8, "nb_epoch": 1}):
        got = model.fit(x, y, verbose=0, shuffle=False, **kwargs).history
        expected = same.fit(x, y, verbose=0, shuffle=False, **kwargs).history
        for name, values in expected.items():
            np.testing.assert_allclose(got[name], values, rtol=1e-5)
    assert model.train_on_batch(x, y) == pytest.approx(same.train_on_batch(x, y), rel=1e-5)
    assert isinstance(model.optimizer, Plain)
    with pytest.raises(ValueError, match=r'Optimizer must have a "lr" attribute; Plain has none'):
        model.fit(x, y, verbose=0, callbacks=[LearningRateScheduler(lambda epoch: 0.1)])


def test_compile_takes_the_pure_pairs():
    x, y = data()
    model, same = Sequential([Dense(1, input_dim=3)]), Sequential([Dense(1, input_dim=3)])
    same.set_weights(model.get_weights())
    model.compile(optim.adam(lr=0.01), "mse")
    same.compile(Adam(lr=0.01), "mse")
    model.fit(x, y, nb_epoch=3, verbose=0, shuffle=False)
    same.fit(x, y, nb_epoch=3, verbose=0, shuffle=False)
    for got, expected in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_compile_takes_optax():
    optax = pytest.importorskip("optax")
    x, y = data()
    model, same = Sequential([Dense(1, input_dim=3)]), Sequential([Dense(1, input_dim=3)])
    same.set_weights(model.get_weights())
    model.compile(optax.sgd(0.1, momentum=0.9, nesterov=True), "mse")
    same.compile(SGD(lr=0.1, momentum=0.9, nesterov=True), "mse")
    model.fit(x, y, 3, nb_epoch=2, verbose=0, shuffle=False)
    same.fit(x, y, 3, nb_epoch=2, verbose=0, shuffle=False)
    for got, expected in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    chained = optax.chain(optax.clip_by_global_norm(1.0), optax.lamb(optax.cosine_decay_schedule(1e-2, 100)))
    model.compile(chained, "mse")
    losses = model.fit(x, y, 3, nb_epoch=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_recompiling_starts_the_state_of_the_optimizer_anew_and_keeps_its_settings():
    model = Sequential([Dense(1, input_dim=3)])
    optimizer = Adam(lr=0.5)
    model.compile(optimizer, "mse")
    model.fit(*data(), nb_epoch=3, verbose=0)
    K.set_value(optimizer.lr, 0.25)
    model.compile(optimizer, "mse")
    assert float(optimizer.lr) == 0.25
    count, *accumulators = optimizer.get_weights()
    assert count == 3  # Keras 1 keeps the variable
    assert all(not accumulator.any() for accumulator in accumulators)
    before = model.get_weights()
    model.train_on_batch(*data())
    assert not np.array_equal(before[0], model.get_weights()[0])
