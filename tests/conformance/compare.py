"""Comparisons with a message that says which number of a case is wrong. Nothing here knows jkeras."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.conformance.manifest import Tolerance

EXACT = Tolerance(0.0, 0.0)


def assert_close(what: str, got: Any, recorded: Any, tolerance: Tolerance) -> None:
    """Shape and every element; NaN and infinities only where they were recorded."""
    got, recorded = np.asarray(got), np.asarray(recorded)
    assert got.shape == recorded.shape, f"{what}: shape {got.shape}, recorded {recorded.shape}"
    np.testing.assert_allclose(
        got.astype("float64"),
        recorded.astype("float64"),
        rtol=tolerance.relative,
        atol=tolerance.absolute,
        err_msg=what,
    )


def assert_all_close(what: str, got: Sequence[Any], recorded: Sequence[Any], tolerance: Tolerance) -> None:
    """Two lists of arrays, element by element."""
    assert len(got) == len(recorded), f"{what}: {len(got)} arrays, recorded {len(recorded)}"
    for index, (ours, theirs) in enumerate(zip(got, recorded, strict=True)):
        assert_close(f"{what}{index}", ours, theirs, tolerance)


def assert_like(what: str, got: Any, recorded: Any, tolerance: Tolerance) -> None:
    """JSON values: structure, texts, integers and truth values exactly, floats within the tolerance."""
    if isinstance(recorded, dict):
        assert sorted(got) == sorted(recorded), f"{what}: keys {sorted(got)}, recorded {sorted(recorded)}"
        for key, value in recorded.items():
            assert_like(f"{what}[{key!r}]", got[key], value, tolerance)
    elif isinstance(recorded, list) and _is_numeric(recorded):
        assert_close(what, got, recorded, tolerance if np.asarray(recorded).dtype.kind == "f" else EXACT)
    elif isinstance(recorded, list):
        assert len(got) == len(recorded), f"{what}: {len(got)} items, recorded {len(recorded)}"
        for index, value in enumerate(recorded):
            assert_like(f"{what}[{index}]", got[index], value, tolerance)
    elif isinstance(recorded, float):
        assert_close(what, got, recorded, tolerance)
    else:
        assert got == recorded, f"{what}: {got!r}, recorded {recorded!r}"


def _is_numeric(value: list[Any]) -> bool:
    """Whether nested lists make one array of numbers."""
    try:
        return np.asarray(value).dtype.kind in "iuf"
    except ValueError:  # lists of different lengths
        return False
