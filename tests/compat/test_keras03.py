"""What scripts for Keras 0.3 say: Graph, show_accuracy, class_mode, get_output, and names that are gone.

Numbers are compared with those of the same model built by the functional API.
"""

import copy
import pickle
import warnings

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks import LambdaCallback
from jkeras.layers import (
    Activation,
    Dense,
    Embedding,
    Flatten,
    Input,
    Lambda,
    Merge,
    containers,
    core,
    merge,
    recurrent,
)
from jkeras.legacy import names as gone
from jkeras.legacy.models import Graph
from jkeras.models import Graph as GraphOfModels
from jkeras.models import Model, Sequential, model_from_json
from jkeras.optimizers import SGD

rng = np.random.default_rng(0)
A, B = (rng.normal(size=(20, 4)).astype("float32") for _ in range(2))
WORDS = rng.integers(0, 6, size=(20, 3))
SCORE = rng.normal(size=(20, 1)).astype("float32")
CLASS = np.eye(3, dtype="float32")[rng.integers(0, 3, size=20)]
DATA = {"a": A, "b": B, "words": WORDS, "score": SCORE, "class": CLASS}


def branches():
    """A graph of three inputs and two outputs, and the same weights connected by the functional API."""
    graph = Graph()
    graph.add_input(name="a", input_shape=(4,))
    graph.add_input(name="b", batch_input_shape=(None, 4))
    graph.add_input(name="words", input_shape=(3,), dtype="int")
    graph.add_shared_node(Dense(5, activation="tanh"), name="shared", inputs=["a", "b"], outputs=["left", "right"])
    graph.add_node(Embedding(6, 2), name="vectors", input="words")
    graph.add_node(Flatten(), name="flat", input="vectors")
    graph.add_node(Dense(4), name="mixed", inputs=["left", "right"], merge_mode="mul")
    graph.add_node(Dense(1), name="score", inputs=["mixed", "flat"], create_output=True)
    graph.add_node(Dense(3), name="logits", input="mixed")
    graph.add_node(Activation("softmax"), name="softmax", input="logits")
    graph.add_output(name="class", input="softmax")

    a, b = Input((4,)), Input((4,))
    words = Input((3,), dtype="int32")
    shared = Dense(5, activation="tanh", name="shared")
    flat = Flatten()(Embedding(6, 2, name="vectors")(words))
    mixed = Dense(4, name="mixed")(merge([shared(a), shared(b)], mode="mul"))
    score = Dense(1, name="score")(merge([mixed, flat], mode="concat"))
    classes = Activation("softmax", name="class")(Dense(3, name="logits")(mixed))
    model = Model([a, b, words], [score, classes])
    for name in ("shared", "vectors", "mixed", "score", "logits"):
        model.get_layer(name).set_weights(graph.nodes[name].get_weights())
    return graph, model


LOSS = {"score": "mse", "class": "categorical_crossentropy"}


def compiled():
    graph, model = branches()
    graph.compile(SGD(lr=0.1), LOSS, metrics=["accuracy"], loss_weights={"score": 0.5})
    model.compile(SGD(lr=0.1), LOSS, metrics=["accuracy"], loss_weights={"score": 0.5})
    return graph, model


