"""What stands in the attributes of a layer: weights, layers, lists of them; and variables that become weights.

A custom layer keeps its weights and its inner layers wherever it likes. These functions find them in attributes and in the
lists, tuples and dicts there.
"""

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from jax.core import Tracer

from jkeras.backend.dispatch import Lazy
from jkeras.backend.variables import Variable
from jkeras.engine.contract import Weight
from jkeras.engine.weights import WeightHandle
from jkeras.regularizers import on_weight, weights_told

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = [
    "Listing",
    "adopt",
    "adopt_attributes",
    "adopt_constraints",
    "adopt_regularizers",
    "copied",
    "is_connected",
    "is_handle",
    "map_entries",
    "own_attributes",
    "parts",
    "same",
    "shallow_copy",
    "unbuilt",
]

# What the engine keeps in a layer; everything else is the layer's own.
_ENGINE = frozenset(
    {
        "inbound_nodes",
        "outbound_nodes",
        "_weights",
        "_handles",
        "_params",
        "_state",
        "_order",
        "_adopted",
        "_constraints",
        "_regularizers",
        "_passing",
        "_noted",
        "_says_learning_phase",
    }
)


def own_attributes(layer: Any) -> dict[str, Any]:
    """Return the attributes of a layer that are not the engine's."""
    return {name: value for name, value in vars(layer).items() if name not in _ENGINE}


def unbuilt(value: Any) -> Any:
    """Return an attribute's value as it was before `build`: without handles, and with unbuilt copies of inner layers."""
    if isinstance(value, list):
        twin = copy.copy(value)
        twin[:] = [unbuilt(entry) for entry in value if not is_handle(entry)]
        return twin
    if isinstance(value, dict):
        twin = copy.copy(value)
        twin.clear()
        twin.update({name: unbuilt(entry) for name, entry in value.items() if not is_handle(entry)})
        return twin
    if hasattr(value, "inbound_nodes") and not is_connected(value):
        return value.twin()
    return value


def is_connected(layer: "Layer") -> bool:
    """Whether a layer has calls of its own, and so belongs to a model."""
    return any(not node.source for node in layer.inbound_nodes)


def shallow_copy(layer: Any) -> Any:
    """Return an object of the same class with the same attributes."""
    twin = object.__new__(type(layer))
    vars(twin).update(vars(layer))
    return twin


def parts(layer: "Layer") -> "list[Layer]":
    """Return the layers that the attributes of a custom layer hold, and those whose weights it lists as its own."""
    from jkeras.engine.layer import Layer

    found: dict[int, Layer] = {}

    def collect(value: Any) -> Any:
        if isinstance(value, WeightHandle):
            value = value.layer
        if isinstance(value, Layer) and value._handles is not layer._handles:  # copies of the layer share its handles
            found.setdefault(id(value), value)
        return value

    for value in own_attributes(layer).values():
        map_entries(value, collect)
    map_entries(list(layer._order.values()), collect)
    return list(found.values())


def is_handle(value: Any) -> bool:
    """Whether a value is the handle of a weight."""
    return isinstance(value, WeightHandle)


def map_entries(value: Any, function: Any) -> Any:
    """Apply `function` to a value or to the entries of a list, tuple or dict; the same object if nothing changes."""
    if isinstance(value, list | tuple):
        mapped = [map_entries(entry, function) for entry in value]
        if all(new is old for new, old in zip(mapped, value, strict=True)):
            return value
        return type(value)(*mapped) if hasattr(value, "_fields") else type(value)(mapped)
    if isinstance(value, dict):
        mapped_dict = {name: map_entries(entry, function) for name, entry in value.items()}
        return value if all(mapped_dict[name] is entry for name, entry in value.items()) else mapped_dict
    return function(value)


def copied(value: Any) -> Any:
    """Return a copy of a list or dict and of the lists and dicts in it; anything else as it is."""
    if isinstance(value, list):
        twin = copy.copy(value)
        twin[:] = [copied(entry) for entry in value]
        return twin
    if isinstance(value, dict):
        twin = copy.copy(value)
        twin.update({name: copied(entry) for name, entry in value.items()})
        return twin
    return value


