import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Input

X = np.arange(24, dtype="float32").reshape(2, 3, 4) - 11.5


def test_all_are_ordinary_functions_of_the_backend():
    for name in set(K.__all__) - {"Function", "Variable", "_BACKEND"}:
        entry = getattr(K, name)
        assert inspect.isfunction(entry) and entry.__module__.startswith("jkeras.backend"), name
        assert entry.__name__ == name and entry.__doc__, name


def test_shapes_and_types_of_all_kinds_of_arrays():
    for x in (X, jnp.asarray(X), K.variable(X)):
        assert K.shape(x) == K.int_shape(x) == (2, 3, 4)
        assert (K.ndim(x), K.dtype(x)) == (3, "float32")
        assert isinstance(K.eval(x), np.ndarray)
    assert jax.jit(lambda x: K.reshape(x, (K.shape(x)[0], -1)))(X).shape == (2, 12)
    assert K.is_sparse(X) is False and K.to_dense(X) is X
    assert K.is_explicit_shape((None, 3)) and not K.is_explicit_shape((None, "a")) and not K.is_explicit_shape(3)
    assert not K.is_keras_tensor(X)


def test_what_was_made_for_sparse_data_is_known_and_takes_dense_and_sparse_arrays():
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix(X[0] * (X[0] > 0))
    x, v = K.placeholder((3, 4), sparse=True), K.variable(matrix)
    assert all(map(K.is_sparse, (x, v, K.variable(v), Input((5,), sparse=True), matrix)))
    assert not any(map(K.is_sparse, (K.placeholder((3, 4)), K.to_dense(x), v * 2, K.dot(x, K.transpose(v)), v.value)))
    np.testing.assert_array_equal(K.to_dense(matrix), matrix.toarray())
    compute = K.function([x], [K.dot(x, K.transpose(v))])
    for given in (matrix, matrix.tocoo(), matrix.toarray()):
        np.testing.assert_allclose(compute([given])[0], matrix.toarray() @ matrix.toarray().T, rtol=1e-6)
    v.set_value(2 * matrix)
    np.testing.assert_array_equal(v.get_value(), 2 * matrix.toarray())


def test_settings_by_the_names_that_keras_1_had_for_them():
    from jkeras.backend import common, tensorflow_backend, theano_backend

    assert (K.floatx(), K.epsilon()) == (common._FLOATX, common._EPSILON)
    K.set_epsilon(1e-5)
    try:
        assert common._EPSILON == theano_backend._EPSILON == tensorflow_backend._EPSILON == 1e-5
    finally:
        K.set_epsilon(1e-7)
    assert K.image_dim_ordering() == common._IMAGE_DIM_ORDERING and common._LEGACY_WEIGHT_ORDERING is False
    with pytest.raises(AttributeError, match=r"common' has no attribute '_FLOAT'"):
        _ = common._FLOAT
    assert K.manual_variable_initialization(True) is None


def test_a_function_refuses_keywords_that_would_get_lost():
    x = K.placeholder((2,))
    theanos = {"mode": "FAST_RUN", "name": "f", "on_unused_input": "ignore", "allow_input_downcast": True, "givens": []}
    assert K.function([x], [x], **theanos)([[1, 2]])[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match=r"Invalid argument 'update' passed to K\.function: .* meant 'updates'"):
        K.function([x], [x], update=[])
    with pytest.raises(NotImplementedError, match="givens"):
        K.function([x], [x], givens={x: x})


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "var", "std", "max", "min", "any", "all"])
@pytest.mark.parametrize("axis", [None, 1, -1, [0, 2], (1, 2)])
def test_reductions_equal_numpy(name, axis):
    for keepdims in (False, True):
        expected = getattr(np, name)(X, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)
        made = getattr(K, name)(X, axis=axis, keepdims=keepdims)
        assert made.shape == np.shape(expected)
        np.testing.assert_allclose(made, expected, rtol=2e-5)


