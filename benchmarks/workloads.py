"""What is measured: networks as lists of layers, with data and initial weights that are the same for every library.

A layer is a tuple: ``("dense", units, activation)``, ``("lstm", units, sequences)``, ``("gru", …)``, ``("rnn", …)``,
``("embedding", words, size)``, ``("conv", filters, size, activation)`` (valid, stride 1), ``("maxpool", size)``, ``("flatten",)``,
``("batchnorm",)``. Images have the channels last here; a library that wants them first gets them so.

Each layer reads what the one before it made. Networks that are no chain have words for that: ``("keep", name)`` remembers a
value, ``("concat", name)`` puts the value behind the one that was remembered, ``("output",)`` makes it an output of its own with a
fifth of the weight, ``("input", number)`` goes on from another input, ``("again", number)`` applies that layer of the list again.
"""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["WORKLOADS", "Workload", "data_of", "one_or_list", "output_weights", "taken", "weights_of"]


class Workload(NamedTuple):
    """A network, and what it is trained on."""

    name: str
    layers: tuple[tuple[Any, ...], ...]
    shape: tuple[int, ...]  # of a sample
    classes: int  # 1: one probability
    batch: int
    steps: int  # of an epoch
    words: int = 0  # the first input are integers below this number
    others: tuple[tuple[int, ...], ...] = ()  # shapes of further inputs
    padded: bool = False  # sequences end with zeros, which are masked
    stateful: bool = False  # states are carried from batch to batch
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
        Workload(
            "lstm_masked",
            (("embedding", 20000, 128), ("lstm", 128, False), ("dense", 1, "sigmoid")),
            (80,), 1, 32, 8, words=20000, padded=True,
        ),
        Workload(
            "lstm_stateful",
            (("lstm", 32, True), ("lstm", 32, True), ("lstm", 32, False), ("dense", 10, "softmax")),
            (8, 16), 10, 32, 16, stateful=True,
        ),
        Workload(
            "lstm_shared",
            (
                ("lstm", 64, False), ("keep", "a"), ("input", 1), ("again", 0), ("concat", "a"), ("dense", 1, "sigmoid"),
            ),
            (140, 256), 1, 32, 4, others=((140, 256),),
        ),
        Workload(
            "headline",
            (
                ("embedding", 10000, 512), ("lstm", 32, False), ("keep", "code"), ("dense", 1, "sigmoid"), ("output",),
                ("input", 1), ("concat", "code"), ("dense", 64, "relu"), ("dense", 64, "relu"), ("dense", 64, "relu"),
                ("dense", 1, "sigmoid"),
            ),
            (100,), 1, 32, 8, words=10000, others=((5,),),
        ),
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


def data_of(workload: Workload) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return one array for each input, and for each output class numbers or (for one class) zeros and ones, as float32
    ``(samples, 1)``."""
    rng = np.random.default_rng(0)
    count = workload.batch * workload.steps
    if workload.words:
        x: Any = rng.integers(1, workload.words, (count, *workload.shape)).astype("int32")
    else:
        x = rng.normal(size=(count, *workload.shape)).astype("float32")
    if workload.padded:
        length = workload.shape[0]
        x[np.arange(length) >= rng.integers(length // 4, length + 1, (count, 1))] = 0
    inputs = [x, *(rng.normal(size=(count, *shape)).astype("float32") for shape in workload.others)]
    outputs = 1 + sum(kind == "output" for kind, *_ in workload.layers)
    if workload.classes == 1:
        return inputs, [rng.integers(0, 2, (count, 1)).astype("float32") for _ in range(outputs)]
    return inputs, [rng.integers(0, workload.classes, count) for _ in range(outputs)]


def output_weights(workload: Workload) -> list[float]:
    """Return the weight of the loss of each output, in the order in which the layers make them."""
    return [0.2] * sum(kind == "output" for kind, *_ in workload.layers) + [1.0]


def taken(arrays: list[Any], rows: Any) -> list[Any]:
    """Return these rows of each array."""
    return [array[rows] for array in arrays]


def one_or_list(arrays: list[Any]) -> Any:
    """Return the only array, or the list."""
    return arrays[0] if len(arrays) == 1 else arrays


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
    shape, kept, shapes = workload.shape, {}, []
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
        elif kind in ("keep", "input", "concat", "again", "output"):
            weights.append([])
            if kind == "keep":
                kept[arguments[0]] = shape
            elif kind == "input":
                shape = workload.others[arguments[0] - 1]
            elif kind == "concat":
                shape = (*shape[:-1], kept[arguments[0]][-1] + shape[-1])
            elif kind == "again":
                shape = shapes[arguments[0]]
        else:
            weights.append([])
            shape = (int(np.prod(shape)),)
        shapes.append(shape)
    return weights
