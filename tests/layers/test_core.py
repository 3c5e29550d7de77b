"""Activation, ActivityRegularization, Masking, and the import paths of Keras 1."""

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import layers
from jkeras.engine.contract import Context
from jkeras.layers import core
from jkeras.models import Model, Sequential

X = np.array([[[1.0, 2.0], [0.0, 0.0], [0.0, 3.0]], [[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]]], "float32")
MASK = np.array([[True, False, True], [False, True, False]])


def test_activation_by_name_and_by_function():
    np.testing.assert_allclose(layers.Activation("tanh").apply({}, X), np.tanh(X), rtol=1e-6)
    np.testing.assert_allclose(layers.Activation(K.sigmoid).apply({}, X), 1 / (1 + np.exp(-X)), rtol=1e-6)
    assert layers.Activation(K.tanh).get_config()["activation"] == "tanh"
    with pytest.raises(ValueError, match=r"Unknown activation: 'sigmoyd'.* 'sigmoid'"):
        layers.Activation("sigmoyd")


def test_activity_regularization_adds_to_the_loss_and_changes_nothing():
    layer = layers.ActivityRegularization(l1=0.5, l2=0.25)
    result = layer.run({}, {}, jnp.asarray(X), Context())
    np.testing.assert_array_equal(result.value, X)
    np.testing.assert_allclose(result.penalty, 0.5 * np.abs(X).sum() + 0.25 * np.square(X).sum(), rtol=1e-6)


def test_activity_penalty_reaches_the_loss_of_a_model():
    model = Sequential([layers.ActivityRegularization(l2=2.0, input_shape=(2,))])
    model.compile("sgd", "mse")
    x = np.array([[1.0, 2.0]], "float32")
    assert model.evaluate(x, x, verbose=0) == pytest.approx(2.0 * 5.0)


def test_masking_by_value():
    layer = layers.Masking(0.0)
    np.testing.assert_array_equal(layer.compute_mask(jnp.asarray(X)), MASK)
    np.testing.assert_array_equal(layer.apply({}, jnp.asarray(X)), X)


def test_masking_with_another_value_sets_masked_steps_to_zero():
    x = np.where(MASK[..., None], X, -1.0).astype("float32")
    layer = layers.Masking(mask_value=-1.0)
    np.testing.assert_array_equal(layer.compute_mask(jnp.asarray(x)), MASK)
    np.testing.assert_array_equal(layer.apply({}, jnp.asarray(x)), X)


def test_masks_reach_the_loss():
    inputs = layers.Input((3, 2))
    model = Model(inputs, layers.Masking()(inputs))
    model.compile("sgd", "mse")
    target = X + np.where(MASK[..., None], 1.0, 100.0).astype("float32")
    assert model.evaluate(X, target, verbose=0) == pytest.approx(1.0)


def test_keras_1_paths():
    for name in core.__all__:
        assert getattr(core, name) is getattr(layers, name)
    from jkeras.layers import embeddings, wrappers

    assert embeddings.Embedding is layers.Embedding
    assert wrappers.TimeDistributed is layers.TimeDistributed
