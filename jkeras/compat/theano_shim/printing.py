"""``theano.printing``: of it, what prints a value whenever it is computed."""

from collections.abc import Sequence
from typing import Any

from jkeras import backend as K
from jkeras.compat.theano_shim.missing import missing

__all__ = ["Print"]

__getattr__ = missing("theano.printing")


class Print:
    """Called with a tensor, it returns the tensor, and prints its value each time it is computed.

    Args:
        message: printed before the value.
        attrs: only the value is printed, whatever is named here.
        global_fn: as `attrs`.
    """

    def __init__(self, message: str = "", attrs: Sequence[str] = ("__str__",), global_fn: Any = None):
        self.message = message

    def __call__(self, x: Any) -> Any:
        return K.print_tensor(x, self.message)
