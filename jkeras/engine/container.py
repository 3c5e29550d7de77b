"""A graph of layers as a layer: nested models, weights, lookup by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jkeras.engine import tree
from jkeras.engine.contract import Context, Result
from jkeras.engine.graph import Graph, GraphResult
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.engine.weights import WeightHandle, stable_hash
from jkeras.errors import MissingStateError, did_you_mean
from jkeras.typing import Config, Key, Params, State

__all__ = ["Container"]

_INFERENCE = Context()


class Container(Layer):
    """Layers connected from input tensors to output tensors (Keras 1's ``Container``).

    Args:
        input: the symbolic input tensor, or a list of them; from `Input`.
        output: the symbolic output tensor, or a list of them.
        name: default ``model_1``, ``model_2``, …

    Raises:
        DisconnectedGraphError: an output cannot be computed from the inputs.
        RuntimeError: two layers have the same name.
    """

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
                        f"Model {self.name!r}: {what}= takes tensors, as Input() and layers return them; got {type(tensor).__name__}."
                    )
        if not inputs or not outputs:
            raise ValueError(f"Model {self.name!r} needs at least one input and one output tensor.")
        if len({id(tensor) for tensor in inputs}) != len(inputs):
            raise ValueError(f"Model {self.name!r}: the same tensor is given twice as input: {[t.name for t in inputs]}.")
        self._graph: Graph | None = None
        self._ledger: tree.Ledger | None = None
        self.inputs: list[KerasTensor] = inputs
        self.outputs: list[KerasTensor] = outputs
        self.input_layers = [tensor.history[0] for tensor in inputs]
        self.output_layers = [tensor.history[0] for tensor in outputs]
        self.input_names = [layer.name for layer in self.input_layers]
        self.output_names = [layer.name for layer in self.output_layers]
        self.built = True
        self.built_shape = one_or_list([tensor.shape for tensor in inputs])
        # Node 0 of a model is its own graph; calling the model on other tensors makes nodes 1, 2, …
        if self.inbound_nodes:
            self.inbound_nodes[0].input_tensors, self.inbound_nodes[0].output_tensors = inputs, outputs
        else:
            Node(self, inputs, outputs, source=True)

    @property
    def graph(self) -> Graph:
        """The calls of layers between `inputs` and `outputs`."""
        if self._graph is None:
            self._graph = Graph(self.inputs, self.outputs, self.name)
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
    def layers(self) -> list[Layer]:
        """The layers, in the order in which their weights stand in files."""
        return self.graph.layers

    def sublayers(self) -> Sequence[Layer]:
        return self.graph.layers

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
        """Return a layer by its name, or by its index in `layers`.

        Raises:
            ValueError: there is no such layer; close matches are listed.
        """
        if name is None and index is None:
            raise ValueError("get_layer needs a name or an index.")
        if name is None:
            position = int(index or 0)
            if not -len(self.layers) <= position < len(self.layers):
                raise ValueError(f"Model {self.name!r} has {len(self.layers)} layers; there is no layer at index {index}.")
            return self.layers[position]
        for layer in self.weighted_layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.weighted_layers]
        raise ValueError(f"Model {self.name!r} has no layer named {name!r}.{did_you_mean(name, names)}")

    @property
    def trainable_weights(self) -> list[WeightHandle]:
        if not self.trainable:
            return []
        return [weight for layer in self.weighted_layers for weight in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[WeightHandle]:
        frozen = [weight for layer in self.weighted_layers for weight in layer.non_trainable_weights]
        if self.trainable:
            return frozen
        return [weight for layer in self.weighted_layers for weight in layer.trainable_weights] + frozen

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
        for layer in self.layers:
            if hasattr(layer, "reset_states") and getattr(layer, "stateful", False):
                layer.reset_states()

    @property
    def stateful(self) -> bool:
        """Whether any layer carries its state from batch to batch."""
        return any(getattr(layer, "stateful", False) for layer in self.layers)

    # ---- the functional face

    def init(self, key: Key, input_shape: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return fresh ``(params, state)`` for the model; pure, also under ``vmap`` over keys."""
        drawn = {
            place.path: place.layer.fresh_arrays(jax.random.fold_in(key, stable_hash(*place.path)))
            for place in self.ledger.places
        }
        return self.ledger.gather(lambda place: drawn[place.path][0]), self.ledger.gather(lambda place: drawn[place.path][1])

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
        result = self._evaluate(params, state, x, ctx)
        return one_or_list(result.outputs), result.state

    def _evaluate(self, params: Params, state: State, x: Any, ctx: Context) -> GraphResult:
        inputs = self._arrange(x)
        masks = as_list(ctx.mask) if ctx.mask is not None else [None] * len(inputs)
        result = self.graph.run(self.ledger.expand(params), self.ledger.expand(state), inputs, masks, ctx)
        return result._replace(state=self.ledger.collapse(result.state))

    def _arrange(self, x: Any) -> list[Any]:
        if isinstance(x, Mapping):
            missing = [name for name in self.input_names if name not in x]
            if missing:
                raise ValueError(f"Model {self.name!r}: the inputs lack {missing}; it has inputs {self.input_names}.")
            return [x[name] for name in self.input_names]
        inputs = as_list(x)
        if len(inputs) != len(self.inputs):
            raise ValueError(f"Model {self.name!r} takes {len(self.inputs)} inputs ({self.input_names}); got {len(inputs)}.")
        return inputs

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        result = self._evaluate(params, state, x, ctx)
        return Result(one_or_list(result.outputs), one_or_list(result.masks), result.state, result.penalty)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        raise NotImplementedError(f"Model {self.name!r}: the mask of a model's output comes from running it; use `run`.")

    def get_output_shape_for(self, input_shape: Any) -> Any:
        shapes = input_shape if isinstance(input_shape, list) else [input_shape]
        return one_or_list(self.graph.output_shapes(shapes))

    def check_input(self, shapes: Sequence[Any]) -> None:
        if len(shapes) != len(self.inputs):
            raise ValueError(f"Model {self.name!r} takes {len(self.inputs)} inputs ({self.input_names}); it was called on {len(shapes)}.")
        for tensor, shape in zip(self.inputs, shapes, strict=True):
            want = (None, *tensor.shape[1:])
            if len(shape) != len(want) or any(a is not None and b is not None and a != b for a, b in zip(want, shape, strict=True)):
                raise ValueError(f"Model {self.name!r} expects input of shape {want}; it was called on shape {tuple(shape)}.")

    # ---- configs

    def get_config(self) -> Config:
        from jkeras.engine.saving.config import graph_config

        return graph_config(self)

    @classmethod
    def from_config(cls, config: Config, custom_objects: Mapping[str, Any] | None = None) -> "Container":
        """Make the model that `get_config` described."""
        from jkeras.engine.saving.config import graph_ends

        return cls(*graph_ends(config, custom_objects), name=config.get("name"))

    def to_json(self, **kwargs: Any) -> str:
        """Return the architecture as JSON; `kwargs` go to `json.dumps`."""
        from jkeras.engine.saving.json import model_to_json

        return model_to_json(self, **kwargs)

    def summary(self, line_length: int = 100, positions: Sequence[float] = (0.33, 0.55, 0.67, 1.0)) -> None:
        """Print the layers, their output shapes, their numbers of parameters and what they are connected to."""
        from jkeras.utils.layer_utils import print_summary

        print_summary(self.weighted_layers, self.graph.nodes, line_length, positions)
