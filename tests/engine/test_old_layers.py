"""What layers of Keras 1's scripts do: without a call, around others, on variables; masks and functions as parts of graphs."""

import copy
import json
import pickle

import numpy as np
import pytest

from jkeras import backend as K
from jkeras import objectives
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.engine.losses import weighted_objective
from jkeras.layers import LSTM, Dense, Embedding, Flatten, Input, Lambda, Masking, Merge, Wrapper, merge
from jkeras.models import Model, Sequential, model_from_json, model_from_yaml

X = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
WORDS = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
MASK = WORDS != 0


# ---- layers without a call


class StripMask(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, input, input_mask=None):
        return None


def test_a_layer_without_a_call_returns_its_input():
    embedding = Embedding(4, 3, mask_zero=True, input_length=4)
    model = Sequential([embedding, StripMask(), Flatten()])
    np.testing.assert_array_equal(model.predict(WORDS), embedding.get_weights()[0][WORDS].reshape(2, 12))
    np.testing.assert_array_equal(Sequential([Layer(input_shape=(3,))]).predict(X), X)
    assert Layer().get_output_shape_for((None, 3)) == (None, 3)
    assert [tensor._keras_shape for tensor in Layer()([Input((3,)), Input((4,))])] == [(None, 3), (None, 4)]


def test_a_layer_with_weights_must_say_what_they_are_for():
    class Forgotten(Layer):
        def build(self, input_shape):
            self.W = self.add_weight(input_shape[1:], initializer="zero", name="W")

    with pytest.raises(NotImplementedError, match="Forgotten has weights, but implements neither `apply` nor `call`"):
        Forgotten()(Input((3,)))


# ---- around others


class Doubled(Wrapper):
    def build(self, input_shape):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
        super().build()

    def get_output_shape_for(self, input_shape):
        return self.layer.get_output_shape_for(input_shape)

    def call(self, x, mask=None):
        return self.layer.call(x) * 2


def test_a_wrapper_that_builds_its_layer_itself():
    model = Sequential([Doubled(Dense(2), input_shape=(3,))])
    W, b = model.get_weights()
    np.testing.assert_allclose(model.predict(X), 2 * (X @ W + b), rtol=1e-5)
    model.compile("sgd", "mse")
    model.train_on_batch(X, X[:, :2])
    assert (model.get_weights()[0] != W).all()

    class Unbuilt(Doubled):
        def build(self, input_shape):
            Wrapper.build(self)

    with pytest.raises(
        ValueError, match=r"'unbuilt_1' \(Unbuilt\): build\(\) without a shape needs .*'dense_2', to be built"
    ):
        Unbuilt(Dense(2))(Input((3,)))


class Holds(Layer):
    def __init__(self, model, **kwargs):
        self.model = model
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.trainable_weights = self.model.trainable_weights
        self.built = True

    def call(self, x, mask=None):
        return self.model.call(x)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], 2)


def test_weights_of_a_model_in_a_layer_that_lists_them_too_count_once():
    inner = Sequential([Dense(5, input_dim=3), Dense(2)])
    model = Sequential([Holds(inner, input_shape=(3,))])
    assert [weight.shape for weight in model.get_weights()] == [(3, 5), (5,), (5, 2), (2,)]
    assert model.count_params() == inner.count_params() == 32
    model.set_weights([2 * weight for weight in model.get_weights()])
    np.testing.assert_allclose(model.predict(X), inner.predict(X), rtol=1e-6)


