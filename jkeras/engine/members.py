"""Many models of one architecture as one: their arrays stacked, and the compiled loops mapped over them.

The loops of `jkeras.engine.step` are pure, so that `jax.vmap` makes those of n models of them. The data are shared; weights,
states, keys and the order of the samples are each model's own. On several devices each has some of the models, and nothing to
tell the others.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jkeras.engine.step import Program, Programs

__all__ = ["AXIS", "MemberPrograms", "member_of", "mesh_for", "on_host", "stacked"]

AXIS = "member"
"""The name of the mesh axis that members are split over."""

# Measured on CPUs, with benchmarks/ensemble.py: what a group of members trains on should stay in the cache of one core, where it
# is read and written in every step. Members so large that few fit gain nothing by that, and lose by being cut apart.
_GROUP_BYTES = 2**19
_LEAST_GROUP = 4


class MemberPrograms:
    """The compiled loops of n models.

    Every argument and every result has the members first, but for the data and the numbers of the first and the last batch.

    Args:
        programs: those of one of the models; the others compute the same with other arrays.
        mesh: of the devices that share the members; ``None``: one device.
    """

    def __init__(self, programs: Programs, mesh: Mesh | None):
        self.single, self._mesh = programs, mesh
        reads = programs.train_batches._variables
        train = self._mapped(programs._train_batches, (0, 0, None, 0, None, None, 0, 0))
        self.train = Program(train, reads, donate_argnums=0)
        self.test = Program(self._mapped(programs._test_batches, (0, 0, None, None, None, 0, 0)))
        self.predict = Program(self._mapped(programs._predict_batches, (0, 0, None, None, None, 0, 0)))

    def _mapped(self, function: Callable[..., Any], axes: Sequence[int | None]) -> Callable[..., Any]:
        def mapped(*arguments: Any) -> Any:
            return _in_groups(function, axes, arguments)

        if self._mesh is not None:
            one, shared = PartitionSpec(AXIS), PartitionSpec()
            specs = tuple(shared if axis is None else one for axis in axes)
            mapped = jax.shard_map(mapped, mesh=self._mesh, in_specs=specs, out_specs=one, check_vma=False)
        mapped.__name__ = f"members{function.__name__}"
        return mapped

    def everywhere(self, tree: Any) -> Any:
        """Put what the members share on the devices."""
        if self._mesh is None:
            return jax.tree.map(jax.device_put, tree)
        return jax.device_put(tree, NamedSharding(self._mesh, PartitionSpec()))

    def split(self, tree: Any) -> Any:
        """Put arrays with the members first on the devices, each of which gets some of the members."""
        sharding = None if self._mesh is None else NamedSharding(self._mesh, PartitionSpec(AXIS))
        return jax.device_put(tree, sharding)


def _in_groups(function: Callable[..., Any], axes: Sequence[int | None], arguments: Sequence[Any]) -> Any:
    """Map a function over the members: all at once, or, on a CPU, group after group.

    All at once, arrays of many members are more than a core's cache holds, and every operation of a step reads and writes them
    in memory. A group goes through all steps before the next one.
    """
    mapped = jax.vmap(function, in_axes=tuple(axes))
    n, groups, size = _groups(arguments[0])
    if groups == 1:
        return mapped(*arguments)
    # The last member fills up the last group; what becomes of it there is dropped.
    members = np.minimum(np.arange(groups * size), n - 1)

    def cut(leaf: jax.Array) -> jax.Array:
        full = leaf if n == len(members) else leaf[members]
        return full.reshape(groups, size, *leaf.shape[1:])

    def join(leaf: jax.Array) -> jax.Array:
        return leaf.reshape(groups * size, *leaf.shape[2:])[:n]

    own = [jax.tree.map(cut, argument) for argument, axis in zip(arguments, axes, strict=True) if axis == 0]

    def of_group(group: list[Any]) -> Any:
        rest = iter(group)
        return mapped(
            *(argument if axis is None else next(rest) for argument, axis in zip(arguments, axes, strict=True))
        )

    return jax.tree.map(join, lax.map(of_group, own))


def _groups(tree: Any) -> tuple[int, int, int]:
    """Return the number of members, the number of groups to go through, and the members of each.

    Args:
        tree: what a member trains on, members first.
    """
    leaves = jax.tree.leaves(tree)
    n = len(leaves[0])
    if jax.default_backend() != "cpu":
        return n, 1, n
    each = sum(leaf.size * leaf.dtype.itemsize for leaf in leaves if not _is_key(leaf)) // n
    most = _GROUP_BYTES // max(1, each)
    if most < _LEAST_GROUP:
        return n, 1, n
    groups = -(-n // most)
    size = -(-n // groups)
    return n, -(-n // size), size


def mesh_for(n: int, wanted: Sequence[Any] | int | None) -> Mesh | None:
    """Return a mesh of the devices that share n members; ``None``: one device."""
    found = jax.local_devices()
    if wanted is None:
        chosen = found if n % len(found) == 0 else found[:1]
    elif isinstance(wanted, int) and not isinstance(wanted, bool):
        if not 0 < wanted <= len(found):
            raise ValueError(f"ensemble: JAX sees {len(found)} devices ({found[0].platform}); got devices={wanted}.")
        chosen = found[:wanted]
    else:
        chosen = list(wanted) if isinstance(wanted, list | tuple) else []
        if not chosen or not all(isinstance(device, jax.Device) for device in chosen):
            raise ValueError(f"ensemble: devices is a number, or a list of jax.devices(); got {wanted!r}.")
    if n % len(chosen):
        fitting = [count for count in range(1, len(chosen)) if n % count == 0]
        raise ValueError(
            f"ensemble: {len(chosen)} devices cannot share {n} members evenly: give devices={max(fitting)}, or a multiple of "
            f"{len(chosen)} members."
        )
    # Where the one device is JAX's default, arrays need not be bound to it.
    return None if chosen == found[:1] else Mesh(np.array(chosen), (AXIS,))


def stacked(trees: Sequence[Any]) -> Any:
    """Return pytrees of one structure as one, whose arrays are copies that have the members first."""

    def stack(*leaves: Any) -> Any:
        return jnp.stack(leaves) if _is_key(leaves[0]) else np.stack([np.asarray(leaf) for leaf in leaves])

    return jax.tree.map(stack, *trees)


def member_of(tree: Any, index: int) -> Any:
    """Return the part of one member of a pytree that `on_host` gave, in buffers of its own."""
    # By way of numpy, and all in one call: a call for each array of each member would take longer than short epochs do.
    return jax.device_put(jax.tree.map(lambda leaf: leaf[index] if _is_key(leaf) else np.array(leaf[index]), tree))


def on_host(tree: Any) -> Any:
    """Return a stacked pytree as arrays of numpy, of which parts are taken without a program to compile for each shape."""
    return jax.tree.map(lambda leaf: leaf if _is_key(leaf) else np.asarray(leaf), tree)


def _is_key(leaf: Any) -> bool:
    return jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
