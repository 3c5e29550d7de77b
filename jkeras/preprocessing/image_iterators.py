"""Endless iterators over batches of images, that several threads may share (Keras 1).

What a batch is (its images, its place, its random numbers) is settled under a lock; reading and transforming, which takes the
time, goes on outside of it. Every batch has random numbers of its own, so that its content does not depend on which thread
makes it, nor on what the others do at the time; ``np.random`` is left alone.
"""

import functools
import os
import threading
import warnings
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

import numpy as np

from jkeras.backend.config import floatx
from jkeras.preprocessing.image_files import array_to_img, img_to_array, load_img, resolve_dim_ordering
from jkeras.preprocessing.image_transforms import drawing_from, random_numbers
from jkeras.utils.io_utils import HDF5Matrix

__all__ = ["DirectoryIterator", "Iterator", "NumpyArrayIterator"]

_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")


class _Draw(NamedTuple):
    """A batch that is settled and not made yet."""

    indices: np.ndarray  # of its samples
    start: int  # place of the first in the epoch
    source: np.random.RandomState  # of its random numbers


class Iterator:
    """What endless iterators over batches of images have in common (Keras 1).

    A subclass implements `next`, and asks there for the samples of the batch::

        with self.lock:
            index_array, current_index, current_batch_size = next(self.index_generator)

    Args:
        n: number of samples.
        batch_size: samples in a batch; the last batch of an epoch has what is left.
        shuffle: whether to mix the samples, anew in every epoch. (Keras 1 did so once, where `batch_size` divides `n`.)
        seed: for the same batches every time: batch `k` draws as after ``np.random.seed(seed + k)``. Without it, one
            number for the whole iterator is drawn from ``np.random``.

    Attributes:
        batch_index: number of the next batch in its epoch.
        total_batches_seen: number of the next batch of all.
        lock: held while a batch is settled.
    """

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None):
        if n < 1:
            raise ValueError("There are no images to make batches of.")
        if batch_size < 1:
            raise ValueError(f"batch_size is 1 or more; got {batch_size}.")
        self.n = int(n)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.seed = seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.RLock()
        self._first_seed = int(np.random.randint(0, 2**31 - 1)) if seed is None else int(seed)
        self._order = np.arange(self.n)
        self.index_generator = self._flow_index()

    def reset(self) -> None:
        """Begin a new epoch with the next batch."""
        with self.lock:
            self.batch_index = 0

    def next(self) -> Any:
        """Return the next batch."""
        raise NotImplementedError(f"{type(self).__name__} does not implement next().")

    def __iter__(self) -> "Iterator":
        return self

    def __next__(self) -> Any:
        return self.next()

    def _draw(self) -> _Draw:
        """Settle the next batch; several threads never get the same one."""
        with self.lock:
            source = np.random.RandomState((self._first_seed + self.total_batches_seen) % 2**32)
            if self.batch_index == 0:
                self._order = source.permutation(self.n) if self.shuffle else np.arange(self.n)
            start = self.batch_index * self.batch_size
            indices = self._order[start : start + self.batch_size]
            self.batch_index = 0 if start + self.batch_size >= self.n else self.batch_index + 1
            self.total_batches_seen += 1
            return _Draw(indices, start, source)

    def _flow_index(self) -> Generator[tuple[np.ndarray, int, int], None, None]:
        """Yield (samples, place of the first, how many); for subclasses that scripts write."""
        while True:
            draw = self._draw()
            if self.seed is not None:
                np.random.set_state(draw.source.get_state())  # their next() draws from np.random, as Keras 1's did
            yield draw.indices, draw.start, len(draw.indices)


