"""Custom layers in the style of Keras 1: build, call, K.variable, add_update, layers in layers, tied weights."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import constraints, initializations, regularizers
from jkeras.engine.contract import Context, InputSpec
from jkeras.engine.layer import Layer
from jkeras.errors import MissingStateError
from jkeras.layers import LSTM, Dense, Dropout, Input, Masking, TimeDistributed, Wrapper, merge
from jkeras.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
KEY = jax.random.key(0)


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


class Linear(Layer):
    """The layer of Keras 1's documentation, "Writing your own Keras layers"."""

    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight(shape=(input_shape[1], self.output_dim), initializer="uniform", trainable=True)
        super().build(input_shape)

    def call(self, x, mask=None):
        return K.dot(x, self.W)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


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


# ---- state


class Counter(Layer):
    """Counts its calls while training, and keeps the mean of what it saw."""

    def build(self, input_shape):
        self.count = self.add_weight((), "zero", name="count", trainable=False)
        self.mean = self.add_weight((input_shape[-1],), "zero", name="mean", trainable=False)

    def call(self, x, mask=None):
        if K.learning_phase():
            self.add_update(
                [K.update_add(self.count, 1.0), K.moving_average_update(self.mean, K.mean(x, axis=0), 0.9)], x
            )
        return x - self.mean


def test_updates_become_the_new_state():
    layer = Counter()
    layer(Input((3,)))
    start = layer.state
    assert shapes(start) == {"count": (), "mean": (3,)}
    y, state = layer.apply_with_state({}, start, X, Context(train=True, key=KEY))
    np.testing.assert_array_equal(y, X)
    assert float(state["count"]) == 1
    np.testing.assert_allclose(state["mean"], 0.1 * X.mean(axis=0), rtol=1e-4)
    assert float(start["count"]) == float(layer.count.get_value()) == 0  # pure
    _, same = layer.apply_with_state({}, state, X)
    assert float(same["count"]) == 1
    with pytest.raises(MissingStateError, match=r"'counter_1' has state: use y, state = layer.apply_with_state"):
        layer.apply({}, X)


def test_updates_reach_the_shell_once_for_each_training_step():
    model = Sequential([Counter(input_shape=(3,)), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, np.ones((6, 1)), batch_size=2, nb_epoch=2, verbose=0)
    assert float(model.layers[0].count.get_value()) == 6
    model.predict(X)
    model.evaluate(X, np.ones((6, 1)), verbose=0)
    assert float(model.layers[0].get_weights()[0]) == 6


def test_an_update_given_twice_counts_once_as_in_keras_1():
    class Twice(Layer):
        def build(self, input_shape):
            self.n = self.add_weight((), "zero", name="n", trainable=False)

        def call(self, x, mask=None):
            self.add_update((self.n, self.n + 1))
            self.add_update([(self.n, self.n + 5)])
            return x

    layer = Twice()
    layer(Input((3,)))
    assert float(layer.apply_with_state({}, layer.state, X)[1]["n"]) == 1


def test_states_that_are_the_same_array_are_told_apart():
    layer = LSTM(2, stateful=True)
    layer(Input(batch_shape=(6, 4, 3)))
    zeros = jnp.zeros((6, 2))
    x = jnp.ones((6, 4, 3))
    _, one = layer.apply_with_state(layer.params, {"h": zeros, "c": zeros}, x)
    _, two = layer.apply_with_state(layer.params, {"h": jnp.zeros((6, 2)), "c": jnp.zeros((6, 2))}, x)
    for name in "hc":
        np.testing.assert_array_equal(one[name], two[name])
    assert not np.array_equal(one["h"], one["c"])


class Reports(Layer):
    """Reports whatever the test gives it."""

    def __init__(self, report, **kwargs):
        self.report = report
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.n = self.add_weight((2,), "zero", name="n", trainable=False)
        self.W = self.add_weight((2,), "zero", name="W")

    def call(self, x, mask=None):
        self.add_update(self.report(self))
        return x


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (lambda layer: (layer.W, layer.W), r"'reports_1': add_update takes pairs .*got the trainable weight 'reports_1_W'"),
        (lambda layer: (K.variable(0.0), 1.0), r"add_update takes pairs.*got <Variable.*add_weight\(\.\.\., trainable=False\)"),
        (lambda layer: (layer.n, jnp.zeros(3)), r"add_update gives weight 'n' of shape \(2,\) a value of shape \(3,\)"),
    ],
)  # fmt: skip
def test_updates_that_make_no_sense(report, message):
    with pytest.raises(ValueError, match=message):
        Reports(report)(Input((3,)))


