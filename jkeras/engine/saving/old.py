"""Architectures as Keras 0.3 and 1.0 wrote them, in the words of Keras 1.2.

Keras 0.3 had the class of a layer under ``'name'``, its arguments beside it, and its name, if any, under ``'custom_name'``; a
Sequential was ``{'name': 'Sequential', 'layers': […]}`` together with what `compile` was given. Scripts often put the text of
`to_json` into JSON once more. Functions without a name stand there as ``'<lambda>'``, then and later.
"""

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

from jkeras import registry
from jkeras.compat.keras2 import _level_outside
from jkeras.engine.saving.limits import read_json
from jkeras.errors import FileFormatError

__all__ = ["modern"]

_LAMBDA = "<lambda>"
_INITIALIZERS = ("init", "inner_init", "forget_bias_init", "beta_init", "gamma_init", "alpha_init")

# Classes and arguments that Keras 1 calls otherwise, and arguments that it has no use for.
_CLASSES = {"UpSample1D": "UpSampling1D", "UpSample2D": "UpSampling2D", "TimeDistributedSoftmax": "Activation"}
_ARGUMENTS: dict[str, dict[str, str]] = {
    "Reshape": {"dims": "target_shape"},
    "MaxPooling2D": {"poolsize": "pool_size", "stride": "strides"},
    "AveragePooling2D": {"poolsize": "pool_size", "stride": "strides"},
}
_WITHOUT_EFFECT = ("cache_enabled", "truncate_gradient", "ignore_border", "stack_size")
_OF_COMPILE = ("optimizer", "loss", "class_mode", "theano_mode", "sample_weight_mode", "sample_weight_modes")


def modern(config: Any, custom_objects: Mapping[str, Any] | None, what: str) -> Any:
    """Return a config in Keras 1.2's words; a warning says in one line what was changed, if anything was.

    Args:
        config: of any version up to Keras 1.2.
        custom_objects: what may stand for a ``'<lambda>'``.
        what: holds it, for messages.

    Raises:
        ValueError: a function has no name, and is not among the custom objects.
    """
    translation = _Translation({**registry.custom_objects, **(custom_objects or {})})
    for _ in range(3):
        if not isinstance(config, str):
            break
        config = read_json(config, what)
        translation.changes["a text within a text"] += 1
    translation.names = _names_in(config)
    config = translation.entry(config)
    for beginning, counted in (
        (f"{what} is in the words of an older Keras; read in those of Keras 1.2: ", translation.changes),
        (
            f"{what} has functions without a name. In their place are defaults, which matter for fresh weights only: ",
            translation.lost,
        ),
    ):
        if counted:
            told = ", ".join(f"{change} ({n}×)" if n > 1 else change for change, n in counted.items())
            warnings.warn(f"{beginning}{told}.", stacklevel=_level_outside())
    return config


