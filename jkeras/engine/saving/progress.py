"""What training needs beside weights and Keras 1's optimizer state, to go on as if it had never stopped.

It is a nested dict of numbers and arrays: the seed of the random keys and the steps that they are folded with, the place
between two epochs, the states of stateful layers, and those numbers of the optimizer that Keras 1 kept in no file.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.distribute.hosts import readable
from jkeras.engine import tree
from jkeras.engine.position import Position
from jkeras.errors import FileFormatError

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["from_json", "progress_of", "restore_counters", "restore_states", "states_of", "to_json"]


def progress_of(model: "Model") -> dict[str, Any]:
    """Return the counters of a model, and the place between two epochs if it is at one; nothing of a mere graph of layers."""
    if not hasattr(model, "steps_done"):
        return {}
    place = model.position
    random = None if place is None else _flat_random(place.random or np.random.get_state(legacy=False))
    return {
        "seed": model._run_seed,
        "steps": model.steps_done,
        "inference_steps": model._inference_steps,
        "epochs": None if place is None else place.epochs,
        "order": None if place is None or random is None else np.asarray(place.order, np.int32),
        "random": random,
    }


def _flat_random(state: Mapping[str, Any]) -> dict[str, Any] | None:
    if state["bit_generator"] != "MT19937":  # a script has put another one in place of numpy's own
        return None
    return {
        "key": np.asarray(state["state"]["key"], np.uint32),
        "pos": int(state["state"]["pos"]),
        "has_gauss": int(state["has_gauss"]),
        "gauss": float(state["gauss"]),
    }


def restore_counters(model: "Model", progress: Mapping[str, Any]) -> None:
    """Set a model's counters, and where its next `fit` goes on.

    Raises:
        FileFormatError: `progress` is not what `progress_of` returns.
    """
    seed, steps, inference = (_count(progress, name) for name in ("seed", "steps", "inference_steps"))
    epochs, order, random = (progress.get(name) for name in ("epochs", "order", "random"))
    start = None
    if epochs is not None and order is not None and random is not None:
        start = _position(_count(progress, "epochs") or 0, order, random)
    model.steps_done, model._inference_steps = steps or 0, inference or 0
    model.resumes_at = model.position = start
    if seed is not None:
        model._run_seed = seed
        if model._trainer is not None:
            model._trainer.reseed(seed)


def _count(progress: Mapping[str, Any], name: str) -> int | None:
    value = progress.get(name)
    if value is not None and not (isinstance(value, int) and 0 <= value < 2**62):
        raise FileFormatError(f"The file's {name!r} is a count; got {value!r}.")
    return value


def _position(epochs: int, order: Any, random: Any) -> Position:
    order = np.asarray(order)
    if order.ndim != 1 or not np.array_equal(np.sort(order), np.arange(len(order))):
        raise FileFormatError("The order of the samples in the file has not each number once.")
    try:
        key, gauss = np.asarray(random["key"]), float(random["gauss"])
        pos, has_gauss = int(random["pos"]), int(random["has_gauss"])
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(f"The file's state of np.random is not complete: {error!r}.") from None
    if key.shape != (624,) or not 0 <= pos <= 624 or has_gauss not in (0, 1):
        raise FileFormatError("The file's state of np.random is none of the generator MT19937.")
    state = {"key": key.astype(np.uint32), "pos": pos}
    return Position(epochs, order, {"bit_generator": "MT19937", "state": state, "has_gauss": has_gauss, "gauss": gauss})


# ---- states of stateful layers


def states_of(model: "Model") -> dict[str, Any]:
    """Return what the layers carry from batch to batch, as a pytree without the running statistics, which are weights."""
    return model.ledger.gather(
        lambda place: {
            spec.name: np.array(readable(place.layer.own_arrays(spec.trainable)[spec.name]))
            for spec in place.layer.weight_declarations
            if not spec.saved
        }
    )


def restore_states(model: "Model", states: Any) -> None:
    """Give stateful layers the states that `states_of` returned, also for batches of another size than they are made for.

    Raises:
        FileFormatError: a layer's states are not in `states`, or have another shape.
    """
    found = []
    for place in model.ledger.places:
        entry = tree.find(states, place.path) if isinstance(states, Mapping) else None
        for spec in place.layer.weight_declarations:
            if spec.saved or entry is None:
                continue
            value = np.asarray(entry.get(spec.name)) if isinstance(entry, Mapping) else np.zeros(())
            if (
                value.ndim != len(spec.shape)
                or value.shape[1:] != tuple(spec.shape)[1:]
                or value.dtype.kind not in "biuf"
            ):
                raise FileFormatError(
                    f"The state {spec.name!r} of layer {place.layer.name!r} has shape {tuple(spec.shape)}; the file has "
                    f"{value.dtype} of shape {value.shape}."
                )
            found.append((place.layer, spec, value))
    for layer, spec, value in found:
        if value.shape[0] != layer._handles[spec.name].shape[0]:
            layer.reset_states(batch_size=value.shape[0])
        layer._handles[spec.name].set_value(value)


# ---- as JSON, in an attribute that Keras 1 does not look at


def to_json(value: Any) -> Any:
    """Return a nested dict in which arrays are dicts of type, shape and bytes in base 64."""
    if isinstance(value, Mapping):
        return {name: to_json(entry) for name, entry in value.items()}
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value, value.dtype.newbyteorder("<"))
        return {
            "dtype": value.dtype.name,
            "shape": list(value.shape),
            "base64": base64.b64encode(data.tobytes()).decode("ascii"),
        }
    return value


def from_json(value: Any) -> Any:
    """Return what `to_json` was given.

    Raises:
        FileFormatError: bytes, type and shape of an array do not belong together.
    """
    if not isinstance(value, dict):
        return value
    if set(value) != {"dtype", "shape", "base64"}:
        return {name: from_json(entry) for name, entry in value.items()}
    try:
        if value["dtype"] not in ("float16", "float32", "float64", "int32", "int64", "uint32", "bool"):
            raise ValueError(f"unknown type {value['dtype']!r}")
        dtype = np.dtype(value["dtype"])
        data = base64.b64decode(value["base64"], validate=True)
        return (
            np.frombuffer(data, dtype.newbyteorder("<")).astype(dtype).reshape([int(size) for size in value["shape"]])
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise FileFormatError(f"The file has an array that is none: {error}.") from None
