"""Sequential: the stack, its names, Merge and models at the bottom, pop, and the table of summary()."""

import numpy as np
import pytest

from jkeras.engine.input import InputLayer
from jkeras.layers import Activation, Dense, Dropout, Embedding, Flatten, Input, Layer, Merge, Reshape, merge
from jkeras.models import Model, Sequential
from tests.work import python_calls

X = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")


def names(layers):
    return [layer.name for layer in layers]


def test_a_list_and_add_make_the_same_model():
    given = Sequential([Dense(4, input_dim=3), Activation("relu"), Dense(2)])
    added = Sequential()
    for layer in (Dense(4, input_shape=(3,)), Activation("relu"), Dense(2)):
        added.add(layer)
    added.set_weights(given.get_weights())
    np.testing.assert_array_equal(added.predict(X), given.predict(X))
    assert given.input_shape == added.input_shape == (None, 3)
    assert given.output_shape == added.output_shape == (None, 2)
    assert len(added.inputs) == len(added.outputs) == 1


def test_names_count_up_as_in_keras_1():
    model = Sequential([Dense(4, input_dim=3), Dense(2)])
    assert model.name == "sequential_1"
    assert names(model.layers) == ["dense_1", "dense_2"]
    assert model.input_names == ["dense_input_1"]
    assert model.output_names == ["dense_2"]
    assert [weight.name for weight in model.weights] == ["dense_1_W", "dense_1_b", "dense_2_W", "dense_2_b"]


def test_layers_leave_the_input_layer_out_and_cannot_change_the_stack():
    model = Sequential([Dense(4, input_dim=3), Dense(2)])
    assert not any(isinstance(layer, InputLayer) for layer in model.layers)
    for change in (
        lambda: model.layers.pop(0),
        lambda: model.layers.append(Dense(2)),
        lambda: model.layers.__delitem__(-1),
    ):
        with pytest.raises(
            TypeError, match=r"model.layers cannot be changed.*layers.pop\(\).*model.layers\[-2\].output"
        ):
            change()
    assert len(model.layers) == 2
    assert model.layers[:1] == [model.layers[0]]


@pytest.mark.parametrize("functional", [False, True])
def test_layers_pop_takes_the_top_off_for_fine_tuning(functional):
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(9)])
    if functional:
        model = Model(model.input, model.output)
    hidden = Model(model.input, model.layers[-2].output)
    assert model.layers.pop().name == "dense_2"
    model.outputs = [model.layers[-1].output]  # what Keras 1's scripts had to say next
    model.layers[-1].outbound_nodes = []
    assert names(model.layers)[-1] == "dense_1"
    np.testing.assert_array_equal(model.predict(X), hidden.predict(X))
    tuned = Model(model.input, Dense(2)(model.layers[-1].output))
    tuned.compile("sgd", "mse")
    tuned.fit(X, np.zeros((len(X), 2)), nb_epoch=1, verbose=0)
    assert tuned.output_shape == (None, 2)


def test_layers_pop_needs_one_output_that_the_last_layer_makes():
    x = Input((3,))
    model = Model(x, [Dense(2)(x), Dense(2)(x)])
    with pytest.raises(ValueError, match=r"layers.pop\(\) takes the last layer off a model with one output"):
        model.layers.pop()


def test_an_input_layer_may_begin_the_stack():
    model = Sequential([InputLayer(input_shape=(3,), name="x"), Dense(2)])
    assert names(model.layers) == ["x", "dense_1"]
    assert model.input_names == ["x"]
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.predict(X).shape == (5, 2)


def test_batch_input_shape_and_dtype_reach_the_input():
    model = Sequential([Embedding(7, 2, input_length=3)])
    assert model.inputs[0].dtype == "int32"
    fixed = Sequential([Dense(2, batch_input_shape=(5, 3), input_dtype="float32")])
    assert fixed.input_shape == (5, 3)
    assert fixed.output_shape == (5, 2)


