"""How fast n small networks are trained by `jkeras.ensemble`, beside n runs of `fit` one after another; the goal is 4 times.

    python -m benchmarks.ensemble [--members 32] [--epochs 10] [--rounds 3] [--optimizer sgd] [--units 64] [--batch 16]

Everything is measured in one process, round by round in turns. "From nothing" is what a script waits for: the models are made, the
programs are compiled, the data are trained on; every single model compiles programs of its own. "Compiled" trains the same models
once more. A device of several cores can share the members too: XLA_FLAGS=--xla_force_host_platform_device_count=2.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import numpy as np

import jkeras
from jkeras.backend import reset_uids
from jkeras.layers import Dense
from jkeras.models import Sequential

SAMPLES = 1600


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = function()
    return result, time.perf_counter() - started


def difference(models: list[Sequential], others: list[Sequential]) -> float:
    """Return the largest difference between the weights of models and of others."""
    pairs = [
        pair for m, o in zip(models, others, strict=True) for pair in zip(m.get_weights(), o.get_weights(), strict=True)
    ]
    return max(float(np.abs(a - b).max()) for a, b in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ensemble", description=__doc__.split("\n")[0])
    parser.add_argument("--members", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--optimizer", default="sgd")
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    x = random.random((SAMPLES, 20), dtype="float32")
    y = np.eye(10, dtype="float32")[random.integers(0, 10, SAMPLES)]
    settings = {"batch_size": arguments.batch, "nb_epoch": arguments.epochs, "verbose": 0}

    def model_fn() -> Sequential:
        model = Sequential(
            [
                Dense(arguments.units, input_dim=20, activation="relu"),
                Dense(arguments.units, activation="relu"),
                Dense(10, activation="softmax"),
            ]
        )
        model.compile(arguments.optimizer, "categorical_crossentropy", metrics=["accuracy"])
        return model

    def single(seed: int) -> Sequential:
        reset_uids()
        np.random.seed(seed)
        model = model_fn()
        model.fit(x, y, **settings)
        return model

    def together() -> Any:
        runs = jkeras.ensemble(model_fn, arguments.members)
        runs.fit(x, y, **settings)
        return runs

    steps = arguments.epochs * -(-SAMPLES // arguments.batch)
    worst = 0.0
    single(0)  # what a process compiles once: the first of anything is slower
    times: dict[str, tuple[list[float], list[float]]] = {"from nothing": ([], []), "compiled": ([], [])}
    for _ in range(arguments.rounds):
        models, seconds = timed(lambda: [single(seed) for seed in range(arguments.members)])
        times["from nothing"][0].append(seconds)
        runs, seconds = timed(together)
        times["from nothing"][1].append(seconds)
        worst = difference(models, runs.models)
        for _ in range(3):
            times["compiled"][0].append(
                timed(lambda models=models: [model.fit(x, y, **settings) for model in models])[1]
            )
            times["compiled"][1].append(timed(lambda runs=runs: runs.fit(x, y, **settings))[1])
    print(
        f"{arguments.members} MLPs 20-{arguments.units}-{arguments.units}-10, batch {arguments.batch}, {steps} steps each, "
        f"{arguments.optimizer}, {len(jax.local_devices())} × {jax.devices()[0].platform}, {os.cpu_count()} cores"
    )
    print(f"{'':<14}{'one by one':>12}{'ensemble':>12}{'times':>8}{'us a step of a member':>24}")
    for name, (one, other) in times.items():
        factor = statistics.median(a / b for a, b in zip(one, other, strict=True))
        each = [statistics.median(some) * 1e6 / steps / arguments.members for some in (one, other)]
        print(
            f"{name:<14}{statistics.median(one):>10.2f} s{statistics.median(other):>10.2f} s{factor:>8.1f}"
            f"{each[0]:>14.1f} and {each[1]:.1f}"
        )
    print(f"Largest difference between the weights of a member and those of its single run: {worst:.1e}")


if __name__ == "__main__":
    main()
