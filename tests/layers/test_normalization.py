"""BatchNormalization: which statistics, when they move, and what it refuses."""

import jax
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import BatchNormalization, Dense, Input
from jkeras.models import Model, Sequential

X = np.random.default_rng(0).normal(2.0, 3.0, (8, 3)).astype("float32")
Y = np.zeros((8, 3), "float32")


def normalized(x, mean, variance, epsilon=1e-3):
    return (x - mean) / np.sqrt(variance + epsilon)


def compiled(*layers):
    model = Sequential(list(layers))
    model.compile("sgd", "mse")
    return model


def test_training_uses_the_batch_and_inference_what_was_learned():
    layer = BatchNormalization(momentum=0.9, input_shape=(3,))
    model = compiled(layer)
    params, state = model.params, model.state
    y, new = model.apply_with_state(params, state, X, train=True)
    np.testing.assert_allclose(y, normalized(X, X.mean(axis=0), X.var(axis=0)), rtol=1e-4, atol=1e-5)
    new = new[layer.name]
    np.testing.assert_allclose(new["running_mean"], 0.1 * X.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(new["running_std"], 0.9 + 0.1 * (X.var(axis=0) + 1e-3), rtol=1e-5)
    at_rest, same = model.apply_with_state(params, {layer.name: new}, X)
    np.testing.assert_allclose(at_rest, normalized(X, new["running_mean"], new["running_std"]), rtol=1e-4, atol=1e-5)
    assert all(np.array_equal(same[layer.name][name], new[name]) for name in new)


def test_fit_moves_the_statistics_and_predict_does_not():
    layer = BatchNormalization(momentum=0.5, input_shape=(3,))
    model = compiled(layer)
    model.predict(X)
    model.evaluate(X, Y, verbose=0)
    np.testing.assert_array_equal(layer.get_weights()[2], np.zeros(3))
    model.fit(X, Y, batch_size=8, nb_epoch=2, verbose=0)
    np.testing.assert_allclose(layer.get_weights()[2], 0.75 * X.mean(axis=0), rtol=1e-5)


def test_weights_in_keras_order():
    layer = BatchNormalization(input_shape=(3,))
    Sequential([layer])
    assert [weight.name for weight in layer.weights] == [
        f"{layer.name}_{name}" for name in ("gamma", "beta", "running_mean", "running_std")
    ]
    assert len(layer.trainable_weights) == 2
    assert set(layer.params) == {"gamma", "beta"}
    assert set(layer.state) == {"running_mean", "running_std"}


def test_a_frozen_layer_updates_its_statistics_all_the_same():
    layer = BatchNormalization(momentum=0.5, trainable=False, input_shape=(3,))
    model = compiled(layer, Dense(3))
    model.train_on_batch(X, Y)
    gamma, _, mean, _ = layer.get_weights()
    np.testing.assert_array_equal(gamma, np.ones(3))
    np.testing.assert_allclose(mean, 0.5 * X.mean(axis=0), rtol=1e-5)


def test_a_shared_layer_learns_from_its_first_call():
    a, b, layer = Input((3,)), Input((3,)), BatchNormalization(momentum=0.0)
    model = Model([a, b], [layer(a), layer(b)])
    model.compile("sgd", "mse")
    model.train_on_batch([X, X + 5], [Y, Y])
    np.testing.assert_allclose(layer.get_weights()[2], X.mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("axis", [1, -1])
def test_features_may_stand_on_any_axis(axis):
    images = np.random.default_rng(1).normal(size=(4, 3, 5, 6)).astype("float32")
    layer = BatchNormalization(axis=axis, input_shape=images.shape[1:])
    Sequential([layer])
    y, _ = layer.apply_with_state(layer.params, layer.state, images, Context(train=True))
    axes = tuple(i for i in range(4) if i != axis % 4)
    np.testing.assert_allclose(y.mean(axis=axes), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axis=axes), 1, atol=1e-3)


def test_modes_without_running_statistics():
    rows = BatchNormalization(mode=1, input_shape=(3,))
    batch = BatchNormalization(mode=2, input_shape=(3,))
    Sequential([rows])
    Sequential([batch])
    deviation = np.sqrt(X.var(axis=1, keepdims=True) + 1e-3) + 1e-3  # epsilon twice, as in Keras 1
    np.testing.assert_allclose(
        rows.apply(rows.params, X), (X - X.mean(axis=1, keepdims=True)) / deviation, rtol=1e-4, atol=1e-6
    )
    for train in (False, True):
        y, state = batch.apply_with_state(batch.params, batch.state, X, Context(train=train))
        np.testing.assert_allclose(y, normalized(X, X.mean(axis=0), X.var(axis=0)), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(state["running_mean"], np.zeros(3))


def test_vmap_over_ensembles():
    model = Sequential([BatchNormalization(input_shape=(3,)), Dense(2)])
    params, state = jax.vmap(model.init)(jax.random.split(jax.random.key(0), 4))
    y, new = jax.vmap(lambda p, s: model.apply_with_state(p, s, X, train=True))(params, state)
    assert y.shape == (4, 8, 2)
    assert new[model.layers[0].name]["running_mean"].shape == (4, 3)


def test_refusals():
    with pytest.raises(ValueError, match="mode is 0"):
        BatchNormalization(mode=3)
    with pytest.raises(ValueError, match="axis=2 is no axis of features"):
        Sequential([BatchNormalization(axis=2, input_shape=(3,))])
    with pytest.raises(ValueError, match=r"axis 1, whose size is not known .* Set axis to the axis of features"):
        Sequential([BatchNormalization(axis=1, input_shape=(None, 3))])
    layer = BatchNormalization()
    layer(Input((5, 3)))
    layer(Input((7, 3)))  # only the features have to agree
    with pytest.raises(ValueError, match="expected size 3 in axis 2"):
        layer(Input((5, 4)))
