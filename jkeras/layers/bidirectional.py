"""A recurrent layer that reads in both directions."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.engine.contract import Context, InputSpec, Result
from jkeras.engine.layer import Layer, computes_with_apply
from jkeras.engine.weights import stable_hash
from jkeras.errors import did_you_mean
from jkeras.layers.recurrent.base import Recurrent
from jkeras.layers.wrappers import Wrapper
from jkeras.typing import Array, Params, Shape, State

__all__ = ["Bidirectional"]

_MODES = ("sum", "mul", "concat", "ave")


class Bidirectional(Wrapper):
    """Two copies of a recurrent layer, one of which reads the sequence from its end; their outputs are merged.

    Args:
        layer: a recurrent layer, not used anywhere else.
        merge_mode: ``'sum'``, ``'mul'``, ``'concat'``, ``'ave'``, or ``None`` for a list of the two outputs.
        weights: initial arrays, those of the forward copy and then those of the backward copy.

    The copies are `forward_layer` and `backward_layer`, named ``forward_…`` and ``backward_…``. With return_sequences the
    backward outputs are put in the order of the input before they are merged.

    Source: Keras 1; Schuster & Paliwal 1997, Bidirectional recurrent neural networks.
    """

    supports_masking = True
    input_spec = (InputSpec(ndim=3),)

    def __init__(
        self, layer: Layer, merge_mode: str | None = "concat", weights: Sequence[Any] | None = None, **kwargs: Any
    ):
        if merge_mode is not None and merge_mode not in _MODES:
            raise ValueError(
                f"Bidirectional: unknown merge_mode {merge_mode!r}.{did_you_mean(str(merge_mode), _MODES)} None gives a list."
            )
        if not isinstance(layer, Recurrent):
            raise TypeError(f"Bidirectional takes a recurrent layer, such as LSTM(32); got {type(layer).__name__}.")
        self.merge_mode = merge_mode
        given = [layer.initial_weights] * 2
        if weights is not None:
            half = len(weights) // 2
            given = [list(weights[:half]), list(weights[half:])]
        self.forward_layer: Any = layer.twin(name=f"forward_{layer.name}", initial_weights=given[0])
        self.backward_layer: Any = layer.twin(
            name=f"backward_{layer.name}", initial_weights=given[1], go_backwards=not layer.go_backwards
        )
        if layer.batch_input_shape is not None:
            kwargs.setdefault("batch_input_shape", layer.batch_input_shape)
        super().__init__(layer, **kwargs)
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences

    def sublayers(self) -> list[Layer]:
        return [self.forward_layer, self.backward_layer]

    def check_input(self, shapes: Sequence[Shape]) -> None:
        self.forward_layer.check_input(shapes)

    def build(self, input_shape: Any = None) -> None:
        for layer in self.sublayers():
            layer.ensure_built(input_shape)

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        results = {}
        for layer in self.sublayers():
            key = None if ctx.key is None else jax.random.fold_in(ctx.key, stable_hash(layer.name))
            inner = ctx._replace(key=key)
            results[layer.name] = layer.run(params.get(layer.name, {}), state.get(layer.name, {}), x, inner)
        forward, backward = (result.value for result in results.values())
        if self.return_sequences:
            backward = jnp.flip(backward, axis=1)
        new_state = {name: result.state for name, result in results.items() if result.state}
        penalty = sum(result.penalty for result in results.values())
        return Result(self._merged(forward, backward), self.compute_mask(x, ctx.mask), new_state, penalty)

    def _merged(self, forward: Array, backward: Array) -> Any:
        if self.merge_mode == "concat":
            return jnp.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "mul":
            return forward * backward
        if self.merge_mode is None:
            return [forward, backward]
        total = forward + backward
        return total / 2 if self.merge_mode == "ave" else total

    @computes_with_apply
    def call(self, inputs: Any, mask: Any = None) -> Any:
        return super().call(inputs, mask)

    def compute_mask(self, input: Any, mask: Any = None) -> Any:  # type: ignore[override]
        out = mask if self.return_sequences else None
        return [out, out] if self.merge_mode is None else out

    def get_output_shape_for(self, input_shape: Any) -> Any:
        shape = self.forward_layer.get_output_shape_for(input_shape)
        if self.merge_mode == "concat":
            return (*shape[:-1], 2 * shape[-1])
        return [shape, shape] if self.merge_mode is None else shape

    def reset_states(self, batch_size: int | None = None) -> None:
        """Set the states of both copies back to zeros; see `Recurrent.reset_states`."""
        self.forward_layer.reset_states(batch_size)
        self.backward_layer.reset_states(batch_size)
