"""Cases in which Keras 1.2.2 has a plain bug that jkeras does not copy.

Each rule is a predicate over the entry, the reason, in what the case must differ, and, where the bug can be imitated,
an entry that asks jkeras for what the bug computes: with it the case must agree.
"""

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.conformance.manifest import dicts_in

Entry = dict[str, Any]


class Rule(NamedTuple):
    """Why, and for which entries, a recording is not followed; `differs_in` is found in the assertion's message."""

    reason: str
    applies: Callable[[Entry], bool]
    differs_in: str
    imitate: Callable[[Entry], Entry] | None = None


def difference(entry: Entry) -> Rule | None:
    """The rule that an entry falls under, if any."""
    return next((rule for rule in RULES if rule.applies(entry)), None)


def _mixed_up_layers(entry: Entry) -> list[dict[str, Any]]:
    """Configs of LSTM and GRU layers whose recurrent matrices were given the wrong regularizer."""
    layers = [node for node in dicts_in(entry.get("config")) if node.get("class_name") in ("LSTM", "GRU")]
    configs = [layer["config"] for layer in layers]
    return [c for c in configs if c["consume_less"] != "gpu" and c["W_regularizer"] != c["U_regularizer"]]


def _regularize_as_recorded(entry: Entry) -> Entry:
    entry = copy.deepcopy(entry)
    for config in _mixed_up_layers(entry):
        config["U_regularizer"] = config["W_regularizer"]
    return entry


def _is_error_with(*patterns: str) -> Callable[[Entry], bool]:
    return lambda entry: entry["kind"] == "error" and all(re.search(p, entry["code"]) for p in patterns)


RULES = [
    Rule(
        "Keras 1.2.2 gives the U_* matrices of LSTM and GRU the W_regularizer, unless consume_less='gpu'",
        applies=lambda entry: bool(_mixed_up_layers(entry)),
        differs_in="losses",
        imitate=_regularize_as_recorded,
    ),
    Rule(
        "Keras 1.2.2 crashes in Bidirectional(merge_mode=None) around a layer that returns its last output",
        applies=_is_error_with(r"Bidirectional\(\w+\((?!.*return_sequences=True).*merge_mode=None"),
        differs_in="was not raised",
    ),
    Rule(
        "Keras 1.2.2 crashes in a merge by cosine of inputs with three dimensions",
        applies=_is_error_with(r"mode=['\"]cos['\"]", r"Input\(\(\d+, ?\d+\)\)"),
        differs_in="was not raised",
    ),
]
