"""Architectures as JSON texts, in Keras 1.2.2's format."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from jkeras.engine.config import describe
from jkeras.engine.saving.config import layer_from_config

__all__ = ["model_from_json", "model_to_json"]

KERAS_VERSION = "1.2.2"
"""The version whose format the texts follow."""


def model_to_json(model: Any, **kwargs: Any) -> str:
    """Return the architecture of `model` as JSON.

    Args:
        model: a Sequential or Model.
        **kwargs: for `json.dumps`, such as ``indent=2``.
    """
    return json.dumps({**describe(model), "keras_version": KERAS_VERSION}, default=_plain, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model with fresh weights from what `to_json` returned, here or in Keras 1.

    Args:
        json_string: the text.
        custom_objects: classes and functions of yours, by the names that the text uses.

    Raises:
        ValueError: the text is no JSON or describes no model; or a class is not known.
    """
    try:
        config = json.loads(json_string)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"The text is not a model's JSON: {error}.") from None
    return layer_from_config(config, custom_objects)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"A config holds {value!r}, which JSON cannot express.")
