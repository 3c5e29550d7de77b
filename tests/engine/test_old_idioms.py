"""What scripts of 2015 to 2017 do with models and layers beside training them."""

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import initializations
from jkeras.engine.layer import Layer
from jkeras.layers import LSTM, Dense, Dropout, Embedding, Input, Lambda, MaxPooling1D, TimeDistributed, merge
from jkeras.models import Model, Sequential
from jkeras.regularizers import l2

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.normal(size=(6, 2)).astype("float32")


# ---- the total loss as a tensor


def test_gradients_of_the_total_loss_are_watched():
    model = Sequential([Dense(4, input_dim=3, activation="tanh", W_regularizer=l2(0.1)), Dropout(0.5), Dense(2)])
    model.compile("adam", "mse")
    weights = model.trainable_weights
    inputs = [model.inputs[0], model.sample_weights[0], model.targets[0], K.learning_phase()]
    look = K.function(inputs, [model.total_loss, *model.optimizer.get_gradients(model.total_loss, weights)])
    loss, *gradients = look([X, np.ones(6), Y, 0])
    np.testing.assert_allclose(loss, model.test_on_batch(X, Y), rtol=1e-5)
    np.testing.assert_allclose(gradients[-1], (model.predict(X) - Y).mean(axis=0), atol=1e-6)
    sample_weight = np.array([0, 1, 2, 0, 1, 1], "float32")
    loss = look([X, sample_weight, Y, 0])[0]
    np.testing.assert_allclose(loss, model.test_on_batch(X, Y, sample_weight=sample_weight), rtol=1e-5)
    assert look([X, np.ones(6), Y, 1])[0] != look([X, np.ones(6), Y, 1])[0]  # dropout
    total = model.total_loss
    model.compile("sgd", "mae")
    assert model.total_loss is not total


def test_the_total_loss_with_masks_several_outputs_and_sparse_targets():
    words = Input((5,), dtype="int32")
    states = LSTM(4, return_sequences=True)(Embedding(7, 3, mask_zero=True)(words))
    tags = TimeDistributed(Dense(3, activation="softmax"), name="tags")(states)
    model = Model(words, [tags, Dense(2, name="sum")(LSTM(3)(states))])
    model.compile("sgd", ["sparse_categorical_crossentropy", "mse"], loss_weights=[1.0, 0.3])
    x = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 1, 0]])
    y = [RNG.integers(3, size=(2, 5, 1)), RNG.normal(size=(2, 2))]
    look = K.function(model.inputs + model.targets + model.sample_weights, [model.total_loss])
    np.testing.assert_allclose(look([x, *y, np.ones(2), np.ones(2)])[0], model.test_on_batch(x, y)[0], rtol=1e-5)


def test_the_total_loss_needs_compile():
    with pytest.raises(RuntimeError, match=r"not compiled.*before total_loss"):
        _ = Sequential([Dense(1, input_dim=1)]).total_loss


def test_functions_may_be_made_before_they_are_used():
    model = Sequential([Dense(2, input_dim=3)])
    model._make_predict_function()
    model.compile("sgd", "mse")
    model._make_train_function()
    model._make_test_function()
    assert model.predict(X).shape == (6, 2)


def test_what_training_of_keras_1_has_imported():
    from jkeras.engine.training import cbks, metrics_module, objectives, optimizers

    assert objectives.mse and optimizers.SGD and metrics_module.mse and cbks.Callback
    model = Model(data := Input((3,)), Dense(2)(data))
    assert (model.internal_input_shapes, model.internal_output_shapes) == ([(None, 3)], [(None, 2)])


# ---- weights of classes


@pytest.mark.parametrize("given", ["auto", [1.0, 2.0], np.array([1.0, 2.0])])
def test_class_weights_that_are_no_dict_do_nothing(given):
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    expected = model.test_on_batch(X, Y)
    with pytest.warns(
        UserWarning, match=r"class_weight=.* has no effect, as in Keras 1.*class_weight=\{0: 1.0, 1: 5.0\}"
    ):
        assert model.train_on_batch(X, Y, class_weight=given) == expected


