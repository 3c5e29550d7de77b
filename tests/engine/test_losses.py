"""The weighted objective against numpy, and what `compile` makes of losses, loss weights and metrics."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import metrics, objectives
from jkeras.engine.losses import make_objective, weighted_objective
from jkeras.layers import Dense, Input
from jkeras.models import Model, Sequential
from jkeras.regularizers import l2

RNG = np.random.default_rng(0)


def squared(y_true, y_pred):
    return jnp.mean(jnp.square(y_pred - y_true), axis=-1)


def keras_formula(score, weights=None, mask=None):
    """Keras 1.2.2's `weighted_objective` in numpy, from the loss of each sample (and time step) on."""
    if mask is not None:
        score = score * mask / np.mean(mask)
    if weights is not None:
        score = score.mean(axis=tuple(range(np.ndim(weights), score.ndim)))
        score = score * weights / np.mean(weights != 0)
    return np.mean(score)


@pytest.mark.parametrize(
    ("shape", "weighted", "masked"),
    [
        *(((4, 2), weighted, False) for weighted in (0, 1)),
        *((shape, n, masked) for shape in ((4, 3, 2), (4, 3, 5, 2)) for n in (0, 1, 2) for masked in (False, True)),
    ],
)
def test_weighted_objective(shape, weighted, masked):
    y_true, y_pred = RNG.normal(size=(2, *shape))
    score = np.square(y_pred - y_true).mean(axis=-1)  # (batch,), (batch, time) or (batch, time, 5)
    weights = mask = seen = None
    if weighted:
        weights = RNG.uniform(0.5, 2, size=shape[:weighted])
        weights[0] = 0
    if masked:
        mask = np.arange(12).reshape(4, 3) % 4 > 0
        seen = mask.reshape(4, 3, *[1] * (score.ndim - 2))
    got = weighted_objective(squared)(y_true, y_pred, weights, mask)
    assert got == pytest.approx(keras_formula(score, weights, seen), rel=1e-5)


def test_a_loss_that_is_one_number_takes_weights_and_masks():
    def total(y_true, y_pred):
        return jnp.sum(y_pred - y_true)

    y_true, y_pred, weights = np.zeros((4, 2)), np.ones((4, 2)), np.array([0.0, 1, 2, 3])
    assert weighted_objective(total)(y_true, y_pred) == 8
    assert weighted_objective(total)(y_true, y_pred, weights) == pytest.approx(8 * 1.5 / 0.75)


def test_gradients_ignore_what_is_masked_or_weighs_nothing():
    y_true, y_pred = jnp.zeros((3, 2, 1)), jnp.ones((3, 2, 1))
    mask = jnp.array([[1, 1], [1, 0], [1, 1]])
    grad = jax.grad(lambda p: weighted_objective(squared)(y_true, p, jnp.array([1.0, 1.0, 0.0]), mask))(y_pred)
    np.testing.assert_array_equal(grad[..., 0] != 0, [[1, 1], [1, 0], [0, 0]])


# ---- names


def names(**kwargs):
    arguments = {"output_names": ["a", "b"], "output_shapes": [(None, 3), (None, 1)], "loss": "mse", **kwargs}
    return make_objective(**arguments).names


def both(y_true, y_pred):
    return {"low": K.min(y_pred), "high": K.max(y_pred)}


class Bias:
    def __call__(self, y_true, y_pred):
        return K.mean(y_pred - y_true)


def test_names_are_keras_names():
    assert names() == ("loss", "a_loss", "b_loss")
    assert names(metrics=["acc", "mse"]) == (
        "loss",
        "a_loss",
        "b_loss",
        "a_acc",
        "a_mean_squared_error",
        "b_acc",
        "b_mean_squared_error",
    )
    assert names(metrics={"b": "accuracy"})[3:] == ("b_acc",)
    assert names(metrics={"b": both, "a": ["mae", Bias()]})[3:] == (
        "a_mean_absolute_error",
        "a_Bias",
        "b_low",
        "b_high",
    )
    one = {"output_names": ["a"], "output_shapes": [(None, 3)]}
    assert names(**one, metrics=["acc", both, "top_k_categorical_accuracy"]) == (
        "loss",
        "acc",
        "low",
        "high",
        "top_k_categorical_accuracy",
    )
    assert names(**one, metrics=[functools.partial(metrics.fbeta_score, beta=2)]) == ("loss", "partial")


