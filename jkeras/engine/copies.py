"""Arrays in buffers of their own, which a compiled step may consume."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.distribute import hosts

__all__ = ["host_copies", "on_one_device", "own_copies", "own_copy"]


def own_copies(arrays: Any) -> Any:
    """Return a pytree of arrays, or of what can be one, in buffers that nobody else holds."""
    return jax.tree.map(own_copy, arrays)


def host_copies(arrays: Any) -> Any:
    """Return a pytree of arrays in which those of numpy are copies: who made them may write on into theirs."""
    return jax.tree.map(lambda leaf: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf, arrays)


def own_copy(leaf: Any) -> jax.Array:
    """Return an array, or what can be one, in a buffer that nobody else holds."""
    if isinstance(leaf, jax.Array) and not leaf.weak_type:
        if not leaf.is_fully_addressable:  # other processes have parts of it
            return jnp.copy(leaf)
        # Not jnp.copy, which is a program to compile for each shape.
        return jax.device_put(leaf, may_alias=False)
    # By way of numpy, since a number without a dtype of its own would make the second step compile again.
    return jax.device_put(np.array(leaf))


def on_one_device(arrays: Any) -> Any:
    """Return a pytree of arrays in which those on several devices are on the first of them."""

    def gathered(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array) or len(leaf.sharding.device_set) == 1:
            return leaf
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            return jax.device_put(leaf, jax.local_devices()[0], may_alias=False)
        # By way of the host: an array that is bound to no device goes together with those of any.
        return jnp.array(hosts.readable(leaf))

    return jax.tree.map(gathered, arrays)
