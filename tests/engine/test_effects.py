"""Penalties, updates and hand-made connections, as Keras 1's scripts read and make them."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.topology import InputSpec, Layer, Merge, Node
from jkeras.layers import LSTM, Dense, Dropout, Input, Masking, TimeDistributed
from jkeras.models import Model, Sequential
from jkeras.regularizers import Regularizer, l2

X = np.linspace(-1, 1, 20, dtype="float32").reshape(5, 4)


class Counter(Layer):
    """Counts its calls, and wants small outputs."""

    def build(self, input_shape):
        self.count = self.add_weight((), "zero", name="count", trainable=False)

    def call(self, x, mask=None):
        self.add_update([(self.count, self.count + 1)])
        self.add_loss(0.5 * K.sum(K.abs(x)))
        return x


def model_with_effects():
    return Sequential(
        [
            Dense(3, input_dim=4, W_regularizer=l2(0.1), activity_regularizer="activity_l2"),
            Dropout(0.5),
            Counter(),
            Dense(2),
        ]
    )


def test_losses_are_what_training_adds():
    model = model_with_effects()
    dense, _, counter, _ = model.layers
    assert (len(dense.losses), len(counter.losses), len(model.losses)) == (2, 1, 3)
    (total,) = K.function([model.input], [sum(model.losses)])([X])
    W, y = dense.get_weights()[0], model.layers[0].apply(dense.params, X)
    expected = 0.1 * np.sum(W**2) + 0.01 * np.sum(np.square(y)) + 0.5 * np.sum(np.abs(y))
    np.testing.assert_allclose(total, expected, rtol=1e-5)
    model.compile("sgd", lambda y_true, y_pred: K.zeros_like(y_pred[:, 0]))
    np.testing.assert_allclose(model.evaluate(X, np.zeros((5, 2)), verbose=0), expected, rtol=1e-5)


def test_losses_of_inputs_and_without():
    model = model_with_effects()
    dense = model.layers[0]
    assert len(dense.get_losses_for(None)) == 1
    assert len(dense.get_losses_for(dense.input)) == 1
    assert dense.get_losses_for(Input((4,))) == []
    assert len(model.get_losses_for(model.inputs)) == 2


def test_updates_in_a_function_of_the_script():
    model = model_with_effects()
    counter = model.layers[2]
    assert [handle for handle, _ in model.updates] == [counter.count]
    step = K.function([model.input], [model.output], updates=model.updates)
    step([X])
    step([X])
    assert K.get_value(counter.count) == 2
    assert model.layers[0].updates == []
    assert [handle for handle, _ in counter.get_updates_for(counter.input)] == [counter.count]
    assert counter.get_updates_for(None) == []


def test_states_are_updates_of_stateful_layers():
    lstm = LSTM(3, stateful=True, batch_input_shape=(2, 4, 5))
    model = Sequential([lstm, Counter()])
    assert [handle.name for handle, _ in model.state_updates] == [state.name for state in lstm.states]
    assert [handle.name for handle, _ in lstm.updates] == [state.name for state in lstm.states]
    assert len(model.updates) == 3
    x = np.ones((2, 4, 5), "float32")
    step = K.function([model.input], [model.output], updates=model.state_updates)
    first, second = step([x])[0], step([x])[0]
    lstm.reset_states()
    np.testing.assert_allclose(model.predict(x, batch_size=2), first, rtol=1e-5)
    np.testing.assert_allclose(model.predict(x, batch_size=2), second, rtol=1e-5)
    assert LSTM(3, batch_input_shape=(2, 4, 5)).updates == []


def test_a_shared_layer_updates_once():
    a, b, counter = Input((3,)), Input((3,)), Counter()
    model = Model([a, b], [counter(a), counter(b)])
    assert len(model.updates) == 1
    assert len(model.losses) == 2


def test_uses_learning_phase():
    model = model_with_effects()
    assert [layer.uses_learning_phase for layer in model.layers] == [False, True, False, False]
    assert model.uses_learning_phase
    assert not Sequential([Dense(2, input_dim=3)]).uses_learning_phase


def test_regularizers_and_constraints_of_models():
    dense = Dense(3, W_regularizer=l2(0.1), b_constraint="nonneg")
    model = Sequential([TimeDistributed(dense, input_shape=(2, 4)), Dense(2, W_regularizer="l1")])
    assert [type(entry).__name__ for entry in model.regularizers] == ["L1L2Regularizer"] * 2
    assert [weight.name for weight in model.constraints] == [dense.b.name]
    assert model.layers[0].constraints == dense.constraints


class Told(Regularizer):
    """A custom regularizer of Keras 1.0: it is told its weight and adds to the loss."""

    def __init__(self, factor):
        self.factor = factor

    def set_param(self, p):
        self.p = p

    def __call__(self, loss):
        return loss + self.factor * K.sum(K.square(self.p))


class Scale(Layer):
    """A layer of Keras 1.0: variables in a list, regularizers in a list."""

    def __init__(self, regularizer, **kwargs):
        self.regularizer = regularizer
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.s = K.variable(np.full(input_shape[1:], 2.0), name="s")
        self.trainable_weights = [self.s]
        self.regularizers = []
        self.regularizer.set_param(self.s)
        self.regularizers.append(self.regularizer)

    def call(self, x, mask=None):
        return x * self.s


@pytest.mark.filterwarnings("ignore:`set_param`:DeprecationWarning")
@pytest.mark.parametrize("regularizer", [l2(0.1), Told(0.1)], ids=["ours", "custom"])
def test_a_layer_lists_its_regularizers(regularizer):
    layer = Scale(regularizer, input_shape=(4,))
    model = Sequential([layer])
    model.compile("sgd", "mse")
    assert len(layer.regularizers) == 1
    np.testing.assert_allclose(model.evaluate(np.zeros((5, 4)), np.zeros((5, 4)), verbose=0), 0.1 * 16, rtol=1e-6)
    model.train_on_batch(np.zeros((5, 4)), np.zeros((5, 4)))
    np.testing.assert_allclose(layer.get_weights()[0], 2.0 - 0.01 * 0.1 * 2 * 2.0, rtol=1e-6)


def test_a_told_regularizer_serves_several_weights():
    model = Sequential([Dense(2, input_dim=3, init="one", W_regularizer=Told(0.5))])
    shared = Told(0.1)
    model.add(Dense(2, init="one", W_regularizer=shared, b_regularizer=shared))
    model.compile("sgd", lambda y_true, y_pred: K.zeros_like(y_pred[:, 0]))
    np.testing.assert_allclose(model.evaluate(X[:, :3], np.zeros((5, 2)), verbose=0), 0.5 * 6 + 0.1 * 4, rtol=1e-6)


# ---- connecting by hand


def test_create_input_layer():
    layer = Dense(2)
    layer.create_input_layer((None, 3))
    assert layer.input_shape == (None, 3)
    assert layer.output_shape == (None, 2)


def test_nodes_by_hand():
    one, two = Dense(3, input_dim=4), Dense(2)
    model = Sequential([one])
    two.add_inbound_node(one)
    node = two.inbound_nodes[0]
    assert node.get_config() == {
        "outbound_layer": two.name,
        "inbound_layers": [one.name],
        "node_indices": [0],
        "tensor_indices": [0],
    }
    assert Model(model.input, two.output).output_shape == (None, 2)
    joined = Merge(mode="concat")
    assert Node.create_node(joined, [one, two], [0, 0]).output_shapes == [(None, 5)]
    with pytest.raises(ValueError, match="one entry for each of the 1 layers"):
        Node.create_node(Dense(1), one, [0, 1])


def test_assert_input_compatibility():
    layer = Dense(2)
    layer.input_spec = [InputSpec(ndim=2)]
    layer.assert_input_compatibility(Input((3,)))
    with pytest.raises(ValueError, match="expected an input of 2 dimensions"):
        layer.assert_input_compatibility(Input((3, 4)))


def test_run_internal_graph():
    model = model_with_effects()
    outputs, masks, shapes = model.run_internal_graph([Input((4,))])
    assert (masks, shapes) == ([None], [(None, 2)])
    assert outputs[0].shape == (None, 2)
    values, _, shapes = model.run_internal_graph([X])
    assert shapes == [(5, 2)]
    np.testing.assert_array_equal(values[0], model.predict_on_batch(X))


def test_of_layers_with_masks():
    model = Sequential([Masking(input_shape=(4, 2)), LSTM(3, W_regularizer=l2(0.1), dropout_W=0.5)])
    assert len(model.losses) == len([handle for handle in model.weights if "_W_" in handle.name])
    assert model.layers[1].uses_learning_phase
    assert model.updates == []