def test_add_update_outside_of_call():
    layer = Counter()
    layer(Input((3,)))
    with pytest.raises(ValueError, match=r"'counter_1': add_update is called inside call\(\)"):
        layer.add_update([(layer.count, 1)])


class Penalty(Layer):
    """Adds to the loss the sum of squares of what comes, and another number."""

    def call(self, x, mask=None):
        self.add_loss(K.square(x), x)
        self.add_loss([1.0, K.sum(x) * 0])
        return x


def test_penalties_that_a_call_adds():
    model = Sequential([Penalty(input_shape=(3,))])
    model.compile("sgd", "mse")
    assert model.evaluate(X, X, verbose=0) == pytest.approx(1 + np.square(X).sum(), rel=1e-5)
    # Once for each call, also inside of other layers.
    x = Input((3,))
    layer = Penalty()
    twice = Model(x, merge([layer(x), layer(x)], mode="ave"))
    twice.compile("sgd", "mse")
    assert twice.evaluate(X, X, verbose=0) == pytest.approx(2 + 2 * np.square(X).sum(), rel=1e-5)

    class Around(Layer):
        def __init__(self, **kwargs):
            self.inner = Penalty(name="inner")
            self.dense = Dense(3, activity_regularizer=regularizers.activity_l1(1.0), name="dense", init="identity")
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.dense.build(input_shape)

        def call(self, x, mask=None):
            return self.dense(self.inner(x))

    model = Sequential([Around(input_shape=(3,))])
    model.compile("sgd", "mse")
    assert model.evaluate(X, X, verbose=0) == pytest.approx(1 + np.square(X).sum() + np.abs(X).sum(), rel=1e-5)
    with pytest.raises(
        ValueError, match=r"'penalty_3': add_loss is called inside call\(\).*regularizer= of add_weight"
    ):
        Penalty().add_loss(1.0)


# ---- a call must not change the layer


def changes(change):
    class Changing(Layer):
        def __init__(self, **kwargs):
            self.seen = []
            self.table = {"a": [1]}
            self.total = 0
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            change(self, x)
            return x

        def get_output_shape_for(self, input_shape):
            return input_shape

    return Changing


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda self, x: setattr(self, "last_output", x), "last_output"),
        (lambda self, x: setattr(self, "total", self.total + 1), "total"),
        (lambda self, x: self.seen.append(x), "seen"),
        (lambda self, x: self.table["a"].append(x), "table"),
        (lambda self, x: self.table.update(b=x), "table"),
    ],
)
def test_a_call_that_changes_an_attribute_is_refused_where_the_model_is_built(change, name):
    layer = changes(change)()
    with pytest.raises(
        ValueError,
        match=rf"'changing_1' \(Changing\): call\(\) changes the attribute '{name}'.*build\(\).*self.add_update",
    ):
        layer(Input((3,)))
    assert (layer.seen, layer.table, layer.total, hasattr(layer, "last_output")) == ([], {"a": [1]}, 0, False)


def test_local_names_are_no_changes():
    layer = changes(lambda self, x: list(self.seen).append(x))()
    np.testing.assert_array_equal(Sequential([Dense(3, input_dim=3), layer]).predict(X).shape, X.shape)


def test_the_layer_keeps_its_handles_while_and_after_it_is_traced():
    layer = Linear(2)
    layer(Input((3,)))
    handle = layer.W
    jax.jit(layer.apply)(layer.params, X)
    assert layer.W is handle
    assert isinstance(handle.get_value(), np.ndarray)


# ---- layers in layers


class Block(Layer):
    """Two layers and a skip connection, written as Keras 1 requires it."""

    def __init__(self, units, **kwargs):
        self.units = units
        self.inner = Dense(units, activation="tanh", name="inner")
        self.rest = [Dropout(0.5, name="drop"), Linear(units, name="custom")]
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.rest[1].build((input_shape[0], self.units))
        self.scale = self.add_weight((), "one", name="scale")
        self.trainable_weights = self.inner.trainable_weights + self.rest[1].trainable_weights + [self.scale]

    def call(self, x, mask=None):
        h = self.inner.call(x)
        for layer in self.rest:
            h = layer(h)
        return K.concatenate([x, h * self.scale])

    def get_output_shape_for(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.units)


