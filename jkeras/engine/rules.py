"""How a compiled model's step moves its weights: by a pure optimizer, or by the updates that a script's optimizer returns."""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jkeras.backend.config import floatx
from jkeras.backend.dispatch import op
from jkeras.backend.variables import Reads, Variable, as_array, reading
from jkeras.engine import tree
from jkeras.engine.contract import Context, Result
from jkeras.engine.copies import own_copies
from jkeras.engine.expressions import _Expression, variables_in
from jkeras.engine.graph import Graph
from jkeras.engine.node import KerasTensor
from jkeras.engine.weights import WeightHandle, stable_hash
from jkeras.typing import Array, Key, Params, State

__all__ = ["Loss", "Memory", "PureRule", "ScriptedRule", "rule_for"]


class Memory:
    """What an optimizer remembers for one model; `jkeras.optim.shell` reads and writes it too.

    Attributes:
        opt_state: replaced after every step.
    """

    opt_state: Any = None


class Loss(NamedTuple):
    """The loss of a step."""

    value: Array
    function: Callable[[Params], Array]  # of what trains
    key: Key  # of the step


class PureRule:
    """The rule of a gradient transformation: its updates are added to the weights.

    Args:
        optimizer: the transformation.
        order: the paths of what trains in the params, in Keras 1's order.

    Attributes:
        memory: where the state is between steps.
        reads: variables that a step reads, as far as they are known before.
        constrains: whether it applies the constraints of the weights itself.
    """

    reads: Sequence[Variable] = ()
    constrains = False

    def __init__(self, optimizer: Any, order: Sequence[tree.Path]):
        self.optimizer, self.order = optimizer, order
        self.memory = Memory()

    def start(self, params: Params) -> None:
        """Make the first state."""
        self.memory.opt_state = None
        # Copies: a first state may hold the very arrays of the weights.
        self.memory.opt_state = own_copies(self.optimizer.init(params))
        if hasattr(self.optimizer, "attach"):
            self.optimizer.attach(self.memory, self.order)

    def advance(self, grads: Params, opt_state: Any, params: Params, loss: Loss) -> tuple[Params, Any]:
        """Return the new weights and the new state; pure."""
        updates, opt_state = self.optimizer.update(grads, opt_state, params)
        return jax.tree.map(lambda p, u: (p + u).astype(p.dtype), params, updates), opt_state


class ScriptedRule:
    """The rule of an optimizer in Keras 1's style, whose `get_updates` returns pairs (variable, symbolic new value).

    `get_updates` is called once. What it updates beside the weights is the state: between steps it is in the script's own
    variables, in a step it is traced. Its gradients and its loss are those of the step.

    Args:
        optimizer: of the script.
        weights: what trains, each with its path in the params, in Keras 1's order.
        fixed: the other weights of the model. Weights of other models may be updated, as variables of the script.
    """

    constrains = True

    def __init__(
        self,
        optimizer: Any,
        weights: Sequence[tuple[tree.Path, WeightHandle]],
        fixed: Sequence[WeightHandle] = (),
    ):
        self.owner = type(optimizer).__name__
        self.weights, self.fixed = list(weights), list(fixed)
        handles = [handle for _, handle in self.weights]
        loss = _LossExpression(self.weights)
        constraints = {h: op(h.spec.constraint) for h in handles if h.spec.constraint is not None}
        self.news: dict[Variable, Any] = {}
        for pair in _ask(optimizer.get_updates, handles, constraints, loss.tensor):
            variable, new = self._checked(pair)
            self.news[variable] = new
        symbolic = [new for new in self.news.values() if isinstance(new, KerasTensor)]
        self.graph = Graph([loss.tensor, *loss.gradients], symbolic, f"the updates of {self.owner}", named={})
        self.state = [variable for variable in self.news if variable not in handles]
        given = {*handles, *self.state}
        read = [*variables_in(self.graph), *(new for new in self.news.values() if isinstance(new, Variable))]
        self.reads = [variable for variable in dict.fromkeys(read) if variable not in given]
        self.memory = _Boxes(self.state)

    def _checked(self, pair: Any) -> tuple[Variable, Any]:
        if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], Variable):
            raise TypeError(
                f"{self.owner}.get_updates returns a list of pairs (variable, new value), as K.update makes them; it has {pair!r}."
            )
        variable, new = pair[0].resolved(), pair[1]
        if variable in self.fixed:
            raise ValueError(
                f"{self.owner}.get_updates updates {variable.name!r}, a weight of the model that does not train. An optimizer "
                "updates the weights that it is given, variables of its own, and weights of other models."
            )
        shape = tuple(getattr(new, "shape", ()))
        fits = zip(reversed(shape), reversed(tuple(variable.shape)), strict=False)
        if len(shape) > len(variable.shape) or not all(size in (1, None, wanted) for size, wanted in fits):
            raise ValueError(
                f"{self.owner}.get_updates gives {variable.name!r} of shape {tuple(variable.shape)} a value of shape {shape}."
            )
        return variable, new

    def start(self, params: Params) -> None:
        """Do nothing: the state is in the script's variables."""

    def advance(self, grads: Params, opt_state: Any, params: Params, loss: Loss) -> tuple[Params, Any]:
        """Return the new weights and the new state; pure."""
        given = {handle: tree.find(params, path) for path, handle in self.weights}
        given |= dict(zip(self.state, opt_state, strict=True))
        arrays = [loss.value, *(tree.find(grads, path) for path, _ in self.weights)]
        ctx = Context(True, jax.random.fold_in(loss.key, stable_hash("optimizer")))
        with reading(Reads.over(given)), _computed_by(loss.function):
            result = self.graph.run({}, {}, arrays, [None] * len(arrays), ctx)
            found = {id(t): value for t, value in zip(self.graph.outputs, result.outputs, strict=True)}

            def new(variable: Variable) -> Array:
                old, value = given[variable], self.news[variable]
                return jnp.broadcast_to(as_array(found.get(id(value), value)), old.shape).astype(old.dtype)

            for path, handle in self.weights:
                if handle in self.news:
                    params = tree.replaced(params, path, new(handle))
            return params, [new(variable) for variable in self.state]


