"""Keras 1's HDF5 files, written: the layout, names and types of attributes of Keras 1.2.2."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from jkeras.engine.saving import dialect
from jkeras.engine.saving.hdf5_safe import require_h5py

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.layer import Layer

__all__ = ["write_arrays", "write_file", "write_layers", "write_text"]

_MOST_LIST = 64512
"""Bytes that a list in an attribute may have: HDF5 keeps 64 KB for all attributes of a group."""


def write_file(file: BinaryIO, fill: Callable[[Any], None]) -> None:
    """Write an HDF5 file, array by array.

    Args:
        file: open for writing and reading, and empty.
        fill: a function that writes into the open HDF5 file.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    h5py = require_h5py("Writing HDF5 files")
    disk = _Disk(file)
    try:
        with h5py.File(disk, "w") as hdf5:
            fill(hdf5)
    except Exception:
        if disk.error is None:
            raise
    if disk.error is not None:
        raise disk.error


class _Disk:
    """An open file for HDF5, which cannot cope with a disk that is full: it would keep the file open, and try again at exit.

    So what does not fit is dropped, and the error is kept for whoever looks.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self._place = self._size = 0
        self.error: OSError | None = None

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                self._file.seek(self._place)
                self._file.write(data)
            except OSError as error:
                self.error = error
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def readinto(self, memory: Any) -> int:
        count = 0
        if self.error is None:
            self._file.seek(self._place)
            count = self._file.readinto(memory)  # type: ignore[attr-defined]
        memory[count:] = bytes(len(memory) - count)
        self._place += len(memory)
        return len(memory)

    def read(self, size: int) -> bytes:  # h5py takes only what has it for a file
        memory = bytearray(size)
        self.readinto(memory)
        return bytes(memory)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def truncate(self, size: int | None = None) -> int:
        self._size = self._place if size is None else size
        if self.error is None:
            try:
                self._file.truncate(self._size)
            except OSError as error:
                self.error = error
        return self._size

    def flush(self) -> None:
        pass


def write_layers(group: Any, model: "Container") -> None:
    """Write the weights of a model, a group for each layer; Keras 1's ``save_weights_to_hdf5_group``."""
    layers = model.weighted_layers
    mark = dialect.marks(layers)
    _check_names(layers)
    write_names(group, "layer_names", [layer.name for layer in layers])
    for layer in layers:
        handles = layer.weights
        names = distinct(str(handle.name or f"param_{index}") + mark(handle) for index, handle in enumerate(handles))
        write_arrays(group.create_group(layer.name), names, [handle.value for handle in handles])


def distinct(names: Any) -> list[str]:
    """Return the names, those that came before with a number: in a nested model layers may bear one name."""
    taken: dict[str, None] = {}
    for name in names:
        stem, number = name, 1
        while name in taken:
            body = stem.removesuffix(dialect.MARK)
            name, number = f"{body}_{number}{stem[len(body) :]}", number + 1
        taken[name] = None
    return list(taken)


def _check_names(layers: "Sequence[Layer]") -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if any(step in ("", ".", "..") for step in name.split("/")) or "\0" in name:
            raise ValueError(
                f"Layer {name!r} has a name that cannot be that of a group in an HDF5 file. Give it another name=."
            )
        if any(other.startswith(f"{name}/") for other in names):
            other = next(other for other in names if other.startswith(f"{name}/"))
            raise ValueError(
                f"Layers {name!r} and {other!r}: in an HDF5 file the second would be a part of the first. Give one another name=."
            )


def write_arrays(group: Any, names: Sequence[str], arrays: Sequence[Any]) -> None:
    """Write arrays, and the attribute ``weight_names`` that says in which order."""
    write_names(group, "weight_names", names)
    for name, array in zip(names, arrays, strict=True):
        array = np.asarray(array)
        if array.dtype.kind not in "biuf":  # a short float that HDF5 does not know, such as bfloat16
            array = array.astype(np.float32)
        dataset = group.create_dataset(name, array.shape, dtype=array.dtype)
        dataset[...] = array


def write_names(group: Any, attribute: str, names: Sequence[str]) -> None:
    """Write a list of names; one that is too long for an attribute is cut, as later versions of Keras cut it."""
    encoded = [name.encode("utf-8") for name in names]
    longest = max(map(len, encoded), default=1)
    count = max(1, _MOST_LIST // longest)
    if len(encoded) <= count:
        group.attrs[attribute] = np.asarray(
            encoded
        )  # strings of one length; without any, an array of floats as h5py made it
        return
    for part, first in enumerate(range(0, len(encoded), count)):
        group.attrs[f"{attribute}{part}"] = np.asarray(encoded[first : first + count])


def write_text(owner: Any, attribute: str, value: str) -> None:
    """Write a string as Keras 1 does: UTF-8 of any length."""
    owner.attrs[attribute] = value.encode("utf-8")
