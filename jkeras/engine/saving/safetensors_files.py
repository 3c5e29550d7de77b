"""Weights as files of the package safetensors, with the architecture in the metadata (extra ``safetensors``)."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.engine.config import describe
from jkeras.engine.saving.atomic import replace_file
from jkeras.engine.saving.config import model_from_description
from jkeras.engine.saving.hdf5_write import distinct
from jkeras.engine.saving.limits import json_text, read_json
from jkeras.engine.saving.stored import Stored, StoredLayer, StoredWeight, put
from jkeras.errors import FileFormatError, MissingExtraError

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["load_model", "load_weights", "save_model"]

_CONFIG = "model_config"


def _package(purpose: str) -> Any:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise MissingExtraError("safetensors", "safetensors", purpose) from error
    return safetensors


def _layers(model: "Container") -> list[tuple[str, list[tuple[str, Any]]]]:
    """Return the layers with weights, and what each weight is called in a file."""
    handles = [handle for layer in model.weighted_layers for handle in layer.weights]
    names = iter(distinct(str(handle.name) for handle in handles))
    return [(layer.name, [(next(names), handle) for handle in layer.weights]) for layer in model.weighted_layers]


def save_model(model: "Container", filepath: Any) -> None:
    """Write the weights of a model under their names, and the architecture; not how it is trained.

    Raises:
        MissingExtraError: safetensors is not installed.
        OSError: the file cannot be written; what was there before is untouched.
    """
    package = _package("Writing .safetensors")
    weights = {name: np.ascontiguousarray(handle.value) for _, layer in _layers(model) for name, handle in layer}
    replace_file(filepath, [package.numpy.save(weights, {"format": "np", _CONFIG: json_text(describe(model))})])


def load_model(filepath: Any) -> Any:
    """Return the model in a file of `save_model`, not compiled.

    Raises:
        FileFormatError: the file has no architecture, as those that others wrote have none; or is damaged.
    """
    with _opened(filepath) as file:
        config = (file.metadata() or {}).get(_CONFIG)
        if config is None:
            raise FileFormatError(
                f"{os.fspath(filepath)!r} has weights without an architecture ({', '.join(list(file.keys())[:5])}, …). Name a file "
                "of a model with these weights' names: jkeras convert FILE RESULT --model MODEL."
            )
        model = model_from_description(read_json(config, "The file's model_config"), None, "The file's model_config")
        _put(model, file, fresh=True)
    return model


def load_weights(model: "Container", filepath: Any) -> None:
    """Set the weights of a model to those of the same names in a file.

    Raises:
        FileFormatError: a weight is missing, or is one too many; or the file is damaged. The model is unchanged.
        ValueError: a weight has another shape.
    """
    with _opened(filepath) as file:
        _put(model, file, fresh=False)


def _opened(filepath: Any) -> Any:
    package = _package("Reading .safetensors")
    if not os.path.isfile(filepath):
        raise FileNotFoundError(f"There is no file {os.fspath(filepath)!r}.")
    try:
        return package.safe_open(os.fspath(filepath), framework="np")
    except package.SafetensorError as error:
        raise FileFormatError(f"{os.fspath(filepath)!r} is no file of safetensors, or is damaged: {error}.") from None


def _put(model: "Container", file: Any, fresh: bool) -> None:
    layers, found = _layers(model), set(file.keys())
    wanted = {name for _, weights in layers for name, _ in weights}
    if wanted != found:
        missing, more = sorted(wanted - found), sorted(found - wanted)
        raise FileFormatError(
            f"The file has not the weights of the model: it lacks {missing[:5] or 'none'}, and has {more[:5] or 'none'} too many."
        )

    def stored(name: str) -> StoredWeight:
        return StoredWeight(name, tuple(file.get_slice(name).get_shape()), lambda: file.get_tensor(name))

    entries = [StoredLayer(layer, [stored(name) for name, _ in weights]) for layer, weights in layers]
    put(model, Stored(entries), adopts=False, fresh=fresh)
