"""What SimpleRNN, GRU and LSTM share: their arguments, the layout of their weights, dropout, the projection of inputs."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp

from jkeras import activations, initializations, regularizers
from jkeras import backend as K
from jkeras.backend.variables import as_array
from jkeras.engine import bridge
from jkeras.engine.contract import Context, Weight
from jkeras.layers.checks import check_probability, positive_size, training_key
from jkeras.layers.recurrent.base import Recurrent
from jkeras.typing import Array, Identifier, Params, State

__all__ = ["Activation", "Gated", "Kernels", "masked_dot", "time_distributed_dense"]

Activation = str | Callable[..., Any] | None


class Kernels(NamedTuple):
    """The weights in the form in which the steps use them, made once for each call of the layer.

    A block is what one vector is multiplied by: the gates that see the same vector stand in it side by side.
    """

    W: list[Array] | None  # blocks (input_dim, gates of the block · units); None if the inputs are projected already
    U: list[Array]  # blocks (units, gates of the block · units)
    b: Array | None  # (gates · units,), None as for W


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

    def init(self, key: Any, input_shape: Any = None, name: str | None = None) -> Any:
        # Subclasses written for Keras 1 call init(shape, name=…) for a weight: there it was the initialization of W.
        if isinstance(key, tuple | list):
            return self.initializer(tuple(key), name=name)
        return super().init(key, input_shape)

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

    def kernels(self, projected: bool) -> Kernels:
        """Return the weights for the steps; `projected`: the inputs of the steps are ``x · W + b`` already."""
        U = self.blocks("U", self.U_blocks, self.dropout_U)
        if projected:
            return Kernels(None, U, None)
        return Kernels(self.blocks("W", (self.gates,), self.dropout_W), U, self.joined("b"))

    def blocks(self, letter: str, sizes: Sequence[int], dropout: float) -> list[Array]:
        """Return the kernel ``'W'`` or ``'U'`` in blocks of so many gates; of one each where each has a dropout mask of its own."""
        if self.drops(dropout) and self.consume_less != "gpu":
            sizes = [1] * self.gates
        if len(sizes) == 1:
            return [self.joined(letter)]
        ends = list(itertools.accumulate(sizes))
        if self.is_joint:
            return jnp.split(self.joined(letter), [end * self.output_dim for end in ends[:-1]], axis=-1)
        return [self.joined(letter, self.gate_names[end - size : end]) for size, end in zip(sizes, ends, strict=True)]

    def joined(self, letter: str, gates: Sequence[str] | None = None) -> Array:
        """Return the weights of these gates, or of all, side by side."""
        if self.is_joint:
            return as_array(getattr(self, letter))
        arrays = [as_array(getattr(self, f"{letter}_{gate}")) for gate in gates or self.gate_names]
        return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays, axis=-1)

    # ---- one call

    def apply_with_state(self, params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Any, State]:  # noqa: B008
        if ctx.train and (self.dropout_W or self.dropout_U):
            training_key(self, ctx)
        return bridge.apply_with_state(self, params, state, x, ctx)

    def projects_first(self, shape: Any) -> bool:
        """Whether the inputs of all time steps are multiplied by ``W`` before the loop.

        A layer whose step is overridden gets what Keras 1 would give it. Otherwise it is a matter of speed.
        """
        if not (self._is_ours("step") and self._is_ours("preprocess_input")):
            return self.consume_less == "cpu"
        return True

    def _is_ours(self, method: str) -> bool:
        return getattr(type(self), method).__module__.startswith("jkeras.")

    def preprocess_input(self, x: Array) -> Array:
        """Return ``x · W + b`` for all gates and time steps, or `x` where the steps do that."""
        if not self.projects_first(x.shape):
            return x
        W = self.blocks("W", (self.gates,), self.dropout_W)
        masks = self.dropout_masks(x, x.shape[-1], self.dropout_W)
        for_all_steps = [mask if isinstance(mask, float) else mask[:, None] for mask in masks]  # (batch, 1, input_dim)
        return masked_dot(x, W, for_all_steps) + self.joined("b")

    def get_constants(self, x: Array) -> list[Any]:
        """Return the dropout masks of the states and of the inputs, for each a list with one mask a gate: Keras 1's B_U, B_W."""
        return [
            self.dropout_masks(x, self.output_dim, self.dropout_U),
            self.dropout_masks(x, x.shape[-1], 0.0 if self.projects_first(x.shape) else self.dropout_W),
        ]

    def get_kernels(self, x: Array) -> list[Any]:
        return [self.kernels(self.projects_first(x.shape))] if self._is_ours("step") else []

    def drops(self, level: float) -> bool:
        """Whether a share of this level is dropped now."""
        return level > 0 and bool(K.learning_phase())

    def dropout_masks(self, x: Array, size: int, level: float) -> list[Any]:
        """Return a mask ``(batch, size)`` for each gate, the same for all time steps; ``1.0`` where nothing is dropped."""
        if not self.drops(level):
            return [1.0] * self.gates
        ones = jnp.ones((x.shape[0], size), jnp.result_type(x.dtype, 1.0))
        if self.consume_less == "gpu":
            return [K.dropout(ones, level)] * self.gates
        return [K.dropout(ones, level) for _ in range(self.gates)]

    def read(self, x: Array, masks: Any, kernels: Kernels) -> Array:
        """Return one time step's ``x · W + b`` for all gates, `x` being a step of what `preprocess_input` returned."""
        if kernels.W is None:
            return x
        return masked_dot(x, kernels.W, masks) + kernels.b  # type: ignore[operator]

    def kernels_in(self, x: Array, states: Sequence[Any]) -> Kernels:
        """Return the kernels that the loop passed to `step`; made now if a step of the user's own calls this one."""
        return states[-1] if isinstance(states[-1], Kernels) else self.kernels(self.projects_first(x.shape))


def masked_dot(x: Array, blocks: Sequence[Array], masks: Sequence[Any]) -> Array:
    """Return ``(x ∘ mask) · block`` for each block, side by side.

    Args:
        x: ``(…, size)``.
        blocks: each ``(size, gates of the block · units)``.
        masks: for each block one; ``1.0`` is no mask. Further ones are not used.
    """
    products = [
        jnp.dot(x if isinstance(mask, float) else x * mask, block) for block, mask in zip(blocks, masks, strict=False)
    ]
    return products[0] if len(products) == 1 else jnp.concatenate(products, axis=-1)


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
