"""Locally connected layers against loops over places."""

import numpy as np
import pytest

from jkeras.layers import Input, LocallyConnected1D, LocallyConnected2D
from jkeras.models import Sequential

RNG = np.random.default_rng(0)


def output(layer, x):
    model = Sequential([layer])
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.weights])
    return model.predict(x), layer.get_weights()


def test_sequences():
    x = RNG.normal(size=(3, 8, 2)).astype("float32")
    y, (W, b) = output(LocallyConnected1D(4, 3, subsample_length=2, input_shape=(8, 2)), x)
    assert y.shape == (3, 3, 4)
    for place in range(3):
        window = x[:, 2 * place : 2 * place + 3].reshape(3, 6)
        np.testing.assert_allclose(y[:, place], window @ W[place] + b[place], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dim_ordering", ["th", "tf"])
def test_images(dim_ordering):
    first = dim_ordering == "th"
    x = RNG.normal(size=(3, 2, 5, 6) if first else (3, 5, 6, 2)).astype("float32")
    layer = LocallyConnected2D(
        4, 3, 2, subsample=(2, 1), dim_ordering=dim_ordering, bias=False, input_shape=x.shape[1:]
    )
    y, (W,) = output(layer, x)
    assert W.shape == (2 * 5, 3 * 2 * 2, 4)
    assert y.shape == ((3, 4, 2, 5) if first else (3, 2, 5, 4)) == (3, *layer.output_shape[1:])
    for row in range(2):
        for col in range(5):
            rows, cols = slice(2 * row, 2 * row + 3), slice(col, col + 2)
            window = (x[:, :, rows, cols] if first else x[:, rows, cols]).reshape(3, -1)
            found = y[:, :, row, col] if first else y[:, row, col]
            np.testing.assert_allclose(found, window @ W[5 * row + col], rtol=1e-4, atol=1e-5)


def test_refusals():
    with pytest.raises(ValueError, match="border_mode is 'valid'"):
        LocallyConnected1D(4, 3, border_mode="same")
    with pytest.raises(ValueError, match="all sizes of its input must be known"):
        Sequential([LocallyConnected1D(4, 3, input_dim=2)])
    with pytest.raises(ValueError, match=r"a filter of 3 × 9 is larger .* or a ZeroPadding2D layer in front"):
        Sequential([LocallyConnected2D(4, 3, 9, dim_ordering="th", input_shape=(2, 5, 6))])
    with pytest.raises(ValueError, match=r"28 × 1 rows and columns.*channels last, give dim_ordering='tf'"):
        LocallyConnected2D(4, 3, 3)(Input((28, 28, 1)))
    shared = LocallyConnected2D(4, 3, 3, name="shared")
    shared(Input((2, 5, 6)))
    with pytest.raises(
        ValueError, match=r"'shared' .* was built for inputs of shape \(None, 2, 5, 6\).* got shape \(None, 2, 6, 6\)"
    ):
        shared(Input((2, 6, 6)))
