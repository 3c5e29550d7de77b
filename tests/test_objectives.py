import jax
import numpy as np
import pytest

from jkeras import objectives
from jkeras.errors import UnknownNameError

RNG = np.random.RandomState(0)
NAMES = sorted({f.__name__ for f in objectives.registry.entries.values()})


@pytest.mark.parametrize("shape", [(6, 4), (6, 5, 4)])
@pytest.mark.parametrize("name", NAMES)
def test_one_finite_value_per_sample_with_a_gradient(name, shape):
    y_true = RNG.rand(*shape).astype("float32")
    y_pred = RNG.rand(*shape).astype("float32")
    if name == "sparse_categorical_crossentropy":
        y_true = RNG.randint(0, 4, (*shape[:-1], 1))
    objective = objectives.get(name)
    assert objective.__name__ == name

    @jax.jit
    def value_and_gradient(y_pred):
        value, back = jax.vjp(lambda p: objective(y_true, p), y_pred)
        return value, back(value)[0]

    value, gradient = value_and_gradient(y_pred)
    assert value.shape == shape[:-1]
    assert np.isfinite(value).all() and np.isfinite(gradient).all()


def test_values():
    true, pred = np.array([[1.0, 2.0]]), np.array([[3.0, 5.0]])
    for name, expected in {
        "mse": 6.5,
        "mae": 2.5,
        "mape": 175.0,
        "msle": (np.log(2) ** 2 + np.log(2) ** 2) / 2,
        "poisson": (3 - np.log(3) + 5 - 2 * np.log(5)) / 2,
        "cosine": -13 / np.sqrt(5 * 34) / 2,
    }.items():
        np.testing.assert_allclose(objectives.get(name)(true, pred), [expected], rtol=1e-5, err_msg=name)
    sign, score = np.array([[1.0, -1.0]]), np.array([[0.5, 0.5]])
    np.testing.assert_allclose(objectives.hinge(sign, score), [1.0])
    np.testing.assert_allclose(objectives.squared_hinge(sign, score), [1.25])
    p, q = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    np.testing.assert_allclose(objectives.kld(p, q), [0.5 * np.log(2) + 0.5 * np.log(2 / 3)], rtol=1e-5)
    np.testing.assert_allclose(objectives.binary_crossentropy(p, q), [-np.log(0.25 * 0.75) / 2], rtol=1e-5)
    np.testing.assert_allclose(objectives.categorical_crossentropy(p, q), [-np.log(0.25 * 0.75) / 2], rtol=1e-5)


def test_saturated_predictions_stay_finite():
    y, p = np.array([[0.0, 1.0]]), np.array([[1.0, 0.0]])
    for name in ("binary_crossentropy", "categorical_crossentropy", "kld", "mape", "msle", "poisson"):
        assert np.isfinite(objectives.get(name)(y, p)).all(), name


def test_aliases_and_unknown_names():
    for alias, name in {
        "MSE": "mean_squared_error",
        "MAE": "mean_absolute_error",
        "MAPE": "mean_absolute_percentage_error",
        "MSLE": "mean_squared_logarithmic_error",
        "KLD": "kullback_leibler_divergence",
        "cosine": "cosine_proximity",
    }.items():
        assert objectives.get(alias) is getattr(objectives, alias) is getattr(objectives, name)
        assert alias == "cosine" or objectives.get(alias.lower()) is getattr(objectives, alias.lower())
    assert objectives.get(None) is None
    assert objectives.get(np.add) is np.add
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'categorical_crossentropy'"):
        objectives.get("categorical_crossentropi")
