"""Custom layers in Keras 1's style: state, penalties, and calls that would change the layer."""

import copy
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import regularizers
from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer
from jkeras.errors import MissingStateError
from jkeras.layers import LSTM, Activation, Dense, Input, merge
from jkeras.models import Model, Sequential
from jkeras.optimizers import SGD
from tests.engine.custom_layers import KEY, Counter, Linear, X, shapes

# ---- state


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
    assert float(layer.apply_with_state({}, layer.state, X, Context(train=True))[1]["n"]) == 1
    assert float(layer.apply_with_state({}, layer.state, X)[1]["n"]) == 0


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


class Beside(Layer):
    """Adds a penalty and an update while it is built, as Keras 1's own `add_weight` does."""

    def build(self, input_shape):
        self.W = K.variable(np.ones((3, 2)), name="W")
        self.steps = self.add_weight((), initializer="zero", name="steps", trainable=False)
        self.trainable_weights = [self.W]
        self.add_loss(regularizers.l2(0.1)(self.W))
        self.add_update([(self.steps, self.steps + 2)])
        self.built = True

    def call(self, x, mask=None):
        return K.dot(x, self.W) * 0

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], 2)


def test_effects_that_are_added_outside_of_calls():
    model = Sequential([Beside(input_shape=(3,))])
    layer = model.layers[0]
    layer.add_loss(1)
    model.compile(SGD(lr=0.5), "mse")
    x, y = np.ones((4, 3)), np.zeros((4, 2))
    assert model.evaluate(x, y, verbose=0) == pytest.approx(1.6, rel=1e-6)
    losses = model.fit(x, y, batch_size=4, nb_epoch=2, verbose=0).history["loss"]
    # W becomes W · (1 - lr · 2 · 0.1) in each step.
    np.testing.assert_allclose(losses, [1.6, 1 + 0.6 * 0.81], rtol=1e-6)
    np.testing.assert_allclose(model.get_weights()[0], 0.81, rtol=1e-6)
    assert model.get_weights()[1] == 4
    assert len(model.losses) == len(layer.losses) == 2
    assert [weight.name for weight, _ in model.updates] == ["beside_1_steps"]


def test_effects_that_are_added_belong_to_a_layer_and_a_graph():
    layer = Beside()
    layer(Input((3,)))
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(
            NotImplementedError, match=r"'beside_1' cannot be copied or pickled.*from_config and set_weights"
        ):
            copied(layer)
    x, dense = Input((3,)), Dense(3)
    dense.add_loss(5)
    dense.add_loss(K.sum(dense(x)) * 0 + 7, inputs=x)
    other = Input((3,))
    for model, expected in ((Model(x, dense(x)), 12), (Model(other, dense(other)), 5)):
        model.compile("sgd", "mse")
        assert model.evaluate(X, model.predict(X), verbose=0) == pytest.approx(expected)


def test_effects_for_inputs():
    x, layer = Input((2,)), Dense(1)
    layer.add_loss(0, inputs=x)
    layer.add_loss(1, inputs=None)
    layer.add_update(2, inputs=x)
    layer.add_update(3, inputs=None)
    assert (layer.get_losses_for(x), layer.get_losses_for(None)) == ([0], [1])
    assert (layer.get_updates_for(x), layer.get_updates_for(None)) == ([2], [3])
    y = layer(x)
    layer.add_loss(0.1 * K.sum(K.square(y)), inputs=x)
    model = Model(x, y)
    with pytest.raises(
        ValueError, match=r"'model_1': add_update takes pairs \(non-trainable weight.*; got 2\. Make the"
    ):
        model.compile("sgd", "mse")
    layer.updates = [(layer.W, layer.W + 1)]
    with pytest.raises(ValueError, match=r"add_update takes pairs \(non-trainable weight"):
        model.compile("sgd", "mse")
    layer._noted["updates"].clear()
    model.compile("sgd", "mse")
    out = model.predict(np.ones((4, 2)))
    assert model.evaluate(np.ones((4, 2)), out, verbose=0) == pytest.approx(1 + 0.1 * np.square(out).sum(), rel=1e-5)
    with pytest.raises(ValueError, match=r"'dense_1': outside of call\(\) what is put into losses is an expression"):
        layer.add_loss(np.ones(2) * jax.numpy.ones(2))


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
    assert (layer.seen, layer.table, layer.total) == ([], {"a": [1]}, 0)


def test_what_a_call_keeps_in_a_new_attribute_holds_for_that_call():
    class Gate(Layer):
        size = None

        def call(self, x, mask=None):
            self.size = K.int_shape(x)[1]  # as Keras 1's decoders keep what their steps read
            self.weights_of_x = K.softmax(x)
            return self.gated(x)

        def gated(self, x):
            return x * self.weights_of_x * self.size

    layer = Gate()
    model = Sequential([Dense(3, input_dim=3), layer])
    model.compile("sgd", "mse")
    model.fit(X, X, nb_epoch=1, verbose=0)
    before = model.layers[0].output
    softmax = Model(model.input, Activation("softmax")(before)).predict(X)
    expected = Model(model.input, before).predict(X) * softmax * 3
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-5)
    assert layer.size is None
    with pytest.raises(AttributeError, match=r"'gate_1' \(Gate\) sets 'weights_of_x' in call\(\).*may return a list"):
        _ = layer.weights_of_x
    with pytest.raises(AttributeError, match="'Gate' object has no attribute 'other'"):
        _ = layer.other


def test_a_weight_cannot_be_set_in_a_call():
    class Decaying(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight((input_shape[-1],), initializer="one", name="factor", trainable=False)

        def call(self, x, mask=None):
            self.factor = self.factor * 0.9
            return x * self.factor

    with pytest.raises(ValueError, match=r"changes the attribute 'factor'.*self.add_update"):
        Sequential([Decaying(input_shape=(3,))])


class Averaging(Layer):
    """Subtracts a running mean, which it reports as Keras 1.0's layers did."""

    def __init__(self, report, **kwargs):
        self.report = report
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.updates = []
        self.mean = K.zeros(input_shape[1:], name=f"{self.name}_mean")
        self.non_trainable_weights = [self.mean]

    def call(self, x, mask=None):
        self.report(self, (self.mean, 0.9 * self.mean + 0.1 * K.mean(x, axis=0)))
        self.losses = [0.5 * K.sum(K.square(x))]
        return x - self.mean


@pytest.mark.parametrize(
    "report",
    [
        lambda self, update: setattr(self, "updates", [update]),
        lambda self, update: self.updates.append(update),
        lambda self, update: self.add_updates([update], None),
    ],
)
def test_updates_and_losses_as_attributes(report):
    model = Sequential([Averaging(report, input_shape=(3,))])
    model.compile("sgd", "mse")
    loss = model.train_on_batch(np.ones((4, 3)), np.ones((4, 3)))
    np.testing.assert_allclose(model.get_weights()[0], 0.1, rtol=1e-6)
    np.testing.assert_allclose(loss, 6.0, rtol=1e-6)
    assert len(model.layers[0].updates) == len(model.layers[0].losses) == 1


def test_a_layer_may_say_that_it_uses_the_learning_phase():
    class Noisy(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.uses_learning_phase = True

        def call(self, x, mask=None):
            self.uses_learning_phase = True
            return K.in_train_phase(x + 1, x)

    model = Sequential([Noisy(input_shape=(3,))])
    assert model.layers[0].uses_learning_phase is True
    f = K.function([model.input, K.learning_phase()], [model.output])
    np.testing.assert_allclose(f([X, 1])[0] - f([X, 0])[0], 1, rtol=1e-5)


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
