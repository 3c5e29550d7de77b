"""Where the files of data sets are, and what is in them."""

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from jkeras.datasets import plain
from jkeras.utils import data_utils

__all__ = ["Release", "in_cache", "locate", "read_arrays", "read_word_index"]

_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


class Release(NamedTuple):
    """A file on the network that holds a data set."""

    keras1: str  # what Keras 1 called its file, a pickle
    name: str
    sum: str  # MD5 or SHA-256
    origin: str = _ORIGIN


def in_cache(name: str) -> str | None:
    """Return the path of a file or folder in the cache, if it is there."""
    path = os.path.join(data_utils._cache(), "datasets", name)
    return path if os.path.exists(path) else None


def locate(get_file: Callable[..., str], path: str, release: Release) -> str:
    """Return the path of a data set's file, which is downloaded if it is not in the cache.

    A file that Keras 1 left, or that you put there, is taken as it is; a download must have the right sum.

    Args:
        get_file: `jkeras.utils.data_utils.get_file`, as the data set's module has it.
        path: name in ``~/.keras/datasets``, or a path.
        release: what to download. Keras 1's default name stands for the release's own name, unless that file is there.
    """
    if path == release.keras1 and not in_cache(path):
        path = release.name
    return get_file(path, origin=release.origin + release.name, md5_hash=None if in_cache(path) else release.sum)


def read_arrays(path: str, names: Sequence[str]) -> list[Any]:
    """Return what a file holds under `names`: a ``.npz`` file, or a pickle (also gzipped) of tuples in that order.

    Nothing in the file is run: arrays are read with ``allow_pickle=False``, pickled data by `jkeras.datasets.plain`.

    Raises:
        ValueError: the file holds something else.
    """
    with open(path, "rb") as file:
        start = file.read(4)
    try:
        if start == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                return [_read_npy(archive, name) for name in names]
        found = list(_leaves(plain.loads(_content(path))))
    except (ValueError, KeyError, EOFError, OSError, RecursionError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} cannot be read: {error}. It should be a .npz file with {', '.join(names)}."
        ) from error
    if len(found) != len(names):
        raise ValueError(f"{path} holds {len(found)} arrays or lists; expected {len(names)}: {', '.join(names)}.")
    return found


def read_word_index(path: str) -> dict[str, int]:
    """Return the number of each word, from a JSON file or a pickle of a dict."""
    content = _content(path)
    try:
        found = json.loads(content) if content.lstrip()[:1] == b"{" else plain.loads(content)
        return {word.decode("latin1") if isinstance(word, bytes) else str(word): int(n) for word, n in found.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{path} cannot be read: {error}. It should be a JSON file of words and their numbers."
        ) from error


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        content = file.read()
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


def _read_npy(archive: zipfile.ZipFile, name: str) -> Any:
    content = archive.read(f"{name}.npy")
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    _, _, dtype = read_header(file)
    if dtype.kind == "O":  # sequences of different lengths, which NumPy pickles
        return plain.loads(file.read())
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, tuple):
        for entry in data:
            yield from _leaves(entry)
    else:
        yield data
