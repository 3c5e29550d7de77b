import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from jkeras.backend.pooling import pool
from tests.backend.images import ENGINES, both_ways, from_tf, pooled, to_tf

RNG = np.random.default_rng(0)
each_engine = pytest.mark.parametrize("engine", ENGINES)
each_ordering = pytest.mark.parametrize("ordering", ["th", "tf"])
each_mode = pytest.mark.parametrize("mode", ["max", "avg"])


def normal(*shape):
    return RNG.normal(size=shape).astype("float32")


@each_engine
@each_ordering
@each_mode
@pytest.mark.parametrize("border_mode", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [((2, 2), (2, 2)), ((3, 2), (1, 2)), ((4, 5), (2, 3)), ((1, 2), (3, 1))])
def test_pool2d(monkeypatch, engine, ordering, mode, border_mode, size, strides):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x = from_tf(normal(2, 7, 6, 3), ordering)
    y = both_ways(
        K.pool2d, x, pool_size=size, strides=strides, border_mode=border_mode, dim_ordering=ordering, pool_mode=mode
    )
    wanted = pooled(to_tf(x, ordering), size, strides, border_mode, engine, mode)
    np.testing.assert_allclose(to_tf(y, ordering), wanted, rtol=1e-5, atol=1e-6)


@each_engine
@each_mode
def test_same_of_all_lengths(engine, mode):
    for length in (1, 4, 5):
        x = normal(2, length, 3)
        for size in (1, 2, 3, 4, 5):
            for stride in (1, 2, 4):
                y = pool(x, (size,), (stride,), "same", "tf", mode, engine)
                wanted = pooled(x, (size,), (stride,), "same", engine, mode)
                np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)


@each_engine
@each_ordering
@each_mode
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_pool3d(monkeypatch, engine, ordering, mode, border_mode):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x = from_tf(normal(2, 4, 5, 3, 2), ordering)
    size, strides = (2, 3, 1), (2, 1, 1)
    y = both_ways(
        K.pool3d, x, pool_size=size, strides=strides, border_mode=border_mode, dim_ordering=ordering, pool_mode=mode
    )
    wanted = pooled(to_tf(x, ordering), size, strides, border_mode, engine, mode)
    np.testing.assert_allclose(to_tf(y, ordering), wanted, rtol=1e-5, atol=1e-6)


def test_strides_are_one_where_they_are_not_given_and_the_ordering_that_of_the_settings(monkeypatch):
    assert K.pool2d(normal(2, 3, 5, 6), (2, 3)).shape == (2, 3, 4, 4)
    monkeypatch.setitem(config._settings, "image_dim_ordering", "tf")
    assert K.pool2d(normal(2, 5, 6, 3), (2, 3)).shape == (2, 4, 4, 3)
    assert K.pool3d(normal(2, 5, 6, 4, 3), (2, 3, 1)).shape == (2, 4, 4, 4, 3)


@each_engine
@each_mode
@pytest.mark.parametrize("border_mode", ["valid", "same"])
@pytest.mark.parametrize(("size", "strides"), [((2, 2), (2, 2)), ((3, 2), (1, 1)), ((2, 2), (3, 3))])
def test_gradients(engine, mode, border_mode, size, strides):
    # Entries so far apart that a small step does not change which one is the greatest.
    x = (RNG.permutation(2 * 6 * 7 * 3).reshape(2, 6, 7, 3) / 50).astype("float32")

    def f(x):
        return jnp.sum(jnp.sin(pool(x, size, strides, border_mode, "tf", mode, engine)))

    gradient, step = jax.grad(f)(x), np.float32(1e-3)
    direction = normal(*x.shape)
    change = (f(x + step * direction) - f(x - step * direction)) / (2 * step)
    np.testing.assert_allclose(np.vdot(gradient, direction), change, rtol=2e-2)
    second = jax.jvp(jax.grad(f), (x,), (direction,))[1]
    assert np.isfinite(second).all() and np.abs(second).max() > 0


def test_the_gradient_goes_to_one_of_equal_entries():
    x = np.zeros((1, 4, 4, 1), "float32")
    gradient = jax.grad(lambda x: jnp.sum(pool(x, (2, 2), (2, 2), "valid", "tf", "max", "tensorflow")))(x)
    assert sorted(gradient.ravel().tolist()) == [0.0] * 12 + [1.0] * 4


def test_inside_vmap_and_scan():
    x = normal(3, 2, 6, 7, 3)

    def f(x):
        return pool(x, (2, 3), (2, 2), "same", "tf", "max", "theano")

    one_by_one = np.stack([f(part) for part in x])
    np.testing.assert_array_equal(jax.vmap(f)(x), one_by_one)
    np.testing.assert_array_equal(jax.lax.scan(lambda c, part: (c, f(part)), 0, x)[1], one_by_one)


def test_numbers_of_other_types():
    x = np.arange(8).reshape(1, 1, 2, 4)
    assert K.pool2d(x, (2, 2.0), [1, 2]).tolist() == [[[[5, 7]]]]
    assert K.pool2d(x, (2, 2), (1, 2), pool_mode="avg").tolist() == [[[[2.5, 4.5]]]]
    assert K.pool2d(x > 5, (2, 2), (1, 2)).tolist() == [[[[False, True]]]]
    assert K.pool2d(-x - 1, (2, 2), (1, 2), "same").max() < 0
    assert K.pool2d(K.variable(x), (2, 2)).shape == (1, 1, 1, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"border_mode": "full"}, "Unknown border_mode 'full': expected 'valid' or 'same'"),
        ({"pool_mode": "mean"}, "Unknown pool_mode 'mean': expected 'max' or 'avg'"),
        ({"dim_ordering": "channels_first"}, "Unknown dim_ordering 'channels_first': expected 'th', 'tf' or 'default'"),
        ({"strides": (1, 2, 3)}, r"strides must be 2 positive whole numbers.*got \(1, 2, 3\)"),
        ({"pool_size": (0, 2)}, r"pool_size must be 2 positive whole numbers.*got \(0, 2\)"),
        ({"dim_ordering": "tf"}, r"window of 2 × 4 is larger than the input, .* 3 × 3 rows .* give dim_ordering='th'"),
    ],
)
def test_what_cannot_be_computed_is_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        K.pool2d(normal(2, 3, 3, 6), **{"pool_size": (2, 4), **arguments})
    with pytest.raises(ValueError, match=r"pool3d takes an array of 5 axes, .* got shape \(2, 3, 3\)"):
        K.pool3d(normal(2, 3, 3), (1, 1, 1))
