"""Custom layers in Keras 1's style: their weights and their calls, as pure functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import constraints, initializations, regularizers
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers import Dense, Input, Lambda, Masking, Recurrent
from jkeras.models import Model, Sequential
from tests.engine.custom_layers import KEY, RNG, Linear, X, shapes


def test_the_layer_of_the_documentation():
    layer = Linear(2)
    model = Sequential([Dense(4, input_dim=3), layer])
    assert model.output_shape == (None, 2)
    assert [weight.name for weight in layer.weights] == ["linear_1_weight_1"]
    w = layer.get_weights()[0]
    assert w.shape == (4, 2)
    hidden = model.layers[0].apply(model.layers[0].params, X)
    np.testing.assert_allclose(model.predict(X), hidden @ w, rtol=1e-5, atol=1e-6)
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 2)), nb_epoch=1, verbose=0)
    assert not np.array_equal(layer.get_weights()[0], w)


def test_the_functional_face_of_a_custom_layer():
    layer = Linear(2)
    params, state = layer.init(KEY, (None, 3))
    assert (shapes(params), state, layer.built) == ({"weight_1": (3, 2)}, {}, False)
    layer(Input((3,)))
    expected = X @ params["weight_1"]
    for apply in (layer.apply, jax.jit(layer.apply)):
        np.testing.assert_allclose(apply(params, X), expected, rtol=1e-5, atol=1e-6)
    grads = jax.grad(lambda params: jnp.sum(layer.apply(params, X)))(params)
    np.testing.assert_allclose(grads["weight_1"], np.tile(X.sum(axis=0)[:, None], 2), rtol=1e-5)
    many, _ = jax.vmap(layer.init)(jax.random.split(KEY, 4))
    assert jax.vmap(layer.apply, in_axes=(0, None))(many, X).shape == (4, 6, 2)
    model = Sequential([Linear(2, input_shape=(3,), name="lin")])
    assert shapes(model.init(KEY)[0]) == {"lin": {"weight_1": (3, 2)}}
    np.testing.assert_array_equal(jax.jit(model.apply)(model.params, X), model.predict(X))


class OldDense(Layer):
    """As layers were written before `add_weight`: variables, and lists of them."""

    def __init__(self, output_dim, **kwargs):
        self.init = initializations.get("glorot_uniform")
        self.output_dim = output_dim
        self.input_spec = [InputSpec(ndim=2)]
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.init((input_shape[1], self.output_dim), name=f"{self.name}_W")
        self.b = K.zeros((self.output_dim,), name=f"{self.name}_b")
        self.scale = K.variable(np.full((self.output_dim,), 2.0), name="scale")
        self.trainable_weights = [self.W, self.b]
        self.non_trainable_weights = [self.scale]
        self.built = True

    def call(self, x, mask=None):
        return (K.dot(x, self.W) + self.b) * self.scale

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


def test_variables_in_lists_become_weights():
    layer = OldDense(2, name="old")
    model = Sequential([Dense(3, input_dim=3), layer])
    assert [weight.name for weight in layer.weights] == ["old_W", "old_b", "old_scale"]
    assert [len(weights) for weights in (layer.trainable_weights, layer.non_trainable_weights)] == [2, 1]
    assert shapes((layer.params, layer.state)) == ({"W": (3, 2), "b": (2,)}, {"scale": (2,)})
    np.testing.assert_array_equal(layer.get_weights()[2], [2.0, 2.0])  # the value of the variable is the initial one
    layer.scale.set_value([0.0, 1.0])
    assert (model.predict(X)[:, 0] == 0).all()
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.train_on_batch(X, np.ones((6, 2)))
    after = layer.get_weights()
    assert not np.array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[2], before[2])
    layer.trainable = False
    assert [weight.name for weight in layer.non_trainable_weights] == ["old_W", "old_b", "old_scale"]


def test_a_variable_that_is_in_no_list_is_a_constant():
    class Shift(Layer):
        def build(self, input_shape):
            self.constant = K.variable(np.full(3, 5.0))

        def call(self, x, mask=None):
            return x + self.constant

    model = Sequential([Shift(input_shape=(3,))])
    assert model.weights == []
    np.testing.assert_array_equal(model.predict(X), X + 5)


def test_variables_that_a_call_or_a_loss_makes_are_constants():
    traces = []

    class Shifted(Layer):
        def call(self, x, mask=None):
            traces.append(1)
            return x * K.variable(np.array([1.0, 2.0, 3.0])) + K.ones((1, 3)) + K.zeros((3,))

    def weighted(y_true, y_pred):
        return K.mean(K.square(y_true - y_pred) * K.variable(np.array([1.0, 0.0, 3.0])), axis=-1)

    model = Sequential([Shifted(input_shape=(3,))])
    model.compile("sgd", weighted)
    output = X * [1, 2, 3] + 1
    expected = np.mean((X - output) ** 2 * [1, 0, 3])
    for _ in range(2):
        np.testing.assert_allclose(model.test_on_batch(X, X), expected, rtol=1e-5)
        np.testing.assert_allclose(model.predict(X), output, rtol=1e-5)
    f = K.function([model.input], [model.output])
    first = [f([X])[0] for _ in range(2)]
    np.testing.assert_array_equal(*first)
    count = len(traces)
    for _ in range(3):
        model.test_on_batch(X, X), model.predict(X), f([X])
    assert len(traces) == count


def test_weights_stand_in_the_order_of_the_script():
    class Ordered(Layer):
        def build(self, input_shape):
            first = self.add_weight((3,), "zero", name="first")
            self.second = K.zeros((2,), name="second")
            self.trainable_weights = [self.second, first]
            self.frozen = self.add_weight((4,), "zero", name="frozen")
            self.non_trainable_weights = [self.frozen]

        def call(self, x, mask=None):
            return x

    layer = Ordered()
    layer(Input((3,)))
    assert [weight.name for weight in layer.weights] == ["ordered_1_second", "ordered_1_first", "ordered_1_frozen"]
    assert [weight.name for weight in layer.trainable_weights] == ["ordered_1_second", "ordered_1_first"]
    assert shapes(layer.state) == {"frozen": (4,)}


def test_variables_that_are_appended_become_weights():
    class Appending(Layer):
        def build(self, input_shape):
            self.a, self.b, self.c = (K.zeros((size,), name=name) for size, name in ((1, "a"), (2, "b"), (3, "c")))
            self.trainable_weights.append(self.b)
            self.trainable_weights += [self.a]
            self.non_trainable_weights.extend([self.c])

        def call(self, x, mask=None):
            return x + self.c

    layer = Appending()
    layer(Input((3,)))
    assert [weight.name for weight in layer.weights] == ["appending_1_b", "appending_1_a", "appending_1_c"]
    assert shapes((layer.params, layer.state)) == ({"a": (1,), "b": (2,)}, {"c": (3,)})
    assert layer.b is layer.trainable_weights[0]


def test_regularizers_constraints_and_initializers_of_add_weight():
    class Penalised(Layer):
        def build(self, input_shape):
            self.W = self.add_weight(
                (3,), lambda shape, name=None: K.variable(np.full(shape, -2.0)), name="W",
                regularizer=regularizers.l2(0.5), constraint="nonneg",
            )  # fmt: skip

        def call(self, x, mask=None):
            return x * self.W

    model = Sequential([Penalised(input_shape=(3,))])
    model.compile("sgd", "mse")
    assert model.evaluate(X * 0, X * 0, verbose=0) == pytest.approx(0.5 * 3 * 4)
    model.train_on_batch(X, X)
    assert (model.get_weights()[0] >= 0).all()


def test_constraints_in_the_dict_of_keras_1():
    class Constrained(Layer):
        def build(self, input_shape):
            self.W = K.variable(np.full(3, -1.0), name="W")
            self.trainable_weights = [self.W]
            self.constraints[self.W] = constraints.NonNeg()

        def call(self, x, mask=None):
            return x * self.W

    model = Sequential([Constrained(input_shape=(3,)), Dense(2, W_constraint="maxnorm")])
    assert [weight.name for weight in model.layers[0].constraints] == ["constrained_1_W"]
    assert [weight.name for weight in model.layers[1].constraints] == ["dense_1_W"]
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.ones((6, 2)))
    assert (model.get_weights()[0] >= 0).all()


def test_weights_in_lists_and_dicts():
    class Many(Layer):
        def build(self, input_shape):
            self.kernels = [self.add_weight((3, 3), "one", name=f"k{i}") for i in range(2)]
            self.table = {"biases": (self.add_weight((3,), "one", name="b"),)}

        def call(self, x, mask=None):
            for kernel in self.kernels:
                assert isinstance(kernel, jax.Array)
                x = K.dot(x, kernel)
            return x + self.table["biases"][0]

    layer = Many()
    layer(Input((3,)))
    np.testing.assert_allclose(
        layer.apply(layer.params, X), X @ np.ones((3, 3)) @ np.ones((3, 3)) + 1, rtol=1e-4, atol=1e-5
    )
    assert shapes(layer.init(KEY, (None, 3))[0]) == shapes(layer.params)  # a second build leaves the lists alone
    assert len(layer.kernels) == 2


def test_a_weight_is_found_wherever_it_is_kept():
    class Holder:
        pass

    class Hidden(Layer):
        def build(self, input_shape):
            self.holder = Holder()
            self.holder.W = self.add_weight((3,), "one", name="W")

        def call(self, x, mask=None):
            return x * self.holder.W + (lambda: self.holder.W)() * 0

    layer = Hidden()
    layer(Input((3,)))
    np.testing.assert_allclose(layer.apply({"W": jnp.full(3, 7.0)}, X), 7 * X, rtol=1e-6)
    assert float(jax.grad(lambda p: jnp.sum(layer.apply(p, X)))(layer.params)["W"][0]) == pytest.approx(
        X[:, 0].sum(), rel=1e-5
    )


# ---- call


def test_call_without_mask_and_with_other_arguments():
    class NoMask(Layer):
        def call(self, x):
            return x * 2

    class AnyArguments(Layer):
        supports_masking = True

        def call(self, x, **kwargs):
            assert set(kwargs) == {"mask"}
            return x * 3

    model = Sequential([NoMask(input_shape=(3,)), AnyArguments()])
    assert model.output_shape == (None, 3)  # found by tracing
    np.testing.assert_allclose(model.predict(X), 6 * X, rtol=1e-6)


def test_the_mask_arrives_and_is_refused_where_it_is_not_supported():
    class Sum(Layer):
        def __init__(self, **kwargs):
            self.supports_masking = True
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return K.sum(x * K.expand_dims(K.cast(mask, K.floatx())), axis=1)

        def compute_mask(self, input, input_mask=None):
            return None

        def get_output_shape_for(self, input_shape):
            return (input_shape[0], input_shape[2])

    model = Sequential([Masking(input_shape=(4, 2)), Sum(), Dense(2)])
    x = RNG.normal(size=(1, 4, 2))
    x[0, 2] = 0
    hidden = Model(model.inputs, model.layers[1].output)
    np.testing.assert_allclose(hidden.predict(x), x.sum(axis=1), rtol=1e-5)
    with pytest.raises(ValueError, match=r"'linear_1' \(Linear\) does not support masking"):
        Sequential([Masking(input_shape=(4, 2)), Linear(2)])


def test_several_inputs_and_outputs():
    class Swap(Layer):
        def build(self, input_shape):
            assert input_shape == [(None, 3), (None, 2)]

        def call(self, inputs, mask=None):
            return [inputs[1], inputs[0]]

        def get_output_shape_for(self, input_shape):
            return [input_shape[1], input_shape[0]]

        def compute_mask(self, inputs, mask=None):
            return [None, None]

    x, y = Input((3,)), Input((2,))
    outputs = Swap()([x, y])
    assert [output.shape for output in outputs] == [(None, 2), (None, 3)]
    one, two = Model([x, y], outputs).predict([X, X[:, :2]])
    np.testing.assert_array_equal(two, X)
    np.testing.assert_array_equal(one, X[:, :2])


def test_training_mode_and_random_numbers():
    class Noise(Layer):
        def call(self, x, mask=None):
            return K.in_train_phase(x + K.random_normal(K.shape(x)), x)

    model = Sequential([Noise(input_shape=(3,))])
    np.testing.assert_array_equal(model.predict(X), X)
    train = jax.jit(lambda key: model.apply_with_state({}, {}, X, train=True, key=key)[0])
    assert not np.array_equal(train(KEY), X)
    np.testing.assert_array_equal(train(KEY), train(KEY))
    assert not np.array_equal(train(KEY), train(jax.random.key(5)))


def test_a_layer_may_write_into_its_input_spec():
    class Fixed(Recurrent):
        output_dim = 3

        def build(self, input_shape):
            self.input_spec[0].shape = input_shape
            self.states = [None]

        def step(self, x, states):
            return x, [x]

    Sequential([Fixed(input_shape=(8, 3))])
    assert Sequential([Fixed(input_shape=(4, 3))]).input_shape == (None, 4, 3)


def test_numbers_that_only_training_uses_need_no_key():
    class Noise(Layer):
        def call(self, x, mask=None):
            return K.in_train_phase(x + K.random_normal(K.shape(x)), x)

    class AlwaysNoise(Layer):
        def call(self, x, mask=None):
            return x + K.random_normal(K.shape(x))

    for layer in (Noise(input_shape=(3,)), Lambda(lambda x: K.in_train_phase(K.dropout(x, 0.5), x), input_shape=(3,))):
        model = Sequential([layer])
        np.testing.assert_array_equal(model.apply(model.params, X), X)
        np.testing.assert_array_equal(jax.jit(model.apply)(model.params, X), X)
        np.testing.assert_array_equal(layer.apply({}, X), X)
        noisy, _ = model.apply_with_state(model.params, {}, X, train=True, key=KEY)
        assert np.abs(noisy - X).max() > 0.1
        with pytest.raises(ValueError, match="was given no key"):
            model.apply_with_state(model.params, {}, X, train=True)
    for layer in (AlwaysNoise(input_shape=(3,)), Lambda(lambda x: K.dropout(x, 0.5), input_shape=(3,))):
        with pytest.raises(ValueError, match="was given no key"):
            Sequential([layer]).apply({}, X)


def test_layers_compute_with_arrays_in_a_loss():
    features = Sequential([Dense(4, input_dim=2, activation="tanh")])
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", lambda y_true, y_pred: K.mean(K.square(features(y_true) - features(y_pred)), axis=-1))
    target = np.ones((len(X), 2), "float32")
    expected = np.mean(np.square(features.predict(target) - features.predict(model.predict(X))))
    np.testing.assert_allclose(model.evaluate(X, target, verbose=0), expected, rtol=1e-5)
    before = features.get_weights()
    first = model.fit(X, target, nb_epoch=3, verbose=0).history["loss"]
    assert first[2] < first[0]
    np.testing.assert_array_equal(features.get_weights()[0], before[0])
    features.set_weights([np.zeros_like(w) for w in before])  # what a loss reads is no constant
    assert model.evaluate(X, target, verbose=0) == 0
    with pytest.raises(TypeError, match=r"To compute with numbers use layer\.apply"):
        features(target)


def test_a_lambda_may_use_a_layer():
    dense = Dense(4)
    model = Sequential([Lambda(lambda x: 2 * dense(x), input_shape=(3,))])
    assert model.output_shape == (None, 4)
    W, b = dense.get_weights()
    np.testing.assert_allclose(model.predict(X), 2 * (X @ W + b), rtol=1e-5)
