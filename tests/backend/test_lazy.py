"""Expressions of variables: they follow the variables, and are computed when a number is asked for."""

import copy
import operator
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend.dispatch import Lazy, deferring
from jkeras.engine.topology import Layer
from jkeras.layers import Dense, Lambda
from jkeras.models import Model, Sequential


def follows(expression, variable, new, expected):
    """Whether the value is another one when the variable is."""
    assert isinstance(expression, Lazy), expression
    variable.set_value(new)
    np.testing.assert_allclose(K.eval(expression), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("other", [3.0, np.float32(3), np.array([2.0, 3.0], "float32"), K.ones])
def test_operators_make_expressions(name, other):
    operation = getattr(operator, name)
    other = other((2,)) if callable(other) else other
    number = other.get_value() if hasattr(other, "get_value") else other
    new = np.array([5.0, 2.0], "float32")
    v = K.variable([1.0, 1.0])
    follows(operation(v, other), v, new, operation(new, number))
    v = K.variable([1.0, 1.0])
    follows(operation(other, v), v, new, operation(number, new))
    v = K.variable([1.0, 1.0])
    follows(operation(operation(v, 1.0) * 1.0, other), v, new, operation(operation(new, 1.0) * 1.0, number))


def test_unary_operators_indexing_and_iteration():
    for function, expected in [
        (operator.neg, [-5, 2]),
        (operator.abs, [5, 2]),
        (lambda v: v[0], 5),
        (lambda v: v[K.variable(1, dtype="int32")], -2),
        (lambda v: v[::-1], [-2, 5]),
        (lambda v: list(v)[1], -2),
        (lambda v: (v > 0) & (v < 9), [True, False]),
        (lambda v: ~(v > 0) | (v > 7), [False, True]),
        (lambda v: next(iter(v + 1)), 6),
        (lambda v: K.update_add(v, 1)[1], [6, -1]),
        (lambda v: K.update_sub(v, v)[1], [0, 0]),
        (lambda v: K.update(v, v * 2)[1], [10, -4]),
        (lambda v: K.moving_average_update(v, 1.0, 0.5)[1], [3, -0.5]),
        (lambda v: K.zeros_like(v) + v, [5, -2]),
        (lambda v: K.concatenate([v, v * 2], axis=0), [5, -2, 10, -4]),
    ]:
        v = K.variable([1.0, 1.0])
        follows(function(v), v, [5.0, -2.0], expected)


def test_numbers_on_demand():
    v = K.variable([1.0, 2.0])
    twice, total = v * 2, K.sum(v)
    assert (twice.shape, twice.dtype, twice.ndim, len(twice), twice.size) == ((2,), jnp.float32, 1, 2, 2)
    assert (float(total), int(total), bool(total > 2), f"{total:.2f}") == (3.0, 3, True, "3.00")
    assert twice.tolist() == [2, 4] and total.item() == 3.0 and twice.value.tolist() == [2, 4]
    assert [1, 2, 3][operator.index(K.variable(2, dtype="int32") - 1)] == 2
    np.testing.assert_array_equal(twice, [2, 4])
    assert (
        twice == pytest.approx([2, 4]) and (twice == np.array([2, 4])).all() and (twice != 2).tolist() == [False, True]
    )
    for function in (
        np.asarray,
        np.array,
        K.eval,
        K.get_value,
        jnp.asarray,
        lambda e: e.eval(),
        lambda e: e.get_value(),
    ):
        np.testing.assert_array_equal(function(twice), [2, 4])
    np.testing.assert_allclose(np.exp(twice), np.exp([2, 4]), rtol=1e-6)
    np.testing.assert_allclose(jnp.exp(twice), np.exp([2, 4]), rtol=1e-6)
    np.testing.assert_array_equal(jnp.stack([twice, v]), [[2, 4], [1, 2]])
    np.testing.assert_array_equal(jax.jit(jnp.add)(twice, 1.0), [3, 5])
    w = K.variable(twice)
    w.set_value(twice + 1)
    assert w.get_value().tolist() == [3, 5]
    with pytest.raises(TypeError, match="no length"):
        len(total)
    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = twice.colour


def test_evaluation_compiles_no_program():
    v = K.variable(np.ones(7))
    e = K.sum(K.square(v) * 3 + 1)
    K.eval(e)
    K.set_value(v, np.zeros(7))
    with jax.no_tracing():  # which a program to compile would have to do
        assert K.eval(e) == 7


def test_an_expression_with_an_array_is_computed_at_once():
    v = K.variable([1.0, 2.0])
    array = jnp.array([3.0, 4.0])
    for result in (
        v * array,
        array * v,
        (v * 2) * array,
        array - (v + 1),
        K.dot(v, array),
        jnp.add(v, 1),
        K.maximum(v, array),
    ):
        assert isinstance(result, jax.Array)
    assert isinstance(v * np.ones(2), Lazy) and isinstance(np.ones(2) * v, Lazy)


def test_in_traced_code_variables_are_read_at_once():
    v = K.variable([1.0, 2.0])
    lazy = v * 2
    seen = []

    def traced(x):
        seen.append((v * 2, K.sum(v), K.mean(lazy), lazy + 1, deferring()))
        return K.sum(lazy) + K.sum(v) + x.sum()

    x = jnp.ones(2)
    np.testing.assert_allclose(
        [jax.jit(traced)(x), jax.vmap(traced)(x[None])[0], jax.grad(traced)(x).sum() + 9], [11, 11, 11]
    )
    for *results, deferred in seen:
        assert all(isinstance(result, jax.Array) for result in results) and not deferred
    assert deferring()


def test_derivatives_by_jax_go_through_variables():
    w = K.variable([1.0, 2.0])
    np.testing.assert_allclose(jax.grad(lambda w: K.sum(K.square(w) * 3))(w).value, [6, 12])
    np.testing.assert_allclose(jax.grad(lambda x: K.sum(x * (w * 2)))(jnp.ones(2)), [2, 4])


def test_initial_values_and_draws_of_variables_are_numbers():
    for made in (K.random_normal_variable((2,), 0, 1), K.random_uniform_variable((2,), 0, 1), K.zeros((2,)), K.eye(2)):
        assert isinstance(made.value, jax.Array) and not isinstance(made, Lazy)


# ---- K.function


def test_updates_follow_their_variables():
    x = K.placeholder(shape=(None,))
    m, t = K.variable(0.0), K.variable(0.0)
    f = K.function([x], [m, t * 10], updates=[(m, 0.5 * m + K.sum(x)), K.update_add(t, 1)])
    found = [[float(v) for v in f([[1.0, 1.0]])] for _ in range(3)]
    assert found == [[0, 0], [2, 10], [3, 20]]
    assert (float(m), float(t)) == (3.5, 3)
    f = K.function([], [K.sum(m * 2)], updates={m: m * m})
    assert [float(f([])[0]) for _ in range(2)] == [7, 24.5]


def test_a_function_compiles_once_and_knows_its_variables_before():
    x = K.placeholder(shape=(None, 2))
    v = K.variable(1.0)
    f = K.function([x], [x * K.exp(v) + v])
    for number in (0.0, 1.0, 2.0):
        K.set_value(v, number)
        np.testing.assert_allclose(f([np.ones((1, 2))])[0], np.exp(number) + number, rtol=1e-6)
    assert f._program._run._cache_size() == 1


def test_gradients_of_expressions():
    v, w = K.variable([1.0, 2.0]), K.variable(3.0)
    loss = K.sum(K.square(v)) * w
    by_v, by_w = K.gradients(loss, [v, w])
    np.testing.assert_allclose(by_v, [6, 12])
    np.testing.assert_allclose(by_w, 5)
    v.set_value([0.0, 1.0])
    np.testing.assert_allclose(K.eval(by_v), [0, 6])
    (second,) = K.gradients(by_v, [v])
    np.testing.assert_allclose(second, [6, 6])
    inner = v * 2
    (by_inner,) = K.gradients(K.sum(K.square(inner)), [inner])
    np.testing.assert_allclose(by_inner, [0, 4])


def test_gradient_descent_by_hand():
    model = Sequential([Dense(3, input_dim=4, activation="tanh"), Dense(1)])
    target = K.placeholder(shape=(None, 1))
    loss = K.mean(K.square(model.output - target))
    weights, lr = model.trainable_weights, K.variable(0.1)
    moments = [K.zeros(K.get_variable_shape(w)) for w in weights]
    updates = []
    for w, g, m in zip(weights, K.gradients(loss, weights), moments, strict=True):
        v = 0.9 * m - lr * g
        updates += [(m, v), (w, w + v)]
    step = K.function([model.input, target], [loss], updates=updates)
    x = np.random.RandomState(0).randn(32, 4)
    losses = [float(step([x, x[:, :1]])[0]) for _ in range(30)]
    assert losses[-1] < 0.2 * losses[0]
    K.set_value(lr, 0.0)
    K.batch_set_value([(m, 0 * m) for m in moments])
    before = model.get_weights()
    step([x, x[:, :1]])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_sees_the_dropout_mask_of_the_output():
    from jkeras.layers import Dropout, Input

    x = Input((50,))
    dropped = Dropout(0.5)(x)
    f = K.function([x, K.learning_phase()], [dropped, *K.gradients(K.sum(dropped), x)])
    out, grad = f([np.ones((2, 50)), 1])
    np.testing.assert_array_equal(out, grad)


# ---- draws


def test_draws_are_fixed_by_themselves_and_new_in_each_run_of_a_graph():
    noise = K.random_normal((3,))
    assert isinstance(noise, Lazy)
    np.testing.assert_array_equal(noise, noise.get_value())
    x = K.placeholder(shape=(3,))
    f = K.function([x], [x + noise])
    assert not np.array_equal(f([np.zeros(3)])[0], f([np.zeros(3)])[0])
    assert isinstance(K.random_normal((3,), mean=jnp.zeros(3)), jax.Array)


# ---- expressions in layers and losses


def test_an_expression_in_a_loss_is_read_at_each_step():
    scale = K.variable(1.0)
    weight = scale * 2
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", lambda y_true, y_pred: K.mean(K.square(y_pred - y_true), axis=-1) * weight)
    x, y = np.ones((4, 2)), np.zeros((4, 1))
    first = model.test_on_batch(x, y)
    K.set_value(scale, 3.0)
    assert model.test_on_batch(x, y) == pytest.approx(3 * first)
    before = model.get_weights()[0]
    K.set_value(scale, 0.0)
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(model.get_weights()[0], before)


class Normalised(Layer):
    """Dense with weight vectors of length 1; the expression is made in build."""

    def build(self, input_shape):
        self.V = K.variable(np.random.randn(input_shape[1], 2), name="V")
        self.W = self.V / K.sqrt(K.sum(K.square(self.V), axis=0, keepdims=True))
        self.half = K.variable(1.0) * 0.5
        self.trainable_weights = [self.V]
        super().build(input_shape)

    def call(self, x, mask=None):
        return K.dot(x, self.W) * self.half

    def get_output_shape_for(self, input_shape):
        return input_shape[0], 2


def test_an_expression_made_in_build_follows_the_weight():
    layer = Normalised(input_shape=(3,))
    model = Sequential([layer])
    model.compile("sgd", "mse")
    x = np.random.RandomState(0).randn(8, 3).astype("float32")

    def expected():
        (V,) = layer.get_weights()
        return 0.5 * x @ (V / np.sqrt((V**2).sum(0)))

    np.testing.assert_allclose(model.predict(x), expected(), rtol=1e-4, atol=1e-5)
    (before,) = layer.get_weights()
    for _ in range(3):
        model.train_on_batch(x, np.ones((8, 2)))
    assert not np.allclose(before, layer.get_weights()[0])
    np.testing.assert_allclose(model.predict(x), expected(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        layer.W, layer.get_weights()[0] / np.sqrt((layer.get_weights()[0] ** 2).sum(0)), rtol=1e-5
    )


def test_the_variable_that_became_a_weight_is_the_weight():
    made = []

    class Own(Layer):
        def build(self, input_shape):
            made.append(K.variable(np.ones((3, 2)), name="W"))
            self.W = made[0]
            self.trainable_weights = [self.W]
            super().build(input_shape)

        def call(self, x, mask=None):
            return K.dot(x, self.W)

        def get_output_shape_for(self, input_shape):
            return input_shape[0], 2

    model = Sequential([Own(input_shape=(3,))])
    (old,) = made
    loss = K.sum(model.output) + K.sum(old)
    f = K.function([model.input], [loss, *K.gradients(loss, [old])], updates=[(old, old * 2)])
    for number in (1, 2):
        found, grad = f([np.ones((4, 3))])
        assert found == number * 30
        np.testing.assert_array_equal(grad, np.full((3, 2), 5.0))
    np.testing.assert_array_equal(model.get_weights()[0], np.full((3, 2), 4.0))
    assert f._program._run._cache_size() == 1


def test_an_expression_is_no_weight():
    class Scaled(Layer):
        def build(self, input_shape):
            self.W = K.variable(np.ones((3, 2))) * 0.1
            self.trainable_weights = [self.W]

        def call(self, x, mask=None):
            return K.dot(x, self.W)

    with pytest.raises(TypeError, match=r"expression of variables cannot be trained: .*K\.variable"):
        Sequential([Scaled(input_shape=(3,))])


def test_a_layer_on_an_expression_is_part_of_a_graph():
    image = K.variable(np.ones((2, 3)))
    dense = Dense(4)
    out = dense(image * 1.0)
    np.testing.assert_allclose(K.eval(out), np.ones((2, 3)) @ dense.get_weights()[0], rtol=1e-5)
    K.set_value(image, np.zeros((2, 3)))
    np.testing.assert_array_equal(K.eval(out), np.zeros((2, 4)))


def test_a_placeholder_and_an_expression_make_a_model():
    from jkeras.layers import Input

    shift = K.variable(1.0)
    x = Input((2,))
    model = Model(x, x + shift * 2)
    shown = Model(x, Lambda(lambda t: t + shift * 2)(x))
    for number in (1.0, 5.0):
        K.set_value(shift, number)
        for one in (model, shown):
            np.testing.assert_array_equal(one.predict(np.zeros((1, 2))), [[2 * number] * 2])


def test_copies_and_identity():
    v = K.variable([1.0, 2.0])
    e = v * 2
    assert copy.deepcopy(e) is e and {e: 1}[e] == 1 and e in [v + 1, e][1:]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(e)), [2, 4])
    assert repr(e) == "<Expression 'mul_1' shape=(2,) dtype=float32>"


