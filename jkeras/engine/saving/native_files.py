"""Whole models and weights in jkeras's own format."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from jkeras.engine.config import describe
from jkeras.engine.saving import dialect as dialects
from jkeras.engine.saving import optimizer, progress
from jkeras.engine.saving.config import model_from_description
from jkeras.engine.saving.limits import json_text, read_json
from jkeras.engine.saving.native import Header, Spec, header_of, parts_of, read_arrays
from jkeras.engine.saving.pytree import filled, from_tree
from jkeras.engine.saving.stored import Stored, StoredLayer, StoredWeight, put
from jkeras.engine.saving.training import compile_from, training_config
from jkeras.errors import FileFormatError

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.model import Model

__all__ = [
    "Snapshot",
    "description",
    "load_model",
    "load_weights",
    "model_parts",
    "opened",
    "read_snapshot",
    "restore",
    "write_model",
    "write_weights",
]


def write_weights(file: BinaryIO, model: "Container") -> None:
    """Write a weights file."""
    file.writelines(parts_of("weights", from_tree(_weights(model))))


def write_model(file: BinaryIO, model: Any) -> None:
    """Write a model's file."""
    file.writelines(model_parts(model))


def _weights(model: "Container") -> dict[str, Any]:
    """Return the arrays of a model, and where each of Keras 1's weights is among them."""
    mark = dialects.marks(model.weighted_layers)
    places = {
        id(place.layer._handles[spec.name]): ["params" if spec.trainable else "state", *place.path, spec.name]
        for place in model.ledger.places
        for spec in place.layer.weight_declarations
    }
    return {
        "layers": [
            [layer.name, [[str(handle.name) + mark(handle), places[id(handle)]] for handle in layer.weights]]
            for layer in model.weighted_layers
        ],
        "params": model.ledger.gather(lambda place: place.layer.own_arrays(True)),
        "state": model.ledger.gather(lambda place: place.layer.own_arrays(False)),
    }


def model_parts(model: Any, resume: Any = None) -> list[Any]:
    """Return the bytes of a model's file, in parts.

    Args:
        model: a Sequential or Model.
        resume: what else the callback `Resume` keeps.
    """
    silent = resume is not None and not hasattr(model.optimizer, "get_config")
    config = None if silent else training_config(model)
    content = {
        "config": json_text(describe(model)),
        "training": None if config is None else json_text(config),
        **_weights(model),
        "optimizer": optimizer.leaves_of(model),
        "progress": progress.progress_of(model),
        **({} if resume is None else {"resume": resume}),
    }
    return parts_of("model", from_tree(content))


def description(model: "Model") -> tuple[Any, Any]:
    """Return the architecture of a compiled model, without its own name, and what it was compiled with, as trees of JSON."""
    architecture = json.loads(json_text(describe(model)))
    for owner in (architecture, architecture.get("config")):
        if isinstance(owner, dict):
            owner.pop("name", None)
    if not hasattr(model.optimizer, "get_config"):
        return architecture, type(model.optimizer).__name__
    return architecture, json.loads(json_text(training_config(model)))


# ---- reading


