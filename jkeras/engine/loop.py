"""Epochs, chunks of steps, callbacks.

The training data go to the device once. An epoch is a few calls of a compiled loop over many batches (a *chunk*),
sized so that callbacks, the progress bar and Ctrl-C are served several times a second. If a callback watches single
batches, every chunk is one batch. Data that are only evaluated go to the device in *blocks* of a fixed number of
batches, so that one program serves any number of samples. Where data are not loaded as a whole, those of training go to the
device in *loads*, of which the next one is read while the device computes (see `jkeras.engine.streaming`).
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from jkeras.callbacks import CallbackList
from jkeras.distribute.placement import Layout
from jkeras.engine import position, stateful
from jkeras.engine.chunks import ChunkClock
from jkeras.engine.sources import is_streamed
from jkeras.engine.step import Batch
from jkeras.engine.streaming import Block, Load, blocks, loads, whole_arrays
from jkeras.engine.trainer import Trainer
from jkeras.utils.progbar import Progbar

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["Block", "blocks", "chunks", "evaluate", "fit", "on_device", "predict", "shuffled"]


def on_device(data: Batch, layout: Layout | None = None) -> Batch:
    """Put a data set on the device, on each of them where there are several, unless it is one that is not loaded as a whole."""
    if is_streamed(data):
        return data
    return jax.tree.map(jax.device_put, data) if layout is None else layout.everywhere(data)


def shuffled(index: np.ndarray, shuffle: bool | str, batch_size: int, random: Any = np.random) -> np.ndarray:
    """Return the order of the samples for one epoch.

    Args:
        index: the numbers of all samples; shuffled in place by ``np.random``, as Keras 1 does.
        shuffle: ``'batch'`` shuffles whole batches and leaves the last, short one at its place.
        batch_size: the number of samples in a batch.
        random: in place of ``np.random``.
    """
    if shuffle == "batch":
        count = len(index) // batch_size
        blocks = index[: count * batch_size].reshape(count, batch_size)
        random.shuffle(blocks)
        return np.append(blocks.ravel(), index[count * batch_size :])
    if shuffle:
        random.shuffle(index)
    return index


# ---- training


def fit(
    model: "Model",
    trainer: Trainer,
    data: Batch,
    validation: Batch | Callable[[], list[float]] | None,
    *,
    batch_size: int,
    nb_epoch: int,
    initial_epoch: int,
    shuffle: bool | str,
    callbacks: CallbackList,
    names: Sequence[str],
    isolate_state: bool = False,
) -> None:
    """Train for the epochs `initial_epoch` to `nb_epoch` (excluded).

    Args:
        model: its layers hold the newest weights after every chunk.
        trainer: what `model` was compiled to.
        data: training data, on the device, or of sources.
        validation: evaluated after every epoch; or a function that evaluates; or ``None``.
        callbacks: all of them, in order; their methods are called here.
        names: what the logs call the values of `Model.metrics_names`.
        isolate_state: whether validation starts from zero states and leaves the model's as they were.
    """
    samples, layout = len(data.inputs[0]), trainer.layout
    validate = _validates(model, trainer, validation, batch_size)
    callbacks.on_train_begin()
    model.stop_training = False
    single = callbacks.watches_batches
    initial_epoch = callbacks.first_epoch(initial_epoch)
    index = position.first_order(model, initial_epoch, samples)
    for epoch in range(initial_epoch, nb_epoch):
        model.check_not_moved(layout)
        position.within_epoch(model)
        callbacks.on_epoch_begin(epoch)
        index = shuffled(index, shuffle, batch_size)
        if layout is not None:
            index = layout.agreed(index)
        for load in loads(data, index, batch_size, layout):
            _train_on(trainer, load, names, callbacks, single)
        logs: dict[str, Any] = {}
        if validate is not None:
            with stateful.isolated(model) if isolate_state else nullcontext():
                values = validate()
            logs.update((f"val_{name}", value) for name, value in zip(names, values, strict=True))
        position.reached(model, epoch + 1, index, random=False)  # for callbacks that save
        callbacks.on_epoch_end(epoch, logs)
        position.reached(model, epoch + 1, index)  # what they drew from np.random counts too
        if layout is not None:
            model.stop_training = bool(layout.agreed(model.stop_training))
        if model.stop_training:
            break
    callbacks.on_train_end()


def _validates(model: "Model", trainer: Trainer, validation: Any, batch_size: int) -> Callable[[], list[float]] | None:
    """Return a function that evaluates on a data set."""
    if not isinstance(validation, Batch):
        return validation
    if is_streamed(validation):
        return lambda: evaluate(model, trainer, blocks(validation, batch_size, layout=trainer.layout))
    held_out = list(blocks(validation, batch_size, layout=trainer.layout))
    return lambda: evaluate(model, trainer, held_out)


def _train_on(trainer: Trainer, load: Load, names: Sequence[str], callbacks: CallbackList, single: bool) -> None:
    """Train on batches of one size."""
    count, size = load.batches, load.size
    program, clock = trainer.programs.train_batches, trainer.programs.clock("train", size)
    # One call takes them along; for several calls they are on the device before.
    order = load.rows
    if order is not None and trainer.layout is not None:
        order = trainer.layout.everywhere(order)
    elif order is not None and (single or clock.steps() < count):
        order = jax.device_put(order)
    done = 0
    while done < count:
        steps = 1 if single else min(_agreed_steps(clock, trainer.layout), count - done)
        batch = load.first + done
        logs: dict[str, Any] = {"batch": batch, "size": size}
        if single:
            callbacks.on_batch_begin(batch, logs)
        started = time.perf_counter()
        values = trainer.run(program, load.data, order, done, done + steps, steps=steps)[:steps]
        clock.ran(steps, time.perf_counter() - started)
        if single:
            logs.update(zip(names, values[0].tolist(), strict=True))
            callbacks.on_batch_end(batch, logs)
        else:
            callbacks.on_batches_end(batch, np.full(steps, size), names, values)
        done += steps


# ---- inference


def evaluate(model: "Model", trainer: Trainer, data: Iterable[Block], bar: Progbar | None = None) -> list[float]:
    """Return the averages of loss and metrics over `data`, weighted by batch size.

    Args:
        model: its layers' weights are used, and their state is carried on.
        trainer: what `model` was compiled to.
        data: from `blocks`.
        bar: is moved, if given.
    """
    programs = trainer.programs
    params, state = model.gather()
    total = np.zeros(len(trainer.objective.names))
    samples = 0
    for block in data:
        seed, step = model.inference_seed(block.batches)
        clock = programs.clock("test", block.size)
        for first, stop in chunks(block, clock, bar, trainer.layout):
            state, reports = programs.test_batches(params, state, block.data, first, stop, seed, step + first)
            total += np.asarray(reports, np.float64)[first:stop].sum(axis=0) * block.size
        samples += block.batches * block.size
    model.keep_state(state)
    return (total / samples).tolist()


def predict(model: "Model", inputs: list[Any], *, batch_size: int, bar: Progbar | None = None) -> list[np.ndarray]:
    """Return the outputs for all samples, as arrays that the caller may change.

    Args:
        model: built; it need not be compiled.
        inputs: one array for each input, samples first.
        batch_size: the last batch may be smaller.
        bar: is moved, if given.
    """
    samples = len(inputs[0])
    if samples <= batch_size:
        outputs = predict_batch(model, whole_arrays(inputs))
        if bar is not None:
            bar.add(samples)
        return outputs
    programs = model.programs
    params, state = model.gather()
    row_bytes = programs.output_bytes(params, state, inputs, batch_size)
    results: list[np.ndarray] = []
    row = 0
    for block in blocks(Batch(inputs), batch_size, row_bytes, programs.layout):
        seed, step = model.inference_seed(block.batches)
        clock = programs.clock("predict", block.size)
        for first, stop in chunks(block, clock, bar, programs.layout):
            state, outputs = programs.predict_batches(params, state, block.data, first, stop, seed, step + first)
            parts = [np.asarray(output)[first:stop].reshape(-1, *output.shape[2:]) for output in outputs]
            results = results or [np.empty((samples, *part.shape[1:]), part.dtype) for part in parts]
            for result, part in zip(results, parts, strict=True):
                result[row : row + len(part)] = part
            row += (stop - first) * block.size
    model.keep_state(state)
    return results


def predict_batch(model: "Model", inputs: list[Any]) -> list[np.ndarray]:
    """Return the outputs for all samples as one batch."""
    programs = model.programs
    params, state = model.gather()
    state, outputs = programs.predict_batch(params, state, programs.enter(inputs), *model.inference_seed(1))
    model.keep_state(state)
    return [np.array(output) for output in outputs]


def _agreed_steps(clock: ChunkClock, layout: Layout | None) -> int:
    """Return how many steps the next call should run; several processes must not go by clocks of their own."""
    return clock.steps() if layout is None else int(layout.agreed(clock.steps()))


def chunks(
    block: Block, clock: ChunkClock, bar: Progbar | None, layout: Layout | None = None
) -> Iterator[tuple[int, int]]:
    """Yield the first and the last batch (excluded) of each call that works through a block, and time the call."""
    done = 0
    while done < block.batches:
        steps = min(_agreed_steps(clock, layout), block.batches - done)
        started = time.perf_counter()
        yield done, done + steps
        clock.ran(steps, time.perf_counter() - started)
        done += steps
        if bar is not None:
            bar.add(steps * block.size)
