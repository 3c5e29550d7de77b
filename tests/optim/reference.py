"""The seven algorithms in plain numpy, float64, written from Keras 1's formulas: what jkeras.optim is compared with."""

from typing import Any

import numpy as np

DEFAULTS: dict[str, dict[str, Any]] = {
    "sgd": {"lr": 0.01, "momentum": 0.0, "decay": 0.0, "nesterov": False},
    "rmsprop": {"lr": 0.001, "rho": 0.9, "epsilon": 1e-8, "decay": 0.0},
    "adagrad": {"lr": 0.01, "epsilon": 1e-8, "decay": 0.0},
    "adadelta": {"lr": 1.0, "rho": 0.95, "epsilon": 1e-8, "decay": 0.0},
    "adam": {"lr": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "decay": 0.0},
    "adamax": {"lr": 0.002, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "decay": 0.0},
    "nadam": {"lr": 0.002, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "schedule_decay": 0.004},
}
SLOTS = {
    "sgd": ["v"],
    "rmsprop": ["a"],
    "adagrad": ["a"],
    "adadelta": ["a", "d"],
    "adam": ["m", "v"],
    "adamax": ["m", "u"],
    "nadam": ["m", "v"],
}
ALWAYS_COUNT = ("adam", "adamax", "nadam")


def run(
    name: str, arguments: dict[str, Any], weights: list[np.ndarray], gradients: list[list[np.ndarray]]
) -> tuple[list[np.ndarray], dict[str, list[np.ndarray]], float]:
    """Return (weights, {slot: accumulators}, iterations) after one step for each list of gradients."""
    h = DEFAULTS[name] | arguments
    weights = [w.astype("float64") for w in weights]
    slots = {slot: [np.zeros_like(w) for w in weights] for slot in SLOTS[name]}
    iterations, schedule = 0.0, 1.0
    for grads in gradients:
        grads = clip([g.astype("float64") for g in grads], h.get("clipnorm"), h.get("clipvalue"))
        lr = h["lr"] / (1 + h.get("decay", 0.0) * iterations)
        t = iterations + 1
        if name == "nadam":
            c = h["beta_1"] * (1 - 0.5 * 0.96 ** (t * h["schedule_decay"]))
            c_next = h["beta_1"] * (1 - 0.5 * 0.96 ** ((t + 1) * h["schedule_decay"]))
            schedule *= c
        for i, g in enumerate(grads):
            if name == "sgd":
                v = h["momentum"] * slots["v"][i] - lr * g
                slots["v"][i] = v
                update = h["momentum"] * v - lr * g if h["nesterov"] else v
            elif name in ("rmsprop", "adagrad"):
                old, share = (h["rho"], 1 - h["rho"]) if name == "rmsprop" else (1, 1)
                a = slots["a"][i] = old * slots["a"][i] + share * g**2
                update = -lr * g / (np.sqrt(a) + h["epsilon"])
            elif name == "adadelta":
                a = slots["a"][i] = h["rho"] * slots["a"][i] + (1 - h["rho"]) * g**2
                u = g * np.sqrt(slots["d"][i] + h["epsilon"]) / np.sqrt(a + h["epsilon"])
                slots["d"][i] = h["rho"] * slots["d"][i] + (1 - h["rho"]) * u**2
                update = -lr * u
            else:
                m = slots["m"][i] = h["beta_1"] * slots["m"][i] + (1 - h["beta_1"]) * g
                if name == "adamax":
                    u = slots["u"][i] = np.maximum(h["beta_2"] * slots["u"][i], np.abs(g))
                    update = -lr / (1 - h["beta_1"] ** t) * m / (u + h["epsilon"])
                else:
                    v = slots["v"][i] = h["beta_2"] * slots["v"][i] + (1 - h["beta_2"]) * g**2
                    if name == "adam":
                        rate = lr * np.sqrt(1 - h["beta_2"] ** t) / (1 - h["beta_1"] ** t)
                        update = -rate * m / (np.sqrt(v) + h["epsilon"])
                    else:
                        bar = (1 - c) * g / (1 - schedule) + c_next * m / (1 - schedule * c_next)
                        update = -lr * bar / (np.sqrt(v / (1 - h["beta_2"] ** t)) + h["epsilon"])
            weights[i] = weights[i] + update
        if name in ALWAYS_COUNT or h["decay"] > 0:
            iterations += 1
    return weights, slots, iterations


def clip(grads: list[np.ndarray], clipnorm: float | None, clipvalue: float | None) -> list[np.ndarray]:
    if clipnorm:
        norm = np.sqrt(sum((g**2).sum() for g in grads))
        grads = [g * clipnorm / norm for g in grads] if norm >= clipnorm else grads
    if clipvalue:
        grads = [g.clip(-clipvalue, clipvalue) for g in grads]
    return grads
