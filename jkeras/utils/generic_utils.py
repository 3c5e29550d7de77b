"""Custom objects, look-up by name, the progress bar."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn

from jkeras import registry
from jkeras.errors import UnknownNameError
from jkeras.utils.progbar import Progbar

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "custom_object_scope",
    "func_dump",
    "func_load",
    "get_custom_objects",
    "get_from_module",
    "make_tuple",
]


def get_custom_objects() -> dict[str, Any]:
    """Return the process-wide dict of custom objects; what is put into it is found by every later look-up."""
    return registry.custom_objects


class CustomObjectScope:
    """Context manager in which more names are known (Keras 1)::

        with CustomObjectScope({"MyLayer": MyLayer}):
            model = model_from_json(text)

    On leaving, the custom objects are what they were on entering: names added in between are gone as well.

    Args:
        *args: dicts of names and objects; later ones win.

    Raises:
        TypeError: an argument is not a dict.
    """

    def __init__(self, *args: Mapping[str, Any]):
        for objects in args:
            if not isinstance(objects, Mapping):
                raise TypeError(
                    f"custom_object_scope takes dicts of names and objects; got {objects!r}. "
                    "Write {'MyLayer': MyLayer}."
                )
        self.custom_objects = args
        self._backups: list[dict[str, Any]] = []

    def __enter__(self) -> "CustomObjectScope":
        self._backups.append(dict(registry.custom_objects))
        for objects in self.custom_objects:
            registry.custom_objects.update(objects)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        registry.custom_objects.clear()
        registry.custom_objects.update(self._backups.pop())


def custom_object_scope(*args: Mapping[str, Any]) -> CustomObjectScope:
    """Return a `CustomObjectScope` of the given dicts."""
    return CustomObjectScope(*args)


def get_from_module(
    identifier: Any,
    module_params: Mapping[str, Any],
    module_name: str,
    instantiate: bool = False,
    kwargs: Mapping[str, Any] | None = None,
) -> Any:
    """Look up a name among a module's names (Keras 1); jkeras itself uses `jkeras.registry.Registry`.

    Args:
        identifier: a name; ``{'name': name, **arguments}``, which is called with the arguments; anything else is
            returned as it is.
        module_params: names and objects, such as ``globals()``. Custom objects win over them.
        module_name: what is looked for, for the error message.
        instantiate: call what was found under a name, with `kwargs`.

    Raises:
        UnknownNameError: (a ValueError) there is no such name.
    """
    if isinstance(identifier, str):
        found = _look_up(identifier, module_params, module_name)
        return found(**dict(kwargs or {})) if instantiate else found
    if isinstance(identifier, Mapping):
        arguments = dict(identifier)
        if "name" not in arguments:
            raise ValueError(f"A dict for {module_name} needs the key 'name'; got keys {sorted(arguments)}.")
        return _look_up(arguments.pop("name"), module_params, module_name)(**arguments)
    return identifier


def _look_up(name: str, module_params: Mapping[str, Any], module_name: str) -> Any:
    for objects in (registry.custom_objects, module_params):
        if name in objects:
            return objects[name]
    options = [key for key, value in module_params.items() if callable(value) and not key.startswith("_")]
    raise UnknownNameError(module_name, name, [*options, *registry.custom_objects])


def make_tuple(*args: Any) -> tuple[Any, ...]:
    """Return the arguments as a tuple."""
    return args


def func_dump(func: Any) -> NoReturn:
    """Raise: functions are not written as bytecode.

    Raises:
        NotImplementedError: always; it says what to do in place of it.
    """
    raise NotImplementedError(
        f"func_dump({getattr(func, '__name__', func)!r}): Keras 1 wrote functions to files as bytecode, which only one version of "
        "Python can read, and which runs whatever a file holds. Keep the function in a module, and pass it when the model is "
        "loaded: custom_objects={'name': function}."
    )


def func_load(code: Any, defaults: Any = None, closure: Any = None, globs: Any = None) -> NoReturn:
    """Raise: bytecode from a file is never run.

    Raises:
        NotImplementedError: always; it says what to do in place of it.
    """
    raise NotImplementedError(
        "func_load: bytecode from a file is never run, whoever wrote it. Write the function again in Python, and pass it when "
        "the model is loaded: custom_objects={'name': function}."
    )
