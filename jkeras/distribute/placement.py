"""Where arrays are on a mesh of devices: what is copied to all of them, what is split, and along which axis of the mesh.

The compiled steps are the same as on one device. Their arguments are spread over the mesh, and what they compute is told where to
be (`jax.lax.with_sharding_constraint`); XLA divides the work and puts in what the devices must tell each other. A sum over a
batch, such as the mean of a BatchNormalization or a gradient, is one over the whole batch, wherever its samples are.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jkeras.backend.splitting import split_over
from jkeras.distribute import hosts

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["Layout", "Placement", "current", "data_parallel"]

Rules = Mapping[str, Any]


class Placement:
    """A mesh, and rules for weights that are split over it.

    Args:
        mesh: batches are split over its axis ``'batch'`` or ``'data'``; over its first axis, if none is called so.
        rules: ``{pattern: PartitionSpec}``; see `jkeras.engine.model.Model.distribute`.

    Attributes:
        axis: the name of the axis that batches are split over.
        parts: how many parts batches are split into.
    """

    def __init__(self, mesh: Mesh, rules: Rules | None = None):
        if not isinstance(mesh, Mesh):
            raise TypeError(
                f"mesh is a jax.sharding.Mesh, such as jax.make_mesh((8,), ('batch',)); got {type(mesh).__name__}."
            )
        # Without types of axes, which would make each operation ask for its own: here XLA finds out what goes where.
        self.mesh = Mesh(mesh.devices, mesh.axis_names)
        self.rules = dict(rules or {})
        names = self.mesh.axis_names
        self.axis = next((name for name in names if name in ("batch", "data")), names[0])
        self.parts = int(self.mesh.shape[self.axis])
        for pattern, spec in self.rules.items():
            self._check_rule(pattern, spec)

    def _check_rule(self, pattern: Any, spec: Any) -> None:
        if not isinstance(pattern, str) or not isinstance(spec, PartitionSpec):
            raise TypeError(
                "rules are a dict {pattern of layer names: PartitionSpec}, such as {'embedding_*': PartitionSpec('model', None)}; "
                f"got {pattern!r}: {spec!r}."
            )
        for name in _axes(spec):
            if name not in self.mesh.axis_names:
                raise ValueError(
                    f"The rule {pattern!r} splits over the mesh axis {name!r}; the mesh has the axes {list(self.mesh.axis_names)}."
                )

    def sharding(self, *spec: Any) -> NamedSharding:
        """Return the sharding of a ``PartitionSpec(*spec)``; without arguments that of an array which every device has."""
        return NamedSharding(self.mesh, PartitionSpec(*spec))

    @property
    def many_hosts(self) -> bool:
        """Whether other processes have some of the devices."""
        return not self.sharding().is_fully_addressable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Placement) and (self.mesh, self.rules) == (other.mesh, other.rules)

    def __hash__(self) -> int:
        return hash((self.mesh, tuple(self.rules)))

    def __repr__(self) -> str:
        axes = " × ".join(f"{name!r}: {size}" for name, size in self.mesh.shape.items())
        return f"<mesh of {axes}{f', {len(self.rules)} rules' if self.rules else ''}>"


# ---- the placement that models get when they are compiled

_current: ContextVar[Placement | None] = ContextVar("placement", default=None)


def current() -> Placement | None:
    """Return the placement of the innermost ``with data_parallel()``; ``None`` outside of all."""
    return _current.get()


@contextmanager
def data_parallel(devices: int | Sequence[Any] | None = None, rules: Rules | None = None) -> Iterator[Mesh]:
    """Let models that are compiled in a ``with`` block work on several devices.

    Batches are split over the devices, weights are copied to each of them, and everything else is as on one device: the
    same numbers to within rounding, the same masks of Dropout, BatchNormalization by the statistics of whole batches.

    Args:
        devices: how many of JAX's devices, or which; default all, of all processes.
        rules: for weights that are split instead of copied; see `jkeras.engine.model.Model.distribute`.

    Yields:
        The mesh, with one axis ``'batch'``.

    Raises:
        ValueError: there are not so many devices, or none are given.

    ::

        import jkeras
        from jkeras.layers import Dense
        from jkeras.models import Sequential

        with jkeras.distribute.data_parallel():
            model = Sequential([Dense(10, input_dim=20, activation="softmax")])
            model.compile("sgd", "categorical_crossentropy")
    """
    placement = Placement(Mesh(np.array(_devices(devices)), ("batch",)), rules)
    token = _current.set(placement)
    try:
        yield placement.mesh
    finally:
        _current.reset(token)


def _devices(wanted: int | Sequence[Any] | None) -> list[Any]:
    found = jax.devices()
    if wanted is None:
        return found
    if isinstance(wanted, int) and not isinstance(wanted, bool):
        if not 0 < wanted <= len(found):
            raise ValueError(
                f"data_parallel was asked for {wanted} devices; JAX sees {len(found)} ({found[0].platform}). On a CPU start the "
                f"process with XLA_FLAGS=--xla_force_host_platform_device_count={max(wanted, 1)} in its environment."
            )
        return found[:wanted]
    chosen = list(wanted) if isinstance(wanted, Sequence) and not isinstance(wanted, str) else []
    if not chosen or not all(isinstance(device, jax.Device) for device in chosen):
        raise ValueError(f"devices is a number, or a list of jax.devices(); got {wanted!r}.")
    if len(set(chosen)) < len(chosen):
        raise ValueError("devices has a device twice.")
    return chosen


# ---- the arrays of one model


class Layout:
    """Where the arrays of one model are on its mesh.

    Args:
        placement: the mesh and the rules.
        model: whose weights they are about.

    Raises:
        ValueError: a rule fits no weight, or an axis of the mesh does not divide that of a weight.
    """

    def __init__(self, placement: Placement, model: "Container"):
        self.placement = placement
        self._everywhere = placement.sharding()
        self._split: dict[tuple[str, ...], tuple[tuple[int, ...], NamedSharding]] = {}  # path of a weight: its shape, …
        self._states: set[tuple[str, ...]] = set()  # paths of what goes on from batch to batch, one row for each sample
        self._known: dict[Any, list[NamedSharding]] = {}
        matched: set[str] = set()
        names: list[str] = []
        for place in model.ledger.places:
            names.append("/".join(place.path) or place.layer.name)
            for spec in place.layer.weight_declarations:
                path = (*place.path, spec.name)
                if not spec.saved:
                    self._states.add(path)
                for pattern, split in placement.rules.items():
                    if _fits(pattern, place.layer.name, path, len(spec.shape), split):
                        self._split[path] = tuple(spec.shape), self._divided(pattern, path, tuple(spec.shape), split)
                        matched.add(pattern)
        for pattern in placement.rules:
            if pattern not in matched:
                raise ValueError(_unmatched(pattern, placement.rules[pattern], model, names))

    def _divided(
        self, pattern: str, path: tuple[str, ...], shape: tuple[int, ...], spec: PartitionSpec
    ) -> NamedSharding:
        for axis, (size, entry) in enumerate(zip(shape, spec, strict=False)):
            over = _axes((entry,))
            count = int(np.prod([self.placement.mesh.shape[name] for name in over]))
            if size % count:
                names = " × ".join(map(repr, over))
                raise ValueError(
                    f"The rule {pattern!r}: the mesh axis {names} of {count} devices does not divide axis {axis} of the weight "
                    f"{'/'.join(path)!r}, which has shape {shape}. Make that {size // count * count + count} wide, split another "
                    "axis, or take a mesh that divides it."
                )
        entries = list(spec)
        while entries and entries[-1] is None:  # as JAX writes the sharding of what it returns
            entries.pop()
        return self.placement.sharding(*entries)

    # ---- weights, states and what an optimizer remembers

    def _shardings(self, tree: Any) -> tuple[list[Any], Any, list[NamedSharding]]:
        leaves, structure = jax.tree.flatten(tree)
        key = structure, tuple(map(np.shape, leaves))
        if key not in self._known:
            paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(tree)[0]]
            shapes = key[1]
            self._known[key] = [
                self._of(tuple(map(_name, path)), shape) for path, shape in zip(paths, shapes, strict=True)
            ]
        return leaves, structure, self._known[key]

    def _of(self, path: tuple[str, ...], shape: tuple[int, ...]) -> NamedSharding:
        """Return where an array is, by the end of its path: an accumulator of an optimizer is where its weight is."""
        for start in range(len(path)):
            tail = path[start:]
            if tail in self._split and self._split[tail][0] == shape:
                return self._split[tail][1]
            if tail in self._states and shape and shape[0] % self.placement.parts == 0:
                return self.placement.sharding(self.placement.axis)
        return self._everywhere

    def place(self, tree: Any) -> Any:
        """Return params, states, or what an optimizer remembers, where they belong; what is there already is not copied.

        Of several processes the first one decides what a script has set, such as weights that it drew by itself.
        """
        leaves, structure, shardings = self._shardings(tree)
        if self.placement.many_hosts:
            leaves = [_of_all(leaf) for leaf in leaves]
        return jax.tree.unflatten(structure, list(map(_placed, leaves, shardings)))

    def keep(self, tree: Any) -> Any:
        """Let a traced result be where `place` would put it."""
        leaves, structure, shardings = self._shardings(tree)
        return jax.tree.unflatten(structure, list(map(jax.lax.with_sharding_constraint, leaves, shardings)))

    # ---- data

    def _along(self, axis: int, shape: tuple[int, ...]) -> NamedSharding:
        """Return the sharding that splits an axis of samples; what cannot be split evenly is copied."""
        if shape[axis] % self.placement.parts:
            return self._everywhere
        return self.placement.sharding(*[None] * axis, self.placement.axis)

    def everywhere(self, tree: Any) -> Any:
        """Copy arrays to all devices."""
        return jax.tree.map(lambda leaf: _placed(leaf, self._everywhere), tree)

    def batches(self, tree: Any, axis: int = 1) -> Any:
        """Put arrays of batches, ``(batches, batch size, …)``, on the devices, a part of each batch on each."""
        return jax.tree.map(lambda leaf: _placed(leaf, self._along(axis, np.shape(leaf))), tree)

    def batch(self, tree: Any) -> Any:
        """Put one batch on the devices, a part on each."""
        return self.batches(tree, 0)

    def split(self, batch: Any) -> Any:
        """Let a traced batch be split. One that cannot be split evenly is not: every device computes all of it.

        XLA would split that too, with samples of zeros behind it. But in 2026 it lets these count where an Embedding's
        gradient is added up.
        """
        return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, self._along(0, leaf.shape)), batch)

    def readable(self, tree: Any) -> Any:
        """Let traced results be where this process can read them."""
        if not self.placement.many_hosts:
            return tree
        return jax.tree.map(lambda leaf: jax.lax.with_sharding_constraint(leaf, self._everywhere), tree)

    # ---- several processes

    def agreed(self, value: Any) -> Any:
        """Return what the first process has decided, where several work together."""
        return hosts.from_first(value) if self.placement.many_hosts else value

    def check_same(self, what: str, value: Any, advice: str) -> None:
        """Raise a `ValueError` where processes that work together have different things; see `hosts.same`."""
        if self.placement.many_hosts:
            hosts.same(what, value, advice)

    def of_shares(self, tree: Any) -> Any:
        """Return the arrays of which each process has a share, one after the other."""
        sharding, parts = self.placement.sharding(self.placement.axis), self.placement.parts
        return jax.tree.map(lambda leaf: hosts.whole_of_shares(leaf, sharding, parts), tree)

    def tracing(self) -> AbstractContextManager[None]:
        """Return a context for tracing: what must run on each device for itself finds the mesh in it."""
        return split_over(self.placement.mesh, self.placement.axis)


def _of_all(leaf: Any) -> Any:
    """Return an array that all processes have parts of as it is, and one of this process as the first one has it."""
    if isinstance(leaf, jax.Array) and (not leaf.is_fully_addressable or _is_key(leaf)):
        return leaf
    return hosts.from_first(np.asarray(leaf))


def _is_key(leaf: jax.Array) -> bool:
    return jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _placed(leaf: Any, sharding: NamedSharding) -> jax.Array:
    if isinstance(leaf, jax.Array):
        if leaf.sharding == sharding or leaf.sharding.is_equivalent_to(sharding, leaf.ndim):
            return leaf
        if _is_key(leaf):
            return jax.device_put(leaf, sharding, may_alias=False)
        if not leaf.is_fully_addressable:
            if leaf.sharding.device_set == sharding.device_set:
                return jax.jit(lambda array: array, out_shardings=sharding)(leaf)
            leaf = hosts.readable(leaf)
    if sharding.is_fully_addressable:
        # A buffer of its own: what is in the layers' hands is consumed by steps.
        return jax.device_put(leaf, sharding, may_alias=False)
    # Each process puts what it has on its own devices; it has all of it.
    whole = np.asarray(leaf)
    return jax.make_array_from_callback(whole.shape, sharding, lambda index: whole[index])


def _name(key: Any) -> str:
    return str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", ""))))


def _axes(spec: Any) -> list[str]:
    """Return the names of the mesh axes in a ``PartitionSpec``."""
    found: list[str] = []
    for entry in spec:
        found += entry if isinstance(entry, tuple) else [entry] if isinstance(entry, str) else []
    return found


def _fits(pattern: str, layer: str, path: tuple[str, ...], rank: int, spec: PartitionSpec) -> bool:
    """Return whether a rule is about a weight: by its layer's name, or, with a slash, by the weight's path."""
    if rank != len(spec):
        return False
    owner, weight = "/".join(path[:-1]), path[-1]
    names = [layer, owner, f"{layer}/{weight}", f"{owner}/{weight}"]
    return any(fnmatchcase(name, pattern) for name in names)


def _unmatched(pattern: str, spec: PartitionSpec, model: "Container", names: list[str]) -> str:
    near = difflib.get_close_matches(pattern, names, 1)
    hint = f" Perhaps you meant {near[0]!r}." if near and near[0] != pattern else ""
    return (
        f"The rule {pattern!r}: {spec} fits no weight of {model.name!r}: none of a layer of such a name has {len(spec)} axes."
        f"{hint} Layers with weights: {names}."
    )
