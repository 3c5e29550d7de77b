"""The course text's `train_lstm(...)` (6.4.1), with its arguments and what its comments say they mean.

    python examples/train_lstm.py

An instance is a sequence of steps, and each step comes from a *modal*, a source of information that has a price. By
default the script reads functions of Python's standard library: the words of a function's name and arguments are one
modal, those of its documentation the other; the network says what the function is for (networking, files, …).
`--max-costs 0.1` pays for the names only.

    from train_lstm import train_lstm
    train_err, valid_err, test_err = train_lstm(dataset="functions", maxlen=40, optimizer="adadelta")
"""

import argparse
import ast
import os
import re
import sysconfig
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jkeras import backend as K
from jkeras.layers import LSTM, Dense, Dropout, Embedding, Input, Lambda, Masking, TimeDistributed
from jkeras.models import Model
from jkeras.optimizers import SGD, Adadelta, RMSprop
from jkeras.regularizers import l2


class Instances(NamedTuple):
    """A part of a data set."""

    steps: list[np.ndarray]  # (time,) word numbers from 1, or (time, features)
    modals: list[np.ndarray]  # (time,) the modal that each step comes from: 0, 1, …
    classes: np.ndarray  # (instances,)


Dataset = tuple[Instances, Instances, Instances]  # to train on, to validate on, to test on

OPTIMIZERS = {
    "sgd": lambda lrate: SGD(lr=lrate),
    "adadelta": lambda lrate: Adadelta(),
    "rmsprop": lambda lrate: RMSprop(),
}


