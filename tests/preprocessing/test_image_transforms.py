"""Transformations of single images: matrices, edges, random amounts, and the generator's composition of them."""

import builtins

import numpy as np
import pytest

from jkeras.errors import MissingExtraError
from jkeras.preprocessing import image
from jkeras.preprocessing.image import ImageDataGenerator
from jkeras.preprocessing.image_transforms import (
    rotation_matrix,
    shear_matrix,
    translation_matrix,
    zoom_matrix,
)


def numbered(channels=1, height=5, width=5):
    return np.arange(channels * height * width, dtype="float32").reshape(channels, height, width)


def test_turning_about_the_centre():
    x = numbered()
    # Keras 1's centre lies half a pixel beyond the middle, which moves a turned image by one row.
    matrix = image.transform_matrix_offset_center(rotation_matrix(np.pi), 5, 5)
    np.testing.assert_allclose(matrix @ [2, 2, 1], [4, 4, 1], atol=1e-12)
    turned = image.apply_transform(x, matrix, fill_mode="nearest")
    np.testing.assert_array_equal(turned[0, 2:, 2:], x[0, 2:, 2:][::-1, ::-1])


@pytest.mark.parametrize(
    ("mode", "first_row"),
    [("nearest", [0, 1, 2]), ("constant", [9, 9, 9]), ("reflect", [0, 1, 2]), ("wrap", [3, 4, 5])],
)
def test_fill_modes(mode, first_row):
    x = np.arange(9.0).reshape(1, 3, 3)
    moved = image.apply_transform(x, translation_matrix(-1, 0), fill_mode=mode, cval=9)
    assert moved[0, 0].tolist() == first_row
    np.testing.assert_array_equal(moved[0, 1:], x[0, :2])


@pytest.mark.parametrize("axes", [(1, 2, 0), (0, 1, 2)])
def test_random_functions_keep_shape_and_channels(axes):
    row, col, channel = axes
    x = np.moveaxis(np.random.RandomState(0).uniform(0, 255, (3, 6, 8)).astype("float32"), 0, channel)
    for change in (
        lambda x: image.random_rotation(x, 30, row, col, channel),
        lambda x: image.random_shift(x, 0.3, 0.3, row, col, channel),
        lambda x: image.random_shear(x, 0.9, row, col, channel),
        lambda x: image.random_zoom(x, (0.5, 1.5), row, col, channel),
        lambda x: image.random_channel_shift(x, 20, channel),
        lambda x: image.flip_axis(x, col),
    ):
        np.random.seed(5)  # amounts far from nothing
        changed = change(x)
        assert changed.shape == x.shape and changed.dtype == x.dtype
        assert not np.array_equal(changed, x)
    np.testing.assert_array_equal(image.random_zoom(x, (1, 1), row, col, channel), x)


def test_amounts_are_those_of_keras_1_for_the_same_seed():
    x = numbered(height=10, width=20)
    np.random.seed(3)
    tx, ty = np.random.uniform(-0.2, 0.2) * 10, np.random.uniform(-0.4, 0.4) * 20
    expected = image.apply_transform(x, translation_matrix(tx, ty))
    np.random.seed(3)
    np.testing.assert_array_equal(image.random_shift(x, 0.4, 0.2), expected)

    np.random.seed(4)
    theta = np.pi / 180 * np.random.uniform(-20, 20)
    tx = np.random.uniform(-0.1, 0.1) * 10
    ty = np.random.uniform(-0.2, 0.2) * 20
    shear = np.random.uniform(-0.3, 0.3)
    zx, zy = np.random.uniform(0.6, 1.4, 2)
    matrix = rotation_matrix(theta) @ translation_matrix(tx, ty) @ shear_matrix(shear) @ zoom_matrix(zx, zy)
    expected = image.apply_transform(x, image.transform_matrix_offset_center(matrix, 10, 20))
    if np.random.random() < 0.5:
        expected = expected[:, :, ::-1]
    if np.random.random() < 0.5:
        expected = expected[:, ::-1]
    generator = ImageDataGenerator(
        rotation_range=20,
        height_shift_range=0.1,
        width_shift_range=0.2,
        shear_range=0.3,
        zoom_range=0.4,
        horizontal_flip=True,
        vertical_flip=True,
    )
    np.random.seed(4)
    np.testing.assert_array_equal(generator.random_transform(x), expected)


def test_channel_shift_stays_in_the_range_of_the_image():
    x = np.stack([np.zeros((4, 4)), np.full((4, 4), 255.0)])
    np.random.seed(0)
    shifted = image.random_channel_shift(x, 50)
    assert shifted.min() >= 0 and shifted.max() <= 255
    assert len(np.unique(shifted[0])) == len(np.unique(shifted[1])) == 1


def test_zoom_range_as_one_number_and_as_two():
    assert ImageDataGenerator(zoom_range=0.2).zoom_range == [0.8, 1.2]
    assert ImageDataGenerator(zoom_range=(0.5, 0.7)).zoom_range == [0.5, 0.7]
    assert ImageDataGenerator(zoom_range=np.array([1.0, 2.0])).zoom_range == [1.0, 2.0]
    for make in (lambda: ImageDataGenerator(zoom_range=[1, 2, 3]), lambda: image.random_zoom(numbered(), [1, 2, 3])):
        with pytest.raises(ValueError, match=r"zoom_range should be .*got \[1, 2, 3\]"):
            make()


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match=r"fill_mode is one of constant, nearest, .*got 'edge'"):
        ImageDataGenerator(fill_mode="edge")
    with pytest.raises(ValueError, match="fill_mode is one of"):
        image.apply_transform(numbered(), np.eye(3), fill_mode="edge")
    with pytest.raises(ValueError, match="dim_ordering is 'th'"):
        ImageDataGenerator(dim_ordering="channels_last")


def test_a_generator_without_ranges_changes_nothing():
    x = numbered()
    np.testing.assert_array_equal(ImageDataGenerator().random_transform(x), x)


def test_without_scipy_flips_work_and_turns_name_the_extra(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "scipy":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert ImageDataGenerator(horizontal_flip=True).random_transform(numbered()).shape == (1, 5, 5)
    with pytest.raises(MissingExtraError, match=r"'scipy'.*jkeras\[image\]"):
        image.random_rotation(numbered(), 10)
    with pytest.raises(MissingExtraError, match="zca_whitening needs the package 'scipy'"):
        ImageDataGenerator(zca_whitening=True).fit(np.ones((2, 1, 2, 2)))
