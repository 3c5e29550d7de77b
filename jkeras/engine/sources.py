"""What data may be made of besides numpy's arrays, and data that are read a part at a time.

A `Source` stands for an array that is not loaded as a whole: an HDF5 data set, a memory map, a sparse matrix, or an array
that is too large for the device. It looks like an array (`shape`, `dtype`, slices), and `Source.rows` reads some of its rows.
Frames (pandas and such) and tensors of other libraries become numpy arrays; none of these libraries is imported here.
"""

import enum
import functools
import math
import numbers
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import jax
import numpy as np

from jkeras.backend.config import floatx
from jkeras.compat.keras2 import _level_outside
from jkeras.engine.memory import free_bytes
from jkeras.utils.io_utils import HDF5Matrix, read_rows

__all__ = ["Loading", "Source", "as_numbers", "as_source", "is_streamed", "loading_for", "opened"]

_SURELY_FITS = 2**26  # bytes: smaller data are put on the device without asking how much is free
_SHARE = 0.5  # of the free memory that a data set may take
_PIECE = 2**24  # bytes that are read at once where a source is gone through


class Loading(enum.Enum):
    """Which arrays of a data set are loaded before they are used."""

    ALL = "everything"
    MEMORY = "what is in memory already; files and sparse matrices are read as they are needed"
    NOTHING = "nothing: everything is read as it is needed"


def loading_for(device_data: Any, *data: Any, copies: int = 1) -> Loading:
    """Return what `fit` should load, from its argument `device_data` and the size of the data.

    Args:
        device_data: ``'auto'``, True, False, or the number of bytes that may be on the device.
        *data: inputs, targets and so on, as they were given.
        copies: how many of the devices that get the data share one memory.

    Raises:
        ValueError: `device_data` is something else.
    """
    if isinstance(device_data, bool | np.bool_):
        return Loading.ALL if device_data else Loading.NOTHING
    size = _bytes(data)
    if isinstance(device_data, str) and device_data == "auto":
        size *= copies
        return Loading.MEMORY if size <= _SURELY_FITS or size <= _SHARE * free_bytes() else Loading.NOTHING
    if not isinstance(device_data, int | float | np.number) or not device_data >= 0:
        raise ValueError(
            f"device_data is 'auto', True, False, or how many bytes of data may be on the device; got {device_data!r}."
        )
    return Loading.MEMORY if size <= device_data else Loading.NOTHING


def _bytes(data: Any) -> int:
    """Return how many bytes the arrays in lists and dicts take on the device; those that are streamed do not count."""
    if isinstance(data, dict) and not hasattr(data, "tocsr"):
        data = list(data.values())
    if isinstance(data, list | tuple):
        return sum(map(_bytes, data)) if data and not isinstance(data[0], int | float | str) else 0
    shape = getattr(data, "shape", None)
    if not isinstance(shape, tuple) or isinstance(data, jax.Array) or _reader(data) is not None:
        return 0
    return np.dtype(floatx()).itemsize * math.prod(shape)


# ---- sources


Check = Callable[[np.ndarray, Any], None]


