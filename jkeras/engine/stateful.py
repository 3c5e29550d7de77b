"""States of a whole model: which layers carry them, what batch size they are made for, how to read, set and reset them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.layer import Layer
    from jkeras.engine.weights import WeightHandle

__all__ = ["check_batches", "get_states", "holders", "isolated", "reset_states", "set_states"]


def holders(layer: "Layer") -> "list[Layer]":
    """Return the layers in `layer`, itself included, that carry states from batch to batch."""
    found: dict[int, Layer] = {}

    def visit(entry: "Layer") -> None:
        if _holds_states(entry):
            found[id(entry)] = entry
        for child in entry.sublayers():
            visit(child)

    visit(layer)
    return list(found.values())


def _holds_states(layer: "Layer") -> bool:
    return getattr(layer, "stateful", False) and any(not spec.saved for spec in layer.weight_declarations)


def state_handles(model: "Container") -> "list[WeightHandle]":
    """Return the states of all layers as variables, layer by layer."""
    return [handle for layer in holders(model) for handle in getattr(layer, "states", [])]


def get_states(model: "Container") -> list[np.ndarray]:
    """Return copies of the states of all stateful layers, layer by layer."""
    return [handle.get_value() for handle in state_handles(model)]


def set_states(model: "Container", states: Sequence[Any]) -> None:
    """Set the states of all stateful layers from the list that `get_states` returned; all or nothing.

    Raises:
        ValueError: the number of arrays or a shape is wrong.
    """
    handles = state_handles(model)
    if len(states) != len(handles):
        raise ValueError(
            f"set_states on {model.name!r}: the model has {len(handles)} states ({[h.name for h in handles]}); got {len(states)}."
        )
    for handle, value in zip(handles, states, strict=True):
        if np.shape(value) != handle.shape:
            raise ValueError(
                f"set_states on {model.name!r}: state {handle.name!r} has shape {handle.shape}; got {np.shape(value)}. For another "
                "batch size call reset_states(batch_size=n) first."
            )
    for handle, value in zip(handles, states, strict=True):
        handle.set_value(value)


def reset_states(model: "Container", batch_size: int | None = None) -> None:
    """Set the states of all stateful layers back to zeros, for batches of another size if one is given."""
    for layer in holders(model):
        layer.reset_states(batch_size) if batch_size is not None else layer.reset_states()  # type: ignore[attr-defined]


@contextmanager
def isolated(model: "Container") -> Iterator[None]:
    """Let a ``with`` block start from zero states, and give the model its states back after it."""
    kept = get_states(model)
    reset_states(model)
    try:
        yield
    finally:
        set_states(model, kept)


def check_batches(model: "Container", samples: int, batch_size: int, what: str) -> None:
    """Raise a `ValueError` unless every batch of a run has the size that the states are made for.

    Args:
        model: the model that runs.
        samples, batch_size: of the run.
        what: what runs, for the message: ``'fit'``, ``'predict'``, …
    """
    layers = _following(model)
    if not layers:
        return
    sizes = sorted({min(batch_size, samples), samples % batch_size or min(batch_size, samples)}, reverse=True)
    for layer in layers:
        expected = layer.weight_declarations[-1].shape[0]
        for size in sizes:
            if size != expected:
                run = (
                    f"{samples} samples in batches of {batch_size}"
                    if batch_size < samples
                    else f"one batch of {samples}"
                )
                raise ValueError(
                    f"Layer {layer.name!r} is stateful and holds the states of {expected} samples, but {what} would give it a "
                    f"batch of {size} ({run}). Give a number of samples that is a multiple of {expected} with "
                    f"batch_size={expected}, or let the model work on other batches: model.reset_states(batch_size={size})."
                )


def _following(layer: "Layer") -> "list[Layer]":
    """Return the stateful layers whose batch is the model's batch."""
    if not layer.keeps_batch:
        return []
    own = [layer] if _holds_states(layer) else []
    return own + [entry for child in layer.sublayers() for entry in _following(child)]
