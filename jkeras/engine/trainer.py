"""A compiled model in training, and how arrays change hands between its layers and the compiled steps.

A step consumes the buffers it is given (they are donated), so that a model needs its memory once and not twice. The
layers are given the new arrays in the same moment; whatever goes wrong, no layer is left with arrays that are gone.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.distribute import hosts
from jkeras.distribute.placement import Layout
from jkeras.engine import tree
from jkeras.engine.copies import on_one_device, own_copies, own_copy
from jkeras.engine.interrupts import deferred_interrupts
from jkeras.engine.losses import Objective
from jkeras.engine.rules import rule_for
from jkeras.engine.step import Batch, Carry, Programs
from jkeras.engine.weights import WeightHandle

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer
    from jkeras.engine.model import Model

__all__ = ["Trainer", "traced"]


class Trainer:
    """What `Model.compile` fixes: losses, optimizer, and the weights that they move.

    A training that runs goes on with what it began with, also if a callback compiles the model anew.

    Args:
        model: whose flags `trainable` are read now.
        objective: losses and metrics.
        optimizer: a gradient transformation, or an object with `get_updates`.
    """

    def __init__(self, model: "Model", objective: Objective, optimizer: Any):
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self._ledger = model.ledger
        self._moved = tree.Ledger([place for place in self._ledger.places if place.trainable], [])
        self._frozen = tree.Ledger([place for place in self._ledger.places if not place.trainable], [])
        self._has_run = False
        self.layout = model.layout()
        # Drawn now, so that during training ``np.random`` does nothing but shuffle, as in Keras 1.
        self._seed = model.seed
        # What an initializer returned may be held by others, or stand in two layers.
        _give_params(self._ledger, own_copies(self._ledger.gather(_params)))
        model.keep_state(own_copies(self._ledger.gather(_state)))
        weights = self._weights()
        moved = {handle for _, handle in weights}
        handles = [handle for place in self._ledger.places for handle in place.layer._handles.values()]
        self.rule = rule_for(optimizer, weights, [handle for handle in handles if handle not in moved])
        self.memory = self.rule.memory
        self._programs = Programs(model, objective, self.rule, self.layout)
        if self.layout is not None:
            model.gather()  # where they belong, so that what the optimizer makes of them is there too
        self.rule.start(self._moved.gather(_params))
        self.settle()

    def settle(self) -> None:
        """Put all arrays where they belong, if the model is on a mesh of devices."""
        if self.layout is not None:
            self.model.gather()
            self.memory.opt_state = self.layout.place(self.memory.opt_state)

    def report(self, objective: Objective) -> None:
        """Let the steps report what another objective says, of the same losses."""
        self.objective = objective
        self._programs = Programs(self.model, objective, self.rule, self.layout)

    def move(self, layout: Layout | None) -> None:
        """Go on elsewhere: on another mesh of devices, or, with ``None``, on one device."""
        self.layout = layout
        self.reseed(self.model.seed)  # several processes have agreed on it
        self._programs = Programs(self.model, self.objective, self.rule, layout)
        if layout is None:
            self.memory.opt_state = on_one_device(self.memory.opt_state)
        self.settle()

    @property
    def programs(self) -> Programs:
        """The compiled steps."""
        self._programs = self._programs.current()
        return self._programs

    @programs.setter
    def programs(self, programs: Programs) -> None:
        self._programs = programs

    @property
    def has_run(self) -> bool:
        """Whether a training step has been made since `compile`."""
        return self._has_run

    def reseed(self, seed: int) -> None:
        """Make the random keys of the steps from another seed."""
        self._seed = seed

    def order(self, mark: str = "") -> list[tree.Path]:
        """Return the paths of what trains, as Keras 1 orders them in files.

        Args:
            mark: what the file's names of weights end in: it takes part in the order.
        """
        return [path for path, _ in self._weights(mark)]

    def _weights(self, mark: str = "") -> list[tuple[tree.Path, WeightHandle]]:
        """Return the weights that train and their paths, as Keras 1 orders them in files: by the weights' names."""
        named = [
            (place.layer.weight_name(spec) + mark, (*place.path, spec.name), place.layer._handles[spec.name])
            for place in self._moved.places
            for spec in place.layer.weight_declarations
            if spec.trainable
        ]
        return [(path, handle) for _, path, handle in sorted(named, key=lambda entry: entry[0])]

    def run(self, program: Callable[..., tuple[Carry, Any]], *arguments: Any, steps: int = 1) -> np.ndarray:
        """Run training steps and give the layers their new arrays.

        Args:
            program: ``(carry, frozen, *arguments, seed, step) -> (carry, reports)``; it consumes the carry's buffers.
            steps: how many it runs.

        Returns:
            What the steps report.
        """
        model = self.model
        model.reclaim()
        with deferred_interrupts():
            carry, frozen = self.arrays()
            spare = None if self._has_run else jax.tree.map(_on_host, carry)
            try:
                new, reports = program(carry, frozen, *arguments, self._seed, model.steps_done)
                reports = np.asarray(reports)  # waits for the device, where a step may still fail
            except BaseException as error:
                self._recover(carry, spare, error)
                if "incompatible devices" in str(error):
                    error.add_note(
                        f"Model {model.name!r} shares layers with one that works on other devices. Let all of them work on the "
                        "same: compile them inside one `with data_parallel()`, or give each the same mesh."
                    )
                raise
            self._give(new)
            self._has_run = True
            model.steps_done += steps
        return reports

    def arrays(self) -> tuple[Carry, Any]:
        """Return what a step replaces, and the weights that do not train, as the layers and the optimizer have them now."""
        carry = Carry(self._moved.gather(_params), self._ledger.gather(_state), self.memory.opt_state)
        frozen = self._frozen.gather(_params)
        if self.layout is not None:  # what a script or a callback has set may be elsewhere
            carry, frozen = self.layout.place(carry), self.layout.place(frozen)
        return carry, frozen

    def compiled_step(self, batch: Batch) -> Any:
        """Return the compiled program of one step on such a batch, as JAX's ahead-of-time interface has it, without running it."""
        programs = self.programs
        return programs.train_batch.compiled(*self.arrays(), programs.enter(batch), self._seed, self.model.steps_done)

    def _give(self, carry: Carry) -> None:
        self.memory.opt_state = carry.opt_state
        _give_params(self._moved, carry.trainable)
        self.model.keep_state(carry.state)

    def _recover(self, carry: Carry, spare: Carry | None, error: BaseException) -> None:
        """Replace what a step consumed before it failed: it ran out of memory, or code of the user's raised inside it.

        The first step is where memory runs out: for it there is a spare copy. Later a copy at every step would cost
        more than it is worth.
        """
        if not any(isinstance(leaf, jax.Array) and leaf.is_deleted() for leaf in jax.tree.leaves(carry)):
            return
        if spare is not None:
            self._give(jax.tree.map(jnp.asarray, spare))
            return
        for place in self._ledger.places:
            params, state = place.layer.initial_arrays()
            if place.trainable:
                place.layer.store_own(params, True)
            place.layer.store_own(state, False)
        self.rule.start(self._moved.gather(_params))
        error.add_note(
            f"The step failed after it had consumed the weights of {self.model.name!r}. The model has its initial "
            "weights again: load those that you saved last."
        )


def traced(folder: str | None) -> AbstractContextManager[Any]:
    """Return a context in which JAX records what runs when, into `folder`; one that does nothing for ``None``."""
    return nullcontext() if folder is None else jax.profiler.trace(os.fspath(folder))


def _on_host(leaf: jax.Array) -> Any:
    return own_copy(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else np.array(hosts.readable(leaf))


def _params(place: tree.Place) -> Mapping[str, Any]:
    return place.layer.own_arrays(True)


def _state(place: tree.Place) -> Mapping[str, Any]:
    return place.layer.own_arrays(False)


def _give_params(ledger: tree.Ledger, params: Mapping[str, Any]) -> None:
    def store(layer: "Layer", arrays: Mapping[str, Any]) -> None:
        layer.store_own(arrays, True)

    tree.hand_back(ledger.places, params, store)
