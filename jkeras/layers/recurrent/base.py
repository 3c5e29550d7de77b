"""What all recurrent layers share: the loop over time, states, masks.

A recurrent layer is a *step*: ``step(x, states) -> (output, new states)``. Layers of one's own subclass `Recurrent` and
override `build`, `step`, and, where needed, `get_initial_states`, `get_constants` and `preprocess_input`, as in Keras 1.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras.backend.config import learning_phase_scope
from jkeras.backend.variables import Variable
from jkeras.engine import bridge
from jkeras.engine.contract import InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor
from jkeras.errors import MissingKeyError, did_you_mean
from jkeras.layers.checks import positive_size
from jkeras.typing import Array, Params, Shape

__all__ = ["Recurrent"]

_MODES = ("cpu", "mem", "gpu")


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
    # `build` fills in `input_dim` for subclasses to read; the config keeps what the constructor got.
    config_attributes: ClassVar[dict[str, str]] = {**Layer.config_attributes, "input_dim": "given_input_dim"}
    state_names: tuple[str, ...] = ("h",)
    """Names of the states in the functional face, in the order in which `step` takes them."""
    initial_weights: Any = None  # layers of Keras 1's style delete the attribute when they have set them
    states: list[Any]
    """The states, from `build` on: variables if the layer is stateful, else ``None`` for each state."""

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
            raise NotImplementedError(
                "Recurrent is abstract: use SimpleRNN, GRU or LSTM, or a subclass that has a step."
            )
        self.return_sequences = return_sequences
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        if consume_less not in _MODES:
            raise ValueError(
                f"{type(self).__name__}: unknown consume_less {consume_less!r}.{did_you_mean(str(consume_less), _MODES)}"
            )
        self.consume_less = consume_less
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        self.given_input_dim = self.input_dim
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        if self.input_dim is not None:
            kwargs.setdefault("input_shape", (self.input_length, self.input_dim))
        super().__init__(weights=weights, **kwargs)

    # ---- shapes

    def check_input(self, shapes: Sequence[Shape]) -> None:
        shape = shapes[0]
        reads_sequences = self.input_spec is not None and self.input_spec[0].ndim == 3  # a decoder may read vectors
        if len(shape) == 2 and reads_sequences:
            raise ValueError(
                f"{self._title} reads sequences of shape (batch, time, features); its input has shape {tuple(shape)}. After "
                "another recurrent layer give that one return_sequences=True; word numbers need an Embedding first; other vectors "
                "a Reshape((time, features))."
            )
        super().check_input(shapes)
        if self.unroll and shape[1] is None:
            raise ValueError(
                f"Layer {self.name!r}: unroll=True needs sequences of a known length; give input_shape=(time, features)."
            )

    def get_output_shape_for(self, input_shape: Any) -> Any:
        shape = input_shape[0] if isinstance(input_shape, list) else input_shape
        return (shape[0], shape[1], self.output_dim) if self.return_sequences else (shape[0], self.output_dim)

    def compute_mask(self, input: Any, mask: Any = None) -> Any:  # type: ignore[override]
        return mask if self.return_sequences else None

    # ---- states

    def build(self, input_shape: Any) -> None:
        batch_size = input_shape[0] if self.stateful else None
        self.input_dim = input_shape[-1]
        # It may be called on sequences of another length, and unless it is stateful on batches of another size.
        self.input_spec = [InputSpec(shape=input_shape, open_axes=(1,) if self.stateful else (0, 1))]
        super().build(input_shape)
        if not self.stateful:
            self.states = [None] * len(self.state_names)
        elif type(self).reset_states is not Recurrent.reset_states:
            self.reset_states()  # of a subclass, which makes its own states there, as in Keras 1
        else:
            self._declare_states(batch_size)

    def _declare_states(self, batch_size: int | None) -> None:
        self.states = [self.declare(spec) for spec in self.state_specs(batch_size)]

    def state_specs(self, batch_size: int | None) -> list[Weight]:
        """Declare the states of a stateful layer for batches of this size."""
        if batch_size is None:
            raise ValueError(
                f"Layer {self.name!r} is stateful, so it needs a fixed batch size: give the first layer batch_input_shape=(batch "
                "size, time, features), or Input(batch_shape=…)."
            )
        return [
            Weight(name, self.state_shape(batch_size), K.zeros, trainable=False, saved=False)
            for name in self.state_names
        ]

    def state_shape(self, batch_size: int) -> tuple[int, ...]:
        """Return the shape of each state."""
        return (batch_size, self.output_dim)

    def adopt_states(self) -> None:
        """Make the variables that a layer in Keras 1's style keeps in `states` part of the layer's state."""
        plain = [state for state in getattr(self, "states", ()) if type(state) is Variable]
        bridge.adopt(self, plain, trainable=False, saved=False)

    def twin(self, **attributes: Any) -> Layer:
        twin = super().twin(**attributes)
        vars(twin).pop(
            "states", None
        )  # layers of Keras 1's style ask for hasattr(self, 'states') to see whether to make them
        return twin

    def reset_states(self, batch_size: int | None = None) -> None:
        """Set the states back to zeros.

        Args:
            batch_size: let the layer work on batches of another size from now on.

        Raises:
            AttributeError: the layer is not stateful.
            ValueError: the layer is not built, or has no fixed batch size.
        """
        if not self.stateful:
            raise AttributeError(
                f"Layer {self.name!r} is not stateful: it has no states to reset. Make it with stateful=True."
            )
        if self._building and "states" not in vars(self):
            self._declare_states(self.input_spec[0].shape[0])
        if not self.built and not self._building:
            raise ValueError(f"Layer {self.name!r} is not built yet, so it has no states to reset.")
        if batch_size is not None:
            size = positive_size(self, "batch_size", batch_size)
            for state in self.states:
                self.redeclare(state.spec._replace(shape=(size, *state.spec.shape[1:]), init=K.zeros))
            if self.input_spec[0].shape is not None:
                self.input_spec = [InputSpec(shape=(size, *self.input_spec[0].shape[1:]), open_axes=(1,))]
        for state in self.states:
            state.set_value(np.zeros(state.shape))

    # ---- one call

    def call(self, x: Array, mask: Any = None) -> Array:
        """Run the steps over the sequence (Keras 1's method; weights are arrays here)."""
        if isinstance(x, KerasTensor):
            return self(x, mask)
        initial_states = self.states if self.stateful else self.get_initial_states(x)
        self._check_sizes(x)
        # The constants come first: then their random masks do not depend on whether the input is preprocessed.
        last, outputs, states, *_ = self.run_steps(x, initial_states, list(self.get_constants(x)), mask)
        if self.stateful:
            self.add_update(list(zip(self.states, states, strict=True)))
        return outputs if self.return_sequences else last

    def run_steps(self, x: Array, initial_states: Sequence[Any], constants: list[Any], mask: Any) -> Any:
        """Return the last output, all outputs (or ``None`` where they are not wanted) and the states after the last step."""
        return K.rnn(
            self.step,
            self.preprocess_input(x),
            initial_states,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=[*constants, *self.get_kernels(x, constants)],
            unroll=self.unroll,
            keep_outputs=self.return_sequences,
            name=self._title,
        )

    def _check_sizes(self, x: Array) -> None:
        if x.shape[1] == 0:
            raise ValueError(f"{self._title} reads sequences of at least one time step; got inputs of shape {x.shape}.")
        for state in self.states if self.stateful else ():
            if state.ndim > 1 and len(state) != len(x):
                raise ValueError(
                    f"{self._title} is stateful and holds the states of {len(state)} samples; it got a batch of {len(x)}. All "
                    f"batches have one size; reset_states(batch_size={len(x)}) makes the states fit batches of another."
                )

    @property
    def _title(self) -> str:
        return f"Layer {self.name!r} ({type(self).__name__})"

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

    def dropped(self, ones: Array, level: float) -> Array:
        """Return a dropout mask for all time steps of the call."""
        try:
            return K.dropout(ones, level)
        except MissingKeyError as error:
            raise MissingKeyError(f"{self._title} is random while training and needs a key. {error}") from None

    def get_kernels(self, x: Array, constants: Sequence[Any]) -> list[Any]:
        """Return what jkeras's own steps get after the constants of Keras 1."""
        return []

    def cell(self, params: Params, state: Sequence[Array], x: Array) -> tuple[list[Array], Array]:
        """One time step as a pure function, at inference: what a `lax.scan` of one's own is made of.

        Args:
            params: of this layer.
            state: the states in the order of `state_names`, each ``(batch, units)``.
            x: ``(batch, input_dim)``.

        Returns:
            The new states, and the output ``(batch, units)``.
        """
        steps = x[:, None]  # (batch, 1, input_dim)
        layer = self
        if not self.built:
            layer = self.twin()
            layer._seed = 0  # spares the script's np.random stream
            layer.ensure_built(steps.shape)
        layer = bridge.filled(layer, params)
        with learning_phase_scope(0):
            constants = list(layer.get_constants(steps))
            kernels = layer.get_kernels(steps, constants)
            output, new_state = layer.step(layer.preprocess_input(steps)[:, 0], [*state, *constants, *kernels])
        return list(new_state), output