def test_a_dict_of_class_weights_in_a_list():
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    weights = {0: 2.0, 1: 0.5}
    expected = model.test_on_batch(X, Y, sample_weight=np.array([weights[label] for label in Y.argmax(axis=1)]))
    assert model.train_on_batch(X, Y, class_weight=[weights]) == pytest.approx(expected)


# ---- what is logged


def test_tensors_of_the_model_are_logged_with_the_metrics():
    data = Input((3,))
    code = Dense(4, name="code")(data)
    model = Model(data, [Dense(2, name="a")(code), Dense(1, name="b")(code)])
    model.compile("sgd", "mse", metrics=["mae"])
    model.metrics_tensors.append(K.mean(K.abs(code)))
    model.metrics_names.append("size")
    model.metrics_tensors += [model.optimizer.lr]
    model.metrics_names += ["lr"]
    names = ["loss", "a_loss", "b_loss", "a_mean_absolute_error", "b_mean_absolute_error", "size", "lr"]
    assert model.metrics_names == names

    y = [Y, Y[:, :1]]
    history = model.fit(X, y, nb_epoch=2, verbose=0, validation_data=(X, y)).history
    assert set(history) == {*names, *(f"val_{name}" for name in names)}
    values = model.evaluate(X, y, verbose=0)
    assert values == model.test_on_batch(X, y) and values[-1] == pytest.approx(0.01)
    np.testing.assert_allclose(values[-2], np.abs(K.function([data], [code])([X])[0]).mean(), rtol=1e-6)
    look = K.function(model.inputs + model.targets + model.sample_weights, [model.total_loss, *model.metrics_tensors])
    np.testing.assert_allclose(look([X, *y, np.ones(6), np.ones(6)]), values, rtol=1e-6)
    model.compile("sgd", "mse")
    assert len(model.evaluate(X, y, verbose=0)) == 3  # compile starts anew
    assert model.metrics_names == names[:3] and len(model.metrics_tensors) == 2


