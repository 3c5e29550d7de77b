"""SimpleRNN, GRU and LSTM in numpy, step by step and gate by gate, from the formulas of the papers."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jkeras.layers import GRU, LSTM, SimpleRNN

__all__ = ["KINDS", "joined", "run", "weights_of"]

KINDS = (SimpleRNN, GRU, LSTM)
GATES = {"GRU": "zrh", "LSTM": "ifco"}


def kind_of(layer: Any) -> str:
    """Return the name of the class of jkeras that a layer is of, or extends."""
    return next(kind.__name__ for kind in KINDS if isinstance(layer, kind))


def weights_of(layer: Any) -> dict[str, np.ndarray]:
    """Return the weights by name, those of all gates apart, whatever the layout."""
    values = {weight.name.removeprefix(f"{layer.name}_"): weight.get_value() for weight in layer.weights}
    gates = GATES.get(kind_of(layer))
    if gates is None or "W" not in values:
        return values
    parts = {name: np.split(values[name], len(gates), axis=-1) for name in "WUb"}
    return {f"{name}_{gate}": block for name in "WUb" for gate, block in zip(gates, parts[name], strict=True)}


def joined(weights: Mapping[str, np.ndarray], gates: str) -> list[np.ndarray]:
    """Return the weights of consume_less='cpu' in the layout of 'gpu'."""
    return [np.concatenate([weights[f"{name}_{gate}"] for gate in gates], axis=-1) for name in "WUb"]


def hard_sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)


def step(kind: str, x: np.ndarray, states: list[np.ndarray], w: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Return the new states; the first is the output."""
    if kind == "SimpleRNN":
        return [np.tanh(x @ w["W"] + states[0] @ w["U"] + w["b"])]
    if kind == "GRU":
        h = states[0]
        z = hard_sigmoid(x @ w["W_z"] + h @ w["U_z"] + w["b_z"])
        r = hard_sigmoid(x @ w["W_r"] + h @ w["U_r"] + w["b_r"])
        return [z * h + (1 - z) * np.tanh(x @ w["W_h"] + (r * h) @ w["U_h"] + w["b_h"])]
    h, c = states
    i, f, g, o = (x @ w[f"W_{gate}"] + h @ w[f"U_{gate}"] + w[f"b_{gate}"] for gate in "ifco")
    c = hard_sigmoid(f) * c + hard_sigmoid(i) * np.tanh(g)
    return [hard_sigmoid(o) * np.tanh(c), c]


def run(layer: Any, x: np.ndarray, mask: Any = None, states: Any = None) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return all outputs, in the order in which they are made, and the last states."""
    kind, weights = kind_of(layer), weights_of(layer)
    zeros = np.zeros((len(x), layer.output_dim), x.dtype)
    held = [zeros] * len(layer.state_names) if states is None else list(states)
    output, outputs = zeros, []
    for t in reversed(range(x.shape[1])) if layer.go_backwards else range(x.shape[1]):
        counts = np.ones((len(x), 1), bool) if mask is None else np.asarray(mask)[:, t, None]
        new = step(kind, x[:, t], held, weights)
        output = np.where(counts, new[0], output)
        held = [np.where(counts, after, before) for after, before in zip(new, held, strict=True)]
        outputs.append(output)
    return np.stack(outputs, 1), held
