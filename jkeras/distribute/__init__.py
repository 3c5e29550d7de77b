"""Several devices and several hosts, on JAX's own runtime; see docs/scale.md."""

from jkeras.distribute.hosts import connect
from jkeras.distribute.placement import data_parallel
from jkeras.distribute.transfers import traffic

__all__ = ["connect", "data_parallel", "traffic"]
