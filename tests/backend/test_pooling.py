import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from jkeras.backend.pooling import pool
from tests.backend.images import ENGINES, both_ways, from_tf, pooled, to_tf

each_engine = pytest.mark.parametrize("engine", ENGINES)
each_ordering = pytest.mark.parametrize("ordering", ["th", "tf"])
each_mode = pytest.mark.parametrize("mode", ["max", "avg"])


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")  # seeded for each test


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
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9, 16, 23])
def test_same_of_all_sizes(engine, mode, size):
    for length, stride in ((1, 1), (4, 3), (5, 2), (21, 4), (58, 9), (60, 25)):
        if length >= size // 2:
            x = normal(2, length, 3)
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


@pytest.mark.parametrize(("size", "stride"), [(40, 40), (9, 9), (10, 14), (17, 3), (12, 41)])
def test_long_windows(size, stride):
    x = normal(2, 41, 3)
    for mode in ("max", "avg"):
        y = pool(x, (size,), (stride,), "valid", "tf", mode, "tensorflow")
        wanted = pooled(x, (size,), (stride,), "valid", "tensorflow", mode)
        np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-6)


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
    x = np.random.permutation(2 * 6 * 7 * 3).reshape(2, 6, 7, 3).astype("float32")
    pooling = functools.partial(
        pool,
        pool_size=size,
        strides=strides,
        border_mode=border_mode,
        dim_ordering="tf",
        pool_mode=mode,
        dialect=engine,
    )
    weights, direction = normal(*pooling(x).shape), normal(*x.shape)
    gradient = jax.grad(lambda x: jnp.vdot(weights, pooling(x)))(x)
    change = (pooling(x + 0.1 * direction) - pooling(x - 0.1 * direction)) / 0.2
    np.testing.assert_allclose(np.vdot(gradient, direction), np.vdot(weights, change), rtol=1e-3, atol=0.01)
    # The second derivative of a square is constant along it.
    square = jax.grad(lambda x: jnp.sum(pooling(x) ** 2))
    np.testing.assert_allclose(jax.jvp(square, (x,), (x,))[1], square(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("size", "strides"), [((2, 2), (2, 2)), ((3, 2), (1, 1)), ((2, 9), (2, 1)), ((11, 12), (3, 5)), ((13, 9), (2, 11))]
)
def test_of_equal_entries_the_first_is_the_greatest_as_xla_finds(size, strides):
    # Few different numbers, so that there are many ties.
    x = np.random.randint(0, 3, (2, 13, 14, 3)).astype("float32")
    weights = normal(*pool(x, size, strides, "valid", "tf", "max", "tensorflow").shape)

    def by_xla(x):
        return jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, *size, 1), (1, *strides, 1), "valid")

    def ours(x):
        return pool(x, size, strides, "valid", "tf", "max", "tensorflow")

    gradients = [jax.grad(lambda x, f=f: jnp.vdot(f(x), weights))(x) for f in (ours, by_xla)]
    np.testing.assert_allclose(*gradients, rtol=1e-5, atol=1e-5)


def test_not_a_number_passes_through():
    x = np.zeros((1, 4, 14, 1), "float32")
    for row, column in ((0, 0), (1, 5), (3, 12)):
        x[0, row, column, 0] = np.nan
    for size in ((2, 2), (2, 13), (4, 9)):
        for mode in ("max", "avg"):
            y = pool(x, size, (1, 1), "valid", "tf", mode, "tensorflow")
            wanted = np.isnan(pooled(x, size, (1, 1), "valid", "tensorflow", mode))
            assert wanted.any() and (np.isnan(y) == wanted).all()


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
