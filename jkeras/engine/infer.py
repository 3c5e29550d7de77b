"""What a call would return, found by abstract evaluation: no number is computed.

Sizes that are not known yet (``None``) are replaced by stand-in sizes. Where two different stand-ins give two
different sizes, the result's size is not known either; where they agree, it is fixed.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.typing import Shape

__all__ = ["abstract", "assignments", "output_shapes", "stand_ins"]

# (batch, any other unknown axis): two pairs of distinct primes, so that no sum or product of a few coincides. The other
# two are for expressions that divide sizes.
_STAND_INS = ((7, 13), (11, 17), (48, 240), (96, 480))


def stand_ins(which: int) -> tuple[int, int]:
    """Return what stands for a batch size and for any other size that is not known."""
    return _STAND_INS[which]


def abstract(shape: Shape, dtype: Any, stand_in: int = 0) -> jax.ShapeDtypeStruct:
    """Return the abstract array of this shape, with stand-ins for unknown sizes."""
    batch, other = _STAND_INS[stand_in]
    sizes = [size if size is not None else (batch if axis == 0 else other) for axis, size in enumerate(shape)]
    return jax.ShapeDtypeStruct(tuple(sizes), jnp.dtype(dtype))


# Each attempt traces a function.
_MOST_ASSIGNMENTS = 100


def assignments(
    shapes: Mapping[Any, Shape], known: Sequence[int]
) -> Iterator[Callable[[int], dict[Any, tuple[int | None, ...]]]]:
    """Return ways to give sizes that are not known: each a stand-in, one common stand-in, or a known size; the vaguest first.

    Args:
        shapes: by any keys.
        known: sizes that may be meant.

    Returns:
        Functions of the number of the stand-in that return the shapes by the same keys. ``None`` remains where a size may be
        any; there are no functions if there would be too many.
    """
    axes = [(key, axis) for key, shape in shapes.items() for axis, size in enumerate(shape) if size is None]
    choices: list[Any] = [None, "common", *known]
    if len(choices) ** len(axes) > _MOST_ASSIGNMENTS:
        return

    def assigned(picks: Sequence[Any], exactly: bool) -> Callable[[int], dict[Any, tuple[int | None, ...]]]:
        def shapes_for(stand_in: int) -> dict[Any, tuple[int | None, ...]]:
            common = stand_ins(stand_in)[1]
            # A size that only has to divide another one may as well be a multiple: then the result's is not fixed.
            factor = 1 if exactly or stand_in == 0 else 2
            sizes_of = [pick * factor if isinstance(pick, int) else pick for pick in picks]
            chosen = dict(zip(axes, sizes_of, strict=True))
            sizes = {key: [chosen.get((key, axis), size) for axis, size in enumerate(shapes[key])] for key in shapes}
            return {key: tuple(common if size == "common" else size for size in sizes[key]) for key in shapes}

        return shapes_for

    ways = itertools.product(choices, repeat=len(axes))
    for picks in sorted(ways, key=lambda picks: sum(isinstance(pick, int) for pick in picks)):
        if any(isinstance(pick, int) for pick in picks):
            yield assigned(picks, exactly=False)
        yield assigned(picks, exactly=True)


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
