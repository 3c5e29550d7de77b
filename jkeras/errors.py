"""Errors of jkeras, and the phrases that they share.

Every error is a subclass of the built-in exception that Keras 1 raised in the same place, so that
``except ValueError`` in an old script keeps working.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "DisconnectedGraphError",
    "FileFormatError",
    "MissingExtraError",
    "MissingKeyError",
    "MissingStateError",
    "UnknownNameError",
    "did_you_mean",
    "theano_hint",
]


class UnknownNameError(ValueError):
    """A name (of a layer, loss, optimizer, …) that nothing is registered under.

    Attributes:
        kind: what was looked for, such as ``'activation'``.
        name: the name that was given.
    """

    def __init__(self, kind: str, name: object, options: Iterable[str]):
        self.kind = kind
        self.name = name
        # Names of layers come from configs and files.
        own = ""
        if kind == "layer" and str(name).isidentifier():
            own = f" A class of your own is passed as custom_objects={{{name!r}: {name}}}."
        super().__init__(f"Unknown {kind}: {name!r}.{did_you_mean(str(name), options)}{own}")


class DisconnectedGraphError(RuntimeError):
    """A model whose outputs cannot be computed from the inputs it was given."""


class FileFormatError(OSError, ValueError):
    """A file that is damaged, is not what it should be, or holds what is never read from a file."""


class MissingStateError(ValueError):
    """A stateful layer was applied without its state."""


class MissingKeyError(ValueError):
    """Random numbers are drawn where no key was given."""


class MissingExtraError(ImportError):
    """An optional dependency is needed and not installed; the message names the extra."""

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with:  pip install 'jkeras[{extra}]'"
        )


def did_you_mean(name: str, options: Iterable[str], most: int = 12) -> str:
    """Return a sentence that lists the close matches of `name`, or all options if there are few.

    The sentence starts with a space; it is empty when there is nothing to offer.
    """
    options = sorted(set(options))
    folded: dict[str, list[str]] = {}
    for option in options:
        folded.setdefault(option.lower(), []).append(option)
    close = difflib.get_close_matches(name.lower(), folded, n=4, cutoff=0.6)
    matches = [option for match in close for option in folded[match]]
    if matches:
        return f" Perhaps you meant {' or '.join(repr(match) for match in matches)}."
    if options and len(options) <= most:
        return f" Known are: {', '.join(options)}."
    return ""


def theano_hint(error: Exception) -> str:
    """Return what to do about something that Theano's tensors could and JAX's arrays cannot, as a sentence; else nothing."""
    if isinstance(error, AttributeError):
        for name, instead in _INSTEAD.items():
            if str(error).endswith(name) or f"'{name}'" in str(error):
                return (
                    f" Arrays of JAX have no method {name} of Theano's. Use {instead}; or run the script by `jkeras run`, or "
                    "call jkeras.install_as_keras() first, which adds it."
                )
    if isinstance(error, IndexError) and "Slice entries must be static" in str(error):
        return (
            " A slice has bounds that are known when the program is made, such as what is computed from K.shape(x); here a bound "
            "depends on the values of a tensor. Use a mask, K.gather, or jax.lax.dynamic_slice, whose size is known."
        )
    return ""


_INSTEAD = {"dimshuffle": "K.permute_dimensions(x, pattern)", "norm": "K.sqrt(K.sum(K.square(x), axis))"}
