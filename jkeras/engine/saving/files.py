"""Models and weights in files. What a file is called decides how it is written; how it is read, its content does."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jkeras.engine.saving import hdf5_files, native_files
from jkeras.engine.saving.atomic import may_write, replacing
from jkeras.engine.saving.native import MAGIC
from jkeras.errors import FileFormatError

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["format_of", "load_model", "load_weights", "save_model", "save_weights"]

_HDF5_SUFFIXES = (".h5", ".hdf5", ".keras")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write architecture, weights, what `compile` was given, and how far training is, to a file.

    Args:
        model: a Sequential or Model.
        filepath: ending in ``.h5``, ``.hdf5`` or ``.keras``, it is an HDF5 file, which Keras 1.2.2 reads too. Ending in anything
            else, such as ``.jk``, it has jkeras's own format; see docs/format.md.
        overwrite: whether a file that is there is replaced without a question.

    Raises:
        OSError: the file cannot be written; what was there before is untouched.
        MissingExtraError: HDF5 needs h5py.
    """
    if may_write(filepath, overwrite):
        with replacing(filepath) as file:
            _format_named(filepath).write_model(file, model)


def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None = None, dialect: str | None = None) -> Any:
    """Return the model in a file of `save_model`, here or in Keras 1; compiled, if it was.

    Nothing in a file is ever run, and no class is looked up but jkeras's own and those given here.

    Args:
        filepath: the file.
        custom_objects: layers, functions, optimizers and so on of yours, by the names that the file uses; the function of a
            Lambda also by the name of the layer.
        dialect: ``'tensorflow'`` or ``'theano'``: which engine's way of convolving and pooling the weights are for, if not what
            the file tells.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it holds no model, is damaged, or holds what is never read.
        ValueError: a class or function is not known, or something does not fit.
    """
    return format_of(filepath).load_model(filepath, custom_objects, dialect)


def save_weights(model: "Container", filepath: Any, overwrite: bool = True) -> None:
    """Write the weights of a model to a file; arguments and errors are those of `save_model`."""
    if may_write(filepath, overwrite):
        with replacing(filepath) as file:
            _format_named(filepath).write_weights(file, model)


def load_weights(model: "Container", filepath: Any, by_name: bool = False, dialect: str | None = None) -> None:
    """Set a model's weights to those in a file; see `Container.load_weights`."""
    format_of(filepath).load_weights(model, filepath, by_name, dialect)


def _format_named(filepath: Any) -> Any:
    """Return the module that writes a file, by what the file is called."""
    return hdf5_files if os.fspath(filepath).lower().endswith(_HDF5_SUFFIXES) else native_files


def format_of(filepath: Any) -> Any:
    """Return the module that reads a file, by how the file begins.

    Raises:
        FileFormatError: it is of neither format.
    """
    with open(filepath, "rb") as file:
        start = file.read(len(_HDF5))
    if start == _HDF5:
        return hdf5_files
    if start == MAGIC:
        return native_files
    raise FileFormatError(f"{os.fspath(filepath)!r} is no file of a model: {_guess(start)}.")


def _guess(start: bytes) -> str:
    if not start:
        return "it is empty"
    if start[:4] == b"PK\x03\x04":
        return "it is a zip archive, as Keras 3 writes. Save it there as .h5"
    if start[:1] in (b"{", b"["):
        return "it looks like JSON. An architecture is read by model_from_json"
    return "it is neither an HDF5 file nor one of jkeras's own format"
