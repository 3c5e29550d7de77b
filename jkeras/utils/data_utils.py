"""Import path of Keras 1: ``keras.utils.data_utils``. Files from the network."""

from jkeras.compat.later import later
from jkeras.utils.progbar import Progbar

__all__ = ["Progbar", "get_file", "validate_file"]


@later("loading of data sets")
def get_file(
    fname: str, origin: str, untar: bool = False, md5_hash: str | None = None, cache_subdir: str = "datasets"
) -> str:  # type: ignore[return]
    """Return the path of a file in the cache, where it is put from `origin` at the first call."""


@later("loading of data sets")
def validate_file(fpath: str, md5_hash: str) -> bool:  # type: ignore[return]
    """Return whether a file has this MD5 sum."""
