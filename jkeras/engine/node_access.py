"""Keras 1's access to the tensors of a layer: `input`, `output`, and their forms for layers with several nodes."""

from collections.abc import Sequence
from typing import Any

from jkeras.engine.node import KerasTensor, Node, one_or_list

__all__ = ["NodeAccess"]


class NodeAccess:
    """The part of a layer that looks up its own calls.

    The properties raise `AttributeError` if the layer has no call, or several that differ; the methods with ``_at`` take
    the index of the call.
    """

    name: str
    inbound_nodes: list[Node]
    outbound_nodes: list[Node]

    def get_input_at(self, node_index: int) -> Any:
        """Return the input tensor (or list) of the call with this index."""
        return one_or_list(self._node(node_index, "input").input_tensors)

    def get_output_at(self, node_index: int) -> Any:
        """Return the output tensor (or list) of the call with this index."""
        return one_or_list(self._node(node_index, "output").output_tensors)

    def get_input_shape_at(self, node_index: int) -> Any:
        """Return the shape (or list) of the input of the call with this index."""
        return one_or_list(self._node(node_index, "input shape").input_shapes)

    def get_output_shape_at(self, node_index: int) -> Any:
        """Return the shape (or list) of the output of the call with this index."""
        return one_or_list(self._node(node_index, "output shape").output_shapes)

    def get_input_mask_at(self, node_index: int) -> Any:
        """Return the mask tensor (or list) of the input of the call with this index; ``None`` where there is no mask."""
        return one_or_list(self._node(node_index, "input mask").input_masks)

    def get_output_mask_at(self, node_index: int) -> Any:
        """Return the mask tensor (or list) of the output of the call with this index; ``None`` where there is no mask."""
        return one_or_list(self._node(node_index, "output mask").output_masks)

    @property
    def input(self) -> KerasTensor | Any:
        """The input tensor (or list), if the layer was called once."""
        return one_or_list(self._only_node("input", "get_input_at").input_tensors)

    @property
    def output(self) -> KerasTensor | Any:
        """The output tensor (or list), if the layer was called once."""
        return one_or_list(self._only_node("output", "get_output_at").output_tensors)

    @property
    def input_mask(self) -> Any:
        """The mask of the input, if the layer was called once."""
        return one_or_list(self._only_node("input mask", "get_input_mask_at").input_masks)

    @property
    def output_mask(self) -> Any:
        """The mask of the output, if the layer was called once."""
        return one_or_list(self._only_node("output mask", "get_output_mask_at").output_masks)

    @property
    def input_shape(self) -> Any:
        """The shape (or list) of the input, if all calls agree on it."""
        return self._same_everywhere(
            "input shape", "get_input_shape_at", [node.input_shapes for node in self.inbound_nodes]
        )

    @property
    def output_shape(self) -> Any:
        """The shape (or list) of the output, if all calls agree on it."""
        return self._same_everywhere(
            "output shape", "get_output_shape_at", [node.output_shapes for node in self.inbound_nodes]
        )

    # ---- Keras 0.3's words, which came with a phase

    def get_input(self, train: bool = False) -> Any:
        """Return the input tensor (or list); Keras 1 writes ``layer.input``.

        Raises:
            NotImplementedError: `train` is true.
        """
        self._refuse_phase("input", train)
        return self.input

    def get_output(self, train: bool = False) -> Any:
        """Return the output tensor (or list) at inference; Keras 1 writes ``layer.output``.

        Raises:
            NotImplementedError: `train` is true.
        """
        self._refuse_phase("output", train)
        return self.output

    def _refuse_phase(self, what: str, train: bool) -> None:
        if train:
            raise NotImplementedError(
                f"get_{what}(train=True) of {self.name!r}: a tensor does not know the phase, the function that computes it is "
                f"told. As in Keras 1: f = K.function([model.input, K.learning_phase()], [layer.{what}]), then f([x, 1])."
            )

    def _node(self, index: int, what: str) -> Node:
        if not self.inbound_nodes:
            raise RuntimeError(f"Layer {self.name!r} was never called on a tensor, so it has no {what}.")
        if not -len(self.inbound_nodes) <= index < len(self.inbound_nodes):
            raise ValueError(
                f"Layer {self.name!r} has no {what} at node {index}: it was called {len(self.inbound_nodes)} times "
                f"(indices 0 to {len(self.inbound_nodes) - 1})."
            )
        return self.inbound_nodes[index]

    def _only_node(self, what: str, method: str) -> Node:
        if len(self.inbound_nodes) != 1:
            raise AttributeError(self._ambiguous(what, method))
        return self.inbound_nodes[0]

    def _same_everywhere(self, what: str, method: str, shapes: Sequence[Any]) -> Any:
        if not shapes or any(shape != shapes[0] for shape in shapes):
            raise AttributeError(self._ambiguous(what, method))
        return one_or_list(shapes[0])

    def _ambiguous(self, what: str, method: str) -> str:
        count = len(self.inbound_nodes)
        if not count:
            return f"Layer {self.name!r} has no {what}: it was never called on a tensor."
        return f"Layer {self.name!r} has {count} nodes, so `{what}` is ambiguous. Use {method}(i) with i from 0 to {count - 1}."
