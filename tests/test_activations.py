import numpy as np
import pytest

from jkeras import activations
from jkeras.errors import UnknownNameError


def test_names_give_functions_that_keep_them():
    for name in ("softmax", "elu", "softplus", "softsign", "relu", "tanh", "sigmoid", "hard_sigmoid", "linear"):
        assert activations.get(name).__name__ == name
        assert activations.get(name) is getattr(activations, name)


def test_none_is_linear_and_callables_pass():
    assert activations.get(None) is activations.linear
    assert activations.get(np.sin) is np.sin
    assert activations.linear(3) == 3


def test_unknown_names_offer_close_ones():
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'sigmoid'"):
        activations.get("sigmod")
    with pytest.raises(TypeError, match="as an activation"):
        activations.get(3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 3)])
def test_softmax_sums_to_one_over_the_last_axis(shape):
    y = activations.softmax(np.random.RandomState(0).randn(*shape) * 50)
    np.testing.assert_allclose(y.sum(-1), np.ones(shape[:-1]), rtol=1e-5)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4, 5)])
def test_softmax_refuses_other_ranks(shape):
    with pytest.raises(ValueError, match=f"{len(shape)} axes"):
        activations.softmax(np.ones(shape))


def test_values():
    x = np.array([-2.0, 0.0, 1.0])
    np.testing.assert_allclose(activations.relu(x, alpha=0.1, max_value=0.5), [-0.2, 0, 0.5], rtol=1e-6)
    np.testing.assert_allclose(activations.elu(x, 2.0), [2 * np.expm1(-2), 0, 1], rtol=1e-6)
    np.testing.assert_allclose(activations.softplus(x), np.log1p(np.exp(x)), rtol=1e-6)
    np.testing.assert_allclose(activations.softsign(x), x / (1 + abs(x)), rtol=1e-6)
    np.testing.assert_allclose(activations.hard_sigmoid(x), [0.1, 0.5, 0.7], rtol=1e-6)
    np.testing.assert_allclose(activations.tanh(x), np.tanh(x), rtol=1e-6)
    np.testing.assert_allclose(activations.sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-6)
