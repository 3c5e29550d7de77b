"""HDF5 files that strangers wrote: only what lies in the file itself is read, and only as much as is expected.

Links to other files and soft links are not followed. Datasets whose numbers lie elsewhere, or are computed, are refused. What
a file declares is compared with its size before memory is taken for it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from jkeras.engine.saving.hdf5_heaps import check_heaps
from jkeras.errors import FileFormatError, MissingExtraError

__all__ = ["Budget", "array", "child", "has", "names", "number", "opened", "require_h5py", "text"]

_MOST_ATTRIBUTE = 64 * 2**20  # bytes
_MOST_NAMES = 1_000_000
# Deflate, shuffle, checksum, szip, n-bit, scale-offset, and LZF: what HDF5 and h5py have themselves.
_FILTERS = {1, 2, 3, 4, 5, 6, 32000}
_MOST_PACKED = 1100  # times: zeros that are deflated take a thousandth of their size


def require_h5py(purpose: str) -> Any:
    """Return the module h5py.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise MissingExtraError("h5py", "h5", purpose) from None
    return h5py


@contextmanager
def opened(filepath: Any) -> Iterator[Any]:
    """Open an HDF5 file for reading, in a ``with`` block."""
    h5py = require_h5py("Reading HDF5 files")
    path = os.fspath(filepath)
    with _translated(f"{path!r} is no HDF5 file, or is damaged"):
        file = h5py.File(path, "r")
    try:
        check_heaps(file, path)
        yield file
    finally:
        with _translated(f"{path!r} is damaged"):
            file.close()


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Let what h5py raises in a ``with`` block be a `FileFormatError`: for a damaged file it may be anything."""
    try:
        yield
    except (FileFormatError, FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except (Exception, SystemError) as error:
        raise FileFormatError(f"{what}: {error}.") from error


def has(group: Any, name: str) -> bool:
    """Whether a group has an entry, of whatever kind."""
    with _translated("The file is damaged"):
        return group.get(name, getlink=True) is not None


def child(group: Any, path: str) -> Any:
    """Return what a path inside a group leads to: a group or a dataset of the same file.

    Raises:
        FileFormatError: there is nothing, or a link that is not followed.
    """
    h5py = require_h5py("Reading HDF5 files")
    steps = path.split("/")
    if any(step in ("", ".", "..") for step in steps):
        raise FileFormatError(
            f"The file has {path!r} as the name of a layer or weight; no such name leads out of its group."
        )
    found = group
    for step in steps:
        with _translated(f"The file is damaged at {path!r}"):
            if not isinstance(found, h5py.Group):
                raise FileFormatError(f"The file has no {path!r} in {group.name!r}: {found.name!r} is no group.")
            link = found.get(step, getlink=True)
            if link is None:
                raise FileFormatError(f"The file has no {path!r} in {group.name!r}, although it lists it.")
            if not isinstance(link, h5py.HardLink):
                raise FileFormatError(
                    f"{path!r} in {group.name!r} is a link ({type(link).__name__}) to somewhere else. Links are not followed: the "
                    "weights of a model lie in its file."
                )
            found = found[step]
    return found


# ---- attributes


def _attribute(owner: Any, name: str) -> Any:
    """Return an attribute that is one string or number or a list of them, or ``None`` if there is none."""
    from h5py import h5t

    with _translated(f"The attribute {name!r} of {owner.name!r} is damaged"):
        if name not in owner.attrs:
            return None
        found = owner.attrs.get_id(name)
        kind = found.get_type().get_class()
        points = int(np.prod(found.shape, dtype=object)) if found.shape else 1
        if kind not in (h5t.STRING, h5t.INTEGER, h5t.FLOAT) or len(found.shape) > 1:
            raise FileFormatError(
                f"The attribute {name!r} of {owner.name!r} is neither a string, a number, nor a list."
            )
        if points > _MOST_NAMES or points * found.get_type().get_size() > _MOST_ATTRIBUTE:
            raise FileFormatError(
                f"The attribute {name!r} of {owner.name!r} declares {points:,} entries; no model's has."
            )
        return owner.attrs[name]


def text(owner: Any, name: str) -> str | None:
    """Return an attribute that is a string, kept as text or as bytes; ``None`` if there is none."""
    value = _attribute(owner, name)
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(())[()]
    if not isinstance(value, str | bytes):
        raise FileFormatError(f"The attribute {name!r} of {owner.name!r} is a string; got {type(value).__name__}.")
    return _decoded(value, name)


def number(owner: Any, name: str) -> int | None:
    """Return an attribute that is a count; ``None`` if there is none."""
    value = _attribute(owner, name)
    if value is None:
        return None
    if np.ndim(value) or not isinstance(value, int | np.integer) or value < 0:
        raise FileFormatError(f"The attribute {name!r} of {owner.name!r} is a count; got {value!r}.")
    return int(value)


def names(owner: Any, name: str) -> list[str] | None:
    """Return an attribute that is a list of strings; ``None`` if there is none.

    Lists too long for one attribute go on in attributes whose names are numbered from 0, as in files of later versions.
    """
    value = _attribute(owner, name)
    if value is not None:
        return _strings(value, owner, name)
    found: list[str] | None = None
    number = 0
    while (part := _attribute(owner, f"{name}{number}")) is not None:
        found = (found or []) + _strings(part, owner, f"{name}{number}")
        number += 1
    return found


def _strings(value: Any, owner: Any, name: str) -> list[str]:
    if isinstance(value, np.ndarray) and value.size == 0:
        return []  # a list without entries has no type
    entries = value.tolist() if isinstance(value, np.ndarray) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str | bytes) for entry in entries):
        raise FileFormatError(f"The attribute {name!r} of {owner.name!r} is a list of names; got {str(value)[:100]}.")
    return [_decoded(entry, name) for entry in entries]


def _decoded(value: str | bytes, name: str) -> str:
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else str(value)
        text.encode("utf-8")  # h5py gives bytes that are no text a form of their own
    except UnicodeError:
        raise FileFormatError(f"The attribute {name!r} is no text in UTF-8.") from None
    return text


# ---- datasets


class Budget:
    """What the arrays of a file may take together: no more than what is in it.

    Args:
        owner: the open file, or a group in it.
    """

    def __init__(self, owner: Any):
        self._file = owner.file
        with _translated("The file is damaged"):
            self._left = float(_size(owner.file))

    def shape_of(self, dataset: Any, path: str) -> tuple[int, ...]:
        """Return the shape of a dataset of numbers, after a look at where they are and how many.

        Raises:
            FileFormatError: it is no such dataset, or its numbers are not all in the file.
        """
        h5py = require_h5py("Reading HDF5 files")
        with _translated(f"The file is damaged at {path!r}"):
            if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
                raise FileFormatError(f"{path!r} in the file is no array.")
            if dataset.dtype.kind not in "biuf" or dataset.dtype.itemsize > 16:
                raise FileFormatError(f"{path!r} in the file is an array of {dataset.dtype}; weights are real numbers.")
            created = dataset.id.get_create_plist()
            if created.get_external_count():
                raise FileFormatError(f"The numbers of {path!r} are said to lie in another file, which is not read.")
            if created.get_layout() == h5py.h5d.VIRTUAL:
                raise FileFormatError(f"{path!r} is a virtual dataset, made of parts of others; those are not read.")
            filters = {created.get_filter(index)[0] for index in range(created.get_nfilters())}
            if filters - _FILTERS:
                raise FileFormatError(
                    f"{path!r} is packed by filters that HDF5 does not have itself: {sorted(filters - _FILTERS)}."
                )
            shape = tuple(int(size) for size in dataset.shape)
            declared = int(np.prod(shape, dtype=object)) * dataset.dtype.itemsize
            takes = declared / _MOST_PACKED if filters else declared
            self._left -= takes
            if takes > dataset.id.get_storage_size() or self._left < 0:
                raise FileFormatError(
                    f"{path!r} declares shape {shape}, {declared:,} bytes, which are not all in the file. It is damaged, or was "
                    "never completely written."
                )
        return shape


def _size(file: Any) -> int:
    size = file.id.get_filesize()
    try:
        return min(size, os.path.getsize(file.filename))
    except (OSError, TypeError, ValueError):  # a file in memory
        return size


def array(dataset: Any, path: str) -> np.ndarray:
    """Return the numbers of a dataset that a `Budget` has looked at."""
    with _translated(f"The file is damaged at {path!r}"):
        return np.asarray(dataset[()])
