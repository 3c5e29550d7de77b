"""Import path of Keras 1: ``keras.preprocessing.sequence``. Sequences of equal length, word pairs."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["make_sampling_table", "pad_sequences", "skipgrams"]


@later("sequence preprocessing")
def pad_sequences(
    sequences: Any,
    maxlen: Any = None,
    dtype: str = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float = 0.0,
) -> Any:
    """Return the sequences as rows of one array."""


@later("sequence preprocessing")
def make_sampling_table(size: tuple[int, ...], sampling_factor: float = 1e-05) -> Any:
    """Return the probability to sample each word by its rank."""


@later("sequence preprocessing")
def skipgrams(
    sequence: Any,
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
) -> Any:
    """Return pairs of words, and whether they occur together."""
