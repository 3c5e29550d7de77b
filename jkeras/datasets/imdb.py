"""Import path of Keras 1: ``keras.datasets.imdb``. Film reviews, good or bad."""

from typing import Any

from jkeras.compat.later import later
from jkeras.utils.data_utils import get_file

__all__ = ["get_file", "get_word_index", "load_data"]


@later("loading of data sets")
def load_data(
    path: str = "imdb_full.pkl",
    nb_words: int | None = None,
    skip_top: int = 0,
    maxlen: Any = None,
    seed: int = 113,
    start_char: int = 1,
    oov_char: int = 2,
    index_from: int = 3,
) -> Any:
    """Return ``(X_train, y_train), (X_test, y_test)``."""


@later("loading of data sets")
def get_word_index(path: str = "imdb_word_index.pkl") -> Any:
    """Return the index of each word."""