def test_tensors_of_targets_and_gradients_are_logged():
    model = Sequential([Dense(2, input_dim=3, W_regularizer=l2(0.1))])
    model.compile("sgd", "mse")
    [gradient] = K.gradients(model.total_loss, [model.layers[0].W])
    watched = [K.mean(K.abs(model.targets[0] - model.output)), model.total_loss, K.sqrt(K.sum(K.square(gradient)))]
    model.metrics_tensors = watched
    model.metrics_names += ["distance", "total", "gradient"]
    weight = np.array([0, 1, 2, 0, 1, 1], "float32")
    look = K.function(model.inputs + model.targets + model.sample_weights, watched)
    for given in (None, weight):
        expected = look([X, Y, np.ones(6) if given is None else given])
        loss, *values = model.test_on_batch(X, Y, sample_weight=given)
        np.testing.assert_allclose(values, expected, rtol=1e-5)
        assert values[1] == pytest.approx(loss)
        before = look([X, Y, np.ones(6) if given is None else given])
        np.testing.assert_allclose(model.train_on_batch(X, Y, sample_weight=given)[1:], before, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*show_accuracy")
def test_tensors_are_logged_beside_the_accuracy_of_keras_0():
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    assert len(model.evaluate(X, Y, verbose=0, show_accuracy=True)) == 2
    model.metrics_tensors.append(K.sum(model.layers[0].W))
    model.metrics_names.append("W")
    plain = model.evaluate(X, Y, verbose=0)
    assert plain[1] == pytest.approx(model.get_weights()[0].sum(), rel=1e-5)
    assert model.evaluate(X, Y, verbose=0, show_accuracy=True)[:2] == plain
    assert model.evaluate(X, Y, verbose=0) == plain and model.metrics_names == ["loss", "W"]


def test_each_tensor_that_is_logged_has_a_name():
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    model.metrics_tensors.append(K.sum(model.layers[0].W))
    with pytest.raises(ValueError, match=r"metrics_tensors has 1 entries, and metrics_names 1.*append a name"):
        model.fit(X, Y, verbose=0)


def test_data_as_functions_of_the_placeholders_take_them():
    model = Sequential([LSTM(2, return_sequences=True, input_shape=(4, 3))])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    assert model.sample_weight_modes == ["temporal"] and model.loss_functions[0].__name__ == "mean_squared_error"
    x, y = RNG.normal(size=(2, 5, 4, 3)), RNG.normal(size=(5, 4, 2))
    inputs, targets, weights = model._standardize_user_data(x[0], y)
    assert [array.shape for array in inputs + targets + weights] == [(5, 4, 3), (5, 4, 2), (5, 4)]
    look = K.function(model.inputs + model.targets + model.sample_weights, [model.total_loss])
    np.testing.assert_allclose(look(inputs + targets + weights)[0], model.test_on_batch(x[0], y), rtol=1e-5)
    weight = np.arange(20.0).reshape(5, 4)
    np.testing.assert_array_equal(model._standardize_user_data(x[0], y, weight)[2][0], weight)


# ---- inputs that are tensors


def test_an_input_from_a_tensor_may_state_its_shape():
    base = K.variable(X[:2])
    free = K.placeholder((2, 3))
    both = K.concatenate([base, free], axis=0)
    layer = Dense(2)
    layer(Input(tensor=both, shape=(3,)))
    (found,) = K.function([free], [layer.output])([X[2:4]])
    np.testing.assert_allclose(found, X[:4] @ layer.get_weights()[0], rtol=1e-5)
    with pytest.raises(ValueError, match=r"has the shape of the tensor, \(4, 3\); the shape \(None, 5\) does not fit"):
        Input(tensor=both, shape=(5,))


def test_set_input_begins_a_stack_with_a_tensor():
    free = K.placeholder((2, 3))
    first = Dense(2)
    first.set_input(free * 2, shape=(2, 3))
    model = Sequential([first, Dense(1)])
    (found,) = K.function([free], [model.layers[-1].output])([X[:2]])
    np.testing.assert_allclose(found, model.predict(X[:2]), rtol=1e-5)


def test_a_tensor_tells_whether_it_differs_in_training():
    x = Input((3,))
    dropped = Dropout(0.5)(x)
    assert not Dense(2)(x)._uses_learning_phase
    assert Dense(2)(dropped)._uses_learning_phase
    assert (K.sum(dropped) * 2)._uses_learning_phase


# ---- functions that differentiate


def test_gradients_of_tensors_that_depend_on_each_other():
    x = Input((3,))
    y = x * 2.0
    first, second = K.function([x], K.gradients(K.sum(K.square(y)), [x, y]))([X])
    np.testing.assert_allclose(first, 8 * X, rtol=1e-6)
    np.testing.assert_allclose(second, 4 * X, rtol=1e-6)
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(2)])
    model.compile("sgd", "mse")
    hidden, output = (layer.output for layer in model.layers)
    weight = model.layers[0].W
    inputs = model.inputs + model.targets + model.sample_weights
    together = K.gradients(model.total_loss, [hidden, weight, output])
    alone = [K.gradients(model.total_loss, [entry])[0] for entry in (hidden, weight, output)]
    values = K.function(inputs, together + alone)([X, Y, np.ones(6)])
    for one, other in zip(values[:3], values[3:], strict=True):
        assert np.abs(one).max() > 0
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_where_a_maximum_stood_is_a_gradient_in_a_merge():
    def where(tensors):
        before, after = tensors
        return K.gradients(K.sum(after), before)

    x = Input((4, 2))
    before = TimeDistributed(Dense(2))(x)
    switches = merge([before, MaxPooling1D(2)(before)], mode=where, output_shape=lambda shapes: shapes[0])
    model = Model(x, [before, switches])
    values = RNG.normal(size=(5, 4, 2))
    numbers, found = model.predict(values)
    pairs = numbers.reshape(5, 2, 2, 2)
    np.testing.assert_array_equal(found, (pairs == pairs.max(axis=2, keepdims=True)).reshape(5, 4, 2))
    trained = Model(x, merge([before, switches], mode="mul"))
    trained.compile("sgd", "mse")
    old = trained.get_weights()[0]
    trained.fit(values, np.ones((5, 4, 2)), nb_epoch=1, verbose=0)
    assert not np.array_equal(old, trained.get_weights()[0])


