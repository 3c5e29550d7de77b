"""What do several devices cost, and what do they tell each other?

    python benchmarks/scale.py

Prints, for each network, the milliseconds of one training step of the same batch on one device and on several, which JAX
simulates on this machine's cores, and by two processes; medians of interleaved rounds. On the same cores several devices can at
best be as fast as one: what is more is what the division costs. Then the bytes that a step moves, from the compiled program.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

DEVICES = (1, 2, 4, 8)
STEPS = {"mlp_small": 400, "mlp_wide": 60, "lstm": 40, "cnn": 12}


def network(name):
    """Return a compiled model and one batch."""
    import numpy as np

    from jkeras.layers import LSTM, Activation, BatchNormalization, Convolution2D, Dense, Flatten, MaxPooling2D
    from jkeras.models import Sequential

    rng = np.random.RandomState(0)
    if name == "mlp_small":
        size, shape = 16, (20,)
        model = Sequential([Dense(64, input_dim=20, activation="relu"), Dense(64, activation="relu")])
    elif name == "mlp_wide":
        size, shape = 128, (784,)
        model = Sequential([Dense(512, input_dim=784, activation="relu"), Dense(512, activation="relu")])
    elif name == "lstm":
        size, shape = 64, (40, 64)
        model = Sequential([LSTM(128, input_shape=shape)])
    else:
        size, shape = 64, (1, 28, 28)
        model = Sequential([Convolution2D(32, 3, 3, input_shape=shape), BatchNormalization(axis=1), Activation("relu")])
        model.add(MaxPooling2D())
        model.add(Flatten())
    model.add(Dense(10, activation="softmax"))
    model.compile("adam", "categorical_crossentropy")
    return model, rng.rand(size, *shape).astype("float32"), np.eye(10)[rng.randint(10, size=size)]


def measure(name, devices):
    """Return the milliseconds of a step in the loop of `fit`, the bytes that it moves, and those of the weights."""
    import contextlib

    import jax
    import numpy as np

    from jkeras.distribute import data_parallel, traffic

    with data_parallel() if devices > 1 else contextlib.nullcontext():
        model, x, y = network(name)
    steps = STEPS[name]
    xs, ys = np.concatenate([x] * steps), np.concatenate([y] * steps)

    def epochs(count):
        started = time.perf_counter()
        model.fit(xs, ys, batch_size=len(x), nb_epoch=count, verbose=0)
        return time.perf_counter() - started

    epochs(3)  # compiles, and lets the clock of `fit` find how many steps a call takes
    # What a call of `fit` takes by itself, such as copying the data to all devices, is subtracted.
    spent = min(epochs(4) - epochs(1) for _ in range(3)) / 3 / steps
    moved = traffic(model, x, y) if devices > 1 and jax.process_count() == 1 else {}
    return {"ms": 1e3 * spent, "moved": moved, "weights": 4 * model.count_params()}


def run(name, devices, processes=1):
    """Measure in new processes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    environment["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={devices // processes}"
    arguments = [__file__, "--measure", name, "--devices", str(devices)]
    if processes == 1:
        done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "jkeras", "run", "--hosts", str(processes), "--coordinator", address]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = [
        subprocess.Popen([*command, "--host-id", str(host), *arguments], env=environment, **pipes)
        for host in range(processes)
    ]
    outputs = [process.communicate()[0] for process in started]
    return json.loads(outputs[0].splitlines()[-1])


def main():
    """Measure all networks and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="names of networks, with commas between them")
    parser.add_argument("--measure")
    parser.add_argument("--devices", type=int)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure, arguments.devices)))
        return
    ways = [(devices, 1) for devices in DEVICES] + [(2, 2)]
    titles = [f"{devices} device{'s' * (devices > 1)}" for devices in DEVICES] + ["2 processes"]
    moved = []
    print("| ms a step | " + " | ".join(titles) + " |\n" + "|---" * (len(titles) + 1) + "|", flush=True)
    for name in arguments.only.split(",") if arguments.only else STEPS:
        found = {way: [] for way in ways}
        for _ in range(arguments.rounds):
            for way in ways:
                found[way].append(run(name, *way))
        times = [statistics.median(one["ms"] for one in found[way]) for way in ways]
        print(f"| {name} | " + " | ".join(f"{number:.3g}" for number in times) + " |", flush=True)
        last = found[DEVICES[-1], 1][0]
        kinds = ", ".join(f"{kind} {size:,}" for kind, size in sorted(last["moved"].items()))
        moved.append(f"| {name} | {last['weights']:,} | {kinds} |")
    print("\n| bytes | weights | moved in a step |\n|---|---|---|", *moved, sep="\n")


if __name__ == "__main__":
    main()
