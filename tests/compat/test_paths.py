"""What is implemented in the modules that exist as Keras 1's import paths."""

import numpy as np
import pytest

from jkeras.engine import topology, training
from jkeras.layers import LSTM, Dense, Embedding, Input
from jkeras.models import Model, Sequential
from jkeras.utils import generic_utils, io_utils, layer_utils, test_utils


def test_batches_and_their_shuffling():
    assert training.make_batches(7, 3) == [(0, 3), (3, 6), (6, 7)]
    shuffled = training.batch_shuffle(np.arange(7), 2)
    assert sorted(shuffled.tolist()) == list(range(7))
    assert shuffled[-1] == 6
    assert (shuffled[1:6:2] - shuffled[0:6:2] == 1).all()
    assert training.batch_shuffle(np.arange(2), 5).tolist() == [0, 1]


def test_slices_of_samples():
    x = np.arange(10).reshape(5, 2)
    assert training.slice_X(x, 1, 3).tolist() == x[1:3].tolist()
    assert [part.tolist() for part in training.slice_X([x, x[:, 0]], np.array([3, 0]))] == [[[6, 7], [0, 1]], [6, 0]]


def test_standardised_weights_and_data():
    assert training.standardize_class_weights({"b": {0: 1.0}}, ["a", "b"]) == [None, {0: 1.0}]
    assert training.standardize_sample_weights([[1], [2]], ["a", "b"]) == [[1], [2]]
    assert training.standardize_input_data(np.zeros(3), ["a"])[0].shape == (3, 1)


def test_lists_of_objects():
    a, b = object(), object()
    assert topology.to_list(a) == [a]
    assert topology.to_list([a, b]) == [a, b]
    assert topology.object_list_uid([a, b]) == f"{abs(id(a))}, {abs(id(b))}"


@pytest.mark.parametrize(("answers", "expected"), [(["y"], True), (["n"], False), (["what", "", "y"], True)])
def test_the_question_before_a_file_is_overwritten(answers, expected, monkeypatch, capsys):
    questions = []
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or answers.pop(0))
    assert io_utils.ask_to_proceed_with_overwrite("model.h5") is expected
    assert "model.h5 already exists" in questions[0]
    assert answers == []
    assert ("overwrite=True" in capsys.readouterr().out) is expected


def test_functions_are_neither_written_nor_read_as_bytecode():
    with pytest.raises(NotImplementedError, match=r"func_dump\('len'\).*custom_objects"):
        generic_utils.func_dump(len)
    with pytest.raises(NotImplementedError, match="never run"):
        generic_utils.func_load(b"")


def test_parameters_are_counted_once():
    shared = Dense(3)
    x = Input((3,))
    model = Model(x, Dense(1)(shared(shared(x))))
    model.layers[-1].trainable = False
    assert layer_utils.count_total_params(model.layers) == (12, 4)
    seen = {shared}
    assert layer_utils.count_total_params(model.layers, seen) == (0, 4)
    assert set(model.layers) <= seen


def test_a_layer_from_its_config():
    layer = layer_utils.layer_from_config({"class_name": "Dense", "config": {"output_dim": 3, "name": "d"}})
    assert (type(layer), layer.output_dim, layer.name) == (Dense, 3, "d")


def test_the_table_of_layers_has_default_positions(capsys):
    layer_utils.print_summary(Sequential([Dense(2, input_dim=3)]).layers)
    assert "Total params: 8" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("layer", "arguments", "shape", "dtypes"),
    [
        (Dense, {"output_dim": 3}, (3, 2), (None, None)),
        (LSTM, {"output_dim": 2}, (None, 3, 2), (None, None)),
        (Embedding, {"output_dim": 4, "input_dim": 10, "input_length": 2}, (3, 2), ("int32", "float32")),
    ],
)
def test_layer_test_passes_a_good_layer(layer, arguments, shape, dtypes):
    output = test_utils.layer_test(
        layer, kwargs=arguments, input_shape=shape, input_dtype=dtypes[0], expected_output_dtype=dtypes[1]
    )
    assert output.shape[-1] == arguments["output_dim"]


def test_layer_test_finds_what_is_wrong():
    class Forgetful(Dense):
        def get_output_shape_for(self, input_shape):
            return (*input_shape[:-1], None)

        def get_config(self):
            return {**super().get_config(), "output_dim": 5}

    with pytest.raises(ValueError, match="shape"):
        test_utils.layer_test(Forgetful, kwargs={"output_dim": 3}, input_shape=(3, 2))
    with pytest.raises(AssertionError):
        test_utils.layer_test(Dense, kwargs={"output_dim": 1}, input_data=np.ones((2, 2)), expected_output=[[9], [9]])
    with pytest.raises(AssertionError, match="dtype float32"):
        test_utils.layer_test(Dense, kwargs={"output_dim": 1}, input_shape=(2, 2), expected_output_dtype="int32")


def test_data_for_tests_can_be_learnt():
    (x, y), (x_test, y_test) = test_utils.get_test_data(nb_train=200, nb_test=100, input_shape=(4, 3), nb_class=3)
    assert x.shape == (200, 4, 3)
    assert set(y) == {0, 1, 2}
    assert (np.rint(x_test.mean((1, 2))) == y_test).mean() > 0.9
    (x, y), _ = test_utils.get_test_data(nb_train=5, nb_test=2, output_shape=(2,), classification=False)
    assert (x.shape, y.shape) == ((5, 10), (5, 2))


def test_a_keras_test_leaves_fresh_names():
    @test_utils.keras_test
    def test():
        return Dense(1).name

    assert [test(), test()] == ["dense_1", "dense_1"]
