"""Initial values of weights.

An initializer is a function ``f(shape, name=None, dim_ordering='th')`` that returns a variable. Its random numbers
come from the `key_scope` it is called in; `sample` opens one, and so makes any of them a function of a key::

    W = initializations.sample("he_normal", jax.random.key(0), (784, 512))
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras.backend.random import key_scope
from jkeras.backend.variables import Variable, as_array, sizes
from jkeras.registry import Registry
from jkeras.typing import Array, Key
from jkeras.utils.generic_utils import get_from_module

__all__ = [
    "get",
    "get_fans",
    "get_from_module",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_uniform",
    "normal",
    "one",
    "orthogonal",
    "sample",
    "uniform",
    "zero",
]

registry = Registry("initialization")


def get_fans(shape: Any, dim_ordering: str = "th") -> tuple[float, float]:
    """Return how many inputs and outputs a unit of a weight tensor has.

    Args:
        shape: of the weights. With 2 axes (inputs, outputs); with 4 or 5 a kernel: for ``'th'``
            (outputs, inputs, *window), for ``'tf'`` (*window, inputs, outputs).
        dim_ordering: ``'th'`` or ``'tf'``.

    Returns:
        (fan_in, fan_out); for other numbers of axes both are the square root of the number of weights.

    Raises:
        ValueError: `dim_ordering` is neither.

    >>> get_fans((32, 16, 3, 3))
    (144, 288)
    """
    shape = sizes(shape)
    if len(shape) == 2:
        return shape
    if len(shape) in (4, 5):
        if dim_ordering == "th":
            outputs, inputs, *window = shape
        elif dim_ordering == "tf":
            *window, inputs, outputs = shape
        else:
            raise ValueError(f"dim_ordering must be 'th' or 'tf'; got {dim_ordering!r}.")
        return inputs * math.prod(window), outputs * math.prod(window)
    return (root := math.sqrt(math.prod(shape))), root


@registry.register()
def uniform(shape: Any, scale: float = 0.05, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Uniform in [-scale, scale)."""
    return K.random_uniform_variable(shape, -scale, scale, name=name)