def same_weights(graph, model):
    for name in ("shared", "vectors", "mixed", "score", "logits"):
        for one, two in zip(graph.nodes[name].get_weights(), model.get_layer(name).get_weights(), strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


# ---- Graph


def test_it_predicts_what_the_functional_api_does():
    graph, model = branches()
    expected = model.predict([A, B, WORDS])
    for predicted in (graph.predict(DATA), graph.predict_on_batch({"a": A, "b": B, "words": WORDS})):
        assert list(predicted) == ["score", "class"]
        np.testing.assert_allclose(predicted["score"], expected[0], rtol=1e-6)
        np.testing.assert_allclose(predicted["class"], expected[1], rtol=1e-6)


def test_it_trains_and_evaluates_as_the_functional_api_does():
    graph, model = compiled()
    weights = {"sample_weight": {"score": np.arange(20.0)}, "class_weight": {"class": {0: 1.0, 1: 2.0, 2: 0.5}}}
    options = {"nb_epoch": 2, "batch_size": 8, "verbose": 0, "shuffle": False, "validation_split": 0.25, **weights}
    ours = graph.fit(DATA, **options)
    theirs = model.fit([A, B, WORDS], [SCORE, CLASS], **options)
    assert set(ours.history) == set(theirs.history)
    for name, values in ours.history.items():
        np.testing.assert_allclose(values, theirs.history[name], rtol=1e-5)
    same_weights(graph, model)
    assert graph.metrics_names == ["loss", "score_loss", "class_loss", "score_acc", "class_acc"]
    np.testing.assert_allclose(
        graph.evaluate(DATA), model.evaluate([A, B, WORDS], [SCORE, CLASS], verbose=0), rtol=1e-5
    )


def test_single_batches():
    graph, model = compiled()
    weight = {"score": np.arange(20.0)}
    inputs, targets = [A, B, WORDS], [SCORE, CLASS]
    ours = [graph.train_on_batch(DATA, sample_weight=weight), graph.test_on_batch(DATA, sample_weight=weight)]
    theirs = [model.train_on_batch(inputs, targets, weight), model.test_on_batch(inputs, targets, weight)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    weight = {"class": {0: 1.0, 1: 2.0, 2: 0.5}}
    np.testing.assert_allclose(
        graph.train_on_batch(DATA, class_weight=weight),
        model.train_on_batch(inputs, targets, class_weight=weight),
        rtol=1e-5,
    )
    same_weights(graph, model)


def test_validation_data_are_a_dict():
    graph, _ = compiled()
    history = graph.fit(DATA, nb_epoch=1, verbose=0, validation_data=DATA).history
    evaluated = dict(zip(graph.metrics_names, graph.evaluate(DATA), strict=True))
    for name in ("loss", "class_acc"):
        np.testing.assert_allclose(history[f"val_{name}"], [evaluated[name]], rtol=1e-5)
    weighted = graph.fit(DATA, nb_epoch=1, verbose=0, validation_data=(DATA, {"class": np.eye(20)[3]})).history
    expected = graph.evaluate(DATA, sample_weight={"class": np.eye(20)[3]})
    np.testing.assert_allclose(weighted["val_loss"][0], expected[0], rtol=1e-5)


def test_the_defaults_are_those_of_keras_0_3():
    graph, _ = compiled()
    seen = []
    graph.fit(DATA, verbose=0, callbacks=[LambdaCallback(on_train_begin=lambda logs: seen.append(1))], nb_epoch=1)
    assert seen == [1]
    from inspect import signature

    parameters = signature(Graph.fit).parameters
    assert (parameters["batch_size"].default, parameters["nb_epoch"].default) == (128, 100)


def test_temporal_weights():
    graph = Graph()
    graph.add_input("x", input_shape=(5, 2))
    graph.add_node(recurrent.SimpleRNN(3, return_sequences=True), name="y", input="x", create_output=True)
    graph.compile("sgd", {"y": "mse"}, sample_weight_modes={"y": "temporal"})
    x, y = rng.normal(size=(4, 5, 2)), rng.normal(size=(4, 5, 3))
    weight = np.zeros((4, 5))
    weight[:, 0] = 1
    expected = np.mean((graph.predict({"x": x})["y"] - y)[:, 0] ** 2)
    np.testing.assert_allclose(graph.test_on_batch({"x": x, "y": y}, {"y": weight}), expected, rtol=1e-5)


def test_the_functional_face():
    graph, model = branches()
    params, state = graph.init(jax.random.key(0))
    assert set(params) == {"shared", "vectors", "mixed", "score", "logits"}
    assert state == {}
    score, classes = jax.jit(graph.apply)(params, {"a": A, "b": B, "words": WORDS})
    assert score.shape == (20, 1)
    np.testing.assert_allclose(classes.sum(-1), 1, rtol=1e-5)
    np.testing.assert_allclose(graph.apply(graph.params, [A, B, WORDS])[0], model.predict([A, B, WORDS])[0], rtol=1e-5)


def test_it_is_a_layer_of_other_models():
    graph, model = branches()
    a, b, words = Input((4,)), Input((4,)), Input((3,), dtype="int32")
    score, _ = graph([a, b, words])
    outer = Model([a, b, words], score)
    np.testing.assert_allclose(outer.predict([A, B, WORDS]), model.predict([A, B, WORDS])[0], rtol=1e-5)
    with pytest.raises(RuntimeError, match="part of another model"):
        graph.add_input("late", input_shape=(2,))


def test_a_model_and_a_graph_can_be_nodes():
    inner = Graph()
    inner.add_input("x", input_shape=(4,))
    inner.add_node(Dense(3), name="y", input="x", create_output=True)
    graph = Graph()
    graph.add_input("x", input_shape=(4,))
    graph.add_node(inner, name="inner", input="x")
    graph.add_node(containers.Sequential([Dense(2, input_dim=3)]), name="top", input="inner")
    graph.add_output("y", input="top")
    hidden = inner.predict({"x": A})["y"]
    weights, bias = graph.nodes["top"].get_weights()
    np.testing.assert_allclose(graph.predict({"x": A})["y"], hidden @ weights + bias, rtol=1e-5)
    assert set(graph.params) == {"inner", "top"}


@pytest.mark.parametrize("mode", ["sum", "ave", "mul", "max", "concat"])
def test_merge_modes(mode):
    graph = Graph()
    for name in "ab":
        graph.add_input(name, input_shape=(4,))
    graph.add_output("y", inputs=["a", "b"], merge_mode=mode)
    expected = {
        "sum": A + B, "ave": (A + B) / 2, "mul": A * B, "max": np.maximum(A, B), "concat": np.hstack([A, B]),
    }[mode]  # fmt: skip
    np.testing.assert_allclose(graph.predict({"a": A, "b": B})["y"], expected, rtol=1e-6)


def test_shared_nodes_can_be_merged_dotted_and_joined():
    graph = Graph()
    for name in "ab":
        graph.add_input(name, input_shape=(4,))
    graph.add_shared_node(Dense(3), "s", inputs=["a", "b"], merge_mode="dot", dot_axes=([1], [1]), create_output=True)
    weights, bias = graph.nodes["s"].get_weights()
    expected = np.sum((A @ weights + bias) * (B @ weights + bias), axis=1, keepdims=True)
    np.testing.assert_allclose(graph.predict({"a": A, "b": B})["s"], expected, rtol=1e-4)

    graph = Graph()
    for name in "ab":
        graph.add_input(name, input_shape=(4,))
    both = Lambda(lambda x: x[0] - 2 * x[1], output_shape=lambda shapes: shapes[0])
    graph.add_node(both, name="y", inputs=["a", "b"], merge_mode="join", create_output=True)
    np.testing.assert_allclose(graph.predict({"a": A, "b": B})["y"], A - 2 * B, rtol=1e-5)


def test_nodes_inputs_and_outputs_by_name():
    graph, _ = branches()
    assert list(graph.nodes) == ["shared", "left", "right", "vectors", "flat", "mixed", "score", "logits", "softmax"]
    assert graph.nodes["left"] is graph.nodes["right"] is graph.nodes["shared"]
    assert graph.input_order == list(graph.inputs.keys()) == ["a", "b", "words"]
    assert graph.output_order == [name for name, _ in graph.outputs.items()] == ["score", "class"]
    assert "a" in graph.inputs and "score" not in graph.inputs
    assert graph.inputs["words"].output is graph.inputs[2]
    assert graph.inputs[0] in graph.inputs
    assert graph.outputs["class"] is graph.nodes["softmax"]
    assert graph.outputs.get("no") is None
    assert len(graph.outputs) == 2
    with pytest.raises(KeyError, match="Perhaps you meant 'score'"):
        graph.outputs["scor"]
    assert graph.get_output()["class"] is graph.outputs[1]
    assert set(graph.get_input(train=False)) == {"a", "b", "words"}
    assert graph.output_shape == [(None, 1), (None, 3)]


def test_a_graph_under_construction_grows():
    graph = Graph()
    graph.add_input("x", input_shape=(4,))
    assert graph.inputs["x"].output_shape == (None, 4)
    with pytest.raises(RuntimeError, match=r"'graph_1' has no outputs yet: add_input, add_node, then add_output"):
        graph.compile("sgd", {})
    graph.add_node(Dense(2), name="one", input="x")
    graph.add_output("one", input="one")
    graph.compile("sgd", {"one": "mse"})
    graph.add_node(Dense(2), name="two", input="one", create_output=True)
    assert list(graph.predict({"x": A})) == ["one", "two"]
    with pytest.raises(RuntimeError, match="is not compiled"):
        graph.fit({"x": A, "one": A[:, :2], "two": A[:, :2]})


def test_configs_copies_and_pickles_make_the_same_graph():
    graph, _ = compiled()
    expected = graph.predict(DATA)
    config = graph.get_config()
    assert [entry["name"] for entry in config["node_config"]] == [
        "shared",
        "vectors",
        "flat",
        "mixed",
        "score",
        "logits",
        "softmax",
    ]
    assert config["input_config"][2] == {"name": "words", "dtype": "int", "input_shape": [3]}
    twins = [
        Graph.from_config(config),
        model_from_json(graph.to_json()),
        copy.deepcopy(graph),
        pickle.loads(pickle.dumps(graph)),
    ]
    for twin in twins:
        assert type(twin) is Graph
        twin.set_weights(graph.get_weights())
        assert twin.output_names == graph.output_names
        np.testing.assert_allclose(twin.predict(DATA)["class"], expected["class"], rtol=1e-6)
        assert twin.nodes["left"] is twin.nodes["right"]
    twins[2].compile("sgd", LOSS)
    assert np.isfinite(twins[2].fit(DATA, nb_epoch=1, verbose=0).history["loss"]).all()


def test_a_config_of_keras_1_0_is_read():
    node = {"inputs": [], "merge_mode": "concat", "concat_axis": -1, "dot_axes": -1}
    graph = Graph.from_config(
        {
            "input_config": [{"name": "x", "dtype": "float32", "input_shape": [4]}],
            "node_config": [{"name": "d", "input": "x", "create_output": True, **node}],
            "output_config": [{"name": "d", "input": "d", **node}],
            "nodes": {"d": {"class_name": "Dense", "config": {"output_dim": 2, "name": "d"}}},
        }
    )
    assert graph.predict({"x": A})["d"].shape == (20, 2)
    with pytest.raises(ValueError, match="keys input_config, node_config, output_config, nodes"):
        Graph.from_config({"layers": []})


def test_weights_of_a_layer_that_another_model_has_keep_their_name():
    shared = Dense(3, name="mine")
    x = Input((4,))
    other = Model(x, shared(x))
    graph = Graph()
    graph.add_input("x", input_shape=(4,))
    graph.add_node(shared, name="y", input="x", create_output=True)
    np.testing.assert_array_equal(graph.predict({"x": A})["y"], other.predict(A))
    assert set(other.params) == set(graph.params) == {"mine"}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.add_input("a", input_shape=(2,)), "already has a node or input named 'a'"),
        (lambda g: g.add_input("z"), r"needs one of input_shape"),
        (lambda g: g.add_node(Dense(2), "mixed", input="a"), "already has a node or input named 'mixed'"),
        (lambda g: g.add_node(Dense(2), "z", input="mixd"), "no node or input named 'mixd'. Perhaps you meant 'mixed'"),
        (lambda g: g.add_node(Dense(2), "z"), r"needs either input='…', or inputs=\[…\]"),
        (lambda g: g.add_node(Dense(2), "z", inputs="mixed"), "inputs is a list of names; got 'mixed'"),
        (lambda g: g.add_node(Dense(2), "z", inputs=["a", "b"], merge_mode="summ"), "Unknown merge mode: 'summ'"),
        (lambda g: g.add_output("score", input="mixed"), "already has an output named 'score'"),
        (lambda g: g.add_output("z", input="shared"), "is one tensor; shared gives 2"),
        (lambda g: g.add_shared_node(Dense(2), "z"), "needs inputs="),
        (lambda g: g.add_shared_node(Dense(2), "z", inputs=["a", "b"], outputs=["p"]), "1 names for 2 inputs"),
        (lambda g: g.add_shared_node(Dense(2), "z", inputs=["a"], create_output=True), "needs a merge_mode"),
        (lambda g: g.fit({"a": A}), r"Graph.fit: the data lack 'b'; they need arrays for \['a', 'b', 'class'"),
        (lambda g: g.predict({**DATA, "scor": 1}), "no input or output named 'scor'. Perhaps you meant 'score'"),
    ],
)
def test_a_mistake_is_named(call, message):
    graph, _ = compiled()
    with pytest.raises(ValueError, match=message):
        call(graph)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda g: g.add_node("dense", Dense(2), input="a"), "takes a layer first, then its name; got str"),
        (lambda g: g.add_input("z", ndim=2), r"ndim= is of Keras 0.1. Give .* input_shape=\(784,\)"),
        (lambda g: g.add_input("z", shape=(2,)), "unknown keyword argument 'shape'. Perhaps you meant 'input_shape'"),
        (lambda g: g.fit([A, B, WORDS]), "Graph.fit takes a dict of arrays by the names"),
        (
            lambda g: g.compile("sgd", LOSS, loss_weight=1),
            "unknown keyword argument 'loss_weight'. Perhaps you meant 'loss_weights'",
        ),
        (lambda g: g.fit(DATA, nb_epochs=1), "unknown keyword argument 'nb_epochs'. Perhaps you meant 'nb_epoch'"),
    ],
)
def test_an_argument_of_a_wrong_kind_is_named(call, message):
    graph, _ = compiled()
    with pytest.raises(TypeError, match=message):
        call(graph)


