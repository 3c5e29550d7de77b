"""What SimpleRNN, GRU and LSTM share: their arguments, the layout of their weights, the projection of inputs."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import activations, constraints, initializations, regularizers
from jkeras.engine.contract import Weight
from jkeras.layers.checks import positive_size
from jkeras.layers.recurrent.base import Kernels, Recurrent, masked_dot
from jkeras.typing import Array, Identifier, Shape

__all__ = ["Gated"]


class Gated(Recurrent):
    """A recurrent layer whose gates are all of the form ``activation(x · W + h · U + b)``.

    A subclass names its gates and says in `step` how they make the output.
    """

    gate_names: tuple[str, ...] = ()
    """Suffixes of the weights of each gate, in the order of the blocks of the kernels; none for a layer without gates."""
    file_order: tuple[str, ...] = ()
    """The same suffixes in the order in which Keras 1 lists the weights."""

    def __init__(
        self,
        output_dim: int,
        init: Identifier,
        inner_init: Identifier,
        activation: Identifier,
        W_regularizer: Identifier,
        U_regularizer: Identifier,
        b_regularizer: Identifier,
        dropout_W: float,
        dropout_U: float,
        **kwargs: Any,
    ):
        self.output_dim = positive_size(self, "output_dim", output_dim)
        self.initializer = initializations.get(init)
        self.inner_init = initializations.get(inner_init)
        self.activation = activations.get(activation)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.U_regularizer = regularizers.get(U_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        for argument, level in (("dropout_W", dropout_W), ("dropout_U", dropout_U)):
            if not 0 <= level < 1:
                raise ValueError(f"{type(self).__name__}: {argument} is a share in [0, 1); got {level!r}.")
        self.dropout_W = dropout_W
        self.dropout_U = dropout_U
        super().__init__(**kwargs)

    @property
    def gates(self) -> int:  # type: ignore[override]
        return max(1, len(self.gate_names))

    def bias_init(self, gate: str) -> Any:
        """Return the initialization of the bias of a gate."""
        return initializations.zero

    def weight_specs(self, input_shape: Shape) -> list[Weight]:
        features, units = input_shape[-1], self.output_dim
        if not self.gate_names or self.consume_less == "gpu":
            width = self.gates * units
            return [
                Weight("W", (features, width), self.initializer, self.W_regularizer),
                Weight("U", (units, width), self.inner_init, self.U_regularizer),
                Weight("b", (width,), self._joint_bias, self.b_regularizer),
            ]
        specs = []
        for gate in self.file_order:
            specs += [
                Weight(f"W_{gate}", (features, units), self.initializer, self.W_regularizer),
                Weight(f"U_{gate}", (units, units), self.inner_init, self.U_regularizer),
                Weight(f"b_{gate}", (units,), self.bias_init(gate), self.b_regularizer),
            ]
        return specs

    def _joint_bias(self, shape: tuple[int, ...], name: str | None = None) -> Array:
        blocks = [self.bias_init(gate)((self.output_dim,)) for gate in self.gate_names or ("",)]
        return jnp.concatenate([jnp.asarray(getattr(block, "value", block)) for block in blocks])

    def kernels(self, projected: bool = False) -> Kernels:
        layer: Any = self
        if not self.gate_names or self.consume_less == "gpu":
            W, U, b = layer.W, layer.U, layer.b
        else:
            W, U, b = (
                jnp.concatenate([jnp.asarray(getattr(layer, f"{letter}_{gate}")) for gate in self.gate_names], axis=-1)
                for letter in "WUb"
            )
        return Kernels(None if projected else W, U, None if projected else b)

    def get_constants(self, x: Array) -> list[Any]:
        """Return the dropout masks of the states and of the inputs, a list with one for each gate each."""
        return [
            self.dropout_masks(x, self.output_dim, self.dropout_U),
            self.dropout_masks(x, x.shape[-1], self.dropout_W),
        ]

    def preprocess_input(self, x: Array) -> Array:
        if not self.projects_first(x.shape):
            return x
        W, _, b = self.kernels()
        masks = [mask if isinstance(mask, float) else mask[:, None] for mask in self.dropout_masks(x, x.shape[-1], self.dropout_W)]
        return masked_dot(x, W, self.shared(masks)) + b  # type: ignore[arg-type]

    def shared(self, masks: Sequence[Any]) -> Sequence[Any]:
        """Return the masks that are used: in mode 'gpu' all gates share one."""
        return masks[:1] if self.consume_less == "gpu" else masks

    def read(self, x: Array, states: Sequence[Any]) -> tuple[Array, Kernels]:
        """Return one time step's ``x · W + b`` for all gates, and the kernels.

        Args:
            x: a step of what `preprocess_input` returned.
            states: of `step`: the states, the two lists of masks, and the kernels if the layer's own loop runs.
        """
        kernels = states[-1]
        if not isinstance(kernels, Kernels):  # called by a step of the user's own
            kernels = self.kernels(projected=self.projects_first(x.shape))
        if kernels.W is None:
            return x, kernels
        masks = states[len(self.state_names) + 1]
        return masked_dot(x, kernels.W, self.shared(masks)) + kernels.b, kernels  # type: ignore[operator]
