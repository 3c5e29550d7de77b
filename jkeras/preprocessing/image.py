"""Import path of Keras 1: ``keras.preprocessing.image``. Images as arrays, and batches of them that change at random.

Files are read by Pillow, images are bent by scipy: the extra ``[image]``. Both are imported where they are used.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from jkeras.backend.config import epsilon, floatx
from jkeras.errors import MissingExtraError
from jkeras.preprocessing.image_files import (
    array_to_img,
    img_to_array,
    list_pictures,
    load_img,
    resolve_dim_ordering,
)
from jkeras.preprocessing.image_iterators import DirectoryIterator, Iterator, NumpyArrayIterator, check_images
from jkeras.preprocessing.image_transforms import (
    FILL_MODES,
    apply_transform,
    drawing_from,
    flip_axis,
    random_channel_shift,
    random_numbers,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    random_zoom_factors,
    rotation_matrix,
    shear_matrix,
    transform_matrix_offset_center,
    translation_matrix,
    zoom_matrix,
)

__all__ = [
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_transform",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "transform_matrix_offset_center",
]


class ImageDataGenerator:
    """Batches of images, changed at random and brought to a common scale (Keras 1).

    Args:
        featurewise_center: subtract the mean of the data set, channel by channel; needs `fit`.
        samplewise_center: subtract from each pixel the mean of its channels.
        featurewise_std_normalization: divide by the deviation of the data set, channel by channel; needs `fit`.
        samplewise_std_normalization: divide each pixel by the deviation of its channels.
        zca_whitening: make the pixels uncorrelated; needs `fit`.
        rotation_range: turn by up to so many degrees.
        width_shift_range, height_shift_range: move by up to these shares of the width and height.
        shear_range: shear by up to so many radians.
        zoom_range: zoom by factors between these two; a number `z` stands for ``[1 - z, 1 + z]``.
        channel_shift_range: add up to so much to each channel.
        fill_mode: what stands outside of a moved image: ``'nearest'``, ``'constant'`` (`cval`), ``'reflect'`` or ``'wrap'``.
        cval: see `fill_mode`.
        horizontal_flip, vertical_flip: whether to mirror every other image, at random.
        rescale: factor for all values, before the other scalings.
        preprocessing_function: called with each image before all scalings; returns an image.
        dim_ordering: ``'th'`` (channels first), ``'tf'`` (channels last) or ``'default'``.

    Attributes:
        mean, std, principal_components: what `fit` found, or None.
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        rotation_range: float = 0.0,
        width_shift_range: float = 0.0,
        height_shift_range: float = 0.0,
        shear_range: float = 0.0,
        zoom_range: float | Sequence[float] = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], Any] | None = None,
        dim_ordering: str = "default",
    ):
        if fill_mode not in FILL_MODES:
            raise ValueError(f"fill_mode is one of {', '.join(FILL_MODES)}; got {fill_mode!r}.")
        zoom: Any = zoom_range
        zooms = [1 - zoom, 1 + zoom] if np.ndim(zoom) == 0 else list(zoom)
        if len(zooms) != 2:
            raise ValueError(f"zoom_range should be a float or a tuple or list of two floats; got {zoom_range!r}.")
        self.featurewise_center = featurewise_center
        self.samplewise_center = samplewise_center
        self.featurewise_std_normalization = featurewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening = zca_whitening
        self.rotation_range = rotation_range
        self.width_shift_range = width_shift_range
        self.height_shift_range = height_shift_range
        self.shear_range = shear_range
        self.zoom_range = zooms
        self.channel_shift_range = channel_shift_range
        self.fill_mode = fill_mode
        self.cval = cval
        self.horizontal_flip = horizontal_flip
        self.vertical_flip = vertical_flip
        self.rescale = rescale
        self.preprocessing_function = preprocessing_function
        self.dim_ordering = resolve_dim_ordering(dim_ordering)
        # Axes of a batch; those of a single image are one less.
        self.channel_axis, self.row_axis, self.col_axis = (1, 2, 3) if self.dim_ordering == "th" else (3, 1, 2)
        self.mean: np.ndarray | None = None
        self.std: np.ndarray | None = None
        self.principal_components: np.ndarray | None = None

    def flow(
        self,
        X: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
    ) -> NumpyArrayIterator:
        """Return an endless iterator over batches of images in an array.

        Args:
            X: images, of rank 4. A `HDF5Matrix` is read image by image.
            y: labels, as many; without them batches are images alone.
            batch_size, shuffle, seed: see `Iterator`.
            save_to_dir: a folder to write all images to, to look at; it is made where it is missing.
            save_prefix, save_format: beginning and ending (``'jpeg'`` or ``'png'``) of their names.
        """
        return NumpyArrayIterator(
            X, y, self, batch_size, shuffle, seed, self.dim_ordering, save_to_dir, save_prefix, save_format
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
        follow_links: bool = False,
    ) -> DirectoryIterator:
        """Return an endless iterator over batches of image files.

        Args:
            directory: a folder with one folder for each class, in which png, jpg, jpeg and bmp files lie at any depth.
            target_size: ``(height, width)`` of all images.
            color_mode: ``'rgb'`` or ``'grayscale'``.
            classes: names of the folders, in the order of the labels; default all of them, sorted.
            class_mode: labels are rows (``'categorical'``), floats (``'binary'``), integers (``'sparse'``), or not there (None).
            batch_size, shuffle, seed, save_to_dir, save_prefix, save_format: see `flow`.
            follow_links: whether to go into folders that are links.

        Raises:
            ValueError: there are no classes or no images.
        """
        return DirectoryIterator(
            directory,
            self,
            target_size,
            color_mode,
            self.dim_ordering,
            classes,
            class_mode,
            batch_size,
            shuffle,
            seed,
            save_to_dir,
            save_prefix,
            save_format,
            follow_links,
        )

    def standardize(self, x: Any) -> np.ndarray:
        """Return an image on the common scale; `x` (of rank 3) is left as it is."""
        x = np.array(x)
        if self.preprocessing_function:
            x = np.asarray(self.preprocessing_function(x))
        if not np.issubdtype(x.dtype, np.floating):
            x = x.astype(floatx())
        if self.rescale:
            x = x * x.dtype.type(self.rescale)
        channels = self.channel_axis - 1
        if self.samplewise_center:
            x = x - np.mean(x, axis=channels, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (np.std(x, axis=channels, keepdims=True) + 1e-7)
        if self.featurewise_center:
            if self.mean is None:
                self._warn_unfitted("featurewise_center")
            else:
                x = (x - self.mean).astype(x.dtype)
        if self.featurewise_std_normalization:
            if self.std is None:
                self._warn_unfitted("featurewise_std_normalization")
            else:
                x = (x / (self.std + 1e-7)).astype(x.dtype)
        if self.zca_whitening:
            if self.principal_components is None:
                self._warn_unfitted("zca_whitening")
            else:
                x = (x.reshape(-1) @ self.principal_components).reshape(x.shape).astype(x.dtype)
        return x

    def _warn_unfitted(self, option: str) -> None:
        warnings.warn(
            f"This ImageDataGenerator specifies `{option}`, but it hasn't been fit on any training data, so nothing is done about "
            "it. Fit it first by calling `.fit(numpy_data)`.",
            UserWarning,
            stacklevel=3,
        )

    def random_transform(self, x: Any) -> np.ndarray:
        """Return an image (of rank 3) changed at random; amounts come from ``np.random``, in Keras 1's order."""
        x = np.asarray(x)
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        matrix = self._random_matrix(x.shape[rows], x.shape[columns])
        if matrix is not None:
            x = apply_transform(x, matrix, channels, fill_mode=self.fill_mode, cval=self.cval)
        if self.channel_shift_range != 0:
            x = random_channel_shift(x, self.channel_shift_range, channels)
        if self.horizontal_flip and random_numbers().random_sample() < 0.5:
            x = flip_axis(x, columns)
        if self.vertical_flip and random_numbers().random_sample() < 0.5:
            x = flip_axis(x, rows)
        return x

    def _random_matrix(self, height: int, width: int) -> np.ndarray | None:
        """Return turn, move, shear and zoom in one, about the centre; None where nothing can move."""
        ranges = (self.rotation_range, self.height_shift_range, self.width_shift_range, self.shear_range)
        if not any(ranges) and self.zoom_range[0] == self.zoom_range[1] == 1:
            return None
        draw = random_numbers().uniform

        def within(limit: float) -> float:
            return draw(-limit, limit) if limit else 0.0

        theta = np.pi / 180 * within(self.rotation_range)
        tx, ty = within(self.height_shift_range) * height, within(self.width_shift_range) * width
        shear = within(self.shear_range)
        zx, zy = random_zoom_factors(self.zoom_range)
        matrix = rotation_matrix(theta) @ translation_matrix(tx, ty) @ shear_matrix(shear) @ zoom_matrix(zx, zy)
        return transform_matrix_offset_center(matrix, height, width)

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Find mean, deviation and whitening matrix, as far as they are needed.

        As in Keras 1 they are those of `x` as it is, without `rescale` and `preprocessing_function`: give images to which
        both have been applied.

        Args:
            x: images, of rank 4.
            augment: whether to take images changed at random in place of `x`.
            rounds: how often to change each image.
            seed: for the same changes every time.
        """
        x = np.array(x)
        check_images(x.shape, self.dim_ordering, "fit")
        if not np.issubdtype(x.dtype, np.floating):
            x = x.astype(floatx())
        if augment:
            with drawing_from(np.random if seed is None else np.random.RandomState(seed)):
                x = np.stack([self.random_transform(image) for _ in range(rounds) for image in x])
        shape = [1, 1, 1]
        shape[self.channel_axis - 1] = x.shape[self.channel_axis]
        others = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            mean = np.mean(x, axis=others).reshape(shape)
            self.mean, x = mean, x - mean
        if self.featurewise_std_normalization:
            std = np.std(x, axis=others).reshape(shape)
            self.std, x = std, x / (std + epsilon())
        if self.zca_whitening:
            flat = x.reshape(len(x), -1)
            U, S, _ = _svd()(flat.T @ flat / len(flat))
            self.principal_components = U @ np.diag(1.0 / np.sqrt(S + 10e-7)) @ U.T


def _svd() -> Callable[..., Any]:
    # Not numpy's: where there are fewer images than pixels, most directions hold rounding errors alone, and scipy's are
    # those of Keras 1.
    try:
        from scipy.linalg import svd
    except ImportError:
        raise MissingExtraError("scipy", "image", "zca_whitening") from None
    return svd
