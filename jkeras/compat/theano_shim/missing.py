"""What every module of the stand-in says about a name of Theano that it does not have."""

from collections.abc import Callable
from typing import Any

__all__ = ["missing"]

_INSTEAD = {
    "scan": "K.rnn, K.map_fn, K.foldl or K.foldr",
    "set_subtensor": "K.concatenate of the parts, or K.switch",
    "inc_subtensor": "K.concatenate of the parts, or K.switch",
    "conv2d": "K.conv2d",
    "pool_2d": "K.pool2d",
}


def missing(module: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``: an AttributeError that names the function, and what to use instead if it is known."""

    def look_up(name: str) -> Any:
        instead = _INSTEAD.get(name, "the functions of keras.backend")
        raise AttributeError(
            f"{module}.{name} is not in jkeras's stand-in for Theano, which covers what layers for Keras 1 use of it. "
            f"Use {instead}."
        )

    return look_up
