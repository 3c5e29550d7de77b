"""Texts that strangers wrote, read within limits."""

import json
import math
from typing import Any

from jkeras.errors import FileFormatError

__all__ = ["MOST_TEXT", "check_tree", "json_text", "read_json"]

MOST_TEXT = 16 * 2**20
"""Bytes of the longest architecture that is read."""

DEEPEST = 250
"""How deep dicts and lists may be nested; a model in a model takes four levels."""

MOST_ENTRIES = 2_000_000


def read_json(text: str | bytes, what: str = "The text", most: int = MOST_TEXT) -> Any:
    """Return what a JSON text holds.

    Args:
        text: the text.
        what: it is, for messages.
        most: bytes that it may have.

    Raises:
        FileFormatError: it is no JSON, is larger or deeper than any model's, or has numbers that are none.
    """
    if not isinstance(text, str | bytes | bytearray):
        raise TypeError(f"{what} is a string of JSON; got {type(text).__name__}.")
    if len(text) > most:
        raise FileFormatError(f"{what} is {len(text):,} bytes long; more than {most:,} are not read.")

    def refuse(constant: str) -> float:
        if constant == "NaN":
            raise FileFormatError(f"{what} has the number NaN, which is no size, rate or factor.")
        return math.copysign(math.inf, -1 if constant[0] == "-" else 1)

    try:
        tree = json.loads(text, parse_constant=refuse)
    except FileFormatError:
        raise
    except RecursionError:
        raise FileFormatError(f"{what} is not a model's JSON: it is nested too deeply.") from None
    except ValueError as error:  # also of texts that are no UTF-8, and of numbers with thousands of digits
        raise FileFormatError(f"{what} is not a model's JSON: {error}.") from None
    check_tree(tree, what)
    return tree


def check_tree(tree: Any, what: str) -> None:
    """Raise a `FileFormatError` where dicts and lists are nested too deeply, or are too many, also by repetition."""
    measured: dict[int, tuple[int, int]] = {}

    def measure(value: Any, depth: int) -> tuple[int, int]:
        """Return how many entries and how many levels `value` has. What YAML's aliases repeat is looked at once."""
        if not isinstance(value, dict | list | tuple):
            return 0, 0
        entries, levels = measured.get(id(value), (len(value), 1))
        if depth + levels > DEEPEST:  # a list within itself comes here, too
            raise FileFormatError(
                f"{what} is not a model's JSON or YAML: it is nested more than {DEEPEST} levels deep."
            )
        if id(value) in measured:
            return entries, levels
        for entry in value.values() if isinstance(value, dict) else value:
            below = measure(entry, depth + 1)
            entries, levels = entries + below[0], max(levels, below[1] + 1)
            if entries > MOST_ENTRIES:
                raise FileFormatError(f"{what} has more than {MOST_ENTRIES:,} entries; no model's has.")
        measured[id(value)] = entries, levels
        return entries, levels

    measure(tree, 0)


def json_text(value: Any) -> str:
    """Return `value` as JSON: things with a config by that, numpy's numbers as numbers, functions and classes by name."""
    return json.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if hasattr(value, "tolist"):  # numpy's numbers and arrays, JAX's, variables
        return value.tolist()
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    raise TypeError(
        f"{value!r} cannot be written to a file, which holds numbers, texts, names of functions, and configs."
    )
