"""How long convolution and pooling take on the CPU, by shape: XLA's own operations and what jkeras does.

    python benchmarks/convolution.py [--rounds 9] [--ordering th] [--pooling]

Prints milliseconds, the least of interleaved rounds: of the value alone, of both gradients, and of both gradients inside a
`jax.lax.scan`, as in an epoch of `fit`. The columns: XLA's convolution; patches of the whole batch, and one matrix product; the
same in blocks whose patches the cache holds, which is what `jkeras.backend.convolution_cpu` does.
"""

import argparse
import functools
import time

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend import convolution_cpu
from jkeras.backend.convolution import _xla
from jkeras.backend.pooling import pool

# (batch, rows and columns, inputs, outputs, window, stride, groups)
CONVOLUTIONS = [
    (128, (28, 28), 1, 32, (3, 3), 1, 1),
    (128, (26, 26), 32, 32, (3, 3), 1, 1),
    (32, (50, 50), 32, 64, (3, 3), 1, 1),
    (32, (100, 100), 3, 32, (3, 3), 1, 1),
    (64, (14, 14), 64, 64, (3, 3), 1, 1),
    (32, (28, 28), 32, 64, (5, 5), 1, 1),
    (32, (28, 28), 256, 64, (1, 1), 1, 1),
    (32, (32, 32), 64, 128, (3, 3), 2, 1),
    (2, (112, 112), 64, 128, (3, 3), 1, 1),
    (4, (224, 224), 3, 64, (7, 7), 2, 1),
    (32, (400,), 128, 250, (3,), 1, 1),
    (8, (16, 24, 24), 3, 16, (3, 3, 3), 1, 1),
    (32, (28, 28), 32, 32, (3, 3), 1, 32),
]
# (batch, rows and columns, channels, window, stride)
POOLINGS = [
    (128, (24, 24), 32, (2, 2), 2),
    (128, (24, 24), 32, (3, 3), 2),
    (32, (48, 48), 64, (3, 3), 1),
    (32, (398,), 250, (398,), 1),
]


def at_once(x, kernel, **how):
    """Patches of the whole batch: what `convolution_cpu` would do in a cache without end."""
    size, convolution_cpu.BLOCK_BYTES = convolution_cpu.BLOCK_BYTES, 2**62
    try:
        return convolution_cpu.correlate(x, kernel, **how)
    finally:
        convolution_cpu.BLOCK_BYTES = size


def shown(batch, space, channels, window, stride, groups=1):
    sizes = "×".join(map(str, (batch, *space, channels)))
    return f"{sizes}, {'×'.join(map(str, window))}, stride {stride}{' depthwise' if groups > 1 else ''}"


def convolutions(shape, ordering):
    """The variants of one convolution, and its arguments."""
    batch, space, inputs, outputs, window, stride, groups = shape
    x, kernel = (batch, inputs, *space), (outputs, inputs // groups, *window)
    if ordering == "tf":
        x, kernel = (batch, *space, inputs), (*window, inputs // groups, outputs)
    ones = (1,) * len(space)
    how = {
        "strides": (stride,) * len(space), "padding": ((0, 0),) * len(space), "dim_ordering": ordering, "dilation": ones,
        "spread": ones, "groups": groups,
    }  # fmt: skip
    random = np.random.RandomState(0)
    arguments = [jnp.asarray(random.randn(*size), jnp.float32) for size in (x, kernel)]
    variants = {"XLA": _xla, "at once": at_once, "blocks": convolution_cpu.correlate}
    return {name: functools.partial(f, **how) for name, f in variants.items()}, arguments


def poolings(shape, ordering):
    """The variants of one pooling, and its argument."""
    batch, space, channels, window, stride = shape
    size = (batch, channels, *space) if ordering == "th" else (batch, *space, channels)
    wide = (1, 1, *window) if ordering == "th" else (1, *window, 1)
    steps = tuple(1 if entry == 1 else stride for entry in wide)
    variants = {
        "XLA": lambda x: jax.lax.reduce_window(x, -np.inf, jax.lax.max, wide, steps, "valid"),
        "jkeras": lambda x: pool(x, window, (stride,) * len(space), "valid", ordering, "max", "tensorflow"),
    }
    return variants, [jnp.asarray(np.random.RandomState(0).randn(*size), jnp.float32)]


def programs(function, arguments):
    """The compiled value, gradients, and gradients in a loop of two steps."""
    gradients = jax.grad(lambda *arrays: jnp.sum(function(*arrays) ** 2), tuple(range(len(arguments))))

    def step(arrays, _):
        return [a - 1e-9 * g for a, g in zip(arrays, gradients(*arrays), strict=True)], None

    def loop(*arrays):
        return jax.lax.scan(step, list(arrays), None, length=2)[0]

    return [(jax.jit(function), 1), (jax.jit(gradients), 1), (jax.jit(loop), 2)]


def main() -> None:
    """Time all shapes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ordering", choices=("th", "tf"), default="th")
    parser.add_argument("--pooling", action="store_true", help="pooling by the maximum, not convolution")
    options = parser.parse_args()
    shapes, variants_of = (POOLINGS, poolings) if options.pooling else (CONVOLUTIONS, convolutions)
    print(f"{options.ordering}; for each variant: value, gradients, gradients in a loop")
    for shape in shapes:
        variants, arguments = variants_of(shape, options.ordering)
        if options.pooling:
            label = shown(*shape)
        else:
            batch, space, inputs, outputs, *rest = shape
            label = shown(batch, space, f"{inputs}→{outputs}", *rest)
        runs = {name: programs(function, arguments) for name, function in variants.items()}
        best = {name: [float("inf")] * 3 for name in runs}
        for _ in range(options.rounds + 1):  # the first one compiles
            for name, compiled in runs.items():
                for place, (program, steps) in enumerate(compiled):
                    started = time.perf_counter()
                    jax.block_until_ready(program(*arguments))
                    best[name][place] = min(best[name][place], (time.perf_counter() - started) * 1e3 / steps)
        columns = (f"{name} " + " ".join(f"{spent:7.1f}" for spent in times) for name, times in best.items())
        print(f"{label:44}" + " | ".join(columns), flush=True)


if __name__ == "__main__":
    jax.config.update("jax_platforms", "cpu")
    main()
