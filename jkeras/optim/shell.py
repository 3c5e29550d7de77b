"""The base class of Keras 1's optimizers, and the variables that lead into the states of compiled models."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from jkeras import backend as K
from jkeras.backend.variables import Variable, unwrap
from jkeras.distribute.hosts import readable
from jkeras.errors import did_you_mean
from jkeras.optim.base import OptState, Transformation, checked, clip_norm
from jkeras.optim.settings import Accumulator, Link, Path, Setting, entry_at, like, with_entry
from jkeras.typing import Config

__all__ = ["Optimizer", "Path", "Setting"]


class Optimizer:
    """Base class of optimizers.

    A subclass names its `slots`, calls `add_settings` and `add_constants` with its arguments, and implements
    `transformation`. A subclass in Keras 1's style overrides `get_updates` instead, or `get_gradients`: a compiled model
    calls it once, and its steps compute the symbolic new values that it returns.

    Args:
        **kwargs: ``clipnorm`` (all gradients are scaled down so that their common norm is at most this) and
            ``clipvalue`` (each element of the gradients is clipped to ±clipvalue).
    """

    slots: ClassVar[tuple[str, ...]] = ()
    """Names of the algorithm's accumulators, in the order of `get_weights`."""
    counted: ClassVar[bool] = True
    """Whether `get_weights` begins with the iteration count; Keras 1 leaves it out of three optimizers."""

    clipnorm: float | None
    clipvalue: float | None
    iterations: Variable

    def __init__(self, **kwargs: Any):
        owner = type(self).__name__
        for name in kwargs:
            if name not in ("clipnorm", "clipvalue"):
                known = [*_arguments(type(self)), "clipnorm", "clipvalue"]
                hint = _INSTEAD.get(name) or did_you_mean(name, known)
                raise TypeError(f"{owner} got an unexpected keyword argument {name!r}.{hint}")
        self._link = Link(owner)
        self._constants: list[str] = []
        self.add_constants(clipnorm=kwargs.get("clipnorm"), clipvalue=kwargs.get("clipvalue"))
        self.iterations = Setting(0.0, "iterations", self._link, "iterations")
        self.updates: list[Any] = []

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; one that is a variable is given the value, and only replaced by another variable."""
        current = self.__dict__.get(name)
        if isinstance(current, Setting) or (isinstance(current, Variable) and not isinstance(value, Variable)):
            current.set_value(value)
        else:
            super().__setattr__(name, value)

    def add_settings(self, **values: float) -> None:
        """Make each hyper-parameter an attribute that is a variable: it may change during training."""
        for name, value in values.items():
            setattr(self, name, Setting(value, name, self._link, "hyper", name))
        if "decay" in values:
            self.initial_decay = values["decay"]  # what a get_updates written after Keras 1's asks for

    def add_constants(self, **values: Any) -> None:
        """Make each value an attribute, and an argument of `transformation`: it is fixed when a step is compiled."""
        checked(self._link.owner, **{name: value for name, value in values.items() if not isinstance(value, bool)})
        for name, value in values.items():
            setattr(self, name, value)
        self._constants.extend(values)

    def constants(self) -> dict[str, Any]:
        """Return the attributes that `add_constants` made."""
        return {name: getattr(self, name) for name in self._constants}

    def transformation(self) -> Transformation:
        """Return the algorithm as a pure pair that takes the hyper-parameters from the state."""
        raise NotImplementedError(
            f"{type(self).__name__} has to implement transformation(), which returns a pair (init, update)."
        )

    # The functional face.

    def init(self, params: Any) -> OptState:
        """Return the first state for `params`, with the present settings and iteration count."""
        state = self.transformation().init(params)
        for setting in self.settings():
            state = setting.put(state, setting.get_value())
        return state

    def update(self, grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        """Return what to add to the weights, and the next state."""
        return self.transformation().update(grads, state, params)

    # The symbolic face, which Keras 1's scripts use and override.

    def get_gradients(self, loss: Any, params: Sequence[Any]) -> list[Any]:
        """Return the symbolic gradients of a symbolic loss, clipped as `clipnorm` and `clipvalue` say.

        Args:
            loss: a symbolic scalar.
            params: weights, such as ``model.trainable_weights``, or variables.
        """
        grads = K.gradients(loss, list(params))
        if self.clipnorm:
            norm = K.sqrt(sum(K.sum(K.square(g)) for g in grads))
            grads = [clip_norm(g, self.clipnorm, norm) for g in grads]
        if self.clipvalue:
            grads = [K.clip(g, -self.clipvalue, self.clipvalue) for g in grads]
        return grads

    def get_updates(self, params: Sequence[Any], constraints: Any, loss: Any) -> list[tuple[Variable, Any]]:
        """Return one step as pairs (variable, symbolic new value), for the `updates` of a `K.function`.

        The state is kept in variables of their own, which are in `weights` from now on.

        Args:
            params: what to train, such as ``model.trainable_weights``.
            constraints: functions by weight, such as ``model.constraints``; or nothing.
            loss: a symbolic scalar.
        """
        from jkeras.optim.updates import symbolic_updates

        return symbolic_updates(self, params, constraints, loss)

    @property
    def scripted(self) -> bool:
        """Whether a step is what `get_updates` returns, since a script overrides it, or `get_gradients`."""
        return any(
            name in vars(self) or getattr(type(self), name) is not getattr(Optimizer, name)
            for name in ("get_updates", "get_gradients")
        )

    @property
    def weights(self) -> list[Variable]:
        """The state as variables, in the order of `get_weights`; a `get_updates` that a script overrides sets them."""
        own = self.__dict__.get("_weights")
        if own is not None or self._link.state() is None:
            return own or []
        count = [self.iterations] if self.counted else []
        return count + [Accumulator(self._link, slot, path) for slot in self.slots for path in self._link.order]

    @weights.setter
    def weights(self, weights: Sequence[Variable]) -> None:
        self.__dict__["_weights"] = list(weights)

    # For the engine.

    def attach(self, memory: Any, order: Sequence[Path]) -> None:
        """Tell the optimizer where the state of a model is.

        From now on the settings are read from there and written there. An optimizer may serve several models: settings
        are written to all of them, everything else is about the one attached last.

        Args:
            memory: an object whose attribute ``opt_state`` is the model's present state.
            order: the path of each weight in the params, in Keras 1's order.
        """
        self._link.attach(memory, order)

    def state_weights(self, state: OptState, order: Sequence[Path]) -> list[np.ndarray]:
        """Return copies of the arrays of `state` in Keras 1's layout, accumulators in the given order of weights."""
        count = [np.array(state.iterations)] if self.counted else []
        return count + [np.array(readable(entry_at(state.slots[slot], path))) for slot in self.slots for path in order]

    def with_weights(self, state: OptState, order: Sequence[Path], weights: Sequence[Any]) -> OptState:
        """Return `state` with the arrays that `state_weights` gave.

        Raises:
            ValueError: their number or a shape is wrong.
        """
        owner, expected = self._link.owner, self.state_weights(state, order)
        given = [np.asarray(unwrap(weight)) for weight in weights]
        if len(given) != len(expected):
            layout = ["iterations"] * self.counted + [f"{slot} of {len(order)} weights" for slot in self.slots]
            raise ValueError(
                f"{owner}: the state has {len(expected)} arrays ({', '.join(layout)}); got {len(given)}. "
                "Give what get_weights() returned for the same optimizer and the same architecture."
            )
        names = ["iterations"] * self.counted
        names += [f"{slot} of {'/'.join(map(str, path))}" for slot in self.slots for path in order]
        for index, (name, old, new) in enumerate(zip(names, expected, given, strict=True)):
            if old.shape != new.shape:
                raise ValueError(f"{owner}: array {index} ({name}) has shape {old.shape}; got shape {new.shape}.")
        rest = iter(given)
        iterations = like(state.iterations, next(rest)) if self.counted else state.iterations
        slots = dict(state.slots)
        for slot in self.slots:
            for path in order:
                slots[slot] = with_entry(slots[slot], path, next(rest))
        return state._replace(iterations=iterations, slots=slots)

    # The Keras 1 face.

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the state's arrays: for most optimizers the iteration count, then each accumulator.

        The list is empty before the optimizer has a model.
        """
        state = self._link.state()
        return K.batch_get_value(self.weights) if state is None else self.state_weights(state, self._link.order)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state from the list that `get_weights` returned.

        Raises:
            ValueError: the number of arrays or a shape is wrong; nothing has been changed then.
        """
        state = self._link.state()
        if state is not None:
            self._link.memory.opt_state = self.with_weights(state, self._link.order, weights)
        elif self.weights:
            self._set_own(weights)
        elif len(weights):
            raise ValueError(
                f"{self._link.owner} has no state yet that could take {len(weights)} arrays: "
                "compile a model with it first."
            )

    def _set_own(self, weights: Sequence[Any]) -> None:
        own, given = self.weights, [np.asarray(unwrap(weight)) for weight in weights]
        shapes, got = [tuple(variable.shape) for variable in own], [array.shape for array in given]
        if shapes != got:
            raise ValueError(
                f"{self._link.owner}: the state has {len(own)} arrays of shapes {shapes}; got {len(got)}: {got}."
            )
        K.batch_set_value(zip(own, given, strict=True))

    def get_config(self) -> Config:
        """Return the constructor's arguments, with the settings as they are now."""
        config = {name: _plain(getattr(self, name)) for name in _arguments(type(self)) if hasattr(self, name)}
        clipping = {name: _plain(getattr(self, name)) for name in ("clipnorm", "clipvalue")}
        return config | {name: value for name, value in clipping.items() if value is not None}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an optimizer from what `get_config` returned."""
        return cls(**config)

    def settings(self) -> list[Setting]:
        """Return the variables that lead into the states."""
        return [value for value in self.__dict__.values() if isinstance(value, Setting)]


_PENALTY = " A penalty on weights belongs to a layer: Dense(64, W_regularizer='l2')."
_INSTEAD = {"l1": _PENALTY, "l2": _PENALTY}


def _arguments(cls: type) -> list[str]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]


def _plain(value: Any) -> Any:
    if isinstance(value, Variable):
        return value.get_value().tolist()
    return value.item() if isinstance(value, np.generic) else value
