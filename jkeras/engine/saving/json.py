"""Architectures as JSON texts, in Keras 1.2.2's format."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from jkeras.engine.config import describe
from jkeras.engine.saving.config import model_from_description
from jkeras.engine.saving.limits import read_json

__all__ = ["model_from_json", "model_to_json", "plain"]

KERAS_VERSION = "1.2.2"
"""The version whose format the texts follow."""


def model_to_json(model: Any, **kwargs: Any) -> str:
    """Return the architecture of `model` as JSON.

    Args:
        model: a Sequential or Model.
        **kwargs: for `json.dumps`, such as ``indent=2``.
    """
    return json.dumps({**describe(model), "keras_version": KERAS_VERSION}, default=plain, **kwargs)


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model with fresh weights from what `to_json` returned, here or in Keras 1.

    Args:
        json_string: the text.
        custom_objects: classes and functions of yours, by the names that the text uses.

    Raises:
        ValueError: the text is no JSON or describes no model; or a class is not known.
    """
    return model_from_description(read_json(json_string), custom_objects, "The text")


def plain(value: Any) -> Any:
    """Return a number or array of numpy's as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"A config holds {value!r}, which no text can express.")
