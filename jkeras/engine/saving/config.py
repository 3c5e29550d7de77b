"""Models as nested dicts, in Keras 1.2.2's format, and back.

Classes come from the registry of layers and from `custom_objects`; nothing else is ever looked up.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from jkeras.engine.config import describe, sharing
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.errors import FileFormatError
from jkeras.registry import Registry
from jkeras.typing import Config
from jkeras.utils.generic_utils import custom_object_scope

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = [
    "graph_config",
    "graph_ends",
    "layer_from_config",
    "layer_registry",
    "model_from_description",
    "reading",
    "scope",
]

layer_registry = Registry("layer")
"""Every class that a config may name."""


_made: ContextVar[dict[Any, Layer] | None] = ContextVar("made", default=None)


def layer_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Make a layer or model from ``{'class_name': ..., 'config': ...}``.

    Args:
        config: as ``{'class_name': type(layer).__name__, 'config': layer.get_config()}``.
        custom_objects: classes and functions by name that win over jkeras's own.

    Raises:
        UnknownNameError: the class is not known; pass it in `custom_objects`.
        ValueError: `config` is not of that form.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str) or "config" not in config:
        raise ValueError(
            f"A layer's config is a dict with the keys 'class_name' and 'config'; got {str(config)[:200]}."
        )
    with scope(custom_objects), reading() as made:
        number = config.get("shared")
        if number is not None and number in made:
            return made[number]
        cls = layer_registry.lookup(config["class_name"])
        if not isinstance(config["config"], Mapping | list):
            raise ValueError(
                f"The config of a {config['class_name']} is a dict or a list; got {str(config['config'])[:200]}."
            )
        layer = cls.from_config(config["config"])
        layer.name = str(config.get("name", layer.name))
        layer.trainable = bool(config.get("trainable", layer.trainable))
        if number is not None:
            made[number] = layer
        return layer


def model_from_description(config: Any, custom_objects: Mapping[str, Any] | None, what: str) -> Any:
    """Make a model from what a file or text says, which may be anything.

    Args:
        config: of ours or of any version of Keras 1.
        custom_objects: as for `layer_from_config`.
        what: says it, for messages.

    Raises:
        ValueError: it describes no model.
    """
    from jkeras.engine.saving.old import modern

    try:
        return layer_from_config(modern(config, custom_objects, what), custom_objects)
    except NotImplementedError:
        raise
    except (RuntimeError, LookupError, AttributeError, ArithmeticError, AssertionError, MemoryError) as error:
        raise FileFormatError(
            f"{what} describes no model: {type(error).__name__}: {str(error).rstrip('.')}."
        ) from error


@contextmanager
def reading() -> Iterator[dict[Any, Layer]]:
    """Return the layers that the config in hand has several places for; the outermost ``with`` block counts."""
    made = _made.get()
    if made is not None:
        yield made
        return
    made = {}
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def scope(custom_objects: Mapping[str, Any] | None) -> AbstractContextManager[Any]:
    """Return a context in which `custom_objects` are known to every registry."""
    return custom_object_scope(dict(custom_objects)) if custom_objects else nullcontext()


def graph_config(model: "Container") -> Config:
    """Return the config of a functional model: its layers, their calls, and which tensors go in and out."""
    index = _node_indices(model)
    computed = {node for node, _ in model.graph.calls}
    layers = []
    with sharing():
        for layer in model.layers:
            calls = [
                [_reference(tensor, index) for tensor in node.input_tensors]
                for node in layer.inbound_nodes
                if node in index and node in computed
            ]
            # A Merge made from layers would repeat them: here they stand beside it.
            entry = describe(layer, getattr(layer, "get_call_config", None))
            entry.update(name=layer.name, inbound_nodes=calls)
            layers.append(entry)
    config = {
        "name": model.name,
        "layers": layers,
        "input_layers": [_reference(tensor, index) for tensor in model.inputs],
        "output_layers": [_reference(tensor, index) for tensor in model.outputs],
    }
    return config if model.trainable else {**config, "trainable": False}


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
    """Make the layers that `config` describes, connect them, and return the input and output tensors.

    Raises:
        ValueError: `config` is not what `get_config` of a model returns.
    """
    _check_graph_config(config)
    layers: dict[str, Layer] = {}
    outputs: dict[str, list[list[KerasTensor]]] = {}  # of each call of each layer
    pending: list[tuple[str, list[Any]]] = []
    with scope(custom_objects), reading():
        for entry in config["layers"]:
            name = entry["name"]
            layers[name] = layer = layer_from_config(entry)
            outputs[name] = [node.output_tensors for node in layer.inbound_nodes[:1] if node.source]
            pending += [(name, call) for call in entry["inbound_nodes"]]

    def tensor(reference: Any) -> KerasTensor | None:
        name, call, output = reference
        if name not in layers:
            raise ValueError(f"The config connects to a layer named {name!r}, which it does not describe.")
        if call >= len(outputs[name]):
            return None
        if output >= len(outputs[name][call]):
            raise ValueError(
                f"The config connects to output {output} of call {call} of layer {name!r}, which has fewer outputs."
            )
        return outputs[name][call][output]

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
                outputs[name].append(as_list(layers[name](one_or_list(inputs))))
        if len(waiting) == len(pending):
            raise ValueError(f"The config has calls whose inputs never come to exist: {[name for name, _ in waiting]}.")
        pending = waiting
    for reference in [*config["input_layers"], *config["output_layers"]]:
        if tensor(reference) is None:
            raise ValueError(
                f"The config's model begins or ends at call {reference[1]} of layer {reference[0]!r}, which is not made."
            )
    return [tensor(reference) for reference in config["input_layers"]], [tensor(r) for r in config["output_layers"]]


def _check_graph_config(config: Any) -> None:
    """Raise a `ValueError` where a config has not the form that `graph_config` gives it."""
    if not isinstance(config, Mapping):
        raise ValueError(
            f"The config of a Model is a dict; got {type(config).__name__}. That of a Sequential is a list."
        )
    for key in ("layers", "input_layers", "output_layers"):
        if not isinstance(config.get(key), list | tuple):
            raise ValueError(
                f"The config of a Model has a list under {key!r}; this one has the keys {sorted(map(str, config))}."
            )
    names: set[str] = set()
    references = [*config["input_layers"], *config["output_layers"]]
    for entry in config["layers"]:
        if not isinstance(entry, Mapping) or not {"name", "class_name", "config", "inbound_nodes"} <= set(entry):
            raise ValueError(
                "In the config of a Model each layer has 'name', 'class_name', 'config' and 'inbound_nodes'; got "
                f"{str(entry)[:200]}."
            )
        if entry["name"] in names:
            raise ValueError(f"The config has two layers named {entry['name']!r}; layer names are unique in a model.")
        names.add(entry["name"])
        calls = entry["inbound_nodes"]
        if not isinstance(calls, list | tuple) or not all(isinstance(call, list | tuple) for call in calls):
            raise ValueError(
                f"'inbound_nodes' of layer {entry['name']!r} is a list of calls, each a list; got {str(calls)[:200]}."
            )
        references += [reference for call in calls for reference in call]
    for reference in references:
        ok = isinstance(reference, list | tuple) and len(reference) == 3 and isinstance(reference[0], str)
        if not ok or not all(isinstance(index, int) and index >= 0 for index in reference[1:]):
            raise ValueError(
                "The config refers to a tensor by [layer name, index of the call, index of the output]; got "
                f"{str(reference)[:200]}."
            )
