"""Import path of Keras 1: ``keras.utils.io_utils``. Files of arrays."""

import math
import operator
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from jkeras.compat.later import later
from jkeras.errors import MissingExtraError

__all__ = ["HDF5Matrix", "ask_to_proceed_with_overwrite", "load_array", "save_array"]


class HDF5Matrix:
    """Rows of a data set in an HDF5 file, in place of an array (Keras 1): only what is asked for is read.

    ::

        X = HDF5Matrix("images.h5", "X", end=50000)
        model.fit(X, y, shuffle="batch")  # neighbouring rows are read together

    It is indexed by a number, a slice, a list or array of numbers in any order, or an array of truth values, and has the
    `shape`, `ndim`, `dtype` and `size` of an array. ``np.asarray(matrix)`` reads everything.

    Args:
        datapath: of the file.
        dataset: name of the data set in it, such as ``'X'`` or ``'train/X'``.
        start, end: the rows that count; default all.
        normalizer: called with what was read: a batch of rows, or a single row where one number is the index.

    Raises:
        MissingExtraError: h5py is not installed.
        KeyError: the file has no such data set.
        ValueError: the rows are not there; or the name leads to another file, which is not followed.
    """

    def __init__(
        self,
        datapath: Any,
        dataset: str,
        start: int = 0,
        end: int | None = None,
        normalizer: Callable[[Any], Any] | None = None,
    ):
        self.data = _data_set(datapath, dataset)
        rows = int(self.data.shape[0])
        self.start = int(start)
        self.end = rows if end is None else int(end)
        self.normalizer = normalizer
        if not 0 <= self.start <= self.end <= rows:
            raise ValueError(
                f"HDF5Matrix: {dataset!r} in {datapath} has {rows} rows; start={start} and end={end} do not choose some of them."
            )
        self._sample: np.ndarray | None = None

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, tuple):  # rows first, then the rest on what was read
            rows, *rest = key
            found = self[rows]
            return found[tuple(rest) if np.ndim(rows) == 0 and not isinstance(rows, slice) else (slice(None), *rest)]
        found = self._rows(key)
        return found if self.normalizer is None else self.normalizer(found)

    def _rows(self, key: Any) -> Any:
        """Return rows as they are in the file."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step < 0:
                return self._rows(np.arange(start, stop, step))
            return self.data[start + self.start : max(start, stop) + self.start : step]
        if np.ndim(key) == 0 and not isinstance(key, bool | np.bool_):
            return self.data[int(self._inside(np.asarray(operator.index(key))))]
        indices = np.asarray(key)
        if indices.dtype == bool:
            if indices.shape != (len(self),):
                raise IndexError(f"An HDF5Matrix of {len(self)} rows takes as many truth values; got {indices.shape}.")
            indices = np.flatnonzero(indices)
        if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
            raise IndexError(f"An HDF5Matrix is indexed by row numbers; got {key!r:.80}.")
        # HDF5 reads rising numbers without doubles; they are put into the wanted order afterwards.
        rising, order = np.unique(self._inside(indices.astype(int)), return_inverse=True)
        if not len(rising):
            return self.data[:0]
        one_block = rising[-1] - rising[0] + 1 == len(rising)  # which HDF5 reads much faster
        found = self.data[rising[0] : rising[-1] + 1] if one_block else self.data[rising]
        return found if np.array_equal(order, np.arange(len(found))) else found[order]

    def _inside(self, indices: np.ndarray) -> np.ndarray:
        """Return row numbers of the data set for those of this matrix."""
        wrong = indices[(indices < -len(self)) | (indices >= len(self))]
        if wrong.size:
            raise IndexError(f"Row {wrong.flat[0]} is not in an HDF5Matrix of {len(self)} rows.")
        return np.where(indices < 0, indices + len(self), indices) + self.start

    def _like(self) -> np.ndarray:
        """Return at most one row, to see what the normalizer makes of it."""
        if self._sample is None:
            self._sample = np.asarray(self[:1])
        return self._sample

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and what stands in a row after the normalizer."""
        return (len(self), *(self.data.shape[1:] if self.normalizer is None else self._like().shape[1:]))

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> np.dtype:
        """Type of the entries, after the normalizer."""
        return self.data.dtype if self.normalizer is None else self._like().dtype

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("An HDF5Matrix is in a file: an array of it is always a copy.")
        return np.asarray(self[:], dtype=dtype)

    def __repr__(self) -> str:
        return f"<HDF5Matrix {self.data.name!r} in {self.data.file.filename!r}, rows {self.start} to {self.end}>"


def _data_set(datapath: Any, name: str) -> Any:
    """Open a file for reading and return a data set that lies in it."""
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("h5py", "h5", "HDF5Matrix") from None
    found: Any = h5py.File(os.fspath(datapath), "r")
    for step in filter(None, name.split("/")):
        link = found.get(step, getlink=True) if isinstance(found, h5py.Group) else None
        if link is None:
            there = (
                f"{found.name} has {sorted(found)}" if isinstance(found, h5py.Group) else f"{found.name} is no group"
            )
            raise KeyError(f"{datapath} has no data set {name!r}: {there}.")
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{name!r} in {datapath} is a link ({type(link).__name__}), which is not followed.")
        found = found[step]
    if not isinstance(found, h5py.Dataset) or not found.shape:
        raise ValueError(f"{name!r} in {datapath} is no data set with rows.")
    if found.external or found.is_virtual:
        raise ValueError(f"The numbers of {name!r} are said to lie in other files than {datapath}; those are not read.")
    return found


@later("arrays in PyTables files")
def save_array(array: Any, name: str) -> None:
    """Write an array to a file."""


@later("arrays in PyTables files")
def load_array(name: str) -> Any:
    """Return the array in a file."""


def ask_to_proceed_with_overwrite(filepath: str) -> bool:
    """Ask on the terminal whether to overwrite a file, until the answer is ``y`` or ``n``.

    Args:
        filepath: the file, which exists.

    Returns:
        Whether the answer is ``y``.
    """
    answer = input(f"[WARNING] {filepath} already exists - overwrite? [y/n]")
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).')
    if answer == "y":
        print("[TIP] Next time specify overwrite=True!")
    return answer == "y"
