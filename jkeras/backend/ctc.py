"""The CTC loss: how probable a sequence of labels is, summed over all its alignments with the time steps.

Source: Graves et al., "Connectionist temporal classification" (2006). The labels are laid out with blanks around them, and
`alpha_t(s)`, the probability of all paths that stand at place s of that layout after step t, goes from step to step::

    alpha_t(s) = y_t(l_s) * (alpha_{t-1}(s) + alpha_{t-1}(s - 1) + alpha_{t-1}(s - 2))

where the last term stands only between different labels. All of it is computed in logarithms.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer

from jkeras.backend.config import backend
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = [
    "ctc_batch_cost",
    "ctc_cost",
    "ctc_create_skip_idxs",
    "ctc_interleave_blanks",
    "ctc_path_probs",
    "ctc_update_log_p",
    "lengths_of",
]

# Stands for log(0): sums of it stay finite, so that no derivative is NaN.
_LOG_ZERO = -1e30
_SMOOTHING = 1e-4  # of the probabilities, in Theano's dialect


@op
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Array:
    """Return the CTC loss of each sequence: minus the log probability of its labels.

    The blank is the last category. Probabilities get 1e-8 added and are scaled to sum 1, as Keras 1 did on TensorFlow.
    Where ``K.backend()`` is ``'theano'`` the numbers are those of Keras 1 on Theano: the probabilities are smoothed as in
    `ctc_path_probs`, log(input_length) is taken off each loss, and the result is a row ``(1, samples)``.

    Labels that have no alignment, since there are more of them (plus one for each repetition) than time steps, have the
    loss infinity and the gradient zero.

    Args:
        y_true: class numbers ``(samples, max_string_length)``; what stands behind the last label of a sequence is ignored.
        y_pred: probabilities ``(samples, time_steps, num_categories)``, the output of a softmax.
        input_length: ``(samples, 1)`` or ``(samples,)``, how many time steps of each sequence count.
        label_length: likewise, how many labels of each sequence count.

    Returns:
        ``(samples, 1)``.

    Raises:
        ValueError: shapes do not fit, a label is no category (or the blank), or a length is out of range. In compiled code,
            where numbers cannot be looked at, the loss of a sequence with such a label or length is NaN.

    Of four equally probable paths, three read as the label:

    >>> loss = ctc_batch_cost([[0]], [[[0.5, 0.5], [0.5, 0.5]]], [[2]], [[1]])
    >>> round(float(jnp.exp(-loss[0, 0])), 4)
    0.75
    """
    labels, probabilities = as_array(y_true).astype("int32"), as_array(y_pred)
    if labels.ndim != 2 or probabilities.ndim != 3 or len(labels) != len(probabilities):
        raise ValueError(
            "ctc_batch_cost takes labels of shape (samples, max_string_length) and probabilities of shape (samples, time_steps, "
            f"num_categories); got {labels.shape} and {probabilities.shape}."
        )
    steps = lengths_of(
        input_length, "input_length", len(labels), probabilities.shape[1], "time steps", "ctc_batch_cost"
    )
    counts = lengths_of(label_length, "label_length", len(labels), labels.shape[1], "labels", "ctc_batch_cost")
    _check_labels(labels, counts, probabilities.shape[2] - 1)
    costs = _batch_costs(labels, probabilities, steps, counts, theano=backend() == "theano")
    return costs[None, :] if backend() == "theano" else costs[:, None]


def lengths_of(lengths: Any, name: str, samples: int, most: int, what: str, function: str) -> Array:
    """Return one length for each sample, from 0 to `most`; `function` is K's that messages name."""
    lengths = as_array(lengths)
    if lengths.shape not in ((samples,), (samples, 1)):
        raise ValueError(f"{function}: {name} has shape ({samples}, 1) for {samples} samples; got {lengths.shape}.")
    lengths = lengths.reshape(-1).astype("int32")
    if not isinstance(lengths, Tracer) and samples:
        known = np.asarray(lengths)  # numpy's: what JAX computes while it traces has no truth value
        if known.min() < 0 or known.max() > most:
            raise ValueError(f"{function}: {name} counts {what}, of which there are {most}; got {known.tolist()}.")
    return lengths


def _check_labels(labels: Array, counts: Array, blank: int) -> None:
    if isinstance(labels, Tracer) or isinstance(counts, Tracer):
        return
    read = np.asarray(labels)[np.arange(labels.shape[1]) < np.asarray(counts)[:, None]]
    if read.size and not (read.min() >= 0 and read.max() < blank):
        raise ValueError(
            f"ctc_batch_cost: of {blank + 1} categories the last is the blank, so labels are numbers from 0 to {blank - 1}; got "
            f"numbers from {read.min()} to {read.max()}. Give the last layer one unit more than there are labels."
        )


