"""How windows lie on images: where the channels are, how many windows fit, and which zeros surround the image.

Keras 1 had two engines, and in places they differ: Theano pads ``border_mode='same'`` by half a kernel on both sides and
turns kernels by 180°, TensorFlow shares the zeros out evenly (what XLA calls SAME) and does not turn them. The word for which
one is followed is the *dialect*. Everything here is about numbers of one shape; nothing computes with arrays.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from jkeras.backend.config import backend, image_dim_ordering
from jkeras.backend.variables import sizes
from jkeras.errors import did_you_mean

__all__ = [
    "DIALECTS",
    "Window",
    "backend_dialect",
    "check_choice",
    "conv_windows",
    "fitting_problem",
    "numbers",
    "ordering_advice",
    "ordering_of",
    "pool_windows",
    "space_axes",
    "transposed_problem",
]

DIALECTS = ("tensorflow", "theano")
BORDER_MODES = ("valid", "same", "full")


def check_choice(what: str, value: Any, choices: Sequence[str]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, str) or value not in choices:
        expected = ", ".join(map(repr, choices[:-1]))
        raise ValueError(
            f"Unknown {what} {value!r}: expected {expected} or {choices[-1]!r}.{did_you_mean(str(value), choices, most=0)}"
        )
    return value


def ordering_of(dim_ordering: Any) -> str:
    """Return ``'th'`` or ``'tf'``; ``'default'`` is what `image_dim_ordering` says.

    Raises:
        ValueError: `dim_ordering` is something else.
    """
    check_choice("dim_ordering", dim_ordering, ("th", "tf", "default"))
    return image_dim_ordering() if dim_ordering == "default" else dim_ordering


def backend_dialect() -> str:
    """Return the dialect of ``K.backend()``: Theano's only if a script chose Theano, else TensorFlow's."""
    return "theano" if backend() == "theano" else "tensorflow"


def space_axes(rank: int, dim_ordering: str) -> tuple[int, ...]:
    """Return the axes of an array of images or volumes that are neither the batch's nor the channels'.

    Args:
        rank: the number of such axes.
        dim_ordering: ``'th'`` or ``'tf'``.
    """
    first = 2 if dim_ordering == "th" else 1
    return tuple(range(first, first + rank))


def numbers(what: str, value: Any, count: int, least: int = 1) -> tuple[int, ...]:
    """Return `value` as a tuple of `count` ints; integral floats count as ints.

    Raises:
        ValueError: there are more or fewer numbers, one is less than `least`, or one is not whole.
    """
    try:
        found = sizes(value)
    except (TypeError, ValueError):
        found = ()
    if len(found) != count or min(found) < least:
        kind = "positive whole numbers" if least > 0 else "whole numbers that are not negative"
        raise ValueError(f"{what} must be {count} {kind}, such as {(2,) * count}; got {value!r}.")
    return found


class Window(NamedTuple):
    """Windows along one axis: at so many `places`, `stride` apart, each over `reach` entries (gaps between taps included)."""

    reach: int
    stride: int
    low: int  # entries of padding before the axis
    high: int  # and after it
    places: int


def conv_windows(
    lengths: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    border_mode: str,
    dialect: str,
) -> list[Window]:
    """Return the windows of a convolution, axis by axis.

    'valid' pads nothing and 'full' pads all but one entry of the kernel on both sides. 'same' gives
    ``ceil(length / stride)`` windows: Theano's start half a kernel before the axis, TensorFlow's share the zeros out
    evenly, with the odd one at the end.
    """
    windows = []
    for length, taps, stride, gap in zip(lengths, kernel, strides, dilation, strict=True):
        reach = (taps - 1) * gap + 1
        if border_mode == "same":
            low, count = reach // 2, -(-length // stride)
            if dialect == "tensorflow":
                low = max((count - 1) * stride + reach - length, 0) // 2
            windows.append(_placed(length, reach, stride, low, count))
        else:
            low = reach - 1 if border_mode == "full" else 0
            windows.append(_placed(length, reach, stride, low, (length + 2 * low - reach) // stride + 1))
    return windows


def pool_windows(
    lengths: Sequence[int], pool: Sequence[int], strides: Sequence[int], border_mode: str, dialect: str
) -> list[Window]:
    """Return the windows of a pooling, axis by axis.

    Theano's 'same' windows start ``size - 1`` before the axis, or ``size - 2`` for odd sizes above 1; TensorFlow's are those
    of a convolution.
    """
    if border_mode == "valid" or dialect == "tensorflow":
        return conv_windows(lengths, pool, strides, (1,) * len(pool), border_mode, dialect)
    lows = [size - 2 if size % 2 and size > 1 else size - 1 for size in pool]
    return [
        _placed(length, size, stride, low, -(-length // stride))
        for length, size, stride, low in zip(lengths, pool, strides, lows, strict=True)
    ]


def transposed_problem(
    found: Sequence[int],
    lengths: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    border_mode: str,
    dialect: str,
) -> str | None:
    """Return what to say if no convolution makes an image of `found` sizes of one of `lengths`, or ``None`` if one does.

    Args:
        found: sizes of the input of the transposed convolution.
        lengths: sizes of its output.
        kernel, strides, border_mode, dialect: of the convolution that is transposed.
    """
    axes = list(zip(found, kernel, strides, strict=True))

    def fits(length: int, count: int, taps: int, stride: int) -> bool:
        window = conv_windows((length,), (taps,), (stride,), (1,), border_mode, dialect)[0]
        if dialect == "theano" and border_mode == "same":  # what its convolution has before it crops the end fits too
            return count in (window.places, (length + 2 * window.low - window.reach) // stride + 1)
        return count == window.places

    if all(fits(length, *axis) for length, axis in zip(lengths, axes, strict=True)):
        return None
    fitting = [
        [str(length) for length in range(1, (count + 1) * stride + taps + 1) if fits(length, count, taps, stride)]
        for count, taps, stride in axes
    ]
    advice = (
        f"Sizes that fit: {' × '.join(' or '.join(some) for some in fitting)}. Correct output_shape."
        if all(fitting)
        else "No output fits: use smaller kernels or strides."
    )
    return (
        f"A transposed convolution of an input of {' × '.join(map(str, found))} by kernels of {' × '.join(map(str, kernel))} "
        f"with strides {tuple(strides)} and border_mode={border_mode!r} cannot give an output of "
        f"{' × '.join(map(str, lengths))}. {advice}"
    )


def _placed(length: int, reach: int, stride: int, low: int, count: int) -> Window:
    # Entries behind the last window need no cropping: they are too few for one more.
    return Window(reach, stride, low, max((count - 1) * stride + reach - length - low, 0), count)


def ordering_advice(dim_ordering: str) -> str:
    """Return what to say where sizes may be wrong because the channels of the data are somewhere else."""
    other, place = ("tf", "last") if dim_ordering == "th" else ("th", "first")
    return (
        f"dim_ordering is {dim_ordering!r}, that is {'(batch, channels, …)' if dim_ordering == 'th' else '(batch, …, channels)'}: "
        f"if your data have the channels {place}, give dim_ordering={other!r} or call "
        f"K.set_image_dim_ordering({other!r}) before the model is built."
    )


def fitting_problem(
    what: str,
    lengths: Sequence[int | None],
    reach: Sequence[int],
    border_mode: str,
    dim_ordering: str | None,
    remedy: str = "border_mode='same'",
) -> str | None:
    """Return what to say about windows that are larger than the image, or ``None`` if they fit.

    Args:
        what: such as ``'a kernel'``.
        lengths: of the image's axes; ``None`` where it is not known.
        reach: of the windows.
        border_mode: only 'valid' windows can be too large.
        dim_ordering: for the advice; ``None`` for sequences.
        remedy: what lets larger windows in.
    """
    if border_mode != "valid" or all(n is None or n >= k for n, k in zip(lengths, reach, strict=True)):
        return None
    shown = " × ".join("?" if length is None else str(length) for length in lengths)
    where = {1: "time steps", 2: "rows and columns"}.get(len(lengths), "entries")
    problem = (
        f"{what} of {' × '.join(map(str, reach))} is larger than the input, which has {shown} {where}, and "
        "border_mode='valid' keeps windows inside."
    )
    if dim_ordering is None:
        return f"{problem} Give longer sequences, or {remedy}."
    return f"{problem} {ordering_advice(dim_ordering)} Otherwise use smaller windows, less pooling, or {remedy}."