class Source(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of which some rows are read at a time.

    Where it stands for an array in a script's own formulas (operators, functions of numpy, methods of arrays), all of it is read.

    Args:
        read: returns rows, given a slice, or an array of row numbers in any order.
        shape: of the whole.
        dtype: that rows are converted to.
        start: which row of `read` is the first.
        checks: are called with rows that were read, and their numbers (as for `read`); they raise where something is wrong.
    """

    def __init__(
        self,
        read: Callable[[Any], Any],
        shape: tuple[int, ...],
        dtype: Any,
        start: int = 0,
        checks: tuple[Check, ...] = (),
    ):
        self._read = read
        self.shape = tuple(map(int, shape))
        self.dtype = np.dtype(dtype)
        self._start = start
        self._checks = checks

    def rows(self, which: Any) -> np.ndarray:
        """Return rows as an array of `dtype`, after the checks.

        Args:
            which: a slice with a start and a stop, or an array of row numbers in any order.
        """
        where = which + self._start if isinstance(which, np.ndarray) else _shifted(which, self._start)
        found = np.asarray(self._read(where))
        # A view is copied: its file is read now, and who owns its buffer, such as a normalizer, may write on into it.
        found = found.astype(self.dtype, copy=found.base is not None).reshape(-1, *self.shape[1:])
        for check in self._checks:
            check(found, where)
        return found

    def checked(self, check: Check) -> "Source":
        """Return this source with one more check."""
        return Source(self._read, self.shape, self.dtype, self._start, (*self._checks, check))

    def converted(self, dtype: Any) -> "Source":
        """Return this source with another `dtype`."""
        return Source(self._read, self.shape, dtype, self._start, self._checks)

    def column(self) -> "Source":
        """Return a vector as a source of rows of one number."""
        return Source(self._read, (*self.shape, 1), self.dtype, self._start, self._checks)

    def pieces(self) -> Iterator[np.ndarray]:
        """Yield all rows in order, some megabytes at a time."""
        step = max(1, _PIECE // max(1, self.row_bytes))
        for start in range(0, len(self), step):
            yield self.rows(slice(start, min(start + step, len(self))))

    def __getitem__(self, key: Any) -> Any:
        """Return a source of neighbouring rows for a slice, which reads nothing; anything else reads."""
        if isinstance(key, slice):
            start, stop, step = key.indices(len(self))
            if step == 1:
                shape = (max(0, stop - start), *self.shape[1:])
                return Source(self._read, shape, self.dtype, self._start + start, self._checks)
            return self.rows(np.arange(start, stop, step))
        found = self.rows(np.arange(len(self))[np.atleast_1d(np.asarray(key))])
        return found[0] if np.ndim(key) == 0 else found

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, after the conversion."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.rows(slice(0, len(self))), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        read = [np.asarray(array) if isinstance(array, Source) else array for array in inputs]
        return getattr(ufunc, method)(*read, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(np.asarray(self), name)

    def __repr__(self) -> str:
        return f"<Source of shape {self.shape}, dtype {self.dtype}>"


def _shifted(which: slice, start: int) -> slice:
    return slice(which.start + start, which.stop + start)


def is_streamed(data: Sequence[Sequence[Any]]) -> bool:
    """Whether an array of a data set, which is a `Batch`, is a `Source`."""
    return any(isinstance(array, Source) for arrays in data for array in arrays)


def as_source(array: np.ndarray) -> Source:
    """Return an array in memory as a source."""
    return Source(array.__getitem__, array.shape, array.dtype)


# ---- what comes in


def opened(array: Any, name: str, loading: Loading) -> Any:
    """Return what is no plain numpy array as a source, as a numpy array, or, if it is nothing known here, as it is.

    Args:
        array: as it was given.
        name: of the input or output, for messages.
        loading: whether files and sparse matrices are loaded.

    Raises:
        ValueError: a frame has columns that are not numbers.
    """
    if isinstance(array, Source):
        return array.rows(slice(0, len(array))) if loading is Loading.ALL else array
    read = _reader(array)
    if read is not None:
        if loading is Loading.ALL or array.ndim == 0:
            return array.toarray() if hasattr(array, "tocsr") else np.asarray(array[:] if array.ndim else array)
        if hasattr(array, "tocsr"):
            _warn_sparse(array, name)
        return Source(read(), array.shape, array.dtype)
    if hasattr(array, "tocsr") and hasattr(array, "toarray"):  # a sparse vector
        return array.toarray()
    if hasattr(array, "to_numpy"):
        return _from_frame(array, name)
    if hasattr(array, "detach") and hasattr(array, "numpy"):  # a torch tensor
        tensor = array.detach().cpu()
        return (tensor if "bfloat16" not in str(tensor.dtype) else tensor.float()).numpy()
    return array


def _reader(array: Any) -> Callable[[], Callable[[Any], Any]] | None:
    """Return a function that returns the `read` of a `Source`, or ``None`` if the array is in memory like any other."""
    if isinstance(array, np.memmap):
        return lambda: array.__getitem__
    if isinstance(array, HDF5Matrix):
        return lambda: array.__getitem__
    h5py = sys.modules.get("h5py")  # who has a data set of its has imported it
    if h5py is not None and isinstance(array, h5py.Dataset):
        return lambda: functools.partial(read_rows, array)
    if hasattr(array, "tocsr") and hasattr(array, "nnz") and len(array.shape) == 2:
        return lambda: _sparse_reader(array)
    return None


def _sparse_reader(matrix: Any) -> Callable[[Any], np.ndarray]:
    rows = matrix.tocsr()  # of which rows are cut cheaply
    return lambda where: rows[where].toarray()


def _warn_sparse(matrix: Any, name: str) -> None:
    dense = math.prod(matrix.shape) * 4
    warnings.warn(
        f"{name!r} is a sparse matrix of shape {tuple(matrix.shape)} with {matrix.nnz:,} entries. Its rows are made dense, "
        f"some batches at a time: that costs time in every epoch. As one dense array it would take {dense / 2**20:,.1f} MiB; if "
        "there is room for that, x.toarray() is faster.",
        stacklevel=_level_outside(),
    )


def _from_frame(frame: Any, name: str) -> Any:
    """Return a frame or a series as an array; missing values become NaN."""
    array = np.asarray(frame.to_numpy())
    if array.dtype != object:
        return array
    # Columns of several types, or of types that know missing values.
    if not hasattr(frame, "items"):
        return array
    columns = list(frame.items()) if array.ndim == 2 else [(getattr(frame, "name", None), frame)]
    read = []
    for title, column in columns:
        if getattr(column.dtype, "kind", "O") not in "biuf":
            numeric = as_numbers(np.asarray(column.to_numpy()))
            if column.dtype == object and numeric.dtype != object:
                read.append(numeric)
                continue
            if array.ndim == 1:
                return array  # texts: as for any array of them
            raise ValueError(
                f"Column {title!r} of the frame given for {name!r} has dtype {column.dtype}, not numbers. Encode it "
                "(pandas.get_dummies, or .cat.codes for categories), or leave it out."
            )
        read.append(column.to_numpy(dtype="float64", na_value=np.nan))
    return np.stack(read, axis=1) if array.ndim == 2 else read[0]


def as_numbers(array: np.ndarray) -> np.ndarray:
    """Return an array of objects that are all numbers as one of floats, with NaN for ``None``; any other as it is.

    Such are the `values` of a frame of which some columns are numbers and others are truth values.
    """
    kinds = (numbers.Real, np.bool_, Decimal, type(None))
    if array.dtype != object or array.ndim == 0 or not all(isinstance(entry, kinds) for entry in array.flat):
        return array
    return array.astype(np.float64)