@pytest.mark.parametrize(
    ("shape", "loss", "function"),
    [
        ((None, 1), "mse", metrics.binary_accuracy),
        ((None, 3), "binary_crossentropy", metrics.binary_accuracy),
        ((None, 3), "sparse_categorical_crossentropy", metrics.sparse_categorical_accuracy),
        ((None, 3), objectives.sparse_categorical_crossentropy, metrics.sparse_categorical_accuracy),
        ((None, 3), "categorical_crossentropy", metrics.categorical_accuracy),
        ((None, 5, 3), "mse", metrics.categorical_accuracy),
    ],
)
@pytest.mark.parametrize("name", ["acc", "accuracy"])
def test_accuracy_is_the_one_that_suits_output_and_loss(shape, loss, function, name):
    (metric,) = make_objective(["a"], [shape], loss, metrics=[name]).metrics
    assert metric.function is function
    assert metric.names == ("acc",)


# ---- several outputs, regularization, dict metrics, through a model


def test_the_total_is_the_weighted_sum_and_the_penalties():
    x = Input((2,))
    a = Dense(2, W_regularizer=l2(0.1), name="a")(x)
    b = Dense(1, activity_regularizer=l2(0.01), name="b")(x)
    model = Model(input=x, output=[a, b])
    model.compile("sgd", ["mse", "mae"], loss_weights={"b": 3.0}, metrics={"b": [both, "mse"]})
    data = RNG.normal(size=(5, 2)).astype("float32")
    y_a, y_b = RNG.normal(size=(5, 2)).astype("float32"), RNG.normal(size=(5, 1)).astype("float32")
    p_a, p_b = model.predict(data)
    expected = {
        "a_loss": np.mean(np.square(p_a - y_a)),
        "b_loss": np.mean(np.abs(p_b - y_b)),
        "b_low": p_b.min(),
        "b_high": p_b.max(),
        "b_mean_squared_error": np.mean(np.square(p_b - y_b)),
    }
    penalty = 0.1 * np.square(model.get_layer("a").get_weights()[0]).sum() + 0.01 * np.square(p_b).sum()
    expected = {"loss": expected["a_loss"] + 3 * expected["b_loss"] + penalty, **expected}
    assert model.metrics_names == list(expected)
    np.testing.assert_allclose(model.test_on_batch(data, [y_a, y_b]), list(expected.values()), rtol=1e-5)
    np.testing.assert_allclose(model.train_on_batch(data, [y_a, y_b]), list(expected.values()), rtol=1e-5)


def test_metrics_ignore_weights_and_duplicates_are_numbered_in_logs():
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=["mse", "mae", "mse"])
    x, y = RNG.normal(size=(6, 2)), RNG.normal(size=(6, 1))
    assert model.metrics_names == ["loss", "mean_squared_error", "mean_absolute_error", "mean_squared_error"]
    error = model.predict(x) - y
    loss, mse, mae, again = model.test_on_batch(x, y, sample_weight=[1, 0, 0, 0, 0, 0])
    assert loss == pytest.approx(float(error[0, 0] ** 2), rel=1e-5)
    assert mse == again == pytest.approx(np.mean(error**2), rel=1e-5)
    assert mae == pytest.approx(np.mean(np.abs(error)), rel=1e-5)
    history = model.fit(x, y, nb_epoch=1, verbose=0).history
    assert list(history) == ["loss", "mean_squared_error_1", "mean_absolute_error", "mean_squared_error_2"]


# ---- mistakes


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"loss": None}, ValueError, "compile needs a loss"),
        ({"loss": "mean_square_error"}, ValueError, "Perhaps you meant 'mean_squared_error'"),
        ({"loss": {"a": "mse"}}, ValueError, "none for the output 'b'"),
        ({"loss": {"a": "mse", "b": "mse", "bb": "mse"}}, ValueError, "Unknown output 'bb' in the dict loss"),
        ({"loss": ["mse"]}, ValueError, "list of losses has 1 entries; the model has 2 outputs"),
        ({"loss_weights": [1.0]}, ValueError, "loss_weights has 1 entries; the model has 2 outputs"),
        ({"loss_weights": 2.0}, TypeError, "loss_weights is a list with a number for each output"),
        ({"loss_weights": {"c": 1.0}}, ValueError, "Unknown output 'c' in the dict loss_weights"),
        ({"metrics": "accuracy"}, TypeError, r"metrics is a list, such as \['accuracy'\]"),
        ({"metrics": {"c": ["acc"]}}, ValueError, "Unknown output 'c' in the dict metrics"),
        ({"metrics": ["accurracy"]}, ValueError, "Unknown metric"),
        ({"sample_weight_mode": "time"}, ValueError, "sample_weight_mode is None or 'temporal'; got 'time'"),
        ({"sample_weight_mode": ["temporal"]}, ValueError, "sample_weight_mode has 1 entries"),
    ],
)
def test_mistakes(kwargs, error, message):
    with pytest.raises(error, match=message):
        names(**kwargs)
