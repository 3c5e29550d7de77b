"""Building a layer once more, aside: for the functional face, where what is drawn must be a function of a key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jkeras.backend.random import key_scope
from jkeras.typing import Array, Key

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["built_aside", "fresh_arrays"]


def built_aside(layer: "Layer", input_shape: Any, key: Key | None = None) -> "Layer":
    """Return a built twin of `layer`; the script's random numbers are not touched.

    Args:
        layer: any layer.
        input_shape: with the batch dimension, or a list of shapes.
        key: what a `build` of Keras 1's style draws from, as in ``self.W = self.init(shape)``.
    """
    twin = layer.twin()
    twin._seed = 0
    with _aside(jax.random.key(0) if key is None else key):
        twin.ensure_built(input_shape)
    return twin


def fresh_arrays(layer: "Layer", key: Key) -> tuple[dict[str, Array], dict[str, Array]] | None:
    """Return initial ``(params, state)`` of a layer whose `build` makes its variables itself; pure.

    The arrays in such variables were drawn when the layer was built: for others it is built again. ``None`` if that does not
    give the same weights.
    """
    twin = built_aside(layer, layer.built_shape, key)

    def outline(of: "Layer") -> list[Any]:
        return [(spec.name, tuple(spec.shape), spec.trainable) for spec in of._weights]

    return twin.sample_weights(twin._weights, key) if outline(twin) == outline(layer) else None


@contextmanager
def _aside(key: Key) -> Iterator[None]:
    numbers = np.random.get_state()
    np.random.seed(0)
    try:
        with key_scope(key):
            yield
    finally:
        np.random.set_state(numbers)
