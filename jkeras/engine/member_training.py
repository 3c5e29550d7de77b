"""The training and the evaluation of an ensemble's models: what `jkeras.engine.loop` does, for all members in one call.

The stacked arrays exist while a method runs; between methods the layers of the models own their arrays.
"""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np

from jkeras.callbacks import CallbackList
from jkeras.engine import position, tree
from jkeras.engine.chunks import ChunkClock
from jkeras.engine.interrupts import deferred_interrupts
from jkeras.engine.loop import chunks, shuffled
from jkeras.engine.member_models import check_variables, numbers_kept
from jkeras.engine.members import MemberPrograms, member_of, on_host, stacked
from jkeras.engine.model import Model
from jkeras.engine.position import Position
from jkeras.engine.step import Batch, Carry
from jkeras.engine.streaming import Block, blocks, parts
from jkeras.engine.trainer import Trainer, _give_params, _params, _state
from jkeras.utils.progbar import Progbar

__all__ = ["Clocks", "Training", "evaluate", "held_back", "inference_seeds"]


class Clocks(dict[Any, ChunkClock]):
    """A clock for each program and batch size; they keep what they learned."""

    def __missing__(self, key: Any) -> ChunkClock:
        self[key] = ChunkClock()
        return self[key]


class Training:
    """One `fit` of an ensemble.

    Args:
        models: the members.
        members: their programs.
        random: each member's ``np.random``.
        data: on the host or on the device.
        validation: evaluated after every epoch, or ``None``.
        batch_size, shuffle: as in `Model.fit`.
        names: what the logs call loss and metrics.
        callbacks: those of each member; and, if there are more, those that are told means over the members.
        clocks: of the programs.
    """

    def __init__(
        self,
        models: Sequence[Model],
        members: MemberPrograms,
        random: Sequence[np.random.RandomState],
        data: Batch,
        validation: Batch | None,
        batch_size: int,
        shuffle: bool | str,
        names: Sequence[str],
        callbacks: Sequence[CallbackList],
        clocks: Clocks,
    ):
        self.models, self.members, self.random, self.clocks = models, members, random, clocks
        self.trainers: list[Trainer] = [model._trainer for model in models]  # type: ignore[misc]
        self.data = members.everywhere(data)
        self.held_out = None if validation is None else held_back(members, validation, batch_size)
        self.samples, self.batch_size, self.shuffle = len(data.inputs[0]), batch_size, shuffle
        self.names, self.callbacks = names, callbacks
        self.steps_done = 0
        self.variables_checked = False

    def run(self, initial_epoch: int, nb_epoch: int) -> None:
        """Train for the epochs `initial_epoch` to `nb_epoch` (excluded)."""
        for each in self.callbacks:
            each.on_train_begin()
        orders = [
            self._first_order(model, random, initial_epoch)
            for model, random in zip(self.models, self.random, strict=True)
        ]
        self._gather()
        try:
            for epoch in range(initial_epoch, nb_epoch):
                self._epoch(epoch, orders)
        except BaseException as error:
            if self.carry is None:
                error.add_note(
                    "The step failed after it had consumed the weights of the members: they have those again that they had before "
                    "this fit."
                )
            raise
        finally:
            with deferred_interrupts():
                self._hand_back()
        for each in self.callbacks:
            each.on_train_end()

    def _epoch(self, epoch: int, orders: list[np.ndarray]) -> None:
        for each in self.callbacks:
            each.on_epoch_begin(epoch)
        for index, model in enumerate(self.models):
            position.within_epoch(model)
            orders[index] = shuffled(orders[index], self.shuffle, self.batch_size, self.random[index])
        for first, count, size in parts(self.samples, self.batch_size):
            rows = slice(first * self.batch_size, first * self.batch_size + count * size)
            self._train_on(np.stack([order[rows].reshape(count, size) for order in orders]), first)
        logs: list[dict[str, Any]] = [{} for _ in self.callbacks]
        if self.held_out is not None:
            values = self._validate(self.held_out)
            for log, one in zip(logs, _with_mean(values, len(self.callbacks)), strict=True):
                log.update((f"val_{name}", value) for name, value in zip(self.names, one.tolist(), strict=True))
        for model, order, random in zip(self.models, orders, self.random, strict=True):
            model.position = Position(epoch + 1, order, random.get_state(legacy=False))
        for each, log in zip(self.callbacks, logs, strict=True):
            each.on_epoch_end(epoch, log)

    def _train_on(self, rows: np.ndarray, first: int) -> None:
        """Train on batches of one size.

        Args:
            rows: ``(members, batches, batch size)``, the samples of each batch.
            first: number of the first batch in the epoch.
        """
        _, count, size = rows.shape
        order, clock = self.members.split(rows), self.clocks["train", size]
        done = 0
        while done < count:
            steps = min(clock.steps(), count - done)
            started = time.perf_counter()
            values = self._run(order, done, done + steps)
            clock.ran(steps, time.perf_counter() - started)
            sizes = np.full(steps, size)
            for each, one in zip(self.callbacks, _with_mean(values, len(self.callbacks)), strict=True):
                each.on_batches_end(first + done, sizes, self.names, one)
            done += steps

    def _run(self, order: Any, first: int, stop: int) -> np.ndarray:
        """Run the steps `first` to `stop` of all members; return what they report, ``(members, steps, values)``."""
        seeds = np.array([trainer._seed for trainer in self.trainers], np.int32)
        steps = np.array([model.steps_done + self.steps_done for model in self.models], np.int32)
        program = self.members.train
        with deferred_interrupts():
            carry, self.carry = self.carry, None
            new, reports = program(carry, self.frozen, self.data, order, first, stop, seeds, steps)
            reports = np.asarray(reports)  # waits for the devices, where a step may still fail
            if program._variables and not self.variables_checked:
                check_variables(self.models, jax.tree.map(lambda array: _like(array, order.shape[2]), self.data))
                self.variables_checked = True
            self.carry = new
            self.steps_done += stop - first
        return reports[:, : stop - first]

    def _validate(self, held_out: list[Block]) -> np.ndarray:
        assert self.carry is not None
        params = tree.merge(self.carry.trainable, self.frozen)
        state, values = evaluate(self.models, self.members, params, self.carry.state, held_out, self.clocks)
        self.carry = self.carry._replace(state=state)
        return values

    def _first_order(self, model: Model, random: np.random.RandomState, initial_epoch: int) -> np.ndarray:
        """Return the order that a member's first epoch shuffles; one from a file may go on where it was saved."""
        with numbers_kept():
            np.random.set_state(random.get_state())
            order = position.first_order(model, initial_epoch, self.samples)
            random.set_state(np.random.get_state())
        return order

    # ---- arrays between the models and the steps

    def _gather(self) -> None:
        carries = [
            Carry(trainer._moved.gather(_params), trainer._ledger.gather(_state), trainer.memory.opt_state)
            for trainer in self.trainers
        ]
        self.carry: Carry | None = self.members.split(stacked(carries))
        self.frozen = self.members.split(stacked([trainer._frozen.gather(_params) for trainer in self.trainers]))

    def _hand_back(self) -> None:
        if self.carry is None:
            return
        carry = on_host(self.carry)
        for index, (model, trainer) in enumerate(zip(self.models, self.trainers, strict=True)):
            own = member_of(carry, index)
            trainer.memory.opt_state = own.opt_state
            _give_params(trainer._moved, own.trainable)
            model.keep_state(own.state)
            model.steps_done += self.steps_done
            trainer._has_run = trainer._has_run or self.steps_done > 0


