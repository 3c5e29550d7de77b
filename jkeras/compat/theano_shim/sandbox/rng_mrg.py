"""``theano.sandbox.rng_mrg``: random tensors."""

from jkeras.compat.theano_shim.missing import missing
from jkeras.compat.theano_shim.tensor.shared_randomstreams import RandomStreams

__all__ = ["MRG_RandomStreams"]

__getattr__ = missing("theano.sandbox.rng_mrg")

MRG_RandomStreams = RandomStreams
