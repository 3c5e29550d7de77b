"""Kernels turned between Theano's convention and TensorFlow's."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Convolution1D, Convolution2D, Convolution3D, Dense
from jkeras.models import Sequential
from jkeras.utils.layer_utils import convert_all_kernels_in_model, convert_dense_weights_data_format
from jkeras.utils.np_utils import convert_kernel

RNG = np.random.default_rng(0)


def test_convert_kernel():
    kernel = RNG.normal(size=(2, 3, 4, 5))
    np.testing.assert_array_equal(convert_kernel(kernel), kernel[:, :, ::-1, ::-1])
    np.testing.assert_array_equal(convert_kernel(kernel, "tf"), kernel[::-1, ::-1])
    volume = RNG.normal(size=(2, 3, 4, 5, 6))
    np.testing.assert_array_equal(convert_kernel(volume, "th"), volume[:, :, ::-1, ::-1, ::-1])
    np.testing.assert_array_equal(convert_kernel(volume, "tf"), volume[::-1, ::-1, ::-1])
    with pytest.raises(ValueError, match="4 or 5 axes"):
        convert_kernel(np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("layer", "shape", "turned"),
    [
        (lambda **kw: Convolution1D(4, 3, input_shape=(8, 2), **kw), (5, 8, 2), lambda W: W[::-1]),
        (
            lambda **kw: Convolution2D(4, 3, 2, dim_ordering="tf", input_shape=(6, 7, 2), **kw),
            (5, 6, 7, 2),
            lambda W: W[::-1, ::-1],
        ),
        (
            lambda **kw: Convolution3D(4, 2, 2, 2, dim_ordering="th", input_shape=(2, 4, 5, 6), **kw),
            (5, 2, 4, 5, 6),
            lambda W: W[:, :, ::-1, ::-1, ::-1],
        ),
    ],
)
def test_models_are_converted_between_conventions(layer, shape, turned):
    assert K.backend() != "theano"
    x = RNG.normal(size=shape)
    theirs = Sequential([Sequential([layer(dialect="theano")])])  # as with weights from Theano's file
    inner = theirs.layers[0].layers[0]
    W, b = inner.get_weights()
    expected = theirs.predict(x)
    convert_all_kernels_in_model(theirs)
    np.testing.assert_array_equal(inner.get_weights()[0], turned(W))
    assert inner.dialect == "tensorflow"
    np.testing.assert_allclose(theirs.predict(x), expected, rtol=1e-4, atol=1e-5)
    ours = Sequential([layer()])  # with Theano's arrays given by hand
    ours.set_weights([W, b])
    convert_all_kernels_in_model(ours)
    assert ours.layers[0].dialect == "tensorflow"
    np.testing.assert_allclose(ours.predict(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("target", ["th", "channels_last"])
def test_dense_weights_behind_a_flatten(target):
    maps = np.random.normal(size=(2, 3, 4, 5)).astype("float32")  # (batch, rows, columns, channels)
    first = np.moveaxis(maps, -1, 1)
    old, new = (maps, first) if target == "th" else (first, maps)
    dense = Dense(6, input_dim=60)
    model = Sequential([dense])
    before = model.predict(old.reshape(2, -1))
    convert_dense_weights_data_format(dense, new.shape[1:], target)
    np.testing.assert_allclose(model.predict(new.reshape(2, -1)), before, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"W has 60 rows, but maps of shape \(3, 4\) have 12 numbers"):
        convert_dense_weights_data_format(dense, (3, 4), target)
    with pytest.raises(ValueError, match="target_data_format is 'th' or 'tf'; got 'first'"):
        convert_dense_weights_data_format(dense, (60,), "first")
