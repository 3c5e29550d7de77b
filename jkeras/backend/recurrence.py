"""The loop over time that recurrent layers are made of."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array, unwrap
from jkeras.typing import Array

__all__ = ["Ran", "loop", "rnn", "time_major_mask"]

Step = Callable[[Array, list[Any]], tuple[Array, Sequence[Array]]]


@op
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
    name: str = "rnn",
) -> tuple[Array, Any, list[Array]]:
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
        unroll: compile the steps one after the other, not as a loop; takes long to compile for long sequences.
        input_length: the number of time steps; what `inputs` says is used.
        keep_outputs: whether the outputs of all steps are wanted; without them the second result is ``None``.
        name: who calls, for error messages.

    Returns:
        The last output ``(batch, …)``, all outputs ``(batch, time, …)``, and the states after the last step.

    Raises:
        ValueError: `inputs` has no time axis or no time steps, the mask does not fit, or a step changes the number or the
            shapes of the states.

    >>> import jkeras.backend as K
    >>> last, outputs, states = K.rnn(lambda x, s: (x + s[0], [x + s[0]]), jnp.ones((1, 3, 1)), [jnp.zeros((1, 1))])
    >>> outputs.ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    inputs = as_array(inputs)
    if inputs.ndim < 2 or inputs.shape[1] == 0:
        raise ValueError(
            f"{name} needs inputs of shape (batch, time, …) with at least one time step; got {inputs.shape}."
        )
    fixed = [unwrap(constant) for constant in constants or []]

    def step(x: Array, states: list[Any]) -> tuple[Any, Sequence[Any], tuple[()]]:
        return *step_function(x, [*states, *fixed]), ()

    # (batch, time, …) -> (time, batch, …): a step of the loop reads one contiguous block.
    x = jnp.swapaxes(inputs, 0, 1)
    flags = None if mask is None else time_major_mask(mask, inputs, name)
    last, outputs, states, _ = loop(
        step, x, initial_states, flags, go_backwards=go_backwards, unroll=unroll, keep_outputs=keep_outputs
    )
    return last, outputs, states


class Ran(NamedTuple):
    """What a loop over time makes."""

    last: Array  # (batch, …)
    outputs: Array | None  # (batch, time, …)
    states: list[Array]
    extras: Any


def loop(
    step_function: Callable[[Any, list[Any]], tuple[Any, Sequence[Any], Any]],
    x: Any,
    initial_states: Sequence[Any],
    flags: Array | None,
    *,
    go_backwards: bool = False,
    unroll: bool = False,
    keep_outputs: bool = True,
) -> Ran:
    """Apply a step to each time step, as `rnn` does.

    Args:
        step_function: ``(x, states) -> (output, new states, extra)``.
        x: arrays ``(time, batch, …)``, of which a step gets a slice.
        initial_states: each ``(batch, …)``.
        flags: ``(time, batch)``, true where a step counts; ``None`` where all do.
        go_backwards, unroll, keep_outputs: as for `rnn`.

    Returns:
        Beside the results of `rnn` the extras of all steps, each ``(time, …)`` in the order of `x`; masked steps count there.
    """

    def step(x_t: Any, states: Sequence[Array]) -> tuple[Array, list[Array], Any]:
        output, new_states, extra = step_function(x_t, list(states))
        return as_array(output), [as_array(state) for state in new_states], extra

    start = _start(step, x, [as_array(state) for state in initial_states])
    # The output goes round the loop only where a later step, or the end, asks for what no state or list of outputs holds.
    goes_round = start.place is None and (flags is not None or not keep_outputs)

    def advance(carry: Any, xs: Any) -> tuple[Any, Any]:
        before, states = carry
        x_t, flag = xs
        output, new, extra = step(x_t, states)
        if flag is not None:
            new = [_where(flag, after, state) for after, state in zip(new, states, strict=True)]
            output = _where(flag, output, before) if start.place is None else new[start.place]
        return (output if goes_round else None, new), (output if keep_outputs else None, extra)

    carry = (jnp.zeros(start.output.shape, start.output.dtype) if goes_round else None, start.states)
    # With `reverse` the scan stores an output where its input stands.
    (last, states), (outputs, extras) = lax.scan(advance, carry, (x, flags), reverse=go_backwards, unroll=bool(unroll))
    if start.place is not None:
        last = states[start.place]
    elif not goes_round:
        last = outputs[0 if go_backwards else -1]
    if flags is not None and start.place is not None:
        # Before the first step that counts the output is zeros, and the state is what it was.
        begun = lax.cumsum(flags.astype("int32"), axis=0, reverse=go_backwards) > 0
        last = _where(flags.any(axis=0), last, jnp.zeros_like(last))
        outputs = None if outputs is None else _where(begun, outputs, jnp.zeros_like(outputs))
    if outputs is not None:
        # (time, batch, …) -> (batch, time, …)
        outputs = jnp.swapaxes(outputs[::-1] if go_backwards else outputs, 0, 1)
    return Ran(last, outputs, states, extras)


def time_major_mask(mask: Any, inputs: Array, name: str) -> Array:
    """Return the mask of `inputs` ``(batch, time, …)`` as flags ``(time, batch)``.

    Raises:
        ValueError: it does not fit; `name` says to whom.
    """
    flags = as_array(mask)
    if flags.ndim == 3 and flags.shape[-1] == 1:
        flags = flags[..., 0]
    if flags.shape != inputs.shape[:2]:
        raise ValueError(
            f"{name}: the mask has shape {flags.shape}; for {inputs.shape[0]} sequences of {inputs.shape[1]} steps it must be "
            f"{inputs.shape[:2]}, one flag for each time step of each sample."
        )
    return flags.astype(bool).T  # (batch, time) -> (time, batch)


def _where(flags: Array, value: Array, other: Array) -> Array:
    """Return `value` where the flags, of its first axes, are true, else `other`."""
    return jnp.where(flags.reshape(flags.shape + (1,) * (value.ndim - flags.ndim)), value, other)


class _Start(NamedTuple):
    """What is known before the first step."""

    output: jax.ShapeDtypeStruct
    states: list[Array]  # in the shapes and dtypes that the step gives them
    place: int | None  # which of the states the output is: the first one in most recurrent layers


def _start(step: Any, x: Any, states: list[Array]) -> _Start:
    place = None

    def first(x: Any, states: list[Array]) -> tuple[Array, list[Array]]:
        nonlocal place
        output, after, _ = step(jax.tree.map(lambda array: array[0], x), states)
        place = next((index for index, state in enumerate(after) if state is output), None)
        return output, after

    output, after = jax.eval_shape(first, x, states)
    if len(after) != len(states):
        raise ValueError(
            f"The step function took {len(states)} states and returned {len(after)}; the numbers must be equal."
        )
    for index, (old, new) in enumerate(zip(states, after, strict=True)):
        if not _fits(old.shape, new.shape):
            raise ValueError(
                f"State {index} has shape {old.shape}, and shape {new.shape} after a step; a state keeps its shape."
            )
    started = [jnp.broadcast_to(old, new.shape).astype(new.dtype) for old, new in zip(states, after, strict=True)]
    return _Start(output, started, place)


def _fits(shape: tuple[int, ...], larger: tuple[int, ...]) -> bool:
    """Whether an array of `shape` can be broadcast to `larger`."""
    pairs = zip(reversed(shape), reversed(larger), strict=False)
    return len(shape) <= len(larger) and all(size in (1, wanted) for size, wanted in pairs)
