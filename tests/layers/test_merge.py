"""Merge and merge: the modes against numpy, masks, nodes, messages, configs."""

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.layers import Activation, Dense, Dropout, Embedding, Flatten, Input, Masking, Merge, TimeDistributed, merge
from jkeras.models import Model, Sequential, model_from_json

RNG = np.random.default_rng(0)
A, B, C = (RNG.normal(size=(4, 2, 3)).astype("float32") for _ in range(3))


def merged(inputs, mode, **arguments):
    return np.asarray(Merge(mode=mode, **arguments).apply({}, [jnp.asarray(x) for x in inputs]))


# ---- numbers


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", A + B + C),
        ("mul", A * B * C),
        ("ave", (A + B + C) / 3),
        ("max", np.maximum(np.maximum(A, B), C)),
        ("concat", np.concatenate([A, B, C], axis=-1)),
    ],
)
def test_modes_of_any_number_of_inputs(mode, expected):
    np.testing.assert_allclose(merged([A, B, C], mode), expected, rtol=1e-6)


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_concat_axis(axis):
    np.testing.assert_array_equal(merged([A, B], "concat", concat_axis=axis), np.concatenate([A, B], axis))


@pytest.mark.parametrize(
    ("axes", "formula"), [(2, "bik,bjk->bij"), (1, "bki,bkj->bij"), (-1, "bik,bjk->bij"), ((1, -2), "bki,bkj->bij")]
)
def test_dot_sums_over_an_axis_of_each(axes, formula):
    np.testing.assert_allclose(merged([A, B], "dot", dot_axes=axes), np.einsum(formula, A, B), rtol=1e-4, atol=1e-6)


def test_dot_of_different_axes():
    b = RNG.normal(size=(4, 5, 2)).astype("float32")
    np.testing.assert_allclose(
        merged([A, b], "dot", dot_axes=(1, 2)), np.einsum("bki,bjk->bij", A, b), rtol=1e-4, atol=1e-6
    )


def test_dot_and_cos_of_vectors():
    a, b = A[:, 0], B[:, 0]
    dot = (a * b).sum(axis=1, keepdims=True)
    lengths = np.linalg.norm(a, axis=1, keepdims=True) * np.linalg.norm(b, axis=1, keepdims=True)
    np.testing.assert_allclose(merged([a, b], "dot", dot_axes=1), dot, rtol=1e-5)
    np.testing.assert_allclose(merged([a, b], "cos", dot_axes=1), dot / lengths, rtol=1e-5)
    np.testing.assert_array_equal(merged([np.zeros_like(a), b], "cos"), np.zeros((4, 1)))


def test_cos_of_sequences_compares_each_step_with_each():
    one, two = (x / np.linalg.norm(x, axis=2, keepdims=True) for x in (A, B))
    expected = np.einsum("bik,bjk->bij", one, two)
    np.testing.assert_allclose(merged([A, B], "cos", dot_axes=2), expected, rtol=1e-4, atol=1e-6)


def test_a_cosine_can_be_flattened_as_in_keras_1():
    assert Flatten()(merge([Input((3,)), Input((3,))], mode="cos")).shape == (None, 1)


def test_function_as_mode():
    layer = Merge(mode=lambda inputs, scale: scale * (inputs[0] - inputs[1]), arguments={"scale": 2.0})
    assert layer([Input((2, 3)), Input((2, 3))]).shape == (None, 2, 3)
    np.testing.assert_allclose(layer.apply({}, [A, B]), 2 * (A - B), rtol=1e-6)


@pytest.mark.parametrize("output_shape", [None, (3,), lambda shapes: (shapes[0][0], shapes[0][2])])
def test_output_shape_of_a_function(output_shape):
    layer = Merge(mode=lambda inputs: K.sum(inputs[0] * inputs[1], axis=1), output_shape=output_shape)
    assert layer([Input((2, 3)), Input((2, 3))]).shape == (None, 3)


def test_a_function_is_told_whether_to_train():
    layer = Merge(mode=lambda inputs: K.in_train_phase(inputs[0], inputs[1]))
    np.testing.assert_array_equal(layer.apply({}, [A, B]), B)
    np.testing.assert_array_equal(layer.apply_with_state({}, {}, [A, B], Context(train=True))[0], A)


# ---- masks


def masks_of(layer, shapes=((2, 3, 4), (2, 3, 4)), masks=()):
    x = [jnp.ones(shape) for shape in shapes]
    return layer.run({}, {}, x, Context(mask=[None if mask is None else jnp.array(mask) for mask in masks])).mask


M1, M2 = [[True, True, False], [False, True, True]], [[True, False, False], [True, True, False]]
BOTH = [[True, False, False], [False, True, False]]


