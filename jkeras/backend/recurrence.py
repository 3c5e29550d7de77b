"""The loop over time that recurrent layers are made of."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jkeras.backend.variables import as_array, unwrap
from jkeras.typing import Array

__all__ = ["rnn"]

Step = Callable[[Array, list[Any]], tuple[Array, Sequence[Array]]]


def rnn(
    step_function: Step,
    inputs: Any,
    initial_states: Sequence[Any],
    go_backwards: bool = False,
    mask: Any = None,
    constants: Sequence[Any] | None = None,
    unroll: bool = False,
    input_length: int | None = None,
    *,
    keep_outputs: bool = True,
) -> tuple[Array, Array, list[Array]]:
    """Apply a step function to each time step of a sequence and carry its states along (Keras 1).

    Args:
        step_function: ``(x, states) -> (output, new states)``: `x` is one time step ``(batch, …)``, `states` the list of
            states followed by the `constants`.
        inputs: ``(batch, time, …)``.
        initial_states: the states before the first step, each ``(batch, …)``.
        go_backwards: go from the last time step to the first. The outputs stay in the order in which they are made.
        mask: ``(batch, time)``, true where a step counts. A masked step repeats the output before it (zeros, before the
            first step that counts) and leaves the states as they are.
        constants: passed to every step, after the states.
        unroll: make a Python loop instead of a compiled one; takes long to compile for long sequences.
        input_length: the number of time steps; what `inputs` says is used.
        keep_outputs: whether the outputs of all steps are wanted; without them the second result is ``None``.

    Returns:
        The last output ``(batch, …)``, all outputs ``(batch, time, …)``, and the states after the last step.

    Raises:
        ValueError: `inputs` has no time axis or no time steps, or the mask does not fit.

    >>> import jkeras.backend as K
    >>> last, outputs, states = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), jnp.ones((1, 3, 1)), [jnp.zeros((1, 1))])
    >>> outputs.ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    inputs = as_array(inputs)
    if inputs.ndim < 2 or inputs.shape[1] == 0:
        raise ValueError(f"rnn needs inputs of shape (batch, time, …) with at least one time step; got {inputs.shape}.")
    fixed = [unwrap(constant) for constant in constants or []]
    # (batch, time, …) -> (time, batch, …): a step of the loop reads one contiguous block.
    x = jnp.swapaxes(inputs, 0, 1)
    flags = None if mask is None else _time_major_mask(mask, inputs)

    def step(x_t: Array, states: Sequence[Array]) -> tuple[Array, list[Array]]:
        output, new_states = step_function(x_t, [*states, *fixed])
        return as_array(output), [as_array(state) for state in new_states]

    output, states = _started(step, x, [as_array(state) for state in initial_states])

    def masked(carry: Any, xs: Any) -> tuple[Any, Any]:
        before, states = carry
        x_t, flag = xs
        output, new_states = step(x_t, states)
        if flag is not None:
            output = jnp.where(_beside(flag, output), output, before)
            new_states = [
                jnp.where(_beside(flag, new), new, old) for new, old in zip(new_states, states, strict=True)
            ]
        return (output, new_states), (output if keep_outputs else None)

    if unroll:
        (output, states), outputs = _unrolled(masked, (output, states), (x, flags), go_backwards)
    else:
        (output, states), outputs = lax.scan(masked, (output, states), (x, flags), reverse=go_backwards)
        if outputs is not None and go_backwards:
            outputs = outputs[::-1]  # scan stores outputs where their inputs stand
    # (time, batch, …) -> (batch, time, …)
    return output, None if outputs is None else jnp.swapaxes(outputs, 0, 1), states  # type: ignore[return-value]


def _time_major_mask(mask: Any, inputs: Array) -> Array:
    flags = as_array(mask)
    if flags.ndim == 3 and flags.shape[-1] == 1:
        flags = flags[..., 0]
    if flags.shape != inputs.shape[:2]:
        raise ValueError(
            f"The mask has shape {flags.shape}; for inputs of shape {inputs.shape} it must be {inputs.shape[:2]}, one flag for "
            "each time step of each sample."
        )
    return flags.astype(bool).T  # (batch, time) -> (time, batch)


def _beside(flag: Array, value: Array) -> Array:
    """Return the flags ``(batch,)`` with axes of size 1 behind, to fit `value`."""
    return flag.reshape(flag.shape + (1,) * (value.ndim - 1))


def _started(step: Any, x: Array, states: list[Array]) -> tuple[Array, list[Array]]:
    """Return zeros like the output, and the states in the shapes and dtypes that the step gives them."""
    output, after = jax.eval_shape(step, x[0], states)
    if len(after) != len(states):
        raise ValueError(f"The step function took {len(states)} states and returned {len(after)}; the numbers must be equal.")
    for index, (old, new) in enumerate(zip(states, after, strict=True)):
        if jnp.broadcast_shapes(old.shape, new.shape) != new.shape:
            raise ValueError(f"State {index} has shape {old.shape}, and shape {new.shape} after a step; a state keeps its shape.")
    started = [jnp.broadcast_to(old, new.shape).astype(new.dtype) for old, new in zip(states, after, strict=True)]
    return jnp.zeros(output.shape, output.dtype), started


def _unrolled(body: Any, carry: Any, xs: tuple[Array, Array | None], go_backwards: bool) -> tuple[Any, Array | None]:
    x, flags = xs
    outputs = []
    order = range(len(x) - 1, -1, -1) if go_backwards else range(len(x))
    for index in order:
        carry, output = body(carry, (x[index], None if flags is None else flags[index]))
        outputs.append(output)
    return carry, None if outputs[0] is None else jnp.stack(outputs)
