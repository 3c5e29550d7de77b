"""Functions that work element by element, and comparisons.

Where a function has a corner, its derivative there is the one of Keras 1's engines: `clip` passes the gradient
on its bounds, `maximum` and `minimum` give it to the first argument in a tie, `abs` has 0 at 0.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import deferring, op
from jkeras.backend.variables import as_array, unwrap
from jkeras.typing import Array

__all__ = [
    "abs",
    "cast",
    "clip",
    "cos",
    "equal",
    "exp",
    "greater",
    "greater_equal",
    "lesser",
    "lesser_equal",
    "log",
    "maximum",
    "minimum",
    "not_equal",
    "pow",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
]


def _are_numbers(*values: Any) -> bool:
    """Whether these are sizes, or computed from sizes: numbers they must stay in traced code, to be sizes again."""
    return not deferring() and all(isinstance(value, int | float | np.generic) for value in values)


def _number_of(result: Any) -> Any:
    return canonical_dtype(result.dtype).type(result)


@op
def cast(x: Any, dtype: Any) -> Array:
    """Return `x` with another dtype (64-bit types become 32-bit ones unless JAX's 64-bit mode is on)."""
    if _are_numbers(x):
        return canonical_dtype(dtype).type(x)
    return as_array(x).astype(canonical_dtype(dtype))


@op
def square(x: Any) -> Array:
    """Return the square of each element."""
    if _are_numbers(x):
        return _number_of(np.square(x))
    return jnp.square(as_array(x))


@op
def abs(x: Any) -> Array:
    """Return the absolute value of each element."""
    if _are_numbers(x):
        return _number_of(np.abs(x))
    x = as_array(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return jnp.abs(x)
    return x * jnp.sign(x)  # jnp.abs has the derivative 1 at 0: an l1 penalty would push zeros away from 0


@op
def sqrt(x: Any) -> Array:
    """Return the square root of each element; negative ones count as 0, with derivative 0.

    >>> sqrt([-1.0, 4.0]).tolist()
    [0.0, 2.0]
    """
    if _are_numbers(x):
        return _number_of(np.sqrt(np.maximum(x, 0)))
    x = as_array(x)
    return jnp.sqrt(jnp.where(x < 0, 0, x))


@op
def exp(x: Any) -> Array:
    """Return e to the power of each element."""
    return jnp.exp(as_array(x))


@op
def log(x: Any) -> Array:
    """Return the natural logarithm of each element."""
    return jnp.log(as_array(x))


@op
def round(x: Any) -> Array:
    """Return the nearest whole number of each element; halves go to the even one.

    >>> round([0.5, 1.5, 2.5]).tolist()
    [0.0, 2.0, 2.0]
    """
    if _are_numbers(x):
        return _number_of(np.round(x))
    return jnp.round(as_array(x))


@op
def sign(x: Any) -> Array:
    """Return -1, 0 or 1 for each element."""
    return jnp.sign(as_array(x))


@op
def pow(x: Any, a: Any) -> Array:
    """Return each element to the power of `a`."""
    if _are_numbers(x, a):
        return _number_of(np.power(x, a))
    return jnp.power(as_array(x), _number(a))


@op
def clip(x: Any, min_value: Any, max_value: Any) -> Array:
    """Return each element, but not less than `min_value` and not more than `max_value` (``None``: no bound).

    The derivative is 1 between the bounds and on them, 0 outside.
    """
    x, low, high = as_array(x), _number(min_value), _number(max_value)
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and high < low:
        high = low
    # Not jnp.clip, which halves the derivative where an element equals a bound: a saturated softmax does.
    if high is not None:
        x = jnp.where(x > high, high, x)
    if low is not None:
        x = jnp.where(x < low, low, x)
    return x


def _number(value: Any) -> Any:
    # np.float64 is a float too, but would turn a float32 array into float64 in 64-bit mode.
    return float(value) if isinstance(value, float) else unwrap(value)


@op
def maximum(x: Any, y: Any) -> Array:
    """Return the larger of `x` and `y` for each element; the derivative in a tie goes to `x`."""
    if _are_numbers(x, y):
        return _number_of(np.maximum(x, y))
    x, y = as_array(x), as_array(y)
    return jnp.where((x >= y) | jnp.isnan(x), x, y)


@op
def minimum(x: Any, y: Any) -> Array:
    """Return the smaller of `x` and `y` for each element; the derivative in a tie goes to `x`."""
    if _are_numbers(x, y):
        return _number_of(np.minimum(x, y))
    x, y = as_array(x), as_array(y)
    return jnp.where((x <= y) | jnp.isnan(x), x, y)


@op
def sin(x: Any) -> Array:
    """Return the sine of each element."""
    return jnp.sin(as_array(x))


@op
def cos(x: Any) -> Array:
    """Return the cosine of each element."""
    return jnp.cos(as_array(x))


@op
def equal(x: Any, y: Any) -> Array:
    """Return where `x` equals `y`."""
    return jnp.equal(as_array(x), as_array(y))


@op
def not_equal(x: Any, y: Any) -> Array:
    """Return where `x` differs from `y`."""
    return jnp.not_equal(as_array(x), as_array(y))


@op
def greater(x: Any, y: Any) -> Array:
    """Return where `x` is greater than `y`."""
    return jnp.greater(as_array(x), as_array(y))


@op
def greater_equal(x: Any, y: Any) -> Array:
    """Return where `x` is greater than `y` or equal."""
    return jnp.greater_equal(as_array(x), as_array(y))


@op
def lesser(x: Any, y: Any) -> Array:
    """Return where `x` is less than `y`."""
    return jnp.less(as_array(x), as_array(y))


@op
def lesser_equal(x: Any, y: Any) -> Array:
    """Return where `x` is less than `y` or equal."""
    return jnp.less_equal(as_array(x), as_array(y))
