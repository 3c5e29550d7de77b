"""What `compile` was given, in files of both formats."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Dense, Flatten, Input
from jkeras.models import Graph, Model, Sequential, load_model
from jkeras.optimizers import Optimizer

X = np.random.RandomState(0).normal(size=(8, 4)).astype("float32")
Y = np.random.RandomState(1).normal(size=(8, 2)).astype("float32")

formats = pytest.mark.parametrize("name", ["m.h5", "m.jk"])


class Momentum(Optimizer):
    """An optimizer in Keras 1's style, with a state of its own."""

    def __init__(self, lr=0.1, **kwargs):
        super().__init__(**kwargs)
        self.lr, self.iterations = K.variable(lr), K.variable(0.0)

    def get_updates(self, params, constraints, loss):
        velocities = [K.zeros(param.shape) for param in params]
        self.weights = [self.iterations, *velocities]
        self.updates = [K.update_add(self.iterations, 1)]
        for param, gradient, velocity in zip(params, self.get_gradients(loss, params), velocities, strict=True):
            new = 0.9 * velocity - self.lr / (1 + self.iterations) * gradient
            self.updates += [K.update(velocity, new), K.update(param, param + new)]
        return self.updates

    def get_config(self):
        return {"lr": float(K.get_value(self.lr))}


def half(y_true, y_pred):
    return K.mean(K.square(y_pred - y_true), axis=-1) / 2


@formats
def test_a_script_s_own_optimizer_goes_on(name, tmp_path):
    model = Sequential([Dense(2, input_dim=4)])
    model.compile(Momentum(), "mse")
    model.fit(X, Y, nb_epoch=3, verbose=0)
    model.save(tmp_path / name)
    again = load_model(tmp_path / name, {"Momentum": Momentum})
    for a, b in zip(again.optimizer.get_weights(), model.optimizer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)
    assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)


@formats
def test_several_outputs(name, tmp_path):
    x = Input((4,))
    model = Model(x, [Dense(2, name="a")(x), Dense(2, name="b")(x)])
    model.compile(
        "adam", {"a": half, "b": "mae"}, metrics={"a": ["acc", half]}, loss_weights={"a": np.float32(0.5), "b": 2}
    )
    model.train_on_batch(X, [Y, Y])
    model.save(tmp_path / name)
    again = load_model(tmp_path / name, custom_objects={"half": half})
    assert again.metrics_names == model.metrics_names == ["loss", "a_loss", "b_loss", "a_acc", "a_half"]
    assert again.train_on_batch(X, [Y, Y]) == model.train_on_batch(X, [Y, Y])


@formats
def test_a_graph_of_keras_0_3(name, tmp_path):
    graph = Graph()
    graph.add_input("x", input_shape=(4,))
    graph.add_node(Dense(3), name="hidden", input="x")
    graph.add_node(Dense(2), name="out", input="hidden")
    graph.add_output(name="y", input="out")
    graph.compile("adam", {"y": "mse"})
    graph.fit({"x": X, "y": Y}, nb_epoch=1, verbose=0)
    graph.save(tmp_path / name)
    again = load_model(tmp_path / name)
    assert type(again) is Graph
    np.testing.assert_array_equal(again.predict({"x": X})["y"], graph.predict({"x": X})["y"])


@formats
def test_a_model_without_weights(name, tmp_path):
    model = Sequential([Flatten(input_shape=(2, 2))])
    model.save(tmp_path / name)
    assert load_model(tmp_path / name).get_weights() == []
    model.save_weights(tmp_path / name)
    model.load_weights(tmp_path / name)


@formats
def test_settings_that_were_changed_and_frozen_layers(name, tmp_path):
    model = Sequential([Dense(3, input_dim=4, trainable=False), Dense(2)])
    model.compile("sgd", "mse")
    K.set_value(model.optimizer.lr, 0.5)
    model.train_on_batch(X, Y)
    model.save(tmp_path / name)
    again = load_model(tmp_path / name)
    assert K.get_value(again.optimizer.lr) == np.float32(0.5)
    assert len(again.trainable_weights) == 2
    assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)