@jax.jit(static_argnames="theano")
def _batch_costs(labels: Array, probabilities: Array, steps: Array, counts: Array, theano: bool) -> Array:
    y = probabilities.astype(jnp.promote_types(probabilities.dtype, "float32"))
    if not theano:
        y = y + 1e-8
        y = y / jnp.sum(y, axis=-1, keepdims=True)

    def cost(labels: Array, y: Array, steps: Array, count: Array) -> Array:
        layout = ctc_interleave_blanks(labels)
        # A label behind the last one may be any number. (time, places of the layout)
        y = jnp.take(y, layout % y.shape[-1], axis=-1)
        if theano:
            y = (1 - _SMOOTHING) * y + _SMOOTHING / (2 * count + 1)
        total = _log_probability(_log(y), layout, steps, count)
        if theano:
            total = total + jnp.log(jnp.maximum(steps, 1))
        return jnp.where(total > _LOG_ZERO / 2, -total, jnp.inf)

    places = jnp.arange(labels.shape[1])
    wrong = (places < counts[:, None]) & ((labels < 0) | (labels >= y.shape[-1] - 1))
    wrong_length = (steps < 0) | (steps > y.shape[1]) | (counts < 0) | (counts > labels.shape[1])
    costs = jax.vmap(cost)(labels, y, steps, counts)
    return jnp.where(wrong.any(axis=-1) | wrong_length, jnp.nan, costs).astype(probabilities.dtype)


def _log(y: Array) -> Array:
    return jnp.where(y > 0, jnp.log(jnp.where(y > 0, y, 1)), _LOG_ZERO)


def _log_probability(log_y: Array, layout: Array, steps: Array, count: Array) -> Array:
    """Return the log probability of one sequence of labels.

    Args:
        log_y: log probabilities of the labels in the layout, ``(time, places)``.
        layout: labels with blanks around them.
        steps, count: how many time steps and how many labels count.
    """
    # A path skips the blank between two different labels; before a blank there is nothing to skip.
    skips = (jnp.arange(len(layout)) % 2 == 1) & (layout != jnp.roll(layout, 2))
    skips = skips.at[:2].set(False)

    def step(alpha: Array, xs: tuple[Array, Array]) -> tuple[Array, None]:
        log_y_t, counts_in = xs
        after = jnp.logaddexp(alpha, _shifted(alpha, 1))
        after = jnp.logaddexp(after, jnp.where(skips, _shifted(alpha, 2), _LOG_ZERO))
        return jnp.where(counts_in, jnp.maximum(after + log_y_t, _LOG_ZERO), alpha), None

    # Before the first step a path stands at the first blank, from where it stays or goes on to the first label.
    start = jnp.full(len(layout), _LOG_ZERO, log_y.dtype).at[0].set(0)
    alpha, _ = lax.scan(step, start, (log_y, jnp.arange(len(log_y)) < steps))
    at_label = jnp.where(count > 0, alpha[jnp.maximum(2 * count - 1, 0)], _LOG_ZERO)
    return jnp.logaddexp(alpha[2 * count], at_label)


def _shifted(x: Array, places: int) -> Array:
    """Return `x` moved up by so many places."""
    return jnp.concatenate([jnp.full(places, _LOG_ZERO, x.dtype), x])[: len(x)]


# ---- the parts of which Keras 1 made the loss on Theano; each for one sequence


@op
def ctc_interleave_blanks(Y: Any) -> Array:
    """Return labels ``(n,)`` with blanks, which are -1, before, between and behind them: ``(2 n + 1,)``.

    >>> ctc_interleave_blanks([4, 2]).tolist()
    [-1, 4, -1, 2, -1]
    """
    labels = as_array(Y).astype("int32")
    return jnp.full(2 * len(labels) + 1, -1, "int32").at[1::2].set(labels)


@op
def ctc_create_skip_idxs(Y: Any) -> Array:
    """Return from which places of a layout with blanks a path may skip the next one: where two different labels follow.

    In compiled code, where sizes are fixed, the result is filled up with the length of the layout.

    Args:
        Y: labels as `ctc_interleave_blanks` returns them.

    >>> ctc_create_skip_idxs(ctc_interleave_blanks([4, 2, 2, 3])).tolist()
    [1, 5]
    """
    layout = as_array(Y)
    candidates = np.arange(1, len(layout) - 2, 2)
    differ = layout[candidates] != layout[candidates + 2]
    if not isinstance(differ, Tracer):
        return jnp.asarray(candidates[np.asarray(differ)], "int32")
    return jnp.sort(jnp.where(differ, candidates, len(layout)).astype("int32"))


