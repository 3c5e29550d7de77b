"""Layers that move numbers and compute nothing: Flatten, Reshape, Permute, RepeatVector."""

from collections.abc import Sequence
from math import prod
from typing import Any

import jax.numpy as jnp

from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers.checks import positive_size, positive_sizes
from jkeras.typing import Array, Params, Shape

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """Makes a vector of each sample.

    Shapes: input ``(batch, a, b, …)``, output ``(batch, a·b·…)``; every size but the batch's must be known.
    """

    # Keras 1 says 3+, but scripts flatten the output of a cosine merge too, which had three dimensions there.
    input_spec = (InputSpec(ndim="2+"),)

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return jnp.reshape(x, (x.shape[0], -1))

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        sizes = _known(input_shape[1:])
        if sizes is None:
            raise ValueError(
                f"Layer {self.name!r} (Flatten) cannot flatten inputs of shape {tuple(input_shape)}: sizes other than "
                "the batch's must be known. Give the first layer a full input_shape (for sequences: input_length), or "
                "use a layer that accepts any length, such as GlobalAveragePooling1D or an RNN."
            )
        return (input_shape[0], prod(sizes))


class Reshape(Layer):
    """Gives each sample another shape, in row-major order.

    Args:
        target_shape: of one sample; one size may be -1, "what remains".

    Shapes: input ``(batch, …)``, output ``(batch, *target_shape)``.
    """

    # Whether unknown sizes will fit shows with the data; known ones are checked by `get_output_shape_for`.
    infers_shape = False

    def __init__(self, target_shape: Sequence[int], **kwargs: Any):
        self.target_shape = positive_sizes(self, "target_shape", target_shape, wildcard=True)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        self.get_output_shape_for(x.shape)
        return jnp.reshape(x, (x.shape[0], *self.target_shape))

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        known = prod(size for size in self.target_shape if size != -1)
        sizes = _known(input_shape[1:])
        if sizes is None:
            rest: int | None = None
        else:
            total = prod(sizes)
            if total % known if -1 in self.target_shape else total != known:
                raise ValueError(
                    f"Layer {self.name!r} (Reshape) cannot give samples of shape {tuple(input_shape[1:])}, {total} "
                    f"numbers, the shape {self.target_shape}: it needs "
                    f"{'a multiple of ' if -1 in self.target_shape else ''}{known}."
                )
            rest = total // known
        return (input_shape[0], *(rest if size == -1 else size for size in self.target_shape))


class Permute(Layer):
    """Reorders the axes of each sample.

    Args:
        dims: the axes of the input in the order in which the output has them; counting starts at 1, the batch's axis is
            not moved. ``(2, 1)`` transposes each sample.

    Shapes: input ``(batch, …)`` of ``len(dims) + 1`` dimensions.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any):
        self.dims = positive_sizes(self, "dims", dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: dims lists each axis of a sample once, counting from 1, such as (2, 1); got {tuple(dims)}."
            )
        self.input_spec = [InputSpec(ndim=len(self.dims) + 1)]
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return jnp.transpose(x, (0, *self.dims))  # (batch, axes in the order of dims)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))


class RepeatVector(Layer):
    """Repeats its input as the steps of a sequence.

    Args:
        n: number of steps.

    Shapes: input ``(batch, features)``, output ``(batch, n, features)``.
    """

    input_spec = (InputSpec(ndim=2),)

    def __init__(self, n: int, **kwargs: Any):
        self.n = positive_size(self, "n", n)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return jnp.repeat(x[:, None], self.n, axis=1)  # (batch, n, features)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.n, input_shape[1])


def _known(sizes: Sequence[int | None]) -> list[int] | None:
    """Return the sizes if all are known."""
    known = [size for size in sizes if size is not None]
    return known if len(known) == len(sizes) else None
