"""Python functions as parts of layers: how configs name them, and where they are found again.

A config holds the name of a function and never its code, so reading one runs nothing. The function itself is passed
as a custom object, under its own name or under the name of the layer. While a config has not left the process, the name
remembers its function: ``Model.from_config(model.get_config())`` needs no custom objects.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import CodeType
from typing import Any

from jkeras import registry
from jkeras.backend.config import learning_phase_scope
from jkeras.backend.random import key_scope
from jkeras.engine.config import serialise
from jkeras.engine.contract import Context
from jkeras.typing import Config

__all__ = ["FunctionName", "describe", "differentiates", "resolve", "takes_mask", "told"]


class FunctionName(str):
    """The name of a function in a config; what is written to a file or pickled is the name alone."""

    __slots__ = ("function",)
    function: Callable[..., Any]

    def __new__(cls, function: Callable[..., Any]) -> "FunctionName":
        name = super().__new__(cls, serialise(function))
        name.function = function
        return name

    def __reduce__(self) -> Any:
        return str, (str(self),)

    def __deepcopy__(self, memo: Any) -> "FunctionName":
        return self

    __copy__ = __deepcopy__  # type: ignore[assignment]


def describe(argument: str, value: Any) -> Config:
    """Return the two entries of a config for an argument that may be a function.

    >>> describe("mode", "sum"), describe("mode", max)
    ({'mode': 'sum', 'mode_type': 'raw'}, {'mode': 'max', 'mode_type': 'function'})
    """
    if callable(value):
        return {argument: FunctionName(value), f"{argument}_type": "function"}
    return {argument: serialise(value), f"{argument}_type": "raw"}


def resolve(
    config: Config,
    argument: str,
    title: str,
    custom_objects: Mapping[str, Any] | None = None,
    *,
    optional: bool = False,
) -> Any:
    """Take the two entries of `describe` out of a config and return the argument.

    Args:
        config: of the layer; loses the entry ``<argument>_type``.
        argument: its name.
        title: class of the layer, for the message.
        custom_objects: functions by name; those of `custom_object_scope` are known too.
        optional: whether ``None`` may stand in for a function that is not found.

    Raises:
        ValueError: the function is not among the custom objects; the message says what to pass.
    """
    value = config.get(argument)
    if config.pop(f"{argument}_type", "raw") == "raw":
        return value
    layer = config.get("name")
    # A file of Keras 1 may hold a lambda's byte code here: then only the layer's name can lead to the function.
    named = isinstance(value, str) and value.isidentifier()
    main = argument in ("function", "mode")
    keys = [layer if main else f"{layer}_{argument}", *([value] if named else [])]
    known = {**registry.custom_objects, **(custom_objects or {})}
    for key in keys:
        if key in known:
            return known[key]
    if isinstance(value, FunctionName):
        return value.function
    if optional:
        return None
    what = f"the Python function {value!r}" if named else "a lambda"
    raise ValueError(
        f"Layer {layer!r} ({title}) uses {what} as its {argument}. Functions are not kept in files, and code in "
        f"files is never run. Pass the function when loading: custom_objects={{{keys[0]!r}: function}}"
        + (f", or {{{value!r}: function}}." if named else ".")
    )


def takes_mask(function: Callable[..., Any]) -> bool:
    """Return whether a function has an argument called ``mask``."""
    try:
        return "mask" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        return False


@contextmanager
def told(ctx: Context) -> Iterator[None]:
    """Let `K.in_train_phase` and `K.random_*` in a function follow the context of the call that it is part of."""
    with learning_phase_scope(ctx.train), key_scope(ctx.key):
        yield


def differentiates(function: Any) -> bool:
    """Whether a function calls ``K.gradients``, which needs the graph behind tensors: it is computed as an expression of them."""
    stack = [getattr(function, "__code__", None)]
    while stack:
        code = stack.pop()
        if isinstance(code, CodeType):
            if "gradients" in code.co_names:
                return True
            stack += code.co_consts
    return False
