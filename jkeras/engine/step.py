"""What happens in one batch, as pure functions, and the loops over many batches that run on the device.

A training step is ``(trainable, state, optimiser state) → the same``, given the frozen params, a batch and a key::

    loss    = Σ loss_weight · loss(output, target) + regularisation
    grads   = ∂ loss / ∂ trainable                        (jax.grad)
    updates = optimizer.update(grads, …);  trainable += updates;  constraints project        (see `jkeras.engine.rules`)

Loops take the whole data set and the order of its rows; batches are gathered on the device. The number of steps of one
call is an argument of the compiled program, so that any number runs without compiling again.
"""

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from jkeras.backend.variables import Reads, Variable, as_array, reading, unwrap
from jkeras.distribute.placement import Layout
from jkeras.engine import expressions, switches, tree
from jkeras.engine.chunks import LONGEST_CHUNK, ChunkClock
from jkeras.engine.contract import Context
from jkeras.engine.effects import noted_by
from jkeras.engine.evaluation import evaluate
from jkeras.engine.losses import Objective
from jkeras.engine.rules import Loss, PureRule, ScriptedRule
from jkeras.typing import Array, Key, Params, State

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["Batch", "Carry", "Programs"]


class Carry(NamedTuple):
    """What a training step replaces; its buffers are donated."""

    trainable: Params
    state: State
    opt_state: Any  # the optimizer's accumulators and, as leaves, its hyper-parameters


class Batch(NamedTuple):
    """One batch, or a whole data set: arrays with samples first."""

    inputs: list[Array]
    targets: list[Array] = []  # noqa: RUF012
    weights: list[Array | None] = []  # noqa: RUF012


