"""Import path of Keras 1: ``keras.backend.common``."""

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
