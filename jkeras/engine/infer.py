"""What a call would return, found by abstract evaluation: no number is computed.

Sizes that are not known yet (``None``) are replaced by stand-in sizes. Where two different stand-ins give two
different sizes, the result's size is not known either; where they agree, it is fixed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.typing import Shape

__all__ = ["abstract", "output_shapes"]

# (batch, any other unknown axis): two pairs of distinct primes, so that no sum or product of a few coincides. The other
# two are for expressions that divide sizes.
_STAND_INS = ((7, 13), (11, 17), (48, 240), (96, 480))


def abstract(shape: Shape, dtype: Any, stand_in: int = 0) -> jax.ShapeDtypeStruct:
    """Return the abstract array of this shape, with stand-ins for unknown sizes."""
    batch, other = _STAND_INS[stand_in]
    sizes = [size if size is not None else (batch if axis == 0 else other) for axis, size in enumerate(shape)]
    return jax.ShapeDtypeStruct(tuple(sizes), jnp.dtype(dtype))


def output_shapes(
    function: Callable[..., Any], shapes: Sequence[Any], dtypes: Sequence[Any], fixed: Sequence[Any] = ()
) -> Any:
    """Abstractly evaluate ``function(*fixed, *inputs)`` and return its result with ``None`` for sizes that vary.

    Args:
        function: takes one array for each of `shapes` (``None`` there passes ``None``), returns a pytree of arrays.
        shapes: the shapes, batch dimension first.
        dtypes: their dtypes.
        fixed: pytrees of abstract arrays whose sizes are all known, such as params.

    Returns:
        The pytree that `function` returns, each array replaced by ``jax.ShapeDtypeStruct`` whose ``shape`` may hold ``None``.
    """

    def evaluate(stand_in: int) -> Any:
        inputs = [
            None if shape is None else abstract(shape, dtype, stand_in)
            for shape, dtype in zip(shapes, dtypes, strict=True)
        ]
        return jax.eval_shape(function, *fixed, *inputs)

    first = evaluate(0)
    if all(size is not None for shape in shapes if shape is not None for size in shape):
        return first
    return jax.tree.map(_join, first, evaluate(1))


def _join(one: jax.ShapeDtypeStruct, two: jax.ShapeDtypeStruct) -> "Sketch":
    return Sketch(tuple(a if a == b else None for a, b in zip(one.shape, two.shape, strict=True)), one.dtype)


class Sketch:
    """A shape that may hold ``None``, and a dtype: the result of `output_shapes` for one array."""

    def __init__(self, shape: Shape, dtype: Any):
        self.shape = shape
        self.dtype = dtype