class _File:
    """An open file: its tree, and its arrays once they are asked for."""

    def __init__(self, file: BinaryIO, path: Any, *kinds: str):
        self._file, self._path = file, os.fspath(path)
        self.header: Header = header_of(file, path)
        self._arrays: dict[int, np.ndarray] | None = None
        if self.header.kind not in kinds or not isinstance(self.header.content, dict):
            instead = {"weights": "model.load_weights", "pytree": "jkeras.load_pytree", "model": "load_model"}
            hint = instead.get(self.header.kind)
            raise FileFormatError(
                f"{self._path!r} is a file of a {self.header.kind!r}" + (f"; read it by {hint}." if hint else ".")
            )

    def entry(self, name: str, kind: Any) -> Any:
        """Return an entry of the tree, with specs for arrays; it must be of a type."""
        value = self.header.content.get(name)
        if not isinstance(value, kind):
            raise FileFormatError(f"{self._path!r} has no {name!r} of the right type; got {type(value).__name__}.")
        return value

    def whole(self, name: str, kind: Any) -> Any:
        """Return an entry of the tree with its arrays."""
        return filled(self.entry(name, kind), self.arrays)

    @property
    def arrays(self) -> dict[int, np.ndarray]:
        """The arrays by the `id` of their specs."""
        if self._arrays is None:
            try:
                arrays = read_arrays(self._file, self.header)
            except FileFormatError as error:
                raise FileFormatError(f"{self._path!r}: {error}") from None
            self._arrays = dict(zip(map(id, self.header.specs), arrays, strict=True))
        return self._arrays

    def stored(self) -> Stored:
        """Return the weights, which are read when they are asked for."""
        return Stored([self._layer(entry) for entry in self.entry("layers", list)])

    def _layer(self, entry: Any) -> StoredLayer:
        match entry:
            case [str(name), [*weights]]:
                return StoredLayer(name, [self._weight(weight) for weight in weights])
        raise FileFormatError(f"{self._path!r} lists a layer that is none: {str(entry)[:100]}.")

    def _weight(self, entry: Any) -> StoredWeight:
        match entry:
            case [str(name), [*way]] if all(isinstance(step, str) for step in way):
                spec: Any = self.header.content
                for step in way:
                    spec = spec.get(step) if isinstance(spec, dict) else None
                if isinstance(spec, Spec):
                    return StoredWeight(name, spec.shape, self._reader(spec))
        raise FileFormatError(f"{self._path!r} lists a weight that it has no array for: {str(entry)[:100]}.")

    def _reader(self, spec: Spec) -> Callable[[], np.ndarray]:
        return lambda: self.arrays[id(spec)]


@contextmanager
def opened(filepath: Any, *kinds: str) -> Iterator[_File]:
    """Open a file of one of these kinds for reading, in a ``with`` block."""
    with open(filepath, "rb") as file:
        yield _File(file, filepath, *kinds)


def load_weights(model: "Container", filepath: Any, by_name: bool, dialect: str | None) -> None:
    """Set a model's weights to those of a weights file or of a whole model's file."""
    with open(filepath, "rb") as file:
        put(model, _File(file, filepath, "weights", "model").stored(), by_name, dialect)


def load_model(filepath: Any, custom_objects: Mapping[str, Any] | None, dialect: str | None) -> Any:
    """Return the model in a file, compiled as it was."""
    with open(filepath, "rb") as opened:
        file = _File(opened, filepath, "model")
        config = read_json(file.entry("config", str), "The file's config")
        model = model_from_description(config, custom_objects, "The file's config")
        put(model, file.stored(), dialect=dialect, adopts=False, fresh=True)
        progress.restore_counters(model, file.whole("progress", dict))
        progress.restore_states(model, file.whole("state", dict))
        training = file.entry("training", str | None)
        if training is not None:
            compile_from(model, read_json(training, "The file's training config"), custom_objects)
            optimizer.restore_leaves(model, file.whole("optimizer", list))
    return model


class Snapshot(NamedTuple):
    """A training in a file, all of it read."""

    stored: Stored
    leaves: list[Any]
    progress: dict[str, Any]
    states: dict[str, Any]
    resume: Any
    """What the callback `Resume` keeps; ``None`` in a file of `Model.save`."""

    def put_into(self, model: "Model") -> None:
        """Bring a compiled model to where the one in the file was; it must have the same architecture.

        Raises:
            ValueError: the file is of another architecture or another optimizer.
        """
        put(model, self.stored, adopts=False)
        optimizer.restore_leaves(model, self.leaves)
        progress.restore_counters(model, self.progress)
        progress.restore_states(model, self.states)


def read_snapshot(filepath: Any) -> Snapshot:
    """Return the training in a file of a model that was compiled.

    Raises:
        FileFormatError: it is no such file, or is damaged.
    """
    with open(filepath, "rb") as opened:
        file = _File(opened, filepath, "model")
        whole = {
            name: file.whole(name, kind) for name, kind in (("optimizer", list), ("progress", dict), ("state", dict))
        }
        resume = file.whole("resume", object)
        return Snapshot(file.stored(), whole["optimizer"], whole["progress"], whole["state"], resume)


def restore(model: "Model", filepath: Any) -> None:
    """Bring a compiled model to where another of the same architecture was when it was saved, its training included.

    Raises:
        ValueError: the file is of another architecture or another optimizer, or is damaged.
    """
    read_snapshot(filepath).put_into(model)
