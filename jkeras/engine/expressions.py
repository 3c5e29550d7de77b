"""K's functions on symbolic tensors and on variables, as nodes of the graph.

Outside of traced code ``K.mean(x) * 2`` with a symbolic `x` computes nothing: it makes an `Operation`, a layer without
weights whose `apply` is the function. So expressions can be outputs of a `Model`, losses, and arguments of `K.function`.
An expression of variables alone is a `LazyTensor`: it has no inputs, and is computed when a number is asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jkeras.backend.config import get_uid, learning_phase
from jkeras.backend.dispatch import Lazy, Symbolic, computing, set_node_maker, settled
from jkeras.backend.random import key_scope
from jkeras.backend.variables import Variable, as_array
from jkeras.engine import bridge, infer
from jkeras.engine.contract import Context, Result
from jkeras.engine.graph import Graph
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.typing import Array, Params, Shape, State

__all__ = ["LazyTensor", "Operation", "SizesTensor", "known_values", "make_node", "variables_in"]


class LazyTensor(Lazy, KerasTensor):
    """An expression of variables: it has a value whenever it is asked, computed from what the variables hold then."""

    def __init__(self, shape: Shape, dtype: Any, name: str):
        super().__init__(shape, dtype, name)
        self.dtype = np.dtype(dtype)

    @property
    def value(self) -> Array:
        """The value as it is now."""
        return _value_of(self)

    def __repr__(self) -> str:
        return f"<Expression {self.name!r} shape={self.shape} dtype={self.dtype}>"

    def __deepcopy__(self, memo: Any) -> "LazyTensor":
        return self

    def __reduce__(self) -> Any:
        return np.array, (self.get_value(),)


# Functions of jax.numpy and jax.jit take their arguments apart as pytrees: the value goes in, and what comes out again is an
# array and no LazyTensor, which JAX's types do not foresee.
jax.tree_util.register_pytree_node(LazyTensor, lambda tensor: ((tensor.value,), None), lambda _, leaves: leaves[0])  # type: ignore[arg-type]


class SizesTensor(KerasTensor):
    """Sizes of an array to come: integers that are known as soon as the graph runs, and may be used as sizes there.

    Attributes:
        sizes: what they are for each of the stand-ins by which shapes are inferred; see `jkeras.engine.infer`.
    """

    def __init__(self, sizes: Sequence[Any], name: str):
        first = np.asarray(sizes[0])
        super().__init__(first.shape, first.dtype, name)
        self.sizes = sizes

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int | np.integer) and self.ndim == 1:
            if not -len(self) <= index < len(self):
                raise IndexError(f"There are {len(self)} sizes; there is none with the index {index}.")
            found = {np.asarray(sizes)[index].item() for sizes in self.sizes}
            if len(found) == 1:
                return found.pop()
        return super().__getitem__(index)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError(f"{self!r} is one number.")
        return self.shape[0]  # type: ignore[return-value]  # known: it is the number of sizes

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))


class _Hole:
    """The place of a symbolic tensor in the arguments of a function."""

    def __init__(self, index: int):
        self.index = index


class Application:
    """A function and its arguments, with symbolic tensors and variables among them or in lists among them.

    Attributes:
        tensors: the symbolic tensors; the arrays that stand for them are the arguments of `compute`. Behind those among
            the arguments stand those that a function among the arguments closes over.
        variables: what is read.
    """

    def __init__(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]):
        self.function = function
        self.tensors: list[KerasTensor] = []
        self.variables: list[Variable] = []
        self.args = self._hollow(tuple(args))
        self.kwargs = {name: self._hollow(value) for name, value in kwargs.items()}
        self.given = len(self.tensors)

    def _hollow(self, value: Any) -> Any:
        if isinstance(value, Symbolic):
            for index, known in enumerate(self.tensors):
                if known is value:
                    return _Hole(index)
            self.tensors.append(value)  # type: ignore[arg-type]
            return _Hole(len(self.tensors) - 1)
        if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
            return (
                type(value)(map(self._hollow, value)) if type(value) in (list, tuple) else [*map(self._hollow, value)]
            )
        if isinstance(value, slice):
            return slice(self._hollow(value.start), self._hollow(value.stop), self._hollow(value.step))
        if isinstance(value, Variable):
            self.variables.append(value)
        return value

    def compute(self, values: Sequence[Any]) -> Any:
        """Return what the function makes of arrays in place of the tensors."""

        def fill(value: Any) -> Any:
            if isinstance(value, _Hole):
                return values[value.index]
            if isinstance(value, list):
                return [fill(entry) for entry in value]
            if isinstance(value, tuple) and not hasattr(value, "_fields"):
                return tuple(fill(entry) for entry in value)
            if isinstance(value, slice):
                return slice(fill(value.start), fill(value.stop), fill(value.step))
            return settled(value)

        with ExitStack() as stack:
            stack.enter_context(computing())
            if len(self.tensors) > self.given:
                stack.enter_context(known_values(self._closed_over(values)))
            if values and not self.variables and all(map(_is_fixed, values)):
                # Sizes, which must stay known: what is made of them may be the shape of an array.
                stack.enter_context(jax.ensure_compile_time_eval())
            return self.function(*map(fill, self.args), **{name: fill(value) for name, value in self.kwargs.items()})

    def _closed_over(self, values: Sequence[Any]) -> Callable[[KerasTensor], Any]:
        own = {id(tensor): value for tensor, value in zip(self.tensors, values, strict=True)}
        outer = _values.get()
        return lambda tensor: outer(tensor) if outer is not None and id(tensor) not in own else own[id(tensor)]


def _is_fixed(value: Any) -> bool:
    return isinstance(value, int | float | np.generic | np.ndarray) or (
        isinstance(value, jax.Array) and not isinstance(value, Tracer)
    )


class _Expression(Layer):
    """A layer that stands for a computation on tensors, not for something that a script made."""

    supports_masking = True
    infers_shape = False

    def __init__(self, prefix: str):
        super().__init__(name=f"{prefix}_{get_uid(prefix)}", trainable=False)
        self.built = True

    def compute_mask(self, input: Any, input_mask: Any = None) -> Any:
        return None  # the numbers of an expression have no time steps of their own

    def get_config(self) -> Any:
        raise NotImplementedError(
            f"The model contains the expression {self.name!r} of jkeras.backend, which a config cannot describe. Put it into a "
            "Lambda layer to write the model's architecture."
        )

    def connect(
        self, tensors: Sequence[KerasTensor], results: Sequence[tuple[Shape, Any]], lazy: bool = False
    ) -> list[KerasTensor]:
        """Make the node, and return its outputs: expressions if `lazy`."""
        kind = LazyTensor if lazy else KerasTensor
        return self.enter(tensors, [kind(shape, dtype, self.name) for shape, dtype in results])

    def enter(self, tensors: Sequence[KerasTensor], outputs: list[KerasTensor]) -> list[KerasTensor]:
        """Make the node between these tensors, and return `outputs`."""
        node = Node(self, tensors, outputs)
        # An expression is no use of the layers before: it must not show up in their nodes, or keep itself alive there.
        for layer in node.inbound_layers:
            layer.outbound_nodes.remove(node)
        return outputs


class _Outline(NamedTuple):
    """What is known of a result before there are numbers."""

    shape: tuple[int, ...]
    dtype: Any
    sizes: Any  # the numbers, where the result consists of sizes; else None


class Operation(_Expression):
    """A function of arrays as a layer without weights.

    Attributes:
        application: the function and its arguments.
    """

    def __init__(self, application: Application):
        super().__init__(getattr(application.function, "__name__", "operation").strip("_<>"))
        self.application = application
        self.structure: Any = None  # of what the function returns, a pytree

    @property
    def variables(self) -> list[Variable]:
        """The variables that are read."""
        return [variable.resolved() for variable in self.application.variables]

    def apply(self, params: Params, x: Any) -> Any:
        tensors = self.application.tensors
        leaves = jax.tree.leaves(self.application.compute([x] if len(tensors) == 1 else x))
        return one_or_list(leaves)

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        return Result(self.apply(params, x), None, {}, 0.0)

    def get_output_shape_for(self, input_shape: Any) -> Any:
        if any(isinstance(tensor, SizesTensor) for tensor in self.application.tensors):
            return one_or_list(self.inbound_nodes[0].output_shapes)
        return super().get_output_shape_for(input_shape)

    @property
    def states_shape(self) -> bool:
        return False

    def results(self) -> Any:
        """Make the node, and return the symbolic tensors in the structure of what the function returns."""
        outlines = self._outlines()
        tensors = self.application.tensors
        lazy = all(isinstance(tensor, Lazy) for tensor in tensors)
        columns = zip(*outlines.values(), strict=True)
        outputs = [self._tensor(dict(zip(outlines, column, strict=True)), lazy) for column in columns]
        return jax.tree.unflatten(self.structure, self.enter(tensors, outputs))

    def _tensor(self, found: "dict[int, _Outline]", lazy: bool) -> KerasTensor:
        one, two, *_ = found.values()
        if one.sizes is not None and np.shape(one.sizes) == np.shape(two.sizes) and np.ndim(one.sizes) < 2:
            sizes = [
                self._of_stand_in(which)[0].sizes if which not in found else found[which].sizes for which in range(4)
            ]
            return SizesTensor(sizes, self.name)
        shape = tuple(a if a == b else None for a, b in zip(one.shape, two.shape, strict=True))
        if lazy:
            return LazyTensor(shape, one.dtype, self.name)
        tensor = KerasTensor(shape, one.dtype, self.name)
        tensor.stand_ins = {which: outline.shape for which, outline in found.items()}
        return tensor

    def _outlines(self) -> "dict[int, list[_Outline]]":
        """Compute abstractly, for two stand-ins of the sizes that are not known."""
        application = self.application
        attempts: list[tuple[Callable[[KerasTensor, int], Shape], tuple[int, int]]] = [(_precise, (0, 1))]
        if any(isinstance(tensor, SizesTensor) or None in tensor.shape for tensor in application.tensors):
            attempts += [(_precise, (2, 3)), (lambda tensor, which: tensor._keras_shape, (0, 1))]
            # Sizes that are not known may have to equal one that is, such as that of a matrix they are multiplied by.
            entries = [*jax.tree.leaves((application.args, application.kwargs)), *application.tensors]
            known = {size for entry in entries for size in getattr(entry, "shape", ()) if size is not None}
            with_one_size = [(_with_unknown(size, first), (0, 1)) for first in (1, 0) for size in sorted(known)]
            known |= {entry for entry in entries if type(entry) is int and entry > 0}
            tensors = {id(tensor): tensor._keras_shape for tensor in application.tensors}
            attempts += [
                (lambda tensor, which, shapes=shapes: shapes(which).get(id(tensor), tensor._keras_shape), (0, 1))
                for shapes in infer.assignments(tensors, sorted(known))
            ]
            attempts += with_one_size
        error: Exception | None = None
        for shape_of, (one, two) in attempts:
            try:
                found = {one: self._outline(shape_of, one)}
                varies = any(None in t.shape or isinstance(t, SizesTensor) for t in application.tensors)
                found[two] = self._outline(shape_of, two) if varies else found[one]
                return found
            except (TypeError, ValueError) as problem:
                error = error or problem
        if len(attempts) > 1:
            error.add_note(f"Sizes that are not known are tried as {infer.stand_ins(0)} and others.")  # type: ignore[union-attr]
        raise error  # type: ignore[misc]

    def _of_stand_in(self, which: int) -> "list[_Outline]":
        return self._outline(_precise, which)

    def _outline(self, shape_of: Callable[[KerasTensor, int], Shape], which: int) -> list[_Outline]:
        application = self.application

        def stand_in(tensor: KerasTensor) -> Any:
            if isinstance(tensor, SizesTensor):
                return tensor.sizes[which]
            return infer.abstract(shape_of(tensor, which), tensor.dtype, which)

        def capture(tensor: KerasTensor) -> Any:
            """Return numbers for a tensor that a function among the arguments closes over."""
            if not any(known is tensor for known in application.tensors):
                application.tensors.append(tensor)
            value = stand_in(tensor)
            return jnp.zeros(value.shape, value.dtype) if isinstance(value, jax.ShapeDtypeStruct) else value

        sizes: list[Any] = []
        values = list(map(stand_in, application.tensors[: application.given]))
        places = [place for place, value in enumerate(values) if isinstance(value, jax.ShapeDtypeStruct)]
        gives_sizes = getattr(application.function, "gives_sizes", False) or (values and not places)

        def call(*arrays: Any) -> list[Any]:
            filled = list(values)
            for place, array in zip(places, arrays, strict=True):
                filled[place] = array
            for tensor in application.tensors[application.given :]:
                filled.append(capture(tensor))
            with key_scope(jax.random.key(0)), known_values(capture):
                leaves, self.structure = jax.tree.flatten(application.compute(filled))
            sizes.extend(leaf if gives_sizes and _is_fixed(leaf) else None for leaf in leaves)
            return [as_array(leaf) for leaf in leaves]

        found = jax.eval_shape(call, *(values[place] for place in places))
        return [_Outline(tuple(leaf.shape), leaf.dtype, known) for leaf, known in zip(found, sizes, strict=True)]


def _precise(tensor: KerasTensor, which: int) -> Shape:
    """Return the shape that stands for that of `tensor`, as it follows from the inputs' stand-ins."""
    layer = tensor.node.outbound_layer
    if which not in tensor.stand_ins and isinstance(layer, Operation) and None in tensor.shape:
        try:
            outlines = layer._outline(_precise, which)
        except (TypeError, ValueError):
            return tensor._keras_shape
        for made, outline in zip(tensor.node.output_tensors, outlines, strict=True):
            made.stand_ins = {**made.stand_ins, which: outline.shape}
    return tensor.stand_ins.get(which, tensor._keras_shape)