def test_means_of_integers_and_comparisons_are_floats():
    assert K.mean(np.array([1, 2])).item() == 1.5
    assert K.var(np.array([1, 2])).item() == 0.25
    assert K.mean(K.equal([1, 2], [1, 3])).dtype == jnp.float32


@pytest.mark.parametrize(
    ("x", "y", "axes", "equation"),
    [
        ((2, 3, 4), (2, 4, 5), None, "bij,bjk->bik"),
        ((2, 3, 4), (2, 5, 4), 2, "bij,bkj->bik"),
        ((2, 3, 4), (2, 3, 4), -1, "bij,bkj->bik"),
        ((2, 4), (2, 4, 5), (1, 1), "bj,bjk->bk"),
        ((2, 3, 4), (2, 4), [2, 1], "bij,bj->bi"),
        ((2, 3, 4, 5), (2, 5, 6), None, "bijk,bkl->bijl"),
        ((2, 3, 4), (2, 4, 3), ((1, 2), (2, 1)), None),
        ((2, 3, 4), (2, 5, 3, 6), (1, 2), "bij,bkil->bjkl"),
    ],
)
def test_batch_dot(x, y, axes, equation):
    rng = np.random.RandomState(0)
    x, y = rng.randn(*x).astype("float32"), rng.randn(*y).astype("float32")
    expected = np.einsum(equation, x, y) if equation else np.einsum("bij,bji->b", x, y)[:, None]
    made = K.batch_dot(x, y, axes)
    assert made.shape == expected.shape
    np.testing.assert_allclose(made, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "axes", "message"),
    [
        ((2, 4), (2, 4), None, "cannot sum over axis 0 of y"),
        ((2, 4), (2, 4), 2, "between 1 and 1"),
        ((2, 4), (2, 5), 1, "must be equal"),
        ((3, 4), (2, 4), 1, "batch sizes"),
        ((2, 4), (2, 4), (1,), "one axis, or one for each"),
    ],
)
def test_batch_dot_explains_what_does_not_fit(x, y, axes, message):
    with pytest.raises(ValueError, match=message):
        K.batch_dot(np.ones(x), np.ones(y), axes)


def test_gather():
    table = np.arange(6.0, dtype="float32").reshape(3, 2)
    np.testing.assert_array_equal(K.gather(table, np.array([[2.0], [-1.0]])), table[[[2], [-1]]])
    assert np.isnan(K.gather(table, [3])).all()


def test_shaping():
    assert K.permute_dimensions(X, (2, "x", 0, 1)).shape == (4, 1, 2, 3)
    assert K.reshape(X, (-1, 24 / 2)).shape == (2, 12)
    assert K.batch_flatten(X[:0]).shape == (0, 12)
    assert K.expand_dims(X, 1).shape == (2, 1, 3, 4) and K.expand_dims(X).shape == (2, 3, 4, 1)
    assert K.squeeze(np.ones((2, 1)), 1).shape == (2,)
    np.testing.assert_array_equal(K.repeat(X[0], 2), np.stack([X[0], X[0]], 1))
    np.testing.assert_array_equal(K.concatenate([X, K.variable(X)]), np.concatenate([X, X], -1))
    np.testing.assert_array_equal(K.temporal_padding(X, 1)[:, 1:-1], X)
    np.testing.assert_array_equal(K.arange(3), [0, 1, 2])
    np.testing.assert_array_equal(K.reverse(X, (0, 2)), X[::-1, :, ::-1])
    assert K.pattern_broadcast(X, (False, False, True)) is X
    assert K.one_hot(np.array([[1]]), 3).shape == (1, 1, 3)


@pytest.mark.parametrize("call", [lambda: K.repeat(X, 2), lambda: K.temporal_padding(X[0])])
def test_wrong_ranks_are_explained(call):
    with pytest.raises(ValueError, match=r"takes an array of shape \(batch"):
        call()


