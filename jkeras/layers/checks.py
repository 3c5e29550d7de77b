"""Checks of arguments that layers share."""

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np

from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer
from jkeras.typing import Key

__all__ = ["check_probability", "positive_size", "positive_sizes", "training_key"]


def positive_size(owner: Layer, argument: str, value: Any) -> int:
    """Return `value` as an int; an integral float, as old scripts compute with ``n / 2``, counts as one.

    Raises:
        ValueError: `value` is not a positive whole number.
    """
    size = _whole(value)
    if size is None or size <= 0:
        raise ValueError(f"{_title(owner)}: {argument} must be a positive whole number; got {value!r}.")
    return size


def positive_sizes(owner: Layer, argument: str, values: Any, *, wildcard: bool = False) -> tuple[int, ...]:
    """Return `values` as a tuple of ints.

    Args:
        owner, argument: for the message.
        values: an iterable of sizes.
        wildcard: whether one of them may be -1, "what remains".

    Raises:
        ValueError: an entry is no size.
    """
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise ValueError(f"{_title(owner)}: {argument} must be a tuple of sizes, such as (3, 4); got {values!r}.")
    values = tuple(values)
    sizes = [_whole(value) for value in values]
    for size, value in zip(sizes, values, strict=True):
        if size is None or (size <= 0 and not (wildcard and size == -1)):
            allowed = "positive whole numbers" + (", and one may be -1" if wildcard else "")
            raise ValueError(f"{_title(owner)}: the sizes in {argument} are {allowed}; got {value!r} in {values}.")
    if sizes.count(-1) > 1:
        raise ValueError(f"{_title(owner)}: only one size in {argument} may be -1; got {values}.")
    return tuple(size for size in sizes if size is not None)


def check_probability(owner: Layer, argument: str, value: Any) -> float:
    """Return a share to drop as a float.

    Raises:
        ValueError: `value` is not in [0, 1).
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= float(value) < 1:
        raise ValueError(
            f"{_title(owner)}: {argument} is the share that is dropped, in the interval [0, 1); got {value!r}."
        )
    return float(value)


def training_key(layer: Layer, ctx: Context) -> Key:
    """Return the random key of a training call.

    Raises:
        ValueError: the call has none.
    """
    if ctx.key is None:
        raise ValueError(
            f"Layer {layer.name!r} ({type(layer).__name__}) is random while training and needs a key. Give a "
            "model apply_with_state(..., train=True, key=jax.random.key(0)), a layer Context(train=True, key=...)."
        )
    return ctx.key


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float | np.floating):
        return int(value) if float(value).is_integer() else None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _title(owner: Layer) -> str:
    # Arguments are checked before the base class has given the layer its name.
    name = vars(owner).get("name")
    return type(owner).__name__ if name is None else f"Layer {name!r} ({type(owner).__name__})"
