"""Import path of Keras 1: ``keras.preprocessing.text``. Texts as numbers."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["Tokenizer", "one_hot", "text_to_word_sequence"]


@later("text preprocessing")
class Tokenizer:
    """Numbers for the words of texts."""

    def __init__(
        self,
        nb_words: int | None = None,
        filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
    ) -> None: ...

    def fit_on_sequences(self, sequences: Any) -> Any: ...

    def fit_on_texts(self, texts: Any) -> Any: ...

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> Any: ...

    def texts_to_matrix(self, texts: Any, mode: str = "binary") -> Any: ...

    def texts_to_sequences(self, texts: Any) -> Any: ...

    def texts_to_sequences_generator(self, texts: Any) -> Any: ...


@later("text preprocessing")
def text_to_word_sequence(
    text: Any, filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', lower: bool = True, split: str = " "
) -> Any:
    """Return the words of a text."""


@later("text preprocessing")
def one_hot(
    text: Any, n: int, filters: str = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', lower: bool = True, split: str = " "
) -> Any:
    """Return hashed numbers of the words of a text."""
