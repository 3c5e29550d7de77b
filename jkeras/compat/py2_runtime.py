"""What translated Python 2 source calls while it runs: division as Python 2 had it, and built-ins that are gone."""

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["NAMES", "cmp", "divide", "divide_attribute", "divide_in_place", "divide_item"]


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


NAMES: dict[str, Callable[..., Any]] = {
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
    "unichr": chr,
    "unicode": str,
    "xrange": range,
}
"""Names that a translated module starts with; those with underscores stand in the translation."""
