"""Compiled functions of symbolic tensors: what is behind `K.function`."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import learning_phase
from jkeras.backend.random import next_key
from jkeras.backend.variables import Reads, Variable, as_array, dense, reading
from jkeras.engine import tree
from jkeras.engine.contract import Context
from jkeras.engine.expressions import variables_in
from jkeras.engine.graph import Graph
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, as_list
from jkeras.typing import Array

__all__ = ["Program"]


class _Parts(Layer):
    """The layers of a graph, as the owner of their arrays."""

    def __init__(self, graph: Graph | None):
        super().__init__(name="K.function")
        self.graph = graph

    def sublayers(self) -> Sequence[Layer]:
        return [] if self.graph is None else self.graph.layers

    def named_sublayers(self) -> list[tuple[str, Layer]]:
        return [] if self.graph is None else [(name, layer) for layer, name in self.graph.names.items()]


class Program:
    """A compiled function of symbolic inputs.

    Args:
        inputs: symbolic tensors, and at most one ``K.learning_phase()`` among them.
        outputs: symbolic tensors or variables: one of them or a list.
        updates: pairs (variable, new value), made after each call.

    Calling it with a list of arrays, one for each input, returns the list of outputs as numpy arrays; the array alone, if
    `outputs` is no list. Sparse matrices of scipy are made dense.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Any = ()):
        self.inputs = as_list(inputs)
        for entry in self.inputs:
            if not isinstance(entry, KerasTensor | int):
                raise TypeError(
                    f"K.function: inputs are symbolic tensors, or K.learning_phase(); got {type(entry).__name__}."
                )
        self.outputs = as_list(outputs)
        self._alone = not isinstance(outputs, list | tuple)
        self.updates = [tuple(pair) for pair in (updates.items() if hasattr(updates, "items") else updates or ())]
        for pair in self.updates:
            if len(pair) != 2 or not isinstance(pair[0], Variable):
                raise TypeError("K.function: updates are pairs (variable, new value), as K.update makes them.")
        self._wanted = [*self.outputs, *(new for _, new in self.updates)]
        symbolic = [entry for entry in self._wanted if isinstance(entry, KerasTensor)]
        tensors = [entry for entry in self.inputs if isinstance(entry, KerasTensor)]
        self._graph = Graph(tensors, symbolic, "K.function", named={}) if symbolic else None
        self._ledger = tree.survey(_Parts(self._graph))
        # What the computation reads, as far as it is known now.
        known = [] if self._graph is None else variables_in(self._graph)
        known += [entry for entry in self._wanted if isinstance(entry, Variable)]
        self._variables = list({id(variable): variable for variable in known}.values())
        self._run = jax.jit(self._traced, static_argnames="train")

    def __call__(self, inputs: Sequence[Any]) -> Any:
        """Compute the outputs for these inputs, in the order in which the function was made."""
        given = as_list(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(f"The function takes {len(self.inputs)} inputs; got {len(given)}.")
        train = bool(learning_phase())
        arrays = []
        for entry, value in zip(self.inputs, given, strict=True):
            if isinstance(entry, KerasTensor):
                arrays.append(jnp.asarray(dense(value), entry.dtype))
            else:
                train = bool(value)
        params = self._ledger.gather(lambda place: place.layer.own_arrays(True))
        state = self._ledger.gather(lambda place: place.layer.own_arrays(False))
        values = [variable.value for variable in self._variables]
        results = self._run(params, state, arrays, values, next_key(), train=train)
        outputs, news = results[: len(self.outputs)], results[len(self.outputs) :]
        for (variable, _), new in zip(self.updates, news, strict=True):
            variable.value = jnp.broadcast_to(new, variable.shape).astype(variable.dtype)
        arrays = [np.array(output) for output in outputs]
        return arrays[0] if self._alone else arrays  # as Theano's functions did

    def _traced(self, params: Any, state: Any, arrays: Any, values: Any, key: Any, *, train: bool) -> list[Array]:
        with reading(Reads(dict(zip(self._variables, values, strict=True)))) as reads:
            found: dict[int, Any] = {}
            if self._graph is not None:
                params, state = self._ledger.expand(params), self._ledger.expand(state)
                ctx = Context(train, key, as_called=True)
                result = self._graph.run(params, state, arrays, [None] * len(arrays), ctx)
                found = {id(t): value for t, value in zip(self._graph.outputs, result.outputs, strict=True)}
            results = [as_array(found.get(id(entry), entry)) for entry in self._wanted]
        # They were constants this time; from the next call on they are arguments.
        self._variables += reads.unknown
        return results
