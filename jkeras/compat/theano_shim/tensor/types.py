"""Symbolic inputs under Theano's names: ``T.matrix('x')``, ``T.ivector()``."""

from collections.abc import Callable
from typing import Any

from jkeras import backend as K

__all__ = ["named_input"]

_NDIM = {"scalar": 0, "vector": 1, "matrix": 2, "tensor3": 3, "tensor4": 4}
_DTYPES = {"": None, "b": "int8", "i": "int32", "l": "int64", "f": "float32", "d": "float64"}


def named_input(function: str) -> Callable[..., Any] | None:
    """Return what makes a symbolic input, by its name in `theano.tensor`; None if `function` is no such name."""
    kind = next((kind for kind in _NDIM if function.endswith(kind)), None)
    if kind is None or function.removesuffix(kind) not in _DTYPES:
        return None
    fixed = _DTYPES[function.removesuffix(kind)]

    def make(name: str | None = None, dtype: str | None = None) -> Any:
        return K.placeholder(ndim=_NDIM[kind], dtype=fixed or dtype, name=name)

    make.__name__ = function
    return make
