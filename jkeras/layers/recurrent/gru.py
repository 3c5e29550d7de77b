"""The gated recurrent unit."""

from typing import Any

import jax.numpy as jnp

from jkeras import activations
from jkeras.layers.recurrent.gated import Activation, Gated
from jkeras.layers.recurrent.sequence import masked_dot
from jkeras.typing import Array, Identifier

__all__ = ["GRU"]


class GRU(Gated):
    """Gated recurrent unit.

    ::

        z = σ(x · W_z + h · U_z + b_z)                    update gate
        r = σ(x · W_r + h · U_r + b_r)                    reset gate
        h = z ∘ h + (1 - z) ∘ φ(x · W_h + (r ∘ h) · U_h + b_h)

    with σ = `inner_activation` and φ = `activation`. The reset gate acts before the product, as in the first version of the
    paper.

    Args:
        output_dim: number of units.
        init: initialization of the ``W``.
        inner_init: initialization of the ``U``.
        activation: φ.
        inner_activation: σ.
        W_regularizer, U_regularizer, b_regularizer: penalties on the weights.
        dropout_W, dropout_U: share of the inputs and of the states that is dropped, the same for all time steps.
        **kwargs: see `Recurrent`.

    Shapes: ``W_*`` ``(input_dim, output_dim)``, ``U_*`` ``(output_dim, output_dim)``, ``b_*`` ``(output_dim,)``; with
    ``consume_less='gpu'`` one ``W`` ``(input_dim, 3 · output_dim)``, ``U``, ``b`` with the blocks z, r, h. State ``h``
    ``(batch, output_dim)``.

    Source: Keras 1; Cho et al. 2014, On the properties of neural machine translation: encoder-decoder approaches;
    Gal 2016, A theoretically grounded application of dropout in recurrent neural networks.
    """

    gate_names = ("z", "r", "h")
    file_order = ("z", "r", "h")
    U_blocks = (2, 1)  # the candidate sees r ∘ h

    def __init__(
        self,
        output_dim: int,
        init: Identifier = "glorot_uniform",
        inner_init: Identifier = "orthogonal",
        activation: Activation = "tanh",
        inner_activation: Activation = "hard_sigmoid",
        W_regularizer: Identifier = None,
        U_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        **kwargs: Any,
    ):
        self.inner_activation = activations.get(inner_activation)
        super().__init__(
            output_dim, init, inner_init, activation, W_regularizer, U_regularizer, b_regularizer, dropout_W, dropout_U, **kwargs
        )  # fmt: skip

    def step(self, x: Array, states: list[Any]) -> tuple[Array, list[Array]]:
        h = states[0]
        kernels = self.kernels_in(x, states)
        *U_gates, U_candidate = kernels.U
        read_z, read_r, read_candidate = kernels.read(x, 3)
        z, r = jnp.split(masked_dot(h, U_gates), 2, axis=-1)
        z, r = self.inner_activation(read_z + z), self.inner_activation(read_r + r)
        candidate = read_candidate + masked_dot(r * h, [U_candidate])
        h = z * h + (1.0 - z) * self.activation(candidate)
        return h, [h]