def test_where_it_is_imported_from():
    assert GraphOfModels is Graph is containers.Graph
    assert containers.Sequential is Sequential
    assert issubclass(Graph, Model)


# ---- show_accuracy and class_mode


def classifier(loss="categorical_crossentropy", units=3, **kwargs):
    np.random.seed(0)
    model = Sequential([Dense(units, input_dim=4, activation="softmax" if units > 1 else "sigmoid")])
    model.compile(SGD(lr=0.5, momentum=0.9), loss, **kwargs)
    return model


def quiet(call, *args, **kwargs):
    """Call what warns of Keras 0.3's words."""
    with pytest.warns(UserWarning, match=r"Keras 0\.3's word"):
        return call(*args, **kwargs)


def test_show_accuracy_reports_what_the_metric_does():
    old, new = classifier(), classifier(metrics=["accuracy"])
    options = {"nb_epoch": 3, "batch_size": 8, "verbose": 0, "shuffle": False, "validation_data": (B, CLASS)}
    ours = quiet(old.fit, A, CLASS, show_accuracy=True, **options).history
    theirs = new.fit(A, CLASS, **options).history
    assert set(ours) == set(theirs) == {"loss", "acc", "val_loss", "val_acc"}
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=1e-5)
    result = quiet(old.evaluate, A, CLASS, show_accuracy=True, verbose=0)
    assert len(result) == 2
    np.testing.assert_allclose(result, new.evaluate(A, CLASS, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(
        quiet(old.train_on_batch, A, CLASS, accuracy=True), new.train_on_batch(A, CLASS), rtol=1e-5
    )
    np.testing.assert_allclose(
        quiet(old.test_on_batch, A, CLASS, show_accuracy=True), new.test_on_batch(A, CLASS), rtol=1e-5
    )
    for one, two in zip(old.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)


def test_without_it_the_loss_stands_alone():
    model = classifier()
    quiet(model.fit, A, CLASS, show_accuracy=True, nb_epoch=1, verbose=0)
    assert isinstance(model.evaluate(A, CLASS, verbose=0), float)
    assert isinstance(quiet(model.evaluate, A, CLASS, show_accuracy=False, verbose=0), float)
    assert model.metrics_names == ["loss"]
    assert set(model.fit(A, CLASS, nb_epoch=1, verbose=0).history) == {"loss"}


def test_the_optimizer_goes_on_with_and_without_it():
    mixed, plain = classifier(), classifier()
    for step in range(6):
        if step % 2:
            quiet(mixed.train_on_batch, A, CLASS, accuracy=True)
        else:
            mixed.train_on_batch(A, CLASS)
        plain.train_on_batch(A, CLASS)
    np.testing.assert_allclose(mixed.get_weights()[0], plain.get_weights()[0], rtol=1e-5)
    assert mixed.steps_done == plain.steps_done == 6


def test_accuracy_is_shown_once_and_beside_other_metrics():
    model = classifier(metrics=["accuracy"])
    assert len(quiet(model.evaluate, A, CLASS, show_accuracy=True, verbose=0)) == 2
    model = classifier(metrics=["mae"])
    history = quiet(model.fit, A, CLASS, show_accuracy=True, nb_epoch=1, verbose=0).history
    assert list(history) == ["loss", "mean_absolute_error", "acc"]


def test_a_callback_may_compile_anew_in_a_fit_that_shows_it():
    model = classifier()
    anew = LambdaCallback(on_epoch_end=lambda epoch, logs: model.compile("sgd", "mse", metrics=["mae"]))
    quiet(model.fit, A, CLASS, show_accuracy=True, nb_epoch=1, verbose=0, callbacks=[anew])
    assert model.metrics_names == ["loss", "mean_absolute_error"]


def test_it_makes_its_programs_once():
    model = classifier()
    programs = set()
    for _ in range(3):
        quiet(model.train_on_batch, A, CLASS, accuracy=True)
        programs.add(id(model._accuracy[1].programs))
    assert len(programs) == 1


@pytest.mark.parametrize(
    ("class_mode", "units", "loss", "expected"),
    [
        ("binary", 1, "binary_crossentropy", "binary"),
        ("categorical", 1, "mse", "binary"),  # of one number there is no largest
        ("binary", 3, "mse", "binary"),
        ("categorical", 3, "binary_crossentropy", "categorical"),
        ("categorical", 3, "categorical_crossentropy", "categorical"),
    ],
)
def test_class_mode_chooses_the_accuracy(class_mode, units, loss, expected):
    targets = CLASS[:, :units]
    model = quiet(classifier, loss, units, class_mode=class_mode)
    predicted = model.predict(A)
    right = {"binary": predicted.round() == targets, "categorical": predicted.argmax(1) == targets.argmax(1)}
    accuracy = quiet(model.evaluate, A, targets, show_accuracy=True, verbose=0)[1]
    np.testing.assert_allclose(accuracy, right[expected].mean(), rtol=1e-6)


def test_old_and_unknown_words():
    with pytest.raises(ValueError, match="class_mode is 'binary' or 'categorical'; got 'multi'"):
        classifier(class_mode="multi")
    with pytest.warns(UserWarning, match="theano_mode= .* has no effect"):
        classifier(theano_mode="FAST_RUN")
    with pytest.raises(TypeError, match="unknown keyword argument 'clas_mode'"):
        classifier(clas_mode="binary")
    model = classifier()
    for method, word in [
        (model.fit, "show_acuracy"),
        (model.evaluate, "batchsize"),
        (model.train_on_batch, "sample_weigth"),
        (model.test_on_batch, "class_weights"),
    ]:
        with pytest.raises(TypeError, match=f"unknown keyword argument '{word}'"):
            method(A, CLASS, **{word: 1})
    with pytest.warns(UserWarning, match="epochs= is Keras 2's word"):
        model.fit(A, CLASS, epochs=1, verbose=0)


def test_the_warning_points_at_the_script():
    model = classifier()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.evaluate(A, CLASS, show_accuracy=True, verbose=0)
    assert [warning.filename for warning in caught] == [__file__]
    assert "compile(…, metrics=['accuracy'])" in str(caught[0].message)


def test_loss_weights_of_a_sequential_are_a_keyword():
    doubled, single = classifier(loss_weights=[2.0]), classifier()
    np.testing.assert_allclose(
        doubled.evaluate(A, CLASS, verbose=0), 2 * single.evaluate(A, CLASS, verbose=0), rtol=1e-6
    )


def test_training_data_are_what_fit_was_given():
    model = classifier()
    assert model.training_data is None
    model.fit(A, CLASS, nb_epoch=1, verbose=0)
    assert model.training_data[0] is A
    assert model.training_data[1] is CLASS


# ---- get_output and names that are gone


def test_get_output_gives_symbolic_tensors():
    model = Sequential([Dense(3, input_dim=4, activation="tanh"), Dense(2)])
    hidden = K.function([model.get_input()], [model.layers[0].get_output(train=False)])([A])[0]
    weights, bias = model.layers[0].get_weights()
    np.testing.assert_allclose(hidden, np.tanh(A @ weights + bias), rtol=1e-5)
    assert model.get_output() is model.output
    assert model.layers[1].get_input() is model.layers[0].output
    with pytest.raises(
        NotImplementedError, match=r"K.function\(\[model.input, K.learning_phase\(\)\], \[layer.output\]\)"
    ):
        model.get_output(train=True)


def test_merge_by_join_says_what_keras_1_has():
    with pytest.raises(ValueError, match=r"mode='join'\) of Keras 0.3.*layer\(\[a, b\]\)"):
        Merge(mode="join")


def test_lambda_merge():
    left, right = Sequential([Dense(3, input_dim=4)]), Sequential([Dense(3, input_dim=4)])
    model = Sequential([core.LambdaMerge([left, right], lambda x: x[0] - x[1], output_shape=lambda shapes: shapes[0])])
    np.testing.assert_allclose(model.predict([A, B]), left.predict(A) - right.predict(B), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("mode", "expected"), [("ave", np.mean), ("sum", np.sum), ("mul", np.prod), ("max", np.max)])
def test_time_distributed_merge(mode, expected):
    x = rng.normal(size=(3, 5, 2)).astype("float32")
    model = Sequential([core.TimeDistributedMerge(mode, input_shape=(5, 2))])
    np.testing.assert_allclose(model.predict(x), expected(x, axis=1), rtol=1e-5)
    with pytest.raises(ValueError, match="got 'min'"):
        core.TimeDistributedMerge("min")


@pytest.mark.parametrize("name", gone.GONE)
def test_gone_names_can_be_imported_and_say_what_to_use(name):
    with pytest.raises(NotImplementedError, match=f"{name} is of Keras 0.3, and Keras 1 has not got it"):
        getattr(core, name)(Dense(3), [])


def test_a_name_that_never_was_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'jkeras.layers.core' has no attribute 'Densest'"):
        _ = core.Densest
