"""K's functions on symbolic tensors: nodes of the graph, K.function, K.gradients.

Outside of traced code ``K.mean(x) * 2`` with a symbolic `x` computes nothing: it makes an `Operation`, a layer without
weights whose `apply` is the function. So expressions can be outputs of a `Model`, losses, and arguments of `K.function`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import get_uid, learning_phase
from jkeras.backend.dispatch import Symbolic, set_node_maker
from jkeras.backend.random import key_scope, next_key
from jkeras.backend.variables import Reads, Variable, as_array, reading, unwrap
from jkeras.engine import infer, tree
from jkeras.engine.contract import Context, Result
from jkeras.engine.graph import Graph
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.engine.weights import WeightHandle
from jkeras.typing import Array, Params, Shape, State

__all__ = ["Gradient", "Operation", "Program", "evaluate", "gradients", "known_values"]


class _Hole:
    """The place of a symbolic tensor in the arguments of an operation."""

    def __init__(self, index: int):
        self.index = index


class _Expression(Layer):
    """A layer that stands for a computation on tensors, not for something that a script made."""

    supports_masking = True
    infers_shape = False

    def __init__(self, prefix: str):
        super().__init__(name=f"{prefix}_{get_uid(prefix)}", trainable=False)
        self.built = True

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        return None  # the numbers of an expression have no time steps of their own

    def get_config(self) -> Any:
        raise NotImplementedError(
            f"The model contains the expression {self.name!r} of jkeras.backend, which a config cannot describe. Put it into a "
            "Lambda layer to write the model's architecture."
        )

    def connect(self, tensors: Sequence[KerasTensor], results: Sequence[tuple[Shape, Any]]) -> list[KerasTensor]:
        """Make the node, and return its outputs."""
        outputs = [KerasTensor(shape, dtype, self.name) for shape, dtype in results]
        node = Node(self, tensors, outputs)
        # An expression is no use of the layers before: it must not show up in their nodes, or keep itself alive there.
        for layer in node.inbound_layers:
            layer.outbound_nodes.remove(node)
        return outputs


class Operation(_Expression):
    """A function of arrays as a layer without weights.

    Args:
        function: computes the value.
        args, kwargs: its arguments, with symbolic tensors among them or in lists among them.
    """

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]):
        super().__init__(getattr(function, "__name__", "operation").strip("_"))
        self.function = function
        self.tensors: list[KerasTensor] = []
        self.args = [self._hole(value) for value in args]
        self.kwargs = {name: self._hole(value) for name, value in kwargs.items()}

    def _hole(self, value: Any) -> Any:
        if isinstance(value, Symbolic):
            self.tensors.append(value)  # type: ignore[arg-type]
            return _Hole(len(self.tensors) - 1)
        if isinstance(value, list | tuple):
            holes = [self._hole(entry) for entry in value]
            return holes if isinstance(value, list) else tuple(holes)
        return value

    def apply(self, params: Params, x: Any) -> Any:
        values = as_list(x)

        def fill(value: Any) -> Any:
            if isinstance(value, _Hole):
                return values[value.index]
            if isinstance(value, list | tuple):
                filled = [fill(entry) for entry in value]
                return filled if isinstance(value, list) else tuple(filled)
            return value

        return self.function(*map(fill, self.args), **{name: fill(value) for name, value in self.kwargs.items()})

    def sketch(self) -> list[tuple[Shape, Any]]:
        """Return the shapes and dtypes of the results."""

        def call(*arrays: Any) -> Any:
            with key_scope(jax.random.key(0)):
                return [as_array(value) for value in as_list(self.apply({}, list(arrays)))]

        shapes = [tensor.shape for tensor in self.tensors]
        dtypes = [tensor.dtype for tensor in self.tensors]
        try:
            results = infer.output_shapes(call, shapes, dtypes)
        except (TypeError, ValueError):
            # Sizes that are not known may have to equal one that is, such as that of a matrix they are multiplied by.
            known = {size for entry in [*self.args, *self.kwargs.values()] for size in getattr(entry, "shape", ())}
            known |= {size for shape in shapes for size in shape if size is not None}
            for size in sorted(known):
                filled = [tuple(size if axis and have is None else have for axis, have in enumerate(s)) for s in shapes]
                try:
                    results = infer.output_shapes(call, filled, dtypes)
                except (TypeError, ValueError):
                    continue
                break
            else:
                raise
        return [(tuple(result.shape), result.dtype) for result in results]


def make_node(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return the symbolic result (or list of results) of a function of symbolic tensors.

    While tensors have values (see `known_values`), the function is computed at once.
    """
    operation = Operation(function, args, kwargs)
    value_of = _values.get()
    if value_of is not None:
        return operation.apply({}, [value_of(tensor) for tensor in operation.tensors])
    return one_or_list(operation.connect(operation.tensors, operation.sketch()))