class _ImageIterator(Iterator):
    """Batches of images that a generator transforms, with labels or without."""

    def __init__(
        self, n: int, image_data_generator: Any, batch_size: int, shuffle: bool, seed: int | None, dim_ordering: str
    ):
        self.image_data_generator = image_data_generator
        self.dim_ordering = dim_ordering
        self.save_to_dir: Any = None
        self.save_prefix = ""
        self.save_format = "jpeg"
        super().__init__(n, batch_size, shuffle, seed)

    def next(self) -> Any:
        """Return the next batch: images, or ``(images, labels)``."""
        return self._make(self._draw())

    def deferred(self) -> Callable[[], Any]:
        """Settle the next batch, which is quick, and return a function that makes it.

        Threads that call this one at a time, and the functions side by side, share the work and keep the order.
        """
        if type(self).next is not _ImageIterator.next:  # a script's own batches
            batch = self.next()
            return lambda: batch
        return functools.partial(self._make, self._draw())

    def _make(self, draw: _Draw) -> Any:
        with drawing_from(draw.source):
            images = [self._changed(self._image(int(index))) for index in draw.indices]
            batch = np.stack(images).astype(floatx(), copy=False)
            if self.save_to_dir:
                self._save(batch, draw.start)
        labels = self._labels(draw.indices)
        return batch if labels is None else (batch, labels)

    def _changed(self, image: np.ndarray) -> np.ndarray:
        return self.image_data_generator.standardize(self.image_data_generator.random_transform(image))

    def _save(self, batch: np.ndarray, start: int) -> None:
        os.makedirs(self.save_to_dir, exist_ok=True)
        for position, image in enumerate(batch, start):
            name = f"{self.save_prefix}_{position}_{random_numbers().randint(10000)}.{self.save_format}"
            array_to_img(image, self.dim_ordering, scale=True).save(os.path.join(self.save_to_dir, name))

    def _image(self, index: int) -> np.ndarray:
        raise NotImplementedError

    def _labels(self, indices: np.ndarray) -> np.ndarray | None:
        raise NotImplementedError


class NumpyArrayIterator(_ImageIterator):
    """Batches from arrays; see `ImageDataGenerator.flow`."""

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: int | None = None,
        dim_ordering: str = "default",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
    ):
        ordering = resolve_dim_ordering(dim_ordering)
        # A data set in an HDF5 file is read image by image.
        self.x = x if isinstance(x, HDF5Matrix) else np.asarray(x)
        self.y = None if y is None else np.asarray(y)
        if self.y is not None and (self.y.ndim == 0 or len(self.x) != len(self.y)):
            raise ValueError(
                f"X (images) and y (labels) should have the same length; X has shape {self.x.shape}, y has shape {self.y.shape}."
            )
        check_images(self.x.shape, ordering, "flow")
        super().__init__(len(self.x), image_data_generator, batch_size, shuffle, seed, ordering)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format

    def _image(self, index: int) -> np.ndarray:
        return np.asarray(self.x[index]).astype(floatx())

    def _labels(self, indices: np.ndarray) -> np.ndarray | None:
        return None if self.y is None else self.y[indices]


