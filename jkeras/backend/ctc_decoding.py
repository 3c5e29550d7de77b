"""What probabilities read as: the likeliest labels, found greedily or by a beam search over beginnings.

Source: Graves et al., "Connectionist temporal classification" (2006), and Hannun et al., "First-pass large vocabulary
continuous speech recognition using bi-directional recurrent DNNs" (2014), for the beam search. Of every beginning of a reading
in the beam two probabilities are kept: of the paths that end in a blank, and of those that end in its last label::

    blank_t(l)     = y_t(blank) * (blank_{t-1}(l) + label_{t-1}(l))
    label_t(l + c) = y_t(c) * (label_{t-1}(l + c) + blank_{t-1}(l) + label_{t-1}(l))

where the last term stands only if c is another label than the last one of l. All of it is computed in logarithms.
"""

import functools
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import Tracer

from jkeras.backend.config import canonical_dtype
from jkeras.backend.ctc import lengths_of
from jkeras.backend.dispatch import deferring, op
from jkeras.backend.variables import as_array, sizes
from jkeras.typing import Array

__all__ = ["ctc_decode", "ctc_label_dense_to_sparse"]

_PRIMES = (1000003, 16777619)  # factors of the two numbers by which beginnings are told apart


@op
def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Array], Array]:
    """Return what sequences of probabilities read as: repeated categories once, and no blanks, which are the last category.

    The numbers are those of Keras 1 on TensorFlow: 1e-8 is added to the probabilities, and in what the beam search found, equal
    labels that follow each other are merged too, although a blank stood between them.

    Args:
        y_pred: probabilities ``(samples, time_steps, num_categories)``, the output of a softmax.
        input_length: ``(samples,)`` or ``(samples, 1)``, how many time steps of each sequence count.
        greedy: take the likeliest category of each time step. Otherwise the probabilities of all paths with the same reading
            are summed, by a beam search: that finds readings that are likelier, and takes longer.
        beam_width: how many beginnings of readings the beam search goes on with at each time step.
        top_paths: how many readings the beam search returns.

    Returns:
        A list of `top_paths` arrays of labels (of one, if `greedy`), the likeliest first, each of shape ``(samples, length)``
        and filled up with -1; and logarithms. If `greedy`, those are minus the log probability of the likeliest path,
        ``(samples, 1)``, and the length is that of the longest reading. Of the beam search they are the log probabilities
        ``(samples, top_paths)``, which may be -inf where there are fewer readings, and each array is as long as its longest
        reading. In compiled code and in expressions, where sizes are fixed, the length is `time_steps`.

    Raises:
        ValueError: shapes do not fit, a length is out of range, or `top_paths` is not from 1 to `beam_width`. In compiled code,
            where numbers cannot be looked at, the logarithms of a sequence with such a length are NaN.

    >>> (labels,), cost = ctc_decode([[[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]], [4])
    >>> labels.tolist()
    [[0, 1]]
    """
    probabilities = as_array(y_pred)
    if probabilities.ndim != 3 or not probabilities.shape[2]:
        raise ValueError(
            f"ctc_decode takes probabilities of shape (samples, time_steps, num_categories); got {probabilities.shape}."
        )
    samples, time, _ = probabilities.shape
    steps = lengths_of(input_length, "input_length", samples, time, "time steps", "ctc_decode")
    log_y = jnp.log(probabilities.astype(jnp.promote_types(probabilities.dtype, "float32")) + 1e-8)
    if greedy:
        readings, logs = _greedy(log_y, steps)
    else:
        width, paths = sizes((beam_width, top_paths))
        if not 1 <= paths <= width:
            raise ValueError(
                f"ctc_decode: top_paths is at least 1 and at most beam_width; got top_paths={paths} and beam_width={width}."
            )
        readings, logs = _beam_search(log_y, steps, width, paths)
    logs = jnp.where(((steps < 0) | (steps > time))[:, None], jnp.nan, logs).astype(probabilities.dtype)
    decoded = [labels.astype(canonical_dtype("int64")) for labels in jnp.moveaxis(readings, 1, 0)]
    if deferring() and not isinstance(readings, Tracer):
        decoded = [labels[:, : int((labels >= 0).sum(axis=1).max(initial=0))] for labels in decoded]
    return decoded, logs


@jax.jit
def _greedy(log_y: Array, steps: Array) -> tuple[Array, Array]:
    """Return the readings of the likeliest paths, ``(samples, 1, time)``, and minus their log probabilities."""
    counts = jnp.arange(log_y.shape[1]) < steps[:, None]
    best = jnp.argmax(log_y, axis=-1)
    kept = counts & (best != log_y.shape[2] - 1)
    cost = jnp.sum(jnp.where(counts, -jnp.max(log_y, axis=-1), 0), axis=1, keepdims=True)
    return _merged(jnp.where(kept, best, -1), best)[:, None], cost


def _merged(labels: Array, compared: Array) -> Array:
    """Return the labels of each row that are not -1, without those that repeat the one before, filled up with -1.

    Args:
        labels: ``(…, time)``.
        compared: what is compared with its predecessor; of the same shape.
    """
    before = jnp.concatenate([jnp.full_like(compared[..., :1], -2), compared[..., :-1]], axis=-1)
    kept = (labels >= 0) & (compared != before)
    # A stable order brings what is kept to the front.
    order = jnp.argsort(~kept, axis=-1, stable=True)
    return jnp.take_along_axis(jnp.where(kept, labels, -1), order, axis=-1)


