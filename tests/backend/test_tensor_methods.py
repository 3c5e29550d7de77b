"""The methods of Theano's tensors on variables, expressions and symbolic tensors, and on request on JAX's arrays."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Lambda
from jkeras.models import Model

X = np.random.RandomState(0).randn(4, 3).astype("float32")
S = np.random.RandomState(1).randn(4, 5, 3).astype("float32")

CASES = [
    (X, lambda x: x.dimshuffle(0, "x", 1), X[:, None]),
    (X, lambda x: x.dimshuffle(1, 0), X.T),
    (X, lambda x: x.dimshuffle([1, "x", 0]), X.T[:, None]),
    (S[:, :1], lambda x: x.dimshuffle(2, 0), S[:, 0].T),
    (X, lambda x: x.T, X.T),
    (S, lambda x: x.transpose(), S.T),
    (S, lambda x: x.transpose(0, 2, 1), S.transpose(0, 2, 1)),
    (S, lambda x: x.transpose((2, 0, 1)), S.transpose(2, 0, 1)),
    (S, lambda x: x.swapaxes(1, -1), S.swapaxes(1, 2)),
    (S, lambda x: x.reshape((-1, 15)), S.reshape(-1, 15)),
    (S, lambda x: x.reshape(-1, 15), S.reshape(-1, 15)),
    (S, lambda x: x.reshape((x.shape[0], 15), ndim=2), S.reshape(4, 15)),
    (S, lambda x: x.flatten(), S.ravel()),
    (S, lambda x: x.flatten(2), S.reshape(4, 15)),
    (S, lambda x: x.flatten(ndim=2), S.reshape(4, 15)),
    (S, lambda x: x.ravel(), S.ravel()),
    (X[:, None], lambda x: x.squeeze(1), X),
    (X, lambda x: x.repeat(2), X.repeat(2)),
    (X, lambda x: x.repeat(2, axis=1), X.repeat(2, 1)),
    (X, lambda x: x.sum(), X.sum()),
    (X, lambda x: x.sum(axis=1, keepdims=True), X.sum(1, keepdims=True)),
    (X > 0, lambda x: x.sum(axis=0, dtype="float32"), (X > 0).sum(0)),
    (X, lambda x: x.mean(axis=0), X.mean(0)),
    (S, lambda x: x.mean(axis=(0, 1)), S.mean((0, 1))),
    (X, lambda x: x.prod(axis=1), X.prod(1)),
    (X, lambda x: x.max(1), X.max(1)),
    (X, lambda x: x.min(), X.min()),
    (X, lambda x: x.std(axis=0, keepdims=True), X.std(0, keepdims=True)),
    (X, lambda x: x.var(1), X.var(1)),
    (X > 0, lambda x: x.any(axis=0), (X > 0).any(0)),
    (X > 0, lambda x: x.all(), (X > 0).all()),
    (X, lambda x: x.argmax(), X.argmax()),
    (X, lambda x: x.argmin(axis=1), X.argmin(1)),
    (X, lambda x: x.cumsum(axis=1), X.cumsum(1)),
    (X, lambda x: x.norm(2), np.linalg.norm(X)),
    (X, lambda x: x.norm(1, axis=1), np.abs(X).sum(1)),
    (X, lambda x: x.norm(3, axis=1, keepdims=True), (np.abs(X) ** 3).sum(1, keepdims=True) ** (1 / 3)),
    (X, lambda x: x.norm("inf"), np.abs(X).max()),
    (X, lambda x: x.astype("int32"), X.astype("int32")),
    (X, lambda x: x.clip(-0.5, 0.5), X.clip(-0.5, 0.5)),
    (X, lambda x: x.round(), X.round()),
    (X, lambda x: x.copy(), X),
    (X, lambda x: x.dot(np.ones((3, 2), "float32")), X @ np.ones((3, 2))),
    (X, lambda x: x.ndim + x * 0, X * 0 + 2),
    (X, lambda x: -x[1:, ::-1] + abs(x)[:-1], -X[1:, ::-1] + abs(X)[:-1]),
]
each = pytest.mark.parametrize(("array", "method", "expected"), CASES)


@each
def test_on_symbolic_tensors(array, method, expected):
    x = K.placeholder(shape=(None, *array.shape[1:]), dtype=array.dtype.name)
    (found,) = K.function([x], [method(x)])([array])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@each
def test_on_variables_they_make_expressions(array, method, expected):
    v = K.variable(np.zeros_like(array), dtype=array.dtype.name)
    made = method(v)
    v.set_value(array)
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-6)
    again = K.variable(array, dtype=array.dtype.name)
    np.testing.assert_allclose(method(again + 0 if array.dtype != bool else again), expected, rtol=1e-5, atol=1e-6)


def test_eval_takes_the_inputs():
    x, y = K.placeholder(shape=(2,)), K.placeholder(shape=())
    np.testing.assert_array_equal((x * y).eval({x: [1, 2], y: 3}), [3, 6])
    v = K.variable([1.0])
    assert (v + 1).eval() == [2] and v.eval() == [1] and (v + 1).eval(session=None) == [2]
    with pytest.raises(RuntimeError, match="disconnected"):
        x.eval()


def test_shapes_under_tensorflows_name():
    for tensor, sizes in ((K.placeholder((None, 3)), [None, 3]), (K.variable(X), [4, 3]), (K.variable(X) * 2, [4, 3])):
        assert tensor.get_shape().as_list() == sizes and tensor.get_shape().ndims == 2 and tensor.get_shape()[1] == 3


def test_what_dimshuffle_refuses():
    v = K.variable(X)
    for pattern in [(0,), (0, 0, 1), (0, 2), (0, "y")]:
        with pytest.raises(ValueError, match="dimshuffle"):
            v.dimshuffle(*pattern)


def test_an_array_without_the_method_gets_a_hint(monkeypatch):
    if hasattr(jnp.ones(1), "dimshuffle"):
        pytest.skip("another test has called install_as_keras")
    x = K.placeholder(shape=(None, 3))
    with pytest.raises(AttributeError, match="dimshuffle") as error:
        Lambda(lambda t: t.dimshuffle(0, "x", 1), output_shape=(1, 3))(x)
    assert any("K.permute_dimensions" in note and "install_as_keras" in note for note in error.value.__notes__)


SCRIPT = """
import jkeras
jkeras.install_as_keras()
import jax, jax.numpy as jnp, numpy as np
from keras.layers import Dense, Lambda
from keras.models import Sequential

