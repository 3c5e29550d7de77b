"""Image files: reading, writing, listing, and files that hold no image."""

import builtins

import numpy as np
import pytest
from PIL import Image

from jkeras import backend as K
from jkeras.errors import MissingExtraError
from jkeras.preprocessing.image import array_to_img, img_to_array, list_pictures, load_img


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (6, 4, 3), dtype="uint8")
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path, pixels


def test_reading(photo):
    path, pixels = photo
    img = load_img(str(path))
    assert img.size == (4, 6)
    np.testing.assert_array_equal(img_to_array(img), pixels.transpose(2, 0, 1))
    np.testing.assert_array_equal(img_to_array(img, dim_ordering="tf"), pixels)
    assert img_to_array(img).dtype == np.float32
    grey = img_to_array(load_img(path, grayscale=True))
    assert grey.shape == (1, 6, 4)


def test_resizing_takes_the_nearest_pixel(photo):
    path, pixels = photo
    larger = img_to_array(load_img(path, target_size=(12, 8)), "tf")
    np.testing.assert_array_equal(larger, pixels.repeat(2, axis=0).repeat(2, axis=1))


def test_there_and_back(photo):
    _, pixels = photo
    for ordering, array in (("tf", pixels), ("th", pixels.transpose(2, 0, 1))):
        back = img_to_array(array_to_img(array, ordering, scale=False), ordering)
        np.testing.assert_array_equal(back, array)
    assert array_to_img(pixels[:, :, :1], "tf").mode == "L"
    assert img_to_array(np.zeros((3, 2))).shape == (1, 3, 2)


def test_scaling_stretches_to_what_an_image_can_hold():
    x = np.array([[[-1.0, 0.0], [1.0, 3.0]]])
    original = x.copy()
    assert np.asarray(array_to_img(x, "th")).tolist() == [[0, 63], [127, 255]]
    assert np.asarray(array_to_img(x, "th", scale=False)).tolist() == [[0, 0], [1, 3]]
    assert np.asarray(array_to_img(np.array([[[300.0]]]), "th", scale=False)).tolist() == [[255]]
    assert np.asarray(array_to_img(np.zeros((1, 1, 1)))).tolist() == [[0]]
    assert np.asarray(array_to_img(np.array([[[0, 2]]]), "th")).tolist() == [[0, 255]]  # integers
    np.testing.assert_array_equal(x, original)


def test_the_default_ordering_is_the_settings(photo):
    path, _ = photo
    K.set_image_dim_ordering("tf")
    try:
        assert img_to_array(load_img(path)).shape == (6, 4, 3)
    finally:
        K.set_image_dim_ordering("th")


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: array_to_img(np.zeros((5, 1, 3, 3))), r"rank 3; got an array of shape \(5, 1, 3, 3\).*x\[0\]"),
        (lambda: array_to_img(np.zeros((2, 3, 3)), "th"), "Unsupported number of channels: 2"),
        (lambda: array_to_img(np.zeros((3, 5, 5)), "tf"), "Unsupported number of channels: 5.*Check dim_ordering"),
        (lambda: array_to_img(np.zeros((3, 5, 5)), "channels_first"), "got 'channels_first'"),
        (lambda: img_to_array(np.zeros((1, 2, 3, 4))), r"Unsupported image shape: \(1, 2, 3, 4\)"),
        (lambda: load_img("a.png", target_size=(3,)), r"target_size is \(height, width\)"),
    ],
)
def test_what_is_no_image(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_damaged_files_are_named(photo, tmp_path):
    path, _ = photo
    whole = path.read_bytes()
    short = tmp_path / "short.png"
    short.write_bytes(whole[: len(whole) // 2])
    text = tmp_path / "text.jpg"
    text.write_text("no image")
    for damaged in (short, text):
        with pytest.raises(OSError, match=f"{damaged.name} cannot be read as an image"):
            load_img(damaged)
    with pytest.raises(FileNotFoundError):
        load_img(tmp_path / "none.png")


def test_listing(tmp_path):
    (tmp_path / "inner").mkdir()
    for name in ("b.png", "a-1.JPG", "notes.txt", "png", "inner/c.jpeg", "d.gif"):
        (tmp_path / name).touch()
    found = list_pictures(tmp_path)
    assert [path.removeprefix(f"{tmp_path}/") for path in found] == ["a-1.JPG", "b.png", "inner/c.jpeg"]
    assert list_pictures(str(tmp_path), ext="gif") == [str(tmp_path / "d.gif")]


def test_without_pillow_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "PIL":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"load_img needs the package 'pillow'.*jkeras\[image\]"):
        load_img("a.png")
    with pytest.raises(MissingExtraError, match="array_to_img"):
        array_to_img(np.zeros((1, 2, 2)))
