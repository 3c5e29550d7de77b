"""Epochs, chunks of steps, callbacks.

The data set goes to the device once. An epoch is a few calls of a compiled loop over many batches (a *chunk*), sized so
that callbacks, the progress bar and Ctrl-C are served several times a second. If a callback watches single batches,
every chunk is one batch.
"""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from jkeras.callbacks import CallbackList
from jkeras.engine.chunks import ChunkClock
from jkeras.engine.step import Batch
from jkeras.utils.progbar import Progbar

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["evaluate", "fit", "on_device", "predict", "shuffled"]


def on_device(data: Batch) -> Batch:
    """Put a data set on the device, once."""
    return jax.tree.map(jnp.asarray, data)


def shuffled(index: np.ndarray, shuffle: bool | str, batch_size: int) -> np.ndarray:
    """Return the order of the samples for one epoch.

    Args:
        index: the numbers of all samples; shuffled in place by ``np.random``, as Keras 1 does.
        shuffle: ``'batch'`` shuffles whole batches and leaves the last, short one at its place.
        batch_size: the number of samples in a batch.
    """
    if shuffle == "batch":
        count = len(index) // batch_size
        blocks = index[: count * batch_size].reshape(count, batch_size)
        np.random.shuffle(blocks)
        return np.append(blocks.ravel(), index[count * batch_size :])
    if shuffle:
        np.random.shuffle(index)
    return index


def _parts(samples: int, batch_size: int) -> list[tuple[int, int, int]]:
    """Return ``(first batch, number of batches, batch size)`` for the full batches, and for the short last one."""
    full, rest = divmod(samples, batch_size)
    parts = [(0, full, batch_size)] if full else []
    return [*parts, (full, 1, rest)] if rest else parts


def fit(
    model: "Model",
    data: Batch,
    validation: Batch | None,
    *,
    batch_size: int,
    nb_epoch: int,
    initial_epoch: int,
    shuffle: bool | str,
    callbacks: CallbackList,
    names: Sequence[str],
) -> None:
    """Train for the epochs `initial_epoch` to `nb_epoch` (excluded).

    Args:
        model: compiled; its layers hold the newest weights after every chunk.
        data: training data.
        validation: evaluated after every epoch, or ``None``.
        callbacks: all of them, in order; their methods are called here.
        names: what the logs call the values of `Model.metrics_names`.
    """
    samples = len(data.inputs[0])
    device_data = on_device(data)
    device_validation = on_device(validation) if validation is not None else None
    single = callbacks.watches_batches
    model.stop_training = False
    callbacks.on_train_begin()
    index = np.arange(samples)
    for epoch in range(initial_epoch, nb_epoch):
        callbacks.on_epoch_begin(epoch)
        index = shuffled(index, shuffle, batch_size)
        for first, count, size in _parts(samples, batch_size):
            start = first * batch_size
            rows = index[start : start + count * size].reshape(count, size)
            _train_part(model, device_data, rows, first, names, callbacks, single)
        logs: dict[str, Any] = {}
        if device_validation is not None:
            values = evaluate(model, device_validation, batch_size=batch_size)
            logs.update({f"val_{name}": value for name, value in zip(names, values, strict=True)})
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callbacks.on_train_end()


def _train_part(
    model: "Model",
    data: Batch,
    rows: np.ndarray,
    first: int,
    names: Sequence[str],
    callbacks: CallbackList,
    single: bool,
) -> None:
    """Train on batches of one size: `rows` has one row of sample numbers for each."""
    count, size = rows.shape
    clock = model.programs.clock("train")
    order = jnp.asarray(rows, jnp.int32)
    reports = jnp.zeros((count, len(names)), jnp.float32)
    done = 0
    while done < count:
        steps = 1 if single else min(clock.steps(), count - done)
        batch = first + done
        if single:
            callbacks.on_batch_begin(batch, {"batch": batch, "size": size})
        started = time.perf_counter()
        reports = model.train_with(model.programs.train_batches, reports, data, order, done, done + steps)
        values = np.asarray(reports)[done : done + steps]  # waits for the device
        clock.ran(steps, time.perf_counter() - started)
        if single:
            logs = dict(zip(names, values[0].tolist(), strict=True))
            callbacks.on_batch_end(batch, {"batch": batch, "size": size, **logs})
        else:
            callbacks.on_batches_end(batch, np.full(steps, size), names, values)
        done += steps
    model.steps_done += count