def _with_unknown(size: int, first: int) -> Callable[[KerasTensor, int], Shape]:
    def shape_of(tensor: KerasTensor, which: int) -> Shape:
        shape = tensor._keras_shape
        return tuple(size if axis >= first and have is None else have for axis, have in enumerate(shape))

    return shape_of


def make_node(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Return the symbolic result of a function of symbolic tensors and variables, in the structure of what it returns.

    While tensors have values (see `known_values`), the function is computed at once.
    """
    application = Application(function, args, kwargs)
    value_of = _values.get()
    if value_of is not None:
        return application.compute([t.value if isinstance(t, Lazy) else value_of(t) for t in application.tensors])
    if any(isinstance(leaf, Tracer) for leaf in jax.tree.leaves((application.args, application.kwargs))):
        names = ", ".join(repr(tensor.name) for tensor in application.tensors if not isinstance(tensor, Lazy))
        raise TypeError(
            f"The symbolic tensor {names} is used inside a computation that it is no input of: in the code of a layer, or in "
            "a function that JAX traces. Pass it along: call the layer on a list of tensors, [x, other]."
        )
    return Operation(application).results()


# ---- values of symbolic tensors

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


def _value_of(tensor: LazyTensor) -> Array:
    """Return the value of an expression as it is now, computed step by step and not compiled."""
    values: dict[int, Any] = {}
    stack = [tensor.node]
    ctx = Context(bool(learning_phase()))
    with computing():
        while stack:
            node = stack[-1]
            waiting = [before.node for before in node.input_tensors if id(before) not in values]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            layer = node.outbound_layer
            params, state = ({}, {}) if isinstance(layer, Operation) else bridge.held(layer)
            result = layer.run(params, state, one_or_list([values[id(t)] for t in node.input_tensors]), ctx)
            outputs = as_list(result.value) if len(node.output_tensors) > 1 else [result.value]
            values.update({id(made): value for made, value in zip(node.output_tensors, outputs, strict=True)})
    return as_array(values[id(tensor)])


def variables_in(graph: Graph) -> list[Variable]:
    """Return the variables that the expressions of a graph read, each once."""
    found: dict[int, Variable] = {}
    for node, _ in graph.calls:
        found.update({id(variable): variable for variable in getattr(node.outbound_layer, "variables", ())})
    return list(found.values())


set_node_maker(make_node)
