"""Where arrays live: layers own them, models gather them into pytrees and hand the new ones back.

A pytree of a model is ``{layer name: {weight name: array}}``; nested models and wrappers add a level each. A layer
that is reachable on two paths (by itself and inside a nested model) is stored once, at the first path; the others
are *aliases*, filled in when the graph runs and dropped from what it returns.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["Ledger", "Place", "enter", "find", "hand_back", "leaves", "merge", "replaced", "shown", "survey"]

Path = tuple[str, ...]


class Place(NamedTuple):
    """One layer that owns arrays, and where in the model's pytrees they stand."""

    path: Path
    layer: "Layer"
    trainable: bool  # neither the layer nor every model on the way to it is frozen


class Ledger:
    """All places of a model, and its aliases.

    Attributes:
        places: in the order of the layers.
        aliases: ``(path, path of the place or subtree that it repeats)``.
    """

    def __init__(self, places: list[Place], aliases: list[tuple[Path, Path]]):
        self.places = places
        self.aliases = aliases

    def gather(self, pick: Callable[[Place], Mapping[str, Any] | None]) -> dict[str, Any]:
        """Return the pytree of what `pick` gives for each place; places with nothing are left out."""
        tree: dict[str, Any] = {}
        for place in self.places:
            entry = pick(place)
            if entry:
                _enter(tree, place.path, entry)
        return tree

    def expand(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `tree` with the aliases filled in; the arrays are shared."""
        if not self.aliases:
            return tree
        full = _copy(tree)
        for alias, path in self.aliases:
            entry = find(full, path)
            if entry:
                _enter(full, alias, entry)
        return full

    def collapse(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return `tree` without the aliases: the inverse of `expand`."""
        if not self.aliases:
            return tree
        slim = _copy(tree)
        for alias, _ in self.aliases:
            parent = find(slim, alias[:-1])
            if isinstance(parent, dict):
                parent.pop(alias[-1], None)
        return _prune(slim)


def survey(root: "Layer") -> Ledger:
    """Walk through `root` and the layers in it, and return the ledger of its arrays."""
    first: dict[int, Path] = {}
    taken: dict[Path, int] = {}
    owners: list[tuple[Path, Layer]] = []
    aliases: list[tuple[Path, Path]] = []
    trainable: dict[Path, bool] = {}

    def visit(layer: "Layer", path: Path, free: bool, alias: bool, outer: frozenset[int] = frozenset()) -> None:
        if id(layer) in outer:  # a layer that refers to what it is part of
            return
        if taken.setdefault(path, id(layer)) != id(layer):
            raise RuntimeError(
                f"Two layers in {root.name!r} have the name {path[-1]!r}: give one of them another name=."
            )
        free = free and layer.trainable
        known = id(layer) in first
        if known and not alias:
            aliases.append((path, first[id(layer)]))
        first.setdefault(id(layer), path)
        place = first[id(layer)]
        if not known:
            owners.append((path, layer))
        trainable[place] = trainable.get(place, False) or free
        for name, child in layer.named_sublayers():
            visit(child, (*path, name), free, alias or known, outer | {id(layer)})

    visit(root, (), True, False)
    return Ledger([Place(path, layer, trainable[path]) for path, layer in owners if layer.owns_arrays], aliases)


def find(tree: Mapping[str, Any], path: Path) -> Any:
    """Return the entry of a nested dict at `path`, or ``None``."""
    for name in path:
        if name not in tree:
            return None
        tree = tree[name]
    return tree


def leaves(tree: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield ``(path, leaf)`` for all leaves of a nested dict."""
    for name, entry in tree.items():
        if isinstance(entry, Mapping):
            yield from leaves(entry, (*path, name))
        else:
            yield (*path, name), entry


def shown(path: Path) -> str:
    """Return a path as a script writes it: ``['dense_1']['W']``."""
    return "".join(f"[{name!r}]" for name in path)


def merge(one: Mapping[str, Any], two: Mapping[str, Any]) -> dict[str, Any]:
    """Return the union of two nested dicts with disjoint leaves."""
    union = dict(one)
    for name, entry in two.items():
        union[name] = merge(union[name], entry) if isinstance(union.get(name), Mapping) else entry
    return union


def hand_back(
    places: list[Place], tree: Mapping[str, Any], store: Callable[["Layer", Mapping[str, Any]], None]
) -> None:
    """Give each layer its part of `tree`; layers that `tree` has nothing for keep what they have."""
    for place in places:
        entry = find(tree, place.path)
        if entry is not None:
            store(place.layer, entry)


def enter(tree: dict[str, Any], path: Path, leaf: Any) -> None:
    """Put a leaf into a nested dict; the dicts on the way are made."""
    *way, name = path
    for step in way:
        tree = tree.setdefault(step, {})
    tree[name] = leaf


def _enter(tree: dict[str, Any], path: Path, entry: Mapping[str, Any]) -> None:
    for name in path:
        tree = tree.setdefault(name, {})
    tree.update(entry)


def _copy(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _copy(entry) if isinstance(entry, Mapping) else entry for name, entry in tree.items()}


def _prune(tree: dict[str, Any]) -> dict[str, Any]:
    slim = {name: _prune(entry) if isinstance(entry, dict) else entry for name, entry in tree.items()}
    return {name: entry for name, entry in slim.items() if not (isinstance(entry, dict) and not entry)}


def replaced(tree: Mapping[str, Any], path: Path, entry: Any) -> dict[str, Any]:
    """Return a copy of a nested dict with another entry at `path`; what is not on the path is shared."""
    name, *rest = path
    return {**tree, name: replaced(tree[name], tuple(rest), entry) if rest else entry}
