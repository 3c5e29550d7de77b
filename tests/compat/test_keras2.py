"""Keras 2's keywords for Keras 1's arguments."""

import inspect
import warnings

import pytest

from jkeras.compat.keras2 import accepts_keras2


@accepts_keras2
def Dense(output_dim, init="glorot_uniform", bias=True, p=0.5, **kwargs):
    return {"output_dim": output_dim, "init": init, "bias": bias, "p": p, **kwargs}


@accepts_keras2
def Convolution2D(nb_filter, nb_row, nb_col, border_mode="valid", subsample=(1, 1), dim_ordering="default"):
    return nb_filter, nb_row, nb_col, border_mode, subsample, dim_ordering


@accepts_keras2
def Convolution1D(nb_filter, filter_length, subsample_length=1, dim_ordering="default"):
    return nb_filter, filter_length, subsample_length


@accepts_keras2
def LSTM(output_dim, inner_init="orthogonal", forget_bias_init="one", dropout_W=0.0, dropout_U=0.0, **kwargs):
    return output_dim, inner_init, forget_bias_init, dropout_W, dropout_U, kwargs


def test_a_keyword_of_keras_2_is_taken_with_a_warning_that_names_keras_1s():
    with pytest.warns(UserWarning, match=r"Dense: units= is Keras 2's word; Keras 1 calls it output_dim=\.") as caught:
        assert Dense(units=3)["output_dim"] == 3
    assert caught[0].filename == __file__


def test_keywords_of_keras_1_are_left_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Dense(3, init="zero", name="d") == {"output_dim": 3, "init": "zero", "bias": True, "p": 0.5, "name": "d"}
    assert list(inspect.signature(Dense).parameters) == ["output_dim", "init", "bias", "p", "kwargs"]


@pytest.mark.filterwarnings("ignore:.*is Keras 2's word")
def test_values_are_translated():
    made = Dense(units=3, kernel_initializer="zeros", use_bias=False, rate=0.1, bias_initializer="zeros", name="d")
    assert made == {"output_dim": 3, "init": "zero", "bias": False, "p": 0.1, "name": "d"}
    conv = Convolution2D(8, kernel_size=(3, 5), padding="same", strides=(2, 2), data_format="channels_last")
    assert conv == (8, 3, 5, "same", (2, 2), "tf")
    assert Convolution2D(8, kernel_size=3, data_format="channels_first") == (8, 3, 3, "valid", (1, 1), "th")
    assert Convolution1D(filters=8, kernel_size=(3,), strides=2) == (8, 3, 2)
    recurrent = LSTM(2, unit_forget_bias=False, dropout=0.1, recurrent_dropout=0.2, recurrent_initializer="ones")
    assert recurrent == (2, "one", "zero", 0.1, 0.2, {})


def test_a_word_that_the_function_has_itself_is_not_touched():
    @accepts_keras2
    def custom(units, dropout=0.0, **kwargs):
        return units, dropout, kwargs

    assert custom(units=3, dropout=0.1, rate=0.2) == (3, 0.1, {"rate": 0.2})


def test_what_cannot_be_translated_says_why():
    with pytest.raises(TypeError, match=r"units= is Keras 2's word for output_dim=, and both are given"):
        Dense(output_dim=3, units=3)
    with pytest.raises(TypeError, match=r"no argument bias_initializer=: biases start at zero"):
        Dense(3, bias_initializer="ones")
    with pytest.raises(TypeError, match="takes 2 numbers"), pytest.warns(UserWarning, match="nb_row=, nb_col="):
        Convolution2D(8, kernel_size=(3, 3, 3))

    @accepts_keras2
    def fit_generator(generator, samples_per_epoch, nb_epoch): ...

    with pytest.raises(TypeError, match="steps times the batch size"):
        fit_generator(None, steps_per_epoch=10, nb_epoch=3)
