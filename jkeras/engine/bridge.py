"""Keras 1's custom layers as pure functions.

Such a layer makes its weights in `build` (``self.W = self.add_weight(...)``) and reads them in `call(x, mask)`. After
`build` the attributes hold handles. For each traced call a shallow copy of the layer has the handles replaced by the
arrays of `params` and `state`, and `call` runs on the copy: the layer itself is never touched while JAX traces.

Layers in its attributes are parts of the layer: their arrays stand under their names in its `params` and `state`, and
``self.inner(x)`` or ``self.inner.call(x)`` computes with them. While a call runs, every handle of the layer and of its
parts reads as the traced array, wherever it is kept.
"""

import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jkeras.backend.config import learning_phase, learning_phase_scope
from jkeras.backend.random import key_scope
from jkeras.backend.variables import Reads, reading, unwrap
from jkeras.engine import tree
from jkeras.engine.attributes import adopt, copied, is_handle, map_entries, own_attributes, same, shallow_copy
from jkeras.engine.contract import Context, Result
from jkeras.engine.rebuild import built_aside
from jkeras.engine.unkeyed import with_or_without_key
from jkeras.engine.weights import WeightHandle, stable_hash
from jkeras.errors import MissingStateError
from jkeras.typing import Array, Key, Params, State

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = [
    "CallError",
    "Reports",
    "add_loss",
    "add_update",
    "adopt",
    "apply",
    "apply_with_state",
    "call",
    "filled",
    "held",
    "is_running",
    "run",
]


class CallError(ValueError):
    """A mistake in a `call` that has nothing to do with shapes: it is told where the model is built."""


class _Frame:
    """One running call: the arrays that stand for the handles, and the updates that are reported.

    Args:
        layer: whose `call` runs.
        params, state: of the layer and of its parts, nested by name.
        ctx: of the call.
    """

    def __init__(self, layer: "Layer", params: Params, state: State, ctx: Context):
        self.layer, self.ctx = layer, ctx
        self.places = layer.ledger.places
        self.arrays: dict[Any, Array] = {}
        self.names: dict[int, WeightHandle] = {}
        self.updates: dict[WeightHandle, Array] = {}
        self.penalty: Any = 0.0
        self.calls: Counter[str] = Counter()
        for place in self.places:
            given = {**(tree.find(params, place.path) or {}), **(tree.find(state, place.path) or {})}
            for name, handle in place.layer._handles.items():
                if name in given:
                    array = given[name]
                    # An array must tell which weight it is, to `add_update`.
                    self.arrays[handle] = jnp.copy(array) if id(array) in self.names else array
                    self.names[id(self.arrays[handle])] = handle

    def key_for(self, name: str) -> Any:
        """Return the random key of the next call of a part."""
        if self.ctx.key is None:
            return None
        self.calls[name] += 1
        return jax.random.fold_in(self.ctx.key, stable_hash(name, self.calls[name]))

    def update(self, weight: Any, value: Any, is_made: bool = True) -> None:
        """Note the new value of a non-trainable weight, if it `is_made` in this run; the first report counts, as in Keras 1."""
        handle = weight if isinstance(weight, WeightHandle) else self.names.get(id(weight))
        if handle is None or handle not in self.arrays or handle.spec.trainable:
            got = (
                f"the trainable weight {handle.name!r}"
                if handle is not None and handle.spec.trainable
                else repr(weight)
            )
            raise CallError(
                f"Layer {self.layer.name!r}: add_update takes pairs (non-trainable weight of this layer, new value); got {got}. "
                "Make the weight in build() by self.add_weight(..., trainable=False)."
            )
        old, new = self.arrays[handle], jnp.asarray(unwrap(value))
        if new.shape != old.shape:
            raise CallError(
                f"Layer {self.layer.name!r}: add_update gives weight {handle.spec.name!r} of shape {old.shape} a value of shape "
                f"{new.shape}; the shape cannot change."
            )
        if is_made:
            self.updates.setdefault(handle, new.astype(old.dtype))

    def new_state(self, state: State) -> State:
        """Return `state` with the updates."""
        for place in self.places:
            for name, handle in place.layer._handles.items():
                if handle in self.updates:
                    state = tree.replaced(state, (*place.path, name), self.updates[handle])
        return state


_frame: ContextVar[_Frame | None] = ContextVar("frame", default=None)


@contextmanager
def _running(frame: _Frame) -> Iterator[None]:
    token = _frame.set(frame)
    try:
        with reading(Reads.over(frame.arrays)), learning_phase_scope(frame.ctx.train), key_scope(frame.ctx.key):
            yield
    finally:
        _frame.reset(token)


def is_running() -> bool:
    """Whether the `call` of a custom layer is being computed."""
    return _frame.get() is not None


