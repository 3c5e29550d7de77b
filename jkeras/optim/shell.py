"""The base class of Keras 1's optimizers, and the variables that lead into the states of compiled models."""

import inspect
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import floatx
from jkeras.backend.variables import Variable, unwrap
from jkeras.errors import did_you_mean
from jkeras.optim.base import OptState, Transformation, checked
from jkeras.typing import Array, Config

__all__ = ["Optimizer", "Path"]

Path = tuple[Any, ...]
"""The dict keys that lead from the params to one weight, such as ``("dense_1", "W")``."""


class Optimizer:
    """Base class of optimizers.

    A subclass names its `slots`, calls `add_settings` and `add_constants` with its arguments, and implements
    `transformation`.

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
                raise TypeError(f"{owner} got an unexpected keyword argument {name!r}.{did_you_mean(name, known)}")
        self._link = _Link(owner)
        self._constants: list[str] = []
        self.add_constants(clipnorm=kwargs.get("clipnorm"), clipvalue=kwargs.get("clipvalue"))
        self.iterations = Setting(0.0, "iterations", self._link, "iterations")

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; one that is a variable is given the value and never replaced."""
        current = self.__dict__.get(name)
        if isinstance(current, Variable):
            current.set_value(value)
        else:
            super().__setattr__(name, value)

    def add_settings(self, **values: float) -> None:
        """Make each hyper-parameter an attribute that is a variable: it may change during training."""
        for name, value in values.items():
            setattr(self, name, Setting(value, name, self._link, "hyper", name))

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
        for setting in self._settings():
            state = setting.put(state, setting.get_value())
        return state

    def update(self, grads: Any, state: OptState, params: Any = None) -> tuple[Any, OptState]:
        """Return what to add to the weights, and the next state."""
        return self.transformation().update(grads, state, params)

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

    def hyper_values(self) -> dict[str, Array]:
        """Return the hyper-parameters as they are now, as the state holds them.

        With one model they are the arrays of its own state, so that passing them on costs nothing. With several they
        are copies: a step that donates its state must not take away another model's.
        """
        settings = {str(setting.name): setting for setting in self._settings() if setting.field == "hyper"}
        if len(self._link.memories()) > 1:
            return {name: jnp.array(setting.get_value()) for name, setting in settings.items()}
        return {name: setting.value for name, setting in settings.items()}

    def state_weights(self, state: OptState, order: Sequence[Path]) -> list[np.ndarray]:
        """Return copies of the arrays of `state` in Keras 1's layout, accumulators in the given order of weights."""
        count = [np.array(state.iterations)] if self.counted else []
        return count + [np.array(_at(state.slots[slot], path)) for slot in self.slots for path in order]

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
        iterations = _like(state.iterations, next(rest)) if self.counted else state.iterations
        slots = dict(state.slots)
        for slot in self.slots:
            for path in order:
                slots[slot] = _with(slots[slot], path, next(rest))
        return state._replace(iterations=iterations, slots=slots)

    # The Keras 1 face.

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the state's arrays: for most optimizers the iteration count, then each accumulator.

        The list is empty before the optimizer has a model.
        """
        state = self._link.state()
        return [] if state is None else self.state_weights(state, self._link.order)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set the state from the list that `get_weights` returned.

        Raises:
            ValueError: the number of arrays or a shape is wrong; nothing has been changed then.
        """
        state = self._link.state()
        if state is not None:
            self._link.memory.opt_state = self.with_weights(state, self._link.order, weights)
        elif len(weights):
            raise ValueError(
                f"{self._link.owner} has no state yet that could take {len(weights)} arrays: "
                "compile a model with it first."
            )

    def get_config(self) -> Config:
        """Return the constructor's arguments, with the settings as they are now."""
        config = {name: _plain(getattr(self, name)) for name in _arguments(type(self))}
        clipping = {name: _plain(getattr(self, name)) for name in ("clipnorm", "clipvalue")}
        return config | {name: value for name, value in clipping.items() if value is not None}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an optimizer from what `get_config` returned."""
        return cls(**config)

    def _settings(self) -> "list[Setting]":
        return [value for value in self.__dict__.values() if isinstance(value, Setting)]


class _Link:
    """Where an optimizer's states are: one for each model that was compiled with it."""

    def __init__(self, owner: str):
        self.owner = owner
        self.memory: Any = None
        self.order: tuple[Path, ...] = ()
        self.known: list[Callable[[], Any]] = []

    def attach(self, memory: Any, order: Sequence[Path]) -> None:
        self.memory, self.order = memory, tuple(tuple(path) for path in order)
        self.known = [ref for ref in self.known if ref() is not None and ref() is not memory]
        try:
            self.known.append(weakref.ref(memory))
        except TypeError:
            self.known.append(lambda: memory)

    def state(self) -> OptState | None:
        """The state of the model attached last."""
        state = getattr(self.memory, "opt_state", None)
        return state if isinstance(state, OptState) else None

    def memories(self) -> list[Any]:
        """All that have a state."""
        memories = [ref() for ref in self.known]
        return [memory for memory in memories if isinstance(getattr(memory, "opt_state", None), OptState)]

    def __reduce__(self) -> tuple[Any, ...]:
        return _Link, (self.owner,)  # a copy of an optimizer serves no model yet


