"""get_test_data's numbers, keras_test, and that layer_test finds what is wrong with a layer."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import LSTM, Activation, Convolution2D, Dense, Dropout, Embedding
from jkeras.layers import Layer as KerasLayer
from jkeras.utils.test_utils import get_test_data, keras_test, layer_test


def test_classes_that_can_be_told_apart():
    (X_train, y_train), (X_test, y_test) = get_test_data(
        nb_train=200, nb_test=50, input_shape=(4, 3), classification=True, nb_class=3
    )
    assert X_train.shape == (200, 4, 3) and X_test.shape == (50, 4, 3)
    assert set(y_train) == {0, 1, 2} and y_test.shape == (50,)
    means = [X_train[y_train == k].mean() for k in range(3)]
    np.testing.assert_allclose(means, [0, 1, 2], atol=0.1)


def test_numbers_are_those_of_keras_1():
    np.random.seed(5)
    y = np.random.randint(0, 2, size=(3,))
    X = np.stack([np.random.normal(loc=label, scale=0.7, size=(2,)) for label in y])
    np.random.seed(5)
    (X_train, y_train), (X_test, _) = get_test_data(nb_train=2, nb_test=1, input_shape=(2,))
    np.testing.assert_array_equal(np.concatenate([X_train, X_test]), X)
    np.testing.assert_array_equal(y_train, y[:2])


def test_regression_targets():
    (X, y), _ = get_test_data(nb_train=300, nb_test=1, input_shape=(5,), output_shape=(2,), classification=False)
    assert y.shape == (300, 2)
    assert np.corrcoef(X.mean(axis=1), y.mean(axis=1))[0, 1] > 0.2


def test_layer_names_start_again_after_a_test():
    @keras_test
    def make(n, more=0):
        """Named layers."""
        return [Dense(1).name for _ in range(n + more)]

    assert make(1, more=1) == ["dense_1", "dense_2"] == make(2)
    assert make.__doc__ == "Named layers."


@pytest.mark.parametrize(
    ("layer", "kwargs", "shape", "dtype"),
    [
        (Dense, {"output_dim": 3}, (2, 4), None),
        (Dropout, {"p": 0.5}, (None, 3), None),
        (LSTM, {"output_dim": 2, "return_sequences": True}, (3, 4, 2), None),
        (Convolution2D, {"nb_filter": 2, "nb_row": 2, "nb_col": 2}, (2, 3, 4, 4), None),
    ],
)
def test_sound_layers_pass(layer, kwargs, shape, dtype):
    output = layer_test(layer, kwargs=kwargs, input_shape=shape, input_dtype=dtype)
    assert isinstance(output, np.ndarray)


def test_given_data_and_expected_numbers():
    data = np.array([[1.0, -2.0], [0.5, 3.0]], "float32")
    layer_test(Activation, {"activation": "relu"}, input_data=data, expected_output=np.maximum(data, 0))
    with pytest.raises(AssertionError):
        layer_test(Activation, {"activation": "relu"}, input_data=data, expected_output=data)
    indices = np.array([[1, 2], [0, 3]], "int32")
    layer_test(
        Embedding,
        {"input_dim": 4, "output_dim": 3},
        input_data=indices,
        input_dtype="int32",
        expected_output_dtype="float32",
    )


def test_batch_size_of_the_model():
    layer_test(LSTM, {"output_dim": 2, "stateful": True}, input_shape=(3, 2, 2), fixed_batch_size=True)


class WrongShape(KerasLayer):
    def call(self, x, mask=None):
        return K.sum(x, axis=-1, keepdims=True)

    def get_output_shape_for(self, input_shape):
        return input_shape


class ForgetsItsConfig(KerasLayer):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x, mask=None):
        return x * self.factor

    def get_config(self):
        return {"name": self.name}


@pytest.mark.parametrize(("layer", "kwargs"), [(WrongShape, {}), (ForgetsItsConfig, {"factor": 3.0})])
def test_unsound_layers_are_found(layer, kwargs):
    with pytest.raises((AssertionError, ValueError)):
        layer_test(layer, kwargs, input_shape=(2, 3))


def test_nothing_to_test_with():
    with pytest.raises(ValueError, match="needs input_shape or input_data"):
        layer_test(Dense, {"output_dim": 2})
