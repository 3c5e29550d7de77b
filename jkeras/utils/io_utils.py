"""Import path of Keras 1: ``keras.utils.io_utils``. Files of arrays."""

import io
import itertools
import math
import operator
import os
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from jkeras.errors import MissingExtraError

__all__ = ["HDF5Matrix", "ask_to_proceed_with_overwrite", "load_array", "read_rows", "save_array"]

_GAP = 2**16  # bytes: reading so many that are not wanted is faster than one more call of HDF5
_SPAN = 2**24  # bytes that one call reads at most


class HDF5Matrix:
    """Rows of a data set in an HDF5 file, in place of an array (Keras 1): only what is asked for is read.

    ::

        X = HDF5Matrix("images.h5", "X", end=50000)
        model.fit(X, y, shuffle="batch")  # neighbouring rows are read together

    It is indexed by a number, a slice, a list or array of numbers in any order, or an array of truth values, and has the
    `shape`, `ndim`, `dtype` and `size` of an array. ``np.asarray(matrix)`` reads everything. Rows that are not there are an
    IndexError, those of a slice too, which an array would leave out.

    Args:
        datapath: of the file.
        dataset: name of the data set in it, such as ``'X'`` or ``'train/X'``.
        start, end: the rows that count; default all.
        normalizer: called with what was read: a batch of rows, or a single row where one number is the index.

    Raises:
        MissingExtraError: h5py is not installed.
        KeyError: the file has no such data set.
        ValueError: the rows are not there; or the name leads to another file, which is not followed.

    Attributes:
        refs: of all matrices: by `datapath` the file that was opened last, while its matrix exists.
    """

    refs: ClassVar[dict[Any, Any]] = {}

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
        file = self.data.file
        self.refs[datapath] = file
        # Kept for ever, as Keras 1 did, the file could not be written again.
        weakref.finalize(self, _forget, self.refs, datapath, file).atexit = False

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
            for bound in (key.start, key.stop):
                if bound is not None and operator.index(bound) > len(self):
                    raise IndexError(
                        f"Rows {'' if key.start is None else key.start}:{'' if key.stop is None else key.stop} are not all in an "
                        f"HDF5Matrix of {len(self)} rows."
                    )
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
        return read_rows(self.data, self._inside(indices.astype(int)))

    def _inside(self, indices: np.ndarray) -> np.ndarray:
        """Return row numbers of the data set for those of this matrix."""
        wrong = indices[(indices < -len(self)) | (indices >= len(self))]
        if wrong.size:
            raise IndexError(f"Row {wrong.flat[0]} is not in an HDF5Matrix of {len(self)} rows.")
        return np.where(indices < 0, indices + len(self), indices) + self.start

    def _like(self) -> np.ndarray:
        """Return at most one row, to see what the normalizer makes of it."""
        if self._sample is None:
            self._sample = np.asarray(self[: min(1, len(self))])
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


def _forget(refs: dict[Any, Any], datapath: Any, file: Any) -> None:
    if refs.get(datapath) is file:  # else another matrix has opened it since
        del refs[datapath]


def read_rows(data: Any, which: Any) -> np.ndarray:
    """Return rows of an HDF5 data set, in the order asked for.

    HDF5 takes a while for every call, and reads and unpacks whole chunks where there are any. So the rows are read from the
    first to the last, with what little lies between them.

    Args:
        data: of h5py.
        which: a slice, or an array of row numbers in any order, also repeated; none is negative.
    """
    if isinstance(which, slice):
        return data[which]
    # np.unique sorts twice as long; most often the numbers rise already.
    if len(which) and np.all(which[1:] > which[:-1]):
        rising, order = which, None
    else:
        rising, order = np.unique(which, return_inverse=True)
    found = np.empty((len(rising), *data.shape[1:]), data.dtype)
    row_bytes = max(1, found.itemsize * math.prod(data.shape[1:]))
    gap = max(_GAP // row_bytes, data.chunks[0] if data.chunks else 0)
    starts = np.flatnonzero(np.diff(rising, prepend=-gap - 2) > gap + 1)
    for start, stop in itertools.pairwise([*starts, len(rising)]):
        while start < stop:  # parts of a bounded size
            first = rising[start]
            end = min(stop, int(np.searchsorted(rising, first + max(1, _SPAN // row_bytes))))
            span = data[first : rising[end - 1] + 1]
            found[start:end] = span if len(span) == end - start else span[rising[start:end] - first]
            start = end
    return found if order is None else found[order]


def _h5py(purpose: str) -> Any:
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("h5py", "h5", purpose) from None
    return h5py


def _data_set(datapath: Any, name: str, rows: bool = True) -> Any:
    """Open a file for reading and return a data set that lies in it, and, if `rows`, is no single number."""
    h5py = _h5py("HDF5Matrix" if rows else "load_array")
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
    if not isinstance(found, h5py.Dataset) or (rows and not found.shape):
        raise ValueError(f"{name!r} in {datapath} is no data set with rows.")
    if found.external or found.is_virtual:
        raise ValueError(f"The numbers of {name!r} are said to lie in other files than {datapath}; those are not read.")
    return found


def save_array(array: Any, name: Any) -> None:
    """Write an array to an HDF5 file, as the data set ``'data'``: PyTables reads it as it reads those of Keras 1.

    Args:
        array: numbers, truth values or bytes.
        name: of the file; one that exists is replaced.

    Raises:
        MissingExtraError: h5py is not installed.
        TypeError: HDF5 has no such numbers.
    """
    from jkeras.engine.saving.atomic import replace_file

    h5py = _h5py("save_array")
    array = np.asarray(array)
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        if array.dtype == bool:  # as PyTables writes them; h5py would write names of numbers
            kind, space = h5py.h5t.NATIVE_B8, h5py.h5s.create_simple(array.shape)
            data = h5py.h5d.create(file.id, b"data", kind, space)
            data.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(array).view("u1"), kind)
        else:
            file["data"] = array
    replace_file(name, [content.getbuffer()])


def load_array(name: Any) -> np.ndarray:
    """Return the array in a file of `save_array`, or of Keras 1's, which PyTables wrote.

    Args:
        name: of the file.

    Raises:
        MissingExtraError: h5py is not installed.
        KeyError: the file has no data set ``'data'``.
    """
    h5py = _h5py("load_array")
    data = _data_set(name, "data", rows=False)
    with data.file:
        is_bits = data.id.get_type().get_class() == h5py.h5t.BITFIELD
        return data[()].astype(bool) if is_bits else np.asarray(data[()])


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