def test_a_lambda_that_differentiates():
    x = Input((3,))
    hidden = Dense(2, activation="tanh")
    sensitivity = Lambda(lambda tensors: K.gradients(K.sum(tensors[1]), tensors[0])[0])([x, hidden(x)])
    model = Model(x, sensitivity)
    W, b = hidden.get_weights()
    np.testing.assert_allclose(model.predict(X), (1 - np.tanh(X @ W + b) ** 2) @ W.T, atol=1e-5)


# ---- `init`, the method and the attribute


class Projection(Layer):
    """As layers were written: the initialization is the attribute `init`, and `build` draws with it."""

    def __init__(self, output_dim, init="glorot_uniform", **kwargs):
        self.init = initializations.get(init)
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.init((input_shape[-1], self.output_dim), name=f"{self.name}_W")
        self.noise = K.random_normal_variable((self.output_dim,), 0, 1, name=f"{self.name}_noise")
        self.fixed = K.variable(np.arange(self.output_dim), name=f"{self.name}_fixed")
        self.trainable_weights = [self.W, self.noise, self.fixed]

    def call(self, x, mask=None):
        return K.dot(x, self.W) + self.noise + self.fixed

    def get_output_shape_for(self, input_shape):
        return input_shape[0], self.output_dim

    def get_config(self):
        config = {"output_dim": self.output_dim, "init": self.init.__name__}
        return {**super().get_config(), **config}


def test_init_is_the_initialization_that_a_layer_sets_and_the_functional_face():
    layer = Projection(2, init="he_normal")
    assert layer.init.__name__ == "he_normal"
    assert layer.get_config()["init"] == "he_normal"
    assert layer.init((3, 2), name="W").get_value().shape == (3, 2)
    params, state = layer.init(jax.random.key(0), (None, 3))
    assert state == {}
    y = jax.jit(layer.apply)(params, X)
    np.testing.assert_allclose(y, X @ params["W"] + params["noise"] + params["fixed"], rtol=1e-5)
    copy = Projection.from_config(layer.get_config())
    assert copy.init.__name__ == "he_normal"


def test_what_build_draws_is_a_function_of_the_key():
    model = Sequential([Projection(2, input_shape=(3,), name="projection")])
    before = np.random.get_state()[1].tolist()
    one, again, other = (model.init(jax.random.key(seed))[0]["projection"] for seed in (0, 0, 1))
    for name in ("W", "noise"):
        np.testing.assert_array_equal(one[name], again[name])
        assert not np.array_equal(one[name], other[name])
        assert not np.array_equal(one[name], model.params["projection"][name])
    np.testing.assert_array_equal(other["fixed"], [0, 1])
    ensemble = jax.vmap(lambda key: model.init(key)[0])(jax.random.split(jax.random.key(2), 4))
    assert len({float(value) for value in ensemble["projection"]["noise"][:, 0]}) == 4
    alone = Projection(2, name="projection").init(jax.random.key(0), (None, 3))[0]
    same = model.layers[0].init(jax.random.key(0))[0]
    np.testing.assert_array_equal(alone["W"], same["W"])
    assert np.random.get_state()[1].tolist() == before


def test_init_of_a_dense_in_the_build_of_a_subclass():
    class Tied(Dense):
        def build(self, input_shape):
            super().build(input_shape)
            self.v = self.init((input_shape[-1], 1), name=f"{self.name}_v")
            self.trainable_weights = [*self.trainable_weights, self.v]

        def call(self, x, mask=None):
            return super().call(x) + K.dot(x, self.v)

    model = Sequential([Tied(2, input_dim=3, init="one")])
    W, b, v = model.get_weights()
    assert v.shape == (3, 1)
    np.testing.assert_allclose(model.predict(X), X @ W + b + X @ v, rtol=1e-5)
    assert model.layers[0].init.__name__ == "one"
