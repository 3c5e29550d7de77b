"""The models of an ensemble: built one after the other as n processes would build them, and checked to be of one kind."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jkeras.backend import config
from jkeras.backend.variables import Reads, reading
from jkeras.engine.model import Model
from jkeras.engine.rules import ScriptedRule
from jkeras.engine.step import Batch
from jkeras.errors import did_you_mean
from jkeras.optim.base import OptState, checked
from jkeras.optim.settings import like

__all__ = ["as_a_process_begins", "build", "check_alike", "check_variables", "numbers_kept"]


def build(
    model_fn: Callable[[], Any], seeds: Sequence[int], hyper: Mapping[str, Sequence[float]]
) -> tuple[list[Model], list[np.random.RandomState]]:
    """Return a compiled model for each seed, and what goes on with the numbers of ``np.random`` after it was built.

    Args:
        model_fn: makes a compiled model.
        seeds: of ``np.random``.
        hyper: a value for each model, by the names of hyper-parameters.
    """
    models: list[Model] = []
    streams: list[np.random.RandomState] = []
    owners: dict[int, Any] = {}  # by the ids of models, layers and optimizers
    with numbers_kept():
        for index, seed in enumerate(seeds):
            with as_a_process_begins():
                np.random.seed(seed)
                model = model_fn()
            _check_model(model)
            _check_separate(model, owners)
            if models:
                check_alike(models[0], model, index)
            _set_hyper(model, {name: values[index] for name, values in hyper.items()})
            models.append(model)
            streams.append(np.random.RandomState())
            streams[-1].set_state(np.random.get_state())
    return models, streams


@contextlib.contextmanager
def numbers_kept() -> Iterator[None]:
    """Leave ``np.random`` after a ``with`` block as it was before."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


@contextlib.contextmanager
def as_a_process_begins() -> Iterator[None]:
    """Count names from 1 inside a ``with`` block: random keys depend on the names of layers."""
    with config._uids_lock:
        kept = dict(config._uids)
        config._uids.clear()
    try:
        yield
    finally:
        with config._uids_lock:
            config._uids.clear()
            config._uids.update(kept)


# ---- checks


def _check_model(model: Any) -> None:
    if not isinstance(model, Model):
        raise TypeError(f"ensemble: model_fn has to return a compiled model; it returned {model!r}.")
    trainer = model._trainer
    if trainer is None:
        raise ValueError("ensemble: model_fn returned a model that is not compiled: call model.compile(…) in it.")
    if isinstance(trainer.rule, ScriptedRule):
        raise NotImplementedError(
            f"ensemble: {type(model.optimizer).__name__} has a get_updates or get_gradients of its own, whose state is in "
            "variables that all members would share. Write the optimizer as a pair of functions init and update (see "
            "jkeras.optim), or train the models one by one."
        )
    if trainer.layout is not None:
        raise NotImplementedError(
            "ensemble: the members are split over the devices, not their batches: compile in model_fn without mesh=, outside of "
            "`with data_parallel()`."
        )


def _check_separate(model: Model, owners: dict[int, Any]) -> None:
    """Raise where a model has something in common with an earlier one; note what it has."""
    parts: list[Any] = [model, *(place.layer for place in model.ledger.places)]
    if hasattr(model.optimizer, "attach"):
        parts.append(model.optimizer)
    for part in parts:
        if id(part) not in owners:
            continue
        if part is model:
            what = "the same model twice"
        elif part is model.optimizer:
            what = f"models that share one optimizer object ({type(part).__name__})"
        else:
            what = f"models that share the layer {part.name!r}"
        raise ValueError(f"ensemble: model_fn returned {what}. Make everything anew inside model_fn.")
    owners.update({id(part): part for part in parts})


def check_alike(first: Model, other: Model, index: int) -> None:
    """Raise a `ValueError` unless two members compute the same but for their arrays."""
    for (what, one), (_, two) in zip(_traits(first), _traits(other), strict=True):
        if one != two:
            raise ValueError(
                f"ensemble: member {index} differs from member 0 in {what}: {_difference(one, two)}. One program trains all "
                "members, so that only their arrays may differ: initial weights, states, and hyper-parameters such as lr."
            )