class Gradient(_Expression):
    """The derivative of a symbolic loss, as a node of the graph.

    Args:
        loss: a symbolic tensor; its elements are summed.
        tensors: symbolic tensors to differentiate with respect to.
        variables: variables (weights among them) to differentiate with respect to.
    """

    def __init__(self, loss: KerasTensor, tensors: Sequence[KerasTensor], variables: Sequence[Variable]):
        super().__init__("gradients")
        self.tensors = list(tensors)
        self.variables = list(variables)
        self.sources = _sources(loss, self.tensors)
        self.graph = Graph([*self.tensors, *self.sources], [loss], self.name)

    def sublayers(self) -> Sequence[Layer]:
        return self.graph.layers

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        values = as_list(x)
        count = len(self.tensors)
        places = {id(place.layer): place.path for place in tree.survey(self).places}

        def loss(tensors: list[Array], variables: list[Array]) -> Array:
            own = params
            for variable, value in zip(self.variables, variables, strict=True):
                if isinstance(variable, WeightHandle) and id(variable.layer) in places:
                    own = tree.replaced(own, (*places[id(variable.layer)], variable.spec.name), value)
            with reading(Reads.over(dict(zip(self.variables, variables, strict=True)))):
                arrays = [*tensors, *values[count:]]
                result = self.graph.run(own, state, arrays, [None] * len(arrays), ctx._replace(mask=None))
            return jnp.sum(result.outputs[0])

        grads = jax.grad(loss, argnums=(0, 1))(values[:count], [variable.value for variable in self.variables])
        return Result(one_or_list([*grads[0], *grads[1]]), None, {}, 0.0)


def gradients(loss: KerasTensor, variables: Any) -> Any:
    """Return the symbolic gradients of a symbolic loss (Keras 1's ``K.gradients``).

    Args:
        loss: a symbolic tensor; its elements are summed.
        variables: symbolic tensors or variables: one, or a list of them.

    Returns:
        A list of symbolic tensors, each of the shape of its variable.
    """
    wanted = as_list(variables)
    if not isinstance(loss, KerasTensor):
        raise TypeError(
            f"K.gradients takes a symbolic loss; got {type(loss).__name__}. For functions of arrays use jax.grad."
        )
    for entry in wanted:
        if not isinstance(entry, KerasTensor | Variable):
            raise TypeError(
                f"K.gradients differentiates with respect to tensors and variables; got {type(entry).__name__}."
            )
    tensors = [entry for entry in wanted if isinstance(entry, KerasTensor)]
    boxes = [entry for entry in wanted if isinstance(entry, Variable)]
    layer = Gradient(loss, tensors, boxes)
    ordered = [*tensors, *boxes]
    results = layer.connect([*tensors, *layer.sources], [(tuple(entry.shape), entry.dtype) for entry in ordered])
    by_id = {id(entry): result for entry, result in zip(ordered, results, strict=True)}
    return [by_id[id(entry)] for entry in wanted]


def _sources(loss: KerasTensor, stop: Sequence[KerasTensor]) -> list[KerasTensor]:
    """Return the inputs of the graph that `loss` depends on other than through the tensors in `stop`."""
    stops = {id(tensor) for tensor in stop}
    found: dict[int, KerasTensor] = {}
    seen: set[int] = set()
    stack = [loss]
    while stack:
        tensor = stack.pop()
        if id(tensor) in seen or id(tensor) in stops:
            continue
        seen.add(id(tensor))
        if tensor.node.inbound_layers:
            stack.extend(reversed(tensor.node.input_tensors))
        else:
            found[id(tensor)] = tensor
    return list(found.values())


_values: ContextVar[Callable[[KerasTensor], Any] | None] = ContextVar("values", default=None)


@contextmanager
def known_values(value_of: Callable[[KerasTensor], Any]) -> Iterator[None]:
    """Let K's functions compute with arrays in place of symbolic tensors, in a ``with`` block inside traced code.

    A loss that closes over tensors of its model mixes them with the arrays of the batch: there the tensors stand for what
    this run of the model has made of the batch.
    """
    token = _values.set(value_of)
    try:
        yield
    finally:
        _values.reset(token)


