"""What is measured: networks as lists of layers, with data and initial weights that are the same for every library.

A layer is a tuple: ``("dense", units, activation)``, ``("lstm", units, sequences)``, ``("gru", …)``, ``("rnn", …)``,
``("embedding", words, size)``, ``("conv", filters, size, activation)`` (valid, stride 1), ``("maxpool", size)``, ``("flatten",)``,
``("batchnorm",)``. Images have the channels last here; a library that wants them first gets them so.
"""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["WORKLOADS", "Workload", "data_of", "weights_of"]


class Workload(NamedTuple):
    """A network, and what it is trained on."""

    name: str
    layers: tuple[tuple[Any, ...], ...]
    shape: tuple[int, ...]  # of a sample
    classes: int  # 1: one probability
    batch: int
    steps: int  # of an epoch
    words: int = 0  # inputs are integers below this number
    kind: str = "fit"  # what is timed: 'fit', 'evaluate', or one call after the other: 'train_on_batch', 'predict_one'


MLP = (("dense", 64, "relu"), ("dense", 64, "relu"), ("dense", 10, "softmax"))

WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("mlp_small", MLP, (20,), 10, 16, 64),
        Workload(
            "mlp_wide", (("dense", 512, "relu"), ("dense", 512, "relu"), ("dense", 10, "softmax")), (784,), 10, 128, 32
        ),
        Workload("logistic", (("dense", 1, "sigmoid"),), (784,), 1, 32, 64),
        Workload(
            "mlp_batchnorm",
            (("dense", 64, "relu"), ("batchnorm",), ("dense", 64, "relu"), ("batchnorm",), ("dense", 10, "softmax")),
            (20,), 10, 16, 64,
        ),
        Workload(
            "lstm_stacked",
            (("lstm", 32, True), ("lstm", 32, True), ("lstm", 32, False), ("dense", 10, "softmax")),
            (8, 16), 10, 64, 16,
        ),
        Workload(
            "lstm_embedding",
            (("embedding", 20000, 128), ("lstm", 128, False), ("dense", 1, "sigmoid")), (80,), 1, 32, 8, words=20000,
        ),
        Workload("lstm_wide", (("lstm", 32, False), ("dense", 10, "softmax")), (100, 512), 10, 32, 8),
        Workload("gru", (("gru", 128, False), ("dense", 10, "softmax")), (80, 128), 10, 32, 8),
        Workload("simple_rnn", (("rnn", 128, False), ("dense", 10, "softmax")), (80, 128), 10, 32, 8),
        Workload(
            "cnn",
            (
                ("conv", 32, 3, "relu"), ("conv", 32, 3, "relu"), ("maxpool", 2), ("flatten",), ("dense", 128, "relu"),
                ("dense", 10, "softmax"),
            ),
            (28, 28, 1), 10, 128, 8,
        ),
        Workload(
            "vgg_like",
            (
                ("conv", 32, 3, "relu"), ("conv", 32, 3, "relu"), ("maxpool", 2), ("conv", 64, 3, "relu"),
                ("conv", 64, 3, "relu"), ("maxpool", 2), ("flatten",), ("dense", 256, "relu"), ("dense", 10, "softmax"),
            ),
            (100, 100, 3), 10, 32, 2,
        ),
        Workload("predict_one", MLP, (20,), 10, 1, 256, kind="predict_one"),
        Workload("train_on_batch", MLP, (20,), 10, 16, 64, kind="train_on_batch"),
        Workload("evaluate", MLP, (20,), 10, 16, 64, kind="evaluate"),
    )
}  # fmt: skip


def data_of(workload: Workload) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs, and class numbers or (for one class) zeros and ones, as float32 ``(samples, 1)``."""
    rng = np.random.default_rng(0)
    count = workload.batch * workload.steps
    if workload.words:
        x: Any = rng.integers(1, workload.words, (count, *workload.shape)).astype("int32")
    else:
        x = rng.normal(size=(count, *workload.shape)).astype("float32")
    if workload.classes == 1:
        return x, rng.integers(0, 2, (count, 1)).astype("float32")
    return x, rng.integers(0, workload.classes, count)


def weights_of(workload: Workload) -> list[list[np.ndarray]]:
    """Return the initial weights, layer by layer: matrices ``(inputs, outputs)``, kernels ``(rows, cols, inputs, outputs)``,
    for recurrent layers ``W, U, b`` with the gates side by side (LSTM: i, f, c, o; GRU: z, r, h)."""
    rng = np.random.default_rng(1)

    def matrix(*shape: int) -> np.ndarray:
        fans = np.prod(shape[:-1]) + np.prod(shape[:-2]) * shape[-1]
        return rng.uniform(-np.sqrt(6 / fans), np.sqrt(6 / fans), shape).astype("float32")

    def zeros(size: int) -> np.ndarray:
        return np.zeros(size, "float32")

    weights: list[list[np.ndarray]] = []
    shape = workload.shape
    for kind, *arguments in workload.layers:
        if kind == "dense":
            weights.append([matrix(shape[-1], arguments[0]), zeros(arguments[0])])
            shape = (*shape[:-1], arguments[0])
        elif kind in ("lstm", "gru", "rnn"):
            units, sequences = arguments
            gates = {"lstm": 4, "gru": 3, "rnn": 1}[kind]
            weights.append([matrix(shape[-1], gates * units), matrix(units, gates * units), zeros(gates * units)])
            shape = (shape[0], units) if sequences else (units,)
        elif kind == "embedding":
            weights.append([rng.uniform(-0.05, 0.05, arguments).astype("float32")])
            shape = (*shape, arguments[1])
        elif kind == "conv":
            filters, size, _ = arguments
            weights.append([matrix(size, size, shape[-1], filters), zeros(filters)])
            shape = (shape[0] - size + 1, shape[1] - size + 1, filters)
        elif kind == "maxpool":
            weights.append([])
            shape = (shape[0] // arguments[0], shape[1] // arguments[0], shape[2])
        elif kind == "batchnorm":
            weights.append([np.ones(shape[-1], "float32"), zeros(shape[-1])])
        else:
            weights.append([])
            shape = (int(np.prod(shape)),)
    return weights
