"""``theano.gradient``: what keeps gradients from passing."""

from typing import Any

from jkeras import backend as K
from jkeras.compat.theano_shim.missing import missing
from jkeras.compat.theano_shim.tensor import grad

__all__ = ["disconnected_grad", "grad", "zero_grad"]

__getattr__ = missing("theano.gradient")


def disconnected_grad(x: Any) -> Any:
    """Return `x`, as a constant for gradients."""
    return K.stop_gradient(x)


def zero_grad(x: Any) -> Any:
    """Return `x`, with a gradient of zero."""
    return K.stop_gradient(x)