def test_optimizer_settings_may_be_set_to_expressions():
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    model.optimizer.lr = model.optimizer.lr * 0.5
    assert float(K.get_value(model.optimizer.lr)) == pytest.approx(0.005)
    K.set_value(model.optimizer.lr, model.optimizer.lr * 0.5)
    assert float(model.optimizer.lr) == pytest.approx(0.0025)


class Inner(Layer):
    """Calls an inner layer on an expression, and on a variable."""

    def build(self, input_shape):
        self.dense = Dense(2)
        self.dense.build((None, 3))
        self.point = K.variable(np.ones((1, 3)))
        self.twice = self.point * 2
        super().build(input_shape)

    def call(self, x, mask=None):
        return x + self.dense(self.twice) - self.dense.call(self.point)


def test_a_layer_inside_a_layer_takes_expressions_and_variables():
    layer = Inner(input_shape=(2,))
    model = Sequential([layer])
    W = layer.dense.get_weights()[0]
    np.testing.assert_allclose(model.predict(np.zeros((3, 2))), np.tile(W.sum(0), (3, 1)), rtol=1e-5)
    layer.point.set_value(np.zeros((1, 3)))
    np.testing.assert_array_equal(model.predict(np.zeros((3, 2))), np.zeros((3, 2)))


# ---- the learning phase


