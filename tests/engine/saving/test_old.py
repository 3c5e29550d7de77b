"""Architectures in the words of Keras 0.3 and 1.0."""

import json

import numpy as np
import pytest

from jkeras.errors import FileFormatError
from jkeras.layers import Activation, Dense
from jkeras.models import Sequential, model_from_json


def dense(name=None, **more):
    """A layer as Keras 0.3.2 described it."""
    config = {
        "name": "Dense", "output_dim": 3, "init": "glorot_uniform", "activation": "linear", "b_regularizer": None,
        "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01, "m": None}, "activity_regularizer": None,
        "W_constraint": None, "b_constraint": {"name": "MaxNorm", "m": 2, "axis": 0}, "input_dim": None, "trainable": True,
        "cache_enabled": True, "custom_name": name or "dense",
    }  # fmt: skip
    config["W_regularizer"].pop("m")
    return {**config, **more}


SEQUENTIAL = {
    "name": "Sequential",
    "layers": [
        dense(input_shape=[4], input_dim=4, W_constraint={"name": "NonNeg"}),
        {"name": "Activation", "activation": "relu", "cache_enabled": True, "custom_name": "activation"},
        {"name": "Reshape", "dims": [3, 1], "custom_name": "reshape", "cache_enabled": True},
        {"name": "LSTM", "output_dim": 2, "init": "glorot_uniform", "inner_init": "orthogonal", "forget_bias_init": "one",
         "activation": "tanh", "inner_activation": "hard_sigmoid", "truncate_gradient": -1, "return_sequences": False,
         "go_backwards": False, "stateful": False, "input_dim": 1, "input_length": None, "custom_name": "lstm"},
        dense("last"),
        dense(),
    ],
    "optimizer": {"name": "SGD", "lr": 0.1},
    "loss": "mse",
    "class_mode": "categorical",
    "theano_mode": None,
}  # fmt: skip


def test_a_sequential_of_keras_0_3():
    with pytest.warns(
        UserWarning, match=r"^The text is in the words of an older Keras.*dims of Reshape is target_shape.*$"
    ) as caught:
        model = model_from_json(json.dumps(SEQUENTIAL))
    (warning,) = caught
    for part in (
        "compile with optimizer={'name': 'SGD', 'lr': 0.1}, loss='mse'",
        "cache_enabled",
        "truncate_gradient",
        "(7×)",
    ):
        assert part in str(warning.message)
    assert [type(layer).__name__ for layer in model.layers] == [
        "Dense",
        "Activation",
        "Reshape",
        "LSTM",
        "Dense",
        "Dense",
    ]
    assert model.layers[4].name == "last"
    assert model.layers[0].name != model.layers[5].name
    assert model.output_shape == (None, 3)
    assert model.layers[0].W_regularizer.l2 == pytest.approx(0.01)
    model_from_json(model.to_json())  # in new words now, without a warning


def test_branches_of_keras_0_3():
    branch = {"name": "Sequential", "layers": [dense(input_shape=[4])]}
    merge = {"name": "Merge", "layers": [branch, branch], "mode": "concat", "concat_axis": -1, "dot_axes": -1}
    with pytest.warns(UserWarning, match="words of an older Keras"):
        model = model_from_json(json.dumps({"name": "Sequential", "layers": [merge, dense()]}))
        plain = model_from_json(json.dumps({"name": "Sequential", "layers": [dense(input_dim=5), dense()]}))
    assert plain.input_shape == (None, 5)
    assert model.layers[1].input_shape == (None, 6)


def test_a_graph_of_keras_0_3():
    graph = {
        "name": "Graph",
        "input_config": [{"name": "x", "input_shape": [4], "dtype": "float"}],
        "node_config": [
            {"name": name, "input": source, "inputs": [], "merge_mode": "concat", "concat_axis": -1, "dot_axes": -1,
             "create_output": False}
            for name, source in (("a", "x"), ("b", "a"))
        ],
        "output_config": [{"name": "y", "input": "", "inputs": ["a", "b"], "merge_mode": "sum", "concat_axis": -1, "dot_axes": -1}],
        "nodes": {"a": dense("a", input_shape=[4]), "b": dense("b")},
        "optimizer": {"name": "SGD", "lr": 0.1},
        "loss": {"y": "mse"},
    }  # fmt: skip
    with pytest.warns(UserWarning, match=r"compile with optimizer=.*loss=\{'y': 'mse'\}"):
        model = model_from_json(json.dumps(graph))
    assert model.predict({"x": np.ones((2, 4))})["y"].shape == (2, 3)


def test_texts_in_texts():
    model = Sequential([Dense(3, input_dim=4)])
    text = model.to_json()
    for _ in range(2):
        text = json.dumps(text)
        with pytest.warns(UserWarning, match="a text within a text"):
            assert model_from_json(text).to_json() == model.to_json()
    with pytest.raises(ValueError, match="dict with the keys 'class_name'"):
        model_from_json("3")


def test_functions_without_a_name():
    model = Sequential(
        [
            Dense(3, input_dim=4, name="d", init=lambda shape, name=None: np.zeros(shape)),
            Activation(lambda x: x * 2, name="f"),
        ]
    )
    text = model.to_json()
    with pytest.raises(
        FileFormatError,
        match=r"Layer 'f' has a function without a name as its activation.*\{'f_activation': function\}",
    ):
        model_from_json(text)

    def double(x):
        return x * 2

    for functions in ({"f_activation": double}, {"<lambda>": double}):
        if "<lambda>" in functions:
            again = model_from_json(text, {**functions, "d_init": lambda shape, name=None: np.zeros(shape)})
        else:
            with pytest.warns(UserWarning, match="has functions without a name.*fresh weights only: init of layer 'd'"):
                again = model_from_json(text, functions)
        again.set_weights([np.ones((4, 3)), np.zeros(3)])
        np.testing.assert_array_equal(again.predict(np.ones((1, 4))), [[8, 8, 8]])


def test_a_lambda_of_keras_0_3():
    text = json.dumps(
        {
            "name": "Sequential",
            "layers": [dense(input_shape=[4]), {"name": "Lambda", "function": "code", "custom_name": "f"}],
        }
    )
    with pytest.warns(UserWarning, match="older Keras"), pytest.raises(ValueError, match=r"Layer 'f' \(Lambda\)"):
        model_from_json(text)
    with pytest.warns(UserWarning, match="older Keras"):
        model = model_from_json(text, {"f": lambda x: x * 2})
    assert model.output_shape == (None, 3)


def test_an_activation_of_keras_0_2():
    text = {"name": "Activation", "activation": "tanh", "beta": 0.1, "target": 0, "input_shape": [3]}
    with pytest.warns(UserWarning, match=r"beta, which has no effect, is left out, target, which"):
        model = model_from_json(json.dumps({"name": "Sequential", "layers": [text]}))
    np.testing.assert_allclose(model.predict(np.ones((1, 3))), np.tanh(1) * np.ones((1, 3)), rtol=1e-6)
