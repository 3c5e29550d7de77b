"""The largest element, and its derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend.extremes import largest
from jkeras.layers import MaxoutDense
from jkeras.models import Sequential

X = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")


@pytest.mark.parametrize("axes", [None, 0, -1, (0, 2), [1, -1], ()])
@pytest.mark.parametrize("keepdims", [False, True])
def test_values_and_gradients_are_those_of_numpy_and_jax(axes, keepdims):
    plain = tuple(axes) if isinstance(axes, list) else axes
    for ours, theirs in ((K.max, jnp.max), (K.min, jnp.min)):
        np.testing.assert_array_equal(ours(X, axes, keepdims), theirs(X, axis=plain, keepdims=keepdims))
        weights = theirs(X, axis=plain, keepdims=keepdims) + 1

        def weighed(x, f=ours, axes=axes, weights=weights):
            return jnp.sum(weights * f(x, axes, keepdims) ** 2)

        def expected(x, f=theirs, weights=weights):
            return jnp.sum(weights * f(x, axis=plain, keepdims=keepdims) ** 2)

        np.testing.assert_allclose(jax.grad(weighed)(X), jax.grad(expected)(X), rtol=1e-6)
        direction = np.ones_like(X)
        ours_twice = jax.jvp(jax.grad(weighed), (X,), (direction,))[1]
        np.testing.assert_allclose(ours_twice, jax.jvp(jax.grad(expected), (X,), (direction,))[1], rtol=1e-6)


def test_equal_ones_share_evenly_and_nan_comes_through():
    np.testing.assert_allclose(jax.grad(lambda x: largest(x))(jnp.array([1.0, 3.0, 3.0])), [0, 0.5, 0.5])
    assert np.isnan(largest(jnp.array([1.0, np.nan])))
    assert K.max(np.array([[1, 5], [7, 2]]), axis=1).tolist() == [5, 7]
    assert K.min(np.array([1, 5, 250], "uint8")).item() == 1


def test_vmap():
    one = jax.vmap(jax.grad(lambda row: largest(row) ** 2))(X[0])
    np.testing.assert_allclose(one, 2 * X[0] * (X[0] == X[0].max(axis=1, keepdims=True)), rtol=1e-6)


def test_a_maximum_that_the_compiler_computes_twice_is_no_reason_for_nan():
    # x @ W is an elementwise product here. Without LLVM's optimizations XLA rounds it in two ways: fused, and not.
    x = np.linspace(-1, 1, 401)[:, None]
    model = Sequential([MaxoutDense(1, nb_feature=4, input_dim=1)])
    model.compile("sgd", "mse")
    losses = model.fit(x, x**2, batch_size=32, nb_epoch=3, verbose=0).history["loss"]
    assert losses[0] > losses[-1] > 0
