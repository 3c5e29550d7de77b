"""Import path of Keras 1: ``keras.datasets.imdb``. Film reviews, good or bad."""

import numpy as np

from jkeras.datasets.files import Release, locate, read_arrays, read_word_index
from jkeras.datasets.sequences import Options, as_objects, choose_words, shuffled
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "get_word_index", "load_data"]

Split = tuple[np.ndarray, np.ndarray]

_RELEASE = Release("imdb_full.pkl", "imdb.npz", "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f")
_WORDS = Release("imdb_word_index.pkl", "imdb_word_index.json", "bfafd718b763782e994055a2d397834f")


def load_data(
    path: str = "imdb_full.pkl",
    nb_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Split, Split]:
    """Return ``(X_train, y_train), (X_test, y_test)``: 25,000 reviews each as lists of word numbers, and 1 (good) or 0.

    Word `k` by frequency has the number ``k + index_from``. Two slips of Keras 1 are put right: with `maxlen` no review of
    the test set ends up in the training set, and with ``oov_char=None`` the chosen words stay, not the others.

    Args:
        path: file in ``~/.keras/datasets``: ``imdb.npz``, or Keras 1's ``imdb_full.pkl`` if it is there. Nothing in it is run.
        nb_words: words with this number and above are replaced by `oov_char`.
        skip_top: words with numbers below this one are replaced by `oov_char`.
        maxlen: leave reviews out that are not shorter.
        seed: of the shuffling.
        start_char: number in front of each review, or None.
        oov_char: number that stands for left-out words; None to take them away.
        index_from: what is added to all numbers, to make room for 0 (padding), `start_char` and `oov_char`.

    Raises:
        OSError: the file cannot be downloaded; the message says where to put it.
        ValueError: the file holds something else, or no review is kept.
    """
    names = ("x_train", "y_train", "x_test", "y_test")
    x_train, y_train, x_test, y_test = read_arrays(locate(get_file, path, _RELEASE), names)
    options = Options(nb_words, skip_top, maxlen, start_char, oov_char, index_from)
    train, test = choose_words([shuffled(x_train, y_train, seed), shuffled(x_test, y_test, seed * 2)], options)
    return (as_objects(train[0]), np.array(train[1])), (as_objects(test[0]), np.array(test[1]))


def get_word_index(path: str = "imdb_word_index.pkl") -> dict[str, int]:
    """Return the rank of each word by frequency; see `load_data` for what is added to it.

    Args:
        path: file in ``~/.keras/datasets``: ``imdb_word_index.json``, or Keras 1's ``imdb_word_index.pkl`` if it is there.
    """
    return read_word_index(locate(get_file, path, _WORDS))
