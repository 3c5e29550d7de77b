"""Keras 1's tables of a model's graph: its calls and layers by their distance from the outputs, and the places of its ends.

What computes is `jkeras.engine.graph.Graph`; these are for scripts that look.
"""

from typing import TYPE_CHECKING

from jkeras.engine.graph import Graph
from jkeras.engine.node import KerasTensor, Node
from jkeras.typing import Shape

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["HasLevels"]


class HasLevels:
    """The part of a model that tells where its layers and calls are in the graph."""

    inputs: list[KerasTensor]
    outputs: list[KerasTensor]

    if TYPE_CHECKING:

        @property
        def graph(self) -> Graph: ...

    @property
    def nodes_by_depth(self) -> dict[int, list[Node]]:
        """The calls by the number of calls that follow them on the longest way to an output."""
        levels: dict[int, list[Node]] = {}
        for node in self.graph.nodes:
            levels.setdefault(self.graph.depths[node], []).append(node)
        return levels

    @property
    def layers_by_depth(self) -> "dict[int, list[Layer]]":
        """The layers by depth; of several calls the one that is farthest from the outputs counts."""
        farthest: dict[Layer, int] = {}
        for node, depth in self.graph.depths.items():
            farthest[node.outbound_layer] = max(depth, farthest.get(node.outbound_layer, 0))
        levels: dict[int, list[Layer]] = {}
        for layer in self.graph.layers:
            levels.setdefault(farthest[layer], []).append(layer)
        return levels

    @property
    def container_nodes(self) -> set[str]:
        """The calls of this graph, each as the name of its layer and its index there: ``'dense_1_ib-0'``."""
        entered = [node for node in self.graph.nodes if node not in self.graph.wholes]
        return {
            *(f"{node.outbound_layer.name}_ib-{node.outbound_layer.inbound_nodes.index(node)}" for node in entered),
            *(f"{node.outbound_layer.name}_ib-0" for node in self.graph.wholes),  # its own graph is a model's first
        }

    @property
    def internal_input_shapes(self) -> list[Shape]:
        """The shapes of the inputs, with the batch dimension."""
        return [tensor._keras_shape for tensor in self.inputs]

    @property
    def internal_output_shapes(self) -> list[Shape]:
        """The shapes of the outputs, with the batch dimension."""
        return [tensor._keras_shape for tensor in self.outputs]

    @property
    def input_layers_node_indices(self) -> list[int]:
        """For each input, which call of its layer makes it."""
        return [tensor.history[1] for tensor in self.inputs]

    @property
    def input_layers_tensor_indices(self) -> list[int]:
        """For each input, which output of that call it is."""
        return [tensor.history[2] for tensor in self.inputs]

    @property
    def output_layers_node_indices(self) -> list[int]:
        """For each output, which call of its layer makes it."""
        return [tensor.history[1] for tensor in self.outputs]

    @property
    def output_layers_tensor_indices(self) -> list[int]:
        """For each output, which output of that call it is."""
        return [tensor.history[2] for tensor in self.outputs]
