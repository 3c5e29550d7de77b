"""What `compile` was given, as Keras 1's ``training_config``, and a model compiled from it."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jkeras.compat.keras2 import _level_outside
from jkeras.engine.saving.config import scope
from jkeras.errors import FileFormatError, UnknownNameError
from jkeras.typing import Config

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["compile_from", "training_config"]


def training_config(model: Any) -> Config | None:
    """Return optimizer, losses and metrics of a compiled model; ``None`` if there is nothing that a file can hold."""
    if getattr(model, "optimizer", None) is None:
        return None
    optimizer = model.optimizer
    if not hasattr(optimizer, "get_config"):
        warnings.warn(
            f"The optimizer of {model.name!r} ({type(optimizer).__name__}) has no get_config, so the file does not say how the "
            "model is trained: compile it again after loading.",
            stacklevel=_level_outside(),
        )
        return None
    return {
        "optimizer_config": {"class_name": type(optimizer).__name__, "config": optimizer.get_config()},
        "loss": model.loss,
        "metrics": model.metrics,
        "sample_weight_mode": model.sample_weight_mode,
        "loss_weights": model.loss_weights,
    }


def compile_from(model: "Model", config: Any, custom_objects: Mapping[str, Any] | None = None) -> None:
    """Compile a model as `training_config` says.

    Raises:
        UnknownNameError: a loss, a metric or the optimizer is a function or class of the script: give it in `custom_objects`.
        FileFormatError: `config` is not what `training_config` returns.
    """
    from jkeras.optimizers import optimizer_from_config

    if not isinstance(config, Mapping) or not {"optimizer_config", "loss"} <= set(config):
        raise FileFormatError(
            f"The file's training_config lacks 'optimizer_config' or 'loss'; got {str(config)[:200]}."
        )
    with scope(custom_objects):
        try:
            optimizer = optimizer_from_config(config["optimizer_config"])
            model.compile(
                optimizer,
                config["loss"],
                metrics=config.get("metrics"),
                loss_weights=config.get("loss_weights"),
                sample_weight_mode=config.get("sample_weight_mode"),
            )
        except UnknownNameError as error:
            error.add_note(
                f"Files hold the names of functions and classes. Give it when loading: custom_objects={{{error.name!r}: …}}."
            )
            raise
