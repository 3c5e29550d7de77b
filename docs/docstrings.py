"""Markdown in place of what docstrings write for Python's ``help``: examples at the prompt, and ``::`` before code.

Read by the build of the documentation (see ``mkdocs.yml``).
"""

import ast
import re
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

import griffe


class Docstrings(griffe.Extension):
    """Rewrites every docstring before it is read as one of Google's style."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None and not obj.is_alias:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(text: str) -> str:
    """Return a docstring with its code in fences and its arguments as a list.

    Arguments that belong together share an entry here (``W_regularizer, b_regularizer: …``), which no parser of docstrings
    knows. Their defaults are in the signature.
    """
    lines, result = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        margin = line[: len(line) - len(line.lstrip())]
        if line.lstrip().startswith(">>> "):
            result += _fence("pycon", _taken(lines, str.strip, [line]), margin)
        elif line.rstrip().endswith("::"):
            result += [] if line.strip() == "::" else [line.rstrip()[:-1]]
            code = _taken(lines, re.compile(rf"{margin} |\s*$").match)
            result += _fence(_language(code), code, margin)
        elif line == "Args:":
            result += ["**Arguments**", "", *_entries(_taken(lines, str.strip)), ""]
        else:
            result.append(line)
    return "\n".join(result)


def _taken(lines: list[str], belongs: Callable[[str], Any], before: Iterable[str] = ()) -> list[str]:
    """Take lines away from the front as long as they belong to what is read, and return them."""
    taken = list(before)
    while lines and belongs(lines[0]):
        taken.append(lines.pop(0))
    return taken


def _entries(lines: list[str]) -> list[str]:
    text = re.sub(r"\n {8,}", " ", "\n".join(lines))
    entries = [line.strip().partition(": ") for line in text.split("\n")]
    return [f"- {', '.join(f'`{name}`' for name in names.split(', '))}: {what}" for names, _, what in entries]


def _fence(language: str, code: list[str], margin: str) -> list[str]:
    inside = textwrap.dedent("\n".join(code)).strip("\n")
    return textwrap.indent(f"\n```{language}\n{inside}\n```\n", margin, lambda line: bool(line.strip())).split("\n")


def _language(code: list[str]) -> str:
    """Return ``python``, or ``text`` for equations."""
    try:
        ast.parse(textwrap.dedent("\n".join(code)))
    except SyntaxError:
        return "text"
    return "python"
