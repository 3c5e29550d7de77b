"""Which engine a file's kernels were trained on, and layers that take it over.

Keras 1's two engines convolve and pool differently (see `jkeras.backend.spatial_windows`). Nothing in a file says which one
wrote it, but TensorFlow ended the names of weights in ``:0``, and Theano did not. Weights are never changed: the layers that
they are for compute as that engine did.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from jkeras.compat.keras2 import _level_outside
from jkeras.errors import did_you_mean

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer
    from jkeras.engine.weights import WeightHandle

__all__ = ["MARK", "adopt", "check", "concerned", "in_config", "mark_of", "marks", "of_names"]

DIALECTS = ("tensorflow", "theano")

MARK = ":0"
"""How the names of weights end in files of TensorFlow's."""


def check(dialect: Any) -> None:
    """Raise a `ValueError` unless `dialect` is one, or ``None``."""
    if dialect is not None and dialect not in DIALECTS:
        raise ValueError(
            f"dialect is 'tensorflow', 'theano', or None for what the file tells; got {dialect!r}."
            f"{did_you_mean(str(dialect), DIALECTS)}"
        )


def of_names(names: Iterable[str]) -> str | None:
    """Return the dialect that the names of weights tell; ``None`` if there are none."""
    names = list(names)
    if not names:
        return None
    return "tensorflow" if any(name.endswith(MARK) for name in names) else "theano"


def mark_of(name: str) -> str:
    """Return `MARK` if the name of a weight ends in it, else nothing."""
    return MARK if name.endswith(MARK) else ""


def in_config(config: Any) -> bool:
    """Whether a model's config names the dialect of its layers itself, as those written here do."""
    if isinstance(config, Mapping):
        return "dialect" in config or any(map(in_config, config.values()))
    return isinstance(config, list | tuple) and any(map(in_config, config))


def concerned(layer: "Layer") -> "Iterator[Any]":
    """Yield the layers in `layer`, itself included, that compute by a dialect."""
    if hasattr(layer, "dialect"):
        yield layer
    for inner in layer.sublayers():
        yield from concerned(inner)


def marks(layers: "Sequence[Layer]") -> "Callable[[WeightHandle], str]":
    """Return the function that gives what the name of a weight ends in when `layers` are written.

    A layer that knows no dialect has that of the layers around it, as if one engine had written the file.
    """
    around = next((inner.dialect for layer in layers for inner in concerned(layer)), None)

    def mark(handle: "WeightHandle") -> str:
        return MARK if getattr(handle.layer, "dialect", around) == "tensorflow" else ""

    return mark


def adopt(origins: "Mapping[Any, str | None]", fresh: bool = False) -> None:
    """Let layers compute by the dialect of the weights that they are given, and say so.

    Args:
        origins: the dialect of each layer's weights; ``None`` leaves the layer as it is.
        fresh: whether no program of these layers can have been compiled yet.
    """
    switched: dict[str, list[Any]] = {}
    for layer, dialect in origins.items():
        if dialect is not None and getattr(layer, "dialect", dialect) != dialect:
            switched.setdefault(dialect, []).append(layer)
    for dialect, layers in switched.items():
        for layer in layers:
            if fresh and "_dialect" in vars(layer):
                layer._dialect = dialect  # the property would have the programs of all models made anew
            else:
                layer.dialect = dialect
        names = [layer.name for layer in layers]
        warnings.warn(
            f"The weights come from {'Theano' if dialect == 'theano' else 'TensorFlow'}: {', '.join(names[:4])}"
            f"{f' and {len(names) - 4} more layers' if len(names) > 4 else ''} now convolve and pool as it did "
            f"(dialect={dialect!r}). Another choice: load with dialect=…",
            stacklevel=_level_outside(),
        )
