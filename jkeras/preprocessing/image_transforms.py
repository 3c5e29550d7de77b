"""Transformations of single images, with random or given amounts (Keras 1).

Images are arrays of rank 3; `row_axis`, `col_axis` and `channel_axis` say which axis is what. Where an image is bent, each
pixel takes the value of the nearest one (scipy, the extra ``[image]``, imported where it is used).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from jkeras.errors import MissingExtraError

__all__ = [
    "FILL_MODES",
    "apply_transform",
    "drawing_from",
    "flip_axis",
    "random_channel_shift",
    "random_numbers",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "rotation_matrix",
    "shear_matrix",
    "transform_matrix_offset_center",
    "translation_matrix",
    "zoom_matrix",
]

FILL_MODES = ("constant", "nearest", "reflect", "wrap", "mirror", "grid-constant", "grid-mirror", "grid-wrap")

_source: ContextVar[Any] = ContextVar("source of random numbers", default=np.random)


def random_numbers() -> Any:
    """Return where this thread's random amounts come from: ``np.random``, or what `drawing_from` set."""
    return _source.get()


@contextmanager
def drawing_from(source: Any) -> Iterator[None]:
    """Let the random transformations of this thread draw from a ``np.random.RandomState`` of their own."""
    token = _source.set(source)
    try:
        yield
    finally:
        _source.reset(token)


# ---- matrices: they map a position (row, column, 1) in the result to one in the image


def rotation_matrix(theta: float) -> np.ndarray:
    """Return the matrix of a turn by `theta` radians."""
    return np.array([[np.cos(theta), -np.sin(theta), 0], [np.sin(theta), np.cos(theta), 0], [0, 0, 1]])


def translation_matrix(tx: float, ty: float) -> np.ndarray:
    """Return the matrix of a move by `tx` rows and `ty` columns."""
    return np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]])


def shear_matrix(shear: float) -> np.ndarray:
    """Return the matrix of a shear by an angle in radians."""
    return np.array([[1, -np.sin(shear), 0], [0, np.cos(shear), 0], [0, 0, 1]])


def zoom_matrix(zx: float, zy: float) -> np.ndarray:
    """Return the matrix of a zoom; a factor below 1 makes things larger."""
    return np.array([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])


def transform_matrix_offset_center(matrix: np.ndarray, x: float, y: float) -> np.ndarray:
    """Return the transformation about the centre of an image with `x` rows and `y` columns, in place of its corner."""
    row, column = float(x) / 2 + 0.5, float(y) / 2 + 0.5
    return translation_matrix(row, column) @ matrix @ translation_matrix(-row, -column)


def apply_transform(
    x: Any, transform_matrix: np.ndarray, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0
) -> np.ndarray:
    """Return an image under an affine transformation.

    Args:
        x: the image, an array of rank 3.
        transform_matrix: 3 × 3; maps a position (row, column, 1) in the result to one in `x`.
        channel_axis: the axis of the channels.
        fill_mode: what stands outside of `x`: ``'nearest'``, ``'constant'`` (`cval`), ``'reflect'`` or ``'wrap'``.
        cval: see `fill_mode`.
    """
    affine_transform = _affine_transform()
    if fill_mode not in FILL_MODES:
        raise ValueError(f"fill_mode is one of {', '.join(FILL_MODES)}; got {fill_mode!r}.")
    channels = [
        affine_transform(channel, transform_matrix[:2, :2], transform_matrix[:2, 2], order=0, mode=fill_mode, cval=cval)
        for channel in np.moveaxis(np.asarray(x), channel_axis, 0)
    ]
    return np.stack(channels, axis=channel_axis)


def _affine_transform() -> Callable[..., np.ndarray]:
    try:
        from scipy.ndimage import affine_transform
    except ImportError:
        raise MissingExtraError("scipy", "image", "Turning, moving, shearing or zooming images") from None
    return affine_transform


# ---- random amounts


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> np.ndarray:
    """Return the image turned by a random angle between `-rg` and `rg` degrees."""
    matrix = rotation_matrix(np.pi / 180 * random_numbers().uniform(-rg, rg))
    return _about_centre(x, matrix, row_axis, col_axis, channel_axis, fill_mode, cval)


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> np.ndarray:
    """Return the image moved by at most the share `wrg` of its width and the share `hrg` of its height."""
    x = np.asarray(x)
    tx = random_numbers().uniform(-hrg, hrg) * x.shape[row_axis]
    ty = random_numbers().uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_transform(x, translation_matrix(tx, ty), channel_axis, fill_mode, cval)


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> np.ndarray:
    """Return the image sheared by a random angle between `-intensity` and `intensity` radians."""
    matrix = shear_matrix(random_numbers().uniform(-intensity, intensity))
    return _about_centre(x, matrix, row_axis, col_axis, channel_axis, fill_mode, cval)


def random_zoom(
    x: Any,
    zoom_range: Sequence[float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> np.ndarray:
    """Return the image zoomed by two random factors, of rows and of columns, from `zoom_range`, (lowest, highest)."""
    if np.ndim(zoom_range) != 1 or len(zoom_range) != 2:
        raise ValueError(f"zoom_range should be a tuple or list of two floats; got {zoom_range!r}.")
    matrix = zoom_matrix(*random_zoom_factors(zoom_range))
    return _about_centre(x, matrix, row_axis, col_axis, channel_axis, fill_mode, cval)


def random_zoom_factors(zoom_range: Sequence[float]) -> tuple[float, float]:
    """Return factors for rows and columns; nothing is drawn where they can only be 1."""
    if zoom_range[0] == 1 and zoom_range[1] == 1:
        return 1.0, 1.0
    zx, zy = random_numbers().uniform(zoom_range[0], zoom_range[1], 2)
    return float(zx), float(zy)


def random_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """Return the image with a random number from `-intensity` to `intensity` added to each channel, within its range."""
    x = np.asarray(x)
    channels = np.moveaxis(x, channel_axis, 0)
    low, high = np.min(x), np.max(x)
    shifted = [
        np.clip(channel + random_numbers().uniform(-intensity, intensity), low, high).astype(x.dtype)
        for channel in channels
    ]
    return np.stack(shifted, axis=channel_axis)


def flip_axis(x: Any, axis: int) -> np.ndarray:
    """Return the image mirrored along an axis."""
    return np.flip(np.asarray(x), axis)


def _about_centre(
    x: Any, matrix: np.ndarray, row_axis: int, col_axis: int, channel_axis: int, fill_mode: str, cval: float
) -> np.ndarray:
    x = np.asarray(x)
    matrix = transform_matrix_offset_center(matrix, x.shape[row_axis], x.shape[col_axis])
    return apply_transform(x, matrix, channel_axis, fill_mode, cval)
