"""Every module, name, class, member and signature of Keras 1.2.2 (keras1_api.json) exists at the same path in jkeras.

The file maps modules to names. The value of a name is the signature of a function, a dict for a class, ``-> module`` where the
name comes from another module, or ``constant``.
"""

import ast
import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

API: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "keras1_api.json").read_text())

# What differs from Keras 1 on purpose, and why.
DIFFERS = {
    "engine.topology.Input": "dtype=None follows K.floatx(); Keras 1 fixed 'float32' when it was imported",
    "engine.topology.Node.__init__": "a node knows its layers and shapes by its tensors, which are all that it is made of",
    "models.Sequential.from_config": "custom_objects in place of layer_cache, which Keras 1 used for itself",
}


MISSING = object()


class Problem(NamedTuple):
    path: str  # such as layers.core.Dense.build
    what: str


@pytest.mark.parametrize("module", API)
def test_module_has_what_keras_1_has(module: str) -> None:
    prefix = f"{short(module)}." if short(module) else ""
    allowed = {path for path in DIFFERS if module_of(path) == short(module)}
    found = {problem.path: problem.what for problem in problems(module, prefix)}
    unexpected = [f"{path}: {what}" for path, what in found.items() if path not in allowed]
    settled = sorted(path for path in allowed if path not in found)
    assert not unexpected, "missing, or with another signature:\n" + "\n".join(unexpected)
    assert not settled, f"there now, so take them off the tables of this file: {settled}"


def test_the_tables_name_what_there_is() -> None:
    known = {short(module) for module in API}
    assert [path for path in DIFFERS if module_of(path) not in known] == []


@pytest.mark.parametrize("module", API)
def test_all_names_are_there(module: str) -> None:
    found = ours(module)
    assert [name for name in getattr(found, "__all__", ()) if not hasattr(found, name)] == []


# ---- the walk


def problems(module: str, prefix: str) -> Iterator[Problem]:
    """What jkeras's module lacks, or has with another signature."""
    there = ours(module)
    for name, spec in API[module].items():
        path = f"{prefix}{name}"
        thing = getattr(there, name, None)
        if thing is None:
            yield Problem(path, "missing")
        elif isinstance(spec, dict):
            yield from class_problems(path, thing, spec)
        elif spec.startswith("-> "):
            if thing is not getattr(ours(spec[3:]), name, None):
                yield Problem(path, f"is another object than {short(spec[3:])}.{name}")
        elif spec != "constant":
            yield from signature_problems(path, spec, inspect.signature(thing))


def class_problems(path: str, cls: Any, spec: dict[str, Any]) -> Iterator[Problem]:
    bases = {base.__name__ for base in cls.__mro__}
    for base in spec["bases"]:
        if base not in bases:
            yield Problem(path, f"does not extend {base}")
    if spec["init"]:
        yield from signature_problems(f"{path}.__init__", spec["init"], bound(cls.__init__))
    for name, member in spec.get("members", {}).items():
        yield from member_problems(f"{path}.{name}", cls, name, member)


def member_problems(path: str, cls: Any, name: str, spec: str) -> Iterator[Problem]:
    static = inspect.getattr_static(cls, name, MISSING)
    if static is MISSING:
        if not (spec == "property" and hasattr(example_of(cls), name)):
            yield Problem(path, "missing")
    elif spec.startswith("classmethod "):
        if isinstance(static, classmethod):
            yield from signature_problems(
                path, spec.removeprefix("classmethod "), inspect.signature(getattr(cls, name))
            )
        else:
            yield Problem(path, "is no classmethod")
    elif spec != "property":
        method = getattr(cls, name)
        is_bound = isinstance(static, classmethod | staticmethod)
        yield from signature_problems(path, spec, inspect.signature(method) if is_bound else bound(method))


def signature_problems(path: str, spec: str, signature: inspect.Signature) -> Iterator[Problem]:
    """Names, order and defaults of Keras 1's parameters; ours may have more behind them, and more defaults."""
    what = difference(ast.parse(f"def f{spec}: pass").body[0].args, list(signature.parameters.values()))  # type: ignore
    if what:
        yield Problem(path, f"{what}; expected {spec}, got {signature}")


def difference(expected: ast.arguments, parameters: list[inspect.Parameter]) -> str | None:
    names = [argument.arg for argument in expected.args]
    optional = names[len(names) - len(expected.defaults) :]
    defaults = {name: ast.literal_eval(value) for name, value in zip(optional, expected.defaults, strict=True)}
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if [p.name for p in positional[: len(names)]] != names:
        return "other parameters"
    for parameter in positional[: len(names)]:
        if parameter.name in defaults and plain(parameter.default) != plain(defaults[parameter.name]):
            return f"another default of {parameter.name}"
    kinds = {p.kind for p in parameters}
    if any(p.default is p.empty for p in positional[len(names) :]):
        return "more parameters without a default"
    if expected.vararg and inspect.Parameter.VAR_POSITIONAL not in kinds:
        return f"no *{expected.vararg.arg}"
    if expected.kwarg and inspect.Parameter.VAR_KEYWORD not in kinds:
        return f"no **{expected.kwarg.arg}"
    return None


def plain(value: Any) -> Any:
    """A value in which tuples are lists."""
    return [plain(entry) for entry in value] if isinstance(value, list | tuple) else value


def bound(function: Any) -> inspect.Signature:
    """The signature of a method without `self`."""
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def example_of(cls: Any) -> Any:
    """An object of the class, for attributes that only objects have; None where making one takes arguments."""
    return cls() if cls.__name__ in ("Layer", "Sequential") else None


def ours(module: str) -> Any:
    return importlib.import_module(f"j{module}")


def short(module: str) -> str:
    return module.removeprefix("keras").removeprefix(".")


def module_of(path: str) -> str:
    """The module in a path of the tables, without ``keras.``."""
    known = {short(module) for module in API}
    parts = path.split(".")
    return next(found for end in range(len(parts) - 1, -1, -1) if (found := ".".join(parts[:end])) in known)


# ---- the walk itself


@pytest.mark.parametrize(
    ("spec", "function", "problem"),
    [
        ("(x, a=1)", lambda x, a=1: 0, None),
        ("(x, a=1)", lambda x, a=1, more=2, *, most=3: 0, None),
        ("(x, size=(2, 2))", lambda x, size=[2, 2]: 0, None),
        ("(x, y)", lambda x, y=None: 0, None),
        ("(x, a=1, **kwargs)", lambda x, a=1, **more: 0, None),
        ("(x, a=1)", lambda a=1, x=2: 0, "other parameters"),
        ("(x, a=1)", lambda x: 0, "other parameters"),
        ("(x, a=1)", lambda x, a=2: 0, "another default of a"),
        ("(x, a=1)", lambda x, a: 0, "another default of a"),
        ("(x)", lambda x, more: 0, "more parameters without a default"),
        ("(x, **kwargs)", lambda x: 0, "no **kwargs"),
        ("(*args)", lambda: 0, "no *args"),
    ],
)
def test_a_wrong_signature_is_found(spec: str, function: Any, problem: str | None) -> None:
    found = list(signature_problems("f", spec, inspect.signature(function)))
    assert [entry.what.partition(";")[0] for entry in found] == ([problem] if problem else [])
