import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from tests.backend.images import both_ways, from_tf, to_tf

each_ordering = pytest.mark.parametrize("ordering", ["th", "tf"])


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")  # seeded for each test


@each_ordering
def test_spatial_2d_padding(ordering):
    x = from_tf(normal(2, 3, 4, 5), ordering)
    y = both_ways(K.spatial_2d_padding, x, padding=(1, 2), dim_ordering=ordering)
    wanted = np.zeros((2, 5, 8, 5), "float32")
    wanted[:, 1:4, 2:6] = to_tf(x, ordering)
    np.testing.assert_array_equal(to_tf(y, ordering), wanted)


@each_ordering
def test_asymmetric_spatial_2d_padding(ordering):
    x = from_tf(normal(2, 3, 4, 5), ordering)
    y = both_ways(
        K.asymmetric_spatial_2d_padding, x, top_pad=1, bottom_pad=0, left_pad=2, right_pad=3, dim_ordering=ordering
    )
    wanted = np.zeros((2, 4, 9, 5), "float32")
    wanted[:, 1:4, 2:6] = to_tf(x, ordering)
    np.testing.assert_array_equal(to_tf(y, ordering), wanted)


@each_ordering
def test_spatial_3d_padding(ordering):
    x = from_tf(normal(2, 3, 4, 2, 5), ordering)
    y = both_ways(K.spatial_3d_padding, x, padding=(0, 1, 2), dim_ordering=ordering)
    wanted = np.zeros((2, 3, 6, 6, 5), "float32")
    wanted[:, :, 1:5, 2:4] = to_tf(x, ordering)
    np.testing.assert_array_equal(to_tf(y, ordering), wanted)


def test_one_zero_on_each_side_is_the_default():
    x = normal(2, 3, 4, 5)
    for function in (K.spatial_2d_padding, K.asymmetric_spatial_2d_padding):
        np.testing.assert_array_equal(function(x), np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)]))
    assert K.spatial_3d_padding(normal(1, 1, 2, 2, 2)).shape == (1, 1, 4, 4, 4)


def test_temporal_padding():
    x = normal(2, 3, 4)
    y = both_ways(K.asymmetric_temporal_padding, x, left_pad=1, right_pad=2)
    np.testing.assert_array_equal(y, np.pad(x, [(0, 0), (1, 2), (0, 0)]))
    np.testing.assert_array_equal(both_ways(K.temporal_padding, x, padding=2), np.pad(x, [(0, 0), (2, 2), (0, 0)]))


@each_ordering
def test_resize_images(ordering):
    x = from_tf(normal(2, 3, 4, 5), ordering)
    y = both_ways(K.resize_images, x, height_factor=2, width_factor=3, dim_ordering=ordering)
    np.testing.assert_array_equal(to_tf(y, ordering), to_tf(x, ordering).repeat(2, 1).repeat(3, 2))


@each_ordering
def test_resize_volumes(ordering):
    x = from_tf(normal(2, 3, 4, 2, 5), ordering)
    y = both_ways(K.resize_volumes, x, depth_factor=2, height_factor=1, width_factor=3, dim_ordering=ordering)
    np.testing.assert_array_equal(to_tf(y, ordering), to_tf(x, ordering).repeat(2, 1).repeat(3, 3))


def test_the_ordering_is_that_of_the_settings(monkeypatch):
    x = normal(2, 3, 4, 5)
    assert K.spatial_2d_padding(x).shape == (2, 3, 6, 7)
    assert K.resize_images(x, 2, 2.0, "default").shape == (2, 3, 8, 10)
    monkeypatch.setitem(config._settings, "image_dim_ordering", "tf")
    assert K.spatial_2d_padding(x).shape == (2, 5, 6, 5)
    assert K.asymmetric_spatial_2d_padding(x).shape == (2, 5, 6, 5)
    assert K.resize_images(x, 2, 2, "default").shape == (2, 6, 8, 5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: K.spatial_2d_padding(x, dim_ordering="tv"), "Unknown dim_ordering 'tv': expected 'th', 'tf'"),
        (lambda x: K.resize_images(x, 2, 2, None), "Unknown dim_ordering None"),
        (lambda x: K.spatial_2d_padding(x, 1), r"padding must be 2 whole numbers that are not negative.*got 1"),
        (lambda x: K.spatial_2d_padding(x, (1, -1)), r"got \(1, -1\)"),
        (lambda x: K.spatial_3d_padding(x), r"Expected volumes, an array of 5 axes .* got shape \(2, 3, 4, 5\)"),
        (lambda x: K.resize_images(x, 0, 2, "th"), r"The factors must be 2 positive whole numbers.*got \(0, 2\)"),
        (lambda x: K.resize_volumes(x[None], 1, 1.5, 1, "th"), r"got \(1, 1.5, 1\)"),
    ],
)
def test_what_cannot_be_computed_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(normal(2, 3, 4, 5))
