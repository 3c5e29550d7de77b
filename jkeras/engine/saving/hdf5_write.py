"""Keras 1's HDF5 files, written: the layout, names and types of attributes of Keras 1.2.2."""

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.engine.saving import dialect
from jkeras.engine.saving.hdf5_safe import require_h5py

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.layer import Layer

__all__ = ["image", "write_arrays", "write_layers", "write_text"]

_MOST_LIST = 64512
"""Bytes that a list in an attribute may have: HDF5 keeps 64 KB for all attributes of a group."""


def image(fill: Any) -> memoryview:
    """Return the bytes of an HDF5 file.

    It is made in memory: HDF5 itself would leave a torn file, and trouble at exit, where a disk is full.

    Args:
        fill: a function that writes into the open file.
    """
    h5py = require_h5py("Writing HDF5 files")
    with h5py.File(secrets.token_hex(8), "w", driver="core", backing_store=False, block_size=2**20) as file:
        fill(file)
        file.flush()
        return memoryview(file.id.get_file_image())


def write_layers(group: Any, model: "Container") -> None:
    """Write the weights of a model, a group for each layer; Keras 1's ``save_weights_to_hdf5_group``."""
    layers = model.weighted_layers
    mark = dialect.marks(layers)
    _check_names(layers)
    write_names(group, "layer_names", [layer.name for layer in layers])
    for layer in layers:
        handles = layer.weights
        names = distinct(str(handle.name or f"param_{index}") + mark(handle) for index, handle in enumerate(handles))
        write_arrays(group.create_group(layer.name), names, [handle.get_value() for handle in handles])


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


def write_arrays(group: Any, names: Sequence[str], arrays: Sequence[np.ndarray]) -> None:
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
