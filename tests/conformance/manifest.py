"""The recorded cases: one `Case` for each entry of golden/manifest.json."""

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

GOLDEN = Path(__file__).parent / "golden"


class Tolerance(NamedTuple):
    """How close a number must be: ``|got - recorded| <= absolute + relative * |recorded|``."""

    relative: float
    absolute: float


class Case:
    """One entry of the manifest with its arrays.

    Attributes:
        entry: the entry as golden/README.md describes it.
        id: ``'group/name'``.
    """

    def __init__(self, entry: dict[str, Any]):
        self.entry = entry
        self.id = f"{entry['group']}/{entry['name']}"

    @cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        """The case's npz file, whole; empty for a case that has none."""
        if not self.entry.get("npz"):
            return {}
        with np.load(GOLDEN / self.entry["npz"]) as archive:
            return dict(archive)

    def numbered(self, prefix: str) -> list[np.ndarray]:
        """The arrays ``prefix0, prefix1, …`` in order; empty where there are none."""
        found = []
        while f"{prefix}{len(found)}" in self.arrays:
            found.append(self.arrays[f"{prefix}{len(found)}"])
        return found

    def path(self, file: str) -> Path:
        """Where a file that the entry names lies."""
        return GOLDEN / file

    def replaced(self, **fields: Any) -> "Case":
        """The same case with other fields in its entry."""
        return Case({**self.entry, **fields})

    @property
    def forward(self) -> Tolerance:
        """For what comes out of a model or function without training."""
        return self._tolerance(self.entry["tol"]["forward"])

    @property
    def train(self) -> Tolerance:
        """For weights and predictions after training."""
        return self._tolerance(self.entry["tol"]["train"])

    @property
    def loss(self) -> Tolerance:
        """For losses and metrics: relative only."""
        return Tolerance(self._tolerance(1e-4).relative, 0.0)

    def _tolerance(self, relative: float) -> Tolerance:
        # golden/README.md, "Comparing": these saturate or invert nearly singular matrices in float32.
        if self.entry["name"].endswith("_saturated"):
            relative = max(relative, 1e-3)
        elif self.entry["name"] == "image_zca":
            relative = max(relative, 1e-2)
        return Tolerance(relative, relative / 10)


def load_cases() -> list[Case]:
    """Every recorded case, in the manifest's order."""
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    if manifest["format"] != 1:
        raise ValueError(f"This runner reads manifests of format 1; {GOLDEN} has format {manifest['format']!r}.")
    return [Case(entry) for entry in manifest["cases"]]


def dicts_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every dict inside a JSON value, outer ones first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from dicts_in(item)
