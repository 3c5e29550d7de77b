"""Words of Keras 0.3 that Keras 1 has others for: ``show_accuracy=True`` in `fit`, ``class_mode=`` in `compile`.

They work as they did then; each is warned about, with what Keras 1 has in its place.
"""

import copy
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jkeras import metrics
from jkeras.compat.keras2 import _level_outside
from jkeras.engine.losses import Objective, make_objective
from jkeras.errors import did_you_mean

if TYPE_CHECKING:
    from jkeras.models import Sequential

__all__ = ["drop_old_compile_words", "refuse_unknown", "showing_accuracy", "wants_accuracy"]

_CLASS_MODES = {"binary": metrics.binary_accuracy, "categorical": metrics.categorical_accuracy}


def refuse_unknown(owner: str, keywords: dict[str, Any], known: Collection[str]) -> None:
    """Raise a `TypeError` that names the first of the keywords that were left over."""
    for keyword in keywords:
        raise TypeError(f"{owner}: unknown keyword argument {keyword!r}.{did_you_mean(keyword, known)}")


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=_level_outside())


def drop_old_compile_words(owner: str, keywords: dict[str, Any]) -> str | None:
    """Take ``class_mode`` and ``theano_mode`` out of `compile`'s keywords; return the former.

    Raises:
        ValueError: the class mode is not known.
    """
    if "theano_mode" in keywords:
        del keywords["theano_mode"]
        _warn(f"{owner}: theano_mode= told Theano how to compile; JAX computes here, and it has no effect.")
    if "class_mode" not in keywords:
        return None
    mode = keywords.pop("class_mode")
    if mode not in (None, *_CLASS_MODES):
        raise ValueError(f"{owner}: class_mode is 'binary' or 'categorical'; got {mode!r}.")
    _warn(
        f"{owner}: class_mode= is Keras 0.3's word. Keras 1 finds out by the loss and the output which accuracy is meant: "
        "compile(…, metrics=['accuracy']); or name it: metrics=['binary_accuracy']."
    )
    return mode


def wants_accuracy(owner: str, keywords: dict[str, Any], *words: str) -> bool:
    """Take ``show_accuracy`` (or another of `words`) out of the keywords; return whether it asks for the accuracy."""
    wanted = False
    for word in (*words, "show_accuracy"):
        if word in keywords:
            wanted = bool(keywords.pop(word))
            _warn(
                f"{owner}: {word}= is Keras 0.3's word. Keras 1 says it when the model is compiled: "
                "compile(…, metrics=['accuracy'])."
            )
    return wanted


@contextmanager
def showing_accuracy(model: "Sequential", method: str, class_mode: str | None = None) -> Iterator[None]:
    """Let a compiled model report the accuracy too, in a ``with`` block; optimizer and weights stay what they are.

    Args:
        model: compiled, with or without the accuracy among its metrics.
        method: that is called, for error messages.
        class_mode: which accuracy is meant, where the loss and the output do not tell.
    """
    trainer = model._compiled(method)
    objective = _with_accuracy(model, trainer.objective, class_mode)
    if objective is trainer.objective:
        yield
        return
    kept = vars(model).get("_accuracy")
    if kept is None or kept[0] is not trainer.objective:
        # The same memory of the optimizer, in programs that compute one number more.
        showing = copy.copy(trainer)
        showing.report(objective)
        showing._has_run = False
        kept = model._accuracy = (trainer.objective, showing)
    reports, model._reports = model._reports, None
    model._trainer, model._objective = kept[1], kept[1].objective
    try:
        yield
    finally:
        if model._trainer is kept[1]:  # otherwise a callback has compiled the model anew
            model._trainer, model._objective, model._reports = trainer, trainer.objective, reports


def _with_accuracy(model: "Sequential", objective: Objective, class_mode: str | None) -> Objective:
    shapes = [tensor._keras_shape for tensor in model.outputs]
    chosen = make_objective(model.output_names, shapes, list(objective.losses), ["accuracy"]).metrics
    if all(name in objective.names for metric in chosen for name in metric.names):
        return objective
    if class_mode is not None:
        # Among a single number there is no largest.
        chosen = tuple(
            metric._replace(function=_CLASS_MODES[class_mode if shapes[metric.output][-1] != 1 else "binary"])
            for metric in chosen
        )
    names = [name for metric in chosen for name in metric.names]
    return objective._replace(metrics=(*objective.metrics, *chosen), names=(*objective.names, *names))
