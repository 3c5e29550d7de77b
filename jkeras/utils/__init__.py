"""Helpers that stand beside models: labels, custom objects, the progress bar."""

from jkeras.utils import generic_utils, np_utils

__all__ = ["generic_utils", "np_utils"]
