"""An algorithm's step as symbolic updates of variables: what is behind `Optimizer.get_updates`."""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax

from jkeras.backend.dispatch import op
from jkeras.backend.variables import Variable
from jkeras.optim.base import OptState

if TYPE_CHECKING:
    from jkeras.optim.shell import Optimizer

__all__ = ["symbolic_updates"]


def symbolic_updates(
    optimizer: "Optimizer", params: Sequence[Any], constraints: Any, loss: Any
) -> list[tuple[Variable, Any]]:
    """Return pairs (variable, symbolic new value); see `Optimizer.get_updates`."""
    params = list(params)
    grads = optimizer.get_gradients(loss, params)
    # Without clipping, which get_gradients has done.
    plain = copy.copy(optimizer)
    vars(plain).update(clipnorm=None, clipvalue=None)
    algorithm = plain.transformation()
    start = algorithm.init([param.value for param in params])
    structure = jax.tree.structure(start)
    boxes = _boxes(optimizer, start)
    kept: set[int] = set()

    def step(grads: list[Any], weights: list[Any], numbers: list[Any]) -> tuple[list[Any], list[Any]]:
        state = jax.tree.unflatten(structure, numbers)
        updates, after = algorithm.update(grads, state, weights)
        moved = [(weight + update).astype(weight.dtype) for weight, update in zip(weights, updates, strict=True)]
        news = jax.tree.leaves(after)
        kept.update(place for place, (old, new) in enumerate(zip(numbers, news, strict=True)) if old is new)
        return moved, news

    step.__name__ = type(optimizer).__name__.lower()
    moved, news = op(step)(grads, params, boxes)
    changes = [(box, new) for place, (box, new) in enumerate(zip(boxes, news, strict=True)) if place not in kept]
    for param, new in zip(params, moved, strict=True):
        constraint = constraints.get(param) if constraints else None
        changes.append((param, new if constraint is None else op(constraint)(new)))
    optimizer.updates = changes
    optimizer.weights = _listed(optimizer, structure, boxes)
    return changes


def _boxes(optimizer: "Optimizer", state: Any) -> list[Variable]:
    """Return a variable for each leaf of a first state: the optimizer's own, for its settings and iterations."""
    own = {(box.field, box.key): box for box in optimizer.settings()}

    def box(path: Any, leaf: Any) -> Variable:
        names = tuple(str(getattr(key, "name", getattr(key, "key", getattr(key, "idx", "")))) for key in path)
        field, key = (*names, None, None)[:2]
        known = own.get((str(field), key)) if len(names) < 3 else None
        return Variable(leaf, "_".join(names)) if known is None else known

    return [box(path, leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(state)[0]]


def _listed(optimizer: "Optimizer", structure: Any, boxes: list[Variable]) -> list[Variable]:
    """Return the variables of the state in the order of `get_weights`."""
    places = jax.tree.unflatten(structure, list(range(len(boxes))))
    if not isinstance(places, OptState):
        return boxes
    order = [places.iterations] if optimizer.counted else []
    order += [place for slot in optimizer.slots for place in jax.tree.leaves(places.slots[slot])]
    return [boxes[place] for place in order]
