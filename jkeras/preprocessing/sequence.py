"""Import path of Keras 1: ``keras.preprocessing.sequence``. Sequences of equal length, word pairs."""

import random
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["make_sampling_table", "pad_sequences", "skipgrams"]


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Return sequences of different lengths as the rows of one array.

    Args:
        sequences: a list of sequences; their entries may be arrays, all of one shape.
        maxlen: length of all rows; default that of the longest sequence.
        dtype: of the result.
        padding: where a short sequence is filled up: ``'pre'`` (in front) or ``'post'``.
        truncating: where a long sequence is cut: ``'pre'`` (in front) or ``'post'``.
        value: what to fill up with.

    Returns:
        An array of shape ``(len(sequences), maxlen, *entry shape)``.

    Raises:
        ValueError: an argument is not one of those above, or entries differ in shape.

    >>> pad_sequences([[1, 2, 3], [4]])
    array([[1, 2, 3],
           [0, 0, 4]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} is 'pre' or 'post'; got {side!r}.")
    rows = list(sequences)
    for index, row in enumerate(rows):
        if not hasattr(row, "__len__") or isinstance(row, str | bytes):
            raise ValueError(
                f"pad_sequences takes a list of sequences; entry {index} is {row!r}, of type {type(row).__name__}."
                + (" For a single sequence write [sequence]." if np.ndim(row) == 0 else "")
            )
    length = _length(rows, maxlen)
    entry_shape = next((np.shape(row[:1])[1:] for row in rows if len(row)), ())
    result = np.full((len(rows), length, *entry_shape), value, dtype=dtype)
    if not length:
        return result
    for index, row in enumerate(rows):
        if not len(row):
            continue
        entries = _entries(row[-length:] if truncating == "pre" else row[:length], index, entry_shape, dtype)
        if padding == "pre":
            result[index, -len(entries) :] = entries
        else:
            result[index, : len(entries)] = entries
    return result


def _length(rows: Sequence[Any], maxlen: int | None) -> int:
    if maxlen is None:
        if not rows:
            raise ValueError("pad_sequences: there are no sequences to take a length from; give maxlen.")
        return max(len(row) for row in rows)
    if maxlen != int(maxlen) or maxlen < 0:
        raise ValueError(f"pad_sequences: maxlen is a whole number, 0 or more; got {maxlen!r}.")
    return int(maxlen)


def _entries(row: Any, index: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    try:
        entries = np.asarray(row, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"pad_sequences: sequence {index} cannot become an array of {dtype}: {error}") from error
    if entries.shape[1:] != shape:
        raise ValueError(
            f"pad_sequences: the entries of sequence {index} have shape {entries.shape[1:]}; those of the first have shape {shape}."
        )
    return entries


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """Return the probability to keep a word as the middle of a skipgram, by its rank in frequency.

    By Zipf's law the word of rank `r` has the frequency ``1 / (r · (ln r + γ) + 1/2 − 1/(12 r))``, with γ = 0.577; it is
    kept with probability ``min(1, sqrt(sampling_factor / frequency))`` (Mikolov et al., 2013).

    Args:
        size: number of words; rank 0 is no word and gets the probability of rank 1.
        sampling_factor: the higher, the more frequent words are kept.

    Returns:
        An array of shape ``(size,)``.
    """
    if size != int(size) or size < 1:
        raise ValueError(f"make_sampling_table: size is a whole number, 1 or more; got {size!r}.")
    rank = np.arange(int(size))
    rank[0] = 1
    inverse_frequency = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    scaled = sampling_factor * inverse_frequency
    return np.minimum(1.0, scaled / np.sqrt(scaled))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words, and whether they stand near each other in `sequence`.

    Random numbers come from Python's `random`, in Keras 1's order: ``random.seed(n)`` gives the pairs of Keras 1.

    Args:
        sequence: numbers of words; 0 is no word and is skipped.
        vocabulary_size: one more than the largest number, for the random words.
        window_size: how far apart two words of a pair may be.
        negative_samples: how many random pairs (label 0) for each true one (label 1).
        shuffle: whether to mix the pairs; else the true ones come first.
        categorical: give labels as ``[0, 1]`` (true) and ``[1, 0]``.
        sampling_table: probability to keep each word as the first of pairs; see `make_sampling_table`.

    Returns:
        ``(couples, labels)``: lists of equal length.
    """
    couples: list[list[int]] = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        for j in range(max(0, i - window_size), min(len(sequence), i + window_size + 1)):
            if j != i and sequence[j]:
                couples.append([word, sequence[j]])
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in couples]
    if negative_samples > 0 and couples:
        if vocabulary_size < 2:
            raise ValueError(
                f"skipgrams draws words from 1 to vocabulary_size - 1; got vocabulary_size={vocabulary_size}."
            )
        words = [first for first, _ in couples]
        random.shuffle(words)
        for i in range(int(len(labels) * negative_samples)):
            couples.append([words[i % len(words)], random.randint(1, int(vocabulary_size) - 1)])
        labels += [[1, 0] if categorical else 0 for _ in range(len(couples) - len(labels))]
    if shuffle:
        # One seed for both lists keeps them in step; that it stays behind in `random` is Keras 1's.
        seed = random.randint(0, 10_000_000)
        for entries in (couples, labels):
            random.seed(seed)
            random.shuffle(entries)
    return couples, labels
