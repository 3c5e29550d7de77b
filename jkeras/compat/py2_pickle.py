"""`pickle` for translated Python 2 source: reads what Python 2 wrote, and takes files that were opened as text."""

import io
import pickle
from typing import Any

__all__ = pickle.__all__  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    return getattr(pickle, name)


def load(file: Any) -> Any:
    """Return the object in a file. Byte strings that Python 2 wrote become text, one character a byte, as numpy needs it."""
    return pickle.load(_binary(file), encoding="latin1")


def loads(data: Any) -> Any:
    """Return the object in a byte string, or in a text of one character a byte."""
    return pickle.loads(data.encode("latin1") if isinstance(data, str) else data, encoding="latin1")


def dump(obj: Any, file: Any, protocol: int | None = None) -> None:
    """Write an object to a file."""
    pickle.dump(obj, _binary(file), protocol)


def _binary(file: Any) -> Any:
    """Return the byte file below a text file: Python 2 made no difference."""
    if isinstance(file, io.TextIOWrapper):
        file.flush()
        return file.buffer
    return file
