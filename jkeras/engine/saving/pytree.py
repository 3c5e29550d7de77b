"""Pytrees in files: what researchers have in place of models."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.backend.variables import unwrap
from jkeras.distribute.hosts import readable
from jkeras.engine.saving.atomic import replace_file
from jkeras.engine.saving.native import KeySpec, NodeSpec, Spec, header_of, parts_of, read_arrays
from jkeras.errors import FileFormatError, did_you_mean

__all__ = ["filled", "from_tree", "load_pytree", "save_pytree"]


def save_pytree(path: Any, tree: Any) -> None:
    """Write a pytree to a file, such as ``model.params`` or the state of an optimizer; a file that is there is replaced.

    Args:
        path: where. The suffix ``.jk`` is usual.
        tree: dicts, lists, tuples, NamedTuples and other pytrees of arrays, random keys, numbers, texts, bytes and ``None``.

    Raises:
        TypeError: there is something else in it.
        OSError: the file cannot be written; what was there before is untouched.

    The format is in docs/format.md.
    """
    replace_file(path, parts_of("pytree", from_tree(tree)))


def load_pytree(path: Any, like: Any = None) -> Any:
    """Return the pytree in a file; arrays are numpy's, random keys are JAX's.

    Args:
        path: a file of `save_pytree`, or of a model in jkeras's own format: its tree is a dict.
        like: a pytree of the same structure, whose classes are taken over. Without it NamedTuples and other objects that JAX
            takes apart are dicts: a file cannot make objects of classes.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is damaged, or of another kind.
        ValueError: it has not the structure of `like`; the message names the place.

    ::

        jkeras.save_pytree("params.jk", params)
        params = jkeras.load_pytree("params.jk")
    """
    with open(path, "rb") as file:
        header = header_of(file, path)
        tree = filled(header.content, dict(zip(map(id, header.specs), read_arrays(file, header), strict=True)))
    return tree if like is None else _in_form(tree, like)


# ---- from Python's objects to what a file holds


def from_tree(tree: Any, path: str = "tree") -> Any:
    """Return a pytree in the types that files hold."""
    tree = unwrap(tree)
    if tree is None or type(tree) in (bool, int, float, str, bytes):
        if type(tree) is int and not -(2**63) <= tree < 2**64:
            raise TypeError(f"{path} is {tree}, which takes more than 64 bits.")
        return tree
    if type(tree) is dict:
        for key in tree:
            if type(key) not in (str, int) or (type(key) is int and not -(2**63) <= key < 2**64):
                raise TypeError(f"{path} has the key {key!r}; in a file keys are texts or whole numbers.")
        return {key: from_tree(entry, f"{path}[{key!r}]") for key, entry in tree.items()}
    if type(tree) in (list, tuple):
        return type(tree)(from_tree(entry, f"{path}[{number}]") for number, entry in enumerate(tree))
    if isinstance(tree, jax.Array) and jnp.issubdtype(tree.dtype, jax.dtypes.prng_key):
        return KeySpec(str(jax.random.key_impl(tree)), np.asarray(jax.random.key_data(tree)))
    if isinstance(tree, jax.Array | np.ndarray | np.generic | complex):
        array = readable(tree) if isinstance(tree, jax.Array) else np.asarray(tree)
        if array.dtype.hasobject or array.dtype.fields:
            raise TypeError(f"{path} is an array of {array.dtype}; files hold arrays of numbers.")
        return array
    return _node(tree, path)


def _node(value: Any, path: str) -> Any:
    """Return an object that JAX knows as a pytree as the names of its parts and the parts."""
    parts, _ = jax.tree_util.tree_flatten_with_path(value, is_leaf=lambda part: part is not value)
    if len(parts) == 1 and parts[0][1] is value:
        raise TypeError(
            f"{path} is {value!r} ({type(value).__name__}); a file holds arrays, numbers, texts, and dicts of such."
        )
    names = [_name(keys[0]) for keys, _ in parts]
    return NodeSpec(
        type(value).__name__,
        names,
        [from_tree(part, f"{path}.{name}") for name, (_, part) in zip(names, parts, strict=True)],
    )


def _name(key: Any) -> Any:
    """Return what leads to a part of a pytree: a text or a number."""
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            name = getattr(key, attribute)
            return name if type(name) in (str, int) else str(name)
    return str(key)


# ---- and back


def filled(content: Any, arrays: Mapping[int, np.ndarray]) -> Any:
    """Return a file's tree with its arrays, given by the `id` of their specs."""
    match content:
        case Spec():
            return arrays[id(content)]
        case KeySpec():
            return _key(content.implementation, filled(content.numbers, arrays))
        case NodeSpec():
            return {_known(name): filled(part, arrays) for name, part in zip(content.names, content.parts, strict=True)}
        case dict():
            return {key: filled(entry, arrays) for key, entry in content.items()}
        case list() | tuple():
            return type(content)(filled(entry, arrays) for entry in content)
    return content


def _known(name: Any) -> Any:
    if not isinstance(name, str | int):
        raise FileFormatError(f"The file's tree has a part with the name {name!r}.")
    return name


def _key(implementation: str, numbers: Any) -> Any:
    try:
        return jax.random.wrap_key_data(numbers, impl=implementation)
    except (ValueError, TypeError) as error:
        raise FileFormatError(f"The file has a random key that is none: {error}.") from None


def _in_form(tree: Any, like: Any) -> Any:
    """Return the leaves of `tree` in the structure of `like`."""
    wanted, structure = jax.tree_util.tree_flatten_with_path(like)
    leaves = []
    for keys, leaf in wanted:
        found, way = tree, "tree"
        for key in keys:
            name = _name(key)
            way += f"[{name!r}]"
            found = _entry(found, name, way)
        if hasattr(leaf, "shape") and np.shape(found) != np.shape(leaf):
            raise ValueError(f"{way} has shape {np.shape(leaf)} in like=, and {np.shape(found)} in the file.")
        leaves.append(found)
    count = len(jax.tree.leaves(tree))
    if count != len(leaves):
        raise ValueError(f"like= has {len(leaves)} leaves, the file has {count}.")
    return jax.tree.unflatten(structure, leaves)


def _entry(tree: Any, name: Any, way: str) -> Any:
    if isinstance(tree, dict) and name in tree:
        return tree[name]
    if isinstance(tree, list | tuple) and isinstance(name, int) and name < len(tree):
        return tree[name]
    options = map(str, tree) if isinstance(tree, dict) else ()
    raise ValueError(f"like= has {way}, and the file has not.{did_you_mean(str(name), options)}")
