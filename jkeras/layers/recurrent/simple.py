"""The simple recurrent layer."""

from typing import Any

from jkeras.layers.recurrent.gated import Activation, Gated
from jkeras.layers.recurrent.sequence import masked_dot
from jkeras.typing import Array, Identifier

__all__ = ["SimpleRNN"]


class SimpleRNN(Gated):
    """Fully connected recurrent layer: ``h = φ(x · W + h · U + b)``, with φ = `activation`.

    Args:
        output_dim: number of units.
        init: initialization of ``W``.
        inner_init: initialization of ``U``.
        activation: φ.
        W_regularizer, U_regularizer, b_regularizer: penalties on the weights.
        dropout_W, dropout_U: share of the inputs and of the states that is dropped, the same for all time steps.
        **kwargs: see `Recurrent`.

    Shapes: ``W`` ``(input_dim, output_dim)``, ``U`` ``(output_dim, output_dim)``, ``b`` ``(output_dim,)``. State ``h``
    ``(batch, output_dim)``.

    Source: Keras 1; Elman 1990, Finding structure in time; Gal 2016 for the dropout.
    """

    def __init__(
        self,
        output_dim: int,
        init: Identifier = "glorot_uniform",
        inner_init: Identifier = "orthogonal",
        activation: Activation = "tanh",
        W_regularizer: Identifier = None,
        U_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(
            output_dim, init, inner_init, activation, W_regularizer, U_regularizer, b_regularizer, dropout_W, dropout_U, **kwargs
        )  # fmt: skip

    def get_constants(self, x: Array) -> list[Any]:
        """Return the dropout mask of the states and that of the inputs: Keras 1's B_U, B_W."""
        return [masks[0] for masks in super().get_constants(x)]

    def step(self, x: Array, states: list[Any]) -> tuple[Array, list[Array]]:
        kernels = self.kernels_in(x, states)
        h = self.activation(kernels.read(x, 1)[0] + masked_dot(states[0], kernels.U))
        return h, [h]
