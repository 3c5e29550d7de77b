"""Values of symbolic tensors, such as those that a loss closes over, from what a run of their model has computed."""

from collections.abc import Mapping, Sequence
from typing import Any

from jkeras.engine import bridge
from jkeras.engine.contract import Context
from jkeras.engine.graph import Graph
from jkeras.engine.node import KerasTensor
from jkeras.typing import Array, Params, State

__all__ = ["evaluate"]


def evaluate(
    value: Any,
    graph: Graph,
    known: Mapping[int, Any],
    params: Params,
    state: State,
    ctx: Context,
    given: Sequence[tuple[KerasTensor, Array]] = (),
) -> Any:
    """Return the array of a symbolic `value`, inside traced code, from the values of a run of `graph`.

    What is not symbolic is returned as it is. Used for losses and metrics that close over tensors of their model.

    Args:
        known: ``(array, mask)`` by ``id`` of a tensor, as `Graph.run` leaves them.
        params, state: of the layers that still have to run.
        ctx: of the run.
        given: other tensors and what they are, such as the targets.
    """
    if not isinstance(value, KerasTensor):
        return value
    known = {**known, **{id(tensor): (array, None) for tensor, array in given}}
    tensors = [tensor for tensor in [*graph.tensors(), *(tensor for tensor, _ in given)] if id(tensor) in known]
    rest = Graph(tensors, [value], f"a loss of {graph.name}", named=graph.names)
    pairs = [known[id(tensor)] for tensor in tensors]
    for layer, name in rest.names.items():
        if layer not in graph.names:  # such as a layer in a model, or one that computes a call of the model's once more
            own_params, own_state = bridge.held(layer)
            params, state = {**params, name: own_params}, {**state, name: own_state}
    return rest.run(params, state, [array for array, _ in pairs], [mask for _, mask in pairs], ctx).outputs[0]
