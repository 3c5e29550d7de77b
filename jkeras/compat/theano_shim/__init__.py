"""``import theano`` for scripts written for Keras 1 on Theano: its common functions, computed by `jkeras.backend`.

What is not here raises an AttributeError that names it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jkeras import backend as K
from jkeras.compat.theano_shim import printing, tensor
from jkeras.compat.theano_shim.missing import missing

__all__ = ["config", "function", "grad", "printing", "shared", "tensor"]

__jkeras__ = True  # the mark by which install_as_keras knows its own modules
__getattr__ = missing("theano")


class Config:
    """``theano.config``: `floatX` is K's float type; other settings may be set, and change nothing."""

    @property
    def floatX(self) -> str:
        """The default float type."""
        return K.floatx()

    @floatX.setter
    def floatX(self, dtype: str) -> None:
        K.set_floatx(dtype)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"theano.config.{name} is not set: JAX computes, and of Theano's settings only floatX means something."
        )


config = Config()


def shared(value: Any, name: str | None = None, strict: bool = False, allow_downcast: Any = None, **kwargs: Any) -> Any:
    """Return a variable that holds a copy of `value`, with its dtype."""
    return K.variable(value, dtype=np.asarray(value).dtype, name=name)


def function(
    inputs: Sequence[Any],
    outputs: Any = None,
    mode: Any = None,
    updates: Any = None,
    givens: Any = None,
    no_default_updates: bool = False,
    **kwargs: Any,
) -> Any:
    """Return a function of arrays that computes `outputs`; see ``K.function``.

    Args:
        inputs: placeholders.
        outputs: a tensor, or a list of them.
        mode, no_default_updates: change nothing.
        updates: pairs of a variable and its new value, or a dict of them.
        givens: only ``None``.
        **kwargs: what else Theano takes, such as ``allow_input_downcast``; it changes nothing. A keyword that Theano does not
            know is refused.
    """
    if givens:
        raise NotImplementedError(
            "theano.function: givens= is not supported by the stand-in; make what is given an input."
        )
    pairs = list(updates.items()) if hasattr(updates, "items") else list(updates or [])
    single = outputs is not None and not isinstance(outputs, list | tuple)
    compute = K.function(list(inputs), [outputs] if single else list(outputs or []), updates=pairs, **kwargs)

    def call(*arrays: Any) -> Any:
        results = compute(list(arrays))
        return results[0] if single else results

    return call


def grad(cost: Any, wrt: Any, **kwargs: Any) -> Any:
    """Return the derivatives of `cost` with respect to a variable or tensor, or to each of a list."""
    return tensor.grad(cost, wrt, **kwargs)
