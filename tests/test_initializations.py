import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import initializations
from jkeras.errors import UnknownNameError

KEY = jax.random.key(0)
UNIFORM = {
    "uniform": 0.05,
    "lecun_uniform": (3 / 300) ** 0.5,
    "glorot_uniform": (6 / 500) ** 0.5,
    "he_uniform": 0.02**0.5,
}
NORMAL = {"normal": 0.05, "glorot_normal": (2 / 500) ** 0.5, "he_normal": (2 / 300) ** 0.5}


@pytest.mark.parametrize(("name", "limit"), UNIFORM.items())
def test_uniform_limits(name, limit):
    w = initializations.sample(name, KEY, (300, 200))
    assert -limit <= w.min() < -0.99 * limit and 0.99 * limit < w.max() <= limit
    assert abs(w.mean()) < 0.02 * limit


@pytest.mark.parametrize(("name", "std"), NORMAL.items())
def test_normal_deviations(name, std):
    w = initializations.sample(name, KEY, (300, 200))
    np.testing.assert_allclose(w.std(), std, rtol=0.02)
    assert abs(w.mean()) < 0.02 * std


@pytest.mark.parametrize(
    ("shape", "ordering", "fans"),
    [
        ((3, 4), "th", (3, 4)),
        ((8, 2, 3, 3), "th", (18, 72)),
        ((3, 3, 2, 8), "tf", (18, 72)),
        ((8, 2, 3, 3, 3), "th", (54, 216)),
        ((3, 3, 3, 2, 8), "tf", (54, 216)),
        ((16,), "th", (4, 4)),
        ((2, 2, 4), "tf", (4, 4)),
    ],
)
def test_fans(shape, ordering, fans):
    assert initializations.get_fans(shape, ordering) == fans


def test_an_unknown_ordering_is_refused():
    with pytest.raises(ValueError, match="'th' or 'tf'"):
        initializations.glorot_uniform((2, 2, 3, 3), dim_ordering="ft")


def test_dim_ordering_decides_the_scale():
    th = initializations.sample("he_uniform", KEY, (64, 4, 3, 3), dim_ordering="th")
    tf = initializations.sample("he_uniform", KEY, (3, 3, 4, 64), dim_ordering="tf")
    np.testing.assert_allclose(th.max(), (6 / 36) ** 0.5, rtol=0.01)
    np.testing.assert_allclose(tf.max(), (6 / 36) ** 0.5, rtol=0.01)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (4, 2, 3)])
def test_orthogonal(shape):
    w = np.asarray(initializations.sample("orthogonal", KEY, shape)).reshape(shape[0], -1) / 1.1
    gram = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-5)


def test_orthogonal_matrices_have_no_preferred_sign():
    keys = jax.random.split(KEY, 200)
    draws = jax.vmap(lambda key: initializations.sample("orthogonal", key, (3, 3)))(keys)
    assert abs(draws.mean(0)).max() < 0.2


def test_constant_ones():
    np.testing.assert_array_equal(initializations.identity((2, 2), scale=3).value, 3 * np.eye(2))
    np.testing.assert_array_equal(initializations.one((2,)).value, [1, 1])
    np.testing.assert_array_equal(initializations.zero((2,), name="b").value, [0, 0])


@pytest.mark.parametrize(("name", "shape"), [("identity", (2, 3)), ("identity", (2,)), ("orthogonal", (4,))])
def test_shapes_that_do_not_suit(name, shape):
    with pytest.raises(ValueError, match=name):
        initializations.get(name)(shape)


def test_every_one_is_a_pure_function_of_the_key():
    for name in initializations.registry.entries:
        sample = jax.jit(lambda key, name=name: initializations.sample(name, key, (3, 3), name="W"))
        np.testing.assert_allclose(
            sample(KEY), initializations.sample(name, KEY, (3, 3)), rtol=1e-5, atol=1e-6, err_msg=name
        )
        assert initializations.sample(name, KEY, (3, 3), dtype="float16").dtype == jnp.float16


def test_the_keras_1_face_returns_named_variables():
    np.random.seed(0)
    w = initializations.glorot_uniform((2, 3), name="W")
    np.random.seed(0)
    again = initializations.glorot_uniform((2, 3))
    assert isinstance(w, K.Variable) and w.name == "W"
    np.testing.assert_array_equal(w.value, again.value)


def test_get():
    assert initializations.get("he_normal") is initializations.he_normal
    bound = initializations.get("uniform", scale=2.0)
    assert bound.__name__ == "uniform" and 1 < abs(bound((50, 50)).value).max() <= 2
    for config in ({"name": "normal", "scale": 9.0}, {"class_name": "normal", "config": {"scale": 9.0}}):
        assert initializations.get(config)((50, 50)).value.std() > 5
    assert initializations.get(None) is None
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'zero'"):
        initializations.get("zeros")


def test_custom_initializers():
    def mine(shape, name=None):
        return K.random_normal(shape)

    np.testing.assert_array_equal(
        initializations.sample(mine, KEY, (2,)), initializations.sample(mine, KEY, (2,), name="W")
    )
    np.testing.assert_array_equal(initializations.sample(lambda shape, name: np.ones(shape), KEY, (2,)), [1, 1])
    with pytest.raises(ValueError, match=r"returned shape \(3,\) for weight 'b' of shape \(2,\)"):
        initializations.sample(lambda shape, name: np.ones(3), KEY, (2,), name="b")