class First(Layer):
    """Takes a list, and says of its first entry what it must be."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.input_spec = [InputSpec(ndim=2)]

    def call(self, x, mask=None):
        return x[0] + x[1][:, 0]

    def get_output_shape_for(self, input_shape):
        return input_shape[0]


def test_one_input_spec_for_a_list():
    a, b = Input((3,)), Input((2, 3))
    out = Model([a, b], First()([a, b])).predict([X, np.ones((4, 2, 3))])
    np.testing.assert_allclose(out, X + 1, rtol=1e-6)
    with pytest.raises(ValueError, match=r"Input 0 of layer 'first_2'.* expected an input of 2 dimensions"):
        First()([b, a])
    with pytest.raises(ValueError, match=r"'dense_1' .* takes 1 input; it was called on 2"):
        Dense(2)([a, Input((3,))])


# ---- on variables


def test_layers_and_models_on_variables():
    x = K.variable(X)
    layer = Dense(2)
    y = layer(x)
    W, b = layer.get_weights()
    np.testing.assert_allclose(K.eval(y), X @ W + b, rtol=1e-5)
    K.set_value(x, 2 * X)
    layer.set_weights([W, b + 1])
    np.testing.assert_allclose(K.eval(y), 2 * X @ W + b + 1, rtol=1e-5)
    model = Sequential([Dense(2, input_dim=3)])
    np.testing.assert_allclose(K.eval(model(x)), model.predict(2 * X), rtol=1e-5)
    both = Merge(mode="sum")([x, K.variable(X)])
    np.testing.assert_allclose(K.eval(both), 3 * X, rtol=1e-5)
    inputs = Input((3,))
    mixed = Model(
        inputs, Merge(mode=lambda pair: pair[0] + pair[1], output_shape=lambda shapes: shapes[0])([inputs, x])
    )
    np.testing.assert_allclose(mixed.predict(X), 3 * X, rtol=1e-5)
    assert len(mixed.layers) == 3  # the input, what the variable holds, and their sum
    for layer, wrong in ((Dense(2), X), (Merge(mode="sum"), [x, X])):
        with pytest.raises(TypeError, match="was called on ndarray"):
            layer(wrong)


def test_a_weighted_objective_of_symbolic_tensors():
    objective = weighted_objective(objectives.get("mae"))
    data = [np.ones((2, 4, 3)), np.zeros((2, 4, 3)), np.array([1.0, 3.0]), MASK]
    expected = objective(*map(np.asarray, data))
    variables = [K.variable(entry) for entry in data]
    assert K.eval(objective(*variables)) == pytest.approx(float(expected), rel=1e-6)
    places = [K.placeholder(ndim=entry.ndim) for entry in data[:3]]
    look = K.function(places, [objective(*places, None)])
    assert look(data[:3])[0] == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize(
    ("shapes", "function", "arrays"),
    [
        ([(None, None)], lambda p: p + K.variable(np.ones((4, 2))), [(4, 2)]),
        ([(None, None)], lambda p: K.reshape(p, (2, 8)), [(4, 4)]),
        ([(None, None), (None, None)], K.dot, [(4, 3), (3, 2)]),
        ([(None, None), (None,)], lambda p, q: p * q, [(4, 3), (3,)]),
        ([(None, None, None)], lambda p: K.rnn(lambda x, s: (x + s[0], [x]), p, [K.ones((4, 3))])[1], [(4, 5, 3)]),
    ],
)
def test_sizes_that_are_not_known_and_have_to_fit(shapes, function, arrays):
    places = [K.placeholder(shape) for shape in shapes]
    data = [np.random.random(shape).astype("float32") for shape in arrays]
    out = function(*places)
    found = K.function(places, [out])(data)[0]
    np.testing.assert_allclose(found, K.eval(function(*map(K.variable, data))), rtol=1e-5)
    assert all(size in (None, real) for size, real in zip(out._keras_shape, found.shape, strict=True))


@pytest.mark.parametrize(
    ("shapes", "function", "expected"),
    [
        ([(None, None)], lambda p: K.reshape(p, (-1, 28, 28)), (None, 28, 28)),
        ([(None, None)], lambda p: K.reshape(p, (2, 8)), (2, 8)),
        ([(None, 6), (None, None)], K.dot, (None, None)),
        ([(None, None), (None, 6)], K.dot, (None, 6)),
        ([(None, None, 6), (None, None)], K.dot, (None, None, None)),
    ],
)
def test_sizes_that_may_be_any_stay_open(shapes, function, expected):
    assert function(*map(K.placeholder, shapes))._keras_shape == expected


def test_sizes_that_cannot_fit():
    with pytest.raises(TypeError, match="incompatible shapes") as caught:
        K.placeholder((None, 3)) + K.placeholder((None, 4))
    assert "not known are tried as (7, 13)" in " ".join(caught.value.__notes__)


# ---- masks as tensors


def test_masks_are_tensors_of_the_graph():
    words = Input((4,), dtype="int32")
    embedding, lstm = Embedding(5, 3, mask_zero=True), LSTM(2, return_sequences=True)
    states = lstm(embedding(words))
    model = Model(words, states)
    masks = [
        embedding.compute_mask(words), embedding.output_mask, lstm.input_mask, lstm.get_output_mask_at(0),
        lstm.inbound_nodes[0].input_masks[0], model.compute_mask(words, None), model.compute_mask([words], [None]),
    ]  # fmt: skip
    for found in K.function([words], [K.cast(mask, "float32") for mask in masks])([WORDS]):
        np.testing.assert_array_equal(found, MASK)
    assert not model.get_config()["layers"][3:]  # they are no layers of the model

    def masked(y_true, y_pred):
        return K.mean(K.square(y_true - y_pred), axis=-1) * K.cast(lstm.output_mask, K.floatx())

    y = np.ones((2, 4, 2))
    expected = ((y - model.predict(WORDS)) ** 2).mean(axis=-1) * MASK
    model.compile("sgd", masked)
    # The loss of a masked output is divided by the share of what counts.
    assert model.test_on_batch(WORDS, y) == pytest.approx((expected / MASK.mean()).mean(), rel=1e-5)
    # That of the Embedding is computed by a layer with weights.
    mask = embedding.output_mask
    model.compile("sgd", lambda y_true, y_pred: K.mean(K.square(y_true - y_pred), axis=-1) * K.cast(mask, K.floatx()))
    assert model.train_on_batch(WORDS, y) == pytest.approx((expected / MASK.mean()).mean(), rel=1e-5)
    assert len(Model(words, [states, mask]).get_weights()) == len(model.get_weights()) == 13
    total = K.sum(embedding.output * K.expand_dims(K.cast(mask, "float32")))
    (gradient,) = K.function([words], K.gradients(total, [embedding.W]))([WORDS])
    np.testing.assert_array_equal(gradient[:, 0], [0, 1, 1, 1, 0])


def test_gradients_of_layers_that_stand_at_several_places():
    x, inner_x = Input((3,)), Input((3,))
    dense = Dense(3, activity_regularizer="l2", W_regularizer="l2")
    inner = Model(inner_x, dense(inner_x))
    one, two = K.sum(K.square(dense(x))), K.sum(inner(x) ** 3)
    gradient = K.function([x], [K.gradients(loss, [dense.W])[0] for loss in (one + two, one, two)])
    both, first, second = gradient([X])
    np.testing.assert_allclose(both, first + second, rtol=1e-4)
    model = Model(x, merge([dense(x), inner(x)], mode="sum"))
    model.compile("sgd", "mse")
    places = [*model.inputs, *model.targets, *model.sample_weights]
    look = K.function(places, K.gradients(model.total_loss, [dense.W]))
    (gradient,) = look([X, X, np.ones(4)])
    W = dense.get_weights()[0]
    model.train_on_batch(X, X)
    np.testing.assert_allclose(dense.get_weights()[0], W - 0.01 * gradient, rtol=1e-5, atol=1e-6)


def test_masks_of_layers_on_tensors():
    x = Input((4, 3))
    mask = K.function([x], [Masking(0.5).compute_mask(x)])
    values = np.full((2, 4, 3), 0.5)
    values[MASK] = 1
    np.testing.assert_array_equal(mask([values])[0], MASK)
    assert Model(x, LSTM(2)(x)).compute_mask(Input((4, 3)), None) is None


# ---- functions in configs


def test_a_config_that_stays_in_the_process_knows_its_functions():
    x = Input((3,))
    model = Model(
        x, Merge(mode=lambda pair: pair[0] * pair[1], output_shape=lambda shapes: shapes[0])([Lambda(double)(x), x])
    )
    config = copy.deepcopy(model.get_config())
    np.testing.assert_allclose(Model.from_config(config).predict(X), 2 * X**2, rtol=1e-6)
    assert Lambda.from_config(Lambda(double).get_config()).function is double
    for text, read in ((json.dumps(config), lambda text: Model.from_config(json.loads(text))),
                       (model.to_json(), model_from_json), (model.to_yaml(), model_from_yaml),
                       (pickle.dumps(config), lambda data: Model.from_config(pickle.loads(data)))):  # fmt: skip
        with pytest.raises(ValueError, match=r"'lambda_1' \(Lambda\) uses the Python function 'double'"):
            read(text)


def double(x):
    return 2 * x


def test_a_class_that_is_not_known_says_how_to_pass_it():
    text = Sequential([StripMask(input_shape=(3,))]).to_json()
    with pytest.raises(
        ValueError, match=r"Unknown layer: 'StripMask'. A class .* custom_objects={'StripMask': StripMask}"
    ):
        model_from_json(text)


# ---- what a compiled model had


def test_compiled_functions_of_lists():
    a, b = Input((3,)), Input((2,))
    model = Model([a, b], [Dense(2)(a), Dense(1)(b)])
    model.compile("sgd", "mse", metrics=["mae"])
    model._make_train_function()
    x, y, weights = [X, X[:, :2]], [X[:, :2], X[:, :1]], [np.array([1.0, 0, 2, 1]), np.ones(4)]
    expected = model.test_on_batch(x, y, sample_weight=weights)
    np.testing.assert_allclose(model.test_function([*x, *y, *weights, 0.0]), expected, rtol=1e-6)
    np.testing.assert_allclose(model.train_function([*x, *y, *weights]), expected, rtol=1e-6)
    assert model.test_function([*x, *y, *weights])[0] < expected[0]
    single = Sequential([Dense(2, input_dim=3)])
    single.compile("sgd", "mse")
    expected = single.test_on_batch(X, X[:, :2], sample_weight=weights[0])
    np.testing.assert_allclose(single.train_function([X, X[:, :2], weights[0]]), [expected], rtol=1e-6)
    for ours, theirs in zip(model.predict_function([*x, 0.0]), model.predict(x), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(
        ValueError, match=r"take the list of 2 inputs, 2 targets and as many sample weights.*got 4 entries"
    ):
        model.train_function([*x, *y])


def test_tables_of_the_graph():
    a, b = Input((5,), name="a"), Input((5,), name="b")
    shared, head = Dense(4, name="shared"), Dense(3, name="head")
    model = Model([a, b], merge([shared(a), head(shared(b))], mode="concat", name="both"))
    names = {depth: [layer.name for layer in layers] for depth, layers in model.layers_by_depth.items()}
    assert names == {3: ["b"], 2: ["shared", "a"], 1: ["head"], 0: ["both"]}
    calls = {depth: [node.outbound_layer.name for node in nodes] for depth, nodes in model.nodes_by_depth.items()}
    assert calls == {3: ["b"], 2: ["a", "shared"], 1: ["shared", "head"], 0: ["both"]}
    assert model.container_nodes == {"a_ib-0", "b_ib-0", "shared_ib-0", "shared_ib-1", "head_ib-0", "both_ib-0"}
    assert (model.input_layers_node_indices, model.input_layers_tensor_indices) == ([0, 0], [0, 0])
    assert (model.output_layers_node_indices, model.output_layers_tensor_indices) == ([0], [0])
