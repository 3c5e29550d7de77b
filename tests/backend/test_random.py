import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K


def test_a_scope_makes_draws_a_function_of_the_key():
    def draw(key):
        with K.key_scope(key):
            return K.random_normal((3,)), K.random_uniform_variable((3,), 0, 1).value

    a, b = draw(jax.random.key(1)), jax.jit(draw)(jax.random.key(1))
    np.testing.assert_allclose(a[0], b[0], rtol=1e-6)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-6)
    rows = jax.vmap(draw)(jax.random.split(jax.random.key(1), 4))[0]
    assert len(np.unique(np.asarray(rows))) == 12


def test_a_scope_does_not_touch_numpy_and_ends():
    np.random.seed(3)
    expected = np.random.randint(0, 2**31 - 1)
    np.random.seed(3)
    with K.key_scope(jax.random.key(0)):
        inner = K.next_key()
        with K.key_scope(jax.random.key(5)):
            K.next_key()
        assert K.next_key() != inner
    assert K.next_key() == jax.random.key(expected)


def test_an_error_ends_the_scope():
    with pytest.raises(KeyError), K.key_scope(jax.random.key(0)):
        raise KeyError
    np.random.seed(0)
    a = K.next_key()
    np.random.seed(0)
    assert K.next_key() == a


def test_scopes_are_local_to_a_thread():
    made = []
    with K.key_scope(jax.random.key(0)):
        thread = threading.Thread(target=lambda: made.append(K.next_key()))
        thread.start()
        thread.join()
        assert made[0] != jax.random.fold_in(jax.random.key(0), 0)


def test_numpy_seed_reproduces():
    np.random.seed(1337)
    a = K.random_uniform((4,))
    np.random.seed(1337)
    np.testing.assert_array_equal(a, K.random_uniform((4,)))
    assert not np.array_equal(a, K.random_uniform((4,)))


def test_a_seed_fixes_a_draw_but_not_every_step():
    np.testing.assert_array_equal(K.random_normal((3,), seed=7), K.random_normal((3,), seed=7))

    def step(key):
        with K.key_scope(key):
            return K.dropout(jnp.ones(50), 0.5, seed=7)

    first, second = step(jax.random.key(0)), step(jax.random.key(1))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, step(jax.random.key(0)))


def test_distributions():
    np.random.seed(0)
    n = K.random_normal((100, 200), mean=2.0, std=0.5)
    u = K.random_uniform((100, 200), low=-1.0, high=3.0)
    b = K.random_binomial((100, 200), p=0.3)
    assert abs(n.mean() - 2) < 0.02 and abs(n.std() - 0.5) < 0.02
    assert u.min() >= -1 and u.max() < 3 and abs(u.mean() - 1) < 0.05
    assert set(np.unique(b)) == {0, 1} and abs(b.mean() - 0.3) < 0.02
    assert n.dtype == u.dtype == b.dtype == jnp.float32
    assert K.random_binomial((2,), 0.5, dtype="int32").dtype == jnp.int32
    assert K.random_normal_variable((2,), 0, 1, name="w").name == "w"


def test_dropout_drops_a_share_and_scales_the_rest():
    x = jnp.full((100, 100), 3.0)
    y = np.asarray(K.dropout(x, 0.25))
    kept = y != 0
    assert abs(kept.mean() - 0.75) < 0.02
    np.testing.assert_allclose(y[kept], 4.0, rtol=1e-6)
    np.testing.assert_array_equal(K.dropout(x, 0.0), x)


def test_dropout_noise_shape_shares_the_mask():
    y = np.asarray(K.dropout(jnp.ones((8, 5, 20)), 0.5, noise_shape=(None, 1, 20)))
    np.testing.assert_array_equal(y, np.broadcast_to(y[:, :1], y.shape))
    assert len(np.unique(y[:, 0], axis=0)) > 1


@pytest.mark.parametrize("noise_shape", [(20,), [5, 20], (None, 1), (1, 1, 20), 20, (8.0, 1, 1)])
def test_dropout_noise_shape_broadcasts_from_the_last_axis_on(noise_shape):
    y = np.asarray(K.dropout(jnp.ones((8, 5, 20)), 0.5, noise_shape=noise_shape))
    sizes = np.atleast_1d(np.array(noise_shape, object))
    shape = tuple(int(size or whole) for size, whole in zip(sizes, y.shape[3 - len(sizes) :], strict=True))
    first = y[tuple(slice(1) if size == 1 else slice(None) for size in (1,) * (3 - len(shape)) + shape)]
    np.testing.assert_array_equal(y, np.broadcast_to(first, y.shape))
    assert set(np.unique(first)) == {0.0, 2.0}


@pytest.mark.parametrize("noise_shape", [(4,), (5, 1, 1), (1, 8, 5, 20), 2])
def test_dropout_noise_shape_that_does_not_fit(noise_shape):
    with pytest.raises(ValueError, match=r"K\.dropout: noise_shape .* does not fit an array of shape \(8, 5, 20\)"):
        K.dropout(jnp.ones((8, 5, 20)), 0.5, noise_shape=noise_shape)


@pytest.mark.parametrize("level", [-0.1, 1.0, 1.5, np.float32(2)])
def test_dropout_level(level):
    with pytest.raises(ValueError, match=r"interval \[0, 1\)"):
        K.dropout(jnp.ones(2), level)


def test_dropout_takes_a_traced_level():
    with K.key_scope(jax.random.key(0)):
        y = jax.jit(lambda level: K.dropout(jnp.ones(1000), level))(0.5)
    assert abs(y.mean() - 1) < 0.2


@pytest.mark.parametrize("seed", [None, 3])
def test_a_scope_without_a_key_forbids_draws(seed):
    with K.key_scope(None), pytest.raises(ValueError, match="was given no key"):
        K.random_uniform((2,), seed=seed)