# ---- the functional face of a layer that has `call`


def apply_with_state(
    self: "Layer",
    params: Params,
    state: State,
    x: Any,
    ctx: Context = Context(),  # noqa: B008
) -> tuple[Any, State]:
    """Run `call` on a copy of the layer that holds arrays in place of weights."""
    value, state, _ = _run_call(self, params, state, x, ctx)
    return value, state


def run(self: "Layer", params: Params, state: State, x: Any, ctx: Context) -> Result:
    """One call inside a graph, with what the layer's `call` gave to `add_loss`."""
    value, state, penalty = _run_call(self, params, state, x, ctx)
    return Result(value, self.compute_mask(x, ctx.mask), state, self.activity_penalty(value) + penalty)


def _run_call(layer: "Layer", params: Params, state: State, x: Any, ctx: Context) -> tuple[Any, State, Any]:
    if not layer.built:
        # A researcher's layer may never have been connected: what it computes depends on params and x alone.
        layer = _built_for(layer, x, weightless=not params and not state)

    def compute(key: Key | None) -> tuple[Any, State, Any]:
        frame = _Frame(layer, params, state, ctx._replace(key=key))
        stand_ins: dict[int, tuple[Any, dict[str, Any]]] = {}
        stand_in = _stand_in(layer, frame, stand_ins)
        with _running(frame):
            value = _call(stand_in, x, ctx.mask)
        for used, before in stand_ins.values():
            _refuse_changes(used, before, frame)
        return unwrap(value), frame.new_state(state), frame.penalty

    return with_or_without_key(compute, ctx.key)


def apply(self: "Layer", params: Params, x: Any) -> Any:
    """Inference of a layer without non-trainable weights."""
    holders = [place.layer for place in self.ledger.places if place.layer.has_state]
    if holders:
        raise MissingStateError(
            f"Layer {holders[0].name!r} has state: use y, state = layer.apply_with_state(params, state, x) on {self.name!r}."
        )
    return apply_with_state(self, params, {}, x)[0]


def call(layer: "Layer", x: Any, mask: Any = None, *, inherited: bool = False) -> Any:
    """Return the output of a layer, computed with the arrays that its handles stand for now.

    Args:
        layer: part of the layer whose call is running, or any layer outside of calls.
        x, mask: of the call.
        inherited: leave out the `call` that the layer's own class overrides: what ``super().call(x)`` means.
    """
    if inherited:
        from jkeras.engine.layer import Layer

        ours = next(cls for cls in type(layer).__mro__ if issubclass(cls, Layer) and not cls.is_custom)
        if ours is Layer:
            return x
        layer = shallow_copy(layer)
        layer.__class__ = ours
    frame = _frame.get()
    if not layer.built and frame is None:  # in a loss or Lambda: it is no part of the model, and never trains
        layer.ensure_built(_shapes_of_samples(x))
    if not layer.built:
        layer = _built_for(layer, x)
    params, state = held(layer)
    key = None if frame is None else frame.key_for(layer.name)
    ctx = Context(bool(learning_phase()), key, mask, updates=None if frame is None else frame.ctx.moves)
    if inherited:
        value, state = layer.apply_with_state(params, state, x, ctx)
    else:
        value, _, state, penalty = layer.run(params, state, x, ctx)
        if frame is not None:
            frame.penalty = frame.penalty + penalty
    if frame is not None:
        for place in layer.ledger.places:
            for name, array in (tree.find(state, place.path) or {}).items():
                if name in place.layer._handles:
                    frame.update(place.layer._handles[name], array)
    return value


def held(layer: "Layer") -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the params and the state that the layer's handles read as now: numbers, or while a call runs its arrays."""
    ledger = layer.ledger

    def pick(trainable: bool) -> dict[str, Any]:
        return ledger.gather(
            lambda place: {name: h.value for name, h in place.layer._handles.items() if h.spec.trainable is trainable}
        )

    return pick(True), pick(False)


def _built_for(layer: "Layer", x: Any, *, weightless: bool = True) -> "Layer":
    """Return a built copy of a layer that is computed with before it is built.

    Args:
        weightless: whether it must not have weights, since none were given.
    """
    shape = [jnp.shape(entry) for entry in x] if isinstance(x, list | tuple) else jnp.shape(x)
    twin = built_aside(layer, shape)
    if weightless and twin.ledger.places:
        raise CallError(
            f"Layer {layer.name!r} ({type(layer).__name__}) is computed with before it is built, so it has no weights. A layer "
            f"inside a custom layer is built in that layer's build(), such as self.inner.build(input_shape)."
        )
    return twin


