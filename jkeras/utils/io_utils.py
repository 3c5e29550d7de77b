"""Import path of Keras 1: ``keras.utils.io_utils``. Files of arrays."""

from typing import Any

from jkeras.compat.later import later

__all__ = ["HDF5Matrix", "ask_to_proceed_with_overwrite", "load_array", "save_array"]


@later("data sets in HDF5 files")
class HDF5Matrix:
    """A data set in an HDF5 file in place of an array."""

    def __init__(
        self, datapath: str, dataset: str, start: int = 0, end: int | None = None, normalizer: Any = None
    ) -> None: ...

    @property
    def shape(self) -> tuple[int, ...]: ...  # type: ignore[empty-body]


@later("arrays in PyTables files")
def save_array(array: Any, name: str) -> None:
    """Write an array to a file."""


@later("arrays in PyTables files")
def load_array(name: str) -> Any:
    """Return the array in a file."""


def ask_to_proceed_with_overwrite(filepath: str) -> bool:
    """Ask on the terminal whether to overwrite a file, until the answer is ``y`` or ``n``.

    Args:
        filepath: the file, which exists.

    Returns:
        Whether the answer is ``y``.
    """
    answer = input(f"[WARNING] {filepath} already exists - overwrite? [y/n]")
    while answer not in ("y", "n"):
        answer = input('Enter "y" (overwrite) or "n" (cancel).')
    if answer == "y":
        print("[TIP] Next time specify overwrite=True!")
    return answer == "y"
