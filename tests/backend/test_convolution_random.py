"""Convolution of random shapes: the orderings agree with each other, the dialects where they should, and both with scipy."""

import numpy as np
import pytest
import scipy.signal

from jkeras.backend.convolution import convolve

RNG = np.random.default_rng(7)


def draw():
    """Return (x, kernel, strides, border_mode) in TensorFlow's ordering; kernels fit into the images."""
    rank = int(RNG.integers(1, 4))
    window = RNG.integers(1, 5, rank)
    space = window + RNG.integers(0, 6 if rank < 3 else 3, rank)
    channels, filters = RNG.integers(1, 5, 2)
    x = RNG.normal(size=(int(RNG.integers(1, 4)), *space, channels)).astype("float32")
    kernel = RNG.normal(size=(*window, channels, filters)).astype("float32")
    strides = tuple(int(step) for step in RNG.integers(1, 4, rank))
    return x, kernel, strides, str(RNG.choice(["valid", "same", "full"]))


CASES = [draw() for _ in range(16)]
each_case = pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))


@each_case
@pytest.mark.parametrize("dialect", ["tensorflow", "theano"])
def test_the_orderings_agree(case, dialect):
    x, kernel, strides, border_mode = case
    last = convolve(x, kernel, strides, border_mode, "tf", dialect)
    turned = np.moveaxis(np.moveaxis(kernel, -1, 0), -1, 1)  # (filters, channels, *window)
    first = convolve(np.moveaxis(x, -1, 1), turned, strides, border_mode, "th", dialect)
    np.testing.assert_allclose(np.moveaxis(first, 1, -1), last, rtol=1e-4, atol=1e-4)


@each_case
def test_scipy_agrees(case):
    x, kernel, strides, border_mode = case
    ones = (1,) * len(strides)
    mode = "full" if border_mode == "full" else "valid"
    for dialect, function in (("tensorflow", scipy.signal.correlate), ("theano", scipy.signal.convolve)):
        found = convolve(x, kernel, ones, mode, "tf", dialect)
        expected = np.stack(
            [
                np.stack(
                    [
                        sum(
                            function(image[..., c], kernel[..., c, f], mode=mode, method="direct")
                            for c in range(x.shape[-1])
                        )
                        for f in range(kernel.shape[-1])
                    ],
                    axis=-1,
                )
                for image in x
            ]
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@each_case
def test_the_dialects_agree_on_turned_kernels_where_nothing_is_padded(case):
    x, kernel, strides, _ = case
    turned = np.flip(kernel, tuple(range(len(strides)))).copy()
    np.testing.assert_allclose(
        convolve(x, kernel, strides, "valid", "tf", "theano"),
        convolve(x, turned, strides, "valid", "tf", "tensorflow"),
        rtol=1e-4,
        atol=1e-4,
    )
