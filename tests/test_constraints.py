import jax
import numpy as np
import pytest

from jkeras import constraints
from jkeras.errors import UnknownNameError

W = np.random.RandomState(0).randn(5, 7).astype("float32") * 3


def norms(p, axis=0):
    return np.sqrt((np.asarray(p) ** 2).sum(axis))


@pytest.mark.parametrize("axis", [0, 1, [0, 1]])
def test_maxnorm(axis):
    axes = tuple(axis) if isinstance(axis, list) else axis
    made = constraints.MaxNorm(m=2, axis=axis)(W)
    np.testing.assert_allclose(norms(made, axes), np.minimum(norms(W, axes), 2), rtol=1e-5)


def test_short_vectors_stay():
    short = W / 100
    np.testing.assert_allclose(constraints.maxnorm(2)(short), short, rtol=1e-5)
    np.testing.assert_array_equal(constraints.maxnorm(2)(np.zeros((2, 2))), np.zeros((2, 2)))


def test_nonneg():
    np.testing.assert_array_equal(constraints.nonneg()(W), np.maximum(W, 0))


def test_unitnorm():
    np.testing.assert_allclose(norms(constraints.unitnorm()(W)), np.ones(7), rtol=1e-5)
    np.testing.assert_array_equal(constraints.unitnorm()(np.zeros((2, 2))), np.zeros((2, 2)))


@pytest.mark.parametrize("rate", [1.0, 0.25])
def test_minmaxnorm(rate):
    made = constraints.MinMaxNorm(low=4.0, high=6.0, rate=rate)(W)
    before = norms(W)
    np.testing.assert_allclose(norms(made), rate * before.clip(4, 6) + (1 - rate) * before, rtol=1e-5)


@pytest.mark.parametrize(
    "constraint",
    [
        constraints.MaxNorm(3, axis=[0, 1]),
        constraints.NonNeg(),
        constraints.UnitNorm(1),
        constraints.MinMaxNorm(0.5, 2.0, 0.9, 1),
    ],
)
def test_configs_round_trip_and_jit(constraint):
    again = constraints.get(constraint.get_config())
    assert type(again) is type(constraint) and vars(again) == vars(constraint)
    np.testing.assert_allclose(jax.jit(again.__call__)(W), constraint(W), rtol=1e-5)


def test_get():
    assert constraints.get(None) is None
    assert isinstance(constraints.get("maxnorm"), constraints.MaxNorm)
    assert constraints.get("MaxNorm", {"m": 3}).m == 3
    assert isinstance(constraints.get(constraints.NonNeg), constraints.NonNeg)
    assert constraints.get(np.abs) is np.abs
    assert constraints.Constraint()(W) is W
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'MaxNorm' or 'maxnorm'"):
        constraints.get("max_norm")
    with pytest.raises(TypeError, match=r"maxnorm\(2\)"):
        constraints.get(2)
