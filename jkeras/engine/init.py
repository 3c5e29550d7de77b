"""The name `init`, which means two things on a layer.

In the functional face ``layer.init(key, input_shape)`` draws weights. In Keras 1 it is the initialization of ``W``: a custom
layer sets ``self.init = initializations.get(init)``, calls ``self.init(shape, name=…)`` in `build`, and saves
``self.init.__name__``. What the first argument is says which of them is meant.
"""

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any

import jax.numpy as jnp
from jax import dtypes

__all__ = ["Init"]


class Init:
    """Decorator of the method ``init(self, key, input_shape=None)`` of a layer: the attribute may be set, too.

    What it is set to is kept as the layer's `initializer`.
    """

    def __init__(self, method: Callable[..., Any]):
        functools.update_wrapper(self, method)  # type: ignore[arg-type]
        self.method = method

    def __get__(self, layer: Any, owner: type | None = None) -> Any:
        if layer is None:
            return self.method
        initializer = vars(layer).get("initializer")
        if initializer is None:
            return MethodType(self.method, layer)
        if not callable(initializer):
            return initializer

        def init(*args: Any, **kwargs: Any) -> Any:
            draws = _is_key(args[0]) if args else "key" in kwargs
            return self.method(layer, *args, **kwargs) if draws else initializer(*args, **kwargs)

        return functools.update_wrapper(init, initializer, updated=())

    def __set__(self, layer: Any, initializer: Any) -> None:
        vars(layer)["initializer"] = initializer


def _is_key(value: Any) -> bool:
    dtype = getattr(value, "dtype", None)
    return dtype is not None and (jnp.issubdtype(dtype, dtypes.prng_key) or dtype == "uint32")
