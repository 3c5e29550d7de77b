"""Files of models, which come with a later version."""

from collections.abc import Mapping
from typing import Any

from jkeras.compat.later import later

__all__ = ["load_model", "model_from_yaml", "save_model"]


@later("saving and loading of models")
def save_model(model: Any, filepath: str, overwrite: bool = True) -> None:
    """Write architecture, weights, and what `compile` was given to a file."""


@later("saving and loading of models")
def load_model(filepath: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model in a file."""


@later("architectures as YAML")
def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the model that a text describes."""
