"""A small model and its data, for the tests of training and inference."""

import numpy as np

from jkeras.layers import Dense
from jkeras.models import Sequential
from jkeras.optimizers import SGD


def linear(lr=0.1, **kwargs):
    """Return a compiled model that computes x @ W + b, two numbers to one."""
    model = Sequential([Dense(1, input_dim=2)])
    model.compile(SGD(lr=lr), "mse", **kwargs)
    return model


def samples(count, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 2)).astype("float32")
    return x, (x @ [[1.0], [-2.0]] + 0.5).astype("float32")


def assert_same(one, two):
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right)
