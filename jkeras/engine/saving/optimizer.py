"""The state of a compiled model's optimizer: as Keras 1 lists it in files, what Keras 1 leaves out, and all of it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.distribute.hosts import readable
from jkeras.engine.saving.stored import StoredWeight
from jkeras.errors import FileFormatError
from jkeras.optim.base import OptState
from jkeras.optim.settings import like
from jkeras.optim.shell import Optimizer

if TYPE_CHECKING:
    from jkeras.engine.model import Model
    from jkeras.engine.trainer import Trainer

__all__ = ["leaves_of", "listed", "restore_leaves", "restore_listed", "restore_unlisted", "unlisted"]


def _pure(trainer: "Trainer") -> bool:
    """Whether the state is that of one of jkeras's algorithms."""
    return isinstance(trainer.optimizer, Optimizer) and isinstance(trainer.memory.opt_state, OptState)


# ---- in Keras 1's files


def listed(model: "Model", mark: str = "") -> list[np.ndarray]:
    """Return what Keras 1 writes: nothing before the first step, else the count of updates, then accumulators.

    Args:
        mark: what the names of weights end in in the file.
    """
    trainer = getattr(model, "_trainer", None)
    if trainer is None:
        return []
    if _pure(trainer):
        arrays = trainer.optimizer.state_weights(trainer.memory.opt_state, trainer.order(mark))
    else:
        arrays = [np.asarray(array) for array in getattr(trainer.optimizer, "get_weights", list)()]
    return arrays if trainer.has_run or any(array.any() for array in arrays) else []


def restore_listed(model: "Model", stored: Sequence[StoredWeight], mark: str = "") -> None:
    """Set the state from what `listed` returned; sizes are compared before anything is read.

    Raises:
        FileFormatError: the state is not that of this optimizer and architecture.
    """
    trainer = _trainer(model)
    optimizer = trainer.optimizer
    own = optimizer.get_weights() if hasattr(optimizer, "get_weights") else []
    if _pure(trainer):
        own = optimizer.state_weights(trainer.memory.opt_state, trainer.order(mark))
    shapes, found = [np.shape(array) for array in own], [tuple(weight.shape) for weight in stored]
    uncounted = _pure(trainer) and optimizer.counted and bool(found) and shapes[1:] == found
    if uncounted:  # before Keras 1.2 no file had the count of updates
        found = shapes
    if shapes != found:
        number = next(
            (i for i, (a, b) in enumerate(zip(shapes, found, strict=False)) if a != b), min(len(shapes), len(found))
        )
        at = (
            f"; number {number} differs: {shapes[number]} and {found[number]}"
            if number < min(len(shapes), len(found))
            else ""
        )
        raise FileFormatError(
            f"The file's state of the optimizer {type(optimizer).__name__} has {len(found)} arrays, that of the model "
            f"{model.name!r} has {len(shapes)}{at}. It is that of another optimizer, or other weights trained."
        )
    arrays = [*own[:1] * uncounted, *(weight.read() for weight in stored)]
    if _pure(trainer):
        state = optimizer.with_weights(trainer.memory.opt_state, trainer.order(mark), arrays)
        trainer.memory.opt_state = state
    elif arrays:
        optimizer.set_weights(arrays)


def _trainer(model: "Model") -> "Trainer":
    if model._trainer is None:
        raise RuntimeError(f"Model {model.name!r} is not compiled, so it has no optimizer whose state could be set.")
    return model._trainer


def unlisted(model: "Model") -> dict[str, Any]:
    """Return the numbers of the state that Keras 1 keeps in no file: some counts of updates, Nadam's schedule."""
    trainer = getattr(model, "_trainer", None)
    if trainer is None or not _pure(trainer):
        return {}
    state: Any = trainer.memory.opt_state
    optimizer = trainer.optimizer
    numbers = {} if optimizer.counted else {"iterations": float(state.iterations)}
    return numbers | {name: float(slot) for name, slot in state.slots.items() if name not in optimizer.slots}


def restore_unlisted(model: "Model", numbers: Mapping[str, Any]) -> None:
    """Set the numbers that `unlisted` returned; those that the optimizer does not know are left out."""
    trainer = _trainer(model)
    if not _pure(trainer):
        return
    state: Any = trainer.memory.opt_state
    known = unlisted(model)
    given = {name: value for name, value in numbers.items() if name in known}
    if not all(isinstance(value, int | float) for value in given.values()):
        raise FileFormatError(f"The file's state of the optimizer has no numbers: {dict(given)!r}.")
    if "iterations" in given:
        state = state._replace(iterations=like(state.iterations, given.pop("iterations")))
    slots = {name: like(state.slots[name], value) for name, value in given.items()}
    trainer.memory.opt_state = state._replace(slots={**state.slots, **slots})


# ---- in jkeras's own files


def leaves_of(model: "Model") -> list[Any] | None:
    """Return all arrays of the state, in the order in which JAX flattens it; ``None`` for a model that is not compiled."""
    trainer = getattr(model, "_trainer", None)
    if trainer is None:
        return None
    return [leaf if _is_key(leaf) else np.array(readable(leaf)) for leaf in jax.tree.leaves(trainer.memory.opt_state)]


def restore_leaves(model: "Model", leaves: Any) -> None:
    """Set the state from what `leaves_of` returned.

    Raises:
        FileFormatError: it is the state of another optimizer, or other weights trained.
    """
    memory = _trainer(model).memory
    own, structure = jax.tree.flatten(memory.opt_state)
    kinds = [(np.shape(leaf), _is_key(leaf)) for leaf in own]
    found = [(np.shape(leaf), _is_key(leaf)) for leaf in leaves] if isinstance(leaves, list) else None
    if kinds != found:
        raise FileFormatError(
            f"The file's state of the optimizer does not fit {type(_trainer(model).optimizer).__name__} on the weights of "
            f"{model.name!r} that train: it is that of another optimizer, or other weights trained."
        )
    memory.opt_state = jax.tree.unflatten(
        structure, [new if _is_key(old) else like(old, new) for old, new in zip(own, leaves, strict=True)]
    )


def _is_key(leaf: Any) -> bool:
    return hasattr(leaf, "dtype") and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
