"""A Sequential that begins with a model shares the graph of that model, as in Keras 1."""

import copy
import pickle

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks.tensorboard import _graph
from jkeras.layers import BatchNormalization, Dense, Dropout, Input
from jkeras.models import Model, Sequential, load_model, model_from_json
from jkeras.optimizers import SGD
from jkeras.utils.diagram import diagram_of

X = np.random.RandomState(0).rand(5, 3).astype("float32")
Y = np.ones((5, 1), "float32")


@pytest.fixture
def base():
    data = Input((3,))
    return Model(data, Dense(2, name="top")(Dense(4, name="inner", activation="tanh")(data)), name="base")


@pytest.fixture
def model(base):
    return Sequential([base, Dense(1, name="last")])


def test_the_tensors_are_those_of_the_model(base, model):
    assert model.input is base.input and model.layers[0] is base and len(base.inbound_nodes) == 1
    inner = base.get_layer("inner").output
    expected = model.predict(X)
    [found] = K.function([model.layers[0].input, K.learning_phase()], [model.layers[-1].output])([X, 0])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_allclose(Model(base.input, model.output).predict(X), expected, rtol=1e-5)
    [W, b, *_] = base.get_weights()
    np.testing.assert_allclose(Model(model.input, inner).predict(X), np.tanh(X @ W + b), rtol=1e-5)
    [gradient] = K.function([model.input], K.gradients(K.sum(model.output), [inner]))([X])
    top = base.get_weights()[2] @ model.get_weights()[-2]
    np.testing.assert_allclose(gradient, np.broadcast_to(top.T, (5, 4)), rtol=1e-5)


def test_it_is_one_layer_with_weights_of_its_own(base, model):
    assert list(model.params) == ["base", "last"] and list(model.params["base"]) == ["inner", "top"]
    assert [entry["class_name"] for entry in model.get_config()] == ["Model", "Dense"]
    assert model.container_nodes == {"input_1_ib-0", "base_ib-0", "last_ib-0"}
    base.trainable = False
    model.compile("sgd", "mse")
    before = base.get_weights()
    model.train_on_batch(X, Y)
    for old, new in zip(before, base.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_its_statistics_move(model):
    base = Sequential([BatchNormalization(input_shape=(3,)), Dense(2)])
    model = Sequential([base, Dense(1)])
    model.compile("sgd", "mse")
    model.train_on_batch(X, Y)
    assert not np.allclose(base.layers[0].get_weights()[2], 0)
    assert len(model.updates) == 2


def test_several_begin_with_one(base, model):
    other = Sequential([base, Dense(7)])
    further = Sequential([model, Dense(2)])
    assert other.input is further.input is base.input
    np.testing.assert_allclose(Model(base.input, [other.output, further.output]).predict(X)[0], other.predict(X))
    further.pop()
    np.testing.assert_array_equal(further.predict(X), model.predict(X))


def test_layers_of_one_name_inside_and_outside():
    model = Sequential([Sequential([Dense(3, input_dim=3, name="one")]), Dense(2, name="one")])
    [found] = K.function([model.input], [model.output])([X])
    np.testing.assert_allclose(found, model.predict(X), rtol=1e-5)
    weight = model.layers[0].layers[0].W
    [gradient] = K.function([model.input], K.gradients(K.sum(model.output), [weight]))([X])
    np.testing.assert_allclose(
        gradient, np.outer(X.sum(axis=0), model.layers[1].get_weights()[0].sum(axis=1)), rtol=1e-5
    )


def test_a_loss_sees_the_tensors_inside(base, model):
    inner = base.get_layer("inner").output
    model.compile("sgd", lambda y_true, y_pred: K.mean(K.square(inner)) + 0 * K.sum(y_pred))
    W, b = base.layers[1].get_weights()
    h = np.tanh(X @ W + b)
    assert model.train_on_batch(X, Y) == pytest.approx(np.mean(h**2), rel=1e-5)
    expected = W - 0.01 * X.T @ (2 * h * (1 - h**2)) / h.size
    np.testing.assert_allclose(base.layers[1].get_weights()[0], expected, rtol=1e-5)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_share_nothing_but_their_own_graph(model, copied):
    expected, twin = model.predict(X), copied(model)
    assert twin.input is twin.layers[0].input is not model.input and len(twin.layers[0].inbound_nodes) == 1
    model.set_weights([weight * 0 for weight in model.get_weights()])
    np.testing.assert_array_equal(twin.predict(X), expected)
    with pytest.raises(ValueError, match="part of another model"):
        twin.layers[0].layers.pop()


def test_files_and_texts(model, tmp_path):
    expected = model.predict(X)
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X), expected)
    for name in ("m.h5", "m.jk"):
        model.save(tmp_path / name)
        np.testing.assert_array_equal(load_model(tmp_path / name).predict(X), expected)


def test_the_model_stays_as_it_is(model):
    base = Sequential([Dense(2, input_dim=3)])
    Sequential([base])
    for change in (lambda: base.add(Dense(2)), base.pop):
        with pytest.raises(RuntimeError, match="part of another model"):
            change()


def test_pictures_of_it_are_connected(model):
    picture = diagram_of(model, expand_nested=False)
    assert [box.title for box in picture.boxes] == ["input_1: InputLayer", "base: Model", "last: Dense"]
    assert picture.arrows == [(0, 1), (1, 2)]
    assert "multiple" not in model._repr_html_()
    nodes = {node.name: list(node.input) for node in _graph(model).node}
    assert nodes == {"input_1": [], "base": ["input_1"], "last": ["base"]}


def test_an_input_from_a_tensor_is_a_layer():
    free = K.placeholder((2, 3))
    data = Input(tensor=K.concatenate([K.variable(X[:2]), free], axis=0), shape=(3,), name="data")
    model = Model(data, Dense(2, name="out")(data))
    assert [layer.name for layer in model.layers] == ["data", "out"]
    assert model.layers[0].inbound_nodes[0].inbound_layers == []
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(X[:4]), model.predict(X[:4]))
    [found] = K.function([free], [model.output])([X[2:4]])
    np.testing.assert_allclose(found, model.predict(X[:4]), rtol=1e-5)


def test_losses_and_logs_see_the_random_numbers_that_the_run_has_drawn():
    base = Sequential([Dense(3, init="identity", input_dim=3), Dropout(0.5), Dense(3, init="identity")])
    outer = Sequential([Sequential([base, Dropout(0.5)]), Dense(3, init="identity")])
    for model, tensor in ((Sequential([base]), base.layers[1].output), (outer, outer.layers[0].output)):
        model.compile(SGD(1.0), lambda y_true, y_pred, tensor=tensor: K.mean(K.square(y_pred - tensor), axis=-1))
        model.metrics_tensors.append(K.mean(K.square(model.output - tensor)))
        model.metrics_names.append("distance")
        assert model.train_on_batch(X, X) == [0, 0]
        np.testing.assert_array_equal(model.get_weights()[0], np.eye(3))
