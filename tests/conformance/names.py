"""Which names of jkeras a case needs, and which of them do not exist yet.

A case waits if, and only if, one of these names is missing.
Nothing here lists cases.
"""

import ast
import builtins
import importlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from jkeras.errors import UnknownNameError
from tests.conformance.manifest import dicts_in

# Where the functions of kind "facts" live.
FACTS = {
    "pad_sequences": "preprocessing.sequence.pad_sequences",
    "make_sampling_table": "preprocessing.sequence.make_sampling_table",
    "skipgrams": "preprocessing.sequence.skipgrams",
    "tokenizer": "preprocessing.text.Tokenizer",
    "text_to_word_sequence": "preprocessing.text.text_to_word_sequence",
    "one_hot_range": "preprocessing.text.one_hot",
    "image_generator": "preprocessing.image.ImageDataGenerator",
    "to_categorical": "utils.np_utils.to_categorical",
    "normalize": "utils.np_utils.normalize",
    "probas_to_classes": "utils.np_utils.probas_to_classes",
    "categorical_probas_to_classes": "utils.np_utils.categorical_probas_to_classes",
    "convert_kernel": "utils.np_utils.convert_kernel",
    "conv_output_length": "utils.np_utils.conv_output_length",
}

# Functions of kind "backend" that golden/README.md spells out, and what they use of K.
SPELT_OUT = {
    "foldl_sum": ["foldl"],
    "foldr_sum": ["foldr"],
    "map_square": ["map_fn"],
    "gradients_demo": ["placeholder", "gradients", "function"],
}

# Arguments of layers that name something, by the end of their name.
NAMED_ARGUMENTS = {
    "regularizer": "regularizers",
    "constraint": "constraints",
    "activation": "activations",
    "init": "initializations",
}


def find(path: str) -> Any:
    """The object at a path below jkeras (``'utils.np_utils.normalize'``), or None if it is missing."""
    module_path, _, name = f"jkeras.{path}".rpartition(".")
    return getattr(_module(module_path), name, None)


def skip_if_waiting(missing: Iterable[str]) -> None:
    """Skip the running test if anything is missing; the summary counts by the first name."""
    for name in missing:
        pytest.skip(f"waiting for {name}")


def missing_names(entry: dict[str, Any]) -> Iterator[str]:
    """The names that replaying an entry needs and that do not exist, the most telling ones first."""
    kind = entry["kind"]
    if kind in ("model", "fit", "format"):
        yield from _missing_in_config(entry.get("config"))
        yield from _missing_in_config(entry.get("source_config"))
        yield from _missing("models", ["model_from_json"])
        if entry.get("compile"):
            yield from _missing_in_compile(entry["compile"])
    if kind == "fit":
        yield from _missing("callbacks", [c["class_name"] for c in entry["fit"].get("callbacks") or []])
        yield from _missing_methods(["fit_generator" if "generator" in entry["fit"] else "fit"])
    elif kind == "format":
        yield from _missing_methods(["load_weights"])
    elif kind == "backend":
        yield from _missing("backend", SPELT_OUT.get(entry["func"], [entry["func"]]), shown="K.")
    elif kind == "facts":
        is_initialization = entry["func"] == "initialization"
        path = f"initializations.{entry['inputs']['init']}" if is_initialization else FACTS[entry["func"]]
        if find(path) is None:
            yield path.rpartition(".")[2]
    elif kind in ("code", "error", "value"):
        yield from _missing_in_code(entry["code"])


def missing_for_file(entry: dict[str, Any]) -> Iterator[str]:
    """The names that replaying an entry's HDF5 file needs beyond those of `missing_names`."""
    if entry.get("h5_loadable") is False:
        yield from _missing_methods(["load_weights"])
    else:
        yield from _missing("models", ["load_model"])


def namespace() -> dict[str, Any]:
    """What the code of kinds "code", "error" and "value" sees, as far as it exists."""
    names: dict[str, Any] = {}
    for module_path in ("regularizers", "constraints", "optimizers", "layers", "models"):
        module = _module(f"jkeras.{module_path}")
        members = {name: getattr(module, name, None) for name in dir(module) if not name.startswith("_")}
        names.update({name: member for name, member in members.items() if member is not None})
    for name, path in {"Layer": "engine.Layer", "objectives": "objectives", "K": "backend"}.items():
        value = find(path)
        if value is not None:
            names[name] = value
    return {**names, "np": importlib.import_module("numpy")}


def _module(path: str) -> Any:
    """The module, or None if there is none of that name; an import that fails inside it is an error."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and (path == error.name or path.startswith(f"{error.name}.")):
            return None
        raise


def _missing(module_path: str, names: Iterable[str], shown: str = "") -> Iterator[str]:
    """The names that a module has neither as an attribute nor, if it is a registry, by ``get``."""
    module = _module(f"jkeras.{module_path}")
    for name in names:
        if getattr(module, name, None) is None and not _is_registered(module, name):
            yield f"{shown}{name}"


def _is_registered(module: Any, name: str) -> bool:
    if not hasattr(module, "get"):
        return False
    try:
        module.get(name)
    except UnknownNameError:
        return False
    except TypeError:  # it exists and needs arguments
        return True
    return True


def _missing_in_config(config: Any) -> Iterator[str]:
    for node in dicts_in(config):
        if isinstance(node.get("class_name"), str):
            yield from (name for name in _missing("layers", [node["class_name"]]) if find(f"models.{name}") is None)
        for key, value in node.items():
            module_path = NAMED_ARGUMENTS.get(key.rpartition("_")[2])
            name = value.get("name") if isinstance(value, dict) else value
            if module_path and isinstance(name, str):
                yield from _missing(module_path, [name])


def _missing_in_compile(spec: dict[str, Any]) -> Iterator[str]:
    yield from _missing("optimizers", [spec["optimizer"]["class_name"]])
    yield from _missing("objectives", _texts(spec["loss"]))
    # 'accuracy' and 'acc' are compile's words for one of several metrics.
    yield from _missing("metrics", [name for name in _texts(spec["metrics"]) if name not in ("accuracy", "acc")])


def _missing_methods(methods: Iterable[str]) -> Iterator[str]:
    model = find("models.Model")
    yield from (method for method in methods if getattr(model, method, None) is None)


def _missing_in_code(code: str) -> Iterator[str]:
    """Names that the code reads and that neither it nor Python nor the namespace has; K's functions too."""
    nodes = list(ast.walk(ast.parse(code)))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    own |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    known = own | set(dir(builtins)) | set(namespace())
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in known:
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "K":
            yield from _missing("backend", [node.attr], shown="K.")
    if not own.isdisjoint({"model", "m"}):
        yield from _missing("models", ["Sequential"])


def _texts(value: Any) -> list[str]:
    """The strings in a string, list or dict of strings."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value or []
    return [text for item in items for text in _texts(item)]
