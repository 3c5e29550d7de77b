"""How far `fit` has come, so that a later process can go on at the very place.

The samples are shuffled by ``np.random``, every epoch from the order that the epoch before left. So the place is the number of
epochs, that order, and the state of ``np.random``.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["Position", "first_order", "reached", "within_epoch"]


class Position(NamedTuple):
    """The place between two epochs."""

    epochs: int
    """How many are done."""
    order: np.ndarray
    """The numbers of the samples as the last epoch had them."""
    random: dict[str, Any] | None = None
    """The state of ``np.random``, as its ``get_state(legacy=False)`` tells it; ``None``: what it is when somebody asks."""


def within_epoch(model: "Model") -> None:
    """Note that an epoch has begun: what is saved now is no place to go on from exactly."""
    model.position = None


def reached(model: "Model", epochs: int, order: np.ndarray | None = None, random: bool = True) -> None:
    """Note that so many epochs are done, in which order, and, if `random`, the state of ``np.random`` now.

    Without an order, as where a generator made the batches, the place is none that `fit` shuffles on from.
    """
    order = np.zeros(0, np.int32) if order is None else order
    model.position = Position(epochs, order, np.random.get_state(legacy=False) if random else None)


def first_order(model: "Model", initial_epoch: int, samples: int) -> np.ndarray:
    """Return the order of the samples that the first epoch of a `fit` shuffles.

    For a model from a file that goes on where the file was saved it is the order there, and ``np.random`` is set to the state
    there. This happens once, in the first `fit`.
    """
    start, model.resumes_at = model.resumes_at, None
    if (
        start is not None
        and start.random is not None
        and 0 < initial_epoch == start.epochs
        and len(start.order) == samples
    ):
        np.random.set_state(start.random)
        return np.array(start.order, np.int32)
    return np.arange(samples, dtype=np.int32)