def test_np_random_seed_fixes_the_initial_weights():
    def weights(look_first):
        np.random.seed(7)
        model = Sequential([Dense(4, input_dim=3), Dense(2)])
        if look_first:
            model.summary()
            model.layers[1].get_weights()
        return model.get_weights()

    for one, two in zip(weights(False), weights(True), strict=True):
        np.testing.assert_array_equal(one, two)


# ---- pop


def test_pop_takes_the_top_off():
    model = Sequential([Dense(4, input_dim=3), Dense(6), Dense(2)])
    weights = model.get_weights()
    top = model.layers[-1]
    model.pop()
    assert model.output_shape == (None, 6)
    assert names(model.layers) == ["dense_1", "dense_2"]
    assert top.inbound_nodes == []
    assert model.layers[-1].outbound_nodes == []
    np.testing.assert_allclose(model.predict(X), (X @ weights[0] + weights[1]) @ weights[2] + weights[3], rtol=1e-5)
    model.add(Dense(5))
    assert model.predict(X).shape == (5, 5)
    assert names(model.layers) == ["dense_1", "dense_2", "dense_4"]


def test_a_popped_layer_can_be_added_again():
    model = Sequential([Dense(4, input_dim=3), Dense(2)])
    before = model.predict(X)
    top = model.layers[-1]
    model.pop()
    model.add(top)
    np.testing.assert_array_equal(model.predict(X), before)
    other = Sequential([Dense(4, input_dim=3)])
    model.pop()
    other.add(top)
    assert top.output_shape == (None, 2)


def test_pop_until_empty_and_begin_again():
    model = Sequential([Dense(4, input_dim=3)])
    model.pop()
    assert model.layers == []
    with pytest.raises(TypeError, match="no layers in 'sequential_1'"):
        model.pop()
    model.add(Dense(2, input_dim=3))
    assert model.predict(X).shape == (5, 2)
    assert len(model.inbound_nodes) == 1


def test_pop_keeps_a_call_that_another_layer_reads():
    model = Sequential([Dense(4, input_dim=3), Dense(2, name="top")])
    other = Model(model.inputs, Dense(3)(model.output))
    before = other.predict(X)
    model.pop()
    np.testing.assert_array_equal(other.predict(X), before)
    assert model.output_shape == (None, 4)
    assert Model.from_config(other.get_config()).output_shape == (None, 3)


def test_after_pop_the_model_must_be_compiled_again():
    model = Sequential([Dense(4, input_dim=3), Dense(2)])
    model.compile("sgd", "mse")
    model.pop()
    with pytest.raises(RuntimeError, match="not compiled"):
        model.train_on_batch(X, np.zeros((5, 4)))
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.zeros((5, 4)))


# ---- models inside


def test_a_model_at_the_bottom():
    inner = Sequential([Dense(4, input_dim=3, name="a"), Activation("tanh")])
    model = Sequential([inner, Dense(2)])
    weights = model.get_weights()
    assert [weight.shape for weight in weights] == [(3, 4), (4,), (4, 2), (2,)]
    np.testing.assert_allclose(model.predict(X), inner.predict(X) @ weights[2] + weights[3], rtol=1e-5)
    assert model.input_names == inner.input_names
    assert model.get_layer("a") is inner.layers[0]  # Keras 1 finds it too


def test_a_model_higher_up():
    inner = Sequential([Dense(4, input_dim=6)])
    model = Sequential([Dense(6, input_dim=3), inner])
    np.testing.assert_allclose(
        model.predict(X), inner.predict(model.layers[0].apply(model.layers[0].params, X)), rtol=1e-6
    )


def test_a_functional_model_inside():
    x = Input((3,))
    inner = Model(x, merge([Dense(4)(x), Dense(4)(x)], mode="mul"))
    model = Sequential([inner, Dense(2)])
    assert model.predict(X).shape == (5, 2)
    assert len(model.get_weights()) == 6


# ---- Merge at the bottom


