"""The graph: order of layers and calls, what is computed, keys, deep graphs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context, Weight
from jkeras.engine.graph import Graph
from jkeras.engine.layer import Layer
from jkeras.errors import DisconnectedGraphError
from jkeras.layers import Dense, Dropout, Input, Lambda, Masking, merge
from jkeras.models import Model
from tests.work import python_calls


def names(graph_or_model):
    return [layer.name for layer in graph_or_model.layers]


def run(model, x):
    return model.apply(model.params, x)


# ---- order


def test_layers_stand_by_distance_from_the_output_then_as_a_walk_meets_them():
    # Keras 1 orders the weights in files by this: the deepest first; of equal depth in the order of the walk from the
    # outputs, which goes through the inputs of a layer from the first to the last.
    a, b = Input((3,), name="a"), Input((3,), name="b")
    left = Dense(3, name="left")(a)
    right = Dense(3, name="right")(b)
    both = merge([right, left], mode="concat", name="both")
    output = Dense(2, name="out")(both)
    assert names(Model([a, b], output)) == ["b", "a", "right", "left", "both", "out"]


def test_a_layer_stands_where_its_deepest_call_is():
    x = Input((3,), name="x")
    shared = Dense(3, name="shared")
    middle = Dense(3, name="middle")
    late = shared(middle(shared(x)))  # calls at distances 1 and 3
    output = merge([late, x], mode="sum", name="out")
    assert names(Model(x, output)) == ["x", "shared", "middle", "out"]


def test_an_output_inside_the_graph_counts_by_its_longest_way():
    x = Input((3,), name="x")
    inner = Dense(3, name="inner")(x)
    outer = Dense(3, name="outer")(inner)
    for outputs in ([inner, outer], [outer, inner]):
        model = Model(x, outputs)
        assert names(model) == ["x", "inner", "outer"]
        assert model.graph.depths[inner.node] == 1


def test_calls_are_in_an_order_in_which_they_can_be_computed():
    rng = np.random.default_rng(0)
    for _ in range(20):
        tensors = [Input((2,)) for _ in range(3)]
        for _ in range(12):
            chosen = [tensors[i] for i in rng.integers(0, len(tensors), 2)]
            tensors.append(merge(chosen, mode="sum"))
        graph = Graph(tensors[:3], tensors[-3:])
        position = {node: index for index, node in enumerate(graph.nodes)}
        for node in graph.nodes:
            assert all(position[tensor.node] < position[node] for tensor in node.input_tensors if not node.source)


# ---- what is computed


def test_a_diamond_computes_each_call_once():
    calls = []

    def note(x):
        calls.append(1)
        return 2.0 * x

    x = Input((2,))
    twice = Lambda(note, output_shape=(2,))(x)
    model = Model(x, merge([twice, twice, Lambda(lambda x: x + 1)(twice)], mode="sum"))
    calls.clear()
    np.testing.assert_array_equal(run(model, jnp.ones((1, 2))), [[7.0, 7.0]])
    assert len(calls) == 1


def test_an_input_may_be_an_output():
    x, y = Input((2,)), Input((2,))
    model = Model([x, y], [y, x, merge([x, y], mode="sum")])
    one, two = np.ones((3, 2)), np.full((3, 2), 2.0)
    for got, expected in zip(model.predict([one, two]), (two, one, one + two), strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(Model(x, x).predict(one), one)


def test_the_same_output_twice():
    x = Input((2,))
    y = Dense(3)(x)
    first, second = Model(x, [y, y]).predict(np.ones((4, 2)))
    np.testing.assert_array_equal(first, second)


def test_an_input_that_no_output_depends_on_is_allowed_and_kept():
    x, unused = Input((2,), name="x"), Input((5,), name="unused")
    model = Model([unused, x], Dense(3)(x))
    assert sorted(names(model)) == ["dense_1", "unused", "x"]
    assert model.predict([np.ones((4, 5)), np.ones((4, 2))]).shape == (4, 3)
    again = Model.from_config(model.get_config())
    assert again.input_names == ["unused", "x"]
    assert again.get_config() == model.get_config()


def test_a_graph_may_begin_at_a_tensor_inside_another():
    # For functions of intermediate values. A Model needs Input tensors, as in Keras 1: see test_bad_input.
    x = Input((2,))
    hidden = Dense(3, name="below", W_regularizer="l2")(x)
    output = Dense(2, name="above")(hidden)
    graph = Graph([hidden], [output])
    assert names(graph) == ["above"]
    layer = graph.layers[0]
    result = graph.run({"above": layer.params}, {}, [jnp.ones((4, 3))], [None], Context())
    np.testing.assert_array_equal(result.outputs[0], layer.apply(layer.params, jnp.ones((4, 3))))


def test_a_given_output_is_not_overwritten_by_its_layer():
    class Pair(Layer):
        def apply(self, params, x):
            return [x + 1, x + 2]

    x = Input((2,))
    one, two = Pair()(x)
    result = Graph([x, one], [one, two]).run(
        {}, {}, [jnp.zeros((1, 2)), jnp.full((1, 2), 9.0)], [None, None], Context()
    )
    np.testing.assert_array_equal(result.outputs[0], [[9.0, 9.0]])
    np.testing.assert_array_equal(result.outputs[1], [[2.0, 2.0]])


def test_disconnected_graph_names_the_missing_input_and_what_needs_it():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    output = Dense(2, name="on_b")(b)
    with pytest.raises(
        DisconnectedGraphError, match=r"depend on 'b' .*not among the inputs \['a'\].*on_b.*Add that tensor"
    ) as caught:
        Model(a, output)
    assert isinstance(caught.value, RuntimeError)  # as Keras 1


# ---- a failing layer


def test_an_error_inside_a_layer_says_which_layer_of_which_model():
    def broken(x):
        return jnp.dot(x, jnp.ones((7, 7)))

    x = Input((3,))
    inner = Model(x, Lambda(broken, output_shape=(7,), name="wrong")(x), name="inner")
    y = Input((3,))
    outer = Model(y, inner(y), name="outer")
    with pytest.raises(TypeError) as caught:
        run(outer, jnp.ones((2, 3)))
    notes = [note for note in caught.value.__notes__ if note.startswith("In ")]  # JAX adds one of its own
    assert notes == ["In layer 'wrong' (Lambda) of 'inner'.", "In layer 'inner' (Model) of 'outer'."]


# ---- masks


class Recorder(Layer):
    """Passes everything on, and tells the test what mask came."""

    supports_masking = True
    seen: list = []  # noqa: RUF012

    def apply_with_state(self, params, state, x, ctx=Context()):  # noqa: B008
        Recorder.seen.append(ctx.mask)
        return x, state


def test_masks_travel_beside_their_values():
    x, y = Input((3, 2)), Input((3, 2))
    masked = Masking()(x)
    Model([x, y], merge([Recorder()(masked), Recorder()(y)], mode="concat"))
    model = Model([x, y], [Recorder()(masked), Recorder()(y)])
    data = jnp.asarray([[[1.0, 0.0], [0.0, 0.0], [2.0, 2.0]]])
    Recorder.seen = []
    result = model.run({}, {}, [data, data], Context())
    masks = [mask for mask in Recorder.seen if mask is not None]
    np.testing.assert_array_equal(masks, [[[True, False, True]]])
    assert Recorder.seen.count(None) == 1
    np.testing.assert_array_equal(result.mask[0], [[True, False, True]])
    assert result.mask[1] is None


def test_masks_of_inputs_can_be_given():
    x = Input((3, 2))
    model = Model(x, Recorder()(x))
    mask = jnp.asarray([[True, False, True]])
    Recorder.seen = []
    model.apply({}, jnp.ones((1, 3, 2)), mask=mask)
    model.apply_with_state({}, {}, jnp.ones((1, 3, 2)), mask=mask)
    assert [entry is mask for entry in Recorder.seen] == [True, True]


def test_a_mask_enters_and_leaves_a_nested_model():
    x = Input((3, 2))
    inner = Model(x, Recorder()(x))
    y = Input((3, 2))
    output = inner(Masking()(y))
    assert output.mask.shape == (None, 3)
    Recorder.seen = []
    result = Model(y, output).run({}, {}, jnp.asarray([[[1.0, 0], [0, 0], [0, 1]]]), Context())
    np.testing.assert_array_equal(Recorder.seen[0], [[True, False, True]])
    np.testing.assert_array_equal(result.mask, [[True, False, True]])


# ---- state and keys of several calls


class Counting(Layer):
    """Its state grows by the sum of what comes; the output is the state before."""

    def weight_specs(self, input_shape):
        return [Weight("total", (), lambda shape, name=None: jnp.zeros(shape), trainable=False)]

    def apply_with_state(self, params, state, x, ctx=Context()):  # noqa: B008
        return x * 0 + state["total"], {"total": state["total"] + jnp.sum(x)}


def test_all_calls_read_the_old_state_and_the_first_made_is_kept():
    # Not the call that is computed first: Keras 1 goes by the order in which the script made the calls.
    x, y = Input((1,)), Input((1,))
    layer = Counting()
    first = layer(x)  # near the output
    second = Lambda(lambda x: x, output_shape=(1,))(Lambda(lambda x: x, output_shape=(1,))(layer(y)))
    model = Model([x, y], merge([first, second], mode="sum"))
    one, hundred = jnp.ones((1, 1)), jnp.full((1, 1), 100.0)
    _, state = model.apply_with_state({}, {layer.name: {"total": jnp.asarray(5.0)}}, [one, hundred])
    assert float(state[layer.name]["total"]) == 6.0
    # A model that has only the second call keeps that one.
    only = Model(y, second)
    _, state = only.apply_with_state({}, {layer.name: {"total": jnp.asarray(5.0)}}, hundred)
    assert float(state[layer.name]["total"]) == 105.0


def dropped(model, x, key):
    return model.apply_with_state(model.params, model.state, x, train=True, key=key)[0]


def test_each_call_has_a_key_of_its_own_and_other_layers_change_none():
    x = Input((50,))
    drop = Dropout(0.5, name="drop")
    small = Model(x, [drop(x), drop(x)])
    data, key = jnp.ones((1, 50)), jax.random.key(3)
    one, two = dropped(small, data, key)
    assert not np.array_equal(one, two)
    noisy = Dropout(0.5, name="other")(x)
    large = Model(x, [noisy, Dense(2)(noisy), small.outputs[0], small.outputs[1]])
    _, _, again_one, again_two = dropped(large, data, key)
    np.testing.assert_array_equal(again_one, one)
    np.testing.assert_array_equal(again_two, two)
    # A model that has only the second call numbers it anew: the key is that of the layer's first call.
    np.testing.assert_array_equal(dropped(Model(x, small.outputs[1]), data, key), one)


def test_the_learning_phase_is_that_of_the_run():
    x = Input((2,))
    model = Model(x, Lambda(lambda x: K.in_train_phase(x * 2, x), output_shape=(2,))(x))
    data = jnp.ones((1, 2))
    np.testing.assert_array_equal(model.apply({}, data), data)
    np.testing.assert_array_equal(dropped(model, data, jax.random.key(0)), 2 * data)
    assert K.learning_phase() == 0


# ---- size


def test_a_thousand_layers_are_built_in_linear_time_without_recursion():
    def chain(count):
        x = tensor = Input((2,))
        for _ in range(count):
            tensor = merge([tensor, tensor], mode="ave")
        return Model(x, tensor)

    chain(10)
    assert python_calls(lambda: chain(200)) < 15 * python_calls(lambda: chain(20))  # quadratic would be 100 times
    model = chain(1000)
    assert len(model.layers) == 1001
    np.testing.assert_allclose(run(model, jnp.ones((1, 2))), np.ones((1, 2)))
    assert Model.from_config(model.get_config()).get_config() == model.get_config()


def test_one_layer_called_a_thousand_times():
    x = tensor = Input((2,))
    layer = Lambda(lambda x: x + 1.0, output_shape=(2,))
    for _ in range(1000):
        tensor = layer(tensor)
    np.testing.assert_array_equal(run(Model(x, tensor), jnp.zeros((1, 2))), np.full((1, 2), 1000.0))
