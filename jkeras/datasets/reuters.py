"""Import path of Keras 1: ``keras.datasets.reuters``. News in 46 topics."""

import numpy as np

from jkeras.datasets.files import Release, locate, read_arrays, read_word_index
from jkeras.datasets.sequences import Options, as_objects, choose_words, shuffled
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "get_word_index", "load_data"]

Split = tuple[np.ndarray, np.ndarray]

_RELEASE = Release("reuters.pkl", "reuters.npz", "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916")
_WORDS = Release("reuters_word_index.pkl", "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921")


def load_data(
    path: str = "reuters.pkl",
    nb_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: newswires as lists of word numbers, and topics from 0 to 45.

    Args:
        path: file in ``~/.keras/datasets``: ``reuters.npz``, or Keras 1's ``reuters.pkl`` if it is there. Nothing in it is run.
        test_split: share of the newswires in the test set.
        nb_words, skip_top, maxlen, seed, start_char, oov_char, index_from: see `jkeras.datasets.imdb.load_data`.

    Raises:
        OSError: the file cannot be downloaded; the message says where to put it.
        ValueError: the file holds something else, or no newswire is kept.
    """
    if not 0 <= test_split <= 1:
        raise ValueError(f"test_split is a share between 0 and 1; got {test_split}.")
    x, y = read_arrays(locate(get_file, path, _RELEASE), ("x", "y"))
    options = Options(nb_words, skip_top, maxlen, start_char, oov_char, index_from)
    ((x, y),) = choose_words([shuffled(x, y, seed)], options)
    at = int(len(x) * (1 - test_split))
    return (as_objects(x[:at]), np.array(y[:at])), (as_objects(x[at:]), np.array(y[at:]))


def get_word_index(path: str = "reuters_word_index.pkl") -> dict[str, int]:
    """Return the rank of each word by frequency.

    Args:
        path: file in ``~/.keras/datasets``: ``reuters_word_index.json``, or Keras 1's ``reuters_word_index.pkl`` if it is there.
    """
    return read_word_index(locate(get_file, path, _WORDS))
