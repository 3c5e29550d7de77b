"""Import path of Keras 1: ``keras.applications.audio_conv_utils``. Sound and tags of the music tagger."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["decode_predictions", "preprocess_input"]


@later("the applications")
def preprocess_input(audio_path: Any, dim_ordering: str = "default") -> Any:
    """Return the mel spectrogram of a sound file."""


@later("the applications")
def decode_predictions(preds: Any, top_n: int = 5) -> Any:
    """Return the likeliest tags."""