class _Beam(NamedTuple):
    """Beginnings of readings; each array has an axis of `beam_width` first."""

    labels: Array  # (beam_width, time), filled up with -1
    length: Array
    last: Array  # the last label, -1 of the empty reading
    blank: Array  # log probability of the paths that end in a blank; -inf if there is no such beginning
    label: Array  # of those that end in the last label
    key: Array  # (beam_width, 2), by which a beginning is known
    parent: Array  # (beam_width, 2), the key of the beginning without its last label


@functools.partial(jax.jit, static_argnames=("width", "paths"))
def _beam_search(log_y: Array, steps: Array, width: int, paths: int) -> tuple[Array, Array]:
    """Return the likeliest readings, ``(samples, paths, time)``, and their log probabilities, ``(samples, paths)``."""
    log_y = jax.nn.log_softmax(log_y, axis=-1)  # with 1e-8 added they do not sum to 1
    time = log_y.shape[1]

    def search(log_y: Array, steps: Array) -> tuple[Array, Array]:
        nowhere, none = jnp.full(width, -jnp.inf, log_y.dtype), jnp.full(width, -1, "int32")
        keys = jnp.zeros((width, 2), "uint32")
        labels = jnp.full((width, time), -1, "int32")
        start = _Beam(labels, jnp.zeros(width, "int32"), none, nowhere.at[0].set(0), nowhere, keys, keys)

        def step(beam: _Beam, xs: tuple[Array, Array]) -> tuple[_Beam, None]:
            log_y_t, counts = xs
            after = _advanced(beam, log_y_t)
            return jax.tree.map(lambda new, old: jnp.where(counts, new, old), after, beam), None

        beam, _ = lax.scan(step, start, (log_y, jnp.arange(time) < steps))
        best, places = lax.top_k(jnp.logaddexp(beam.blank, beam.label), paths)
        found = jnp.where((best > -jnp.inf)[:, None], beam.labels[places], -1)
        return _merged(found, found), best

    return jax.vmap(search)(log_y, steps)


def _advanced(beam: _Beam, log_y: Array) -> _Beam:
    """Return the likeliest beginnings after one more step, with the log probabilities ``(categories,)``."""
    width, categories = len(beam.last), len(log_y) - 1
    total = jnp.logaddexp(beam.blank, beam.label)
    alive = total > -jnp.inf
    # Which beginning in the beam another one continues by one label. (continued, which)
    continues = (beam.parent[:, None] == beam.key).all(axis=-1) & (beam.length[:, None] == beam.length + 1)
    continues &= alive[:, None] & alive
    has_parent, parent = continues.any(axis=1), jnp.argmax(continues, axis=1)

    # Those that stay: a blank is added, the last label is repeated, or paths of the one that they continue join in.
    joining = jnp.where(beam.last == beam.last[parent], beam.blank[parent], total[parent])
    joining = jnp.where(has_parent, joining, -jnp.inf)
    blank = total + log_y[-1]
    label = jnp.where(beam.length > 0, jnp.logaddexp(beam.label, joining) + log_y[beam.last], -jnp.inf)

    # Those that are made new: each label behind each beginning, unless that is in the beam. (width, categories)
    every = jnp.arange(categories)
    made = log_y[:-1] + jnp.where(every == beam.last[:, None], beam.blank[:, None], total[:, None])
    there = jnp.zeros((width, categories), bool).at[parent, beam.last].max(has_parent, mode="drop")
    made = jnp.where(there, -jnp.inf, made).reshape(-1)

    best, places = lax.top_k(jnp.concatenate([jnp.logaddexp(blank, label), made]), width)
    is_new = places >= width
    source, added = jnp.divmod(places - width, max(categories, 1))
    source = jnp.where(is_new, source, places)
    kept: _Beam = jax.tree.map(lambda entry: entry[source], beam)
    added = added.astype("int32")
    at_end = jnp.arange(beam.labels.shape[1]) == kept.length[:, None]
    key = kept.key * jnp.array(_PRIMES, "uint32") + added[:, None].astype("uint32") + 1
    return _Beam(
        jnp.where(is_new[:, None] & at_end, added[:, None], kept.labels),
        kept.length + is_new,
        jnp.where(is_new, added, kept.last),
        jnp.where(is_new, -jnp.inf, blank[source]),
        jnp.where(is_new, best, label[source]),
        jnp.where(is_new[:, None], key, kept.key),
        jnp.where(is_new[:, None], kept.key, kept.parent),
    )


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> NoReturn:
    """Raise: there are no sparse tensors, which the CTC loss of TensorFlow takes.

    Raises:
        NotImplementedError: always; it says what to use.
    """
    raise NotImplementedError(
        "K.ctc_label_dense_to_sparse(): jkeras computes with JAX and has no sparse tensors of TensorFlow. K.ctc_batch_cost takes "
        "the labels as they are, (samples, max_string_length), with their lengths."
    )
