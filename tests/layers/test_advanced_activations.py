"""The activation layers against their formulas, and the gradients at their kinks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.layers import ELU, LeakyReLU, ParametricSoftplus, PReLU, SReLU, ThresholdedReLU
from jkeras.models import Sequential

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


def output(layer, weights=None, x=X):
    Sequential([layer])
    if weights is not None:
        layer.set_weights([np.full(handle.shape, value) for handle, value in zip(layer.weights, weights, strict=True)])
    return layer.apply(layer.params, x)


@pytest.mark.parametrize(
    ("layer", "weights", "formula"),
    [
        (lambda: LeakyReLU(0.2, input_shape=(4,)), None, lambda x: np.where(x > 0, x, 0.2 * x)),
        (lambda: PReLU(input_shape=(4,)), [0.4], lambda x: np.where(x > 0, x, 0.4 * x)),
        (lambda: ELU(0.5, input_shape=(4,)), None, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
        (
            lambda: ParametricSoftplus(input_shape=(4,)),
            [0.3, 2.0],
            lambda x: 0.3 * np.log1p(np.exp(2.0 * x)),
        ),
        (lambda: ThresholdedReLU(0.5, input_shape=(4,)), None, lambda x: np.where(x > 0.5, x, 0)),
        (
            lambda: SReLU(input_shape=(4,)),
            [-0.5, 0.1, -1.0, 2.0],  # the right threshold is -0.5 + |-1|
            lambda x: np.where(x < -0.5, -0.5 + 0.1 * (x + 0.5), np.where(x > 0.5, 0.5 + 2.0 * (x - 0.5), x)),
        ),
    ],
    ids=["leakyrelu", "prelu", "elu", "parametricsoftplus", "thresholdedrelu", "srelu"],
)
def test_formula(layer, weights, formula):
    np.testing.assert_allclose(output(layer(), weights), formula(X), rtol=1e-5, atol=1e-6)


def test_initial_parameters():
    layer = ParametricSoftplus(0.3, 2.0, input_shape=(2, 3))
    Sequential([layer])
    alphas, betas = layer.get_weights()
    assert alphas.shape == betas.shape == (2, 3)
    assert (alphas == np.float32(0.3)).all()
    assert (betas == 2).all()


def test_parameters_are_shared_along_axes():
    layer = PReLU(shared_axes=[2, 3], input_shape=(3, 5, 6))
    Sequential([layer])
    assert layer.alphas.shape == (3, 1, 1)
    images = -np.ones((2, 3, 5, 6), "float32")
    layer.set_weights([np.arange(3.0).reshape(3, 1, 1)])
    np.testing.assert_allclose(layer.apply(layer.params, images)[0, :, 0, 0], [0.0, -1.0, -2.0])
    with pytest.raises(ValueError, match=r"shared_axes=\[4\] names axis 4"):
        Sequential([PReLU(shared_axes=4, input_shape=(3, 5, 6))])
    with pytest.raises(ValueError, match="must be known and positive"):
        Sequential([PReLU(input_shape=(None, 6))])
    Sequential([PReLU(shared_axes=1, input_shape=(None, 6))])


def test_slopes_at_the_kink_are_means():
    layer = PReLU(input_shape=(4,))
    Sequential([layer])
    params = {"alphas": jnp.full(4, 0.5)}
    gradient = jax.grad(lambda x: jnp.sum(layer.apply(params, x)))(jnp.zeros((1, 4)))
    np.testing.assert_allclose(gradient, 0.75)  # as on Theano
