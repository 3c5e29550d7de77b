"""Configs of models: round trips through JSON, sharing, Keras 1's recorded configs, configs that are wrong."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.layer import Layer
from jkeras.errors import UnknownNameError
from jkeras.layers import Activation, Dense, Dropout, Embedding, Input, Lambda, Masking, Merge, TimeDistributed, merge
from jkeras.models import Model, Sequential, model_from_config, model_from_json
from jkeras.utils.generic_utils import custom_object_scope
from tests.conformance.manifest import load_cases


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def shared_layers():
    """One layer at three nodes, one of which no model uses, and outputs of different nodes."""
    a, b, c = Input((3,), name="a"), Input((3,), name="b"), Input((3,), name="c")
    shared = Dense(3, name="shared", activation="tanh")
    one = shared(a)
    shared(c)
    two = shared(Dense(3, name="before")(b))
    return Model([a, b], [merge([one, two, one], mode="sum", name="m"), shared(two)])


def nested():
    x = Input((3,), name="x")
    inner = Model(x, [Dense(4, name="p")(x), Dense(2, name="q")(x)], name="inner")
    stack = Sequential([Dense(3, input_dim=3, name="s"), Dropout(0.5, name="drop")], name="stack")
    y, z = Input((3,), name="y"), Input((3,), name="z")
    inner(y)  # a call outside of the model
    p, q = inner(stack(z))
    p2, _ = inner(y)
    return Model([z, y], [merge([p, p2], mode="concat", name="m"), q, stack(y)])


def shared_with_nested():
    """A layer is used by the model, by a model in it and by a stack in it."""
    shared = Dense(3, input_dim=3, name="shared")
    x = Input((3,), name="x")
    inner = Model(x, Dense(3, name="mine")(shared(x)), name="inner")
    stack = Sequential([Dense(3, input_dim=3, name="mine"), shared], name="stack")
    y = Input((3,), name="y")
    return Model(y, shared(stack(inner(y))), name="outer")


def merge_first():
    shared = Dense(4, input_dim=3, name="shared")
    left = Sequential([shared, Dense(2, name="l")], name="left")
    right = Sequential([Dense(3, input_dim=3, name="r"), shared], name="right")
    other = Sequential([Dense(6, input_dim=3, name="o")], name="other")
    inner = Sequential([Merge([left, right], mode="concat"), Activation("relu")], name="inner")
    return Sequential([Merge([inner, other], mode="mul"), Dense(2, name="top")], name="all")


def stacks():
    bottom = Sequential([Dense(4, input_dim=3, name="b")], name="bottom")
    return Sequential(
        [bottom, Sequential([Dense(2, input_dim=4, name="t")], name="top"), Dense(1, name="last")], name="all"
    )


def words():
    x = Input((5,), dtype="int32", name="words")
    embedded = Embedding(7, 3, mask_zero=True, W_regularizer="l2", name="e")(x)
    return Model(x, TimeDistributed(Dense(2, name="inner", b_constraint="maxnorm"), name="steps")(embedded))


def fixed_shapes():
    x = Input(batch_shape=(6, 4, 3), name="x")
    return Model(x, TimeDistributed(Dense(2, name="inner"), name="steps")(Masking(mask_value=-1.0, name="mask")(x)))


def merge_of_layers():
    """A functional model around a Merge that was made from models."""
    left, right = (Sequential([Dense(2, input_dim=3, name=name)], name=f"of_{name}") for name in "lr")
    merged = Merge([left, right], mode="sum", name="m")
    return Model([left.inputs[0], right.inputs[0]], Dense(2, name="top")(merged.output))


MODELS = [shared_layers, nested, shared_with_nested, merge_first, stacks, words, fixed_shapes, merge_of_layers]


def data_for(model):
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 7, (6, *tensor.shape[1:]))
        if tensor.dtype == "int32"
        else rng.normal(size=(6, *tensor.shape[1:]))
        for tensor in model.inputs
    ]
    return arrays if len(arrays) > 1 else arrays[0]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_round_trip(make):
    model = make()
    text = model.to_json()
    again = model_from_json(text)
    assert type(again) is type(model)
    assert again.name == model.name
    assert again.to_json() == text
    # The pytrees of both fit, sharing included, so that params can be exchanged.
    assert shapes(again.params) == shapes(model.params)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.output_names == model.output_names
    if type(model) is Model:  # the input that a stack makes for itself gets a new name, as in Keras 1
        assert again.input_names == model.input_names
    assert (again.input_shape, again.output_shape) == (model.input_shape, model.output_shape)
    again.params = model.params
    x = data_for(model)
    expected, got = model.predict(x), again.predict(x)
    for one, two in zip(expected, got, strict=True) if isinstance(expected, list) else [(expected, got)]:
        np.testing.assert_array_equal(one, two)
    # Also by get_weights' order, as files have it.
    third = type(model).from_config(json.loads(text)["config"])
    third.set_weights(model.get_weights())
    third = third.predict(x)
    np.testing.assert_array_equal(
        third[0] if isinstance(third, list) else third, expected[0] if isinstance(expected, list) else expected
    )


def test_json_is_keras_1s_format():
    model = Sequential([Dense(2, input_dim=3)], name="s")
    config = json.loads(model.to_json(indent=2))
    assert config["class_name"] == "Sequential"
    assert config["keras_version"] == "1.2.2"
    assert config["config"] == [
        {
            "class_name": "Dense",
            "config": {
                "name": "dense_1", "trainable": True, "batch_input_shape": [None, 3], "output_dim": 2, "init": "glorot_uniform",
                "activation": "linear", "W_regularizer": None, "b_regularizer": None, "activity_regularizer": None,
                "W_constraint": None, "b_constraint": None, "bias": True, "input_dim": 3,
            },
        }
    ]  # fmt: skip
    x = Input((3,), name="x")
    config = json.loads(Model(x, Dense(2, name="d")(x), name="m").to_json())["config"]
    assert {key: config[key] for key in ("name", "input_layers", "output_layers")} == {
        "name": "m", "input_layers": [["x", 0, 0]], "output_layers": [["d", 0, 0]],
    }  # fmt: skip
    assert [layer["inbound_nodes"] for layer in config["layers"]] == [[], [[["x", 0, 0]]]]
    assert config["layers"][0]["config"] == {
        "batch_input_shape": [None, 3], "input_dtype": "float32", "sparse": False, "name": "x",
    }  # fmt: skip


def test_calls_outside_of_the_model_do_not_count():
    config = shared_layers().get_config()
    shared = next(layer for layer in config["layers"] if layer["name"] == "shared")
    assert shared["inbound_nodes"] == [[["a", 0, 0]], [["before", 0, 0]], [["shared", 1, 0]]]
    assert config["output_layers"] == [["m", 0, 0], ["shared", 2, 0]]


def test_a_layer_at_several_places_is_marked_and_read_once():
    model = shared_with_nested()
    again = model_from_json(model.to_json())
    shared = again.get_layer("shared")
    assert again.get_layer("inner").get_layer("shared") is shared
    assert again.get_layer("stack").layers[1] is shared
    # Of the two layers called 'mine' each has its own weights.
    assert again.get_layer("inner").get_layer("mine") is not again.get_layer("stack").layers[0]


def test_a_config_without_marks_makes_a_layer_for_each_place_as_keras_1_does():
    def strip(config):
        if isinstance(config, dict):
            return {key: strip(value) for key, value in config.items() if key != "shared"}
        return [strip(entry) for entry in config] if isinstance(config, list) else config

    config = json.loads(shared_with_nested().to_json())
    assert config != strip(config)
    again = model_from_config(strip(config))
    assert again.get_layer("inner").get_layer("shared") is not again.get_layer("shared")


def test_frozen_layers_and_models_stay_frozen():
    model = nested()
    model.get_layer("stack").trainable = False
    model.get_layer("p").trainable = False
    model.get_layer("inner").trainable = False
    again = model_from_json(model.to_json())
    assert [again.get_layer(name).trainable for name in ("stack", "p", "inner", "q")] == [False, False, False, True]
    model.trainable = False
    assert not Model.from_config(model.get_config()).trainable
    stack = stacks()
    stack.trainable = False
    assert not model_from_json(stack.to_json()).trainable


def test_reading_does_not_change_the_config():
    model = merge_first()
    config = model.get_config()
    before = json.dumps(config)
    Sequential.from_config(config)
    assert json.dumps(config) == before


def test_model_from_config():
    for model in (nested(), stacks()):
        again = model_from_config({"class_name": type(model).__name__, "config": model.get_config()})
        assert shapes(again.get_weights()) == shapes(model.get_weights())
    with pytest.raises(TypeError, match=r"got a list.*Sequential.from_config"):
        model_from_config(stacks().get_config())


def test_numbers_and_tuples_become_json():
    model = Sequential([Lambda(K.tanh, input_shape=(np.int64(3),), output_shape=(np.int64(3),), arguments={})])
    model.add(Dense(np.int64(4), W_regularizer="l1l2"))
    config = json.loads(model.to_json())
    assert config["config"][0]["config"]["batch_input_shape"] == [None, 3]
    assert config["config"][1]["config"]["output_dim"] == 4


# ---- custom layers and functions


class Scale(Layer):
    """A custom layer with a `get_config` in Keras 1's manner."""

    def __init__(self, factor, **kwargs):
        self.factor = factor
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight((input_shape[-1],), "one", name=f"{self.name}_W")

    def call(self, x, mask=None):
        return x * self.W * self.factor

    def get_config(self):
        base_config = super().get_config()
        return dict(list(base_config.items()) + list({"factor": self.factor}.items()))


