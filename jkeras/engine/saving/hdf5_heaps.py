"""A check that the HDF5 library lacks: in a damaged heap of strings it may look for the next object for ever.

Strings of HDF5 files lie in global heaps ("HDF5 File Format Specification", III.E): a header, then objects one behind the other,
each with its size. Where a size leads nowhere, the library reads the same object again and again, and no signal ends it.
"""

import mmap
import os
from typing import Any

from jkeras.errors import FileFormatError

__all__ = ["check_heaps"]

_SIGNATURE = b"GCOL\1"  # with the version, of which there is one
_LEAST = 4096  # bytes of a heap


def check_heaps(file: Any, path: str) -> None:
    """Refuse a file in which a heap cannot be walked through.

    Args:
        file: the open ``h5py.File``, from which nothing has been read yet.
        path: where it is.

    Raises:
        FileFormatError: it is damaged.
    """
    _, width = file.id.get_create_plist().get_sizes()  # bytes of a size in this file
    header = -(-(8 + width) // 8) * 8  # of the heap and of an object alike
    with open(path, "rb") as raw, mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(_SIGNATURE)
        while start >= 0:
            end = start + int.from_bytes(data[start + 8 : start + 8 + width], "little")
            # What cannot be a heap is somebody's numbers, or the library says itself that it is damaged.
            if start + _LEAST <= end <= len(data):
                _walk(data, start + header, end, header, width, path)
            start = data.find(_SIGNATURE, start + 1)


def _walk(data: mmap.mmap, place: int, end: int, header: int, width: int, path: str) -> None:
    while place + header <= end:
        number = int.from_bytes(data[place : place + 2], "little")
        size = int.from_bytes(data[place + 8 : place + 8 + width], "little")
        # Number 0 is the free space, whose size has the header in it.
        place += header + -(-size // 8) * 8 if number else size
        if place > end or (not number and size < header):
            raise FileFormatError(
                f"{os.fspath(path)!r} is damaged: an object of {size:,} bytes does not fit into its heap of strings."
            )
