"""Does it pay to multiply the inputs of all time steps by W before the loop, or in each step?

    python benchmarks/recurrent_projection.py

Prints, for each layer and shape (batch, time, features, units), the milliseconds of a gradient step with the projection
before the loop and in it: medians of interleaved rounds. `Gated.projects_first` follows this table on the CPU.
"""

import argparse
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.layers import GRU, LSTM, SimpleRNN
from jkeras.layers.recurrent.gated import Gated

SHAPES = [
    (64, 8, 16, 32),
    (32, 80, 128, 128),
    (32, 100, 512, 32),
    (128, 140, 256, 64),
    (32, 400, 64, 128),
    (16, 50, 8, 8),
    (32, 40, 32, 256),
    (1, 200, 64, 64),
]


def program(kind, shape, first):
    """Return a compiled gradient step and its arguments, with the projection before the loop or in it."""
    batch, length, features, units = shape
    choice = Gated.projects_first
    Gated.projects_first = lambda self, shape: first
    try:
        layer = kind(units, return_sequences=True)
        params, _ = layer.init(jax.random.key(0), (None, length, features))
        x = jnp.asarray(np.random.RandomState(0).randn(batch, length, features), jnp.float32)
        step = jax.jit(jax.grad(lambda params, x: jnp.sum(layer.apply(params, x) ** 2), argnums=(0, 1)))
        jax.block_until_ready(step(params, x))
    finally:
        Gated.projects_first = choice
    return lambda: jax.block_until_ready(step(params, x))


def main() -> None:
    """Time all layers and shapes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"{'layer':10} {'batch, time, features, units':30} {'before':>8} {'in loop':>8}  ratio")
    for kind in (LSTM, GRU, SimpleRNN):
        for shape in SHAPES:
            runs = [program(kind, shape, first) for first in (True, False)]
            times: list[list[float]] = [[], []]
            for _ in range(rounds):
                for run, spent in zip(runs, times, strict=True):
                    started = time.perf_counter()
                    run()
                    spent.append((time.perf_counter() - started) * 1e3)
            before, inside = map(statistics.median, times)
            print(f"{kind.__name__:10} {shape!s:30} {before:8.2f} {inside:8.2f}  {inside / before:.2f}", flush=True)


if __name__ == "__main__":
    main()