def evaluate(model: "Model", data: Batch, *, batch_size: int, verbose: int = 0) -> list[float]:
    """Return the averages of loss and metrics over `data`, weighted by batch size.

    Args:
        model: compiled.
        data: inputs, targets and weights, on the host or on the device.
        batch_size: the last batch may be smaller.
        verbose: 1 shows a progress bar.
    """
    data = on_device(data)
    samples = len(data.inputs[0])
    params, state = model.gather()
    key, step = model.inference_keys(samples, batch_size)
    total = np.zeros(len(model.metrics_names))
    bar = Progbar(samples) if verbose == 1 else None
    for first, count, size in _parts(samples, batch_size):
        reports = jnp.zeros((count, len(total)), jnp.float32)
        fixed = (params, data, first * batch_size, key, step + first)
        reports, state = _in_chunks(
            model.programs.test_batches, reports, state, fixed, count, size, bar, model.programs.clock("test")
        )
        total += np.asarray(reports, np.float64).sum(axis=0) * size
    model.keep_state(state)
    return (total / samples).tolist()


def predict(model: "Model", inputs: list[Any], *, batch_size: int, verbose: int = 0) -> list[np.ndarray]:
    """Return the outputs for all samples, as arrays that the caller may change.

    Args:
        model: built; it need not be compiled.
        inputs: one array for each input, samples first.
        batch_size: the last batch may be smaller.
        verbose: 1 shows a progress bar.
    """
    samples = len(inputs[0])
    params, state = model.gather()
    programs = model.programs
    key, step = model.inference_keys(samples, batch_size)
    if samples <= batch_size:
        state, outputs = programs.predict_batch(params, state, inputs, key, step)
        model.keep_state(state)
        return [np.array(output) for output in outputs]
    data = on_device(Batch(inputs))
    bar = Progbar(samples) if verbose == 1 else None
    pieces: list[list[np.ndarray]] = []
    for first, count, size in _parts(samples, batch_size):
        batch = [jax.ShapeDtypeStruct((size, *array.shape[1:]), array.dtype) for array in data.inputs]
        _, outputs = jax.eval_shape(programs.predict_batch, params, state, batch, key, step)
        for name, output in zip(model.output_names, outputs, strict=True):
            if output.shape[:1] != (size,):
                raise ValueError(
                    f"Output {name!r} of {model.name!r} has shape {output.shape} for a batch of {size} samples; predict needs one "
                    "row for each sample. Use predict_on_batch for a model that mixes the samples of a batch."
                )
        results = [jnp.zeros((count * size, *output.shape[1:]), output.dtype) for output in outputs]
        fixed = (params, data, first * batch_size, key, step + first)
        results, state = _in_chunks(
            programs.predict_batches, results, state, fixed, count, size, bar, programs.clock("predict")
        )
        pieces.append([np.array(result) for result in results])
    model.keep_state(state)
    return [np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*pieces, strict=True)]


def _in_chunks(
    program: Callable[..., Any],
    results: Any,
    state: Any,
    fixed: Any,
    count: int,
    size: int,
    bar: Progbar | None,
    clock: ChunkClock,
) -> tuple[Any, Any]:
    """Call ``program(results, state, first, stop, *fixed, size=size)`` until `count` batches are done."""
    done = 0
    while done < count:
        steps = min(clock.steps(), count - done)
        started = time.perf_counter()
        results, state = jax.block_until_ready(program(results, state, done, done + steps, *fixed, size=size))
        clock.ran(steps, time.perf_counter() - started)
        done += steps
        if bar is not None:
            bar.add(steps * size)
    return results, state
