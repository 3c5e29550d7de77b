"""Names for the types that travel through jkeras.

Nothing here has behaviour; the aliases say in signatures what a value means.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax

__all__ = ["Array", "Config", "Identifier", "Key", "Params", "Shape", "State"]

Array = jax.Array
"""A JAX array, or a tracer of one."""

Key = jax.Array
"""A typed JAX random key, as `jax.random.key` makes it."""

Shape = tuple[int | None, ...]
"""A shape with the batch dimension first; ``None`` is a size not known before the data comes."""

Params = Mapping[str, Any]
"""What trains: ``{weight name: array}`` for a layer, ``{layer name: Params}`` for a model."""

State = Mapping[str, Any]
"""What changes without a gradient: running statistics and RNN states, nested like `Params`."""

Config = dict[str, Any]
"""A constructor's arguments in JSON's types, as `get_config` returns them."""

Identifier = str | Mapping[str, Any] | Callable[..., Any] | None
"""How a script names a function or object: by name, by config dict, or the thing itself."""

Shapes = Shape | Sequence[Shape]
"""One shape, or a list of them for a layer with several inputs."""