class Setting(Variable):
    """A number of an optimizer: it is read from the state of the model attached last and written to all states.

    Args:
        value: the number while there is no state.
        name: for messages.
        link: where the states are.
        field: the field of `OptState` that is the number, or
        key: has it under this key.
    """

    __slots__ = ("field", "key", "link", "own")

    def __init__(self, value: Any, name: str, link: _Link, field: str, key: str | None = None):
        self.name, self.link, self.field, self.key = name, link, field, key
        checked(link.owner, **{name: unwrap(value)})
        # Not a JAX array: nobody can donate it to a compiled step.
        self.own = np.array(unwrap(value), np.float64 if floatx() == "float64" else np.float32)

    def load(self) -> Array:
        """Return the number as a JAX scalar of its own: the state's is donated to the next step."""
        state = self.link.state()
        if state is None:
            return jnp.array(self.own)
        part = getattr(state, self.field)
        # By way of numpy: a copy on the device is a program to compile.
        return jnp.array(np.array(part if self.key is None else part[self.key]))

    def store(self, array: Any) -> None:
        """Change the number in every state."""
        self.own = np.array(unwrap(array), self.own.dtype)
        for memory in self.link.memories():
            memory.opt_state = self.put(memory.opt_state, self.own)

    def set_value(self, value: Any, borrow: bool = False) -> None:
        """Change the number.

        Raises:
            ValueError: `value` is not one number, or is outside its range.
        """
        checked(self.link.owner, **{str(self.name): unwrap(value)})
        self.value = value

    def put(self, state: OptState, number: Any) -> OptState:
        """Return `state` with a copy of `number` in this setting's place."""
        part = getattr(state, self.field)
        if self.key is None:
            return state._replace(**{self.field: _like(part, number)})
        return state._replace(**{self.field: {**part, self.key: _like(part[self.key], number)}})

    def __reduce__(self) -> tuple[Any, ...]:
        return Setting, (self.get_value(), self.name, self.link, self.field, self.key)


def _unflatten(_: None, values: Any) -> Any:
    return Variable(*values)


# As for Variable: functions of jax.numpy take their arguments apart as pytrees.
jax.tree_util.register_pytree_node(Setting, lambda box: ((box.value,), None), _unflatten)


def _arguments(cls: type) -> list[str]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]


def _plain(value: Any) -> Any:
    if isinstance(value, Variable):
        return float(value.get_value())
    return value.item() if isinstance(value, np.generic) else value


def _like(old: Any, new: Any) -> Array:
    """Return a copy of `new` with the dtype and placement of `old`, so that a compiled step takes it as it is."""
    array = jnp.array(new, old.dtype)
    return jax.device_put(array, old.sharding) if getattr(old, "committed", False) else array


def _at(tree: Any, path: Path) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _with(tree: Any, path: Path, new: Any) -> Any:
    if not path:
        return _like(tree, new)
    tree = tree.copy()
    tree[path[0]] = _with(tree[path[0]], path[1:], new)
    return tree