class _Translation:
    """Puts a config into Keras 1.2's words, and counts what it changes."""

    def __init__(self, known: Mapping[str, Any]):
        self.known = known
        self.changes: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()
        self.names: Counter[str] = Counter()

    def entry(self, entry: Any) -> Any:
        """Return the config of a layer or model as ``{'class_name': …, 'config': …}``."""
        if not isinstance(entry, Mapping):
            return entry
        if "class_name" not in entry and isinstance(entry.get("name"), str):
            entry = self._by_class(dict(entry))
        if "config" not in entry:
            return entry
        config = entry["config"]
        if isinstance(config, list):
            return {**entry, "config": [self.entry(layer) for layer in config]}
        return {**entry, "config": self._arguments(config)} if isinstance(config, Mapping) else entry

    def _by_class(self, old: dict[str, Any]) -> dict[str, Any]:
        title = old.pop("name")
        self.changes["the class of a layer stood under 'name'"] += 1
        if title in _CLASSES:
            self.changes[f"{title} is {_CLASSES[title]}"] += 1
            if title == "TimeDistributedSoftmax":
                old["activation"] = "softmax"
            title = _CLASSES[title]
        if title in ("Sequential", "Graph"):
            given = {name: old.pop(name) for name in _OF_COMPILE if name in old}
            if given:
                told = ", ".join(f"{name}={value!r}" for name, value in given.items())
                self.changes[f"what compile was given is left out; compile with {told[:300]}"] += 1
        if title == "Sequential":
            return {"class_name": title, "config": _with_input(old.get("layers"))}
        if title == "Graph":
            return {"class_name": title, "config": self._graph(old)}
        if title == "Lambda":  # kept as byte code, which is not read
            old = {
                **old,
                "function_type": "lambda",
                "output_shape_type": "raw" if old.get("output_shape") is None else "lambda",
            }
        for name, new in _ARGUMENTS.get(title, {}).items():
            if name in old:
                old[new] = old.pop(name)
                self.changes[f"{name} of {title} is {new}"] += 1
        for name in (*_WITHOUT_EFFECT, *(("beta", "target") if title == "Activation" else ())):
            if name in old:
                del old[name]
                self.changes[f"{name}, which has no effect, is left out"] += 1
        if isinstance(old.get("input_shape"), list) and "batch_input_shape" not in old:
            old["batch_input_shape"] = [None, *old.pop("input_shape")]
        name = old.pop("custom_name", None)
        default = name is None or self.names[str(name)] > 1 or name == title.lower()
        return {"class_name": title, "config": old if default else {**old, "name": name}}

    def _graph(self, old: Mapping[str, Any]) -> dict[str, Any]:
        parts = ("input_config", "node_config", "output_config")
        nodes = old.get("nodes")
        config = {part: old.get(part) for part in parts}
        return {**config, "nodes": nodes} if isinstance(nodes, Mapping) else config

    def _arguments(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of a layer, or the parts of a model, with the configs in them put into new words too."""
        new = {name: value for name, value in config.items() if not self._is_lost(config, name, value)}
        for name, value in new.items():
            if name == "layers" and isinstance(value, list):  # of a Model, a Merge
                new[name] = [self.entry(layer) for layer in value]
            elif name == "nodes" and isinstance(value, Mapping):  # of a Graph
                new[name] = {node: self.entry(layer) for node, layer in value.items()}
            elif name in ("layer", "backward_layer") and isinstance(value, Mapping):  # of a wrapper
                new[name] = self.entry(value)
            elif value == _LAMBDA:
                new[name] = self._function(config.get("name"), name)
        return new

    def _is_lost(self, config: Mapping[str, Any], name: str, value: Any) -> bool:
        """Whether an argument is an initializer without a name that nobody gave: the default does as well."""
        if value != _LAMBDA or name not in _INITIALIZERS:
            return False
        if _LAMBDA in self.known or f"{config.get('name')}_{name}" in self.known:
            return False
        self.lost[f"{name} of layer {config.get('name')!r}"] += 1
        return True

    def _function(self, layer: Any, argument: str) -> Any:
        for key in (f"{layer}_{argument}", _LAMBDA):
            if key in self.known:
                return self.known[key]
        if argument in ("function", "mode", "output_shape", "mask", "output_mask"):
            return _LAMBDA  # Lambda and Merge say themselves what to do
        raise FileFormatError(
            f"Layer {layer!r} has a function without a name as its {argument}. Files hold no functions. Pass it when loading: "
            f"custom_objects={{{f'{layer}_{argument}'!r}: function}}."
        )


def _names_in(config: Any) -> "Counter[str]":
    """Count the names of layers in an old config; several layers may have one, a default was that of the class."""
    counts: Counter[str] = Counter()
    pending = [config]
    while pending:
        value = pending.pop()
        if isinstance(value, Mapping):
            counts.update([str(value["custom_name"])] if "custom_name" in value else [])
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return counts


def _with_input(layers: Any) -> Any:
    """Return old configs of layers of which the first says what comes in, also if it has that as the size of an axis."""
    match layers:
        case [{"name": str(title), "input_dim": int(size), **first}, *others] if not first.get("input_shape"):
            if title in ("Dense", "MaxoutDense", "Highway"):
                return [{**layers[0], "input_shape": [size]}, *others]
            if title == "TimeDistributedDense":
                return [{**layers[0], "input_shape": [first.get("input_length"), size]}, *others]
    return layers
