"""Keras 1's custom layers as pure functions.

Such a layer makes its weights in `build` (``self.W = self.add_weight(...)``) and reads them in `call(x, mask)`. After
`build` the attributes hold handles. For each traced call a shallow copy of the layer has the handles replaced by the
arrays of `params` and `state`, and `call` runs on the copy: the layer itself is never touched while JAX traces.
"""

import copy
import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jkeras.backend.config import learning_phase_scope
from jkeras.backend.random import key_scope
from jkeras.backend.variables import Variable, unwrap
from jkeras.engine.contract import Context, Weight
from jkeras.engine.weights import WeightHandle
from jkeras.typing import Params, State

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["adopt", "adopt_attributes", "apply", "apply_with_state", "filled"]


def apply_with_state(self: "Layer", params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Any, State]:  # noqa: B008
    """Run `call` on a copy of the layer that holds arrays in place of weights."""
    arrays = {**params, **state}
    stand_in = filled(self, arrays)
    updates: list[tuple[Any, Any]] = []
    vars(stand_in)["_updates"] = updates
    before = dict(vars(stand_in))
    with learning_phase_scope(ctx.train), key_scope(ctx.key):
        value = _call(stand_in, x, ctx.mask)
    changed = sorted(name for name, entry in vars(stand_in).items() if name not in before or before[name] is not entry)
    if changed:
        raise ValueError(
            f"Layer {self.name!r} ({type(self).__name__}): call() sets the attribute {', '.join(map(repr, changed))}. A call is "
            "traced once and must not change the layer: make weights in build(), and report changes of non-trainable weights "
            "with self.add_update([(weight, new_value)])."
        )
    return unwrap(value), _updated(self, state, arrays, updates)


def filled(layer: Any, arrays: Mapping[str, Any]) -> Any:
    """Return a copy of `layer` whose attributes hold arrays in place of the handles of its weights."""
    stand_in = copy.copy(layer)
    for name, value in vars(layer).items():
        new = _fill(value, layer, arrays)
        if new is not value:
            vars(stand_in)[name] = new
    return stand_in


def apply(self: "Layer", params: Params, x: Any) -> Any:
    """Inference of a layer without non-trainable weights."""
    own_state = [spec.name for spec in self.weight_declarations if not spec.trainable]
    if own_state:
        raise ValueError(
            f"Layer {self.name!r} has non-trainable weights {own_state}: use y, state = layer.apply_with_state(params, state, x)."
        )
    return apply_with_state(self, params, {}, x)[0]


def adopt(layer: "Layer", variables: Any, trainable: bool, saved: bool = True) -> None:
    """Make plain variables (``K.variable``) that a layer lists as its weights into weights of the layer."""
    adopted = vars(layer).setdefault("_adopted", {})
    for variable in variables:
        if isinstance(variable, WeightHandle) or id(variable) in adopted:
            continue
        if not isinstance(variable, Variable):
            raise TypeError(
                f"Layer {layer.name!r}: a list of weights holds variables (from self.add_weight or K.variable); got {type(variable).__name__}."
            )
        name = str(variable.name or "").removeprefix(f"{layer.name}_") or f"weight_{len(layer.weight_declarations) + 1}"
        if name in layer._handles:
            name = f"{name}_{len(layer.weight_declarations) + 1}"
        spec = Weight(name, tuple(variable.shape), variable.get_value(), trainable=trainable, saved=saved)
        # The variable is kept so that its id stays taken.
        adopted[id(variable)] = (variable, layer.declare(spec))


def adopt_attributes(layer: "Layer") -> None:
    """Let the attributes that hold adopted variables hold the handles of the weights instead."""
    adopted = vars(layer).get("_adopted", {})
    if not adopted:
        return

    def swap(value: Any) -> Any:
        return adopted[id(value)][1] if isinstance(value, Variable) and id(value) in adopted else value

    for name, value in list(vars(layer).items()):
        if name not in ("_adopted", "_handles"):
            vars(layer)[name] = _map(value, swap)


def _fill(value: Any, layer: "Layer", arrays: Mapping[str, Any]) -> Any:
    def pick(entry: Any) -> Any:
        own = isinstance(entry, WeightHandle) and entry.layer is layer
        return arrays.get(entry.spec.name, entry) if own else entry

    return _map(value, pick)


def _map(value: Any, function: Any) -> Any:
    """Apply `function` to a value or to the entries of a list, tuple or dict; the same object if nothing changes."""
    if isinstance(value, list | tuple):
        mapped = [_map(entry, function) for entry in value]
        return value if all(new is old for new, old in zip(mapped, value, strict=True)) else type(value)(mapped)
    if isinstance(value, dict):
        mapped_dict = {name: _map(entry, function) for name, entry in value.items()}
        return value if all(mapped_dict[name] is entry for name, entry in value.items()) else mapped_dict
    return function(value)


def _call(layer: Any, x: Any, mask: Any) -> Any:
    parameters = inspect.signature(layer.call).parameters
    takes_mask = "mask" in parameters or any(entry.kind is entry.VAR_KEYWORD for entry in parameters.values())
    return layer.call(x, mask=mask) if takes_mask else layer.call(x)


def _updated(layer: "Layer", state: State, arrays: dict[str, Any], updates: list[tuple[Any, Any]]) -> State:
    if not updates:
        return state
    names = {id(array): name for name, array in arrays.items()}
    new = dict(state)
    for variable, value in updates:
        name = variable.spec.name if isinstance(variable, WeightHandle) else names.get(id(variable))
        if name not in new:
            raise ValueError(f"Layer {layer.name!r}: add_update takes pairs (non-trainable weight of this layer, new value).")
        new[name] = unwrap(value)
    return new
