"""Import path of Keras 1: ``keras.backend.common``."""

from typing import Any

from jkeras.backend.config import (
    cast_to_floatx,
    epsilon,
    floatx,
    get_uid,
    image_dim_ordering,
    legacy_weight_ordering,
    reset_uids,
    set_epsilon,
    set_floatx,
    set_image_dim_ordering,
    set_legacy_weight_ordering,
)
from jkeras.backend.shaping import is_keras_tensor

__all__ = [
    "cast_to_floatx",
    "epsilon",
    "floatx",
    "get_uid",
    "image_dim_ordering",
    "is_keras_tensor",
    "legacy_weight_ordering",
    "reset_uids",
    "set_epsilon",
    "set_floatx",
    "set_image_dim_ordering",
    "set_legacy_weight_ordering",
]

# Keras 1's own variables, which old scripts import: each is looked up when it is asked for.
SETTINGS = {
    "_FLOATX": floatx,
    "_EPSILON": epsilon,
    "_IMAGE_DIM_ORDERING": image_dim_ordering,
    "_LEGACY_WEIGHT_ORDERING": legacy_weight_ordering,
}


def __getattr__(name: str) -> Any:
    if name in SETTINGS:
        return SETTINGS[name]()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.")
