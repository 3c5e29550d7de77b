"""Kernels turned between Theano's convention and TensorFlow's."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Convolution1D, Convolution2D, Convolution3D
from jkeras.models import Sequential
from jkeras.utils.layer_utils import convert_all_kernels_in_model
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
