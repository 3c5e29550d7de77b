"""Keras 2's words for Keras 1's arguments, for scripts that mix both: ``Dense(units=10)``, ``fit(epochs=3)``."""

import functools
import inspect
import sys
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import Any, ParamSpec, TypeVar

from jkeras.errors import did_you_mean

__all__ = ["accepts_keras2", "in_keras1_words"]

P = ParamSpec("P")
R = TypeVar("R")

# Keras 1's argument, or several that take one entry each. Where more than one line begins with the same word, the first
# whose arguments the function has is taken.
_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("alpha_initializer", ("init",)),
    ("beta_initializer", ("beta_init",)),
    ("bias_constraint", ("b_constraint",)),
    ("bias_regularizer", ("b_regularizer",)),
    ("data_format", ("dim_ordering",)),
    ("dilation_rate", ("atrous_rate",)),
    ("dropout", ("dropout_W",)),
    ("embeddings_constraint", ("W_constraint",)),
    ("embeddings_initializer", ("init",)),
    ("embeddings_regularizer", ("W_regularizer",)),
    ("epochs", ("nb_epoch",)),
    ("filters", ("nb_filter",)),
    ("gamma_initializer", ("gamma_init",)),
    ("implementation", ("consume_less",)),
    ("inputs", ("input",)),
    ("kernel_constraint", ("W_constraint",)),
    ("kernel_initializer", ("init",)),
    ("kernel_regularizer", ("W_regularizer",)),
    ("kernel_size", ("nb_row", "nb_col")),
    ("kernel_size", ("kernel_dim1", "kernel_dim2", "kernel_dim3")),
    ("kernel_size", ("filter_length",)),
    ("max_queue_size", ("max_q_size",)),
    ("num_classes", ("nb_classes",)),
    ("num_words", ("nb_words",)),
    ("outputs", ("output",)),
    ("padding", ("border_mode",)),
    ("pool_size", ("pool_length",)),
    ("rate", ("p",)),
    ("recurrent_activation", ("inner_activation",)),
    ("recurrent_dropout", ("dropout_U",)),
    ("recurrent_initializer", ("inner_init",)),
    ("recurrent_regularizer", ("U_regularizer",)),
    ("size", ("length",)),
    ("stddev", ("sigma",)),
    ("strides", ("subsample",)),
    ("strides", ("subsample_length",)),
    ("strides", ("stride",)),
    ("unit_forget_bias", ("forget_bias_init",)),
    ("units", ("output_dim",)),
    ("use_bias", ("bias",)),
    ("use_multiprocessing", ("pickle_safe",)),
    ("workers", ("nb_worker",)),
)

# Values that have another name in Keras 1, by its argument.
_INITIALIZERS = {"zeros": "zero", "ones": "one", "random_normal": "normal", "random_uniform": "uniform"}
_VALUES: dict[str, Mapping[Any, Any]] = {
    "consume_less": {0: "cpu", 1: "mem", 2: "gpu"},
    "dim_ordering": {"channels_first": "th", "channels_last": "tf", None: "default"},
    "forget_bias_init": {True: "one", False: "zero"},
    **dict.fromkeys(("init", "inner_init", "beta_init", "gamma_init"), _INITIALIZERS),
}

# Sizes along one axis, which Keras 2 also takes as a tuple of one.
_LENGTHS = ("filter_length", "length", "pool_length", "stride", "subsample_length")

# Arguments that have no counterpart: which argument a function has where Keras 2 has these, and what to do.
_EXPLAINED = {
    "bias_initializer": ("bias", "biases start at zero; set others with layer.set_weights"),
    "steps_per_epoch": (
        "samples_per_epoch",
        "give samples_per_epoch=, a number of samples: steps times the batch size",
    ),
    "validation_steps": ("nb_val_samples", "give nb_val_samples=, a number of samples: steps times the batch size"),
}


def accepts_keras2(function: Callable[P, R]) -> Callable[P, R]:
    """Decorator: let a function or constructor take Keras 2's keywords too; each is warned about.

    Only keywords that the function's own signature does not name are looked at.
    """
    parameters = inspect.signature(function).parameters
    known = frozenset(parameters)
    closed = not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    owner = function.__qualname__.removesuffix(".__init__").rpartition(".<locals>.")[2]

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not kwargs.keys() <= known:
            kwargs = in_keras1_words(kwargs, known, owner)  # type: ignore[assignment]  # words that P has not
            for word in kwargs:
                if closed and word not in known:
                    raise TypeError(
                        f"{owner}: unknown keyword argument {word!r}.{did_you_mean(word, known - {'self'})}"
                    )
        return function(*args, **kwargs)

    return call


def in_keras1_words(keywords: Mapping[str, Any], known: Collection[str], owner: str) -> dict[str, Any]:
    """Return keywords with Keras 2's words replaced by Keras 1's; what is no such word stays.

    Args:
        keywords: as they were given.
        known: the arguments that there are.
        owner: what takes them, for messages.

    Raises:
        TypeError: an argument is given in both words, has no counterpart, or has the wrong number of entries.
    """
    result: dict[str, Any] = {}
    for word, value in keywords.items():
        if word in known:
            result[word] = value
        elif names := _counterpart(word, known):
            shown = ", ".join(f"{name}=" for name in names)
            if not keywords.keys().isdisjoint(names):
                raise TypeError(f"{owner}: {word}= is Keras 2's word for {shown}, and both are given. Give one.")
            warnings.warn(f"{owner}: {word}= is Keras 2's word; Keras 1 calls it {shown}.", stacklevel=_level_outside())
            result.update(_translated(word, names, value, owner))
        elif word in _EXPLAINED and _EXPLAINED[word][0] in known:
            if not (word == "bias_initializer" and value in ("zero", "zeros")):
                raise TypeError(f"{owner}: Keras 1 has no argument {word}=: {_EXPLAINED[word][1]}.")
        else:
            result[word] = value
    return result


def _level_outside() -> int:
    """Return the `stacklevel` of the first caller outside of jkeras: a constructor may pass keywords on to its base."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("jkeras."):
        level, frame = level + 1, frame.f_back
    return level - 1


def _counterpart(word: str, known: Collection[str]) -> tuple[str, ...]:
    return next((names for other, names in _WORDS if other == word and set(names) <= set(known)), ())


def _translated(word: str, names: tuple[str, ...], value: Any, owner: str) -> dict[str, Any]:
    if len(names) > 1:
        entries = list(value) if isinstance(value, tuple | list) else [value] * len(names)
        if len(entries) != len(names):
            raise TypeError(f"{owner}: {word}= takes {len(names)} numbers; got {value!r}.")
        return dict(zip(names, entries, strict=True))
    name = next(iter(names))
    if name in _LENGTHS and isinstance(value, tuple | list) and len(value) == 1:
        value = value[0]
    if value is None or isinstance(value, str | int):
        value = _VALUES.get(name, {}).get(value, value)
    return {name: value}
