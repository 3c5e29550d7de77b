"""Whole models and weights as HDF5 files of Keras 1.2.2."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from jkeras.engine.config import describe
from jkeras.engine.saving import dialect as dialects
from jkeras.engine.saving import hdf5_safe as safe
from jkeras.engine.saving import hdf5_write as write
from jkeras.engine.saving import optimizer, progress
from jkeras.engine.saving.config import model_from_description
from jkeras.engine.saving.hdf5_read import optimizer_arrays, stored_weights, weights_group
from jkeras.engine.saving.limits import json_text, read_json
from jkeras.engine.saving.stored import put
from jkeras.engine.saving.training import compile_from, training_config
from jkeras.errors import FileFormatError

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["load_model", "load_weights", "write_model", "write_weights"]

KERAS_VERSION = "1.2.2"
"""The version whose format the files follow."""

EXTRA = "jkeras_training"
"""The attribute with what Keras 1 keeps in no file; Keras 1 does not look at it."""

MOST_EXTRA = 2**29
"""Bytes of that attribute: it holds the order of the samples, and states."""


def write_weights(file: BinaryIO, model: "Container") -> None:
    """Write a weights file."""
    write.write_file(file, lambda hdf5: write.write_layers(hdf5, model))


def write_model(file: BinaryIO, model: Any) -> None:
    """Write a file with architecture, weights, and, of a compiled model, how it is trained and how far."""
    write.write_file(file, lambda hdf5: _write_model(hdf5, model))


def _write_model(file: Any, model: Any) -> None:
    write.write_text(file, "keras_version", KERAS_VERSION)
    write.write_text(file, "model_config", json_text(describe(model)))
    write.write_layers(file.create_group("model_weights"), model)
    training, states = training_config(model), progress.states_of(model)
    if training is not None:
        write.write_text(file, "training_config", json_text(training))
        arrays = optimizer.listed(model, _mark(model))
        if arrays:
            write.write_arrays(
                file.create_group("optimizer_weights"), [f"param_{i}" for i in range(len(arrays))], arrays
            )
    if training is not None or states:
        extra = {**progress.progress_of(model), "optimizer": optimizer.unlisted(model), "states": states}
        write.write_text(file, EXTRA, json_text(progress.to_json(extra)))


def _mark(model: "Container") -> str:
    """Return what the names of weights end in, by most of which the file's optimizer state is sorted."""
    mark = dialects.marks(model.weighted_layers)
    return _most(mark(handle) for layer in model.weighted_layers for handle in layer.weights)


def _most(marks: Iterable[str]) -> str:
    marks = sorted(marks)
    return max(marks, key=marks.count, default="")


def load_weights(model: "Container", filepath: Any, by_name: bool, dialect: str | None) -> None:
    """Set a model's weights to those of a weights file or of a whole model's file."""
    with safe.opened(filepath) as file:
        put(model, stored_weights(weights_group(file)), by_name, dialect)


def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None, dialect: str | None) -> Any:
    """Return the model in a file, compiled as it was."""
    with safe.opened(filepath) as file:
        text = safe.text(file, "model_config")
        if text is None:
            raise FileFormatError(
                f"{str(filepath)!r} holds no model: it has no attribute 'model_config'. If it was written by save_weights, "
                "make the model first and use model.load_weights."
            )
        config = read_json(text, "The file's model_config")
        model = model_from_description(config, custom_objects, "The file's model_config")
        stored = stored_weights(safe.child(file, "model_weights"))
        put(model, stored, dialect=dialect, adopts=not dialects.in_config(config), fresh=True)
        extra = safe.text(file, EXTRA)
        kept = {} if extra is None else progress.from_json(read_json(extra, f"The file's {EXTRA}", MOST_EXTRA))
        progress.restore_counters(model, kept)
        progress.restore_states(model, kept.get("states") or {})
        training = safe.text(file, "training_config")
        if training is not None:
            compile_from(model, read_json(training, "The file's training_config"), custom_objects)
            arrays = optimizer_arrays(file)
            if arrays is not None:
                optimizer.restore_listed(model, arrays, _most(dialects.mark_of(name) for name in stored.names()))
            optimizer.restore_unlisted(model, kept.get("optimizer") or {})
    return model
