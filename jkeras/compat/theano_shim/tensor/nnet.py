"""``theano.tensor.nnet``: activations and losses."""

from typing import Any

import jax.numpy as jnp

from jkeras import backend as K
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.compat.theano_shim.missing import missing

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "elu", "hard_sigmoid", "relu", "sigmoid", "softmax", "softplus",
]  # fmt: skip

__getattr__ = missing("theano.tensor.nnet")

elu = K.elu
hard_sigmoid = K.hard_sigmoid
sigmoid = K.sigmoid
softmax = K.softmax
softplus = K.softplus


def relu(x: Any, alpha: Any = 0) -> Any:
    """Return `x` where it is positive, ``alpha * x`` elsewhere."""
    return K.relu(x, alpha)


@op
def binary_crossentropy(output: Any, target: Any) -> Any:
    """Return ``-(target log(output) + (1 - target) log(1 - output))``; nothing is clipped."""
    p, y = as_array(output), as_array(target)
    return -(y * jnp.log(p) + (1.0 - y) * jnp.log(1.0 - p))


@op
def categorical_crossentropy(coding_dist: Any, true_dist: Any) -> Any:
    """Return the crossentropy of each row; nothing is normalised or clipped.

    Args:
        coding_dist: probabilities, shape (rows, classes).
        true_dist: probabilities of the same shape, or class numbers of shape (rows,).
    """
    p, y = as_array(coding_dist), as_array(true_dist)
    if y.ndim == p.ndim:
        return -jnp.sum(y * jnp.log(p), axis=-1)
    return -jnp.log(jnp.take_along_axis(p, y.astype(jnp.int32)[:, None], axis=1)[:, 0])