def same(one: Any, two: Any) -> bool:
    """Whether two values are the same object, or lists or dicts of the same objects."""
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(same(one[name], two[name]) for name in one)
    return one is two


# ---- variables that become weights


def adopt(layer: "Layer", variables: Any, trainable: bool, saved: bool = True) -> list[WeightHandle]:
    """Make plain variables (``K.variable``) that a layer lists as its weights into weights of the layer; return the handles."""
    adopted = vars(layer).setdefault("_adopted", [])
    handles = []
    for variable in variables:
        known = [handle for old, handle in adopted if old is variable]
        if known:
            handles += known
        elif isinstance(variable, WeightHandle):
            handles.append(variable)
        elif isinstance(variable, Variable):
            name = (
                str(variable.name or "").removeprefix(f"{layer.name}_")
                or f"weight_{len(layer.weight_declarations) + 1}"
            )
            if name in layer._handles:
                name = f"{name}_{len(layer.weight_declarations) + 1}"
            drawn = variable.value  # in traced code it may be drawn from a traced key
            value = drawn if isinstance(drawn, Tracer) else variable.get_value()
            spec = Weight(name, tuple(variable.shape), value, trainable=trainable, saved=saved)
            handles.append(layer.declare(spec))
            adopted.append((variable, handles[-1]))
            variable.become(handles[-1])
        else:
            raise TypeError(
                f"Layer {layer.name!r}: a list of weights holds variables (from self.add_weight or K.variable); got "
                + (
                    f"{variable!r}. An expression of variables cannot be trained: make a variable of its value, "
                    "K.variable(K.eval(…)), or scale the initializer, self.init(shape, scale=…)."
                    if isinstance(variable, Lazy)
                    else f"{type(variable).__name__}."
                )
            )
    for handle in handles:
        if handle.layer is layer and handle.spec.trainable is not trainable:
            layer.redeclare(handle.spec._replace(trainable=trainable))
    return handles


class Listing(list):
    """What `trainable_weights` returns during `build`: a variable that is appended becomes a weight, as one that is assigned."""

    def __init__(self, layer: "Layer", trainable: bool, weights: list[WeightHandle]):
        super().__init__(weights)
        self._adopt = partial(adopt, layer, trainable=trainable)
        self._store = partial(layer._order.__setitem__, trainable)

    def append(self, variable: Any) -> None:
        self.extend([variable])

    def extend(self, variables: Any) -> None:
        super().extend(self._adopt(variables))
        self._store(list(self))

    def __iadd__(self, variables: Any) -> "Listing":
        self.extend(variables)
        return self


def adopt_constraints(layer: "Layer") -> None:
    """Let the constraints that `build` put into ``layer.constraints`` hold for the weights, and list all of them there."""
    for variable, constraint in layer._constraints.items():
        handle = next((handle for old, handle in vars(layer).get("_adopted", []) if old is variable), variable)
        if is_handle(handle) and handle.layer is layer:
            layer.redeclare(handle.spec._replace(constraint=constraint))
    layer.constraints = {h: h.spec.constraint for h in layer._handles.values() if h.spec.constraint is not None}


def adopt_regularizers(layer: "Layer") -> None:
    """Let the regularizers that `build` put into ``layer.regularizers`` act on the weights they were told; list all there."""
    adopted = vars(layer).get("_adopted", [])
    for regularizer in layer._regularizers:
        for told in weights_told(regularizer):
            handle = next((handle for old, handle in adopted if old is told), told)
            if is_handle(handle) and handle.layer is layer and handle.spec.regularizer is None:
                layer.redeclare(handle.spec._replace(regularizer=on_weight(regularizer, told)))
    layer.regularizers = [h.spec.regularizer for h in layer._handles.values() if h.spec.regularizer is not None]


def adopt_attributes(layer: "Layer") -> None:
    """Let the attributes that hold adopted variables hold the handles of the weights instead."""
    adopted = vars(layer).get("_adopted")
    if not adopted:
        return

    def swap(value: Any) -> Any:
        return next((handle for variable, handle in adopted if variable is value), value)

    for name, value in own_attributes(layer).items():
        vars(layer)[name] = map_entries(value, swap)
