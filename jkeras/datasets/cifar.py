"""Import path of Keras 1: ``keras.datasets.cifar``. The format of the CIFAR data sets."""

from collections.abc import Callable
from typing import Any

import numpy as np

from jkeras.datasets import plain
from jkeras.datasets.files import in_cache

__all__ = ["load_batch"]

_ORIGIN = "https://www.cs.toronto.edu/~kriz/"


def load_batch(fpath: str, label_key: str = "labels") -> tuple[np.ndarray, list[int]]:
    """Return the images and labels of one file of CIFAR's release for Python.

    The files are pickles; `jkeras.datasets.plain` reads them without running anything.

    Args:
        fpath: path of the file.
        label_key: ``'labels'`` (CIFAR-10), ``'fine_labels'`` or ``'coarse_labels'`` (CIFAR-100).

    Returns:
        ``(images, labels)``: an array of shape ``(samples, 3, 32, 32)``, and a list of integers.

    Raises:
        ValueError: the file holds something else.
    """
    with open(fpath, "rb") as file:
        content = file.read()
    found: Any = {}
    try:
        found = plain.loads(content)
        batch = {key.decode("utf-8") if isinstance(key, bytes) else key: value for key, value in found.items()}
        images, labels = np.asarray(batch["data"]).reshape(-1, 3, 32, 32), [int(label) for label in batch[label_key]]
    except KeyError as error:
        raise ValueError(f"{fpath} has no entry {error}; it has {sorted(map(str, found))}.") from error
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{fpath} cannot be read as a file of CIFAR: {error}.") from error
    if len(images) != len(labels):
        raise ValueError(f"{fpath} holds {len(images)} images and {len(labels)} labels.")
    return images, labels


def folder(get_file: Callable[..., str], name: str, archive: str, digest: str) -> str:
    """Return the path of a CIFAR folder in the cache, where its archive is unpacked at the first call."""
    return in_cache(name) or get_file(name, origin=_ORIGIN + archive, untar=True, md5_hash=digest)
