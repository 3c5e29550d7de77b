"""Derivatives of symbolic losses: what is behind `K.gradients`."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.backend.dispatch import Lazy
from jkeras.backend.variables import Reads, Variable, reading
from jkeras.engine import tree
from jkeras.engine.contract import Context, Result
from jkeras.engine.expressions import _Expression, variables_in
from jkeras.engine.graph import Graph
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.engine.weights import WeightHandle
from jkeras.typing import Array, Params, State

__all__ = ["Gradient", "gradients"]


class Gradient(_Expression):
    """The derivative of a symbolic loss, as a node of the graph.

    Args:
        loss: a symbolic tensor; its elements are summed.
        tensors: symbolic tensors to differentiate with respect to.
        wanted: variables (weights among them) to differentiate with respect to.
    """

    shares_key = True  # the loss draws the random numbers that it draws elsewhere in the graph

    def __init__(self, loss: KerasTensor, tensors: Sequence[KerasTensor], wanted: Sequence[Variable]):
        super().__init__("gradients")
        self.tensors = list(tensors)
        self.wanted = list(wanted)
        self.sources = _sources(loss, self.tensors)
        self.graph = Graph([*self.tensors, *self.sources], [loss], self.name, named={})
        self.variables = list({id(v): v for v in [*self.wanted, *variables_in(self.graph)]}.values())

    def sublayers(self) -> Sequence[Layer]:
        return self.graph.layers

    def named_sublayers(self) -> list[tuple[str, Layer]]:
        return [(name, layer) for layer, name in self.graph.names.items()]

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        values = as_list(x)
        count = len(self.tensors)
        ledger = tree.survey(self)
        places = {id(place.layer): place.path for place in ledger.places}
        slim = ledger.collapse(params)  # a layer may stand at several places of the graph: it is one variable

        def loss(tensors: list[Array], variables: list[Array]) -> Array:
            own = slim
            for variable, value in zip(self.wanted, variables, strict=True):
                if isinstance(variable, WeightHandle) and id(variable.layer) in places:
                    own = tree.replaced(own, (*places[id(variable.layer)], variable.spec.name), value)
            with reading(Reads.over(dict(zip(self.wanted, variables, strict=True)))):
                arrays = [*tensors, *values[count:]]
                result = self.graph.run(
                    ledger.expand(own), state, arrays, [None] * len(arrays), ctx._replace(mask=None, as_called=True)
                )
            return jnp.sum(result.outputs[0])

        grads = jax.grad(loss, argnums=(0, 1))(values[:count], [variable.value for variable in self.wanted])
        return Result(one_or_list([*grads[0], *grads[1]]), None, {}, 0.0)


def gradients(loss: KerasTensor, variables: Any) -> Any:
    """Return the symbolic gradients of a symbolic loss (Keras 1's ``K.gradients``).

    Args:
        loss: a symbolic tensor; its elements are summed.
        variables: symbolic tensors or variables: one, or a list of them.

    Returns:
        A list of symbolic tensors, each of the shape of its variable.
    """
    wanted = [entry.resolved() if isinstance(entry, Variable) else entry for entry in as_list(variables)]
    if not isinstance(loss, KerasTensor):
        raise TypeError(
            f"K.gradients takes a symbolic loss; got {type(loss).__name__}. For functions of arrays use jax.grad."
        )
    for entry in wanted:
        if not isinstance(entry, KerasTensor | Variable):
            raise TypeError(
                f"K.gradients differentiates with respect to tensors and variables; got {type(entry).__name__}."
            )
    if all(id(entry) in loss.known_gradients for entry in wanted):
        return [loss.known_gradients[id(entry)] for entry in wanted]
    tensors = [entry for entry in wanted if isinstance(entry, KerasTensor)]
    boxes = [entry for entry in wanted if isinstance(entry, Variable)]
    # A graph is cut at the tensors; what another one of them, or a variable, contributes through a tensor must not be cut off.
    groups: list[tuple[list[Any], list[Any]]] = [([tensor], []) for tensor in tensors]
    if not any(_depends(tensor, [other for other in tensors if other is not tensor]) for tensor in tensors):
        groups = [(tensors, [])] if tensors else []
    groups += [([], boxes)] if boxes else []
    found: dict[int, KerasTensor] = {}
    for cut, variables_of in groups:
        layer = Gradient(loss, cut, variables_of)
        ordered = [*cut, *variables_of]
        lazy = all(isinstance(tensor, Lazy) for tensor in [loss, *cut, *layer.sources])
        results = layer.connect([*cut, *layer.sources], [(tuple(entry.shape), entry.dtype) for entry in ordered], lazy)
        found.update({id(entry): result for entry, result in zip(ordered, results, strict=True)})
    return [found[id(entry)] for entry in wanted]


def _depends(tensor: KerasTensor, others: Sequence[KerasTensor]) -> bool:
    """Whether a tensor is computed from one of the others."""
    wanted, seen = set(map(id, others)), set()
    stack = [tensor]
    while stack:
        one = stack.pop()
        if id(one) in wanted:
            return True
        if id(one) not in seen and not one.node.source:
            stack.extend(one.node.input_tensors)
        seen.add(id(one))
    return False


def _sources(loss: KerasTensor, stop: Sequence[KerasTensor]) -> list[KerasTensor]:
    """Return the inputs of the graph that `loss` depends on other than through the tensors in `stop`."""
    stops = {id(tensor) for tensor in stop}
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    stack = [loss]
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen or id(tensor) in stops:
            continue
        seen.add(id(tensor))
        if tensor.node.source:
            found[id(tensor)] = tensor
        else:
            stack.extend(reversed(tensor.node.input_tensors))
    return list(found.values())
