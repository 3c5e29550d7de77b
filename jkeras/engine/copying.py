"""How models are copied and pickled: with their layers and the calls of these, without what `compile` made."""

import copy
from typing import TYPE_CHECKING, Any, cast

from jkeras.engine.graph import Graph
from jkeras.engine.node import KerasTensor, Node

__all__ = ["HasCopies"]


class HasCopies:
    """The part of a model that `copy.deepcopy` and `pickle` ask."""

    inputs: list[KerasTensor]
    outputs: list[KerasTensor]

    if TYPE_CHECKING:

        @property
        def graph(self) -> Graph: ...

        def _connect(self, inputs: list[Any], outputs: list[Any]) -> None: ...

    def __getstate__(self) -> dict[str, Any]:
        """Return what `copy.deepcopy` and `pickle` take: the layers and their calls, without what `compile` made."""
        # What Model has defaults for is what compile() and fit() set.
        ours = [
            cls for cls in type(self).__mro__ if issubclass(cls, HasCopies) and cls.__module__.startswith("jkeras.")
        ]
        left_out = {"_graph", "_ledger"}.union(*map(vars, ours))
        whole = cast("dict[str, Any]", super().__getstate__())
        state = {name: value for name, value in whole.items() if name not in left_out}
        # In each layer's order of calls, in which they are entered again; otherwise from the inputs on. They come first, so
        # that each layer is copied before a later one that refers to it: a long chain would be a deep recursion.
        return {"_calls": self._entered_calls() if self.inputs else [], **state}

    def _entered_calls(self) -> list[Node]:
        """Return the calls that the layers know of, with those in a model that a Sequential begins with."""
        models = [cast(HasCopies, whole.outbound_layer) for whole in self.graph.wholes]
        own = [node for node in self.graph.nodes if node not in self.graph.wholes]
        return [
            *(node for model in models for node in model._entered_calls()),
            *sorted(own, key=lambda node: node.output_tensors[0].history[1]),
        ]

    def __setstate__(self, state: dict[str, Any]) -> None:
        calls = state.pop("_calls")
        vars(self).update(state)
        for node in calls:
            if node not in node.outbound_layer.inbound_nodes:  # another model of the same copy may have entered it
                node.enter()
        self._graph = self._ledger = None
        if self.inputs:
            self._connect(self.inputs, self.outputs)

    def twin(self, **changes: Any) -> Any:
        """Return a copy with other attributes."""
        twin = copy.deepcopy(self)
        vars(twin).update(changes)
        return twin
