"""``theano.tensor.extra_ops``: the functions of numpy that Theano added late."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from jkeras.backend.dispatch import op
from jkeras.backend.tensors import cumsum
from jkeras.backend.variables import as_array, sizes
from jkeras.compat.theano_shim.missing import missing

__all__ = ["cumsum", "repeat"]

__getattr__ = missing("theano.tensor.extra_ops")


@op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return `x` with each element repeated along an axis, by default of all elements in a row.

    Args:
        x: a tensor.
        repeats: how often, or a list that says it for each element along the axis.
        axis: of `x`.
    """
    counts = sizes(repeats)
    return jnp.repeat(as_array(x), counts[0] if len(counts) == 1 else np.asarray(counts), axis)
