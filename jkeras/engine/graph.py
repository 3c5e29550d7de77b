"""A directed acyclic graph of layer calls, and its pure run."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import jax

from jkeras.backend.config import learning_phase_scope
from jkeras.backend.random import key_scope
from jkeras.engine.contract import Context
from jkeras.engine.node import KerasTensor, Node, one_or_list
from jkeras.engine.weights import stable_hash
from jkeras.errors import DisconnectedGraphError
from jkeras.typing import Array, Params, Shape, State

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["Graph", "GraphResult"]


class GraphResult(NamedTuple):
    """What a run of a graph gives."""

    outputs: list[Any]
    masks: list[Any]
    state: State  # after the run
    penalty: Array | float  # activity regularisation of all calls


class Graph:
    """The calls between input and output tensors.

    Args:
        inputs, outputs: symbolic tensors.
        name: of the model, for error messages.

    Attributes:
        nodes: the calls in an order in which they can be computed.
        layers: each layer once, in Keras 1's order: by distance from the outputs, the farthest first, then in the order
            in which a walk from the outputs meets them. This order decides the order of weights in files.
        depths: ``{node: longest distance to an output}``.

    Raises:
        DisconnectedGraphError: an output depends on an input that is not in `inputs`.
        RuntimeError: two layers have the same name.
    """

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor], name: str = "model"):
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.name = name
        self._input_ids = {id(tensor): position for position, tensor in enumerate(self.inputs)}
        met = self._walk()
        self.depths = self._distances(met)
        self._check_connected(met)
        order = {id(node): position for position, node in enumerate(met)}
        self.nodes = sorted(met, key=lambda node: (-self.depths[node], order[id(node)]))
        self.layers = self._ordered_layers(met)
        self._check_names()
        # The index of a call among the calls of its layer in this graph: part of its random key.
        counts: Counter[int] = Counter()
        self._calls: list[tuple[Node, int]] = []
        for node in sorted(met, key=lambda node: node.outbound_layer.inbound_nodes.index(node)):
            self._calls.append((node, counts[id(node.outbound_layer)]))
            counts[id(node.outbound_layer)] += 1
        index = {id(node): call for node, call in self._calls}
        self._calls = [(node, index[id(node)]) for node in self.nodes if self._is_computed(node)]

    def _walk(self) -> list[Node]:
        """Return all nodes in the order in which a depth-first walk from the outputs meets them."""
        met: dict[int, Node] = {}
        stack = [output.node for output in reversed(self.outputs)]
        while stack:
            node = stack.pop()
            if id(node) in met:
                continue
            met[id(node)] = node
            if self._is_computed(node):
                stack.extend(tensor.node for tensor in reversed(node.input_tensors))
        return list(met.values())

    def _is_computed(self, node: Node) -> bool:
        """Whether the node has to be computed: it is no input, and not all that it makes is given as an input."""
        if not node.inbound_layers:
            return False
        return not all(id(tensor) in self._input_ids for tensor in node.output_tensors)

    def _distances(self, met: list[Node]) -> dict[Node, int]:
        uses: Counter[int] = Counter()
        for node in met:
            if self._is_computed(node):
                uses.update({id(tensor.node) for tensor in node.input_tensors})
        depths = {node: 0 for node in met if not uses[id(node)]}
        ready = list(depths)
        for node in (output.node for output in self.outputs):
            depths.setdefault(node, 0)
        while ready:
            node = ready.pop()
            if not self._is_computed(node):
                continue
            for before in {id(tensor.node): tensor.node for tensor in node.input_tensors}.values():
                depths[before] = max(depths.get(before, 0), depths[node] + 1)
                uses[id(before)] -= 1
                if not uses[id(before)]:
                    ready.append(before)
        return depths

    def _ordered_layers(self, met: list[Node]) -> "list[Layer]":
        depth: dict[int, int] = {}
        layers: dict[int, Layer] = {}
        for node in met:
            layer = node.outbound_layer
            layers.setdefault(id(layer), layer)
            depth[id(layer)] = max(depth.get(id(layer), 0), self.depths[node])
        return sorted(layers.values(), key=lambda layer: -depth[id(layer)])  # sorting is stable: then by the walk

    def _check_connected(self, met: list[Node]) -> None:
        reached = [node.outbound_layer.name for node in met if self._is_computed(node)]
        for node in met:
            if self._is_computed(node):
                continue
            for tensor in node.output_tensors:
                if id(tensor) not in self._input_ids:
                    raise DisconnectedGraphError(
                        f"Graph disconnected in {self.name!r}: the outputs depend on {tensor.name!r} (layer "
                        f"{node.outbound_layer.name!r}), which is not among the inputs {[t.name for t in self.inputs]}. "
                        f"Layers on the way: {reached[::-1]}. Add that tensor to the model's inputs."
                    )

    def _check_names(self) -> None:
        repeated = sorted(name for name, count in Counter(layer.name for layer in self.layers).items() if count > 1)
        if repeated:
            raise RuntimeError(
                f"The layer name {repeated[0]!r} is used {sum(layer.name == repeated[0] for layer in self.layers)} times in "
                f"{self.name!r}. Layer names are unique in a model: give one of them another name=."
            )

    def run(self, params: Params, state: State, inputs: Sequence[Any], masks: Sequence[Any], ctx: Context) -> GraphResult:
        """Compute the outputs; pure.

        Args:
            params, state: nested dicts by layer name.
            inputs: one array for each input tensor.
            masks: one mask or ``None`` for each.
            ctx: whether to train, and the key of this run.
        """
        values: dict[int, tuple[Any, Any]] = {
            id(tensor): (array, mask) for tensor, array, mask in zip(self.inputs, inputs, masks, strict=True)
        }
        new_state = dict(state)
        updated: set[str] = set()
        penalty: Array | float = 0.0
        with learning_phase_scope(ctx.train):
            for node, call in self._calls:
                layer = node.outbound_layer
                pairs = [values[id(tensor)] for tensor in node.input_tensors]
                key = None if ctx.key is None else jax.random.fold_in(ctx.key, stable_hash(layer.name, call))
                call_ctx = Context(ctx.train, key, one_or_list([mask for _, mask in pairs]))
                with key_scope(key):
                    result = layer.run(
                        params.get(layer.name, {}), state.get(layer.name, {}), one_or_list([x for x, _ in pairs]), call_ctx
                    )
                # Every call reads the state from before the step; the first call's update is kept, as in Keras 1.
                if result.state and layer.name not in updated:
                    new_state[layer.name] = result.state
                    updated.add(layer.name)
                penalty = penalty + result.penalty
                outputs = result.value if len(node.output_tensors) > 1 else [result.value]
                out_masks = result.mask if isinstance(result.mask, list) else [result.mask] * len(outputs)
                for tensor, value, mask in zip(node.output_tensors, outputs, out_masks, strict=True):
                    values[id(tensor)] = (value, mask)
        pairs = [values[id(tensor)] for tensor in self.outputs]
        return GraphResult([value for value, _ in pairs], [mask for _, mask in pairs], new_state, penalty)

    def output_shapes(self, input_shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs for inputs of other shapes than those of the input tensors."""
        shapes: dict[int, Shape] = {id(tensor): shape for tensor, shape in zip(self.inputs, input_shapes, strict=True)}
        for node, _ in self._calls:
            result = node.outbound_layer.get_output_shape_for(one_or_list([shapes[id(t)] for t in node.input_tensors]))
            result = result if isinstance(result, list) else [result]
            shapes.update({id(tensor): tuple(shape) for tensor, shape in zip(node.output_tensors, result, strict=True)})
        return [shapes[id(tensor)] for tensor in self.outputs]
