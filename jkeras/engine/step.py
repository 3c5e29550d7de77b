"""What happens in one batch, as pure functions, and the loops over many batches that run on the device.

A training step is ``(trainable, state, optimiser state) → the same``, given the frozen params, a batch and a key::

    loss    = Σ loss_weight · loss(output, target) + regularisation
    grads   = ∂ loss / ∂ trainable                        (jax.grad)
    updates = optimizer.update(grads, …);  trainable += updates;  constraints project

Loops take the whole data set and the order of its rows; batches are gathered on the device. The number of steps of one
call is an argument of the compiled program, so that any number runs without compiling again.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from jkeras.engine import tree
from jkeras.engine.chunks import ChunkClock
from jkeras.engine.contract import Context
from jkeras.engine.losses import Objective
from jkeras.typing import Array, Key, Params, State

if TYPE_CHECKING:
    from jkeras.engine.container import Container

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


class Programs:
    """The compiled functions of one compiled model.

    Args:
        model: its graph and its layers' regularizers and constraints are read once, here.
        objective: losses and metrics; ``None`` for a model that only predicts.
        update: ``(grads, opt_state, params) -> (updates, opt_state)``.
    """

    def __init__(self, model: "Container", objective: Objective | None = None, update: Callable[..., Any] | None = None):
        self._evaluate = model._evaluate
        self._objective = objective
        self._update = update
        declared = [(place.path, spec) for place in model.ledger.places for spec in place.layer.weight_declarations]
        self._regularizers = [(path, spec.name, spec.regularizer) for path, spec in declared if spec.regularizer]
        self._constraints = [(path, spec.name, spec.constraint) for path, spec in declared if spec.constraint]

        self.train_batch = jax.jit(self._train_batch, donate_argnums=0)
        self.test_batch = jax.jit(self._test_batch)
        self.predict_batch = jax.jit(self._predict_batch)
        self.train_batches = jax.jit(self._train_batches, donate_argnums=0)
        self.test_batches = jax.jit(self._test_batches, static_argnames="size")
        self.predict_batches = jax.jit(self._predict_batches, static_argnames="size", donate_argnums=0)

        self._clocks: dict[str, ChunkClock] = {}

    def clock(self, kind: str) -> ChunkClock:
        """Return the clock of the programs of one kind ('train', 'test', 'predict'); it keeps what it learned."""
        return self._clocks.setdefault(kind, ChunkClock())

    # ---- one batch

    def _loss(self, trainable: Params, frozen: Params, state: State, batch: Batch, train: bool, key: Key) -> Any:
        objective = self._objective
        if objective is None:
            raise RuntimeError("The model is not compiled, so it has no loss.")
        params = tree.merge(trainable, frozen)
        result = self._evaluate(params, state, batch.inputs, Context(train, key))
        total, each = objective.total(result.outputs, result.masks, batch.targets, batch.weights)
        total = total + result.penalty + self._weight_penalty(params)
        return total, (result.state, objective.report(total, each, result.outputs, batch.targets))

    def _weight_penalty(self, params: Params) -> Array | float:
        return sum(regularizer(tree.find(params, path)[name]) for path, name, regularizer in self._regularizers)

    def _train_batch(self, carry: Carry, frozen: Params, batch: Batch, key: Key, step: Any) -> tuple[Carry, Array]:
        """One training step. Returns the new carry and the vector of loss and metrics."""
        key = jax.random.fold_in(key, step)
        gradient = jax.grad(partial(self._loss, train=True, key=key), has_aux=True)
        grads, (state, report) = gradient(carry.trainable, frozen, carry.state, batch)
        updates, opt_state = self._update(grads, carry.opt_state, carry.trainable)  # type: ignore[misc]
        trainable = jax.tree.map(lambda p, u: (p + u).astype(p.dtype), carry.trainable, updates)
        trainable = self._constrained(trainable)
        return Carry(trainable, state, opt_state), report

    def _constrained(self, trainable: Params) -> Params:
        for path, name, constraint in self._constraints:
            entry = tree.find(trainable, path)
            if entry and name in entry:
                trainable = tree.replaced(trainable, (*path, name), constraint(entry[name]))
        return trainable

    def _test_batch(self, params: Params, state: State, batch: Batch, key: Key, step: Any) -> tuple[State, Array]:
        """Loss and metrics of one batch at inference. Returns the new state and the vector."""
        _, (state, report) = self._loss(params, {}, state, batch, False, jax.random.fold_in(key, step))
        return state, report

    def _predict_batch(self, params: Params, state: State, inputs: list[Array], key: Key, step: Any) -> tuple[State, list[Array]]:
        """The outputs for one batch at inference. Returns the new state and the outputs."""
        result = self._evaluate(params, state, inputs, Context(False, jax.random.fold_in(key, step)))
        return result.state, result.outputs

    # ---- many batches

    def _train_batches(
        self,
        carry: Carry,
        frozen: Params,
        reports: Array,
        data: Batch,
        order: Array,
        first: Any,
        stop: Any,
        key: Key,
        step: Any,
    ) -> tuple[Carry, Array]:
        """Steps `first` to `stop` (excluded) of an epoch.

        Args:
            reports: ``(batches, values)``; row i is overwritten by step i.
            order: ``(batches, batch size)``, the rows of the data that make up each batch.
            step: number of the epoch's first step since compile; it makes the keys.
        """

        def body(index: Array, loop: tuple[Carry, Array]) -> tuple[Carry, Array]:
            carry, reports = loop
            carry, report = self._train_batch(carry, frozen, _rows(data, order[index]), key, step + index)
            return carry, reports.at[index].set(report)

        return lax.fori_loop(first, stop, body, (carry, reports))

    def _test_batches(
        self, reports: Array, state: State, first: Any, stop: Any, params: Params, data: Batch, base: Any, key: Key, step: Any, size: int
    ) -> tuple[Array, State]:
        """Loss and metrics of the batches `first` to `stop`, each of `size` rows; batch 0 begins at row `base`."""

        def body(index: Array, loop: tuple[Array, State]) -> tuple[Array, State]:
            reports, state = loop
            state, report = self._test_batch(params, state, _slice(data, base + index * size, size), key, step + index)
            return reports.at[index].set(report), state

        return lax.fori_loop(first, stop, body, (reports, state))

    def _predict_batches(
        self, results: list[Array], state: State, first: Any, stop: Any, params: Params, data: Batch, base: Any, key: Key, step: Any, size: int
    ) -> tuple[list[Array], State]:
        """Write the outputs for the batches `first` to `stop` into `results`; arguments as for `_test_batches`."""

        def body(index: Array, loop: tuple[list[Array], State]) -> tuple[list[Array], State]:
            results, state = loop
            inputs = _slice(data, base + index * size, size).inputs
            state, outputs = self._predict_batch(params, state, inputs, key, step + index)
            written = [
                lax.dynamic_update_slice_in_dim(result, output, index * size, axis=0)
                for result, output in zip(results, outputs, strict=True)
            ]
            return written, state

        return lax.fori_loop(first, stop, body, (results, state))


def _rows(data: Batch, rows: Array) -> Batch:
    # The rows come from np.arange: they are in bounds, and checking that on the device would cost.
    return jax.tree.map(lambda array: array.at[rows].get(mode="promise_in_bounds"), data)


def _slice(data: Batch, start: Array, size: int) -> Batch:
    return jax.tree.map(lambda array: lax.dynamic_slice_in_dim(array, start, size, axis=0), data)
