"""Keras 1's HDF5 files, read: those of save_weights, of save, and weights of Keras 0.3."""

from functools import partial
from typing import Any

from jkeras.engine.saving import hdf5_safe as safe
from jkeras.engine.saving.stored import Stored, StoredLayer, StoredWeight
from jkeras.errors import FileFormatError

__all__ = ["optimizer_arrays", "stored_weights", "weights_group"]


def weights_group(file: Any) -> Any:
    """Return the group that has the weights: of a weights file the root, of a whole model's the group ``model_weights``."""
    own = any(name in file.attrs for name in ("layer_names", "layer_names0", "nb_layers"))
    if not own and safe.has(file, "model_weights"):
        return safe.child(file, "model_weights")
    return file


def stored_weights(group: Any) -> Stored:
    """Return what a group of an open HDF5 file holds; the numbers are read when they are asked for.

    Raises:
        FileFormatError: it holds no weights, or something that is not read (see `hdf5_safe`).
    """
    reader = _Reader(group)
    count = safe.number(group, "nb_layers")
    if count is not None:
        return Stored([reader.numbered(group, f"layer_{index}") for index in range(count)], named=False)
    listed = safe.names(group, "layer_names")
    if listed is not None:
        return Stored([reader.named(group, name) for name in listed])
    if safe.has(group, "graph"):  # Keras 0.3's Graph
        return Stored([reader.numbered(group, "graph")], named=False)
    raise FileFormatError(
        "The file holds no weights of Keras: it lists no layers (attribute 'layer_names', or 'nb_layers' of Keras 0.3)."
    )


def optimizer_arrays(file: Any) -> list[StoredWeight] | None:
    """Return the arrays of the optimizer's state; ``None`` if the file has none."""
    if not safe.has(file, "optimizer_weights"):
        return None
    return _Reader(file).named(file, "optimizer_weights").weights


class _Reader:
    """Finds the arrays of groups of one file."""

    def __init__(self, owner: Any):
        self._budget = safe.Budget(owner)

    def named(self, group: Any, name: str) -> StoredLayer:
        """Return a group that lists its arrays by name."""
        layer = safe.child(group, name)
        weights = safe.names(layer, "weight_names")
        if weights is None:
            raise FileFormatError(f"The file lists no weights for {name!r} (attribute 'weight_names').")
        return StoredLayer(name, [self._weight(layer, weight) for weight in weights])

    def numbered(self, group: Any, name: str) -> StoredLayer:
        """Return a group of Keras 0.3, which counts its arrays."""
        layer = safe.child(group, name)
        count = safe.number(layer, "nb_params") or 0
        return StoredLayer(name, [self._weight(layer, f"param_{index}") for index in range(count)])

    def _weight(self, layer: Any, name: str) -> StoredWeight:
        dataset = safe.child(layer, name)
        path = f"{layer.name}/{name}"
        return StoredWeight(name, self._budget.shape_of(dataset, path), partial(safe.array, dataset, path))
