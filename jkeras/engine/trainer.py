"""A compiled model in training, and how arrays change hands between its layers and the compiled steps.

A step consumes the buffers it is given (they are donated), so that a model needs its memory once and not twice. The
layers are given the new arrays in the same moment; whatever goes wrong, no layer is left with arrays that are gone.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.engine import tree
from jkeras.engine.interrupts import deferred_interrupts
from jkeras.engine.losses import Objective
from jkeras.engine.step import Carry, Programs

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer
    from jkeras.engine.model import Model

__all__ = ["Memory", "Trainer"]


class Memory:
    """What an optimizer remembers for one model; `jkeras.optim.shell` reads and writes it too.

    Attributes:
        opt_state: replaced after every step.
    """

    opt_state: Any = None


class Trainer:
    """What `Model.compile` fixes: losses, optimizer, and the weights that they move.

    A training that runs goes on with what it began with, also if a callback compiles the model anew.

    Args:
        model: whose flags `trainable` are read now.
        objective: losses and metrics.
        optimizer: a gradient transformation.
    """

    def __init__(self, model: "Model", objective: Objective, optimizer: Any):
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.memory = Memory()
        self.programs = Programs(model, objective, optimizer.update)
        self._ledger = model.ledger
        self._moved = tree.Ledger([place for place in self._ledger.places if place.trainable], [])
        self._frozen = tree.Ledger([place for place in self._ledger.places if not place.trainable], [])
        self._has_run = False
        # Drawn now, so that during training ``np.random`` does nothing but shuffle, as in Keras 1.
        self._seed = model.seed
        # What an initializer returned may be held by others, or stand in two layers.
        _give_params(self._ledger, own_copies(self._ledger.gather(_params)))
        model.keep_state(own_copies(self._ledger.gather(_state)))
        self._start_optimizer()

    def _start_optimizer(self) -> None:
        self.memory.opt_state = None
        # Copies again: a first state may hold the very arrays of the weights.
        self.memory.opt_state = own_copies(self.optimizer.init(self._moved.gather(_params)))
        if hasattr(self.optimizer, "attach"):
            self.optimizer.attach(self.memory, self._file_order())

    def _file_order(self) -> list[tuple[str, ...]]:
        """Return the paths of the weights that train as Keras 1 orders them in files: by the weights' names."""
        named = [
            (place.layer.weight_name(spec), (*place.path, spec.name))
            for place in self._moved.places
            for spec in place.layer.weight_declarations
            if spec.trainable
        ]
        return [path for _, path in sorted(named, key=lambda pair: pair[0])]

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
            carry = Carry(self._moved.gather(_params), self._ledger.gather(_state), self.memory.opt_state)
            spare = None if self._has_run else jax.tree.map(_on_host, carry)
            try:
                new, reports = program(carry, self._frozen.gather(_params), *arguments, self._seed, model.steps_done)
                reports = np.asarray(reports)  # waits for the device, where a step may still fail
            except BaseException as error:
                self._recover(carry, spare, error)
                raise
            self._give(new)
            self._has_run = True
            model.steps_done += steps
        return reports

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
            self._give(jax.tree.map(jax.device_put, spare))
            return
        for place in self._ledger.places:
            params, state = place.layer.initial_arrays()
            if place.trainable:
                place.layer.store_own(params, True)
            place.layer.store_own(state, False)
        self._start_optimizer()
        error.add_note(
            f"The step failed after it had consumed the weights of {self.model.name!r}. The model has its initial "
            "weights again: load those that you saved last."
        )


def own_copies(arrays: Any) -> Any:
    """Return a pytree of arrays, or of what can be one, in buffers that nobody else holds."""
    return jax.tree.map(_own_copy, arrays)


def _own_copy(leaf: Any) -> jax.Array:
    if isinstance(leaf, jax.Array) and not leaf.weak_type:
        return jax.device_put(leaf, may_alias=False)
    # By way of numpy, since a number without a dtype of its own would make the second step compile again.
    return jax.device_put(np.array(leaf))


def _on_host(leaf: jax.Array) -> Any:
    return _own_copy(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else np.array(leaf)


def _params(place: tree.Place) -> Mapping[str, Any]:
    return place.layer.own_arrays(True)


def _state(place: tree.Place) -> Mapping[str, Any]:
    return place.layer.own_arrays(False)


def _give_params(ledger: tree.Ledger, params: Mapping[str, Any]) -> None:
    def store(layer: "Layer", arrays: Mapping[str, Any]) -> None:
        layer.store_own(arrays, True)

    tree.hand_back(ledger.places, params, store)