def derivative(function, x):
    return float(jax.jit(jax.grad(lambda x: jnp.sum(function(x))))(jnp.float32(x)))


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (K.relu, 0.0, 0.5),
        (lambda x: K.relu(x, alpha=0.2), 0.0, 0.6),
        (lambda x: K.relu(x, max_value=6.0), 7.0, 0.0),
        (lambda x: K.clip(x, 0.0, 1.0), 0.0, 1.0),
        (lambda x: K.clip(x, 0.0, 1.0), 1.0, 1.0),
        (lambda x: K.clip(x, 0.0, 1.0), 1.5, 0.0),
        (lambda x: K.maximum(x, 1.0), 1.0, 1.0),
        (lambda x: K.maximum(1.0, x), 1.0, 0.0),
        (lambda x: K.minimum(x, 1.0), 1.0, 1.0),
        (K.abs, 0.0, 0.0),
        (K.sqrt, -1.0, 0.0),
        (K.elu, 0.0, 1.0),
        (K.elu, 1000.0, 1.0),
        (K.hard_sigmoid, 2.5, 0.2),
        (K.hard_sigmoid, 2.6, 0.0),
        (K.softplus, 1000.0, 1.0),
        (K.softplus, -1000.0, 0.0),
        (K.stop_gradient, 3.0, 0.0),
        (lambda x: K.stop_gradient([x])[0] * x, 3.0, 3.0),
    ],
)
def test_derivatives_at_corners(function, x, expected):
    np.testing.assert_allclose(derivative(function, x), expected, rtol=1e-6)


def test_elementwise_corners():
    np.testing.assert_array_equal(K.clip([-1.0, 0.5, 2.0], 0, None), [0, 0.5, 2])
    np.testing.assert_array_equal(K.clip([0.0, 3.0], 2.0, 1.0), [2, 2])
    np.testing.assert_array_equal(K.clip([0.0, 3.0], K.variable(1.0), np.float64(2)), [1, 2])
    assert np.isnan(K.clip([np.nan], 0, 1)).all()
    assert np.isnan(K.maximum([np.nan, 1.0], [1.0, np.nan])).all()
    assert np.isnan(K.minimum([np.nan, 1.0], [1.0, np.nan])).all()
    np.testing.assert_array_equal(K.relu([-np.inf, np.inf]), [0, np.inf])
    assert K.relu(np.array([-1, 2])).dtype == jnp.int32
    assert K.cast(X, "float64").dtype == jnp.float32


def test_crossentropies_clip_and_renormalise():
    y = np.array([[1.0, 0.0]], "float32")
    np.testing.assert_allclose(K.categorical_crossentropy(np.array([[2.0, 6.0]]), y), np.log(4), rtol=1e-6)
    np.testing.assert_allclose(K.categorical_crossentropy(np.array([[0.0, 1.0]]), y), -np.log(1e-7), rtol=1e-5)
    np.testing.assert_allclose(
        K.binary_crossentropy(np.array([0.0, 1.0]), np.array([1.0, 1.0])), [-np.log(1e-7), 1.19e-7], rtol=1e-2
    )


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3)])
def test_sparse_crossentropy_is_the_categorical_one(from_logits, shape):
    rng = np.random.RandomState(0)
    output, target = rng.rand(*shape).astype("float32"), rng.randint(0, 3, shape[:-1])

    def sparse(output):
        return K.sparse_categorical_crossentropy(output, target[..., None].astype("float32"), from_logits)

    def dense(output):
        return K.categorical_crossentropy(output, K.one_hot(target, 3), from_logits)

    @jax.jit
    def both(output, cotangent):
        made, back = jax.vjp(sparse, output)
        expected, back_expected = jax.vjp(dense, output)
        return (made, *back(cotangent)), (expected, *back_expected(cotangent))

    made, expected = both(output, rng.rand(*shape[:-1]).astype("float32"))
    np.testing.assert_allclose(made[0], expected[0], rtol=1e-5)
    np.testing.assert_allclose(made[1], expected[1], rtol=1e-4, atol=1e-6)