def train_lstm(
    dim_proj: int = 72,
    patience: int = 15,
    max_epochs: int = 5000,
    dispFreq: int = 10,
    decay_c: float = 0.0,
    lrate: float = 0.01,
    optimizer: str = "adadelta",
    encoder: str = "lstm",
    saveto: str | os.PathLike = "lstm_model_best.npz",
    validFreq: int = 10,
    saveFreq: int = 10,
    maxlen: int = 2,
    batch_size: int = 64,
    valid_batch_size: int = 50,
    dataset: str | Callable[[], Dataset] = "digits",
    modal_costs: Sequence[float] = (0.1, 0.1),
    noise_std: float = 0.0,
    use_dropout: bool = True,
    reload_model: str | os.PathLike | None = None,
    test_size: int = -1,
    max_costs: float = 50,
) -> tuple[float, float, float]:
    """Train an LSTM classifier with early stopping, and keep the best of its states in a file.

    Args:
        dim_proj: size of the word vectors (of the projections, if the steps are vectors) and number of LSTM units.
        patience: epochs to go on without a better validation error.
        max_epochs: epochs after which training ends at the latest.
        dispFreq: updates between two lines about the cost.
        decay_c: weight decay: this times the sum of the squares of the classifier's weights is added to the cost.
        lrate: learning rate of ``'sgd'``; the other optimizers have their own.
        optimizer: ``'sgd'``, ``'adadelta'`` or ``'rmsprop'``. (The text names both adadelta and sgd as the default, and
            advises against sgd.)
        encoder: ``'lstm'``; there is no other.
        saveto: npz file for the weights with the lowest validation error, under their names, and for `history_errs`, a
            row (validation error, test error) for each validation.
        validFreq: updates between two validations.
        saveFreq: updates between two writes of the file; it is also written at the end. No write leaves half a file.
        maxlen: sequences with more steps than this are ignored.
        batch_size: instances for each update.
        valid_batch_size: instances in a batch at validation and test; only a matter of memory.
        dataset: ``'digits'`` (halves of images), ``'functions'`` (words), or a function that returns a `Dataset`.
        modal_costs: price of each modal. An instance pays it once, when it first comes to a step of that modal.
        noise_std: standard deviation of the Gaussian noise that is added to the word vectors in training.
        use_dropout: whether half of what the classifier sees is dropped in training; without it training is faster, and
            the test error usually higher.
        reload_model: a file that `saveto` named, to go on from: its weights; their validation error is the one to beat.
        test_size: if positive, only this many of the instances to test on are used.
        max_costs: what may be paid for one instance; steps of a modal that it cannot pay are not read.

    Returns:
        Errors (shares of wrong answers) of the best weights on the instances to train, to validate and to test on.

    Raises:
        ValueError: an argument is out of its range, no sequence is left, or `reload_model` holds another network.
    """
    check_arguments(**locals())
    train, valid, test = (
        shorten(part, maxlen, modal_costs, max_costs)
        for part in (DATASETS[dataset] if isinstance(dataset, str) else dataset)()
    )
    if test_size > 0:
        test = Instances(*(column[:test_size] for column in test))
    for name, part in (("train", train), ("validate", valid), ("test", test)):
        if not len(part.classes):
            raise ValueError(f"No sequence to {name} on is left: maxlen={maxlen}, max_costs={max_costs}.")
    majority = np.bincount(test.classes).max() / len(test.classes)
    print(f"{len(train.classes)} instances to train on, {len(valid.classes)} to validate, {len(test.classes)} to test")
    print(f"the most frequent class is {majority:.2%} of those to test on")

    (x, y), (x_valid, y_valid), (x_test, y_test) = (padded(part, maxlen) for part in (train, valid, test))
    model = build((train, valid, test), maxlen, dim_proj, decay_c, noise_std, use_dropout)
    model.compile(OPTIMIZERS[optimizer](lrate), "sparse_categorical_crossentropy", metrics=["accuracy"])

    def error(x: np.ndarray, y: np.ndarray) -> float:
        return 1 - model.evaluate(x, y, batch_size=valid_batch_size, verbose=0)[1]

    history: list[tuple[float, float]] = [] if reload_model is None else load(reload_model, model)
    best = None if reload_model is None else model.get_weights()  # None until there is a validation error
    best_error = np.inf if reload_model is None else error(x_valid, y_valid)
    updates = best_epoch = 0
    for epoch in range(1, max_epochs + 1):
        for rows in np.array_split(np.random.permutation(len(y)), np.arange(batch_size, len(y), batch_size)):
            cost, _ = model.train_on_batch(x[rows], y[rows])
            updates += 1
            if not np.isfinite(cost):
                raise FloatingPointError(f"The cost is {cost} after {updates} updates: try a lower lrate, or adadelta.")
            if updates % dispFreq == 0:
                print(f"epoch {epoch}, update {updates}, cost {cost:.4f}")
            if updates % validFreq == 0:
                history.append((error(x_valid, y_valid), error(x_test, y_test)))
                if history[-1][0] < best_error:
                    best, best_error, best_epoch = model.get_weights(), history[-1][0], epoch
                print(
                    f"epoch {epoch}, update {updates}, validation error {history[-1][0]:.4f}, "
                    f"test error {history[-1][1]:.4f}"
                )
            if updates % saveFreq == 0:
                save(saveto, model, best or model.get_weights(), history)
        if history and epoch - best_epoch >= patience:
            print(f"stopped early: no better validation error for {patience} epochs")
            break
    if best is not None:
        model.set_weights(best)
    save(saveto, model, model.get_weights(), history)
    return error(x, y), error(x_valid, y_valid), error(x_test, y_test)


def check_arguments(**arguments) -> None:
    """Raise a ValueError that names the first of `train_lstm`'s arguments that is out of its range."""
    whole = "dim_proj patience max_epochs dispFreq validFreq saveFreq maxlen batch_size valid_batch_size"
    for name in whole.split():
        value = arguments[name]
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is a positive whole number; got {value!r}.")
    for name in ("decay_c", "noise_std", "lrate", "max_costs"):
        if not 0 <= arguments[name] < np.inf:
            raise ValueError(f"{name} is a finite number that is not negative; got {arguments[name]!r}.")
    if arguments["optimizer"] not in OPTIMIZERS:
        raise ValueError(f"optimizer is one of {', '.join(OPTIMIZERS)}; got {arguments['optimizer']!r}.")
    if arguments["encoder"] != "lstm":
        raise ValueError(f"encoder must be 'lstm'; got {arguments['encoder']!r}.")
    if isinstance(arguments["dataset"], str) and arguments["dataset"] not in DATASETS:
        raise ValueError(f"dataset is one of {', '.join(DATASETS)}, or a function; got {arguments['dataset']!r}.")
    if not len(arguments["modal_costs"]) or min(arguments["modal_costs"]) < 0:
        raise ValueError(f"modal_costs has a price, not negative, for each modal; got {arguments['modal_costs']!r}.")
    if not Path(arguments["saveto"]).absolute().parent.is_dir():
        raise ValueError(f"saveto={str(arguments['saveto'])!r}: there is no such folder.")


