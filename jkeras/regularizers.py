"""Regularizers: callables that take weights or activations and return a penalty to add to the loss.

A custom one is any callable that returns a scalar, or a subclass of `Regularizer` if it shall be saved in configs.
"""

import copy
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import jax

from jkeras import backend as K
from jkeras.backend.variables import Variable
from jkeras.registry import Registry
from jkeras.typing import Array, Config
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "ActivityRegularizer",
    "EigenvalueRegularizer",
    "L1L2Regularizer",
    "Regularizer",
    "WeightRegularizer",
    "activity_l1",
    "activity_l1l2",
    "activity_l2",
    "get",
    "get_from_module",
    "l1",
    "l1l2",
    "l2",
]

registry = Registry("regularizer", instantiate=True)

_POWER_STEPS = 9


class Regularizer:
    """Base class of regularizers."""

    def __call__(self, x: Any) -> Any:
        """Return the penalty for `x`, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} must implement __call__(self, x) and return a scalar.")

    def get_config(self) -> Config:
        """Return the name and the arguments of this regularizer; `get` builds it again from them."""
        return {"name": type(self).__name__}

    def set_param(self, _: Any) -> None:
        """Note which weight is regularized, for a layer that then appends this to its list `regularizers` (Keras 1.0)."""
        warnings.warn(
            "`set_param` of regularizers is Keras 1.0's form. Give the regularizer to the weight: "
            "self.add_weight(..., regularizer=...).",
            DeprecationWarning,
            stacklevel=2,
        )
        vars(self).setdefault("_told", []).append(_)

    def set_layer(self, _: Any) -> None:
        """Do nothing, as in Keras 1.2; a regularizer is called with what it regularizes."""
        warnings.warn("`set_layer` of regularizers does nothing; remove the call.", DeprecationWarning, stacklevel=2)


class RegularizerOfParam:
    """A custom regularizer of Keras 1.0's form: it is told its weight, and adds the penalty to the loss it is called with.

    Args:
        regularizer: has ``set_param(p)``, and reads the weight as the attribute that it kept it in.
        told: the weight as it was told.
    """

    def __init__(self, regularizer: Any, told: Any):
        self.regularizer = regularizer
        self.told = told

    def __call__(self, x: Any) -> Any:
        """Return the penalty for the weight's value `x`."""
        stand_in = copy.copy(self.regularizer)
        vars(stand_in).update({name: x for name, value in vars(self.regularizer).items() if value is self.told})
        return stand_in(0.0)

    def get_config(self) -> Config:
        """Return the config of the regularizer."""
        return self.regularizer.get_config()


def _is_told(regularizer: Any) -> bool:
    """Whether the class is of Keras 1.0's form: it says itself what to do with its weight."""
    return getattr(type(regularizer), "set_param", Regularizer.set_param) is not Regularizer.set_param


def on_weight(regularizer: Any, weight: Any) -> Any:
    """Return `regularizer` as a function of the value of `weight`."""
    if not _is_told(regularizer):
        return regularizer
    mine = copy.copy(regularizer)  # one object may be given to several weights
    mine.set_param(weight)
    return RegularizerOfParam(mine, weight)


def weights_told(regularizer: Any) -> list[Any]:
    """Return the weights that `regularizer` was told by `set_param`, and forget them."""
    if _is_told(regularizer):
        return [value for value in vars(regularizer).values() if isinstance(value, Variable)]
    return vars(regularizer).pop("_told", []) if isinstance(regularizer, Regularizer) else []


@registry.register()
class EigenvalueRegularizer(Regularizer):
    """Eigenvalue decay: ``k * sqrt(largest eigenvalue of W^T W)``, for matrices.

    The eigenvalue is approximated by nine steps of the power method that start from a vector of ones.

    Args:
        k: the weight of the penalty.
    """

    def __init__(self, k: float):
        self.k = float(k)

    def __call__(self, x: Any) -> Array:
        """Return the penalty.

        Raises:
            ValueError: `x` is not a matrix.
        """
        if K.ndim(x) != 2:
            raise ValueError(f"EigenvalueRegularizer takes matrices; got an array of shape {K.int_shape(x)}.")
        covariance = K.dot(K.transpose(x), x)
        vector = K.ones_like(covariance[:, :1])
        for _ in range(_POWER_STEPS):
            vector = K.dot(covariance, vector)
            # The quotient below does not depend on the vector's length; left alone it would soon overflow.
            vector = vector / jax.lax.stop_gradient(K.max(K.abs(vector)))
        image = K.dot(covariance, vector)
        eigenvalue = K.sum(image * vector) / K.sum(vector * vector)
        return eigenvalue**0.5 * self.k

    def get_config(self) -> Config:
        """Return the name and `k`."""
        return {"name": type(self).__name__, "k": self.k}


