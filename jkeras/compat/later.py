"""Names of Keras 1 whose implementation comes with a later version.

They can be imported and have Keras 1's signature, so that a script which imports more than it uses runs; using one says
why it cannot be used yet.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

__all__ = ["is_later", "later"]

T = TypeVar("T")


def later(what: str) -> Callable[[T], T]:
    """Decorator: let a function or class raise `NotImplementedError` where it is called or instantiated.

    Args:
        what: what the name is part of, as in ``'convolution'``.

    ::

        @later("convolution")
        def conv1d(x, kernel, stride=1, border_mode="valid", image_shape=None, filter_shape=None): ...
    """

    def mark(stub: Any) -> Any:
        def refuse(*args: Any, **kwargs: Any) -> NoReturn:
            raise NotImplementedError(f"{stub.__name__} is not implemented yet. It comes with a later version: {what}.")

        if inspect.isclass(stub):
            stub.__init__ = functools.wraps(stub.__init__)(refuse)
            stub.__later__ = True  # type: ignore[attr-defined]
            return stub
        function = functools.wraps(stub)(refuse)
        function.__later__ = True  # type: ignore[attr-defined]
        return function

    return mark


def is_later(thing: Any) -> bool:
    """Whether `thing` was marked by `later`, or is a class that extends one which was."""
    return getattr(thing, "__later__", False) is True