def evaluate(value: Any, graph: Graph, known: Mapping[int, Any], params: Params, state: State, ctx: Context) -> Any:
    """Return the array of a symbolic `value`, inside traced code, from the values of a run of `graph`.

    What is not symbolic is returned as it is. Used for losses and metrics that close over tensors of their model.

    Args:
        known: ``(array, mask)`` by ``id`` of a tensor, as `Graph.run` leaves them.
        params, state: of the layers that still have to run.
        ctx: of the run.
    """
    if not isinstance(value, KerasTensor):
        return value
    tensors = [tensor for tensor in graph.tensors() if id(tensor) in known]
    rest = Graph(tensors, [value], f"a loss of {graph.name}")
    pairs = [known[id(tensor)] for tensor in tensors]
    return rest.run(params, state, [array for array, _ in pairs], [mask for _, mask in pairs], ctx).outputs[0]


class _Parts(Layer):
    """The layers of a graph, as the owner of their arrays."""

    def __init__(self, graph: Graph | None):
        super().__init__(name="K.function")
        self.graph = graph

    def sublayers(self) -> Sequence[Layer]:
        return [] if self.graph is None else self.graph.layers


class Program:
    """A compiled function of symbolic inputs: what is behind `K.function`.

    Args:
        inputs: symbolic tensors, and at most one ``K.learning_phase()`` among them.
        outputs: symbolic tensors or variables: one of them or a list.
        updates: pairs (variable, new value), made after each call.

    Calling it with a list of arrays, one for each input, returns the list of outputs as numpy arrays.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Sequence[Any] = ()):
        self.inputs = as_list(inputs)
        for entry in self.inputs:
            if not isinstance(entry, KerasTensor | int):
                raise TypeError(
                    f"K.function: inputs are symbolic tensors, or K.learning_phase(); got {type(entry).__name__}."
                )
        self.outputs = as_list(outputs)
        self.updates = [tuple(pair) for pair in updates]
        for pair in self.updates:
            if len(pair) != 2 or not isinstance(pair[0], Variable):
                raise TypeError("K.function: updates are pairs (variable, new value), as K.update makes them.")
        self._wanted = [*self.outputs, *(new for _, new in self.updates)]
        symbolic = [entry for entry in self._wanted if isinstance(entry, KerasTensor)]
        tensors = [entry for entry in self.inputs if isinstance(entry, KerasTensor)]
        self._graph = Graph(tensors, symbolic, "K.function") if symbolic else None
        self._ledger = tree.survey(_Parts(self._graph))
        self._variables: list[Variable] = []  # those that the computation reads
        self._run = jax.jit(self._traced, static_argnames="train")

    def __call__(self, inputs: Sequence[Any]) -> list[np.ndarray]:
        """Compute the outputs for these inputs, in the order in which the function was made."""
        given = as_list(inputs)
        if len(given) != len(self.inputs):
            raise ValueError(f"The function takes {len(self.inputs)} inputs; got {len(given)}.")
        train = bool(learning_phase())
        arrays = []
        for entry, value in zip(self.inputs, given, strict=True):
            if isinstance(entry, KerasTensor):
                arrays.append(jnp.asarray(unwrap(value), entry.dtype))
            else:
                train = bool(value)
        params = self._ledger.gather(lambda place: place.layer.own_arrays(True))
        state = self._ledger.gather(lambda place: place.layer.own_arrays(False))
        values = [variable.value for variable in self._variables]
        results = self._run(params, state, arrays, values, next_key(), train=train)
        outputs, news = results[: len(self.outputs)], results[len(self.outputs) :]
        for (variable, _), new in zip(self.updates, news, strict=True):
            variable.value = jnp.broadcast_to(new, variable.shape).astype(variable.dtype)
        return [np.array(output) for output in outputs]

    def _traced(self, params: Any, state: Any, arrays: Any, values: Any, key: Any, *, train: bool) -> list[Array]:
        with reading(Reads(dict(zip(self._variables, values, strict=True)))) as reads:
            found: dict[int, Any] = {}
            if self._graph is not None:
                params, state = self._ledger.expand(params), self._ledger.expand(state)
                result = self._graph.run(params, state, arrays, [None] * len(arrays), Context(train, key))
                found = {id(t): value for t, value in zip(self._graph.outputs, result.outputs, strict=True)}
            results = [as_array(found.get(id(entry), entry)) for entry in self._wanted]
        # They were constants this time; from the next call on they are arguments.
        self._variables += reads.unknown
        return results


set_node_maker(make_node)