@pytest.mark.parametrize("mode", ["sum", "mul", "ave", "max", "concat"])
def test_a_step_counts_if_all_inputs_have_it(mode):
    np.testing.assert_array_equal(masks_of(Merge(mode=mode), masks=(M1, M2)), BOTH)
    np.testing.assert_array_equal(masks_of(Merge(mode=mode), masks=(None, M2)), M2)
    assert masks_of(Merge(mode=mode), masks=(None, None)) is None


def test_masks_are_joined_where_steps_are():
    layer = Merge(mode="concat", concat_axis=1)
    np.testing.assert_array_equal(masks_of(layer, masks=(M1, M2)), np.concatenate([M1, M2], axis=1))
    one = masks_of(layer, ((2, 2, 4), (2, 3, 4)), (None, M2))
    np.testing.assert_array_equal(one, np.concatenate([np.ones((2, 2), bool), M2], axis=1))


def test_products_over_steps_have_no_mask():
    assert masks_of(Merge(mode="dot"), masks=(M1, M2)) is None
    assert masks_of(Merge(mode="cos"), masks=(M1, M2)) is None


def test_mask_of_a_function():
    def first(inputs):
        return inputs[0]

    assert masks_of(Merge(mode=first), masks=(M1, M2)) is None
    np.testing.assert_array_equal(masks_of(Merge(mode=first, output_mask=lambda masks: masks[1]), masks=(M1, M2)), M2)


def test_a_function_can_take_the_masks():
    def masked_sum(inputs, mask=None):
        return sum(x * K.cast(m, "float32")[..., None] for x, m in zip(inputs, mask, strict=True))

    layer = Merge(mode=masked_sum)
    x = [jnp.ones((2, 3, 1))] * 2
    found = layer.run({}, {}, x, Context(mask=[jnp.array(M1), jnp.array(M2)])).value
    np.testing.assert_array_equal(found[..., 0], np.array(M1, "float32") + np.array(M2, "float32"))


def test_masks_travel_through_the_graph():
    tensors = [Embedding(5, 2, mask_zero=True)(Input((3,), dtype="int32")) for _ in range(2)]
    assert merge(tensors, mode="sum").mask.shape == (None, 3)
    assert merge(tensors, mode="concat", concat_axis=1).mask.shape == (None, 6)
    assert merge(tensors, mode="dot").mask is None


# ---- connections


def test_merge_of_layers_is_connected_at_once():
    left, right = Dense(3), Dense(3)
    left(Input((4,)))
    right(Input((2,)))
    layer = Merge([left, right], mode="concat")
    assert layer.output_shape == (None, 6)
    assert layer.layers == [left, right]
    assert layer.inbound_nodes[0].inbound_layers == [left, right]
    assert merge([left.output, right.output]).history[0].layers == [left, right]


def test_node_indices_pick_a_call():
    shared, inputs = Dense(3), [Input((4,)), Input((4,))]
    outputs = [shared(tensor) for tensor in inputs]
    layer = Merge([shared, shared], mode="sum", node_indices=[0, 1])
    assert layer.input == outputs
    first = Merge([shared, shared], mode="sum")
    assert first.input == [outputs[0], outputs[0]]


def test_tensor_indices_pick_an_output():
    inputs = Input((4,))
    model = Model(inputs, [Dense(3)(inputs), Dense(2)(inputs)])
    model(Input((4,)))
    layer = Merge([model, model], mode="concat", node_indices=[1, 1], tensor_indices=[0, 1])
    assert layer.output_shape == (None, 5)
    with pytest.raises(ValueError, match=r"'model_1' has 2 outputs; say by tensor_indices which one is meant"):
        Merge([model, model], mode="concat", node_indices=[1, 1])
    with pytest.raises(ValueError, match=r"node_indices has one entry for each of the 2 layers; got \[1\]"):
        Merge([model, model], mode="concat", node_indices=[1])


def branches():
    left = Sequential([Dense(3, input_dim=4), Activation("tanh")])
    right = Sequential([Dense(3, input_dim=2)])
    return Sequential([Merge([left, right], mode="concat"), Dense(1)])


def test_branches_of_a_sequential_model():
    model, data = branches(), [A[:, 0, :1].repeat(4, 1), B[:, 0, :2]]
    w1, b1, w2, b2, w3, b3 = model.get_weights()
    expected = np.concatenate([np.tanh(data[0] @ w1 + b1), data[1] @ w2 + b2], axis=1) @ w3 + b3
    np.testing.assert_allclose(model.predict(data), expected, rtol=1e-5, atol=1e-6)
    text = model.to_json()
    again = model_from_json(text)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(data), model.predict(data))
    assert again.to_json() == text


def test_a_merge_of_layers_in_a_functional_model_is_read_back():
    inputs, left, right = Input((4,)), Dense(3), Dense(3)
    left(inputs)
    right(inputs)
    model = Model(inputs, Merge([left, right], mode="mul").output)
    text = model.to_json()
    again = model_from_json(text)
    assert again.to_json() == text
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]


