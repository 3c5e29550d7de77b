"""What a layer does beside its output, as Keras 1's scripts ask for it: penalties, and new values of its state.

While a model trains both come out of the graph's run. A script that compiles its own step with `K.function` reads them
here as symbolic tensors: ``loss + sum(model.losses)``, ``updates=model.updates + own_updates``.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import jax

from jkeras.backend.dispatch import op
from jkeras.engine import bridge
from jkeras.engine.contract import Context
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer
    from jkeras.engine.weights import WeightHandle

__all__ = ["HasEffects", "changes", "noted_by", "refuse_copies_of_expressions"]


class HasEffects:
    """The part of a layer that tells its regularizers, penalties and updates, and connects it by hand (Keras 1)."""

    name: str
    inbound_nodes: list[Node]
    _building: bool
    _regularizers: list[Any]
    _constraints: dict[Any, Any]
    _noted: dict[str, list[tuple[list[Any] | None, Any]]]
    """The 'losses' and 'updates' that were added outside of calls, each with the inputs that it depends on."""

    def sublayers(self) -> "Sequence[Layer]":
        """Return the layers inside this one."""
        return ()

    # ---- penalties and updates

    @property
    def regularizers(self) -> list[Any]:
        """The regularizers of the layer's weights.

        A custom layer may put them here in `build`, as in Keras 1.0: ``regularizer.set_param(self.W)``, then
        ``self.regularizers.append(regularizer)``.
        """
        if self._building:
            return self._regularizers
        return [*self._regularizers, *(entry for layer in self.sublayers() for entry in layer.regularizers)]

    @regularizers.setter
    def regularizers(self, regularizers: Sequence[Any]) -> None:
        self._regularizers = list(regularizers)

    @property
    def constraints(self) -> dict[Any, Any]:
        """The constraints by weight. A custom layer may put them here in `build`: ``self.constraints[self.W] = …``."""
        if self._building or not self.sublayers():
            return self._constraints
        return {**self._constraints, **{w: c for layer in self.sublayers() for w, c in layer.constraints.items()}}

    @constraints.setter
    def constraints(self, constraints: Any) -> None:
        self._constraints = dict(constraints)

    @property
    def losses(self) -> list[Any]:
        """All penalties that a model adds to its loss for this layer: symbolic scalars.

        In `call`, what a layer puts here is reported as by `add_loss`.
        """
        if bridge.is_running():
            return bridge.Reports(self.add_loss)
        on_inputs = [loss for inputs, loss in _noted_in(self, "losses") if inputs is not None]
        return [*self.get_losses_for(None), *on_inputs, *(loss for node in self._calls() for loss in _penalties(node))]

    @losses.setter
    def losses(self, losses: Any) -> None:
        self._report("losses", losses, self.add_loss)

    @property
    def updates(self) -> list[tuple["WeightHandle", Any]]:
        """Pairs (weight, symbolic new value): what calls of the layer change in its state.

        In `call`, what a layer puts here is reported as by `add_update` (Keras 1.0).
        """
        if bridge.is_running():
            return bridge.Reports(self.add_update)
        return [*noted_by(self, "updates"), *(update for node in self._calls()[:1] for update in changes(node))]

    @updates.setter
    def updates(self, updates: Any) -> None:
        self._report("updates", updates, self.add_update)

    def _report(self, what: str, entries: Any, report: Any) -> None:
        if isinstance(entries, bridge.Reports) or not entries:
            return  # reported already, or ``self.updates = []`` before there are any
        if not bridge.is_running():
            self._noted[what].clear()
        report(list(entries))

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Report new values of non-trainable weights. Inside `call` they are of that call.

        Elsewhere, as in `build`, they are noted once and made by each training step.

        Args:
            updates: a pair (weight, new value), as `K.update` makes it, or a list of pairs. Outside of `call` the value is
                an expression of variables or symbolic tensors.
            inputs: the tensors that the values depend on, for `get_updates_for`.
        """
        if bridge.is_running():
            bridge.add_update(cast("Layer", self), updates)
        else:
            self._note("updates", [updates] if isinstance(updates, tuple) else as_list(updates), inputs)

    def add_updates(self, updates: Any, inputs: Any = None) -> None:
        """Do what `add_update` does, under the name that Keras 1.0 had."""
        self.add_update(updates, inputs)

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Report a penalty that is added to the loss of the model, or a list of them. Inside `call` it is of that call.

        Elsewhere, as in `build`, it is noted once.

        Args:
            losses: numbers; an array is summed. Outside of `call` numbers, or expressions of variables or symbolic tensors.
            inputs: the tensors that the penalties depend on, for `get_losses_for`.
        """
        if bridge.is_running():
            bridge.add_loss(cast("Layer", self), losses)
        else:
            self._note("losses", as_list(losses), inputs)

    def _note(self, what: str, entries: list[Any], inputs: Any) -> None:
        for entry in entries:
            if isinstance(entry, jax.Array):
                raise ValueError(
                    f"Layer {self.name!r}: outside of call() what is put into {what} is an expression of variables or tensors, or "
                    "a number; got an array, which is computed already. A penalty on a weight is the regularizer= of add_weight."
                )
        self._noted[what] += [(None if inputs is None else as_list(inputs), entry) for entry in entries]

    @property
    def state_updates(self) -> list[tuple["WeightHandle", Any]]:
        """The `updates` of the layers that are stateful."""
        return [pair for pair in self.updates if getattr(pair[0].layer, "stateful", False)]

    @property
    def uses_learning_phase(self) -> bool:
        """Whether the layer computes something else while a model trains: found out, unless a custom layer says so."""
        said = vars(self).get("_says_learning_phase")
        return any(map(_differs_in_training, self._calls())) if said is None else bool(said)

    @uses_learning_phase.setter
    def uses_learning_phase(self, says: Any) -> None:
        self._says_learning_phase = says

    def get_losses_for(self, inputs: Any) -> list[Any]:
        """Return the penalties that depend on these input tensors; for ``None`` those of the weights."""
        if inputs is None:
            weights = [handle for handle in _own_handles(self) if handle.spec.regularizer is not None]
            return [*map(_penalty_of, weights), *self._noted_for("losses", None)]
        return [
            *(loss for node in self._calls_on(inputs) for loss in _penalties(node)),
            *self._noted_for("losses", inputs),
        ]

    def get_updates_for(self, inputs: Any) -> list[tuple["WeightHandle", Any]]:
        """Return the `updates` that depend on these input tensors; for ``None`` those that were noted without."""
        calls = [] if inputs is None else self._calls_on(inputs)
        return [*(update for node in calls for update in changes(node)), *self._noted_for("updates", inputs)]

    def _noted_for(self, what: str, inputs: Any) -> list[Any]:
        wanted = None if inputs is None else list(map(id, as_list(inputs)))
        return [entry for given, entry in _noted_in(self, what) if wanted == (given and list(map(id, given)))]

    def _calls(self) -> list[Node]:
        """The calls on tensors, without the inner node of a model."""
        return [node for node in self.inbound_nodes if not node.source]

    def _calls_on(self, inputs: Any) -> list[Node]:
        wanted = list(map(id, as_list(inputs)))
        return [node for node in self._calls() if list(map(id, node.input_tensors)) == wanted]

    # ---- connecting by hand

    def create_input_layer(
        self, batch_input_shape: Any, input_dtype: str | None = None, name: str | None = None
    ) -> None:
        """Make an `Input` of this shape and call the layer on it, as `Sequential.add` does for the first layer."""
        from jkeras.engine.input import Input

        label = name or f"{self.name}_input"
        cast("Layer", self)(Input(batch_shape=tuple(batch_input_shape), dtype=input_dtype, name=label))

    def set_input(self, x: Any, shape: Any = None) -> None:
        """Call the layer on a tensor: the first layer of a Sequential that begins with it (Keras 1.0).

        Args:
            x: a symbolic tensor, or a variable.
            shape: with the batch dimension; must fit that of `x`.
        """
        from jkeras.engine.input import Input

        cast("Layer", self)(Input(tensor=x, batch_shape=shape))

    def add_inbound_node(self, inbound_layers: Any, node_indices: Any = None, tensor_indices: Any = None) -> None:
        """Call the layer on what other layers return.

        Args:
            inbound_layers: a layer, or a list of them.
            node_indices: for each of them which of its calls is meant; default the first.
            tensor_indices: for each of them which output of that call; default the first.
        """
        Node.create_node(cast("Layer", self), inbound_layers, node_indices, tensor_indices)

    def assert_input_compatibility(self, input: Any) -> None:
        """Raise a `ValueError` if these tensors (or one) do not fit what the layer expects."""
        cast("Layer", self).check_input([tuple(tensor.shape) for tensor in as_list(input)])


def refuse_copies_of_expressions(layer: Any) -> None:
    """Raise if expressions, which follow the weights of this very layer, were added to it outside of calls."""
    entries = [entry for noted in layer._noted.values() for _, entry in noted]
    if any(isinstance(part, KerasTensor) for entry in entries for part in as_list(entry)):
        raise NotImplementedError(
            f"Layer {layer.name!r} cannot be copied or pickled: what add_loss or add_update got outside of call() are expressions "
            "of this layer's weights, and a copy's would go on to follow them. Make another one by from_config and set_weights."
        )


def noted_by(layer: Any, what: str) -> list[Any]:
    """Return the 'losses' or 'updates' that were added outside of calls, to a layer and those in it."""
    return [entry for _, entry in _noted_in(layer, what)]


def _noted_in(layer: Any, what: str) -> list[tuple[list[Any] | None, Any]]:
    """Return what was noted, with its inputs; a model leaves out what depends on tensors that are none of its graph."""
    found = _all_noted_in(layer, what)
    if not hasattr(layer, "graph") or all(inputs is None for inputs, _ in found):
        return found
    known = set(map(id, layer.graph.tensors()))
    return [(inputs, entry) for inputs, entry in found if inputs is None or known.issuperset(map(id, inputs))]


def _all_noted_in(layer: Any, what: str) -> list[tuple[list[Any] | None, Any]]:
    layers, found = {id(layer): layer}, []
    stack = [layer]
    while stack:
        one = stack.pop()
        found += one._noted[what]
        new = [inner for inner in one.sublayers() if id(inner) not in layers]
        layers.update({id(inner): inner for inner in new})
        stack += new
    return found


def _own_handles(layer: Any) -> "Iterator[WeightHandle]":
    for place in layer.ledger.places:
        yield from place.layer._handles.values()


def _penalty_of(handle: "WeightHandle") -> Any:
    return op(handle.spec.regularizer)(handle)  # type: ignore[type-var]  # who calls has seen that it is not None


def _run(node: Node, params: Any, state: Any, values: list[Any], masks: list[Any], train: bool) -> Any:
    context = Context(train, jax.random.key(0), one_or_list(masks))
    return node.outbound_layer.run(params, state, one_or_list(values), context)


def _traced(node: Node, look: Any, train: bool) -> Any:
    """Trace one call without computing it, and return what ``look(result, state)`` makes of the tracers."""
    from jkeras.engine import infer

    found: list[Any] = []

    def call(params: Any, state: Any, *arrays: Any) -> Any:
        count = len(node.input_tensors)
        result = _run(node, params, state, list(arrays[:count]), list(arrays[count:]), train)
        found.append(look(result, state))
        return result.value

    masks = [tensor.mask for tensor in node.input_tensors]
    shapes = [tensor._keras_shape for tensor in node.input_tensors] + [
        mask if mask is None else mask._keras_shape for mask in masks
    ]
    dtypes = [tensor.dtype for tensor in node.input_tensors] + ["bool"] * len(masks)
    infer.output_shapes(call, shapes, dtypes, fixed=node.outbound_layer.abstract_weights())
    return found[0]


def _penalties(node: Node) -> list[KerasTensor]:
    """Return the activity penalty of one call, if there is one."""
    from jkeras.engine.effect import Effect

    # A call without a penalty gives the number 0, known without computing.
    if not _traced(node, lambda result, _: not isinstance(result.penalty, int | float) or result.penalty, train=True):
        return []
    return [Effect(node).tensor]


def changes(node: Node) -> "list[tuple[WeightHandle, KerasTensor]]":
    """Return what one call changes in the state: weights and their symbolic new values."""
    from jkeras.engine import tree
    from jkeras.engine.effect import Effect

    def changed(result: Any, state: Any) -> list[Any]:
        before = dict(tree.leaves(state))
        return [path for path, new in tree.leaves(result.state) if new is not before.get(path)]

    handles = {
        (*place.path, name): handle
        for place in node.outbound_layer.ledger.places
        for name, handle in place.layer._handles.items()
    }
    paths = _traced(node, changed, train=True)
    return [(handle, Effect(node, change=path).tensor) for path, handle in handles.items() if path in paths]


def _differs_in_training(node: Node) -> bool:
    """Whether a call computes something else in training: its two programs are compared."""
    if node.phase is not None:
        return False

    def program(train: bool) -> str:
        layer = node.outbound_layer
        from jkeras.engine.infer import abstract

        def call(params: Any, state: Any, arrays: list[Any], masks: list[Any]) -> Any:
            return _run(node, params, state, arrays, masks, train).value

        arrays = [abstract(tensor.shape, tensor.dtype) for tensor in node.input_tensors]
        masks = [t.mask if t.mask is None else abstract(t.mask._keras_shape, "bool") for t in node.input_tensors]
        return str(jax.make_jaxpr(call)(*layer.abstract_weights(), arrays, masks))

    return program(True) != program(False)
