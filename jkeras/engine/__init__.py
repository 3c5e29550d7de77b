"""Layers, graphs, training: what `jkeras.layers` and `jkeras.models` are built on."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jkeras.engine.contract import InputSpec
    from jkeras.engine.input import Input, InputLayer
    from jkeras.engine.layer import Layer
    from jkeras.engine.model import Model
    from jkeras.engine.node import get_source_inputs
    from jkeras.layers.merge import Merge, merge

__all__ = ["Input", "InputLayer", "InputSpec", "Layer", "Merge", "Model", "get_source_inputs", "merge"]

_HOMES = {
    "Input": "jkeras.engine.input",
    "InputLayer": "jkeras.engine.input",
    "InputSpec": "jkeras.engine.contract",
    "Layer": "jkeras.engine.layer",
    "Merge": "jkeras.layers.merge",
    "Model": "jkeras.engine.model",
    "get_source_inputs": "jkeras.engine.node",
    "merge": "jkeras.layers.merge",
}


def __getattr__(name: str) -> Any:
    # Looked up on use: this package is imported before the layers and models that Keras 1 offers here.
    if name in _HOMES:
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