def branches(count=2):
    return [Sequential([Dense(4, input_dim=3, name=f"branch_{i}")]) for i in range(count)]


def test_merge_at_the_bottom_takes_one_input_for_each_branch():
    left, right = branches()
    model = Sequential([Merge([left, right], mode="concat"), Dense(2, name="top")])
    assert len(model.inputs) == 2
    assert model.input_names == ["dense_input_1", "dense_input_2"]
    assert names(model.layers) == ["merge_1", "top"]
    assert names(model.flattened_layers) == ["branch_0", "branch_1", "top"]
    weights = model.get_weights()
    assert [weight.shape for weight in weights] == [(3, 4), (4,), (3, 4), (4,), (8, 2), (2,)]
    expected = np.concatenate([left.predict(X), right.predict(-X)], axis=1) @ weights[4] + weights[5]
    np.testing.assert_allclose(model.predict([X, -X]), expected, rtol=1e-5, atol=1e-6)
    assert set(model.params) == {"branch_0", "branch_1", "top"}
    assert model.get_layer("branch_1") is right.layers[0]


def test_merge_of_merges():
    a, b, c = branches(3)
    inner = Sequential([Merge([a, b], mode="sum"), Dense(4)])
    model = Sequential([Merge([inner, c], mode="mul"), Dense(2)])
    assert len(model.get_weights()) == 10
    weights = model.get_weights()
    model.set_weights([weight * 2 for weight in weights])
    np.testing.assert_array_equal(a.get_weights()[0], 2 * weights[0])
    assert model.predict([X, X, X]).shape == (5, 2)


def test_branches_that_share_a_layer_list_it_once():
    shared = Dense(4, input_dim=3, name="shared")
    left = Sequential([shared, Dense(2)])
    right = Sequential([shared, Dense(2)])
    model = Sequential([Merge([left, right], mode="sum")])
    assert names(model.flattened_layers) == ["shared", "dense_1", "dense_2"]
    assert len(model.get_weights()) == 6
    assert len(model.inputs) == 1  # both branches begin with the very same call, as in Keras 1


def test_training_a_merged_model_trains_the_branches():
    left, right = branches()
    model = Sequential([Merge([left, right], mode="sum"), Dense(1)])
    model.compile("sgd", "mse")
    before = left.get_weights()[0]
    model.fit([X, X], np.ones((5, 1)), nb_epoch=1, verbose=0)
    assert not np.array_equal(left.get_weights()[0], before)


# ---- lookup


def test_get_layer():
    model = Sequential([Dense(4, input_dim=3, name="first"), Dense(2, name="second")])
    assert model.get_layer("second") is model.layers[1]
    assert model.get_layer(name="first") is model.layers[0]
    # Keras 1's index is that of the graph, whose first layer is the input.
    assert isinstance(model.get_layer(index=0), InputLayer)
    assert model.get_layer(index=1) is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[1]
    with pytest.raises(ValueError, match=r"no layer named 'secnd'. Perhaps you meant 'second'"):
        model.get_layer("secnd")
    with pytest.raises(ValueError, match=r"has 3 layers; there is no layer at index 3"):
        model.get_layer(index=3)
    with pytest.raises(ValueError, match="needs a name or an index"):
        model.get_layer()


def test_a_model_that_is_in_use_cannot_change():
    model = Sequential([Dense(4, input_dim=3)])
    model(Input((3,)))
    for change in (lambda: model.add(Dense(2)), model.pop):
        with pytest.raises(RuntimeError, match=r"'sequential_1' is part of another model already"):
            change()
    assert len(model.layers) == 1


def test_subclasses_and_attributes_of_a_script():
    class Scaled(Layer):
        def apply(self, params, x):
            return 2.0 * x

    model = Sequential([Scaled(input_shape=(3,))])
    np.testing.assert_array_equal(model.predict(X), 2 * X)
    assert model.model is model
    model.build()


