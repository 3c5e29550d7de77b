"""What layers that slide windows over images have in common: checks of their arguments and of the sizes they meet."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from jkeras.backend import spatial_windows
from jkeras.engine.layer import Layer
from jkeras.engine.switches import switched
from jkeras.typing import Shape

__all__ = ["SpatialLayer", "checked_numbers", "in_ordering"]


def checked_numbers(owner: Layer, argument: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """Return `value` as a tuple of `count` ints; integral floats count as ints.

    Raises:
        ValueError: there are more or fewer numbers, one is less than `least`, or one is not whole.
    """
    return spatial_windows.numbers(f"{type(owner).__name__}: {argument}", value, count, least)


def in_ordering(initializer: Callable[..., Any], dim_ordering: str) -> Callable[..., Any]:
    """Return an initializer that knows where a kernel has its inputs and outputs.

    One of a script's own that does not take `dim_ordering` is returned as it is.
    """
    try:
        parameters = inspect.signature(initializer).parameters.values()
    except (TypeError, ValueError):  # something callable that does not tell
        return initializer
    if any(one.name == "dim_ordering" or one.kind is one.VAR_KEYWORD for one in parameters):
        return functools.partial(initializer, dim_ordering=dim_ordering)
    return initializer


class SpatialLayer(Layer):
    """Base class of layers for sequences, images and volumes.

    Attributes:
        rank: the number of axes besides those of batch and channels.
        dim_ordering: ``'th'``: (batch, channels, \\*space), or ``'tf'``: (batch, \\*space, channels).
    """

    rank = 2
    dim_ordering = "tf"  # of sequences, which know no other

    def checked_choice(self, argument: str, value: Any, choices: Sequence[str]) -> str:
        """Return `value` if it is one of `choices`; else raise a ValueError."""
        try:
            return spatial_windows.check_choice(argument, value, choices)
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from None

    def checked_ordering(self, dim_ordering: Any) -> str:
        """Return ``'th'`` or ``'tf'``; ``'default'`` is what `image_dim_ordering` says."""
        return spatial_windows.ordering_of(self.checked_choice("dim_ordering", dim_ordering, ("th", "tf", "default")))

    @property
    def dialect(self) -> str:
        """``'tensorflow'`` or ``'theano'``: how filters are applied and where windows lie; assignable."""
        return self._dialect

    @dialect.setter
    def dialect(self, dialect: str) -> None:
        before = vars(self).get("_dialect")
        self._dialect = self.checked_dialect(dialect)
        if before not in (None, self._dialect):
            switched()

    def checked_dialect(self, dialect: Any) -> str:
        """Return ``'tensorflow'`` or ``'theano'``; ``None`` is the one of ``K.backend()``."""
        if dialect is None:
            return spatial_windows.backend_dialect()
        return self.checked_choice("dialect", dialect, spatial_windows.DIALECTS)

    def channel_axis(self) -> int:
        """The axis of the channels."""
        return 1 if self.dim_ordering == "th" else self.rank + 1

    def space_axes(self) -> tuple[int, ...]:
        """The axes that are neither the batch's nor the channels'."""
        return spatial_windows.space_axes(self.rank, self.dim_ordering)

    def space_sizes(self, shape: Shape) -> list[Any]:
        """Return the sizes of the axes of space, ``None`` for those not known."""
        return [shape[axis] for axis in self.space_axes()]

    def resized(self, shape: Shape, lengths: Sequence[int | None], channels: int | None = None) -> Shape:
        """Return `shape` with other sizes of space, and other channels if they are given."""
        sizes = list(shape)
        for axis, length in zip(self.space_axes(), lengths, strict=True):
            sizes[axis] = length
        if channels is not None:
            sizes[self.channel_axis()] = channels
        return tuple(sizes)

    def check_windows(self, what: str, shape: Shape, reach: Sequence[int], border_mode: str) -> None:
        """Raise a `ValueError` if windows are larger than inputs of `shape`."""
        ordering = self.dim_ordering if self.rank > 1 else None
        problem = spatial_windows.fitting_problem(what, self.space_sizes(shape), reach, border_mode, ordering)
        if problem:
            raise ValueError(f"Layer {self.name!r} ({type(self).__name__}), input of shape {tuple(shape)}: {problem}")