def add_update(layer: "Layer", pairs: Any) -> None:
    """Note new values of non-trainable weights, for the state that the running call returns."""
    frame = _frame.get()
    if frame is None:
        raise ValueError(f"Layer {layer.name!r}: add_update is called inside call(), where the new value is computed.")
    # As in Keras 1: those of a stateful layer in every run, others when a model trains.
    is_made = frame.ctx.moves or bool(getattr(layer, "stateful", False))
    for weight, value in [pairs] if isinstance(pairs, tuple) else pairs:
        frame.update(weight, value, is_made)


def add_loss(layer: "Layer", losses: Any) -> None:
    """Note penalties, for the loss of the model that the running call is part of."""
    frame = _frame.get()
    if frame is None:
        raise ValueError(
            f"Layer {layer.name!r}: add_loss is called inside call(), where the penalty is computed. A penalty on a weight is the "
            "regularizer= of add_weight."
        )
    for loss in losses if isinstance(losses, list | tuple) else [losses]:
        frame.penalty = frame.penalty + jnp.sum(unwrap(loss))


class Reports(list):
    """What ``self.updates`` and ``self.losses`` are inside a call: what is put there is reported.

    Args:
        report: takes a list of entries.
    """

    def __init__(self, report: Callable[[Any], None]):
        super().__init__()
        self._report = report

    def append(self, entry: Any) -> None:
        self.extend([entry])

    def extend(self, entries: Any) -> None:
        entries = list(entries)
        self._report(entries)
        super().extend(entries)

    def __iadd__(self, entries: Any) -> "Reports":
        self.extend(entries)
        return self


def _shapes_of_samples(x: Any) -> Any:
    """Return the shape of `x`, or the shapes of a list, with an open batch size."""
    if isinstance(x, list | tuple):
        return [_shapes_of_samples(entry) for entry in x]
    return (None, *jnp.shape(x)[1:])


# ---- stand-ins


def filled(layer: Any, arrays: Mapping[str, Any]) -> Any:
    """Return a copy of `layer` whose attributes hold arrays in place of the handles of its weights."""
    by_handle = {handle: arrays[name] for name, handle in layer._handles.items() if name in arrays}
    stand_in = shallow_copy(layer)
    for name, value in own_attributes(layer).items():
        vars(stand_in)[name] = map_entries(
            value, lambda entry: by_handle.get(entry, entry) if is_handle(entry) else entry
        )
    return stand_in


def _stand_in(layer: Any, frame: _Frame, made: dict[int, tuple[Any, dict[str, Any]]]) -> Any:
    """Return a copy of a layer with `call` whose attributes hold arrays for handles, and stand-ins for such layers.

    `made` keeps for each layer its copy, and the attributes that the copy has before the call.
    """
    if id(layer) in made:
        return made[id(layer)][0]
    stand_in, before = shallow_copy(layer), {}
    made[id(layer)] = stand_in, before

    def fill(value: Any) -> Any:
        if is_handle(value):
            return frame.arrays.get(value, value)
        inner = getattr(type(value), "apply_with_state", None) is apply_with_state
        return _stand_in(value, frame, made) if inner else value

    for name, value in own_attributes(layer).items():
        before[name] = map_entries(value, fill)
        # Lists and dicts are copied: what a call puts into them must not stay in the layer.
        vars(stand_in)[name] = copied(before[name])
    return stand_in


def _refuse_changes(stand_in: Any, before: dict[str, Any], frame: _Frame) -> None:
    now = own_attributes(stand_in)
    changed = {name for name, value in now.items() if name not in before or not same(value, before[name])}
    # Keras 1's scripts keep what `step` or another method reads in a new attribute: it holds for this one call.
    passing = {name for name in changed if _is_passing(before.get(name), now[name], frame)}
    stand_in._passing.update(passing)
    lost = sorted(changed - passing)
    if lost:
        raise CallError(
            f"Layer {stand_in.name!r} ({type(stand_in).__name__}): call() changes the attribute {', '.join(map(repr, lost))}. A "
            "call is traced once and must not change the layer: make weights in build(), and report changes of non-trainable "
            "weights with self.add_update([(weight, new_value)])."
        )


def _is_passing(old: Any, new: Any, frame: _Frame) -> bool:
    """Whether a call may put `new` where `old` was: what it has computed itself, but not in place of a weight, list or count."""
    if old is None:
        return True
    if isinstance(old, list | dict) or id(old) in frame.names or is_handle(old):
        return False
    return isinstance(new, jax.Array)


def _call(layer: Any, x: Any, mask: Any) -> Any:
    parameters = inspect.signature(layer.call).parameters
    takes_mask = "mask" in parameters or any(entry.kind is entry.VAR_KEYWORD for entry in parameters.values())
    return layer.call(x, mask=mask) if takes_mask else layer.call(x)
