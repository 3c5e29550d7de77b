"""What a line of the table of layers says, and what its tests make of it."""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jkeras import constraints, regularizers
from jkeras.engine.input import Input
from jkeras.engine.layer import Layer

__all__ = ["WEIGHTED", "Descriptor", "arrays", "connect", "values"]


class Descriptor(NamedTuple):
    """One way of using a layer."""

    name: str  # of the test
    cls: type[Layer]
    arguments: Any  # the layer computes with these: a dict, or a function that makes it (for layers in layers)
    shapes: tuple[tuple[int, ...], ...]  # one for each input, the batch included
    mask: str  # 'passes', 'refuses', 'makes' (from values), 'joins' (masks of several inputs), 'drops'
    high: int | None = None  # inputs are integers below this number
    random: bool = False  # differs from step to step while training
    needs_state: bool = False  # computes with its state also at inference
    every_argument: Any = None  # all of the constructor, none at its default
    not_in_config: frozenset[str] = frozenset({"weights"})  # arguments that say nothing about the architecture
    custom_objects: dict[str, Any] = {}  # noqa: RUF012 - read only

    def make(self, **kwargs: Any) -> Layer:
        return self.cls(**{**values(self.arguments), **kwargs})


def values(arguments: Any) -> dict[str, Any]:
    return arguments() if callable(arguments) else dict(arguments)


def arrays(descriptor: Descriptor, seed: int = 0) -> Any:
    """Return random inputs: an array, or a list of them."""
    rng = np.random.default_rng(seed)
    if descriptor.high is None:
        inputs = [jnp.asarray(rng.normal(size=shape), "float32") for shape in descriptor.shapes]
    else:
        inputs = [jnp.asarray(rng.integers(0, descriptor.high, shape), "int32") for shape in descriptor.shapes]
    return inputs if len(inputs) > 1 else inputs[0]


def connect(descriptor: Descriptor, layer: Layer) -> tuple[list[Any], Any]:
    """Call the layer on symbolic tensors; return the list of inputs and the output."""
    dtype = "float32" if descriptor.high is None else "int32"
    inputs = [Input(shape[1:], dtype=dtype) for shape in descriptor.shapes]
    return inputs, layer(inputs if len(inputs) > 1 else inputs[0])


# Every argument about weights, none at its default.
WEIGHTED: dict[str, Any] = {
    "init": "he_normal",
    "W_regularizer": regularizers.l1l2(0.25, 0.5),
    "b_regularizer": regularizers.l2(0.125),
    "activity_regularizer": regularizers.activity_l1(0.5),
    "W_constraint": constraints.MaxNorm(3, axis=1),
    "b_constraint": constraints.NonNeg(),
    "bias": False,
}
