"""Sound and tags of the music tagger."""

from typing import Any

import numpy as np

from jkeras.backend.config import image_dim_ordering
from jkeras.errors import MissingExtraError

__all__ = ["decode_predictions", "preprocess_input"]

TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock", "jazz",
    "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow", "electronica", "80s",
    "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy", "catchy", "funk", "electro",
    "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad", "House", "happy",
)  # fmt: skip

_RATE, _WINDOW, _BANDS, _HOP, _SECONDS = 12000, 512, 96, 256, 29.12


def preprocess_input(audio_path: str, dim_ordering: str = "default") -> np.ndarray:
    """Return the mel spectrogram of the middle 29.12 seconds of a sound file, in decibels.

    Args:
        audio_path: a file that librosa can read; a shorter sound is followed by silence.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Returns:
        ``(1, 96, 1366)`` for ``'th'``, ``(96, 1366, 1)`` for ``'tf'``: mel bands and time.

    Raises:
        MissingExtraError: librosa is not installed.
    """
    try:
        import librosa
    except ImportError as error:
        raise MissingExtraError("librosa", "audio", "Reading sound files") from error
    ordering = image_dim_ordering() if dim_ordering == "default" else dim_ordering
    if ordering not in ("th", "tf"):
        raise ValueError(f"preprocess_input: dim_ordering is 'th', 'tf' or 'default'; got {dim_ordering!r}.")
    sound, _ = librosa.load(audio_path, sr=_RATE)
    wanted = int(_SECONDS * _RATE)
    start = max(len(sound) - wanted, 0) // 2
    sound = np.pad(sound[start : start + wanted], (0, max(wanted - len(sound), 0)))
    power = librosa.feature.melspectrogram(y=sound, sr=_RATE, hop_length=_HOP, n_fft=_WINDOW, n_mels=_BANDS)
    decibels = librosa.power_to_db(power**2, ref=1.0)
    return np.expand_dims(decibels, 0 if ordering == "th" else -1)


def decode_predictions(preds: Any, top_n: int = 5) -> list[list[tuple[str, float]]]:
    """Return the likeliest tags of each sample with their probabilities, the likeliest first.

    Args:
        preds: ``(batch, 50)``.
        top_n: how many tags to return.

    Raises:
        ValueError: `preds` has another shape.
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != len(TAGS):
        raise ValueError(
            f"decode_predictions takes predictions for {len(TAGS)} tags, (batch, 50); got shape {scores.shape}."
        )
    return [[(TAGS[index], float(row[index])) for index in np.argsort(row)[: -top_n - 1 : -1]] for row in scores]