@registry.register("WeightRegularizer", "ActivityRegularizer")
class L1L2Regularizer(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x^2)``.

    Args:
        l1: the weight of the absolute values.
        l2: the weight of the squares.

    >>> L1L2Regularizer(l1=1.0, l2=0.5)([1.0, -2.0]).item()
    5.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1 = float(l1)
        self.l2 = float(l2)

    def __call__(self, x: Any) -> Any:
        """Return the penalty; the number 0 if both weights are 0."""
        penalty: Any = 0.0
        if self.l1:
            penalty = penalty + K.sum(self.l1 * K.abs(x))
        if self.l2:
            penalty = penalty + K.sum(self.l2 * K.square(x))
        return penalty

    def get_config(self) -> Config:
        """Return the name, `l1` and `l2`."""
        return {"name": type(self).__name__, "l1": self.l1, "l2": self.l2}


WeightRegularizer = L1L2Regularizer
ActivityRegularizer = L1L2Regularizer


@registry.register()
def l1(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741 - the name is Keras 1's
    """Return a regularizer ``l * sum(|x|)``."""
    return L1L2Regularizer(l1=l)


@registry.register()
def l2(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741
    """Return a regularizer ``l * sum(x^2)``."""
    return L1L2Regularizer(l2=l)


@registry.register()
def l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2Regularizer:
    """Return a regularizer ``l1 * sum(|x|) + l2 * sum(x^2)``."""
    return L1L2Regularizer(l1=l1, l2=l2)


@registry.register()
def activity_l1(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741
    """Return `l1` for an ``activity_regularizer``."""
    return L1L2Regularizer(l1=l)


@registry.register()
def activity_l2(l: float = 0.01) -> L1L2Regularizer:  # noqa: E741
    """Return `l2` for an ``activity_regularizer``."""
    return L1L2Regularizer(l2=l)


@registry.register()
def activity_l1l2(l1: float = 0.01, l2: float = 0.01) -> L1L2Regularizer:
    """Return `l1l2` for an ``activity_regularizer``."""
    return L1L2Regularizer(l1=l1, l2=l2)


_FACTORIES = (l1, l2, l1l2, activity_l1, activity_l2, activity_l1l2)


def get(identifier: Any, kwargs: Config | None = None) -> Callable[[Any], Any] | None:
    """Return the regularizer that `identifier` describes.

    Args:
        identifier: a name such as ``'l2'``, a config such as ``{'name': 'L1L2Regularizer', 'l1': 0.1, 'l2': 0.0}``,
            a callable, or ``None``. The functions `l1`, `l2`, … themselves count as called without arguments.
        kwargs: arguments for one that is given by name.

    Raises:
        UnknownNameError: there is no regularizer of that name.
        TypeError: `identifier` is none of these.

    >>> get({"name": "l1l2", "l1": 0.5}).get_config()
    {'name': 'L1L2Regularizer', 'l1': 0.5, 'l2': 0.01}
    """
    if isinstance(identifier, Mapping) and dict(identifier) == {"name": "EigenvalueRegularizer"} and not kwargs:
        warnings.warn(
            "Keras 1.2.2 does not save the k of an EigenvalueRegularizer. It is 0 now, which is right for predictions; "
            "set it (layer.W_regularizer.k = ...) before you train on.",
            stacklevel=2,
        )
        kwargs = {"k": 0.0}
    found = registry.get(identifier, kwargs)
    if any(found is factory for factory in _FACTORIES):
        found = found()
    if found is not None and not callable(found):
        raise TypeError(f"A regularizer is a callable, such as l2(0.01), a name or a config; got {found!r}.")
    return found
