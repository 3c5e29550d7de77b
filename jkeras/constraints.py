"""Constraints: callables that take weights after an update and return weights that satisfy them."""

from collections.abc import Callable, Sequence
from typing import Any

from jkeras import backend as K
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.registry import Registry
from jkeras.typing import Array, Config
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "get",
    "get_from_module",
    "maxnorm",
    "nonneg",
    "unitnorm",
]

registry = Registry("constraint", instantiate=True)

Axis = int | Sequence[int]


class Constraint:
    """Base class of constraints; by itself it changes nothing."""

    def __call__(self, p: Any) -> Any:
        """Return the constrained weights."""
        return p

    def get_config(self) -> Config:
        """Return the name and the arguments of this constraint; `get` builds it again from them."""
        return {"name": type(self).__name__}


def _norms(p: Array, axis: Axis) -> Array:
    return K.sqrt(K.sum(K.square(p), axis=axis, keepdims=True))


@registry.register("maxnorm")
class MaxNorm(Constraint):
    """Shorten weight vectors whose Euclidean length exceeds `m`.

    Args:
        m: the greatest length.
        axis: the axis or axes along which the length is taken. For ``W`` of Dense, (inputs, outputs), 0 means the
            incoming weights of each unit; for a kernel (outputs, inputs, rows, columns) use ``[1, 2, 3]``.

    Source: Srivastava et al., "Dropout", JMLR 15 (2014).

    >>> MaxNorm(m=1)([[3.0], [4.0]]).round(3).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, m: float = 2, axis: Axis = 0):
        self.m = m
        self.axis = axis

    @op
    def __call__(self, p: Any) -> Array:
        """Return the constrained weights."""
        p = as_array(p)
        norms = _norms(p, self.axis)
        return p * (K.clip(norms, 0, self.m) / (K.epsilon() + norms))

    def get_config(self) -> Config:
        """Return the name, `m` and `axis`."""
        return {"name": type(self).__name__, "m": self.m, "axis": self.axis}


@registry.register("nonneg")
class NonNeg(Constraint):
    """Replace negative weights by zero."""

    @op
    def __call__(self, p: Any) -> Array:
        """Return the constrained weights."""
        p = as_array(p)
        return p * (p >= 0)


@registry.register("unitnorm")
class UnitNorm(Constraint):
    """Give weight vectors the Euclidean length 1.

    Args:
        axis: see `MaxNorm`.
    """

    def __init__(self, axis: Axis = 0):
        self.axis = axis

    @op
    def __call__(self, p: Any) -> Array:
        """Return the constrained weights."""
        p = as_array(p)
        return p / (K.epsilon() + _norms(p, self.axis))

    def get_config(self) -> Config:
        """Return the name and `axis`."""
        return {"name": type(self).__name__, "axis": self.axis}


@registry.register()
class MinMaxNorm(Constraint):
    """Bring the Euclidean length of weight vectors between `low` and `high`.

    Args:
        low: the least length.
        high: the greatest length.
        rate: 1 enforces the bounds at once; with less the length moves towards them by this share at each update.
        axis: see `MaxNorm`.
    """

    def __init__(self, low: float = 0.0, high: float = 1.0, rate: float = 1.0, axis: Axis = 0):
        self.low = low
        self.high = high
        self.rate = rate
        self.axis = axis

    @op
    def __call__(self, p: Any) -> Array:
        """Return the constrained weights."""
        p = as_array(p)
        norms = _norms(p, self.axis)
        desired = self.rate * K.clip(norms, self.low, self.high) + (1 - self.rate) * norms
        return p * (desired / (K.epsilon() + norms))

    def get_config(self) -> Config:
        """Return the name and all arguments."""
        return {
            "name": type(self).__name__,
            "low": self.low,
            "high": self.high,
            "rate": self.rate,
            "axis": self.axis,
        }


maxnorm = MaxNorm
nonneg = NonNeg
unitnorm = UnitNorm


def get(identifier: Any, kwargs: Config | None = None) -> Callable[[Any], Any] | None:
    """Return the constraint that `identifier` describes.

    Args:
        identifier: a name such as ``'maxnorm'``, a config such as ``{'name': 'MaxNorm', 'm': 2, 'axis': 0}``, a
            callable, or ``None``.
        kwargs: arguments for one that is given by name.

    Raises:
        UnknownNameError: there is no constraint of that name.
        TypeError: `identifier` is none of these.
    """
    found = registry.get(identifier, kwargs)
    if found is not None and not callable(found):
        raise TypeError(f"A constraint is a callable, such as maxnorm(2), a name or a config; got {found!r}.")
    return found
