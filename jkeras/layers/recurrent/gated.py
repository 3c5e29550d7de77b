"""What SimpleRNN, GRU and LSTM share: their arguments, the layout of their weights, dropout, the projection of inputs."""

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from jkeras import activations, initializations, regularizers
from jkeras import backend as K
from jkeras.backend.recurrence import Ran, time_major_mask
from jkeras.backend.variables import as_array
from jkeras.engine.contract import Weight
from jkeras.layers.checks import check_probability, positive_size
from jkeras.layers.recurrent import sequence
from jkeras.layers.recurrent.base import Recurrent
from jkeras.layers.recurrent.sequence import Factor, Kernels, masked_dot
from jkeras.typing import Array, Identifier

__all__ = ["Activation", "Gated", "time_distributed_dense"]

Activation = str | Callable[..., Any] | None


# Numbers of a state, batch · units, from which the products of a step outweigh what it costs to call them.
_WORTH_A_PRODUCT = 1024


class Gated(Recurrent):
    """A recurrent layer whose gates are all of the form ``activation(x · W + h · U + b)``.

    A subclass names its gates and says in `step` how they make the output.
    """

    gate_names: tuple[str, ...] = ()
    """Suffixes of the weights of each gate, in the order in which the kernels have them; none for a layer without gates."""
    file_order: tuple[str, ...] = ()
    """The same suffixes in the order in which Keras 1 lists the weights."""
    U_blocks: tuple[int, ...] = (1,)
    """How many gates, in the order of `gate_names`, see the same hidden vector."""

    def __init__(
        self,
        output_dim: int,
        init: Identifier,
        inner_init: Identifier,
        activation: Activation,
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
        self.dropout_W = check_probability(self, "dropout_W", dropout_W)
        self.dropout_U = check_probability(self, "dropout_U", dropout_U)
        super().__init__(**kwargs)

    @property
    def gates(self) -> int:
        """The number of gates."""
        return max(1, len(self.gate_names))

    @property
    def is_joint(self) -> bool:
        """Whether there is one ``W``, ``U`` and ``b`` for all gates."""
        return not self.gate_names or self.consume_less == "gpu"

    # ---- weights

    def bias_init(self, gate: str) -> Any:
        """Return the initialization of the bias of a gate."""
        return initializations.zero

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        features, units = input_shape[-1], self.output_dim
        if self.is_joint:
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

    if not TYPE_CHECKING:  # as in Layer

        def __getattr__(self, attribute: str) -> Any:
            if attribute in ("W", "U", "b") and self.built and not self.is_joint:
                # Keras 1's layers have these in every mode, for steps of one's own.
                return K.concatenate([getattr(self, f"{attribute}_{gate}") for gate in self.gate_names])
            return super().__getattr__(attribute)

    def kernels(self, masks_U: Any, masks_W: Any, projected: bool) -> Kernels:
        """Return the weights for the steps.

        Args:
            masks_U, masks_W: what `get_constants` returned.
            projected: whether the steps read inputs that are multiplied by ``W`` already.
        """
        U = self.factors("U", self.U_blocks, masks_U)
        if projected:
            return Kernels(None, U, None)
        return Kernels(self.factors("W", (self.gates,), masks_W), U, self.joined("b"))

    def factors(self, letter: str, sizes: Sequence[int], masks: Any) -> list[Factor]:
        """Return ``'W'`` or ``'U'`` in blocks of so many gates, or of one gate each if the gates have masks of their own."""
        masks = masks if isinstance(masks, list) else [masks]
        if self.consume_less == "gpu":
            masks = [masks[0]] * self.gates
        if any(mask is not masks[0] for mask in masks):
            sizes = [1] * self.gates
        ends = list(itertools.accumulate(sizes))
        if self.is_joint and len(sizes) > 1:
            blocks = jnp.split(self.joined(letter), [end * self.output_dim for end in ends[:-1]], axis=-1)
        else:
            blocks = [
                self.joined(letter, self.gate_names[end - size : end]) for size, end in zip(sizes, ends, strict=True)
            ]
        used = [None if isinstance(masks[end - 1], float) else masks[end - 1] for end in ends]
        return [Factor(mask, block) for mask, block in zip(used, blocks, strict=True)]

    def joined(self, letter: str, gates: Sequence[str] | None = None) -> Array:
        """Return ``'W'``, ``'U'`` or ``'b'`` of these gates, or of all, side by side."""
        if self.is_joint:
            return as_array(getattr(self, letter))
        arrays = [as_array(getattr(self, f"{letter}_{gate}")) for gate in gates or self.gate_names]
        return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays, axis=-1)

    # ---- one call

    def projects_first(self, shape: Any) -> bool:
        """Whether it is faster to multiply the inputs of all time steps by ``W`` before the loop.

        On a CPU a step with several gates that is not tiny had better read few features than the many more numbers of
        their projection (measured by benchmarks/recurrent_projection.py); on accelerators one large product is better than
        many small ones. A step or wrapper of the user's own gets what Keras 1 would give it: see `preprocess_input`.
        """
        batch, features = shape[0], shape[-1]
        few = features < self.output_dim and self.gates > 1
        in_loop = few and batch * self.output_dim >= _WORTH_A_PRODUCT
        return jax.default_backend() != "cpu" or not in_loop

    def _is_ours(self, method: str) -> bool:
        return getattr(type(self), method).__module__.startswith("jkeras.")

    def preprocess_input(self, x: Array) -> Array:
        """Return ``x · W + b`` for all gates and time steps with ``consume_less='cpu'``; else `x`, since the steps do that."""
        if not self._is_projected:
            return x
        gates = self.project_gates(x, self.dropout_masks(x, x.shape[-1], self.dropout_W))
        return jnp.swapaxes(jnp.concatenate(gates, axis=-1), 0, 1)  # (batch, time, gates · units)

    @property
    def _is_projected(self) -> bool:
        return self.consume_less == "cpu"

    def project_gates(self, x: Array, masks: Any) -> list[Array]:
        """Return ``(x ∘ mask) · W + b`` for each gate, ``(time, batch, units)``; `x` is ``(batch, time, features)``."""
        W, b = self.factors("W", (self.gates,), masks), self.joined("b")
        # What is narrower is turned round; the masks are (batch, features).
        late = x.shape[-1] > b.shape[-1] and W[0].mask is None
        sums = masked_dot(x if late else jnp.swapaxes(x, 0, 1), W) + b
        return jnp.split(jnp.swapaxes(sums, 0, 1) if late else sums, self.gates, axis=-1)

    def run_steps(self, x: Array, initial_states: Sequence[Any], constants: list[Any], mask: Any) -> Ran:
        if not self._is_plain:
            return super().run_steps(x, initial_states, constants, mask)
        first, (masks_U, masks_W) = self.projects_first(x.shape), constants
        if self._is_projected:  # `preprocess_input` would draw them now
            masks_W = self.dropout_masks(x, x.shape[-1], self.dropout_W)
        return sequence.run(
            self.step,
            self.kernels(masks_U, masks_W, projected=first),
            self.project_gates(x, masks_W) if first else jnp.swapaxes(x, 0, 1),  # (time, batch, …)
            [as_array(state) for state in initial_states],
            None if mask is None else time_major_mask(mask, x, self._title),
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            keep_outputs=self.return_sequences,
        )

    @property
    def _is_plain(self) -> bool:
        """Whether nothing that the steps do is the user's own, so that they read no weights but the kernels."""
        functions = (self.activation, getattr(self, "inner_activation", self.activation))
        return all(map(self._is_ours, ("step", "get_constants", "preprocess_input"))) and all(
            getattr(function, "__module__", None) == activations.__name__ for function in functions
        )

    def get_constants(self, x: Array) -> list[Any]:
        """Return the dropout masks of the states and of the inputs, for each a list with one mask a gate: Keras 1's B_U, B_W."""
        return [
            self.dropout_masks(x, self.output_dim, self.dropout_U),
            self.dropout_masks(x, x.shape[-1], 0.0 if self._is_projected else self.dropout_W),
        ]

    def get_kernels(self, x: Array, constants: Sequence[Any]) -> list[Any]:
        return [self.kernels(*constants[:2], projected=self._is_projected)] if self._is_ours("step") else []

    def kernels_in(self, x: Array, states: Sequence[Any]) -> Kernels:
        """Return the kernels that the loop passed to `step`; made now if a step of the user's own calls this one."""
        if isinstance(states[-1], Kernels):
            return states[-1]
        first = len(self.state_names)
        return self.kernels(*states[first : first + 2], projected=self._is_projected)

    def dropout_masks(self, x: Array, size: int, level: float) -> list[Any]:
        """Return a mask ``(batch, size)`` for each gate, the same for all time steps; ``1.0`` where nothing is dropped."""
        if level == 0 or not K.learning_phase():
            return [1.0] * self.gates
        ones = jnp.ones((x.shape[0], size), jnp.result_type(x.dtype, 1.0))
        shared = self.consume_less == "gpu"
        masks = [self.dropped(ones, level) for _ in range(1 if shared else self.gates)]
        return masks * self.gates if shared else masks


def time_distributed_dense(
    x: Any,
    w: Any,
    b: Any = None,
    dropout: float | None = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
) -> Array:
    """Return ``x · w + b`` for each time step: what Keras 1's layers project their inputs with.

    Args:
        x: ``(batch, time, input_dim)``.
        w: ``(input_dim, output_dim)``.
        b: ``(output_dim,)``.
        dropout: share of the inputs that is dropped while training, the same for all time steps.
        input_dim, output_dim, timesteps: what the arrays say is used.
    """
    if dropout and K.learning_phase():
        x = K.dropout(x, dropout, noise_shape=(None, 1, None))
    y = K.dot(x, w)
    return y if b is None else y + b
