"""Functions that run on each device for itself, on the samples that it has.

On a mesh of devices XLA divides what a program computes. It cannot divide a loop that goes through the samples of a batch, and
would collect them all on every device; such a function is told here to keep to its own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import jax
from jax.sharding import Mesh, PartitionSpec

from jkeras.typing import Array

__all__ = ["Split", "mesh", "on_each_device", "split_over"]

Split = tuple[Mesh, str]
"""A mesh, and the axis that the samples of a batch are split over."""

_mesh: ContextVar[Split | None] = ContextVar("mesh", default=None)


def mesh() -> Split | None:
    """Return the mesh that is traced for. A function that is jitted inside the program needs it as a static argument."""
    return _mesh.get()


@contextmanager
def split_over(mesh: Mesh, axis: str) -> Iterator[None]:
    """Let what is traced in the block take the samples of its batches as split over an axis of a mesh."""
    token = _mesh.set((mesh, axis))
    try:
        yield
    finally:
        _mesh.reset(token)


def on_each_device(split: Split | None, function: Callable[..., Array], x: Array, *shared: Array) -> Array:
    """Return ``function(x, *shared)``, computed by each device for the samples that it has.

    Args:
        split: from `mesh`.
        function: works on each sample of `x`, ``(batch, …)``, by itself.
        x: the samples. If they do not divide evenly, every device computes all of them.
        shared: arrays that all devices have.
    """
    if split is None or x.shape[0] % split[0].shape[split[1]]:
        return function(x, *shared)
    devices, axis = split
    part, whole = PartitionSpec(axis), PartitionSpec()
    specs = (part, *[whole] * len(shared))
    return jax.shard_map(function, mesh=devices, in_specs=specs, out_specs=part, axis_names={axis})(x, *shared)
