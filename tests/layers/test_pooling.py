"""Pooling; tests/contract_images.py has what all layers keep."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from jkeras.layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    Input,
    Masking,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    pooling,
)
from jkeras.models import Model
from tests.backend.images import ENGINES, from_tf, pooled, to_tf

MODES = {
    "max": (MaxPooling1D, MaxPooling2D, MaxPooling3D),
    "avg": (AveragePooling1D, AveragePooling2D, AveragePooling3D),
}
each_dialect = pytest.mark.parametrize("dialect", ENGINES)
each_mode = pytest.mark.parametrize("mode", MODES)


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")  # seeded for each test


def computed(layer, x):
    tensor = layer(Input(batch_shape=x.shape))
    y = np.asarray(layer.apply({}, x))
    assert tensor.shape == y.shape
    return y


@each_dialect
@each_mode
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_windows_over_time(dialect, mode, border_mode):
    x = normal(2, 7, 3)
    for length, stride in ((2, None), (3, 1), (4, 3)):
        layer = MODES[mode][0](length, stride, border_mode, dialect=dialect)
        wanted = pooled(x, (length,), (stride or length,), border_mode, dialect, mode)
        np.testing.assert_allclose(computed(layer, x), wanted, rtol=1e-5, atol=1e-6)


@each_dialect
@each_mode
@pytest.mark.parametrize("ordering", ["th", "tf"])
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_windows_over_images_and_volumes(dialect, mode, ordering, border_mode):
    x = normal(2, 5, 7, 3)
    layer = MODES[mode][1]((3, 2), (2, 1), border_mode, ordering, dialect=dialect)
    wanted = pooled(x, (3, 2), (2, 1), border_mode, dialect, mode)
    np.testing.assert_allclose(to_tf(computed(layer, from_tf(x, ordering)), ordering), wanted, rtol=1e-5, atol=1e-6)
    x = normal(2, 3, 4, 5, 2)
    layer = MODES[mode][2]((1, 2, 3), None, border_mode, ordering, dialect=dialect)
    wanted = pooled(x, (1, 2, 3), (1, 2, 3), border_mode, dialect, mode)
    np.testing.assert_allclose(to_tf(computed(layer, from_tf(x, ordering)), ordering), wanted, rtol=1e-5, atol=1e-6)


def test_windows_step_by_their_size_unless_told():
    assert MaxPooling2D()(Input((3, 7, 8))).shape == (None, 3, 3, 4)
    assert MaxPooling3D()(Input((3, 7, 8, 4))).shape == (None, 3, 3, 4, 2)
    assert AveragePooling1D(3)(Input((None, 8))).shape == (None, None, 8)
    assert MaxPooling2D((2.0, 4 / 2), strides=[1, 1.0]).strides == (1, 1)


@pytest.mark.parametrize(
    ("classes", "reduce"),
    [
        ((GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D), np.max),
        ((GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D), np.mean),
    ],
)
def test_whole_samples(classes, reduce):
    x = normal(2, 3, 4, 5, 6)
    np.testing.assert_allclose(computed(classes[0](), x[0, 0]), reduce(x[0, 0], axis=1), rtol=1e-5)
    for ordering, axes in (("th", (2, 3)), ("tf", (1, 2))):
        np.testing.assert_allclose(computed(classes[1](ordering), x[0]), reduce(x[0], axis=axes), rtol=1e-5)
    np.testing.assert_allclose(computed(classes[2](), x), reduce(x, axis=(2, 3, 4)), rtol=1e-5)
    assert classes[1](dim_ordering="tf")(Input((None, None, 7))).shape == (None, 7)


def test_the_dialect_is_that_of_the_backend(monkeypatch):
    assert MaxPooling1D().dialect == MaxPooling2D().dialect == "tensorflow"
    monkeypatch.setattr(config, "_BACKEND", "theano")
    layer = MaxPooling2D()
    assert layer.dialect == layer.get_config()["dialect"] == "theano"


def test_custom_layers_extend_pooling():
    class MinPooling1D(pooling._Pooling1D):
        def _pooling_function(self, inputs, pool_size, strides, border_mode, dim_ordering):
            return -K.pool2d(-inputs, pool_size, strides, border_mode, dim_ordering, pool_mode="max")

    x, tensor = normal(2, 6, 3), Input((6, 3))
    y = Model(tensor, MinPooling1D(3)(tensor)).predict(x)
    np.testing.assert_array_equal(y, x.reshape(2, 2, 3, 3).min(axis=2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: MaxPooling2D(border_mode="full"),
            "MaxPooling2D: Unknown border_mode 'full': expected 'valid' or 'same'",
        ),
        (lambda: MaxPooling2D(2), r"MaxPooling2D: pool_size must be 2 positive whole numbers, such as \(2, 2\); got 2"),
        (lambda: MaxPooling3D((2, 2)), "MaxPooling3D: pool_size must be 3 positive whole numbers"),
        (lambda: MaxPooling2D(strides=(0, 1)), "strides must be 2 positive whole numbers"),
        (lambda: MaxPooling1D(0), "pool_length must be a positive whole number"),
        (lambda: MaxPooling2D(dim_ordering="ft"), "Unknown dim_ordering 'ft'"),
        (lambda: GlobalMaxPooling2D("ft"), "GlobalMaxPooling2D: Unknown dim_ordering 'ft'"),
        (lambda: MaxPooling1D(5)(Input((4, 3))), r"'maxpooling1d_1' .* a window of 5 .* 4 time steps"),
        (lambda: MaxPooling2D()(Input((8, 8, 1))), r"a window of 2 × 2 .* 8 × 1 rows .* give dim_ordering='tf'"),
        (lambda: MaxPooling2D()(Input((8, 8))), "expected an input of 4 dimensions"),
        (lambda: MaxPooling1D()(Masking()(Input((8, 2)))), "does not support masking"),
    ],
)
def test_what_cannot_be_computed_is_an_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sequences_shorter_than_a_window_are_an_error_when_they_come():
    layer = MaxPooling1D(5)
    layer(Input((None, 3)))
    with pytest.raises(
        ValueError, match=r"'maxpooling1d_1' .* a window of 5 is larger than the input, which has 4 time"
    ):
        layer.apply({}, normal(2, 4, 3))
