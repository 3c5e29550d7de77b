"""Import path of Keras 1: ``keras.preprocessing.text``. Texts as numbers."""

import hashlib
import string
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["Tokenizer", "base_filter", "one_hot", "text_to_word_sequence"]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def base_filter() -> str:
    """Return the characters that are no part of words: ASCII's punctuation but the apostrophe, tabs and line ends."""
    return string.punctuation.replace("'", "") + "\t\n"


def text_to_word_sequence(text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Args:
        text: in any script; characters count, whatever their number of bytes.
        filters: characters that are replaced by `split`.
        lower: whether to make letters small.
        split: what stands between words; one character or more.

    Raises:
        TypeError: `text` is no text. Bytes have to be decoded first.

    >>> text_to_word_sequence("Füße, Straßen & Öl!")
    ['füße', 'straßen', 'öl']
    """
    if not isinstance(text, str):
        hint = " Decode it first: text.decode('utf-8')." if isinstance(text, bytes | bytearray) else ""
        raise TypeError(f"Expected a text (str); got {type(text).__name__}: {text!r:.60}.{hint}")
    if not split:
        raise ValueError(
            "split is what stands between words; it cannot be empty. For single characters use char_level."
        )
    if lower:
        text = text.lower()
    words = text.translate({ord(character): split for character in filters or ""}).split(split)
    return [word for word in words if word]


def one_hot(text: str, n: int, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """Return a number from 1 to n - 1 for each word of a text, by hashing; different words may share a number.

    Keras 1 took Python's `hash`, which gives other numbers in every process, so that a model met other words when it was
    used than when it was trained. Here the number comes from the MD5 sum of the word in UTF-8: the same always and
    everywhere (and equal to Keras 2's ``hashing_trick(..., hash_function='md5')``).

    Args:
        text, filters, lower, split: see `text_to_word_sequence`.
        n: one more than the largest number.
    """
    if n < 2:
        raise ValueError(f"one_hot gives numbers from 1 to n - 1: n is 2 or more; got {n}.")
    return [_stable_hash(word) % (int(n) - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def _stable_hash(word: str) -> int:
    return int.from_bytes(hashlib.md5(word.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest(), "big")


class Tokenizer:
    """Numbers for the words of texts: 1 for the most frequent word, and so on; 0 is no word.

    Args:
        nb_words: keep the numbers below this one only, that is the ``nb_words - 1`` most frequent words.
        filters, lower, split: see `text_to_word_sequence`.
        char_level: whether every character is a word; `filters`, `lower` and `split` then do nothing.

    Attributes:
        word_counts: how often each word occurs.
        word_docs: in how many texts each word occurs.
        word_index: the number of each word; of two equally frequent words the one seen first comes first.
        index_docs: in how many texts the word of each number occurs.
        document_count: how many texts or sequences the last call of a fit method got.
    """

    def __init__(
        self,
        nb_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
    ):
        self.nb_words = nb_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.word_counts: dict[str, int] = {}
        self.word_docs: dict[str, int] = {}
        self.word_index: dict[str, int] = {}
        self.index_docs: dict[int, int] = {}
        self.document_count = 0

    def fit_on_texts(self, texts: Iterable[str]) -> None:
        """Count the words of texts and number them.

        A second call adds to the counts of words and of texts with a word; `document_count` starts anew, as in Keras 1.

        Args:
            texts: a list, or a generator of texts too many for memory.
        """
        _refuse_single(texts)
        self.document_count = 0
        for text in texts:
            self.document_count += 1
            words = self._words(text)
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] = self.word_docs.get(word, 0) + 1
        ranked = sorted(self.word_counts.items(), key=lambda item: item[1], reverse=True)
        self.word_index = {word: index for index, (word, _) in enumerate(ranked, start=1)}
        self.index_docs = {self.word_index[word]: count for word, count in self.word_docs.items()}

    def fit_on_sequences(self, sequences: Iterable[Iterable[int]]) -> None:
        """Count in how many sequences each number occurs, for mode ``'tfidf'`` of `sequences_to_matrix`."""
        self.document_count = 0
        self.index_docs = {}
        for sequence in sequences:
            self.document_count += 1
            for index in set(sequence):
                self.index_docs[index] = self.index_docs.get(index, 0) + 1

    def texts_to_sequences(self, texts: Iterable[str]) -> list[list[int]]:
        """Return the numbers of the words of each text; words without a number are left out."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """Yield what `texts_to_sequences` returns, text by text.

        Raises:
            ValueError: the tokenizer knows no words yet.
        """
        _refuse_single(texts)
        if not self.word_index and not self.document_count:
            raise ValueError("This Tokenizer knows no words yet: call fit_on_texts(texts) first.")
        for text in texts:
            numbers = (self.word_index.get(word) for word in self._words(text))
            yield [n for n in numbers if n is not None and (not self.nb_words or n < self.nb_words)]

    def texts_to_matrix(self, texts: Iterable[str], mode: str = "binary") -> np.ndarray:
        """Return one row of word counts for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> np.ndarray:
        """Return one row for each sequence, with a column for each word.

        Args:
            sequences: numbers of words; those that are no column are left out.
            mode: what stands in column `j`, for a word that occurs `c` times: ``'binary'`` 1; ``'count'`` c; ``'freq'``
                c / length of the sequence; ``'tfidf'`` (1 + ln c) · ln(1 + documents / (1 + documents with the word)).

        Returns:
            An array of shape ``(len(sequences), nb_words)``, or of ``len(word_index) + 1`` columns without `nb_words`.

        Raises:
            ValueError: the mode is not known, or needs a fit first.
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"Unknown vectorization mode: {mode!r}; it is 'binary', 'count', 'freq' or 'tfidf'.")
        if not self.nb_words and not self.word_index:
            raise ValueError("Specify a dimension (nb_words argument), or fit on some text data first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        columns = int(self.nb_words) if self.nb_words else len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            counts: dict[int, int] = {}
            for index in sequence:
                if index < 0:
                    raise ValueError(f"Numbers of words are 0 or more; got {index}.")
                if index < columns:
                    counts[index] = counts.get(index, 0) + 1
            for index, count in counts.items():
                row[index] = self._entry(mode, index, count, len(sequence))
        return matrix

    def _entry(self, mode: str, index: int, count: int, length: int) -> Any:
        if mode == "binary":
            return 1
        if mode == "count":
            return count
        if mode == "freq":
            return count / length
        return (1 + np.log(count)) * np.log(1 + self.document_count / (1 + self.index_docs.get(index, 0)))

    def _words(self, text: Any) -> Sequence[str]:
        return text if self.char_level else text_to_word_sequence(text, self.filters, self.lower, self.split)


def _refuse_single(texts: Any) -> None:
    if isinstance(texts, str | bytes):
        raise TypeError("Expected a list of texts; got a single text. Write [text].")
