"""What a file holds of a model's weights, whatever its format, and how they get into the layers.

Nothing of a model changes before everything has been found, compared and read.
"""

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jkeras.compat.keras2 import _level_outside
from jkeras.engine.saving import dialect as dialects
from jkeras.errors import FileFormatError, did_you_mean

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.layer import Layer
    from jkeras.engine.weights import WeightHandle

__all__ = ["Stored", "StoredLayer", "StoredWeight", "fill", "put"]

_MOST_STATES = 2**30


class StoredWeight(NamedTuple):
    """An array of a file, which is not read yet."""

    name: str
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


class StoredLayer(NamedTuple):
    """The weights that a file has under the name of a layer."""

    name: str
    weights: list[StoredWeight]


class Stored(NamedTuple):
    """The weights in a file."""

    layers: list[StoredLayer]
    named: bool = True
    """Whether the layers have their names: those of Keras 0.3 have numbers."""

    def names(self) -> list[str]:
        """Return the names of all weights."""
        return [weight.name for layer in self.layers for weight in layer.weights]


class Pair(NamedTuple):
    """A weight of the model, and what the file has for it."""

    layer: "Layer"
    handle: "WeightHandle"
    stored: StoredWeight


def put(
    model: "Container",
    stored: Stored,
    by_name: bool = False,
    dialect: str | None = None,
    *,
    adopts: bool = True,
    fresh: bool = False,
) -> None:
    """Set the weights of a model to those of a file.

    Args:
        model: built; unchanged if anything does not fit.
        stored: what the file holds.
        by_name: whether only layers whose names are in the file are set; otherwise the order counts, and all must match.
        dialect: of the weights, if the file's own marks are not to count.
        adopts: whether the layers take over the dialect that the file's marks tell.
        fresh: whether nobody can have used the model yet.

    Raises:
        ValueError: numbers of layers or weights, or shapes, differ; the message names layer and weight.
    """
    dialects.check(dialect)
    if fresh:
        _check_states(model)
    pairs = _by_name(model, stored) if by_name else _by_order(model, stored)
    values = [(pair.handle, _value(pair)) for pair in pairs]
    if adopts or dialect is not None:
        origins = {pair.handle.layer: dialects.of_names([pair.stored.name]) for pair in pairs}
        if not by_name:
            whole = dialects.of_names(stored.names())
            origins = {inner: whole for layer in model.weighted_layers for inner in dialects.concerned(layer)} | origins
        dialects.adopt(dict.fromkeys(origins, dialect) if dialect is not None else origins, fresh)
    fill(values)


def _check_states(model: "Container") -> None:
    """Raise a `FileFormatError` where a file's architecture asks for more memory than its weights, which it has to hold."""
    specs = [spec for place in model.ledger.places for spec in place.layer.weight_declarations if not spec.saved]
    size = sum(int(np.prod(spec.shape, dtype=object)) * 4 for spec in specs)
    if size > _MOST_STATES:
        raise FileFormatError(
            f"The file's architecture has states of {size:,} bytes; a file may ask for {_MOST_STATES:,}. Make the model in "
            "the script and use model.load_weights."
        )


def fill(values: Iterable[tuple["WeightHandle", np.ndarray]]) -> None:
    """Set weights, all of one layer at once."""
    arrays: dict[Layer, dict[str, np.ndarray]] = {}
    for handle, value in values:
        arrays.setdefault(handle.layer, {})[handle.spec.name] = value  # type: ignore[arg-type]
    for layer, named in arrays.items():
        layer.store_arrays(named)


def _by_order(model: "Container", stored: Stored) -> list[Pair]:
    layers = [layer for layer in model.weighted_layers if layer.weights]
    groups = [group for group in stored.layers if group.weights]
    if not stored.named:
        return _in_one_row(model, layers, groups)
    if len(groups) != len(layers):
        raise ValueError(
            f"The file has {len(groups)} layers with weights ({_few(group.name for group in groups)}), the model {model.name!r} "
            f"has {len(layers)} ({_few(layer.name for layer in layers)}): it is the file of another architecture. With "
            "by_name=True only the layers whose names are in both are loaded."
        )
    return [pair for layer, group in zip(layers, groups, strict=True) for pair in _pairs(layer, group)]


