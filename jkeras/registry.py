"""One idiom for every name that a script may give as a string, a config dict or an object.

A module that offers named things holds a `Registry` and exposes ``get = registry.get``::

    activations = Registry("activation")

    @activations.register()
    def tanh(x): ...

    activations.get("tanh")          # by name or alias
    activations.get(lambda x: x)     # anything callable is returned as it is

    optimizers = Registry("optimizer")

    @optimizers.register()
    class SGD:
        def __init__(self, lr=0.01): ...

    optimizers.get({"class_name": "SGD", "config": {"lr": 0.1}})
    optimizers.get({"name": "SGD", "lr": 0.1})      # Keras 1's dict of regularizers: name and arguments

Names in `custom_objects` (see `jkeras.utils.generic_utils.custom_object_scope`) win over registered ones.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from jkeras.errors import UnknownNameError

__all__ = ["Registry", "custom_objects"]

custom_objects: dict[str, Any] = {}
"""Names that a script has added for deserialisation; process-wide, as in Keras 1."""


class Registry:
    """The named things of one kind.

    Args:
        kind: what an entry is called in error messages, such as ``'activation'``.
        instantiate: whether an entry that is a class is called when it is looked up by name
            (``'maxnorm'`` gives ``MaxNorm()``); functions are returned as they are.
    """

    def __init__(self, kind: str, *, instantiate: bool = False):
        self.kind = kind
        self.instantiate = instantiate
        self.entries: dict[str, Any] = {}

    def register(self, *aliases: str) -> Callable[[Any], Any]:
        """Decorator: register a function or class under its own name and under `aliases`."""

        def add(entry: Any) -> Any:
            for name in (entry.__name__, *aliases):
                self.entries[name] = entry
            return entry

        return add

    def lookup(self, name: str) -> Any:
        """Return the entry called `name`; `UnknownNameError` with close matches if there is none."""
        if name in custom_objects:
            return custom_objects[name]
        if name in self.entries:
            return self.entries[name]
        raise UnknownNameError(self.kind, name, [*self.entries, *custom_objects])

    def get(self, identifier: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
        """Resolve a name, a config dict or an object.

        Args:
            identifier: a name; ``{'name': ..., **arguments}``; ``{'class_name': ..., 'config': {...}}``;
                or the thing itself. ``None`` gives ``None``.
            kwargs: arguments for the constructor where an entry is instantiated.

        Raises:
            UnknownNameError: no entry has that name.
            TypeError: `identifier` is none of the above.
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            return self._make(self.lookup(identifier), dict(kwargs or {}))
        if isinstance(identifier, Mapping):
            arguments = dict(identifier)
            if "class_name" in arguments:
                name, arguments = arguments["class_name"], dict(arguments.get("config") or {})
            elif "name" in arguments:
                name = arguments.pop("name")
            else:
                raise ValueError(
                    f"A config of {_article(self.kind)} needs the key 'name' or 'class_name'; got keys {sorted(arguments)}."
                )
            return self._make(self.lookup(name), {**arguments, **(kwargs or {})})
        if self.instantiate and inspect.isclass(identifier):
            return identifier(**dict(kwargs or {}))
        if callable(identifier) or self.instantiate:
            return identifier
        raise TypeError(
            f"Could not interpret {identifier!r} as {_article(self.kind)}: give a name, a config dict or a callable."
        )

    def _make(self, entry: Any, arguments: dict[str, Any]) -> Any:
        if inspect.isclass(entry) and self.instantiate:
            return entry(**arguments)
        return entry(**arguments) if arguments and self.instantiate else entry


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