BLOCK = {"scale": (), "inner": {"W": (3, 2), "b": (2,)}, "custom": {"weight_1": (2, 2)}}


def test_layers_in_a_custom_layer_are_part_of_it():
    layer = Block(2)
    model = Sequential([Dense(3, input_dim=3), layer, Dense(1)])
    assert shapes(layer.params) == BLOCK
    assert [w.name for w in layer.weights] == ["inner_W", "inner_b", "custom_weight_1", "block_1_scale"]
    p = layer.params
    expected = np.concatenate([X, np.tanh(X @ p["inner"]["W"] + p["inner"]["b"]) @ p["custom"]["weight_1"]], axis=1)
    np.testing.assert_allclose(jax.jit(layer.apply)(p, X), expected, rtol=1e-5, atol=1e-6)
    assert layer.inner.built
    assert model.count_params() == sum(weight.size for weight in model.get_weights())


def test_their_weights_are_trained():
    layer = Block(2, input_shape=(3,))
    model = Sequential([layer, Dense(1)])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(X, np.ones((6, 1)), nb_epoch=2, verbose=0)
    assert all(not np.array_equal(one, two) for one, two in zip(before, layer.get_weights(), strict=True))
    grads = jax.grad(lambda p: jnp.sum(layer.apply(p, X) ** 2))(layer.params)
    assert shapes(grads) == BLOCK


def test_their_randomness_follows_the_key():
    layer = Block(50)
    layer(Input((3,)))
    one = layer.apply_with_state(layer.params, {}, X, Context(train=True, key=KEY))[0]
    np.testing.assert_array_equal(one, layer.apply_with_state(layer.params, {}, X, Context(train=True, key=KEY))[0])
    assert not np.array_equal(
        one, layer.apply_with_state(layer.params, {}, X, Context(train=True, key=jax.random.key(1)))[0]
    )
    assert not np.array_equal(one, layer.apply(layer.params, X))
    with pytest.raises(ValueError, match=r"Layer 'drop' \(Dropout\) is random while training and needs a key"):
        layer.apply_with_state(layer.params, {}, X, Context(train=True))


def test_init_and_copies_of_a_layer_with_layers():
    layer = Block(2)
    assert shapes(layer.init(KEY, (None, 3))[0]) == BLOCK
    assert not layer.inner.built
    layer(Input((3,)))
    one, two = layer.init(KEY)[0], layer.init(KEY)[0]
    np.testing.assert_array_equal(one["inner"]["W"], two["inner"]["W"])
    assert shapes(layer.init(KEY, (None, 5))[0])["inner"] == {"W": (5, 2), "b": (2,)}
    assert layer.inner.W.shape == (3, 2)
    twin = copy.deepcopy(layer)
    np.testing.assert_array_equal(twin.apply(twin.params, X), layer.apply(layer.params, X))
    assert twin.inner is not layer.inner


def test_what_a_script_does_not_list_is_listed_last():
    # Keras 1 would neither train nor save it.
    class Unlisted(Layer):
        def __init__(self, **kwargs):
            self.inner = Dense(2, name="inner")
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, x, mask=None):
            return self.inner(x)

    layer = Unlisted()
    assert layer(Input((3,))).shape == (None, 2)
    assert [weight.name for weight in layer.weights] == ["inner_W", "inner_b"]
    layer.trainable = False
    assert [weight.name for weight in layer.non_trainable_weights] == ["inner_W", "inner_b"]


def test_a_model_inside_a_custom_layer_and_its_state():
    class Around(Layer):
        def __init__(self, **kwargs):
            self.net = Sequential([Counter(input_shape=(3,), name="counter"), Dense(2, name="d")], name="net")
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return self.net(x) + self.net.call(x)

    layer = Around()
    model = Sequential([Dense(3, input_dim=3), layer])
    assert shapes((layer.params, layer.state)) == (
        {"net": {"d": {"W": (3, 2), "b": (2,)}}},
        {"net": {"counter": {"count": (), "mean": (3,)}}},
    )
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.ones((6, 2)))
    assert float(layer.net.layers[0].count.get_value()) == 1  # both calls start from the same state; the first counts
    params, state = layer.params, layer.state
    y, after = layer.apply_with_state(params, state, X, Context(train=True, key=KEY))
    net, _ = layer.net.apply_with_state(params["net"], state["net"], X)
    np.testing.assert_allclose(y, 2 * net, rtol=1e-5)
    assert float(after["net"]["counter"]["count"]) == 2