class Program:
    """A compiled function that may read variables of the script, such as a ``K.variable`` in a loss.

    Their arrays are arguments, so that a variable which changes is seen without compiling again.

    Args:
        function: pure but for the variables that it reads.
        variables: those that are known before.
        layout: where arrays are on a mesh of devices; ``None``: on one device.
        **options: for `jax.jit`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        variables: Sequence[Variable] = (),
        layout: Layout | None = None,
        **options: Any,
    ):
        self._variables = list(variables)
        self._layout = layout

        @functools.wraps(function)  # so that JAX's logs and profiles name it
        def traced(*args: Any, variables: list[Array], **kwargs: Any) -> Any:
            scope = nullcontext() if layout is None else layout.tracing()
            with scope, reading(Reads(dict(zip(self._variables, variables, strict=True)))) as reads:
                result = function(*args, **kwargs)
            # They were constants this time; from the next call on they are arguments.
            self._variables += reads.unknown
            return result

        # JAX asks for the names of the arguments, which are those of `traced` and not of `function`.
        del traced.__wrapped__
        self._compiled = jax.jit(traced, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        return self._compiled(*args, variables=self._values(), **kwargs)

    def compiled(self, *args: Any) -> Any:
        """Return the program for such arguments, without running it."""
        return self._compiled.lower(*args, variables=self._values()).compile()

    def _values(self) -> list[Array]:
        values = [variable.value for variable in self._variables]
        return values if self._layout is None else self._layout.everywhere(values)


class Programs:
    """The compiled functions of one compiled model.

    Args:
        model: its graph and its layers' regularizers and constraints are read once, here.
        objective: losses and metrics; ``None`` for a model that only predicts.
        rule: how a step moves the weights; ``None`` for a model that is not trained.
        layout: where arrays are on a mesh of devices; ``None``: on one device.
    """

    def __init__(
        self,
        model: "Model",
        objective: Objective | None = None,
        rule: PureRule | ScriptedRule | None = None,
        layout: Layout | None = None,
    ):
        self._model = model
        self._switches = switches.count()
        self._evaluate = model._evaluate
        self._output_names = model.output_names
        self._objective = objective
        self._rule = rule
        self.layout = layout
        declared = [(place.path, spec) for place in model.ledger.places for spec in place.layer.weight_declarations]
        self._regularizers = [(path, spec.name, spec.regularizer) for path, spec in declared if spec.regularizer]
        self._losses = noted_by(model, "losses")
        self._updates = [self._as_update(pair) for pair in noted_by(model, "updates") if objective is not None]
        self._constraints = [(path, spec.name, spec.constraint) for path, spec in declared if spec.constraint]

        reads = () if rule is None else rule.reads
        self.train_batch = Program(self._train_batch, reads, layout, donate_argnums=0)
        self.test_batch = Program(self._test_batch, layout=layout)
        self.predict_batch = Program(self._predict_batch, layout=layout)
        self.train_batches = Program(self._train_batches, reads, layout, donate_argnums=0)
        self.test_batches = Program(self._test_batches, layout=layout)
        self.predict_batches = Program(self._predict_batches, layout=layout)

        self._clocks: dict[tuple[str, int], ChunkClock] = {}
        self._output_bytes: dict[Any, int] = {}

    def current(self) -> "Programs":
        """Return these programs, or new ones if a layer has been switched since (see `jkeras.engine.switches`)."""
        return (
            self
            if self._switches == switches.count()
            else Programs(self._model, self._objective, self._rule, self.layout)
        )

    def clock(self, kind: str, size: int) -> ChunkClock:
        """Return the clock of a program: 'train', 'test' or 'predict', and batch size. It keeps what it learned."""
        return self._clocks.setdefault((kind, size), ChunkClock())

    def output_bytes(self, params: Params, state: State, inputs: list[Any], size: int) -> int:
        """Return how many bytes the outputs for one sample take.

        Args:
            inputs: arrays of any number of samples.
            size: samples in a batch.

        Raises:
            ValueError: an output does not have one row for each sample.
        """
        batch = [jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype) for array in inputs]
        key = tuple((struct.shape, struct.dtype) for struct in batch)
        if key not in self._output_bytes:
            _, outputs = jax.eval_shape(self._predict_batch, params, state, batch, 0, 0)
            for name, output in zip(self._output_names, outputs, strict=True):
                if output.shape[:1] != (size,):
                    raise ValueError(
                        f"Output {name!r} has shape {output.shape} for a batch of {size} samples; predict needs one row "
                        "for each sample. Use predict_on_batch for a model that mixes the samples of a batch."
                    )
            self._output_bytes[key] = sum(output.size * output.dtype.itemsize for output in outputs) // size
        return self._output_bytes[key]

    # ---- one batch

    def _loss(self, trainable: Params, frozen: Params, state: State, batch: Batch, train: bool, key: Key) -> Any:
        objective = self._objective
        if objective is None:
            raise RuntimeError("The model is not compiled, so it has no loss.")
        params = tree.merge(trainable, frozen)
        ctx = Context(train, key, as_called=True)
        # A loss may read weights of the model, by their handles: they are those that it is differentiated in.
        with reading(Reads.over(self._model.handle_values(params, state))):
            result = self._evaluate(params, state, batch.inputs, ctx)
            given = self._model.given_to(objective, batch.targets, batch.weights)

            def resolve(value: Any) -> Any:
                return evaluate(unwrap(value), self._model.graph, result.values, params, state, ctx, given)

            with expressions.known_values(resolve):
                total, each = objective.total(result.outputs, result.masks, batch.targets, batch.weights, resolve)
                total = total + result.penalty + self._weight_penalty(params)
                total += sum(jnp.sum(as_array(resolve(loss))) for loss in self._losses)
                # Metrics are only looked at: they need no derivative, and may have none.
                seen = lax.stop_gradient((total, each, result.outputs))
                report = objective.report(*seen, batch.targets, resolve)
                new_state = result.state
                for path, value in self._updates if train else ():
                    old = tree.find(new_state, path[:-1])[path[-1]]  # type: ignore[index]
                    new = jnp.broadcast_to(as_array(resolve(value)), old.shape).astype(old.dtype)
                    new_state = tree.replaced(new_state, path, lax.stop_gradient(new))
        return total, (new_state, report)

    def _as_update(self, pair: Any) -> tuple[tuple[str, ...], Any]:
        """Return the path of the weight that an update is for, and its symbolic new value."""
        if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], Variable):
            weight = pair[0].resolved()
            for place in self._model.ledger.places:
                for name, handle in place.layer._handles.items():
                    if weight is handle and not handle.spec.trainable:
                        return (*place.path, name), pair[1]
        raise ValueError(
            f"Model {self._model.name!r}: add_update takes pairs (non-trainable weight of a layer, new value); got {pair!r}. Make "
            "the weight in build() by self.add_weight(..., trainable=False)."
        )

    def _weight_penalty(self, params: Params) -> Array | float:
        return sum(regularizer(tree.find(params, path)[name]) for path, name, regularizer in self._regularizers)

    def _train_batch(self, carry: Carry, frozen: Params, batch: Batch, seed: Any, step: Any) -> tuple[Carry, Array]:
        """One training step. Returns the new carry and the vector of loss and metrics."""
        if self._rule is None:
            raise RuntimeError("The model is not compiled, so nothing moves its weights.")
        key = _key(seed, step)
        batch = self._split(batch)
        loss = partial(self._loss, train=True, key=key)
        gradient = jax.value_and_grad(loss, has_aux=True)
        (total, (state, report)), grads = gradient(carry.trainable, frozen, carry.state, batch)
        told = Loss(total, lambda trainable: loss(trainable, frozen, carry.state, batch)[0], key)
        trainable, opt_state = self._rule.advance(grads, carry.opt_state, carry.trainable, told)
        if not self._rule.constrains:
            trainable = self._constrained(trainable)
        return self._kept(Carry(trainable, state, opt_state)), self._readable(report)

    def _constrained(self, trainable: Params) -> Params:
        for path, name, constraint in self._constraints:
            entry = tree.find(trainable, path)
            if entry and name in entry:
                trainable = tree.replaced(trainable, (*path, name), constraint(entry[name]))
        return trainable

    def _test_batch(self, params: Params, state: State, batch: Batch, seed: Any, step: Any) -> tuple[State, Array]:
        """Loss and metrics of one batch at inference. Returns the new state and the vector."""
        _, (state, report) = self._loss(params, {}, state, self._split(batch), False, _key(seed, step))
        return self._kept(state), self._readable(report)

    def _predict_batch(
        self, params: Params, state: State, inputs: list[Array], seed: Any, step: Any
    ) -> tuple[State, list[Array]]:
        """The outputs for one batch at inference. Returns the new state and the outputs."""
        result = self._evaluate(params, state, self._split(inputs), Context(False, _key(seed, step), as_called=True))
        return self._kept(result.state), self._readable(result.outputs)

    # ---- on a mesh of devices

    def enter(self, batch: Any) -> Any:
        """Put a batch where the programs for one batch take it."""
        return batch if self.layout is None else self.layout.batch(batch)

    def _kept(self, tree: Any) -> Any:
        """Let new weights and states be where the old ones were, so that the next step takes them as they are."""
        return tree if self.layout is None else self.layout.keep(tree)

    def _split(self, batch: Any) -> Any:
        return batch if self.layout is None else self.layout.split(batch)

    def _readable(self, tree: Any) -> Any:
        return tree if self.layout is None else self.layout.readable(tree)

    # ---- many batches

    def _train_batches(
        self,
        carry: Carry,
        frozen: Params,
        data: Batch,
        order: Array | None,
        first: Any,
        stop: Any,
        seed: Any,
        step: Any,
    ) -> tuple[Carry, Array]:
        """Steps `first` to `stop` (excluded) of an epoch.

        Args:
            data: samples; or, without an order, ``(batches, batch size, …)``.
            order: ``(batches, batch size)``, the rows of the data that make up each batch.
            step: number of the step `first` since the model was made; it makes the keys.

        Returns:
            The new carry, and loss and metrics of the steps from `first` on, ``(at least stop - first, values)``.
        """

        if order is not None:
            order = jnp.asarray(order)  # also where it is run without jit, as JAX's search for NaN does

        def body(index: Array, loop: tuple[Carry, Array]) -> tuple[Carry, Array]:
            carry, reports = loop
            batch = _at(data, index) if order is None else _rows(data, order[index])
            carry, report = self._train_batch(carry, frozen, batch, seed, step + (index - first))
            return carry, reports.at[index - first].set(report)

        reports = self._no_reports(min(len(data.inputs[0] if order is None else order), LONGEST_CHUNK))
        carry, reports = lax.fori_loop(first, stop, body, (carry, reports))
        return self._kept(carry), self._readable(reports)  # once more: of what a loop returns XLA decides anew

    def _test_batches(
        self, params: Params, state: State, data: Batch, first: Any, stop: Any, seed: Any, step: Any
    ) -> tuple[State, Array]:
        """Loss and metrics, ``(batches, values)``, of the batches `first` to `stop`.

        Args:
            data: ``(batches, batch size, …)``.
            step: number of the batch `first` among all inferences; it makes the keys.
        """

        def body(index: Array, loop: tuple[State, Array]) -> tuple[State, Array]:
            state, reports = loop
            state, report = self._test_batch(params, state, _at(data, index), seed, step + (index - first))
            return state, reports.at[index].set(report)

        state, reports = lax.fori_loop(first, stop, body, (state, self._no_reports(len(data.inputs[0]))))
        return self._kept(state), self._readable(reports)

    def _predict_batches(
        self, params: Params, state: State, data: Batch, first: Any, stop: Any, seed: Any, step: Any
    ) -> tuple[State, list[Array]]:
        """The outputs for all batches of `data`, zeros where none ran; arguments and shapes as for `_test_batches`."""

        def outputs_of(index: Array, state: State) -> tuple[State, list[Array]]:
            return self._predict_batch(params, state, _at(data, index).inputs, seed, step + (index - first))

        def body(index: Array, loop: tuple[State, list[Array]]) -> tuple[State, list[Array]]:
            state, results = loop
            state, outputs = outputs_of(index, state)
            # Not `at[index].set`: its scatter takes longer.
            written = [
                lax.dynamic_update_index_in_dim(result, output, index, axis=0)
                for result, output in zip(results, outputs, strict=True)
            ]
            return state, written

        batches = len(data.inputs[0])
        _, like = jax.eval_shape(outputs_of, 0, state)
        nothing = [jnp.zeros((batches, *one.shape), one.dtype) for one in like]
        state, results = lax.fori_loop(first, stop, body, (state, nothing))
        return self._kept(state), self._readable(results)

    def _no_reports(self, batches: int) -> Array:
        values = 0 if self._objective is None else len(self._objective.names)
        return jnp.zeros((batches, values), jnp.float32)


def _rows(data: Batch, rows: Array) -> Batch:
    # The rows come from np.arange: they are in bounds, and checking that on the device would cost.
    return jax.tree.map(lambda array: array.at[rows].get(mode="promise_in_bounds"), data)


def _at(data: Batch, index: Array) -> Batch:
    return jax.tree.map(lambda array: lax.dynamic_index_in_dim(array, index, keepdims=False), data)


def _key(seed: Any, step: Any) -> Key:
    # Made on the device: a key made outside would be two more programs to compile.
    return jax.random.fold_in(jax.random.key(seed), step)
