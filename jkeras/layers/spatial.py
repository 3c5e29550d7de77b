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
        words = {"channels_first": "th", "channels_last": "tf"}
        if isinstance(dim_ordering, str) and dim_ordering in words:
            raise ValueError(
                f"{type(self).__name__}: Unknown dim_ordering {dim_ordering!r}, a word of Keras 2's data_format: expected "
                f"'th', 'tf' or 'default'. Give dim_ordering={words[dim_ordering]!r}."
            )
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

    def axis_names(self) -> tuple[str, ...]:
        """What the axes of the input are called, the batch's included."""
        if self.rank == 1:
            return ("batch", "time", "features")
        space = ("rows", "cols") if self.rank == 2 else ("dim1", "dim2", "dim3")
        return ("batch", "channels", *space) if self.dim_ordering == "th" else ("batch", *space, "channels")

    def check_input(self, shapes: Sequence[Shape]) -> None:
        spec = self.input_spec[0] if self.input_spec else None
        names = self.axis_names()
        if len(shapes) == 1 and spec is not None and spec.ndim == len(names) != len(shapes[0]):
            which = "" if self.rank == 1 else f" with dim_ordering={self.dim_ordering!r}"
            raise ValueError(
                f"Input of layer {self.name!r} ({type(self).__name__}): expected an input of {len(names)} dimensions, "
                f"({', '.join(names)}){which}; got shape {tuple(shapes[0])}. {_rank_advice(names, tuple(shapes[0]))}"
            )
        super().check_input(shapes)

    def check_windows(
        self,
        what: str,
        shape: Shape,
        reach: Sequence[int],
        border_mode: str,
        remedy: str = "border_mode='same'",
        whole: Shape | None = None,
    ) -> None:
        """Raise a `ValueError` if windows are larger than inputs of `shape`, which may be a part of the `whole` input."""
        ordering = self.dim_ordering if self.rank > 1 else None
        problem = spatial_windows.fitting_problem(what, self.space_sizes(shape), reach, border_mode, ordering, remedy)
        if problem:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}), input of shape {tuple(whole or shape)}: {problem}"
            )


def _rank_advice(names: tuple[str, ...], shape: tuple[Any, ...]) -> str:
    """Return what to do about an input of `shape` with more or fewer axes than `names`."""
    if len(shape) > len(names):
        if shape[1] is None:
            return "input_shape is the shape of one sample: leave the batch out, or give batch_input_shape."
        return "To apply the layer to each step of a sequence, put it into TimeDistributed."
    inner = ", ".join(names[1:])
    if len(shape) == len(names) - 1:
        at = names.index("channels") if "channels" in names else len(names) - 1
        one = (*shape[1:at], 1, *shape[at:])
        thing = (
            "Sequences of numbers have one feature"
            if at == len(names) - 1 and "time" in names
            else "Grey images have one channel"
        )
        if names[1] == "time" and len(names) > 3:
            return "A sequence of images has an axis of time before those of its images."
        return f"{thing}: give the data, and input_shape, an axis for it, {one} in place of {shape[1:]}."
    return f"Put Reshape(({inner})) in front, with the numbers that these are."
