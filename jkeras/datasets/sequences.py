"""What the data sets of word numbers have in common."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Options", "as_objects", "choose_words", "shuffled"]


class Options(NamedTuple):
    """How words become numbers; see `jkeras.datasets.imdb.load_data`."""

    nb_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int | None


def shuffled(x: Any, labels: Any, seed: int) -> tuple[list[Any], list[Any]]:
    """Return both in the order in which ``np.random.seed(seed); np.random.shuffle(x)`` puts them (Keras 1)."""
    if len(x) != len(labels):
        raise ValueError(f"The data set's file holds {len(x)} sequences and {len(labels)} labels.")
    order = np.random.RandomState(seed).permutation(len(x))
    return [x[i] for i in order], [labels[i] for i in order]


def choose_words(parts: Sequence[tuple[list[Any], list[Any]]], options: Options) -> list[tuple[list[Any], list[Any]]]:
    """Return (sequences, labels) of each part with words numbered, and rare, frequent or surplus ones replaced.

    Raises:
        ValueError: no sequence is shorter than `maxlen`.
    """
    shifted = [_shorter(_shifted(x, options), labels, options.maxlen) for x, labels in parts]
    everything = [sequence for x, _ in shifted for sequence in x]
    if not everything:
        raise ValueError(
            f"After filtering for sequences shorter than maxlen={options.maxlen}, no sequence was kept. Increase maxlen."
        )
    limit = options.nb_words or max(int(sequence.max(initial=0)) for sequence in everything) + 1
    return [([_chosen(sequence, limit, options) for sequence in x], labels) for x, labels in shifted]


def _shifted(sequences: list[Any], options: Options) -> list[np.ndarray]:
    shift = options.index_from or 0
    start = [] if options.start_char is None else [options.start_char]
    return [np.concatenate([np.array(start, int), np.asarray(sequence, int) + shift]) for sequence in sequences]


def _shorter(x: list[np.ndarray], labels: list[Any], maxlen: int | None) -> tuple[list[np.ndarray], list[Any]]:
    if not maxlen:
        return x, labels
    kept = [i for i, sequence in enumerate(x) if len(sequence) < maxlen]
    return [x[i] for i in kept], [labels[i] for i in kept]


def _chosen(sequence: np.ndarray, limit: int, options: Options) -> list[int]:
    known = (sequence >= options.skip_top) & (sequence < limit)
    if options.oov_char is None:
        return sequence[known].tolist()
    return np.where(known, sequence, options.oov_char).tolist()


def as_objects(sequences: list[list[int]]) -> np.ndarray:
    """Return an array of lists; also where all have one length, which ``np.array`` would make rows of."""
    array = np.empty(len(sequences), dtype=object)
    array[:] = sequences
    return array
