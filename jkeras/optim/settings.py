"""The variables of an optimizer: they lead into the states of the models that were compiled with it."""

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.config import floatx
from jkeras.backend.variables import Variable, unwrap
from jkeras.optim.base import OptState, checked
from jkeras.typing import Array

__all__ = ["Accumulator", "Link", "Path", "Setting", "entry_at", "like", "with_entry"]

Path = tuple[Any, ...]
"""The dict keys that lead from the params to one weight, such as ``("dense_1", "W")``."""


class Link:
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
        return Link, (self.owner,)  # a copy of an optimizer serves no model yet


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

    def __init__(self, value: Any, name: str, link: Link, field: str, key: str | None = None):
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
            return state._replace(**{self.field: like(part, number)})
        return state._replace(**{self.field: {**part, self.key: like(part[self.key], number)}})

    def __reduce__(self) -> tuple[Any, ...]:
        return Setting, (self.get_value(), self.name, self.link, self.field, self.key)


class Accumulator(Variable):
    """The accumulator of one weight, in the state of the model attached last.

    Args:
        link: where the state is.
        slot: the accumulator's name.
        path: of the weight.
    """

    def __init__(self, link: Link, slot: str, path: Path):
        self.name, self.link, self.slot, self.path = f"{slot}_{'_'.join(map(str, path))}", link, slot, path

    def _state(self) -> OptState:
        state = self.link.state()
        if state is None:
            raise ValueError(f"{self.link.owner}: the model whose state held {self.name!r} is gone.")
        return state

    def load(self) -> Array:
        """Return a copy: the state's array is donated to the next step."""
        return jnp.array(np.array(entry_at(self._state().slots[self.slot], self.path)))

    def store(self, array: Any) -> None:
        """Change the accumulator in the state."""
        state = self._state()
        slots = {**state.slots, self.slot: with_entry(state.slots[self.slot], self.path, unwrap(array))}
        self.link.memory.opt_state = state._replace(slots=slots)


# As for Variable: functions of jax.numpy take their arguments apart as pytrees.
for _kind in (Setting, Accumulator):
    jax.tree_util.register_pytree_node(_kind, lambda box: ((box.value,), None), lambda _, values: Variable(*values))  # type: ignore[arg-type]


def like(old: Any, new: Any) -> Array:
    """Return a copy of `new` with the dtype and placement of `old`, so that a compiled step takes it as it is."""
    array = jnp.array(new, old.dtype)
    bound = getattr(old, "committed", False) and old.is_fully_addressable
    return jax.device_put(array, old.sharding) if bound else array


def entry_at(tree: Any, path: Path) -> Any:
    """Return the entry of a nested dict at `path`."""
    for key in path:
        tree = tree[key]
    return tree


def with_entry(tree: Any, path: Path, new: Any) -> Any:
    """Return a copy of a nested dict with another array at `path`."""
    if not path:
        return like(tree, new)
    tree = tree.copy()
    tree[path[0]] = with_entry(tree[path[0]], path[1:], new)
    return tree
