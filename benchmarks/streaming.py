"""How fast `fit` is on data that are streamed, beside data on the device: the same numbers, the goal is at least 90 %.

    python -m benchmarks.streaming [--only mlp,cnn] [--rounds 7] [--epochs 1]

The kinds of data take turns within a round. Printed are the median over the rounds in µs a step, and as a share of the speed in
memory the median of the ratios within a round; then the same of the fastest round, which other programs disturb least.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import h5py
import numpy as np
from scipy import sparse

from jkeras.layers import Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from jkeras.models import Sequential
from jkeras.utils.io_utils import HDF5Matrix

BATCH = 128


def mlp() -> tuple[Sequential, np.ndarray]:
    model = Sequential(
        [Dense(512, input_dim=784, activation="relu"), Dense(512, activation="relu"), Dense(10, activation="softmax")]
    )
    return model, np.random.default_rng(0).random((128 * 200, 784), dtype="float32")


def cnn() -> tuple[Sequential, np.ndarray]:
    model = Sequential(
        [
            Convolution2D(8, 3, 3, input_shape=(1, 28, 28), activation="relu"),
            MaxPooling2D(),
            Convolution2D(16, 3, 3, activation="relu"),
            MaxPooling2D(),
            Flatten(),
            Dropout(0.25),
            Dense(10, activation="softmax"),
        ]
    )
    return model, np.random.default_rng(0).random((128 * 60, 1, 28, 28), dtype="float32")


MODELS = {"mlp": mlp, "cnn": cnn}


def kinds_of(x: np.ndarray, folder: Path) -> dict[str, dict[str, Any]]:
    """Return the data as arguments of `fit`, kind by kind; the first is the data in memory."""
    memmap = np.memmap(folder / "x.bin", x.dtype, "w+", shape=x.shape)
    memmap[:] = x
    with h5py.File(folder / "x.h5", "w") as file:
        file["x"] = x
        file.create_dataset("packed", data=x, chunks=(BATCH, *x.shape[1:]), compression="gzip", compression_opts=1)
    found: dict[str, dict[str, Any]] = {
        "on the device": {"x": x},
        "array, streamed": {"x": x, "device_data": False},
        "float64 array, streamed": {"x": x.astype("float64"), "device_data": False},
        "memmap": {"x": memmap},
        "HDF5Matrix, shuffle=True": {"x": HDF5Matrix(folder / "x.h5", "x")},
        "HDF5Matrix, shuffle='batch'": {"x": HDF5Matrix(folder / "x.h5", "x"), "shuffle": "batch"},
        "packed HDF5, shuffle='batch'": {"x": HDF5Matrix(folder / "x.h5", "packed"), "shuffle": "batch"},
    }
    if x.ndim == 2:
        thin = np.where(np.random.default_rng(1).random(x.shape) < 0.05, x, 0)
        found["sparse, 5 % entries"] = {"x": sparse.csr_matrix(thin)}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streaming", description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(MODELS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()
    print(f"{'':<6}{'':<30}{'us a step':>12}{'speed':>9}{'fastest':>12}{'speed':>9}")
    for name in arguments.only.split(","):
        np.random.seed(0)
        model, x = MODELS[name]()
        model.compile("sgd", "categorical_crossentropy")
        y = np.eye(10, dtype="float32")[np.arange(len(x)) % 10]
        with tempfile.TemporaryDirectory() as folder:
            kinds = kinds_of(x, Path(folder))
            times: dict[str, list[float]] = {kind: [] for kind in kinds}
            for round_ in range(arguments.rounds + 1):
                for kind, options in kinds.items():
                    started = time.perf_counter()
                    model.fit(y=y, batch_size=BATCH, nb_epoch=arguments.epochs, verbose=0, **options)
                    if round_:  # the first one compiles
                        steps = arguments.epochs * len(x) // BATCH
                        times[kind].append((time.perf_counter() - started) / steps * 1e6)
        base = times["on the device"]
        for kind, found in times.items():
            share = statistics.median(a / b for a, b in zip(base, found, strict=True))
            print(
                f"{name:<6}{kind:<30}{statistics.median(found):>12,.0f}{share:>9.0%}{min(found):>12,.0f}"
                f"{min(base) / min(found):>9.0%}",
                flush=True,
            )


if __name__ == "__main__":
    import warnings

    warnings.filterwarnings("ignore", message=".*is a sparse matrix")
    main()