def test_an_inner_layer_that_was_not_built():
    class Forgetful(Layer):
        def __init__(self, **kwargs):
            self.inner = Dense(2, name="inner")
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return self.inner(x)

    with pytest.raises(
        ValueError, match=r"Layer 'inner' \(Dense\) is computed with before it is built.*in that layer's build\(\)"
    ):
        Forgetful()(Input((3,)))


def test_a_class_that_extends_a_layer():
    class Doubled(Dense):
        def call(self, x, mask=None):
            return 2 * super().call(x, mask)

    class Tripled(LSTM):
        def call(self, x, mask=None):
            return 3 * super().call(x, mask)

    class Reused(Dense):
        """Reads the weights that its parent makes."""

        def call(self, x, mask=None):
            return K.dot(x, self.W) - self.b

    layer = Doubled(4, activation="tanh")
    model = Sequential([Dense(3, input_dim=3), layer])
    assert model.output_shape == (None, 4)
    w, b = layer.get_weights()
    np.testing.assert_allclose(layer.apply(layer.params, X), 2 * np.tanh(X @ w + b), rtol=1e-5, atol=1e-6)
    grads = jax.grad(lambda p: jnp.sum(layer.apply(p, X)))(layer.params)
    assert float(jnp.abs(grads["W"]).max()) > 0
    recurrent = Tripled(2)
    recurrent(Input((4, 3)))
    plain = LSTM(2)
    plain(Input((4, 3)))
    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(recurrent.apply(plain.params, x), 3 * plain.apply(plain.params, x), rtol=1e-5)
    reused = Reused(4)
    reused(Input((3,)))
    np.testing.assert_allclose(reused.apply(layer.params, X), X @ w - b, rtol=1e-5, atol=1e-6)


def test_a_wrapper_in_keras_1s_style():
    class Residual(Wrapper):
        def build(self, input_shape):
            if not self.layer.built:
                self.layer.build(input_shape)
                self.layer.built = True
            super().build(input_shape)

        def call(self, x, mask=None):
            return x + self.layer.call(x, mask)

        def get_output_shape_for(self, input_shape):
            return input_shape

    layer = Residual(Dense(3, name="inner"))
    model = Sequential([Dense(3, input_dim=3), layer])
    w, b = layer.get_weights()
    np.testing.assert_allclose(layer.apply(layer.params, X), X + X @ w + b, rtol=1e-5, atol=1e-6)
    assert shapes(model.params[layer.name]) == {"inner": {"W": (3, 3), "b": (3,)}}


def test_a_custom_layer_inside_a_wrapper():
    x = Input((4, 3))
    model = Model(x, TimeDistributed(Linear(2, name="lin"))(x))
    data = RNG.normal(size=(2, 4, 3))
    np.testing.assert_allclose(model.predict(data), data @ model.get_weights()[0], rtol=1e-4, atol=1e-5)


# ---- weights of another layer


class Tied(Layer):
    """The decoder of an autoencoder whose kernel is that of the encoder, transposed."""

    def __init__(self, master, **kwargs):
        self.master = master
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.b = self.add_weight((self.master.input_shape[-1],), "zero", name="b")

    def call(self, x, mask=None):
        return K.dot(x, K.transpose(self.master.W)) + self.b

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.master.input_shape[-1])


def test_tied_weights_are_one_entry_and_get_the_gradients_of_both_uses():
    x = Input((3,))
    encoder = Dense(2, name="encoder")
    tied = Tied(encoder, name="tied")
    model = Model(x, tied(encoder(x)))
    assert [weight.name for weight in model.weights] == ["encoder_W", "encoder_b", "tied_b"]
    assert shapes(model.params) == {"encoder": {"W": (3, 2), "b": (2,)}, "tied": {"b": (3,)}}

    def by_hand(p):
        code = X @ p["encoder"]["W"] + p["encoder"]["b"]
        return code @ p["encoder"]["W"].T + p["tied"]["b"]

    np.testing.assert_allclose(model.predict(X), by_hand(model.params), rtol=1e-4, atol=1e-5)
    got = jax.grad(lambda p: jnp.sum(model.apply(p, X) ** 2))(model.params)
    expected = jax.grad(lambda p: jnp.sum(by_hand(p) ** 2))(model.params)
    np.testing.assert_allclose(got["encoder"]["W"], expected["encoder"]["W"], rtol=1e-4, atol=1e-4)
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.get_layer("tied").master is twin.get_layer("encoder")
    model.compile("sgd", "mse")
    model.fit(X, X, nb_epoch=1, verbose=0)


