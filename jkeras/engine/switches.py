"""Layers that compute something else from now on, after programs of them were compiled.

What a layer computes is fixed when a program is compiled, except where weights from a file bring another dialect along (see
`jkeras.backend.spatial_windows`). Then the programs of all models are made anew at their next use.
"""

__all__ = ["count", "switched"]

_count = 0


def switched() -> None:
    """Note that a layer computes something else from now on."""
    global _count
    _count += 1


def count() -> int:
    """Return how often that has happened: a program made at another count is stale."""
    return _count
