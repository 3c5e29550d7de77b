"""A graph of layers as a layer: nested models, weights, lookup by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jkeras.backend.variables import Variable, as_array
from jkeras.engine import bridge, symbolic, tree
from jkeras.engine.contract import Context, InputSpec, Result
from jkeras.engine.copying import HasCopies
from jkeras.engine.effects import changes, noted_by
from jkeras.engine.graph import Graph, GraphResult
from jkeras.engine.layer import Layer, computes_with_apply
from jkeras.engine.layer_list import LayerList
from jkeras.engine.levels import HasLevels
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.engine.saving.methods import HasFiles
from jkeras.engine.weights import WeightHandle
from jkeras.errors import MissingStateError, did_you_mean
from jkeras.typing import Config, Key, Params, State

__all__ = ["Container"]

_INFERENCE = Context()


class Container(HasFiles, HasLevels, HasCopies, Layer):
    """Layers connected from input tensors to output tensors (Keras 1's ``Container``).

    Args:
        input: the symbolic input tensor, or a list of them; from `Input`.
        output: the symbolic output tensor, or a list of them.
        name: default ``model_1``, ``model_2``, …

    Raises:
        DisconnectedGraphError: an output cannot be computed from the inputs.
        RuntimeError: two layers have the same name.
    """

    _is_begun_with = False  # by a Sequential, which shares the tensors of this graph

    def __init__(self, input: Any, output: Any, name: str | None = None):
        super().__init__(name=name)
        self._connect(as_list(input), as_list(output))
        # Made now, so that a graph that does not hang together is an error here and not at the first use.
        _ = self.graph

    def _connect(self, inputs: list[Any], outputs: list[Any]) -> None:
        """Make `inputs` and `outputs` the ends of the graph, and node 0 of this layer."""
        for what, tensors in (("input", inputs), ("output", outputs)):
            for tensor in tensors:
                if not isinstance(tensor, KerasTensor):
                    raise TypeError(
                        f"Model {self.name!r}: {what}= takes tensors, as Input() and layers return them; got "
                        f"{type(tensor).__name__}."
                    )
        if not inputs or not outputs:
            raise ValueError(f"Model {self.name!r} needs at least one input and one output tensor.")
        for tensor in inputs:
            if not tensor.history[0].is_input:
                made_by = tensor.history[0]
                raise TypeError(
                    f"Model {self.name!r}: input= takes tensors that Input() returns; {tensor.name!r} is the output of layer "
                    f"{made_by.name!r} ({type(made_by).__name__}). To begin there make x = "
                    f"Input(shape={tensor._keras_shape[1:]}) and call the layers that follow on it: they keep their weights."
                )
        if len({id(tensor) for tensor in inputs}) != len(inputs):
            raise ValueError(
                f"Model {self.name!r}: the same tensor is given twice as input: {[t.name for t in inputs]}."
            )
        self._graph: Graph | None = None
        self._ledger: tree.Ledger | None = None
        self.inputs: list[KerasTensor] = inputs
        self.outputs: list[KerasTensor] = outputs
        self.input_layers = [tensor.history[0] for tensor in inputs]
        self.output_layers = [tensor.history[0] for tensor in outputs]
        self.input_names = [layer.name for layer in self.input_layers]
        self.output_names = [layer.name for layer in self.output_layers]
        self.built = True
        self.built_shape = one_or_list([tensor._keras_shape for tensor in inputs])
        # Node 0 of a model is its own graph; calling the model on other tensors makes nodes 1, 2, …
        if self.inbound_nodes:
            self.inbound_nodes[0].input_tensors, self.inbound_nodes[0].output_tensors = inputs, outputs
        else:
            Node(self, inputs, outputs, source=True)

    @property
    def _wholes(self) -> Sequence[Node]:
        """Calls of models that begin this one; see `Graph`."""
        return ()

    @property
    def graph(self) -> Graph:
        """The calls of layers between `inputs` and `outputs`."""
        if self._graph is None:
            self._graph = Graph(self.inputs, self.outputs, self.name, wholes=self._wholes)
        return self._graph

    @property
    def input(self) -> Any:
        """The input tensor (or list) of the model's own graph, however often the model is called as a layer."""
        return one_or_list(self.inputs)

    @property
    def output(self) -> Any:
        """The output tensor (or list) of the model's own graph."""
        return one_or_list(self.outputs)

    # ---- layers and weights

    @property
    def layers(self) -> "LayerList":
        """The layers, in the order in which their weights stand in files."""
        return LayerList(self.graph.layers, self)

    def drop_last(self) -> None:
        """Take the last layer off; what follows it in a script, ``model.outputs = [model.layers[-1].output]``, is done with it.

        Raises:
            ValueError: the last layer does not make the only output from one tensor.
        """
        node, last = self.outputs[0].node, self.graph.layers[-1]
        if len(self.outputs) != 1 or node.outbound_layer is not last or len(node.input_tensors) != 1 or last.is_input:
            raise ValueError(
                f"Model {self.name!r}: layers.pop() takes the last layer off a model with one output that this layer makes from "
                "one tensor. Make a new model of the tensors that you mean: Model(input=…, output=…)."
            )
        if len(self.inbound_nodes) > 1 or self._is_begun_with:
            raise ValueError(
                f"Model {self.name!r} is part of another model already, so it cannot be changed by layers.pop()."
            )
        self._connect(self.inputs, node.input_tensors)

    def sublayers(self) -> Sequence[Layer]:
        return self.graph.layers

    def named_sublayers(self) -> list[tuple[str, Layer]]:
        return [(self.graph.names[layer], layer) for layer in self.graph.layers]

    @property
    def weighted_layers(self) -> Sequence[Layer]:
        """The layers whose weights `get_weights` lists, in its order."""
        return self.layers

    @property
    def ledger(self) -> tree.Ledger:
        # Valid until the graph changes, or a flag `trainable`; frozen parts are decided at compile anyway.
        if self._ledger is None:
            self._ledger = tree.survey(self)
        return self._ledger

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or by its index.

        Args:
            name: of a layer, also of one inside a nested model.
            index: in the order of the graph, from the inputs to the outputs. As in Keras 1, the input layer counts: in a
                Sequential model ``get_layer(index=1)`` is ``layers[0]``.

        Raises:
            ValueError: there is no such layer; close matches are listed.
        """
        layers = self.graph.layers
        if index is not None:
            if not -len(layers) <= int(index) < len(layers):
                raise ValueError(f"Model {self.name!r} has {len(layers)} layers; there is no layer at index {index}.")
            return layers[int(index)]
        if name is None:
            raise ValueError(f"get_layer of {self.name!r} needs a name or an index.")
        found = {layer.name: layer for layer in reversed(list(self._all_layers()))}
        if name not in found:
            raise ValueError(f"Model {self.name!r} has no layer named {name!r}.{did_you_mean(name, found)}")
        return found[name]

    def _all_layers(self) -> Iterator[Layer]:
        """Yield the model's layers, then those of nested models."""
        yield from {id(layer): layer for layer in [*self.weighted_layers, *self.graph.layers]}.values()
        for layer in self.graph.layers:
            if isinstance(layer, Container):
                yield from layer._all_layers()

    def listed(self, trainable: bool) -> list[WeightHandle]:
        return [
            weight
            for layer in self.weighted_layers
            for weight in (layer.trainable_weights if trainable else layer.non_trainable_weights)
        ]

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of all weights, layer by layer."""
        return [weight.get_value() for layer in self.weighted_layers for weight in layer.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights, layer by layer; nothing changes if the number or a shape is wrong.

        Raises:
            ValueError: the number of arrays or a shape is wrong.
        """
        handles = [weight for layer in self.weighted_layers for weight in layer.weights]
        if len(weights) != len(handles):
            raise ValueError(
                f"set_weights on {self.name!r}: the model has {len(handles)} weights, the list has {len(weights)} arrays. "
                f"The weights are {[handle.name for handle in handles]}."
            )
        for handle, value in zip(handles, weights, strict=True):
            if np.shape(value) != handle.shape:
                raise ValueError(
                    f"set_weights on {self.name!r}: weight {handle.name!r} has shape {handle.shape}, the array given for it has "
                    f"shape {np.shape(value)}."
                )
        for handle, value in zip(handles, weights, strict=True):
            handle.value = value

    def count_params(self) -> int:
        """Return the number of scalars in all weights; shared layers count once."""
        return sum(place.layer.count_own() for place in self.ledger.places)

    def reset_states(self) -> None:
        """Set the states of all stateful layers back to zeros."""
        for layer in self.sublayers():
            reset = getattr(layer, "reset_states", None)
            if reset is not None and getattr(layer, "stateful", False):
                reset()

    @property
    def stateful(self) -> bool:
        """Whether any layer carries its state from batch to batch."""
        return any(getattr(layer, "stateful", False) for layer in self.sublayers())

    # ---- the functional face

    def init(self, key: Key, input_shape: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:  # type: ignore[override]  # Layer's is an `Init`
        """Return fresh ``(params, state)`` for the model; pure, also under ``vmap`` over keys."""
        return self.draw(key)

    def apply(self, params: Params, x: Any, state: State | None = None, mask: Any = None) -> Any:
        """Return the output (or list of outputs) at inference; pure.

        Args:
            params: as `init` returns them, or ``model.params``.
            x: array, list of arrays in the order of the inputs, or dict by input name.
            state: needed if a layer has running statistics or is stateful; ``model.state``.
            mask: mask of the input, or a list.

        Raises:
            MissingStateError: a layer has state and `state` was not given.
        """
        if state is None:
            holders = [place.layer.name for place in self.ledger.places if place.layer.has_state]
            if holders:
                raise MissingStateError(
                    f"Model {self.name!r}: layer {holders[0]!r} has state. Give it: model.apply(params, x, state=state), or use "
                    "y, state = model.apply_with_state(params, state, x) to carry it on."
                )
        self._check_params(params)
        return one_or_list(self._evaluate(params, state or {}, x, Context(mask=mask)).outputs)

    def apply_with_state(
        self,
        params: Params,
        state: State,
        x: Any,
        ctx: Context = _INFERENCE,
        *,
        train: bool = False,
        key: Key | None = None,
        mask: Any = None,
    ) -> tuple[Any, State]:
        """Return ``(output, new state)``; pure.

        Args:
            params, state: as `init` returns them.
            x: array, list of arrays, or dict by input name.
            ctx: the engine's form of the three arguments that follow.
            train: whether this is a training step (dropout is on, statistics are updated); a Python bool.
            key: random key; needed if `train` and a layer is random.
            mask: mask of the input, or a list.
        """
        if ctx is _INFERENCE:
            ctx = Context(train, key, mask)
            self._check_params(params)
        result = self._evaluate(params, state, x, ctx)
        return one_or_list(result.outputs), result.state

    def _check_params(self, params: Params) -> None:
        """Raise where `params` lacks an array that the model needs."""
        if not isinstance(params, Mapping):
            raise TypeError(
                f"Model {self.name!r}: params are a nested dict, as init() returns them; got {type(params).__name__}. The "
                "arguments are apply(params, x), apply_with_state(params, state, x)."
            )
        for place in self.ledger.places:
            given = tree.find(params, place.path) or {}
            for spec in place.layer.weight_declarations:
                if spec.trainable and spec.name not in given:
                    raise ValueError(
                        f"Model {self.name!r}: params lack {tree.shown((*place.path, spec.name))}. They must be of this "
                        "model: from model.init(key) or model.params."
                    )

    def handle_values(self, params: Params, state: State) -> dict[Variable, Any]:
        """Return what the handles of all weights stand for when the model runs with `params` and `state`."""
        values: dict[Variable, Any] = {}
        for place in self.ledger.places:
            arrays = {**(tree.find(params, place.path) or {}), **(tree.find(state, place.path) or {})}
            values.update({h: arrays[name] for name, h in place.layer._handles.items() if name in arrays})
        return values

    def _evaluate(self, params: Params, state: State, x: Any, ctx: Context) -> GraphResult:
        inputs = self._arrange(x)
        masks = as_list(ctx.mask) if ctx.mask is not None else [None] * len(inputs)
        result = self.graph.run(self.ledger.expand(params), self.ledger.expand(state), inputs, masks, ctx)
        return result._replace(state=self.ledger.collapse(result.state))

    def _arrange(self, x: Any) -> list[Any]:
        """Return the array for each input, after a look at names, number and shapes."""
        if isinstance(x, Mapping):
            missing = [name for name in self.input_names if name not in x]
            if missing:
                raise ValueError(f"Model {self.name!r}: the inputs lack {missing}; it has inputs {self.input_names}.")
            unknown = [name for name in x if name not in self.input_names]
            if unknown:
                raise ValueError(
                    f"Model {self.name!r} has no input {unknown[0]!r}.{did_you_mean(str(unknown[0]), self.input_names)}"
                )
            inputs = [x[name] for name in self.input_names]
        else:
            inputs = as_list(x)
        self.check_input([np.shape(array) for array in inputs])
        return [as_array(array) for array in inputs]

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        result = self._evaluate(params, state, x, ctx)
        return Result(one_or_list(result.outputs), one_or_list(result.masks), result.state, result.penalty)

    @computes_with_apply
    def call(self, input: Any, mask: Any = None) -> Any:
        return super().call(input, mask)

    def compute_mask(self, input: Any, mask: Any = None) -> Any:  # type: ignore[override]  # the names in Keras 1
        tensors = as_list(input)
        if not any(isinstance(tensor, KerasTensor) for tensor in tensors):
            return self.run(*bridge.held(self), input, Context(mask=mask)).mask
        masks = [output.mask for output in symbolic.output_tensors(self, tensors)]
        if any(entry is not None for entry in masks):  # only a call of the model makes them
            masks = [output.mask for output in as_list(self(input))]
        return one_or_list(masks)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        return one_or_list(self.graph.output_shapes(shapes))

    def check_input(self, shapes: Sequence[Any]) -> None:
        if len(shapes) != len(self.inputs):
            raise ValueError(
                f"Model {self.name!r} takes {'1 input' if len(self.inputs) == 1 else f'{len(self.inputs)} inputs'}, "
                f"{self.input_names}; it was called on {len(shapes)}."
            )
        for name, tensor, shape in zip(self.input_names, self.inputs, shapes, strict=True):
            problem = InputSpec(shape=(None, *tensor._keras_shape[1:])).mismatch(shape)
            if problem:
                raise ValueError(
                    f"Input {name!r} of model {self.name!r}: {problem}; it was called on shape {tuple(shape)}."
                )

    # ---- Keras 1's view of the graph

    def _calls(self) -> list[Node]:
        return [node for node, _ in self.graph.calls]

    def _calls_on(self, inputs: Any) -> list[Node]:
        inner = list(map(id, as_list(inputs))) == list(map(id, self.inputs))
        return self._calls() if inner else super()._calls_on(inputs)

    @property
    def updates(self) -> list[Any]:  # type: ignore[override]  # those of a model are not assigned
        # Of a shared layer the first call counts.
        calls = [pair for node, number in self.graph.calls if number == 0 for pair in changes(node)]
        return [*noted_by(self, "updates"), *calls]

    def run_internal_graph(self, inputs: Any, masks: Any = None) -> tuple[list[Any], list[Any], list[Any]]:
        """Return ``(outputs, masks, shapes)`` for tensors, or for arrays with the weights as they are.

        Args:
            inputs: one for each input of the model.
            masks: of arrays; those of tensors travel with them.
        """
        if all(isinstance(entry, KerasTensor) for entry in as_list(inputs)):
            outputs = as_list(self(one_or_list(as_list(inputs))))
            return outputs, [tensor.mask for tensor in outputs], [tensor._keras_shape for tensor in outputs]
        result = self._evaluate(*bridge.held(self), as_list(inputs), Context(mask=masks))
        return result.outputs, result.masks, [tuple(output.shape) for output in result.outputs]

    # ---- configs

    def get_config(self) -> Config:
        from jkeras.engine.saving.config import graph_config

        return graph_config(self)

    @classmethod
    def from_config(cls, config: Config, custom_objects: Mapping[str, Any] | None = None) -> "Container":
        """Make the model that `get_config` described."""
        from jkeras.engine.saving.config import graph_ends

        model = cls(*graph_ends(config, custom_objects), name=config.get("name"))
        model.trainable = bool(config.get("trainable", True))
        return model

    def _repr_html_(self) -> str:
        from jkeras.utils.html import summary_html

        return summary_html(self)

    def summary(self, line_length: int = 100, positions: Sequence[float] = (0.33, 0.55, 0.67, 1.0)) -> None:
        """Print the layers, their output shapes, their numbers of parameters and what they are connected to."""
        from jkeras.utils.layer_utils import print_summary

        print_summary(self.weighted_layers, self.graph.nodes, line_length, positions)
