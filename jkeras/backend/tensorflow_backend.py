"""Import path of Keras 1: ``keras.backend.tensorflow_backend``. The functions are those of `jkeras.backend`."""

from typing import Any

from jkeras import backend


def __getattr__(name: str) -> Any:
    return getattr(backend, name)


def __dir__() -> list[str]:
    return dir(backend)