# ---- instances


def shorten(part: Instances, maxlen: int, modal_costs: Sequence[float], max_costs: float) -> Instances:
    """Leave out the steps that an instance cannot pay, and then the instances with no step, or more than `maxlen`."""
    steps, modals, classes = [], [], []
    for sequence, sources, label in zip(*part, strict=True):
        if sources.max(initial=0) >= len(modal_costs):
            raise ValueError(
                f"The data have a modal {sources.max()}; modal_costs has prices for {len(modal_costs)} modals."
            )
        left, paid = max_costs + 1e-9, set()  # 0.1 + 0.2 is to be paid out of 0.3
        for modal in dict.fromkeys(sources.tolist()):
            if modal_costs[modal] <= left:
                left -= modal_costs[modal]
                paid.add(modal)
        read = np.isin(sources, list(paid))
        if 0 < read.sum() <= maxlen:
            steps.append(sequence[read])
            modals.append(sources[read])
            classes.append(label)
    return Instances(steps, modals, np.array(classes, int))


def padded(part: Instances, maxlen: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sequences as one array, with zeros before the first step, and the classes as a column."""
    x = np.zeros((len(part.steps), maxlen, *part.steps[0].shape[1:]), part.steps[0].dtype)
    for row, sequence in zip(x, part.steps, strict=True):
        row[maxlen - len(sequence) :] = sequence
    return x, part.classes[:, None]


def split(steps: list[np.ndarray], modals: list[np.ndarray], classes: Sequence[int], seed: int = 0) -> Dataset:
    """Return 70 % of the instances to train on, 15 % to validate on, 15 % to test on, drawn at random."""
    order = np.random.RandomState(seed).permutation(len(classes))
    first, second = int(0.7 * len(order)), int(0.85 * len(order))
    return tuple(
        Instances([steps[i] for i in rows], [modals[i] for i in rows], np.array([classes[i] for i in rows]))
        for rows in (order[:first], order[first:second], order[second:])
    )


# ---- data sets


def digits() -> Dataset:
    """scikit-learn's handwritten digits as sequences of two steps: the upper half of the image, the lower half."""
    from sklearn.datasets import load_digits

    images = load_digits()
    halves = (images.data / 16).reshape(-1, 2, 32).astype("float32")
    return split(list(halves), [np.arange(2)] * len(halves), images.target)


AREAS = {
    "networking": "email ftplib http imaplib mailbox poplib smtplib socket socketserver ssl urllib wsgiref xmlrpc",
    "concurrency": "_weakrefset asyncio concurrent multiprocessing queue sched selectors subprocess threading",
    "numbers": "_pydecimal _pydatetime calendar datetime fractions numbers random statistics",
    "files": "_pyio bz2 fileinput glob gzip lzma ntpath os pathlib posixpath shutil tarfile tempfile zipfile",
    "programs": "ast bdb code dis doctest importlib inspect logging pdb profile pydoc trace traceback unittest",
}


def functions(known_words: int = 3000) -> Dataset:
    """Functions of the standard library: words of name and arguments (modal 0), then of the first paragraph of their
    documentation (modal 1); the class is the area, see `AREAS`."""
    library = Path(sysconfig.get_paths()["stdlib"])
    texts, classes = [], []
    for area, modules in enumerate(AREAS.values()):
        for module in modules.split():
            for file in [library / f"{module}.py", *sorted((library / module).rglob("*.py"))]:
                if file.exists() and not {"test", "tests"} & set(file.parts):
                    found = list(documented(ast.parse(file.read_text("utf-8"))))
                    texts += found
                    classes += [area] * len(found)
    order = np.random.RandomState(0).permutation(len(texts))[: int(0.7 * len(texts))]  # those that `split` trains on
    counts = Counter(word for i in order for part in texts[i] for word in part)
    index = {word: number for number, (word, _) in enumerate(counts.most_common(known_words - 2), start=2)}
    steps = [np.array([index.get(word, 1) for word in name + text], "int32") for name, text in texts]
    modals = [np.repeat([0, 1], [len(name), len(text)]) for name, text in texts]
    return split(steps, modals, classes)


def documented(tree: ast.AST):
    """Yield ``(words of name and arguments, words of the first paragraph)`` of the functions with documentation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (text := ast.get_docstring(node)):
            names = [node.name, *(argument.arg for argument in node.args.args if argument.arg not in ("self", "cls"))]
            yield split_words(" ".join(names)), split_words(text.split("\n\n")[0])


def split_words(text: str) -> list[str]:
    """Return the words of a text; ``getHTTPResponse_now`` has four."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", text)]


