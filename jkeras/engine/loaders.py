"""Loaders: things to iterate over that yield batches, such as a list of them, or another library's data loader.

A generator without an end is for `fit_generator`, which is told after how many samples an epoch ends. A loader is gone through
once an epoch.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["is_loader", "known_samples", "refuse_one_shot", "refuse_with_loader"]


def is_loader(x: Any, lists: bool = False) -> bool:
    """Whether `x` is to be iterated over, and is no data itself.

    Args:
        x: what stands in the place of inputs.
        lists: whether it may be a list of batches.
    """
    if hasattr(x, "shape") or hasattr(x, "__array__"):
        return False
    if isinstance(x, list | tuple):
        return lists and len(x) > 0 and all(_is_batch(entry) for entry in x)
    return hasattr(x, "__iter__") and not isinstance(x, str | bytes | Mapping)


def _is_batch(entry: Any) -> bool:
    if isinstance(entry, Mapping):  # of inputs and targets
        return not hasattr(entry, "tocsr")
    if not isinstance(entry, list | tuple) or len(entry) not in (2, 3):
        return False
    return all(hasattr(part, "shape") or isinstance(part, Mapping) or _is_arrays(part) for part in entry[:2])


def _is_arrays(entry: Any) -> bool:
    return isinstance(entry, list | tuple) and len(entry) > 0 and all(hasattr(part, "shape") for part in entry)


def refuse_one_shot(loader: Any, epochs: int, name: str) -> None:
    """Raise a `ValueError` if a loader has no end, or can be gone through once only and that is not enough.

    Args:
        loader: of batches.
        epochs: how many times it is gone through.
        name: of the argument.
    """
    if hasattr(loader, "deferred"):  # those of preprocessing.image
        raise ValueError(
            f"{name} yields batches without an end ({type(loader).__name__}): call fit_generator(generator, samples_per_epoch, "
            "nb_epoch), evaluate_generator or predict_generator, which are told how many samples to take."
        )
    if epochs > 1 and hasattr(loader, "__next__"):
        raise ValueError(
            f"{name} is an iterator ({type(loader).__name__}), which can be gone through once, but there are {epochs} epochs. Give "
            "something that can be iterated over again, such as a list of batches, a data loader, or an object whose __iter__ "
            "starts anew; or, for a generator without an end, call fit_generator(generator, samples_per_epoch, nb_epoch)."
        )


def refuse_with_loader(**arguments: Any) -> None:
    """Raise a `ValueError` for the first argument that is given beside a loader, where it means nothing."""
    for name, value in arguments.items():
        if value is not None:
            raise ValueError(
                f"{name} does not go with a loader as x: "
                + (
                    "sample weights come in its batches, (x, y, sample_weight)."
                    if name == "sample_weight"
                    else "give validation_data=, which may be a loader too."
                )
            )


def known_samples(loader: Any) -> int | None:
    """Return how many samples a loader yields, if it is a data loader that tells; otherwise ``None``."""
    try:
        return len(loader.dataset) if not getattr(loader, "drop_last", False) else None
    except (AttributeError, TypeError):
        return None
