"""Embedding: vectors for indices, such as those of words."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras import constraints, initializations, regularizers
from jkeras.engine.contract import Context, Weight
from jkeras.engine.layer import Layer
from jkeras.layers.checks import check_probability, positive_size, training_key
from jkeras.legacy.names import old_names
from jkeras.typing import Array, Identifier, Params, Shape, State

__all__ = ["Embedding"]


class Embedding(Layer):
    """Replaces each index by a vector that is learned: row `i` of ``W`` for index `i`.

    Args:
        input_dim: number of different indices; they run from 0 to ``input_dim - 1``.
        output_dim: size of the vectors.
        init: initialization of ``W``.
        input_length: length of the sequences, if it is fixed: needed before `Flatten` and `Dense`.
        W_regularizer, W_constraint: of ``W``.
        activity_regularizer: penalty on the output.
        mask_zero: whether index 0 is padding, to be masked.
        weights: list of the initial matrix.
        dropout: share of the indices whose vectors are zero in a training step, in [0, 1).

    Shapes: input ``(batch, time)``, integers; output ``(batch, time, output_dim)``; ``W`` ``(input_dim, output_dim)``.

    Source of the dropout: Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
    Networks", 2016.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        init: Identifier = "uniform",
        input_length: int | None = None,
        W_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        mask_zero: bool = False,
        weights: Sequence[Any] | None = None,
        dropout: float = 0.0,
        **kwargs: Any,
    ):
        self.input_dim = positive_size(self, "input_dim", input_dim)
        self.output_dim = positive_size(self, "output_dim", output_dim)
        self.initializer = initializations.get(init)
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.mask_zero = mask_zero
        self.dropout = check_probability(self, "dropout", dropout)
        if self.input_length is not None:
            kwargs["input_shape"] = (self.input_length,)
        kwargs.setdefault("input_shape", (None,))
        kwargs.setdefault("input_dtype", "int32")
        super().__init__(weights=weights, **kwargs)

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        return [Weight("W", (self.input_dim, self.output_dim), self.initializer, self.W_regularizer, self.W_constraint)]

    def check_input(self, shapes: Sequence[Shape]) -> None:
        super().check_input(shapes)
        self._check_length(shapes[0])

    def _check_length(self, shape: Shape) -> None:
        length = shape[-1] if len(shape) > 1 else None
        if self.input_length is not None and length not in (None, self.input_length):
            raise ValueError(
                f"Layer {self.name!r} (Embedding) has input_length={self.input_length}; it got sequences of length "
                f"{length}, shape {tuple(shape)}. Pad or cut them (preprocessing.sequence.pad_sequences), or leave "
                "input_length out."
            )

    def apply(self, params: Params, x: Array) -> Array:
        # Indices outside are found on the host, by `check_values`; traced code cannot raise.
        # Indices that come from the data were checked on the host (`check_values`). Others can only be seen here: they give
        # NaN, not the vector of some other word.
        index = x.astype("int32")
        index = jnp.where(index < 0, self.input_dim, index)
        return jnp.take(params["W"], index, axis=0, mode="fill", fill_value=jnp.nan)

    def apply_with_state(self, params: Params, state: State, x: Array, ctx: Context = Context()) -> tuple[Array, State]:  # noqa: B008
        y = self.apply(params, x)
        if ctx.train and self.dropout:
            # One decision for each index, so a word is dropped at all of its places. Drawn for the whole vocabulary,
            # but multiplied after the look-up, which touches only the vectors in use.
            kept = jax.random.bernoulli(training_key(self, ctx), 1 - self.dropout, (self.input_dim,))
            scale = kept.astype(y.dtype) / (1 - self.dropout)
            y = y * jnp.take(scale, x.astype("int32"), mode="clip")[..., None]
        return y, state

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # type: ignore[override]
        return K.not_equal(x, 0) if self.mask_zero else None

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        batch, *steps = input_shape
        if steps and self.input_length is not None:
            steps[-1] = self.input_length
        return (batch, *steps, self.output_dim)

    def check_values(self, array: np.ndarray) -> None:
        """Check indices on the host, before they go to the device.

        Raises:
            ValueError: one is not between 0 and ``input_dim - 1``; the first such index and its position are named. Or
                the sequences are not of the length `input_length`.
        """
        self._check_length(array.shape)
        outside = ~((array >= 0) & (array < self.input_dim))  # written so that NaN counts as outside
        if outside.any():
            position = tuple(int(axis[0]) for axis in np.nonzero(outside))
            raise ValueError(
                f"Layer {self.name!r} (Embedding) has input_dim={self.input_dim}, so indices run from 0 to "
                f"{self.input_dim - 1}; got {array[position]} at position {position}. Set input_dim to the largest "
                "index plus one, or replace rare words by an index of their own."
            )


__getattr__ = old_names(__name__)