def _traits(model: Model) -> Iterator[tuple[str, Any]]:
    """Yield what is part of the compiled program, with a name for it."""
    yield "its class", type(model).__name__
    yield "its layers", _layers(model)
    yield (
        "its weights",
        [
            (*place.path, spec.name, tuple(spec.shape), str(spec.dtype), place.trainable)
            for place in model.ledger.places
            for spec in place.layer.weight_declarations
        ],
    )
    yield "the arguments of compile", _plain([model.loss, model.metrics, model.loss_weights, model.sample_weight_mode])
    optimizer: Any = model.optimizer
    yield "its optimizer", type(optimizer).__name__
    yield "settings of its optimizer", _plain(optimizer.constants()) if hasattr(optimizer, "constants") else None
    assert model._trainer is not None
    structure = jax.tree.structure(model._trainer.memory.opt_state)
    yield "the state of its optimizer", structure


def _layers(model: Model) -> Any:
    try:
        return _plain(model.get_config())
    except Exception:  # of a script's layer, which nobody has asked for a config before
        return [f"{layer.name}: {type(layer).__name__}" for layer in model.layers]


def _plain(value: Any) -> Any:
    """Return settings as they can be compared: functions, which a model_fn may make anew each time, by their names."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.ndarray | jax.Array):
        return np.asarray(value).tolist()
    if callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return value if isinstance(value, str | int | float | bool | None) else repr(type(value))


def _difference(one: Any, two: Any) -> str:
    """Return the first place in which two settings differ, as text."""
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return next(_difference(a, b) for a, b in zip(one, two, strict=True) if a != b)
    if isinstance(one, dict) and isinstance(two, dict) and one.keys() == two.keys():
        key = next(key for key in one if one[key] != two[key])
        inner = _difference(one[key], two[key])
        return inner if isinstance(one[key], dict | list) else f"{key}: {inner}"
    return f"{two!r} in place of {one!r}"


# ---- hyper-parameters


def _set_hyper(model: Model, values: Mapping[str, float]) -> None:
    """Write hyper-parameters into the state of a model's optimizer."""
    if not values:
        return
    assert model._trainer is not None
    memory: Any = model._trainer.memory
    optimizer = model.optimizer
    owner, state = type(optimizer).__name__, memory.opt_state
    if not isinstance(state, OptState) or not state.hyper:
        raise ValueError(
            f"ensemble: {next(iter(values))}= is a value for each member, but the state of the optimizer ({owner}) has no "
            "hyper-parameters by name. Those of jkeras.optimizers and jkeras.optim have."
        )
    for name, value in values.items():
        if name not in state.hyper:
            raise ValueError(
                f"ensemble: {owner} has no hyper-parameter {name!r}.{did_you_mean(name, state.hyper)} It has {sorted(state.hyper)}."
            )
        setting = getattr(optimizer, name, None) if hasattr(optimizer, "attach") else None
        if setting is not None:
            setting.set_value(value)
        else:
            checked(owner, **{name: value})
            state = memory.opt_state
            memory.opt_state = state._replace(hyper={**state.hyper, name: like(state.hyper[name], value)})


# ---- variables of the script


def check_variables(models: Sequence[Model], batch: Batch) -> None:
    """Raise unless the steps of the first and of the last member read the same variables of the script.

    Args:
        batch: abstract arrays of one batch.
    """
    one, two = (_variables(model, batch) for model in (models[0], models[-1]))
    if one != two:
        raise NotImplementedError(
            "ensemble: the members read variables (K.variable) that were made in model_fn; the program would use those of the "
            "first member for all. Make a variable that they share outside of model_fn, or a weight of a layer."
        )


def _variables(model: Model, batch: Batch) -> list[int]:
    trainer = model._trainer
    assert trainer is not None
    params, state = model.gather()
    with reading(Reads()) as reads:
        jax.eval_shape(trainer.programs._test_batch, params, state, batch, 0, 0)
    return [id(variable) for variable in reads.unknown]