def _by_name(model: "Container", stored: Stored) -> list[Pair]:
    if not stored.named:
        raise ValueError(
            "Files of Keras 0.3 number the layers and do not name them, so they cannot be loaded by_name. Load the file into a "
            "model of the same architecture, save that with save_weights, and load the new file by_name."
        )
    known: dict[str, list[Layer]] = {}
    for layer in model.weighted_layers:
        known.setdefault(layer.name, []).append(layer)
    groups = [group for group in stored.layers if group.weights]
    matches = [(layer, group) for group in groups for layer in known.get(group.name, [])]
    if groups and not matches:
        hint = did_you_mean(groups[0].name, known)
        warnings.warn(
            f"load_weights by_name: no layer of {model.name!r} has a name that is in the file, so nothing was loaded. The file has "
            f"{_few(group.name for group in groups)}.{hint}",
            stacklevel=_level_outside(),
        )
    return [pair for layer, group in matches for pair in _pairs(layer, group)]


def _pairs(layer: "Layer", group: StoredLayer) -> list[Pair]:
    handles, stored = layer.weights, group.weights
    if len(handles) != len(stored):
        raise ValueError(
            f"Layer {layer.name!r} ({type(layer).__name__}) has {len(handles)} weights ({_few(h.name for h in handles)}); the file "
            f"has {len(stored)} for it under {group.name!r} ({_few(weight.name for weight in stored)})."
        )
    if type(layer).__name__ == "Convolution1D":
        stored = [_convolution1d(layer, handles[0].shape, stored[0]), *stored[1:]]
    return [_checked(Pair(layer, *both)) for both in zip(handles, stored, strict=True)]


def _in_one_row(model: "Container", layers: Sequence["Layer"], groups: Sequence[StoredLayer]) -> list[Pair]:
    """Match a file that only counts: layers that join models had all their weights in one group then."""
    rows = [(layer, handle) for layer in layers for handle in layer.weights]
    stored = [weight for group in groups for weight in group.weights]
    if len(rows) != len(stored):
        raise ValueError(
            f"The file has {len(stored)} arrays in {len(groups)} layers, the model {model.name!r} has {len(rows)} weights in "
            f"{len(layers)} layers ({_few(layer.name for layer in layers)}): it is the file of another architecture."
        )
    pairs = []
    for (layer, handle), weight in zip(rows, stored, strict=True):
        if type(layer).__name__ == "Convolution1D" and handle is layer.weights[0]:
            weight = _convolution1d(layer, handle.shape, weight)
        pairs.append(_checked(Pair(layer, handle, weight)))
    return pairs


def _convolution1d(layer: Any, shape: tuple[int, ...], weight: StoredWeight) -> StoredWeight:
    """Return the kernel with Keras 1.2's order of axes: before, it was (filters, inputs, length, 1)."""
    length, _, inputs, filters = shape
    if weight.shape != (filters, inputs, length, 1) or weight.shape == shape:
        return weight
    return StoredWeight(weight.name, shape, lambda: np.transpose(weight.read(), (2, 3, 1, 0)))


def _checked(pair: Pair) -> Pair:
    layer, handle, stored = pair
    if tuple(stored.shape) != tuple(handle.shape):
        raise ValueError(
            f"Layer {layer.name!r} ({type(layer).__name__}): weight {handle.name!r} has shape {tuple(handle.shape)}; the file has "
            f"an array of shape {tuple(stored.shape)} for it ({stored.name!r}). The architectures differ."
        )
    return pair


def _value(pair: Pair) -> np.ndarray:
    value = pair.stored.read()
    if value.shape != tuple(pair.handle.shape) or value.dtype.kind not in "biuf" + ("V" if _is_extended(value) else ""):
        raise FileFormatError(
            f"Weight {pair.handle.name!r} of layer {pair.layer.name!r}: the file has {value.dtype} of shape {value.shape}, which "
            "is no array of real numbers of the weight's shape."
        )
    return value


def _is_extended(value: np.ndarray) -> bool:
    """Whether the numbers are of one of JAX's short float types, which numpy does not know as such."""
    return value.dtype.name.startswith(("bfloat", "float8", "float4", "float6"))


def _few(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (", …" if len(names) > most else "") or "none"