def test_layers_are_added_in_linear_time():
    def stack(count):
        model = Sequential([Dense(4, input_dim=4)])
        for _ in range(count - 1):
            model.add(Dense(4))
        return model

    assert len(stack(20).weights) == 40
    assert python_calls(lambda: stack(200)) < 15 * python_calls(lambda: stack(20))  # quadratic would be 100 times


# ---- summary


def test_summary_is_the_table_of_keras_1(capsys):
    model = Sequential([Dense(32, input_dim=784), Activation("relu"), Dropout(0.5), Dense(10, activation="softmax")])
    model.layers[0].trainable = False
    model.summary()
    lines = [
        "____________________________________________________________________________________________________",
        "Layer (type)                     Output Shape          Param #     Connected to",
        "====================================================================================================",
        "dense_1 (Dense)                  (None, 32)            25120       dense_input_1[0][0]",
        "____________________________________________________________________________________________________",
        "activation_1 (Activation)        (None, 32)            0           dense_1[0][0]",
        "____________________________________________________________________________________________________",
        "dropout_1 (Dropout)              (None, 32)            0           activation_1[0][0]",
        "____________________________________________________________________________________________________",
        "dense_2 (Dense)                  (None, 10)            330         dropout_1[0][0]",
        "====================================================================================================",
        "Total params: 25,450",
        "Trainable params: 330",
        "Non-trainable params: 25,120",
        "____________________________________________________________________________________________________",
    ]
    # Keras 1 pads the columns with spaces up to the end of the line.
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == lines


def test_summary_of_a_graph_shows_every_connection_of_this_model_only(capsys):
    a, b = Input((3,), name="a"), Input((3,), name="b")
    shared = Dense(4, name="shared")
    both = merge([shared(a), shared(b)], mode="concat", name="both")
    shared(Input((3,), name="elsewhere"))
    Model([a, b], Reshape((2, 4), name="r")(both)).summary()
    rows = [line.rstrip() for line in capsys.readouterr().out.splitlines() if not set(line) <= set("_=")]
    assert rows == [
        "Layer (type)                     Output Shape          Param #     Connected to",
        "a (InputLayer)                   (None, 3)             0",
        "b (InputLayer)                   (None, 3)             0",
        "shared (Dense)                   (None, 4)             16          a[0][0]",
        "                                                                   b[0][0]",
        "both (Merge)                     (None, 8)             0           shared[0][0]",
        "                                                                   shared[1][0]",
        "r (Reshape)                      (None, 2, 4)          0           both[0][0]",
        "Total params: 16",
        "Trainable params: 16",
        "Non-trainable params: 0",
    ]


def test_summary_cuts_long_fields_and_takes_a_width(capsys):
    model = Sequential([Dense(2, input_dim=3, name="a_very_long_name_of_a_layer_that_takes_more_than_its_column")])
    model.summary(line_length=60, positions=[20, 40, 50, 60])
    lines = capsys.readouterr().out.splitlines()
    assert set(map(len, (line for line in lines if set(line) <= set("_=")))) == {60}
    assert lines[3] == "a_very_long_name_of (None, 2)           8         dense_inpu"


def test_summary_of_a_layer_with_several_shapes_and_of_a_shared_weight(capsys):
    layer = Dense(4, name="shared")
    x, y = Input((3,)), Input((2, 3))
    inner = Model(x, layer(x), name="inner")
    model = Model([x, y], [inner(x), layer(x), Flatten()(layer(y))])
    model.summary()
    out = capsys.readouterr().out
    assert "shared (Dense)                   multiple              16" in out
    assert "inner (Model)                    (None, 4)             16" in out
    assert "Total params: 16\n" in out  # the layer counts once


def test_summary_of_a_merged_stack_lists_the_branches_as_keras_1(capsys):
    left, right = branches()
    Sequential([Merge([left, right], mode="concat"), Dense(2, name="top")]).summary()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows if "(Dense)" in row] == ["branch_0", "branch_1", "top"]
    assert [row[-1] for row in rows if row[0] == "top"] == ["merge_1[0][0]"]
