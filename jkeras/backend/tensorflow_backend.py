"""Import path of Keras 1: ``keras.backend.tensorflow_backend``. The functions are those of `jkeras.backend`."""

from typing import Any

from jkeras import backend
from jkeras.backend import common


def __getattr__(name: str) -> Any:
    # Keras 1 imported the settings here by the names that they have in common.py.
    return getattr(common if name in common.SETTINGS else backend, name)


def __dir__() -> list[str]:
    return dir(backend)
