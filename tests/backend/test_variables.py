import copy
import operator
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend.variables import as_array, sizes


def test_a_variable_holds_a_copy_in_the_default_type():
    source = np.arange(3)
    v = K.variable(source, name="v")
    source[0] = 9
    assert (v.name, v.shape, v.ndim, v.dtype, v._keras_shape) == ("v", (3,), 1, jnp.float32, (3,))
    np.testing.assert_array_equal(K.get_value(v), [0, 1, 2])
    w = K.variable(v, dtype="int64")
    v.set_value([7, 8, 9])
    np.testing.assert_array_equal(w.eval(), [0, 1, 2])


def test_get_value_is_writable_and_apart():
    v = K.ones((2,))
    value = v.get_value()
    value[:] = 5
    np.testing.assert_array_equal(v.get_value(), [1, 1])


def test_set_value_keeps_dtype_and_refuses_other_shapes():
    v = K.variable([[1.0, 2.0]], name="W")
    K.set_value(v, np.array([[3, 4]], dtype="float64"))
    assert v.dtype == jnp.float32
    with pytest.raises(ValueError, match=r"'W' of shape \(1, 2\) to a value of shape \(2, 1\)"):
        v.set_value([[1], [2]])
    with pytest.raises(ValueError, match="shapes must be equal"):
        v.set_value(0.0)
    np.testing.assert_array_equal(v.get_value(), [[3, 4]])


def test_sparse_matrices_are_made_dense():
    class Sparse:
        def tocoo(self):
            raise NotImplementedError

        def toarray(self):
            return np.eye(2)

    np.testing.assert_array_equal(K.get_value(K.variable(Sparse())), np.eye(2))


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge"])
def test_arithmetic_is_that_of_the_array(name):
    operation = getattr(operator, name)
    a, b = np.array([1.0, 2.0, 3.0], "float32"), np.array([3.0, 2.0, 2.0], "float32")
    expected = operation(a, b)
    for left in (K.variable(a), jnp.asarray(a), a):
        for right in (K.variable(b), jnp.asarray(b), b):
            np.testing.assert_allclose(operation(left, right), expected, rtol=1e-6)
    np.testing.assert_allclose(operation(K.variable(a), 2.0), operation(a, np.float32(2.0)), rtol=1e-6)
    np.testing.assert_allclose(operation(2.0, K.variable(a)), operation(np.float32(2.0), a), rtol=1e-6)


def test_other_operators():
    v = K.variable([[1.0, -2.0], [3.0, 4.0]])
    m = v.get_value()
    np.testing.assert_allclose(v @ v, m @ m)
    np.testing.assert_allclose(m @ v, m @ m)
    np.testing.assert_allclose(-v, -m)
    np.testing.assert_allclose(abs(v), abs(m))
    np.testing.assert_allclose(v.T, m.T)
    np.testing.assert_allclose(v[1, K.variable(0, dtype="int32")], 3.0)
    np.testing.assert_allclose(list(v)[1], m[1])
    assert (len(v), float(v[0, 0]), v.sum().item()) == (2, 1.0, 6.0)
    assert K.variable(3.0) < 4 and int(K.variable(3.0)) == 3
    with pytest.raises(AttributeError, match="no attribute 'dimshufle'"):
        _ = v.dimshufle


def test_jax_and_numpy_take_variables():
    v = K.variable([0.0, 1.0])
    np.testing.assert_allclose(jnp.exp(v), np.exp([0, 1]), rtol=1e-6)
    np.testing.assert_allclose(np.exp(v), np.exp([0, 1]), rtol=1e-6)
    np.testing.assert_allclose(jax.jit(lambda x: jnp.dot(x, v))(jnp.ones(2)), 1.0)
    np.testing.assert_allclose(jax.grad(lambda w: K.sum(K.square(w)))(v).value, [0, 2])


def test_equality_is_identity():
    v, w = K.zeros((2,)), K.zeros((2,))
    assert v == v and v != w and {v: 1}[v] == 1 and w not in [v]


def test_copies_are_independent():
    v = K.variable([1.0], name="v")
    for other in (copy.deepcopy(v), pickle.loads(pickle.dumps(v))):
        other.set_value([2.0])
        assert (other.name, v.get_value().item(), other.get_value().item()) == ("v", 1.0, 2.0)


def test_values_in_batches():
    v, w = K.zeros((1,)), K.zeros(())
    K.batch_set_value([(v, [1]), (w, 2)])
    np.testing.assert_array_equal(np.hstack(K.batch_get_value([v, w])), [1, 2])


def test_only_what_holds_a_value_is_read_or_written():
    np.testing.assert_array_equal(K.get_value(jnp.ones(2)), [1, 1])
    with pytest.raises(TypeError, match="got float"):
        K.get_value(1.0)
    with pytest.raises(TypeError, match="changes a variable"):
        K.set_value(jnp.ones(2), 0)


def test_things_with_get_and_set_value_count_as_variables():
    class Handle:
        held = 1.0

        def get_value(self):
            return self.held

        def set_value(self, value):
            self.held = value

    handle = Handle()
    K.set_value(handle, 2.0)
    assert K.get_value(handle) == 2.0


def test_updates_are_pairs_and_change_nothing():
    v = K.variable([1.0, 2.0])
    for made, expected in (
        (K.update(v, jnp.zeros(2)), [0, 0]),
        (K.update_add(v, K.ones((2,))), [2, 3]),
        (K.update_sub(v, 1), [0, 1]),
        (K.moving_average_update(v, np.array([3.0, 3.0]), 0.75), [1.5, 2.25]),
    ):
        assert made[0] is v
        np.testing.assert_allclose(made[1], expected)
    np.testing.assert_array_equal(v.get_value(), [1, 2])


def test_makers():
    assert K.zeros((2, 4 / 2)).shape == (2, 2)
    assert K.ones(3, dtype="int32").dtype == jnp.int32
    np.testing.assert_array_equal(K.eye(2).value, np.eye(2))
    like = K.zeros_like(np.ones((2, 3), "int32"))
    assert (like.shape, like.dtype, K.ones_like(like, dtype="float64").dtype) == ((2, 3), jnp.int32, jnp.float32)
    assert K.count_params(K.zeros((3, 4))) == 12 and K.count_params(K.zeros(())) == 1
    assert K.get_variable_shape(K.zeros((3, 4))) == (3, 4)


def test_sizes():
    assert sizes(4.0) == (4,) and sizes([np.int64(2), 3.0, -1]) == (2, 3, -1)
    for wrong in ((2, 2.5), (2, None), ("a",)):
        with pytest.raises(ValueError, match="consists of integers"):
            sizes(wrong)


def test_numbers_stay_weakly_typed():
    half = jnp.ones(2, "float16")
    assert (half * as_array(np.float64(2))).dtype == jnp.float16
    assert (half * as_array(2.0)).dtype == jnp.float16