def test_a_class_that_does_not_exist_gives_nan():
    assert np.isnan(K.sparse_categorical_crossentropy(np.full((1, 3), 1 / 3), [3])).all()


def test_in_top_k():
    scores = np.array([[0.1, 0.3, 0.3, 0.2]] * 4)
    np.testing.assert_array_equal(K.in_top_k(scores, np.arange(4), 1), [False, False, True, False])
    np.testing.assert_array_equal(K.in_top_k(scores, np.arange(4), 3), [False, True, True, True])
    assert not K.in_top_k(np.full((1, 3), np.nan), [0], 3).any()


@pytest.mark.parametrize("axes", [[0], [0, 2], [0, 1]])
def test_batch_normalisation_in_training(axes):
    kept = tuple(size for axis, size in enumerate(X.shape) if axis not in axes)
    gamma, beta = np.full(kept, 2.0, "float32"), np.full(kept, 1.0, "float32")
    normed, mean, var = K.normalize_batch_in_training(X, gamma, beta, axes, epsilon=0.1)
    assert mean.shape == var.shape == kept
    np.testing.assert_allclose(var, X.var(tuple(axes)) + 0.1, rtol=1e-5)
    np.testing.assert_allclose(normed.mean(tuple(axes)), np.ones(kept), atol=1e-5)
    full = np.expand_dims(gamma, tuple(axes))
    again, mean, _ = K.normalize_batch_in_training(X, full, np.ones_like(full), axes, epsilon=0.1)
    assert mean.shape == full.shape
    np.testing.assert_allclose(again, normed, rtol=1e-5)


def test_batch_normalisation_with_given_statistics():
    made = K.batch_normalization(
        X, np.ones(4), K.variable(np.full(4, 3.0)), np.full(4, 0.5), np.full(4, 2.0), epsilon=1.0
    )
    np.testing.assert_allclose(made, (X - 1) / 2 * 2 + 0.5, rtol=1e-5)
    np.testing.assert_allclose(K.batch_normalization(X, 0.0, 1.0, None, None, 0.0), X, rtol=1e-6)


def test_switch_takes_arrays_and_functions():
    np.testing.assert_array_equal(K.switch([1, 0], [1.0, 2.0], lambda: 5.0), [1, 5])
    np.testing.assert_array_equal(K.switch(False, np.ones(2), np.zeros(2)), [0, 0])


def test_folds_and_maps():
    a, b = np.arange(3.0), np.arange(3.0) + 1
    assert K.foldl(lambda acc, x: acc * 2 + x, a).item() == 4
    assert K.foldr(lambda acc, x: acc * 2 + x, a).item() == 10
    assert K.foldl(lambda acc, x, y: acc + x * y, [a, b], initializer=0).item() == 8
    assert K.foldl(lambda acc, x: acc + x, a + 0.5, initializer=0).item() == 4.5
    np.testing.assert_array_equal(K.foldl(lambda acc, x: acc + x, X[0], initializer=0), X[0].sum(0))
    np.testing.assert_array_equal(K.map_fn(lambda x, y: x * y, [a, b]), a * b)


def test_print_tensor_prints_in_compiled_code_and_passes_through(capsys):
    made = jax.jit(lambda x: K.print_tensor(x, "{here}") * 2)(jnp.float32(3))
    jax.effects_barrier()
    assert (made.item(), capsys.readouterr().out.strip()) == (6.0, "{here} 3.0")


@pytest.mark.parametrize(
    "function", [K.softmax, K.sigmoid, K.tanh, K.softsign, K.softplus, K.hard_sigmoid, K.elu, K.relu]
)
def test_activations_stay_finite_and_differentiable(function):
    x = jnp.array([-1e4, -90.0, -1.0, 0.0, 1.0, 90.0, 1e4], "float32")
    value, (gradient,) = jax.jit(lambda x: (function(x), jax.vjp(function, x)[1](x)))(x)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()
    assert function(x.astype("float16")).dtype == jnp.float16