def test_custom_layers_are_named_in_custom_objects():
    model = Sequential([Scale(3.0, input_shape=(3,))])
    text = model.to_json()
    again = model_from_json(text, custom_objects={"Scale": Scale})
    np.testing.assert_array_equal(again.predict(np.ones((1, 3))), [[3.0, 3.0, 3.0]])
    with custom_object_scope({"Scale": Scale}):
        assert model_from_json(text).layers[0].factor == 3.0
    with pytest.raises(UnknownNameError, match=r"Unknown layer: 'Scale'"):
        model_from_json(text)


def test_custom_objects_reach_layers_in_layers():
    x = Input((2, 3), name="x")
    inner = Sequential([TimeDistributed(Scale(3.0, name="scale"), input_shape=(2, 3), name="steps")], name="inner")
    text = Model(x, inner(x)).to_json()
    again = model_from_json(text, {"Scale": Scale})
    np.testing.assert_array_equal(again.predict(np.ones((1, 2, 3))), np.full((1, 2, 3), 3.0))


# ---- what Keras 1 wrote


def covers(ours, theirs):
    """Whether `ours` has all that `theirs` has: Keras 1's configs leave fields out."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(key in ours and covers(ours[key], value) for key, value in theirs.items())
    if isinstance(theirs, list):
        return isinstance(ours, list) and len(ours) == len(theirs) and all(map(covers, ours, theirs))
    return ours == theirs


GOLDEN = [case for case in load_cases() if case.entry["group"] in ("core", "models") and case.entry.get("config")]


def test_recorded_configs_are_written_again():
    checked = 0
    for case in GOLDEN:
        recorded = case.entry["config"]
        try:
            ours = json.loads(model_from_json(json.dumps(recorded)).to_json())
        except UnknownNameError:  # a layer that does not exist yet
            continue
        assert covers(ours["config"], recorded["config"]), case.entry["name"]
        checked += 1
    assert checked > 40


# ---- configs that are wrong


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a model's JSON"),
        ("[" * 100_000, "not a model's JSON"),
        ("3", "dict with the keys 'class_name' and 'config'; got 3"),
        ('{"class_name": "Sequential"}', "'class_name' and 'config'"),
        ('{"class_name": 3, "config": []}', "'class_name' and 'config'"),
        ('{"class_name": "Sequentail", "config": []}', "Unknown layer: 'Sequentail'. Perhaps you meant 'Sequential'"),
        ('{"class_name": "Sequential", "config": {}}', "config of a Sequential is a list of layers; got dict"),
        ('{"class_name": "Sequential", "config": [3]}', "'class_name' and 'config'; got 3"),
        (
            '{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": 3}]}',
            "config of a Dense is a dict",
        ),
        (
            '{"class_name": "Model", "config": []}',
            "config of a Model is a dict; got list. That of a Sequential is a list",
        ),
        (
            '{"class_name": "Model", "config": {"name": "m"}}',
            r"has a list under 'layers'; this one has the keys \['name'\]",
        ),
    ],
)
def test_texts_that_are_no_model(text, message):
    with pytest.raises(ValueError, match=message):
        model_from_json(text)


def graph(**changes):
    x = Input((3,), name="x")
    config = Model(x, Dense(2, name="d")(x)).get_config()
    config["layers"][1].update(changes)
    return config


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (graph(inbound_nodes=[[["y", 0, 0]]]), "connects to a layer named 'y', which it does not describe"),
        (graph(inbound_nodes=[[["x", 1, 0]]]), r"calls whose inputs never come to exist: \['d'\]"),
        (graph(inbound_nodes=[[["d", 0, 0]]]), r"calls whose inputs never come to exist: \['d'\]"),
        (graph(inbound_nodes=[[["x", 0]]]), r"by \[layer name, index of the call, index of the output\]; got \['x', 0\]"),
        (graph(inbound_nodes=[[["x", 0, -1]]]), r"by \[layer name"),
        (graph(inbound_nodes=[[["x", 0, 5]]]), "output 5 of call 0 of layer 'x', which has fewer outputs"),
        (graph(inbound_nodes=[]), "begins or ends at call 0 of layer 'd', which is not made"),
        (graph(inbound_nodes=3), "'inbound_nodes' of layer 'd' is a list of calls, each a list; got 3"),
        (graph(name="x"), "two layers named 'x'"),
        ({**graph(), "layers": [{"name": "x"}]}, "each layer has 'name', 'class_name', 'config' and 'inbound_nodes'"),
        ({**graph(), "output_layers": 3}, "a list under 'output_layers'"),
    ],
)  # fmt: skip
def test_graphs_that_do_not_hang_together(config, message):
    with pytest.raises(ValueError, match=message):
        Model.from_config(config)


def test_an_unknown_argument_in_a_config_is_named():
    config = Dense(2).get_config()
    config["bais"] = config.pop("bias")
    with pytest.raises(TypeError, match=r"Dense: unknown keyword argument 'bais'. Perhaps you meant 'bias'"):
        model_from_config({"class_name": "Dense", "config": config})