class DirectoryIterator(_ImageIterator):
    """Batches from folders of image files; see `ImageDataGenerator.flow_from_directory`.

    Attributes:
        filenames: paths of the files in `directory`, sorted within each class.
        classes: number of the class of each file.
        class_indices: number of each class by name.
        nb_sample, nb_class: how many there are.
        image_shape: of one image.
    """

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        dim_ordering: str = "default",
        classes: Any = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
        follow_links: bool = False,
    ):
        ordering = resolve_dim_ordering(dim_ordering)
        if color_mode not in ("rgb", "grayscale"):
            raise ValueError(f"color_mode is 'rgb' or 'grayscale'; got {color_mode!r}.")
        if class_mode not in ("categorical", "binary", "sparse", None):
            raise ValueError(f"class_mode is 'categorical', 'binary', 'sparse' or None; got {class_mode!r}.")
        self.directory = directory
        self.target_size = tuple(target_size)
        if len(self.target_size) != 2:
            raise ValueError(f"target_size is (height, width); got {target_size!r}.")
        self.color_mode = color_mode
        self.class_mode = class_mode
        channels = (3,) if color_mode == "rgb" else (1,)
        self.image_shape = (*channels, *self.target_size) if ordering == "th" else (*self.target_size, *channels)

        names = _class_folders(directory, classes)
        self.nb_class = len(names)
        self.class_indices = {name: index for index, name in enumerate(names)}
        files = [(path, self.class_indices[name]) for name in names for path in _images(directory, name, follow_links)]
        if not files:
            raise ValueError(
                f"The folders {names} in {directory} hold no images; expected files that end in {', '.join(_ENDINGS)}."
            )
        if class_mode == "binary" and self.nb_class > 2:
            warnings.warn(
                f"class_mode='binary' is for two classes; {directory} has {self.nb_class}.", UserWarning, stacklevel=2
            )
        self.filenames = [path for path, _ in files]
        self.classes = np.array([index for _, index in files], dtype="int32")
        self.nb_sample = len(files)
        super().__init__(self.nb_sample, image_data_generator, batch_size, shuffle, seed, ordering)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format

    def _image(self, index: int) -> np.ndarray:
        path = os.path.join(self.directory, self.filenames[index])
        img = load_img(path, grayscale=self.color_mode == "grayscale", target_size=self.target_size)
        return img_to_array(img, dim_ordering=self.dim_ordering)

    def _labels(self, indices: np.ndarray) -> np.ndarray | None:
        if self.class_mode is None:
            return None
        labels = self.classes[indices]
        if self.class_mode == "sparse":
            return labels
        return (labels if self.class_mode == "binary" else np.eye(self.nb_class)[labels]).astype(floatx())


def check_images(shape: tuple[int, ...], dim_ordering: str, method: str) -> None:
    """Raise a `ValueError` unless `shape` is that of a batch of images with 1, 3 or 4 channels."""
    if len(shape) != 4:
        raise ValueError(
            f"{method}: expected images as an array of rank 4, "
            f"{'(samples, channels, height, width)' if dim_ordering == 'th' else '(samples, height, width, channels)'}; got an "
            f"array of shape {tuple(shape)}."
        )
    axis = 1 if dim_ordering == "th" else 3
    if shape[axis] not in (1, 3, 4):
        other = {"th": "tf", "tf": "th"}[dim_ordering]
        raise ValueError(
            f"{method}: expected 1, 3 or 4 channels on axis {axis} (dim_ordering={dim_ordering!r}); got an array of shape "
            f"{tuple(shape)}, with {shape[axis]}. If its channels stand elsewhere, use dim_ordering={other!r}."
        )


def _class_folders(directory: Any, classes: Any) -> list[str]:
    """Return the names of the folders in `directory` that are classes."""
    if not os.path.isdir(directory):
        raise ValueError(f"flow_from_directory: there is no folder {directory}.")
    there = sorted(name for name in os.listdir(directory) if os.path.isdir(os.path.join(directory, name)))
    names = list(classes) if classes else there
    if not names:
        raise ValueError(
            f"flow_from_directory expects a folder with one folder for each class; {directory} holds no folders. Images without "
            "classes go into one folder in it, with class_mode=None."
        )
    missing = [name for name in names if not os.path.isdir(os.path.join(directory, name))]
    if missing:
        raise ValueError(f"flow_from_directory: {directory} has no folder for class {missing[0]!r}; it has {there}.")
    return names


def _images(directory: Any, name: str, follow_links: bool) -> Iterable[str]:
    """Yield the paths in `directory` of the images of a class, sorted."""
    seen: set[str] = set()
    for root, folders, files in os.walk(os.path.join(directory, name), followlinks=follow_links):
        real = os.path.realpath(root)
        if real in seen:  # a link back to where we were
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        for file in sorted(files):
            if file.lower().endswith(_ENDINGS):
                yield os.path.relpath(os.path.join(root, file), directory)
