"""Keras 1's access to calls: input, output, shapes and masks of a layer, by index where it was called several times."""

import pytest

from jkeras.engine import get_source_inputs
from jkeras.engine.input import InputLayer
from jkeras.engine.node import Node
from jkeras.layers import Dense, Embedding, Input, Masking, merge
from jkeras.models import Model, Sequential


def test_a_layer_called_once():
    x = Input((3,), name="x")
    layer = Dense(4)
    y = layer(x)
    assert layer.input is x
    assert layer.output is y
    assert layer.input_shape == (None, 3)
    assert layer.output_shape == (None, 4)
    assert layer.input_mask is None
    assert layer.output_mask is None
    assert layer.get_input_at(0) is x
    assert layer.get_output_at(-1) is y
    assert y._keras_history == (layer, 0, 0)
    assert y._keras_shape == y.shape == (None, 4)
    assert x._keras_history[0] is get_source_inputs(y)[0]._keras_history[0]


def test_a_layer_called_on_several_tensors():
    x, y = Input((3,)), Input((4,))
    layer = merge([x, y], mode="concat").history[0]
    assert layer.input == [x, y]
    assert layer.input_shape == [(None, 3), (None, 4)]
    assert layer.output_shape == (None, 7)
    assert layer.input_mask == [None, None]
    assert layer.get_input_shape_at(0) == [(None, 3), (None, 4)]


def test_a_node_knows_its_neighbours():
    x, y = Input((3,), name="x"), Input((3,), name="y")
    layer = Dense(4)
    layer(x)
    second = layer(y)
    merged = merge([second, y], mode="concat", name="m")
    node = merged.history[0].inbound_nodes[0]
    assert isinstance(node, Node)
    assert [before.name for before in node.inbound_layers] == ["dense_1", "y"]
    assert node.node_indices == [1, 0]
    assert node.tensor_indices == [0, 0]
    assert node.outbound_layer.name == "m"
    assert node.input_tensors == [second, y]
    assert node.output_tensors == [merged]
    assert node.input_shapes == [(None, 4), (None, 3)]
    assert node.output_shapes == [(None, 7)]
    assert node in layer.outbound_nodes
    assert len(layer.inbound_nodes) == 2
    source = x.history[0].inbound_nodes[0]
    assert (source.inbound_layers, source.node_indices, source.input_tensors, source.output_tensors) == (
        [],
        [],
        [x],
        [x],
    )


def test_of_a_layer_called_twice_only_what_agrees_is_told():
    layer = Dense(4)
    x, y, z = Input((3,)), Input((3,)), Input((7, 3))
    layer(x)
    second = layer(y)
    assert layer.output_shape == (None, 4)  # the same at both nodes, so it is told, as in Keras 1
    assert layer.input_shape == (None, 3)
    for name, method in (("input", "get_input_at"), ("output", "get_output_at"), ("input_mask", "get_input_mask_at")):
        with pytest.raises(
            AttributeError, match=rf"'dense_1' has 2 nodes.*ambiguous.*{method}\(i\) with i from 0 to 1"
        ):
            getattr(layer, name)
    assert layer.get_output_at(1) is second
    layer(z)
    with pytest.raises(AttributeError, match=r"has 3 nodes, so `output shape` is ambiguous. Use get_output_shape_at"):
        _ = layer.output_shape
    assert layer.get_output_shape_at(2) == (None, 7, 4)
    assert layer.get_input_shape_at(0) == (None, 3)


def test_of_a_layer_that_was_never_called_nothing_is_told():
    layer = Dense(4)
    for name in ("input", "output", "input_shape", "output_shape", "input_mask", "output_mask"):
        with pytest.raises(AttributeError, match=r"'dense_1' has no .*: it was never called on a tensor"):
            getattr(layer, name)
    with pytest.raises(RuntimeError, match="never called"):
        layer.get_output_at(0)


def test_an_index_that_does_not_exist():
    layer = Dense(4)
    layer(Input((3,)))
    with pytest.raises(ValueError, match=r"no output at node 1: it was called 1 times \(indices 0 to 0\)"):
        layer.get_output_at(1)


def test_masks_are_tensors_of_their_own():
    words = Input((5,), dtype="int32")
    embedding = Embedding(7, 3, mask_zero=True)
    embedded = embedding(words)
    assert embedding.input_mask is None
    assert embedding.output_mask is embedded.mask
    assert (embedded.mask.shape, embedded.mask.dtype) == ((None, 5), "bool")
    masking = Masking()
    masked = masking(embedded)
    assert masking.input_mask is embedded.mask
    assert masking.get_input_mask_at(0) is embedded.mask
    assert masking.get_output_mask_at(0).shape == masked.mask.shape == (None, 5)


def test_a_sequential_is_a_node_that_follows_its_stack():
    model = Sequential([Dense(3, input_dim=2)])
    first = model.output
    assert model.inbound_nodes[0].output_tensors == [first]
    model.add(Dense(4))
    assert model.output is not first
    assert model.output_shape == (None, 4)
    assert model.input_shape == (None, 2)
    assert len(model.inbound_nodes) == 1
    assert model.layers[0].output is first
    assert model.layers[1].input is first


def test_a_model_that_is_called_has_a_node_for_each_call_after_its_own():
    x = Input((2,), name="x")
    inner = Model(x, [Dense(3, name="a")(x), Dense(4, name="b")(x)], name="inner")
    y = Input((2,))
    one, two = inner(y)
    assert inner.get_input_at(0) is x
    assert inner.get_output_at(1) == [one, two]
    assert two._keras_history == (inner, 1, 1)
    assert inner.output_shape == [(None, 3), (None, 4)]
    assert inner.input is x  # its own graph's, however often it is called
    assert inner.output == inner.get_output_at(0)
    assert inner.outputs[0]._keras_history[0].name == "a"  # the calls inside keep their history


def test_shapes_with_a_fixed_batch_and_with_free_axes():
    layer = Dense(4)
    layer(Input(batch_shape=(8, None, 3)))
    assert layer.input_shape == (8, None, 3)
    assert layer.output_shape == (8, None, 4)


def test_source_inputs_in_the_order_in_which_the_graph_meets_them():
    a, b, c = (Input((2,), name=name) for name in "abc")
    x = merge([merge([b, a], mode="sum"), merge([c, b], mode="sum")], mode="sum")
    assert get_source_inputs(x) == [b, a, c]
    assert get_source_inputs(a) == [a]
    layer = x.history[0]
    assert get_source_inputs(x, layer, 0) == [b, a, c]


def test_input_makes_an_input_layer():
    x = Input(batch_shape=(4, 3), dtype="int32", name="x")
    layer = x.history[0]
    assert isinstance(layer, InputLayer)
    assert (layer.name, layer.batch_input_shape, layer.input_dtype, x.dtype) == ("x", (4, 3), "int32", "int32")
    assert Input((3,)).name == "input_1"
    assert layer.output is x
    assert Input(()).shape == (None,)
