"""Batches of several processes that train together, each of which has a generator of its share."""

from typing import Any

import jax
import numpy as np

from jkeras.distribute import hosts
from jkeras.distribute.placement import Layout
from jkeras.engine.enqueuer import GeneratorEnqueuer

__all__ = ["next_batch", "shares"]


def shares(layout: Layout | None) -> int:
    """Return of how many shares a batch is made: each of the processes that work together has a generator of its own."""
    return hosts.count() if layout is not None and layout.placement.many_hosts else 1


def next_batch(enqueuer: GeneratorEnqueuer, layout: Layout | None) -> Any:
    """Return the next batch, of all processes that work together; ``None`` where there are no more."""
    try:
        batch = enqueuer.get()
    except StopIteration:
        batch = None
    if shares(layout) == 1 or layout is None:
        return batch
    layout.check_same(
        "The batches that generators yield",
        "no more" if batch is None else [np.shape(leaf) for leaf in jax.tree.leaves(batch)],
        "Each process has a generator of its share of the samples; all of them yield batches of the same sizes, and end together.",
    )
    return None if batch is None else layout.of_shares(batch)
