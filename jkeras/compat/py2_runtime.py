"""What translated Python 2 source calls while it runs: division as Python 2 had it, and built-ins that are gone."""

import functools
import math
import operator
import string
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = [
    "NAMES",
    "cmp",
    "complete_modules",
    "decode",
    "divide",
    "divide_attribute",
    "divide_in_place",
    "divide_item",
    "round_",
]


def divide(a: Any, b: Any) -> Any:
    """Return ``a / b`` of Python 2: integers, and arrays of integers, are divided without a remainder.

    >>> divide(7, 2), divide(7.0, 2)
    (3, 3.5)
    """
    return a // b if _is_integer(a) and _is_integer(b) else a / b


def divide_in_place(a: Any, b: Any) -> Any:
    """Return what ``a`` is after ``a /= b``; an array is changed itself."""
    return operator.ifloordiv(a, b) if _is_integer(a) and _is_integer(b) else operator.itruediv(a, b)


def divide_attribute(owner: Any, name: str, b: Any) -> None:
    """Do ``owner.name /= b``."""
    setattr(owner, name, divide_in_place(getattr(owner, name), b))


def divide_item(owner: Any, index: Any, b: Any) -> None:
    """Do ``owner[index] /= b``."""
    owner[index] = divide_in_place(owner[index], b)


def _is_integer(x: Any) -> bool:
    if isinstance(x, np.ndarray | np.generic):
        return x.dtype.kind in "iub"
    return isinstance(x, int)


def cmp(a: Any, b: Any) -> int:
    """Return -1, 0 or 1: whether `a` is less than, equal to or greater than `b`."""
    return (a > b) - (a < b)


def decode(x: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ``x.decode(…)``; what was a byte string in Python 2 is text already, if it was read or written as text."""
    return x if isinstance(x, str) else x.decode(*args, **kwargs)


def round_(number: Any, ndigits: int = 0) -> Any:
    """Return ``round(number)`` of Python 2: a float, and a half is rounded away from zero.

    >>> round_(2.5), round_(-0.5), round_(2.675, 2)
    (3.0, -1.0, 2.67)
    """
    if isinstance(number, np.ndarray) or not isinstance(number, int | float | np.integer | np.floating):
        other: Any = number  # what it is says how it is rounded
        return round(other, ndigits)
    value, scale = float(number), 10.0**-ndigits
    if ndigits <= 0 and math.isfinite(value) and abs(value / scale) % 1 == 0.5:
        return math.copysign(math.floor(abs(value / scale) + 0.5), value) * scale
    return float(round(value, ndigits))


def complete_modules() -> None:
    """Give modules of the standard library what scripts look for there and Python 3 has not."""
    string_functions = {"join": lambda words, sep=" ": sep.join(words), "maketrans": str.maketrans}
    methods = ("capitalize", "count", "find", "lower", "replace", "rfind", "split", "strip", "upper", "zfill")
    string_functions.update({name: getattr(str, name) for name in methods})
    constants = {
        "letters": string.ascii_letters,
        "lowercase": string.ascii_lowercase,
        "uppercase": string.ascii_uppercase,
    }
    for name, value in {**constants, **string_functions, "atof": float, "atoi": int}.items():
        if not hasattr(string, name):
            setattr(string, name, value)
    # reload(sys); sys.setdefaultencoding('utf-8'): text is Unicode anyway.
    if not hasattr(sys, "setdefaultencoding"):
        sys.setdefaultencoding = lambda encoding: None  # type: ignore[attr-defined]  # Python 2's


NAMES: dict[str, Callable[..., Any]] = {
    "__py2_decode__": decode,
    "__py2_div__": divide,
    "__py2_idiv__": divide_in_place,
    "__py2_idiv_attribute__": divide_attribute,
    "__py2_idiv_item__": divide_item,
    # For names that stand alone; where they are called, fissix has put Python 3's.
    "basestring": str,
    "cmp": cmp,
    "file": open,
    "long": int,
    "raw_input": input,
    "reduce": functools.reduce,
    "round": round_,
    "unichr": chr,
    "unicode": str,
    "xrange": range,
}
"""Names that a translated module starts with; those with underscores stand in the translation."""