def test_the_handle_of_another_layer_kept_as_ones_own():
    class Transposed(Layer):
        def __init__(self, W, **kwargs):
            self.W = W
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return K.dot(x, K.transpose(self.W))

    x = Input((3,))
    encoder = Dense(2, name="encoder")
    code = encoder(x)
    model = Model(x, Transposed(encoder.W, name="back")(code))
    assert set(model.params) == {"encoder"}
    before = model.predict(X)
    model.params = jax.tree.map(lambda a: a * 2, model.params)
    np.testing.assert_allclose(model.predict(X), 4 * before, rtol=1e-4, atol=1e-5)


# ---- shapes


def test_a_wrong_statement_about_the_output_shape_is_told_where_the_model_is_built():
    class Wrong(Linear):
        def get_output_shape_for(self, input_shape):
            return (input_shape[0], self.output_dim + 1)

    with pytest.raises(
        ValueError, match=r"'wrong_1' \(Wrong\) says that inputs of shape \(None, 3\) give outputs of shape \(None, 3\), and "
        r"computes outputs of shape \(None, 2\). Correct its get_output_shape_for"
    ):  # fmt: skip
        Wrong(2)(Input((3,)))


def test_code_that_needs_all_sizes():
    class Fixed(Layer):
        def call(self, x, mask=None):
            return K.reshape(x, (6, 3, 1))

    class Stated(Fixed):
        def get_output_shape_for(self, input_shape):
            return (6, 3, 1)

    with pytest.raises(
        ValueError,
        match=r"'fixed_1' \(Fixed\) cannot be applied .*only fails while sizes are not known, give it a get_output_shape_for",
    ):
        Fixed()(Input((3,)))
    assert Fixed()(Input(batch_shape=(6, 3))).shape == (6, 3, 1)
    x = Input((3,))
    inner = Model(x, Stated()(x))
    y = Input((3,))
    assert Model(y, inner(y)).predict_on_batch(X).shape == (6, 3, 1)


def test_an_unbuilt_layer_of_keras_1s_style_is_built_for_the_shape_of_each_input():
    class Shapes(Layer):
        def build(self, input_shape):
            Shapes.seen = input_shape

        def call(self, x, mask=None):
            return K.concatenate(x) if isinstance(x, list) else x

    Shapes()(Input((3,)))
    assert Shapes.seen == (None, 3)
    Shapes()([Input((3,)), Input((2,))])
    assert Shapes.seen == [(None, 3), (None, 2)]


def test_two_inner_layers_of_one_name():
    class Two(Layer):
        def build(self, input_shape):
            self.layers = [Dense(2, name="same"), Dense(2, name="same")]
            for layer in self.layers:
                layer.build(input_shape)

        def call(self, x, mask=None):
            return self.layers[0](x) + self.layers[1](x)

    with pytest.raises(RuntimeError, match="Two layers in 'two_1' have the name 'same'"):
        Two()(Input((3,)))


def test_a_shared_custom_layer():
    layer = Linear(3)
    x = Input((3,))
    model = Model(x, merge([layer(x), layer(layer(x))], mode="sum"))
    w = layer.get_weights()[0]
    np.testing.assert_allclose(model.predict(X), X @ w + X @ w @ w, rtol=1e-4, atol=1e-5)


def test_call_on_numbers():
    # Keras 1's tests of layers: K.eval(layer.call(K.variable(x))).
    layer = Dense(2)
    layer.build((None, 3))
    expected = X @ layer.get_weights()[0]
    np.testing.assert_allclose(K.eval(layer.call(K.variable(X))), expected, rtol=1e-5, atol=1e-6)
    tensor = layer.call(Input((3,)))  # of a symbolic tensor: the layer is connected
    assert tensor.shape == (None, 2)
    with pytest.raises(TypeError, match=r"called on ndarray; a layer is called on the tensors"):
        layer(X)
