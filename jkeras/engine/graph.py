"""A directed acyclic graph of layer calls, and its pure run."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import jax

from jkeras.backend.config import learning_phase_scope
from jkeras.backend.random import key_scope
from jkeras.engine.contract import Context, Result
from jkeras.engine.node import KerasTensor, Node, one_or_list
from jkeras.engine.weights import stable_hash
from jkeras.errors import DisconnectedGraphError, theano_hint
from jkeras.typing import Array, Params, Shape, State

if TYPE_CHECKING:
    from jkeras.engine.container import Container
    from jkeras.engine.layer import Layer

__all__ = ["Graph", "GraphResult"]


class GraphResult(NamedTuple):
    """What a run of a graph gives."""

    outputs: list[Any]
    masks: list[Any]
    state: State  # after the run
    penalty: Array | float  # activity regularisation of all calls
    values: dict[int, tuple[Any, Any]]  # (array, mask) of every tensor, by its id


class Graph:
    """The calls between input and output tensors.

    Args:
        inputs, outputs: symbolic tensors.
        name: of the model, for error messages.
        named: of a computation that is no model's, such as one over several models: names of layers that have one. The others
            are named by themselves, with a number where two have one name.
        wholes: calls of models on the inputs of their own graphs. What these models return counts as made by them, not by
            the layers in them.

    Attributes:
        nodes: the calls in an order in which they can be computed.
        names: the name of each layer when the graph was made, which is its place in the pytrees. A layer that is renamed
            later keeps it in this graph.
        layers: each layer once, in Keras 1's order: by distance from the outputs, the farthest first, then in the order
            in which a walk from the outputs meets them. This order decides the order of weights in files.
        calls: the nodes that are computed, in that order, each with its number among the calls of its layer.
        depths: ``{node: longest distance to an output}``.

    Raises:
        DisconnectedGraphError: an output depends on an input that is not in `inputs`.
        RuntimeError: two layers have the same name.
    """

    def __init__(
        self,
        inputs: Sequence[KerasTensor],
        outputs: Sequence[KerasTensor],
        name: str = "model",
        named: "Mapping[Layer, str] | None" = None,
        wholes: Sequence[Node] = (),
    ):
        self.wholes = list(wholes)
        self._made_whole = {id(tensor): node for node in wholes for tensor in node.output_tensors}
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
        self.names = {layer: layer.name for layer in self.layers} if named is None else self._numbered_names(named)
        self._check_names()
        self.calls = self._numbered_calls()

    def _walk(self) -> list[Node]:
        """Return all nodes in the order in which a depth-first walk from the outputs meets them, then unused inputs."""
        met: dict[int, Node] = {}
        stack = [self.maker(tensor) for tensor in reversed([*self.outputs, *self.inputs])]
        while stack:
            node = stack.pop()
            if id(node) in met:
                continue
            met[id(node)] = node
            if self._is_computed(node):
                stack.extend(map(self.maker, reversed(node.input_tensors)))
        return list(met.values())

    def maker(self, tensor: KerasTensor) -> Node:
        """Return the call of this graph that makes a tensor."""
        return self._made_whole.get(id(tensor)) or tensor.node

    def _is_computed(self, node: Node) -> bool:
        """Whether the node has to be computed: it is no input, and not all that it makes is given as an input."""
        if node.source:
            return False
        return not all(id(tensor) in self._input_ids for tensor in node.output_tensors)

    def _distances(self, met: list[Node]) -> dict[Node, int]:
        uses: Counter[int] = Counter()
        for node in met:
            if self._is_computed(node):
                uses.update({id(self.maker(tensor)) for tensor in node.input_tensors})
        depths = {node: 0 for node in met if not uses[id(node)]}
        ready = list(depths)
        for node in map(self.maker, self.outputs):
            depths.setdefault(node, 0)
        while ready:
            node = ready.pop()
            if not self._is_computed(node):
                continue
            for before in {id(node): node for node in map(self.maker, node.input_tensors)}.values():
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
            if not self._is_computed(node) and not (node.source or layer.is_input):
                continue  # what it makes is given: its weights play no part
            layers.setdefault(id(layer), layer)
            depth[id(layer)] = max(depth.get(id(layer), 0), self.depths[node])
        return sorted(layers.values(), key=lambda layer: -depth[id(layer)])  # sorting is stable: then by the walk

    def _numbered_calls(self) -> list[tuple[Node, int]]:
        """Return the nodes to compute, each with its number among the calls of its layer in this graph."""
        computed = {node for node in self.nodes if self._is_computed(node)}
        numbers = {node: 0 for node in self.wholes}
        for layer in self.layers:
            numbers |= {node: n for n, node in enumerate(node for node in layer.inbound_nodes if node in computed)}
        return [(node, numbers[node]) for node in self.nodes if node in computed]

    def _check_connected(self, met: list[Node]) -> None:
        reached = [node.outbound_layer.name for node in reversed(met) if self._is_computed(node)]
        for node in met:
            if self._is_computed(node):
                continue
            for tensor in node.output_tensors:
                if id(tensor) not in self._input_ids:
                    raise DisconnectedGraphError(
                        f"Graph disconnected in {self.name!r}: the outputs depend on {tensor.name!r} (layer "
                        f"{node.outbound_layer.name!r}), which is not among the inputs {[t.name for t in self.inputs]}. "
                        f"Layers between: {reached[:5]}{' and more' if len(reached) > 5 else ''}. Add that tensor to the "
                        "model's inputs."
                    )

    def _numbered_names(self, named: "Mapping[Layer, str]") -> "dict[Layer, str]":
        names = {layer: named[layer] for layer in self.layers if layer in named}
        taken = set(named.values())
        for layer in self.layers:
            if layer not in names:
                free = (f"{layer.name}_{number}" for number in itertools.count(2))
                names[layer] = (
                    layer.name if layer.name not in taken else next(name for name in free if name not in taken)
                )
                taken.add(names[layer])
        return names

    def _check_names(self) -> None:
        repeated = [(name, count) for name, count in Counter(self.names.values()).items() if count > 1]
        if repeated:
            name, count = min(repeated)
            raise RuntimeError(
                f"The layer name {name!r} is used {count} times in "
                f"{self.name!r}. Layer names are unique in a model: give one of them another name=."
            )

    def run(
        self, params: Params, state: State, inputs: Sequence[Any], masks: Sequence[Any], ctx: Context
    ) -> GraphResult:
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
        penalty: Array | float = 0.0
        for node, call in self.calls:
            layer, name = node.outbound_layer, self.names[node.outbound_layer]
            pairs = [values[id(tensor)] for tensor in node.input_tensors]
            # Of the layer's name and the number of the call: other layers that come or go change no key.
            key = ctx.key
            if key is not None and not getattr(layer, "shares_key", False):
                key = jax.random.fold_in(key, stable_hash(name, call))
            phase = node.phase if ctx.as_called else None
            call_ctx = Context(
                ctx.train if phase is None else bool(phase),
                key,
                one_or_list([mask for _, mask in pairs]),
                as_called=ctx.as_called and node in self.wholes,
                updates=ctx.moves,
            )
            own = params.get(name, {}), state.get(name, {}), one_or_list([x for x, _ in pairs]), call_ctx
            try:
                with learning_phase_scope(call_ctx.train), key_scope(key):
                    if node in self.wholes:
                        inner = cast("Container", layer)._evaluate(*own)
                        values = {**inner.values, **values}
                        result = Result(
                            one_or_list(inner.outputs), one_or_list(inner.masks), inner.state, inner.penalty
                        )
                    else:
                        result = layer.run(*own)
            except Exception as error:
                error.add_note(f"In layer {name!r} ({type(layer).__name__}) of {self.name!r}.{theano_hint(error)}")
                raise
            # Every call reads the state from before the step; the update of the layer's first call is kept, as in Keras 1.
            if result.state and call == 0:
                new_state[name] = result.state
            penalty = penalty + result.penalty
            outputs = result.value if len(node.output_tensors) > 1 else [result.value]
            out_masks = result.mask if isinstance(result.mask, list) else [result.mask] * len(outputs)
            for tensor, value, mask in zip(node.output_tensors, outputs, out_masks, strict=True):
                values.setdefault(id(tensor), (value, mask))  # an output may be given as an input
        pairs = [values[id(tensor)] for tensor in self.outputs]
        return GraphResult([value for value, _ in pairs], [mask for _, mask in pairs], new_state, penalty, values)

    def tensors(self) -> list[KerasTensor]:
        """Return all tensors that a run gives a value."""
        made = [tensor for node, _ in self.calls for tensor in node.output_tensors]
        models = [cast("Container", whole.outbound_layer) for whole in self.wholes]
        within = [tensor for model in models for tensor in model.graph.tensors()]
        return list({id(tensor): tensor for tensor in [*self.inputs, *within, *made]}.values())

    def output_shapes(self, input_shapes: Sequence[Shape]) -> list[Shape]:
        """Return the shapes of the outputs for inputs of other shapes than those of the input tensors."""
        shapes: dict[int, Shape] = {id(tensor): shape for tensor, shape in zip(self.inputs, input_shapes, strict=True)}
        for node, _ in self.calls:
            result = node.outbound_layer.get_output_shape_for(one_or_list([shapes[id(t)] for t in node.input_tensors]))
            result = result if isinstance(result, list) else [result]
            shapes.update({id(tensor): tuple(shape) for tensor, shape in zip(node.output_tensors, result, strict=True)})
        return [shapes[id(tensor)] for tensor in self.outputs]
