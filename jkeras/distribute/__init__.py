"""Several devices and several hosts, on JAX's own runtime; see docs/scale.md."""

from jkeras.distribute.placement import data_parallel

__all__ = ["data_parallel"]