def test_the_learning_phase_in_an_expression_is_that_of_the_run():
    x, v = K.placeholder(shape=(2,)), K.variable(2.0)
    phase = K.learning_phase()
    assert phase == 0 and repr(phase) == "0" and K.learning_phase_scope(1) and not phase
    f = K.function([x, K.learning_phase()], [K.switch(phase, x, -x), phase * x, v * phase, K.in_train_phase(v, 0.0)])
    np.testing.assert_array_equal(np.stack(f([np.ones(2), 1])[:2]), [[1, 1], [1, 1]])
    assert [float(value) for value in f([np.ones(2), 1])[2:]] == [2, 2]
    np.testing.assert_array_equal(np.stack(f([np.ones(2), 0])[:2]), [[-1, -1], [0, 0]])
    assert [float(value) for value in f([np.ones(2), 0])[2:]] == [0, 0]
    chosen = K.in_train_phase(1.0, 0.0)
    assert float(chosen) == 0
    with K.learning_phase_scope(1):
        assert float(chosen) == 1


def test_losses_constraints_and_regularizers_take_variables():
    from jkeras import constraints, metrics, objectives, regularizers

    for function in (
        lambda v: objectives.mean_squared_error(np.ones((2, 3), "float32"), v),
        lambda v: objectives.hinge(v, np.ones((2, 3), "float32")),
        lambda v: metrics.precision(np.ones((2, 3), "float32"), v),
        constraints.maxnorm(1),
        constraints.nonneg(),
        regularizers.l1l2(),
    ):
        v = K.variable(np.zeros((2, 3)))
        made = function(v)
        new = np.array([[1.0, 0.0, -2.0], [3.0, 1.0, 1.0]], "float32")
        follows(made, v, new, np.asarray(function(jnp.asarray(new))))