def _ask(get_updates: Callable[..., Any], params: list[Any], constraints: Any, loss: Any) -> list[Any]:
    """Call `get_updates` in Keras 1's order; by name where the names are known, since later versions changed the order."""
    known = {"params": params, "constraints": constraints, "loss": loss}
    names = list(inspect.signature(get_updates).parameters)
    if set(names) <= set(known):
        pairs = get_updates(**{name: known[name] for name in names})
    else:
        pairs = get_updates(params, constraints, loss)
    return list(pairs.items() if hasattr(pairs, "items") else pairs)


class _LossExpression(_Expression):
    """The loss of a step, and its gradients, as symbolic tensors: inputs of what `get_updates` makes of them.

    Where a script differentiates something that it made of the loss, the loss is computed once more, as its function.
    """

    def __init__(self, weights: Sequence[tuple[tree.Path, WeightHandle]]):
        super().__init__("loss")
        self.moved = weights
        self.tensor = self.connect([], [((), floatx())])[0]
        self.gradients = _Expression("gradients").connect([], [(handle.shape, handle.dtype) for _, handle in weights])
        known = {id(h): gradient for (_, h), gradient in zip(weights, self.gradients, strict=True)}
        self.tensor.known_gradients = known

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        function = _function.get()
        if function is None:
            raise RuntimeError("The loss that get_updates is given has a value only in the step of a compiled model.")
        trainable: dict[str, Any] = {}
        for path, handle in self.moved:
            tree.enter(trainable, path, handle.value)
        return Result(function(trainable), None, {}, 0.0)


_function: ContextVar[Callable[[Params], Array] | None] = ContextVar("loss", default=None)


@contextmanager
def _computed_by(function: Callable[[Params], Array]) -> Iterator[None]:
    token = _function.set(function)
    try:
        yield
    finally:
        _function.reset(token)


class _Boxes(Memory):
    """The state of a script's optimizer: read from its variables and stored there.

    A step is given copies: what it consumes is nothing that a variable, or who has read one, still holds.
    """

    def __init__(self, variables: Sequence[Variable]):
        self.variables = variables

    @property
    def opt_state(self) -> list[Array]:
        """The arrays of the variables."""
        return own_copies([variable.value for variable in self.variables])

    @opt_state.setter
    def opt_state(self, arrays: Sequence[Array]) -> None:
        for variable, array in zip(self.variables, arrays, strict=True):
            variable.value = array


def rule_for(
    optimizer: Any, weights: Sequence[tuple[tree.Path, WeightHandle]], fixed: Sequence[WeightHandle]
) -> PureRule | ScriptedRule:
    """Return the rule by which an optimizer moves weights.

    Args:
        optimizer: a gradient transformation, or an object with `get_updates`.
        weights: what trains, each with its path in the params, in Keras 1's order.
        fixed: the other weights of the model.
    """
    scripted = getattr(optimizer, "scripted", not hasattr(optimizer, "update"))
    return ScriptedRule(optimizer, weights, fixed) if scripted else PureRule(optimizer, [path for path, _ in weights])