@op
def ctc_update_log_p(skip_idxs: Any, zeros: Any, active: Any, log_p_curr: Any, log_p_prev: Any) -> tuple[Array, Array]:
    """Return how many places of the layout paths have reached after one more step, and the log probabilities there.

    Args:
        skip_idxs: as `ctc_create_skip_idxs` returns them.
        zeros: ``(places,)``, what stands where no path has come.
        active: how many places paths have reached before.
        log_p_curr: log probabilities of the labels of the layout at this step.
        log_p_prev: log probabilities of the paths before it.
    """
    skip_idxs, zeros, active = as_array(skip_idxs), as_array(zeros), as_array(active).astype("int32")
    log_p_curr, log_p_prev = as_array(log_p_curr), as_array(log_p_prev)
    places = jnp.arange(len(log_p_curr))
    usable = skip_idxs < active
    farthest = jnp.max(jnp.where(usable, skip_idxs, -1), initial=-1) + 3
    active_next = jnp.clip(jnp.maximum(active + 1, farthest), 0, len(log_p_curr)).astype("int32")
    before = jnp.where(places < active, log_p_prev, _LOG_ZERO)
    skipped = jnp.full_like(before, _LOG_ZERO)
    skipped = skipped.at[skip_idxs + 2].max(jnp.where(usable, before[skip_idxs], _LOG_ZERO), mode="drop")
    after = jnp.logaddexp(jnp.logaddexp(before, _shifted(before, 1)), skipped)
    return active_next, jnp.where(places < active_next, log_p_curr + after, zeros)


@op
def ctc_path_probs(predict: Any, Y: Any, alpha: float = _SMOOTHING) -> tuple[Array, Array]:
    """Return for each time step the log probabilities of the paths that are at each place of the layout then.

    Args:
        predict: probabilities ``(time, categories)``; they are smoothed to ``(1 - alpha) * p + alpha / places``.
        Y: labels as `ctc_interleave_blanks` returns them, ``(places,)``.
        alpha: how much the probabilities are smoothed.

    Returns:
        The log probabilities ``(time, places)``, and a mask that is true where paths can be.
    """
    return _path_probs(as_array(predict), as_array(Y), as_array(alpha))


@jax.jit
def _path_probs(predict: Array, layout: Array, alpha: Array) -> tuple[Array, Array]:
    log_y = _log((1 - alpha) * predict[:, layout] + alpha / len(layout))
    zeros = jnp.zeros_like(log_y[0])
    forward, backward = ctc_create_skip_idxs(layout), ctc_create_skip_idxs(layout[::-1])

    def step(carry: Any, xs: Any) -> tuple[Any, Any]:
        after = [
            ctc_update_log_p(skips, zeros, active, log_y_t, before)
            for skips, (active, before), log_y_t in zip((forward, backward), carry, xs, strict=True)
        ]
        return after, after

    start = (jnp.asarray(1, "int32"), zeros)
    _, states = lax.scan(step, [start, start], (log_y, log_y[::-1, ::-1]))
    (f_active, f_log_p), (b_active, b_log_p) = states
    places = jnp.arange(len(layout))
    mask = (places < f_active[:, None]) & (places < b_active[:, None])[::-1, ::-1]
    return f_log_p + b_log_p[::-1, ::-1] - log_y, mask


@op
def ctc_cost(predict: Any, Y: Any) -> Array:
    """Return the CTC loss of one sequence as Keras 1 computed it on Theano: ``-log(time * p)`` for the probability p.

    The sum over all places and time steps of `ctc_path_probs` counts every path once for each step. That is less than the
    loss by ``log(time)``, a constant. Infinity if the labels have no alignment.

    Args:
        predict: probabilities ``(time, categories)``, the last for the blank.
        Y: class numbers ``(labels,)``.
    """
    return _cost(as_array(predict), as_array(Y))


@jax.jit
def _cost(predict: Array, labels: Array) -> Array:
    log_probs, mask = _path_probs(predict, ctc_interleave_blanks(labels), jnp.asarray(_SMOOTHING))
    possible = mask.any()
    # Without a path the sum runs over other numbers, which are then not used: so the derivative is zero.
    total = jax.nn.logsumexp(log_probs, where=mask | ~possible)
    return jnp.where(possible, -total, jnp.inf)
