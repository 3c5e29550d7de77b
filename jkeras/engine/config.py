"""Configs that derive from constructors: what `__init__` takes is what `get_config` gives.

A layer keeps each constructor argument under its own name; `constructor_arguments` finds the names, `serialise`
turns the values into JSON's types in Keras 1's manner (functions by name, regularizers as dicts).
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from jkeras.errors import did_you_mean

__all__ = ["check_keywords", "constructor_arguments", "describe", "serialise", "sharing"]

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
        return describe(value)
    if hasattr(value, "get_config"):
        config = value.get_config()
        return {"name": type(value).__name__, **config}
    if hasattr(value, "__name__"):
        return value.__name__
    return type(value).__name__


_described: ContextVar[dict[int, dict[str, Any]] | None] = ContextVar("described", default=None)


@contextmanager
def sharing() -> Iterator[None]:
    """Let a layer that is described twice inside the ``with`` block be marked as one; the outermost block counts."""
    if _described.get() is not None:
        yield
        return
    token = _described.set({})
    try:
        yield
    finally:
        _described.reset(token)


def describe(layer: Any, get_config: Callable[[], Any] | None = None) -> dict[str, Any]:
    """Return ``{'class_name': ..., 'config': ...}`` of a layer.

    A Sequential's config is a list, in Keras 1's format, so its name and whether it is frozen stand beside it. All
    descriptions of a layer that stands at several places of one config have the same number under ``'shared'``; Keras 1
    reads such configs and makes a layer for each place.
    """
    entry = {"class_name": type(layer).__name__, "config": (get_config or layer.get_config)()}
    if isinstance(entry["config"], list):
        entry["name"] = layer.name
        if not layer.trainable:
            entry["trainable"] = False
    known = _described.get()
    if known is None:
        return entry
    first = known.setdefault(id(layer), entry)
    if first is not entry:
        first.setdefault("shared", 1 + max((other.get("shared", 0) for other in known.values()), default=0))
        entry["shared"] = first["shared"]
    return entry


def check_keywords(cls: type, base: type, given: dict[str, Any], allowed: set[str]) -> None:
    """Raise a `TypeError` that names the first keyword in `given` which is not in `allowed`."""
    for keyword in given:
        if keyword not in allowed:
            options = {*allowed, *constructor_arguments(cls, base), "weights"}
            raise TypeError(f"{cls.__name__}: unknown keyword argument {keyword!r}.{did_you_mean(keyword, options)}")
