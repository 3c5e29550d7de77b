"""Symbolic tensors, and the nodes that connect layers to them (Keras 1's ``engine.topology``)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.backend.config import fixed_learning_phase
from jkeras.backend.dispatch import Symbolic
from jkeras.backend.shaping import shape as symbolic_shape
from jkeras.typing import Shape

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["KerasTensor", "MaskTensor", "Node", "as_list", "get_source_inputs", "one_or_list"]


class SymbolicShape(tuple[int | None, ...]):
    """The shape of a symbolic tensor: ``shape[0]`` is an int, or a symbolic tensor of a size that is not known yet.

    As a sequence it holds ``None`` for such sizes.
    """

    def __new__(cls, sizes: Shape, tensor: "KerasTensor"):
        shape = super().__new__(cls, sizes)
        shape.tensor = tensor
        return shape

    tensor: "KerasTensor"

    def __getitem__(self, index: Any) -> Any:
        entry = super().__getitem__(index)
        return symbolic_shape(self.tensor)[index] if entry is None else entry

    def __reduce__(self) -> Any:
        return tuple, (list(self),)


class KerasTensor(Symbolic):
    """A value of the graph: it has a shape, a dtype and a history, and no numbers.

    Attributes:
        shape: with the batch dimension; ``None`` for sizes not known yet. Also as Keras 1's ``_keras_shape``.
        dtype: name of the dtype.
        mask: the `KerasTensor` of the boolean mask that travels beside the value, or ``None``.
        _keras_history: ``(layer, node index, tensor index)``, the call that makes the value.
    """

    def __init__(self, shape: Shape, dtype: Any, name: str, mask: "KerasTensor | None" = None):
        self._keras_shape: Shape = tuple(shape)
        self.dtype = np.dtype(dtype).name
        self.name = name
        self.mask = mask
        self._keras_history: tuple[Layer, int, int] | None = None

    stand_ins: "dict[int, Shape]" = {}  # noqa: RUF012
    """The shapes that stand for this one, with sizes for ``None``, while shapes are inferred; see `jkeras.engine.infer`."""

    known_gradients: "dict[int, Any]" = {}  # noqa: RUF012
    """Its derivatives, symbolic tensors by the ``id`` of variables, where something else than its graph computes them."""

    @property
    def shape(self) -> Shape:
        sizes = self._keras_shape
        return SymbolicShape(sizes, self) if None in sizes else sizes

    @property
    def _uses_learning_phase(self) -> bool:
        """Whether the value is another one while a model trains (Keras 1)."""
        nodes, seen = [self.node], set()
        while nodes:
            node = nodes.pop()
            if id(node) in seen or node.source:
                continue
            if node.phase is None and node.outbound_layer.uses_learning_phase:
                return True
            seen.add(id(node))
            nodes += [tensor.node for tensor in node.input_tensors]
        return False

    @property
    def history(self) -> "tuple[Layer, int, int]":
        if self._keras_history is None:
            raise ValueError(f"The tensor {self.name!r} does not come from a layer, so it cannot be part of a model.")
        return self._keras_history

    @property
    def node(self) -> "Node":
        layer, node_index, _ = self.history
        return layer.inbound_nodes[node_index]

    def __repr__(self) -> str:
        return f"<KerasTensor {self.name!r} shape={self._keras_shape} dtype={self.dtype}>"


class MaskTensor(KerasTensor):
    """The mask of a tensor: it comes from the call that makes the tensor, and enters the graph where it is used.

    Args:
        shape: of the mask.
        owner: the tensor whose mask it is.
    """

    def __init__(self, shape: Shape, owner: KerasTensor):
        super().__init__(shape, "bool", f"{owner.name}_mask")
        self.owner = owner

    @property
    def history(self) -> "tuple[Layer, int, int]":
        if self._keras_history is None:
            from jkeras.engine.effect import Effect

            Effect.of_mask(self)
        return super().history


class Node:
    """One call of a layer: which tensors went in and which came out.

    Creating a node enters it into the layer's ``inbound_nodes`` and into the ``outbound_nodes`` of the layers before,
    and gives the output tensors their history.

    Args:
        outbound_layer: the layer that is called.
        input_tensors, output_tensors: of this call.
        source: a node without history of its inputs: an InputLayer's, or the inner node of a model (its index 0).
        entered: whether the layers know of it. A `Graph` may be told of a node that they do not know.

    Attributes:
        phase: the learning phase that `K.set_learning_phase` had set when the call was made; ``None``: that of the run.
    """

    def __init__(
        self,
        outbound_layer: "Layer",
        input_tensors: Sequence[KerasTensor],
        output_tensors: Sequence[KerasTensor],
        *,
        source: bool = False,
        entered: bool = True,
    ):
        self.outbound_layer = outbound_layer
        self.input_tensors = list(input_tensors)
        self.output_tensors = list(output_tensors)
        self.source = source
        self.phase = fixed_learning_phase() if entered else None
        if entered:
            self.enter()

    def enter(self) -> None:
        """Enter the node into the lists of the layers that it connects."""
        for layer in self.inbound_layers:
            layer.outbound_nodes.append(self)
        self.outbound_layer.inbound_nodes.append(self)
        if not self.source or self.outbound_layer.is_input:
            index = len(self.outbound_layer.inbound_nodes) - 1
            for tensor_index, tensor in enumerate(self.output_tensors):
                tensor._keras_history = (self.outbound_layer, index, tensor_index)

    @classmethod
    def create_node(
        cls, outbound_layer: "Layer", inbound_layers: Any, node_indices: Any = None, tensor_indices: Any = None
    ) -> "Node":
        """Call a layer on what other layers return, and return the node of the call.

        Args:
            outbound_layer: the layer to call.
            inbound_layers: a layer, or a list of them.
            node_indices: for each of them which of its calls is meant; default the first.
            tensor_indices: for each of them which output of that call; default the first.
        """
        layers = as_list(inbound_layers)
        nodes = as_list(node_indices) if node_indices is not None else [0] * len(layers)
        tensors = as_list(tensor_indices) if tensor_indices is not None else [0] * len(layers)
        if not len(layers) == len(nodes) == len(tensors):
            raise ValueError(
                f"node_indices and tensor_indices have one entry for each of the {len(layers)} layers; got {nodes} and {tensors}."
            )
        inputs = [
            layer.inbound_nodes[node].output_tensors[tensor]
            for layer, node, tensor in zip(layers, nodes, tensors, strict=True)
        ]
        outbound_layer(one_or_list(inputs))
        return outbound_layer.inbound_nodes[-1]

    def get_config(self) -> dict[str, Any]:
        """Return the names of the layers that the node connects, and which of their calls and outputs."""
        return {
            "outbound_layer": self.outbound_layer.name,
            "inbound_layers": [layer.name for layer in self.inbound_layers],
            "node_indices": self.node_indices,
            "tensor_indices": self.tensor_indices,
        }

    @property
    def _before(self) -> list[KerasTensor]:
        """The inputs that layers before this call made: a graph begins at its input layers, though they may be given tensors."""
        return [] if self.source or self.outbound_layer.is_input else self.input_tensors

    @property
    def inbound_layers(self) -> "list[Layer]":
        """The layers that make the inputs; none for a source or an input layer."""
        return [tensor.history[0] for tensor in self._before]

    @property
    def node_indices(self) -> list[int]:
        """For each input, which call of its layer makes it."""
        return [tensor.history[1] for tensor in self._before]

    @property
    def tensor_indices(self) -> list[int]:
        """For each input, which output of that call it is."""
        return [tensor.history[2] for tensor in self._before]

    @property
    def input_shapes(self) -> list[Shape]:
        return [tensor._keras_shape for tensor in self.input_tensors]

    @property
    def output_shapes(self) -> list[Shape]:
        return [tensor._keras_shape for tensor in self.output_tensors]

    @property
    def input_masks(self) -> list[KerasTensor | None]:
        return [tensor.mask for tensor in self.input_tensors]

    @property
    def output_masks(self) -> list[KerasTensor | None]:
        return [tensor.mask for tensor in self.output_tensors]


def as_list(value: Any) -> list[Any]:
    """Return a list or tuple as a list, anything else as a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def one_or_list(values: Sequence[Any]) -> Any:
    """Return the only entry of `values`, or all of them as a list."""
    return values[0] if len(values) == 1 else list(values)


def get_source_inputs(
    tensor: KerasTensor, layer: "Layer | None" = None, node_index: int | None = None
) -> list[KerasTensor]:
    """Return the input tensors that are needed to compute `tensor`, in the order in which the graph meets them.

    Args:
        tensor: where to start.
        layer, node_index: start from the inputs of this node instead (Keras 1's signature).
    """
    start = tensor.node if layer is None or node_index is None else layer.inbound_nodes[node_index]
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    stack = [start]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.source:
            found.update({id(source): source for source in node.input_tensors})
        else:
            stack.extend(tensor.node for tensor in reversed(node.input_tensors))
    return list(found.values())
