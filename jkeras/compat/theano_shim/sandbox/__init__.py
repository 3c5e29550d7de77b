"""``theano.sandbox``: of it, the random streams."""

from jkeras.compat.theano_shim.missing import missing

__all__: list[str] = []

__getattr__ = missing("theano.sandbox")
