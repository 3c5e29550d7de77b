"""Configs that derive from constructors: what `__init__` takes is what `get_config` gives.

A layer keeps each constructor argument under its own name; `constructor_arguments` finds the names, `serialise`
turns the values into JSON's types in Keras 1's manner (functions by name, regularizers as dicts).
"""

import functools
import inspect
from typing import Any

import numpy as np

from jkeras.errors import did_you_mean

__all__ = ["check_keywords", "constructor_arguments", "serialise"]

# `weights` are values, not architecture: Keras 1 leaves them out of configs.
_NOT_IN_CONFIG = {"weights"}


@functools.cache
def constructor_arguments(cls: type, base: type) -> tuple[str, ...]:
    """Return the names of the arguments that constructing `cls` takes, those of its bases down to `base` included.

    The search follows ``**kwargs``: a class that does not pass them on hides its bases' arguments.
    """
    names: dict[str, None] = {}
    for owner in cls.__mro__:
        if owner is base:
            break
        if "__init__" not in vars(owner):
            continue
        parameters = list(inspect.signature(vars(owner)["__init__"]).parameters.values())[1:]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                names[parameter.name] = None
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return tuple(name for name in names if name not in _NOT_IN_CONFIG)


def serialise(value: Any) -> Any:
    """Return `value` in JSON's types, as Keras 1.2.2 writes it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return {key: serialise(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return type(value)([serialise(entry) for entry in value])
    if hasattr(value, "inbound_nodes"):  # a layer, as a wrapper holds it
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "get_config"):
        config = value.get_config()
        return {"name": type(value).__name__, **config}
    if hasattr(value, "__name__"):
        return value.__name__
    return type(value).__name__


def check_keywords(cls: type, base: type, given: dict[str, Any], allowed: set[str]) -> None:
    """Raise a `TypeError` that names the first keyword in `given` which is not in `allowed`."""
    for keyword in given:
        if keyword not in allowed:
            options = {*allowed, *constructor_arguments(cls, base), "weights"}
            raise TypeError(f"{cls.__name__}: unknown keyword argument {keyword!r}.{did_you_mean(keyword, options)}")