def _with_mean(values: np.ndarray, count: int) -> Sequence[np.ndarray]:
    """Return the values of each member, and behind them their means if so many entries are wanted."""
    return [*values, values.mean(axis=0)][:count]


def _like(array: Any, size: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype)


# ---- inference


def held_back(members: MemberPrograms, data: Batch, batch_size: int, row_bytes: int = 0) -> list[Block]:
    """Return data in blocks, on all devices."""
    found = blocks(data, batch_size, row_bytes)
    return [block._replace(data=members.everywhere(block.data)) for block in found]


def inference_seeds(models: Sequence[Model], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the seed of each member, and the number of the first of so many steps of inference."""
    seeds, firsts = zip(*(model.inference_seed(steps) for model in models), strict=True)
    return np.array(seeds, np.int32), np.array(firsts, np.int32)


def evaluate(
    models: Sequence[Model],
    members: MemberPrograms,
    params: Any,
    state: Any,
    data: Iterable[Block],
    clocks: Clocks,
    bar: Progbar | None = None,
) -> tuple[Any, np.ndarray]:
    """Return the new states, and the averages of loss and metrics weighted by batch size, ``(members, values)``.

    Args:
        models, members: the models and their programs.
        params, state: stacked.
        data: to evaluate on.
        clocks: of the programs.
        bar: is moved, if given.
    """
    total: Any = 0.0
    samples = 0
    for block in data:
        seeds, numbers = inference_seeds(models, block.batches)
        for first, stop in chunks(block, clocks["test", block.size], bar):
            state, reports = members.test(params, state, block.data, first, stop, seeds, numbers + np.int32(first))
            total = total + np.asarray(reports, np.float64)[:, first:stop].sum(axis=1) * block.size
        samples += block.batches * block.size
    return state, total / samples