def test_residual_sum_trains():
    inputs = Input((4,))
    model = Model(inputs, Dense(1)(merge([inputs, Dropout(0.1)(Dense(4)(inputs))])))
    model.compile("sgd", "mse")
    assert np.isfinite(model.train_on_batch(np.ones((2, 4)), np.ones((2, 1))))


# ---- messages


def tensors(*shapes):
    return [Input(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("shapes", "arguments", "message"),
    [
        (((3,), (4,)), {"mode": "sum"}, r"'merge_1' \(Merge, mode 'sum'\) needs inputs of one shape; got \(None, 3\)"),
        (((3,), (4, 3)), {"mode": "max"}, r"needs inputs of one shape; got \(None, 3\), \(None, 4, 3\)"),
        (((2, 3), (3, 3)), {"mode": "concat"}, r"in all axes but concat_axis=-1; got \(None, 2, 3\), \("),
        (((2, 3), (3,)), {"mode": "concat"}, "agree in all axes but concat_axis=-1"),
        (((3,), (3,)), {"mode": "concat", "concat_axis": 2}, r"concat_axis=2 is no axis of an input of shape"),
        (((3,), (3,), (3,)), {"mode": "dot"}, "takes exactly two inputs; got 3"),
        (((3,), (4,)), {"mode": "cos"}, r"axis 1 of the first input .* got \(None, 3\), \(None, 4\)"),
        (((3,), (3,)), {"mode": "dot", "dot_axes": 0}, r"dot_axes=0 is no axis of an input"),
        (((3,), (3,)), {"mode": "dot", "dot_axes": (1, 2, 3)}, r"dot_axes is an int, or a pair .* got \(1, 2, 3\)"),
        (((3,), (3,)), {"mode": "summ"}, r"Unknown merge mode: 'summ'. Perhaps you meant 'sum'"),
        (((3,), (3,)), {"mode": None}, "Unknown merge mode: None"),
    ],
)  # fmt: skip
def test_value_errors(shapes, arguments, message):
    with pytest.raises(ValueError, match=message):
        merge(tensors(*shapes), **arguments)


def test_type_errors():
    a, b = tensors((3,), (3,))
    with pytest.raises(TypeError, match="called on a list of at least two tensors; got"):
        merge([a])
    with pytest.raises(TypeError, match="called on a list of at least two tensors; got"):
        merge(a)
    with pytest.raises(TypeError, match="was called on ndarray; a layer is called on the tensors"):
        merge([a, np.ones((2, 3))])
    with pytest.raises(TypeError, match="Merge takes a list of at least two layers"):
        Merge([Dense(3)])
    with pytest.raises(TypeError, match=r"entry 0 is KerasTensor. Tensors go to merge\(\)"):
        Merge([a, b])
    with pytest.raises(TypeError, match=r"dot_axes is an int, or a pair"):
        merge([a, b], mode="dot", dot_axes="1")


def test_a_merge_is_called_once():
    layer = Merge(mode="sum")
    layer(tensors((3,), (3,)))
    with pytest.raises(RuntimeError, match=r"'merge_1' \(Merge\) is connected already"):
        layer(tensors((3,), (3,)))


# ---- configs


def test_config_is_keras_1s():
    layer = merge(tensors((3,), (3,)), mode="dot").history[0]
    assert layer.get_config() == {
        "name": "merge_1",
        "mode": "dot",
        "mode_type": "raw",
        "concat_axis": -1,
        "dot_axes": [1, 1],
        "output_shape": None,
        "output_shape_type": "raw",
        "output_mask": None,
        "output_mask_type": "raw",
        "arguments": {},
    }


def test_functions_are_custom_objects():
    inputs = [Input((3,)), Input((3,))]
    gap = lambda v: v[0] - v[1]  # noqa: E731
    model = Model(inputs, merge(inputs, mode=gap, output_shape=(3,)))
    text = model.to_json()
    with pytest.raises(ValueError, match=r"'merge_1' \(Merge\) uses a lambda as its mode.*custom_objects=\{'merge_1'"):
        model_from_json(text)
    again = model_from_json(text, {"merge_1": gap})
    np.testing.assert_array_equal(again.predict([A[:, 0], B[:, 0]]), A[:, 0] - B[:, 0])


def test_a_lost_mask_function_is_an_error():
    def first(values):
        return values[0]

    config = {
        "name": "it",
        "mode": "first",
        "mode_type": "function",
        "output_mask": "first",
        "output_mask_type": "lambda",
    }
    with pytest.raises(ValueError, match="as its output_mask"):
        Merge.from_config({**config, "output_mask": ["code"]}, {"it": first})
    assert Merge.from_config(config, {"first": first}).mode is first


def test_timedistributed_branches():
    outputs = [TimeDistributed(Dense(2))(Masking()(Input((3, 4)))) for _ in range(2)]
    assert merge(outputs, mode="concat").mask.shape == (None, 3)
