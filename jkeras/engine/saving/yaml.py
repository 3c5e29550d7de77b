"""Architectures as YAML texts, in Keras 1.2.2's format.

Keras 1 wrote them with all of Python's types, and read them so that a text could run code. Here tuples are lists, and of
pickled things only numpy's numbers are read, by a constructor that can decode a number and nothing else.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jkeras.engine.config import describe
from jkeras.engine.saving.config import model_from_description
from jkeras.engine.saving.json import KERAS_VERSION, plain
from jkeras.engine.saving.limits import MOST_TEXT, check_tree
from jkeras.errors import FileFormatError, MissingExtraError

__all__ = ["model_from_yaml", "model_to_yaml"]


def _require_yaml() -> Any:
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("pyyaml", "yaml", "Architectures as YAML") from None
    return yaml


def model_to_yaml(model: Any, **kwargs: Any) -> str:
    """Return the architecture of `model` as YAML.

    Args:
        model: a Sequential or Model.
        **kwargs: for `yaml.safe_dump`, such as ``indent=4``.
    """
    yaml = _require_yaml()
    return yaml.safe_dump(_listed({**describe(model), "keras_version": KERAS_VERSION}), **kwargs)


def _listed(value: Any) -> Any:
    """Return `value` in YAML's own types, everything in it once for each place: an alias is for people hard to read."""
    if isinstance(value, Mapping):
        return {_listed(key): _listed(entry) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_listed(entry) for entry in value]
    if isinstance(value, str):
        return str(value)  # the name of a function is a kind of str that YAML does not know
    return value if value is None or isinstance(value, bool | int | float) else _listed(plain(value))


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model with fresh weights from what `to_yaml` returned, here or in Keras 1.

    Args:
        yaml_string: the text.
        custom_objects: classes and functions of yours, by the names that the text uses.

    Raises:
        ValueError: the text is no YAML, describes no model, or has tags that stand for anything but tuples, texts and numpy's
            numbers; or a class is not known.
    """
    return model_from_description(_read(yaml_string), custom_objects, "The text")


def _read(text: Any) -> Any:
    yaml = _require_yaml()
    if not isinstance(text, str | bytes):
        raise TypeError(f"model_from_yaml takes a string; got {type(text).__name__}.")
    if len(text) > MOST_TEXT:
        raise FileFormatError(f"The text is {len(text):,} bytes long; no architecture has more than {MOST_TEXT:,}.")
    try:
        tree = yaml.load(text, Loader=_loader(yaml))
    except RecursionError:
        raise FileFormatError("The text is nested too deeply to be a model's YAML.") from None
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise FileFormatError(f"The text is not a model's YAML: {error}") from None
    check_tree(tree, "The text")  # also of texts that repeat a part by its alias, endlessly or too often
    return _listed(tree)


def _loader(yaml: Any) -> Any:
    """Return PyYAML's safe loader, which knows texts, numbers, lists and dicts, and a few of Python's tags."""

    class Loader(yaml.SafeLoader):
        pass

    prefix = "tag:yaml.org,2002:python/"

    def sequence(loader: Any, node: Any) -> list[Any]:
        return loader.construct_sequence(node, deep=True)

    def scalar(loader: Any, node: Any) -> str:
        return loader.construct_scalar(node)

    def dtype(loader: Any, node: Any) -> np.dtype:
        arguments = loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else {}
        return _number_type(arguments.get("args"), arguments.get("state"))

    def number(loader: Any, node: Any) -> Any:
        return _number(loader.construct_sequence(node, deep=True))

    Loader.add_constructor(prefix + "tuple", sequence)
    for name in ("str", "unicode"):
        Loader.add_constructor(prefix + name, scalar)
    for name in ("int", "long"):
        Loader.add_constructor(prefix + name, Loader.construct_yaml_int)
    Loader.add_constructor(prefix + "float", Loader.construct_yaml_float)
    Loader.add_constructor(prefix + "bool", Loader.construct_yaml_bool)
    Loader.add_constructor(prefix + "none", Loader.construct_yaml_null)
    for module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray"):
        Loader.add_constructor(f"{prefix}object/apply:{module}.dtype", dtype)
        Loader.add_constructor(f"{prefix}object/apply:{module}.scalar", number)
    return Loader


def _number_type(arguments: Any, state: Any) -> np.dtype:
    """Return the type that the pickled ``numpy.dtype(*arguments)`` with `state` stands for, if it is one of numbers."""
    name = str(arguments[0]) if isinstance(arguments, list) and arguments else ""
    kind = name[:1]
    if kind not in ("b", "i", "u", "f") or name[1:] not in ("1", "2", "4", "8"):
        raise FileFormatError(f"The text has a pickled number of type {name[:50]!r}; only numbers are read.")
    order = state[1] if isinstance(state, list) and len(state) > 1 else "|"
    return np.dtype(name).newbyteorder(order if order in ("<", ">") else "=")


def _number(arguments: Any) -> int | float | bool:
    """Return what the pickled ``scalar(dtype, bytes)`` stands for."""
    if len(arguments) != 2 or not isinstance(arguments[0], np.dtype):
        raise FileFormatError("The text has a pickled number that is not made of a type and bytes.")
    dtype, data = arguments
    if isinstance(data, str):
        data = data.encode("latin-1", "replace")  # as Python 2 wrote bytes that are letters
    if not isinstance(data, bytes) or len(data) != dtype.itemsize:
        raise FileFormatError(f"The text has a pickled number of {dtype.itemsize} bytes; got {str(data)[:50]!r}.")
    return np.frombuffer(data, dtype)[0].item()
