"""What all recurrent layers share: the loop over time, states, masks, dropout of inputs and states.

A recurrent layer is a *step*: ``step(x, states) -> (output, new states)``. Layers of one's own subclass `Recurrent` and
override `build`, `step`, and, where needed, `get_initial_states`, `get_constants` and `preprocess_input`, as in Keras 1.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras.backend.variables import Variable
from jkeras.engine import bridge
from jkeras.engine.contract import InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.layers.checks import positive_size
from jkeras.typing import Array, Params, Shape

__all__ = ["Kernels", "Recurrent", "masked_dot"]

_MODES = ("cpu", "mem", "gpu")


class Kernels(NamedTuple):
    """The weights of all gates side by side, put together once for each call of the layer."""

    W: Array | None  # (input_dim, gates · units); None if the inputs are projected already
    U: Array  # (units, gates · units)
    b: Array | None  # (gates · units,)


class Recurrent(Layer):
    """Base class of recurrent layers; it cannot be used itself.

    Args:
        weights: list of initial arrays.
        return_sequences: return the output of every step, or only the last.
        go_backwards: read the sequence from its end; outputs stay in the order in which they are made.
        stateful: let the states after a batch be the initial states of the next: sample i of a batch continues sample i of
            the batch before. Needs a fixed batch size (``batch_input_shape``).
        unroll: compile the steps one after the other, not as a loop. Needs a known length.
        consume_less: ``'cpu'`` or ``'mem'``: each gate has its own weights and its own dropout masks; ``'gpu'``: the gates'
            weights are one array and share their masks. The numbers are the same; jkeras chooses how to compute them.
        input_dim, input_length: size and number of the time steps, for a first layer: short for ``input_shape``.

    Shapes: input ``(batch, time, input_dim)``; output ``(batch, time, output_dim)`` or ``(batch, output_dim)``. A mask
    ``(batch, time)`` lets steps be skipped: a skipped step repeats the output before it and keeps the states.

    Source: Keras 1.
    """

    supports_masking = True
    input_spec: Any = (InputSpec(ndim=3),)
    output_dim: int
    state_names: tuple[str, ...] = ("h",)
    """Names of the states in the functional face, in the order in which `step` takes them."""
    gates = 1
    """How many blocks the kernels consist of."""

    def __init__(
        self,
        weights: Sequence[Any] | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        consume_less: str = "cpu",
        input_dim: int | None = None,
        input_length: int | None = None,
        **kwargs: Any,
    ):
        if type(self) is Recurrent:
            raise NotImplementedError("Recurrent is abstract: use SimpleRNN, GRU or LSTM, or a subclass that has a step.")
        self.return_sequences = return_sequences
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        if consume_less not in _MODES:
            raise ValueError(f"{type(self).__name__}: consume_less is 'cpu', 'mem' or 'gpu'; got {consume_less!r}.")
        self.consume_less = consume_less
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        self.states: list[Any] = []
        if self.input_dim is not None:
            kwargs.setdefault("input_shape", (self.input_length, self.input_dim))
        super().__init__(weights=weights, **kwargs)

    # ---- shapes

    def check_input(self, shapes: Sequence[Shape]) -> None:
        shape = shapes[0]
        if len(shape) == 2:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) reads sequences of shape (batch, time, features); its input has shape "
                f"{tuple(shape)}. After another recurrent layer give that one return_sequences=True; word numbers need an "
                "Embedding first; other vectors a Reshape((time, features))."
            )
        super().check_input(shapes)
        if self.unroll and shape[1] is None:
            raise ValueError(f"Layer {self.name!r}: unroll=True needs sequences of a known length; give input_shape=(time, features).")
        if self.built and self.built_shape[-1] != shape[-1]:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) was built for {self.built_shape[-1]} features a time step; got shape "
                f"{tuple(shape)}."
            )

    def get_output_shape_for(self, input_shape: Any) -> Any:
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        return (shape[0], shape[1], self.output_dim) if self.return_sequences else (shape[0], self.output_dim)

    def compute_mask(self, x: Any, mask: Any = None) -> Any:
        return mask if self.return_sequences else None

    # ---- states

    def build(self, input_shape: Any) -> None:
        self.input_dim = input_shape[-1]
        super().build(input_shape)
        self.states = [None] * len(self.state_names)
        if self.stateful:
            self.states = [self.declare(spec) for spec in self.state_specs(input_shape[0])]

    def state_specs(self, batch_size: int | None) -> list[Weight]:
        """Declare the states of a stateful layer for batches of this size."""
        if batch_size is None:
            raise ValueError(
                f"Layer {self.name!r} is stateful, so it needs a fixed batch size: give the first layer batch_input_shape=(batch "
                "size, time, features), or Input(batch_shape=…)."
            )
        return [
            Weight(name, (batch_size, self.output_dim), K.zeros, trainable=False, saved=False) for name in self.state_names
        ]

    def adopt_states(self) -> None:
        """Make the variables that a layer in Keras 1's style keeps in `states` part of the layer's state."""
        plain = [state for state in self.states if type(state) is Variable]
        bridge.adopt(self, plain, trainable=False, saved=False)

    def reset_states(self, batch_size: int | None = None) -> None:
        """Set the states back to zeros.

        Args:
            batch_size: let the layer work on batches of another size from now on.

        Raises:
            AttributeError: the layer is not stateful.
            ValueError: the layer is not built, or has no fixed batch size.
        """
        if not self.stateful:
            raise AttributeError(f"Layer {self.name!r} is not stateful: it has no states to reset. Make it with stateful=True.")
        if not self.built:
            raise ValueError(f"Layer {self.name!r} is not built yet, so it has no states to reset.")
        for state in self.states:
            if batch_size is not None:
                self.redeclare(state.spec._replace(shape=(int(batch_size), *state.spec.shape[1:])))
            state.set_value(np.zeros(state.shape))

    # ---- one call

    def call(self, x: Array, mask: Any = None) -> Array:
        """Run the steps over the sequence (Keras 1's method; weights are arrays here)."""
        initial_states = self.states if self.stateful else self.get_initial_states(x)
        constants = list(self.get_constants(x))
        if self._is_ours("step"):
            constants.append(self.kernels(projected=self.projects_first(x.shape)))
        last, outputs, states = K.rnn(
            self.step,
            self.preprocess_input(x),
            initial_states,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=constants,
            unroll=self.unroll,
            keep_outputs=self.return_sequences,
        )
        if self.stateful:
            self.add_update(list(zip(self.states, states, strict=True)))
        return outputs if self.return_sequences else last

    def step(self, x: Array, states: list[Any]) -> tuple[Array, list[Array]]:
        """Compute one time step.

        Args:
            x: ``(batch, …)``, a step of what `preprocess_input` returned.
            states: the states, then what `get_constants` returned.

        Returns:
            The output and the new states.
        """
        raise NotImplementedError(f"{type(self).__name__} is a recurrent layer without a step.")

    def get_initial_states(self, x: Array) -> list[Array]:
        """Return the states before the first step; zeros unless overridden."""
        return [jnp.zeros((x.shape[0], self.output_dim), x.dtype) for _ in self.states]

    def get_constants(self, x: Array) -> list[Any]:
        """Return what every step gets beside its states."""
        return []

    def preprocess_input(self, x: Array) -> Array:
        """Return what the steps read, computed for all time steps at once."""
        return x

    def kernels(self, projected: bool = False) -> Kernels | None:
        """Return the weights in the form in which the steps use them."""
        return None

    def cell(self, params: Params, state: Sequence[Array], x: Array) -> tuple[list[Array], Array]:
        """One time step as a pure function, at inference: what a `lax.scan` of one's own is made of.

        Args:
            params: of this layer.
            state: the states in the order of `state_names`, each ``(batch, units)``.
            x: ``(batch, input_dim)``.

        Returns:
            The new states, and the output ``(batch, units)``.
        """
        layer = bridge.filled(self, params)
        steps = layer.preprocess_input(x[:, None])
        output, new_state = layer.step(steps[:, 0], [*state, *layer.get_constants(x[:, None])])
        return list(new_state), output

    # ---- for the layers with kernels

    def projects_first(self, shape: Any) -> bool:
        """Whether the inputs of all time steps are multiplied by ``W`` before the loop.

        A layer whose step is overridden gets what Keras 1 would give it. Otherwise it is a matter of speed.
        """
        if not (self._is_ours("step") and self._is_ours("preprocess_input")):
            return self.consume_less == "cpu"
        return True

    def _is_ours(self, method: str) -> bool:
        return getattr(type(self), method).__module__.startswith("jkeras.")

    def dropout_masks(self, x: Array, size: int, level: float) -> list[Any]:
        """Return a mask ``(batch, size)`` for each gate, the same for all time steps; ones where nothing is dropped."""
        if not K.learning_phase() or level == 0:
            return [1.0] * max(self.gates, 1)
        ones = jnp.ones((x.shape[0], size), x.dtype)
        return [K.dropout(ones, level) for _ in range(self.gates)]


def masked_dot(x: Array, kernel: Array, masks: Sequence[Any]) -> Array:
    """Return ``x · kernel``, where each block of columns of the kernel sees `x` through a dropout mask of its own.

    Args:
        x: ``(…, size)``.
        kernel: ``(size, gates · units)``.
        masks: one for each gate, or one for all; ``1.0`` is no mask.
    """
    if all(isinstance(mask, float) for mask in masks):
        return jnp.dot(x, kernel)
    if len(masks) == 1:
        return jnp.dot(x * masks[0], kernel)
    blocks = jnp.split(kernel, len(masks), axis=1)
    return jnp.concatenate([jnp.dot(x * mask, block) for mask, block in zip(masks, blocks, strict=True)], axis=-1)