model = Sequential([Dense(3, input_dim=4), Lambda(lambda x: x.dimshuffle(0, 'x', 1).flatten(2) / x.norm(2), output_shape=(3,))])
y = model.predict(np.ones((2, 4)))
assert y.shape == (2, 3) and abs((y ** 2).sum() - 1) < 1e-5
assert jnp.ones((2, 3)).flatten().shape == (6,) and jnp.ones((2, 3)).flatten('F').shape == (6,)
assert jax.jit(lambda x: x.flatten())(jnp.ones((2, 3))).shape == (6,)
assert jax.vmap(lambda x: x.dimshuffle('x', 0))(jnp.ones((2, 3))).shape == (2, 1, 3)
sizes = Sequential([Lambda(lambda x: x * x._keras_shape[1] + x.get_shape().as_list()[1], input_shape=(4,))])
assert (sizes.predict(np.ones((2, 4))) == 8).all() and jnp.ones((2, 3))._keras_shape == (2, 3)
"""


def test_install_as_keras_gives_them_to_arrays():
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_methods_in_a_model():
    x = K.placeholder(shape=(None, 5, 3))
    model = Model(x, x.max(axis=1).reshape((x.shape[0], 3, 1)).flatten(2))
    np.testing.assert_allclose(model.predict(S), S.max(1), rtol=1e-6)
