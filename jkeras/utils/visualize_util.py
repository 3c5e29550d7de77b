"""Import path of Keras 1: ``keras.utils.visualize_util``. Pictures of models."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["model_to_dot", "plot"]


@later("pictures of models")
def model_to_dot(model: Any, show_shapes: bool = False, show_layer_names: bool = True) -> Any:
    """Return the model as a graph of the dot language."""


@later("pictures of models")
def plot(model: Any, to_file: str = "model.png", show_shapes: bool = False, show_layer_names: bool = True) -> None:
    """Write a picture of the model."""
