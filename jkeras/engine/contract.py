"""The small types that layers and the engine exchange."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from jkeras.typing import Array, Key, Shape, State

__all__ = ["Context", "InputSpec", "Result", "Weight"]


class Context(NamedTuple):
    """What a layer is told about the call it takes part in.

    Attributes:
        train: a static Python bool. Training and inference are two compiled programs.
        key: random key of this very call (layer and call index are folded in), or ``None`` outside of training.
        mask: the mask of the input, ``None``, or a list with one entry per input; boolean, ``(batch, time)``.
        as_called: for a graph: whether a call that was made under a fixed learning phase goes by that, as in Keras 1, and not
            by `train`.
        updates: whether running statistics move, and what layers of the user's gave to `add_update`; ``None``: with `train`.
    """

    train: bool = False
    key: Key | None = None
    mask: Any = None
    as_called: bool = False
    updates: bool | None = None

    @property
    def moves(self) -> bool:
        """Whether updates are made in this call."""
        return self.train if self.updates is None else self.updates


class Result(NamedTuple):
    """What one call of a layer gives back to the engine."""

    value: Any  # array, or a list of arrays
    mask: Any  # None, array, or a list with one entry per output
    state: State  # the layer's state after the call
    penalty: Array | float  # activity regularisation of this call, summed over the batch


class Weight(NamedTuple):
    """The declaration of one weight: layers declare, the engine allocates.

    Attributes:
        name: key in the layer's pytree and suffix of the Keras 1 name (``W`` gives ``dense_1_W``).
        shape: every size known.
        init: ``f(shape, name=...)`` in the form of `jkeras.initializations`, or an array.
        regularizer: penalty on the value, or ``None``.
        constraint: projection after each update, or ``None``.
        trainable: ``True`` puts it in `params`, ``False`` (running statistics) in `state`.
        dtype: ``None`` is `floatx`.
        saved: ``False`` for what is in `state` but is no weight, such as the states of a recurrent layer.
    """

    name: str
    shape: tuple[int, ...]
    init: Any
    regularizer: Callable[[Array], Array] | None = None
    constraint: Callable[[Array], Array] | None = None
    trainable: bool = True
    dtype: str | None = None
    saved: bool = True


class InputSpec:
    """What a layer demands of one input (Keras 1's ``keras.engine.topology.InputSpec``).

    Args:
        dtype: name of the expected dtype; informational.
        shape: expected shape with the batch dimension; ``None`` admits any size.
        ndim: expected rank, an int or a string ``'3+'`` for at least that rank.
        open_axes: axes that may have any size, whatever `shape` says of them.
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Shape | None = None,
        ndim: int | str | None = None,
        *,
        open_axes: Sequence[int] = (),
    ):
        if isinstance(ndim, str) and ("+" not in ndim or not ndim[: ndim.index("+")].isdigit()):
            raise ValueError(f"InputSpec: ndim is an int, or a string such as '3+'; got {ndim!r}.")
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(shape) if shape is not None else ndim
        self.open_axes = tuple(open_axes)

    def __repr__(self) -> str:
        return f"InputSpec(dtype={self.dtype!r}, shape={self.shape!r}, ndim={self.ndim!r})"

    def mismatch(self, shape: Shape) -> str | None:
        """Return what is wrong with an input of this shape, or ``None`` if it fits."""
        if isinstance(self.ndim, str):
            least = int(self.ndim[: self.ndim.index("+")])
            if len(shape) < least:
                return f"expected an input of at least {least} dimensions"
        elif self.ndim is not None and len(shape) != self.ndim:
            return f"expected an input of {self.ndim} dimensions"
        for axis, (want, got) in enumerate(zip(self.shape or (), shape, strict=False)):
            if want is not None and got is not None and want != got and axis not in self.open_axes:
                return f"expected size {want} in axis {axis}, that is shape {self.shape}"
        return None
