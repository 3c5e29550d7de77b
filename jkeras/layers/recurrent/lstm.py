"""The long short-term memory layer."""

from typing import Any

import jax.numpy as jnp

from jkeras import activations, initializations
from jkeras.layers.recurrent.gated import Activation, Gated
from jkeras.layers.recurrent.sequence import masked_dot
from jkeras.typing import Array, Identifier

__all__ = ["LSTM"]


class LSTM(Gated):
    """Long short-term memory.

    ::

        i = σ(x · W_i + h · U_i + b_i)          input gate
        f = σ(x · W_f + h · U_f + b_f)          forget gate
        o = σ(x · W_o + h · U_o + b_o)          output gate
        c = f ∘ c + i ∘ φ(x · W_c + h · U_c + b_c)
        h = o ∘ φ(c)                            the output

    with σ = `inner_activation` and φ = `activation`.

    Args:
        output_dim: number of units.
        init: initialization of the ``W``.
        inner_init: initialization of the ``U``.
        forget_bias_init: initialization of ``b_f``; ones, as Jozefowicz et al. recommend.
        activation: φ.
        inner_activation: σ.
        W_regularizer, U_regularizer, b_regularizer: penalties on the weights.
        dropout_W, dropout_U: share of the inputs and of the states that is dropped, the same for all time steps.
        **kwargs: see `Recurrent`.

    Shapes: ``W_*`` ``(input_dim, output_dim)``, ``U_*`` ``(output_dim, output_dim)``, ``b_*`` ``(output_dim,)``; with
    ``consume_less='gpu'`` one ``W`` ``(input_dim, 4 · output_dim)``, ``U``, ``b`` with the blocks i, f, c, o. States ``h``
    and ``c``, each ``(batch, output_dim)``.

    Source: Keras 1; Hochreiter & Schmidhuber 1997, Long short-term memory; Gers et al. 2000, Learning to forget;
    Gal 2016, A theoretically grounded application of dropout in recurrent neural networks.
    """

    state_names = ("h", "c")
    gate_names = ("i", "f", "c", "o")
    file_order = ("i", "c", "f", "o")
    U_blocks = (4,)

    def __init__(
        self,
        output_dim: int,
        init: Identifier = "glorot_uniform",
        inner_init: Identifier = "orthogonal",
        forget_bias_init: Identifier = "one",
        activation: Activation = "tanh",
        inner_activation: Activation = "hard_sigmoid",
        W_regularizer: Identifier = None,
        U_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        **kwargs: Any,
    ):
        self.forget_bias_init = initializations.get(forget_bias_init)
        self.inner_activation = activations.get(inner_activation)
        super().__init__(
            output_dim, init, inner_init, activation, W_regularizer, U_regularizer, b_regularizer, dropout_W, dropout_U, **kwargs
        )  # fmt: skip

    def bias_init(self, gate: str) -> Any:
        return self.forget_bias_init if gate == "f" else initializations.zero

    def step(self, x: Array, states: list[Any]) -> tuple[Array, list[Array]]:
        h, c = states[:2]
        kernels = self.kernels_in(x, states)
        read, recalled = kernels.read(x, 4), jnp.split(masked_dot(h, kernels.U), 4, axis=-1)
        i, f, g, o = map(jnp.add, read, recalled)
        i, f, o = self.inner_activation(i), self.inner_activation(f), self.inner_activation(o)
        c = f * c + i * self.activation(g)
        h = o * self.activation(c)
        return h, [h, c]
