"""Theano's methods on JAX's arrays, for layers that call them: ``x.dimshuffle(0, "x", 1)``, ``x.flatten(2)``.

Variables and symbolic tensors have these methods anyway. In a layer's `call`, `x` is an array of JAX, which has not. To give
them to it changes classes of JAX for the whole process, so only `install_as_keras` does it, and with it ``jkeras run``.
"""

import sys
from collections.abc import Callable
from typing import Any

__all__ = ["install", "install_if_wanted"]

_wanted = False


def install() -> None:
    """Give JAX's arrays, also in traced code, the methods `dimshuffle`, `norm`, and `flatten` with Theano's argument.

    And ``_keras_shape`` and ``get_shape()``, which the tensors have that Keras 1 gives to a layer's `call`.
    That happens when `jkeras.backend` is imported, and with it JAX: now, if it is there already.
    """
    global _wanted
    _wanted = True
    if "jkeras.backend" in sys.modules:
        install_if_wanted()


def install_if_wanted() -> None:
    """Do what `install` announced, if it was called."""
    if not _wanted:
        return
    import jax.numpy as jnp
    from jax.core import Tracer

    classes: list[Any] = [type(jnp.zeros(())), Tracer]
    for cls in classes:
        if not hasattr(cls, "dimshuffle"):
            cls.dimshuffle = _dimshuffle
            cls.norm = _norm
            cls.flatten = _flatten(getattr(cls, "flatten", None))
            cls.get_shape = _get_shape
            cls._keras_shape = property(lambda self: self.shape)


def _dimshuffle(self: Any, *pattern: Any) -> Any:
    """Put the axes into the order of `pattern`; ``'x'`` makes an axis of size 1."""
    from jkeras.backend.tensors import dimshuffle

    return dimshuffle(self, *pattern)


def _norm(self: Any, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the L-norm over axes."""
    from jkeras.backend.tensors import norm

    return norm(self, L, axis, keepdims)


def _get_shape(self: Any) -> Any:
    """Return the shape, with TensorFlow's name for it as a list."""
    from jkeras.backend.methods import StaticShape

    return StaticShape(self.shape)


def _flatten(own: Callable[..., Any] | None) -> Callable[..., Any]:
    def flatten(self: Any, *args: Any, ndim: int | None = None, **kwargs: Any) -> Any:
        """Join all axes, as numpy does; or with an int, the last ones, so that as many are left."""
        if ndim is None and len(args) == 1 and isinstance(args[0], int):
            ndim, args = args[0], ()
        if ndim is not None:
            return self.reshape((*self.shape[: ndim - 1], -1))
        return self.ravel(*args, **kwargs) if own is None else own(self, *args, **kwargs)

    return flatten