DATASETS: dict[str, Callable[[], Dataset]] = {"digits": digits, "functions": functions}


# ---- the network


def build(parts: Dataset, maxlen: int, dim_proj: int, decay_c: float, noise_std: float, use_dropout: bool) -> Model:
    """Return the network: projection, LSTM, mean of its outputs over time, softmax."""
    first, classes = parts[0].steps[0], max(int(part.classes.max()) for part in parts) + 1
    if first.ndim == 1:
        words = max(int(sequence.max()) for part in parts for sequence in part.steps) + 1
        x = inputs = Input(shape=(maxlen,), dtype="int32")
        x = Embedding(words, dim_proj, mask_zero=True, name="projection")(x)
    else:
        x = inputs = Input(shape=(maxlen, first.shape[1]))
        x = TimeDistributed(Dense(dim_proj, name="projection"))(Masking(0.0)(x))
    if noise_std:
        x = Lambda(noisy, arguments={"std": noise_std}, mask=lambda x, mask: mask)(x)
    x = LSTM(dim_proj, return_sequences=True, name="encoder")(x)
    x = Lambda(mean_over_time, output_shape=(dim_proj,))(x)
    if use_dropout:
        x = Dropout(0.5)(x)
    outputs = Dense(classes, activation="softmax", W_regularizer=l2(decay_c) if decay_c else None, name="classifier")(x)
    return Model(input=inputs, output=outputs)


def noisy(x, std):
    """Return `x` with noise, in training only."""
    return K.in_train_phase(x + K.random_normal(K.shape(x), std=std), x)


def mean_over_time(x, mask=None):
    """Return the mean of the steps ``(batch, time, units)`` that are no padding."""
    weights = K.expand_dims(K.cast(mask, "float32"))
    return K.sum(x * weights, axis=1) / K.sum(weights, axis=1)


# ---- files


def save(
    path: str | os.PathLike, model: Model, weights: Sequence[np.ndarray], history: Sequence[tuple[float, float]]
) -> None:
    """Write an npz file: to a temporary file beside it first, so that a crash leaves the old one."""
    arrays = dict(zip((weight.name for weight in model.weights), weights, strict=True))
    target = Path(path).absolute()
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, history_errs=np.reshape(history, (-1, 2)), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: str | os.PathLike, model: Model) -> list[tuple[float, float]]:
    """Give the model the weights of a file that `save` wrote; return the validation and test errors in it."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    history = arrays.pop("history_errs", np.zeros((0, 2)))
    expected = {weight.name: tuple(weight.shape) for weight in model.weights}
    found = {name: array.shape for name, array in arrays.items()}
    if found != expected:
        name = min(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        raise ValueError(
            f"{path} holds another network than these arguments describe: {name} has shape {found.get(name)} there, "
            f"{expected.get(name)} here."
        )
    model.set_weights([arrays[name] for name in expected])
    return [tuple(row) for row in history.tolist()]


def main() -> float:
    """Train, report the errors of the best weights, and return the accuracy on the test set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", choices=sorted(DATASETS), default="functions")
    parser.add_argument("--max-epochs", type=int, default=40)
    parser.add_argument(
        "--max-costs", type=float, default=50, help="what may be paid for an instance; each modal costs 0.1"
    )
    parser.add_argument("--saveto", default="lstm_model_best.npz", help="file for the best weights")
    parser.add_argument("--reload-model", default=None, help="such a file, to go on from")
    arguments = parser.parse_args()

    np.random.seed(1337)
    errors = train_lstm(
        dataset=arguments.dataset,
        maxlen=40 if arguments.dataset == "functions" else 2,
        max_epochs=arguments.max_epochs,
        max_costs=arguments.max_costs,
        saveto=arguments.saveto,
        reload_model=arguments.reload_model,
        patience=8,
        validFreq=20,
        saveFreq=20,
    )
    for name, error in zip(("train", "validation", "test"), errors, strict=True):
        print(f"{name} error {error:.2%}")
    print(f"test accuracy {1 - errors[2]:.2%}; the best weights are in {arguments.saveto}")
    return 1 - errors[2]


if __name__ == "__main__":
    main()
