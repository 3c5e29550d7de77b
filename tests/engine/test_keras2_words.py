"""Keras 2's keywords in layers, models and fit: understood, with a warning that names Keras 1's."""

import numpy as np
import pytest

from jkeras.layers import LSTM, Dense, Dropout, Input
from jkeras.models import Model, Sequential


def test_layers_take_keras_2s_words():
    with pytest.warns(match="output_dim"):
        dense = Dense(units=3, input_dim=2)
    with pytest.warns(match="init"):
        assert Dense(3, kernel_initializer="zeros", input_dim=2).initializer.__name__ == "zero"
    with pytest.warns(match="p="):
        assert Dropout(rate=0.25).p == 0.25
    with pytest.warns(match="dropout_U"):
        assert LSTM(2, recurrent_dropout=0.5).dropout_U == 0.5
    model = Sequential([dense])
    model.compile("sgd", "mse")
    with pytest.warns(match="nb_epoch"):
        history = model.fit(np.zeros((4, 2)), np.zeros((4, 3)), epochs=2, verbose=0)
    assert history.epoch == [0, 1]
    assert dense.get_config()["output_dim"] == 3


def test_models_take_inputs_and_outputs():
    a = Input((2,))
    with pytest.warns(match="input=|output="):
        model = Model(inputs=a, outputs=Dense(3)(a))
    assert model.output_shape == (None, 3)


def test_a_misspelt_keyword_of_fit_is_named():
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"fit: unknown keyword argument 'nb_epochs'. Perhaps you meant 'nb_epoch'"):
        model.fit(np.zeros((4, 2)), np.zeros((4, 1)), nb_epochs=2)


def test_a_misspelt_metric_is_told_of_accuracy():
    with pytest.raises(ValueError, match="Perhaps you meant 'accuracy'"):
        Sequential([Dense(1, input_dim=2)]).compile("sgd", "mse", metrics=["acuracy"])
