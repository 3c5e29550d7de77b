import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import regularizers
from jkeras.errors import UnknownNameError

W = np.array([[1.0, -2.0], [0.0, 3.0]], "float32")


@pytest.mark.parametrize(
    ("regularizer", "penalty"),
    [
        (regularizers.l1(0.1), 0.6),
        (regularizers.l2(0.1), 1.4),
        (regularizers.l1l2(0.1, 0.2), 3.4),
        (regularizers.activity_l1(0.1), 0.6),
        (regularizers.activity_l2(0.1), 1.4),
        (regularizers.activity_l1l2(0.1, 0.2), 3.4),
        (regularizers.WeightRegularizer(), 0.0),
    ],
)
def test_penalties(regularizer, penalty):
    np.testing.assert_allclose(regularizer(W), penalty, rtol=1e-6)
    np.testing.assert_allclose(jax.jit(lambda w: jnp.asarray(regularizer(w)))(W), penalty, rtol=1e-6)


def test_l1_does_not_move_a_zero():
    assert jax.grad(regularizers.l1(0.1))(W)[1, 0] == 0


def test_eigenvalue():
    k = 0.5
    expected = k * np.linalg.norm(W, 2)
    made = regularizers.EigenvalueRegularizer(k)
    np.testing.assert_allclose(made(W), expected, rtol=1e-4)
    gradient = jax.grad(made)(W * 1e6)  # entries whose twentieth power overflows
    u, _, v = np.linalg.svd(W)
    np.testing.assert_allclose(gradient, k * np.outer(u[:, 0], v[0]), rtol=1e-2, atol=1e-3)
    with pytest.raises(ValueError, match="takes matrices"):
        made(W[0])


@pytest.mark.parametrize(
    "regularizer", [regularizers.l1l2(0.1, 0.2), regularizers.EigenvalueRegularizer(0.5), regularizers.l1(0.3)]
)
def test_configs_round_trip(regularizer):
    again = regularizers.get(regularizer.get_config())
    assert type(again) is type(regularizer) and vars(again) == vars(regularizer)


def test_get():
    assert regularizers.get(None) is None
    assert regularizers.get("l2").l2 == 0.01
    assert regularizers.get("l1l2", {"l1": 0.5}).l1 == 0.5
    assert regularizers.get(regularizers.l1).l1 == 0.01
    assert regularizers.get({"name": "WeightRegularizer", "l1": 0.0, "l2": 0.3}).l2 == 0.3
    assert regularizers.get({"name": "ActivityRegularizer", "l1": 0.2}).l1 == 0.2
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'activity_l2'"):
        regularizers.get("activity_l3")
    with pytest.raises(TypeError, match=r"l2\(0\.01\)"):
        regularizers.get(0.01)


def test_an_eigenvalue_config_of_keras_is_read_with_a_warning():
    with pytest.warns(UserWarning, match="does not save the k"):
        assert regularizers.get({"name": "EigenvalueRegularizer"}).k == 0


def test_base_class():
    with pytest.raises(NotImplementedError, match="Regularizer must implement"):
        regularizers.Regularizer()(W)
    with pytest.warns(DeprecationWarning, match="set_param"):
        regularizers.l1().set_param(None)
    with pytest.warns(DeprecationWarning, match="set_layer"):
        regularizers.l1().set_layer(None)
