"""Models as nested dicts, in Keras 1.2.2's format, and back.

Classes come from the registry of layers and from `custom_objects`; nothing else is ever looked up.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node, one_or_list
from jkeras.registry import Registry
from jkeras.typing import Config
from jkeras.utils.generic_utils import custom_object_scope

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["graph_config", "graph_ends", "layer_from_config", "layer_registry"]

layer_registry = Registry("layer")
"""Every class that a config may name."""


def layer_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Make a layer or model from ``{'class_name': ..., 'config': ...}``.

    Args:
        config: as ``{'class_name': type(layer).__name__, 'config': layer.get_config()}``.
        custom_objects: classes and functions by name that win over jkeras's own.

    Raises:
        UnknownNameError: the class is not known; pass it in `custom_objects`.
        ValueError: `config` is not of that form.
    """
    if not isinstance(config, Mapping) or "class_name" not in config or "config" not in config:
        raise ValueError(f"A layer's config is a dict with the keys 'class_name' and 'config'; got {str(config)[:200]}.")
    with scope(custom_objects):
        return layer_registry.lookup(config["class_name"]).from_config(config["config"])


def scope(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a context in which `custom_objects` are known to every registry."""
    return custom_object_scope(dict(custom_objects)) if custom_objects else nullcontext()


def graph_config(model: "Container") -> Config:
    """Return the config of a functional model: its layers, their calls, and which tensors go in and out."""
    index = _node_indices(model)
    layers = []
    for layer in model.layers:
        calls = []
        for node in layer.inbound_nodes:
            if node in model.graph.depths and node.inbound_layers:
                calls.append([_reference(tensor, index) for tensor in node.input_tensors])
        layers.append(
            {
                "name": layer.name,
                "class_name": type(layer).__name__,
                # A Merge made from layers would repeat them: here they stand beside it.
                "config": getattr(layer, "get_call_config", layer.get_config)(),
                "inbound_nodes": calls,
            }
        )
    return {
        "name": model.name,
        "layers": layers,
        "input_layers": [_reference(tensor, index) for tensor in model.inputs],
        "output_layers": [_reference(tensor, index) for tensor in model.outputs],
    }


def _node_indices(model: "Container") -> dict[Node, int]:
    """Return the index that each node of the model has in the config: calls outside of the model do not count."""
    index: dict[Node, int] = {}
    for layer in model.layers:
        # A nested model's node 0 is its own graph, which it has again when it is read back.
        first = 1 if layer.sublayers() and hasattr(layer, "graph") else 0
        for node in layer.inbound_nodes:
            if node in model.graph.depths:
                index[node] = first
                first += 1
    return index


def _reference(tensor: KerasTensor, index: dict[Node, int]) -> list[Any]:
    layer, _, tensor_index = tensor.history
    return [layer.name, index[tensor.node], tensor_index]


def graph_ends(config: Config, custom_objects: Mapping[str, Any] | None = None) -> tuple[Any, Any]:
    """Make the layers that `config` describes, connect them, and return the input and output tensors."""
    layers: dict[str, Layer] = {}
    pending: list[tuple[str, list[Any]]] = []
    for entry in config["layers"]:
        layer = layer_from_config(entry, custom_objects)
        layer.name = entry["name"]  # a nested Sequential's own config has no name
        layers[entry["name"]] = layer
        pending += [(entry["name"], call) for call in entry["inbound_nodes"]]

    def tensor(reference: Any) -> KerasTensor | None:
        name, node_index, tensor_index = reference
        if name not in layers:
            raise ValueError(f"The config connects to a layer named {name!r}, which it does not describe.")
        nodes = layers[name].inbound_nodes
        return nodes[node_index].output_tensors[tensor_index] if node_index < len(nodes) else None

    # A shared layer may be listed before what its later calls read, so calls wait until their inputs exist.
    # Calls of one layer keep their order: their position is their index.
    while pending:
        waiting: list[tuple[str, list[Any]]] = []
        blocked: set[str] = set()
        for name, call in pending:
            inputs = [tensor(reference) for reference in call]
            if name in blocked or any(entry is None for entry in inputs):
                waiting.append((name, call))
                blocked.add(name)
            else:
                layers[name](one_or_list(inputs))
        if len(waiting) == len(pending):
            raise ValueError(f"The config has calls whose inputs never come to exist: {[name for name, _ in waiting]}.")
        pending = waiting
    ends = [[tensor(reference) for reference in config[end]] for end in ("input_layers", "output_layers")]
    return ends[0], ends[1]
