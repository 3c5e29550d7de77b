"""Recurrent layers with derivatives by hand: the fastest that we know how to write in JAX for the CPU.

The way there keeps the activations of the gates and the states; the way back makes the derivatives of the gates' sums, and the
weights get theirs in one product over all time steps after the loop. Arrays are ``(time, batch, …)``.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["recurrent"]


def lstm(sums: Any, states: Any, U: Any) -> Any:
    """One step: new states, and what the way back needs."""
    h, c = states
    i, f, g, o = jnp.split(sums + h @ U, 4, axis=-1)
    i, f, o, g = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jax.nn.sigmoid(o), jnp.tanh(g)
    new = f * c + i * g
    return (o * jnp.tanh(new), new), (h, c, i, f, o, g)


def lstm_back(d_states: Any, kept: Any, U: Any) -> Any:
    """One step back: derivatives of the states before, of the sums, and what the blocks of U were multiplied by."""
    _, c, i, f, o, g = kept
    dh, dc = d_states
    t = jnp.tanh(f * c + i * g)
    dc = dc + dh * o * (1 - t * t)
    d = jnp.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], axis=-1
    )
    return (d @ U.T, dc * f), d


def gru(sums: Any, states: Any, U: Any) -> Any:
    (h,) = states
    n = 2 * h.shape[-1]
    z, r = jnp.split(jax.nn.sigmoid(sums[:, :n] + h @ U[:, :n]), 2, axis=-1)
    g = jnp.tanh(sums[:, n:] + (r * h) @ U[:, n:])
    return (z * h + (1 - z) * g,), (h, z, r, g)


def gru_back(d_states: Any, kept: Any, U: Any) -> Any:
    h, z, r, g = kept
    (dh,) = d_states
    n = 2 * h.shape[-1]
    dg = dh * (1 - z) * (1 - g * g)
    through = dg @ U[:, n:].T
    d = jnp.concatenate([dh * (h - g) * z * (1 - z), through * h * r * (1 - r)], axis=-1)
    return (dh * z + through * r + d @ U[:, :n].T,), jnp.concatenate([d, dg], axis=-1)


def simple(sums: Any, states: Any, U: Any) -> Any:
    (h,) = states
    new = jnp.tanh(sums + h @ U)
    return (new,), (h, new)


def simple_back(d_states: Any, kept: Any, U: Any) -> Any:
    d = d_states[0] * (1 - kept[1] * kept[1])
    return (d @ U.T,), d


STEPS = {"lstm": (lstm, lstm_back), "gru": (gru, gru_back), "rnn": (simple, simple_back)}


def recurrent(
    kind: str, x: Any, W: Any, U: Any, b: Any, sequences: bool, states: Any = None, flags: Any = None
) -> tuple[Any, Any]:
    """Run one layer over time.

    Args:
        x: ``(batch, time, features)``.
        sequences: return all outputs, or the last.
        states: before the first step; zeros if ``None``. Nothing is differentiated in them.
        flags: ``(batch, time)``, true where a step counts.

    Returns:
        The outputs, and the states after the last step.
    """
    step, step_back = STEPS[kind]
    batch, units = x.shape[0], U.shape[0]
    start = states or (jnp.zeros((batch, units)),) * (2 if kind == "lstm" else 1)
    counts = None if flags is None else flags.T[..., None]

    def pick(count: Any, new: Any, old: Any) -> Any:
        return new if count is None else jax.tree.map(lambda a, b: jnp.where(count, a, b), new, old)

    def forth(x: Any, W: Any, U: Any, b: Any) -> Any:
        sums = lax.optimization_barrier((_rows(x) @ W).reshape(*x.shape[:2], -1) + b)

        def body(states: Any, xs: Any) -> Any:
            new, kept = step(xs[0], states, U)
            new = pick(xs[1], new, states)
            return new, (new[0] if sequences else None, kept)

        end, (outputs, kept) = lax.scan(body, start, (sums, counts))
        return (outputs if sequences else end[0], end), (x, W, U, kept)

    def back(saved: Any, d: Any) -> Any:
        x, W, U, kept = saved
        d_outputs = d[0]
        zeros = jax.tree.map(jnp.zeros_like, start)
        first = zeros if sequences else (d_outputs, *zeros[1:])

        def body(d_states: Any, xs: Any) -> Any:
            d_output, kept, count = xs
            if sequences:
                d_states = (d_states[0] + d_output, *d_states[1:])
            before, d_sums = step_back(d_states, kept, U)
            return pick(count, before, d_states), d_sums if count is None else jnp.where(count, d_sums, 0)

        _, d_sums = lax.scan(body, first, (d_outputs if sequences else None, kept, counts), reverse=True)
        flat = _rows(d_sums)
        h = _rows(kept[0])
        if kind == "gru":
            n = 2 * units
            d_U = jnp.concatenate([h.T @ flat[:, :n], _rows(kept[2] * kept[0]).T @ flat[:, n:]], axis=-1)
        else:
            d_U = h.T @ flat
        return (flat @ W.T).reshape(x.shape), _rows(x).T @ flat, d_U, flat.sum(0)

    layer = jax.custom_vjp(lambda *arrays: forth(*arrays)[0])
    layer.defvjp(forth, back)
    outputs, end = layer(jnp.swapaxes(x, 0, 1), W, U, b)
    return (jnp.swapaxes(outputs, 0, 1) if sequences else outputs), end


def _rows(array: Any) -> Any:
    return array.reshape(-1, array.shape[-1])
