"""The documentation site: every public name has its place in the reference, every page is in the navigation.

Nothing is built here; `mkdocs build --strict` does that, and checks links.
"""

import importlib
import inspect
import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jkeras.layers import Layer

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
API: dict[str, dict[str, Any]] = json.loads((ROOT / "tests" / "keras1_api.json").read_text())

DIRECTIVE = re.compile(r"^::: (jkeras[\w.]*)((?:\n    .*)*)$", re.MULTILINE)


def directives() -> Iterator[tuple[str, list[str]]]:
    """Yield each name that a page shows, and the members that are asked for."""
    for page in sorted((DOCS / "api").glob("*.md")):
        for match in DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
            members = re.search(r"members: \[(.*)\]", match.group(2))
            yield match.group(1), members.group(1).split(", ") if members else []


def resolve(path: str) -> Any:
    """Return what a dotted name stands for."""
    found: Any = importlib.import_module("jkeras")
    for name in path.split(".")[1:]:
        if inspect.isclass(found):
            found = inspect.getattr_static(found, name)
        elif inspect.isroutine(found):  # jkeras.optim.sgd is a function, and the module that has it
            found = getattr(importlib.import_module(path.rpartition(".")[0]), name)
        elif hasattr(found, name):
            found = getattr(found, name)
        else:
            found = importlib.import_module(f"{found.__name__}.{name}")
    return found


SHOWN = dict(directives())
THINGS = {id(resolve(path)): path for path in SHOWN}

# What jkeras has beside the names of Keras 1, by module.
MORE = [
    "jkeras",
    "jkeras.backend",
    "jkeras.callbacks",
    "jkeras.errors",
    "jkeras.initializations",
    "jkeras.layers",
    "jkeras.models",
    "jkeras.optim",
    "jkeras.optimizers",
    "jkeras.datasets.digits",
    "jkeras.utils.layer_utils",
    "jkeras.utils.visualize_util",
]
HELPERS = {"did_you_mean", "theano_hint"}  # of jkeras.errors


def test_there_are_directives():
    assert len(SHOWN) > 350


def test_no_module_stands_in_the_way():
    # ::: jkeras.optim.sgd shows the module of that name, ::: jkeras.optim.sgd.sgd the function.
    files = {path: ROOT / f"{path.replace('.', '/')}.py" for path in SHOWN}
    assert [path for path, file in files.items() if file.exists()] == []


@pytest.mark.parametrize("module", [*API, *MORE])
def test_every_class_and_function_is_in_the_reference(module):
    found = importlib.import_module(module.replace("keras", "jkeras", 1) if module in API else module)
    names = API.get(module) or getattr(found, "__all__", ())
    # get_from_module is one function, which many modules of Keras 1 have.
    public = {name: getattr(found, name) for name in names if name not in HELPERS}
    ours = {
        name: thing
        for name, thing in public.items()
        if (inspect.isclass(thing) or inspect.isroutine(thing)) and str(thing.__module__).startswith("jkeras")
    }
    # `get` of each registry is a method that is made anew at every look-up.
    missing = [
        name for name, thing in ours.items() if id(thing) not in THINGS and f"{found.__name__}.{name}" not in SHOWN
    ]
    assert not missing, f"no page in docs/api has ::: {found.__name__}.…, for: {missing}"


def test_what_is_shown_has_a_docstring_and_members():
    assert [path for path in SHOWN if not inspect.getdoc(resolve(path))] == []
    for path, members in SHOWN.items():
        thing = resolve(path)
        missing = [name for name in members if inspect.getattr_static(thing, name, None) is None]
        assert not missing, f"{path} has no {missing}"


BUILT_IN = [error.__init__ for error in (Exception, OSError, ValueError, RuntimeError, KeyError)]


def documented(thing: Any) -> set[str]:
    """Return the arguments that a docstring lists."""
    listed = re.search(r"^Args:\n((?:    .*\n?|\n)*)", inspect.getdoc(thing) or "", re.MULTILINE)
    entries = re.findall(r"^    ([*\w][\w*, ]*(?:,\n +[\w, ]+)?):", listed.group(1) if listed else "", re.MULTILINE)
    return {name.strip().lstrip("*") for entry in entries for name in entry.split(",")}


def test_documented_arguments_exist():
    for path in SHOWN:
        thing = resolve(path)
        is_plain = inspect.isclass(thing) and thing.__init__ in (object.__init__, *BUILT_IN)
        if not (inspect.isclass(thing) or inspect.isroutine(thing)) or thing is Layer or is_plain:
            continue
        parameters = inspect.signature(thing).parameters
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
            assert documented(thing) <= set(parameters), path


def test_every_page_is_in_the_navigation_once():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r"- (?:[^:\n]+: )?(\S+\.md)$", text[text.index("\nnav:") :], re.MULTILINE)
    assert sorted(listed) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


@pytest.mark.parametrize("name", ["stateful.svg", "masking.svg"])
def test_pictures_are_those_that_the_program_draws(name):
    draw = runpy.run_path(str(DOCS / "pictures.py"))["EXPLANATIONS"][name]
    assert (DOCS / name).read_text(encoding="utf-8") == draw(), "run: python docs/pictures.py"


def test_code_in_docstrings_becomes_fences():
    pytest.importorskip("griffe", reason="the documentation's tools are not installed")
    markdown = runpy.run_path(str(DOCS / "docstrings.py"))["markdown"]
    assert markdown("Adds.\n\n>>> 1 + 1\n2\n") == "Adds.\n\n\n```pycon\n>>> 1 + 1\n2\n```\n\n"
    assert markdown("A step::\n\n    x = f(x)\n\nEnd") == "A step:\n\n```python\nx = f(x)\n```\n\nEnd"
    assert "```text\nh = o ∘ c\n```" in markdown("::\n\n    h = o ∘ c\n")
    assert (
        markdown("Args:\n    a, b,\n        c: two\n        words.\n\nEnd")
        == "**Arguments**\n\n- `a`, `b`, `c`: two words.\n\n\nEnd"
    )