@registry.register()
def normal(shape: Any, scale: float = 0.05, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Normal with standard deviation `scale`."""
    return K.random_normal_variable(shape, 0.0, scale, name=name)


@registry.register()
def lecun_uniform(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Uniform with limit ``sqrt(3 / fan_in)`` (LeCun et al., "Efficient BackProp", 1998)."""
    fan_in, _ = get_fans(shape, dim_ordering)
    return uniform(shape, _root(3.0, fan_in), name)


@registry.register()
def glorot_normal(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Normal with standard deviation ``sqrt(2 / (fan_in + fan_out))`` (Glorot and Bengio, AISTATS 2010)."""
    fan_in, fan_out = get_fans(shape, dim_ordering)
    return normal(shape, _root(2.0, fan_in + fan_out), name)


@registry.register()
def glorot_uniform(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Uniform with limit ``sqrt(6 / (fan_in + fan_out))`` (Glorot and Bengio, AISTATS 2010)."""
    fan_in, fan_out = get_fans(shape, dim_ordering)
    return uniform(shape, _root(6.0, fan_in + fan_out), name)


@registry.register()
def he_normal(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Normal with standard deviation ``sqrt(2 / fan_in)`` (He et al., "Delving deep into rectifiers", 2015)."""
    fan_in, _ = get_fans(shape, dim_ordering)
    return normal(shape, _root(2.0, fan_in), name)


@registry.register()
def he_uniform(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Uniform with limit ``sqrt(6 / fan_in)`` (He et al., "Delving deep into rectifiers", 2015)."""
    fan_in, _ = get_fans(shape, dim_ordering)
    return uniform(shape, _root(6.0, fan_in), name)


def _root(numerator: float, fan: float) -> float:
    return math.sqrt(numerator / fan) if fan else 0.0  # a weight without elements needs no scale


@registry.register()
def orthogonal(shape: Any, scale: float = 1.1, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """A random orthogonal matrix times `scale`: rows or columns, whichever are fewer, are orthogonal.

    A shape with more axes is filled as the matrix (first size, all others).

    Raises:
        ValueError: `shape` has less than two axes.

    Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning" (2013).
    """
    shape = sizes(shape)
    if len(shape) < 2:
        raise ValueError(f"The initialization orthogonal needs a shape of two axes or more; got {shape}.")
    rows, columns = shape[0], math.prod(shape[1:])
    draw = K.random_normal((max(rows, columns), min(rows, columns)), dtype=_at_least_32_bits())
    on_host: Any = np if isinstance(draw, np.ndarray) else jnp
    q, r = on_host.linalg.qr(draw)
    # The signs of r's diagonal depend on the algorithm; with them taken out every orthogonal matrix is equally likely.
    q = q * on_host.where(on_host.diagonal(r) < 0, -1, 1)
    q = q if rows >= columns else q.T
    return K.variable(scale * q.reshape(shape), name=name)


def _at_least_32_bits() -> str:
    return "float32" if K.floatx() == "float16" else K.floatx()  # there is no decomposition of float16 matrices


@registry.register()
def identity(shape: Any, scale: float = 1, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """The identity matrix times `scale`.

    Raises:
        ValueError: `shape` is not that of a square matrix.
    """
    shape = sizes(shape)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"The initialization identity makes square matrices; got shape {shape}.")
    return K.variable(scale * np.identity(shape[0]), name=name)


@registry.register()
def zero(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Zeros."""
    return K.zeros(shape, name=name)


@registry.register()
def one(shape: Any, name: str | None = None, dim_ordering: str = "th") -> Variable:
    """Ones."""
    return K.ones(shape, name=name)


def get(identifier: str | Mapping[str, Any] | Callable[..., Any] | None, **kwargs: Any) -> Any:
    """Return the initializer that `identifier` names; a callable is returned as it is.

    Args:
        identifier: a name, a callable, or ``{'name': ..., **arguments}``.
        kwargs: arguments that the initializer shall always be called with, such as ``dim_ordering='tf'`` or ``scale``.

    Raises:
        UnknownNameError: there is no initialization of that name.

    >>> get("normal", scale=0.01).__name__
    'normal'
    """
    found = registry.get(identifier)
    if isinstance(identifier, Mapping):
        given = identifier.get("config") or {} if "class_name" in identifier else identifier
        kwargs = {**{key: value for key, value in given.items() if key != "name"}, **kwargs}
    if not kwargs or found is None:
        return found
    bound = functools.partial(found, **kwargs)
    # Configs name an initializer by its __name__, which a partial lacks.
    return functools.update_wrapper(bound, found)


def sample(
    identifier: str | Mapping[str, Any] | Callable[..., Any],
    key: Key,
    shape: Any,
    *,
    name: str | None = None,
    dtype: Any = None,
    **kwargs: Any,
) -> Array:
    """Return the values that an initializer gives for a key: a pure function of `key`.

    Args:
        identifier: as for `get`. A callable is called as ``f(shape, name=name, **kwargs)`` and may return a
            variable or an array.
        key: a random key.
        shape: of the weights.
        name: of the weights, passed on.
        dtype: of the result; ``None`` keeps the initializer's, which is `floatx`.
        kwargs: further arguments of the initializer, such as ``dim_ordering``.

    Raises:
        ValueError: the initializer returned another shape.

    >>> import jax
    >>> sample("glorot_uniform", jax.random.key(0), (3, 4)).shape
    (3, 4)
    """
    shape = sizes(shape)
    initializer = get(identifier)
    with key_scope(key):
        value = as_array(initializer(shape, name=name, **kwargs))
    if value.shape != shape:
        label = getattr(initializer, "__name__", repr(initializer))
        raise ValueError(
            f"The initialization {label} returned shape {value.shape} for weight {name!r} of shape {shape}."
        )
    return value if dtype is None else K.cast(value, dtype)
