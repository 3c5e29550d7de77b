"""Import path of Keras 1: ``keras.engine.topology``. What layers, nodes and graphs are; each has a module of its own."""

from collections.abc import Sequence
from typing import Any

from jkeras.engine.container import Container
from jkeras.engine.contract import InputSpec
from jkeras.engine.input import Input, InputLayer
from jkeras.engine.layer import Layer
from jkeras.engine.node import Node, get_source_inputs
from jkeras.layers.merge import Merge, merge
from jkeras.utils.generic_utils import func_dump, func_load
from jkeras.utils.io_utils import ask_to_proceed_with_overwrite

__all__ = [
    "Container",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "Merge",
    "Node",
    "ask_to_proceed_with_overwrite",
    "func_dump",
    "func_load",
    "get_source_inputs",
    "merge",
    "object_list_uid",
    "to_list",
]


def to_list(x: Any) -> list[Any]:
    """Return a list as it is, and anything else as a list of one."""
    return x if isinstance(x, list) else [x]


def object_list_uid(object_list: Sequence[Any]) -> str:
    """Return a text that is the same for the same objects in the same order."""
    return ", ".join(str(abs(id(x))) for x in to_list(object_list))
