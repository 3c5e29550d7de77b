"""One pass through what a generator makes: loss and metrics, or outputs, for so many samples; see `jkeras.engine.generators`."""

import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.compat.keras2 import _level_outside
from jkeras.distribute.placement import Layout
from jkeras.engine.copies import host_copies
from jkeras.engine.enqueuer import GeneratorEnqueuer
from jkeras.engine.shares import next_batch
from jkeras.engine.step import Batch
from jkeras.engine.trainer import Trainer

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["batches", "evaluate", "predict", "warn_too_many"]


@contextmanager
def batches(
    generator: Any, prepare: Any, max_q_size: int, nb_worker: int, pickle_safe: bool
) -> Iterator[GeneratorEnqueuer]:
    """Let threads ask a generator for batches, and prepare them, while a block runs; arguments as in `Model.fit_generator`."""
    enqueuer = GeneratorEnqueuer(generator, pickle_safe, prepare)
    enqueuer.start(nb_worker, max_q_size)
    try:
        yield enqueuer
    finally:
        enqueuer.stop()


def warn_too_many(argument: str, seen: int, wanted: int) -> None:
    """Warn that the batches made up more samples than an argument asked for."""
    warnings.warn(
        f"The generator's batches did not add up to {argument}={wanted}: {seen} samples were used. Let {argument} be a multiple of "
        "the batch size, or the number of samples after which the generator starts over.",
        stacklevel=_level_outside(),
    )


def evaluate(
    model: "Model",
    trainer: Trainer,
    generator: Any,
    val_samples: int | None,
    *,
    max_q_size: int = 10,
    nb_worker: int = 1,
    pickle_safe: bool = False,
) -> list[float]:
    """Return the averages of loss and metrics, weighted by batch size; arguments as in `Model.evaluate_generator`."""

    def prepare(made: Any) -> Batch:
        x, y, sample_weight = model.split_batch(made)
        return host_copies(model._batch(x, y, sample_weight, method="evaluate_generator"))

    total, seen = np.zeros(len(trainer.objective.names)), 0
    how = (max_q_size, nb_worker, pickle_safe)
    made = _until(generator, prepare, val_samples, "evaluate_generator", how, trainer.layout)
    with closing(made):  # ends the threads also where a step fails
        for batch in made:
            size = len(batch.inputs[0])
            model._check_one_batch(batch.inputs, "evaluate_generator")
            programs = trainer.programs
            params, state = model.gather()
            state, report = programs.test_batch(params, state, programs.enter(batch), *model.inference_seed(1))
            model.keep_state(state)
            total += np.asarray(report, np.float64) * size
            seen += size
    return (total / seen).tolist()


def predict(
    model: "Model",
    generator: Any,
    val_samples: int | None,
    *,
    max_q_size: int = 10,
    nb_worker: int = 1,
    pickle_safe: bool = False,
) -> list[np.ndarray]:
    """Return the outputs for `val_samples` samples; arguments as in `Model.predict_generator`."""
    from jkeras.engine import loop

    def prepare(made: Any) -> list[Any]:
        return host_copies(model._inputs(model.split_inputs(made)))

    parts: list[list[np.ndarray]] = []
    how = (max_q_size, nb_worker, pickle_safe)
    made = _until(generator, prepare, val_samples, "predict_generator", how, model.programs.layout)
    with closing(made):
        for inputs in made:
            model._check_one_batch(inputs, "predict_generator")
            parts.append(loop.predict_batch(model, inputs))
    return [np.concatenate(outputs)[:val_samples] for outputs in zip(*parts, strict=True)]


def _until(
    generator: Any,
    prepare: Any,
    samples: int | None,
    method: str,
    how: tuple[int, int, bool],
    layout: Layout | None,
) -> Generator[Any, None, None]:
    """Yield prepared batches of so many samples, or, for ``None``, all that a loader has.

    Raises:
        ValueError: there are none, or not so many.
    """
    source, seen = iter(generator) if samples is None else generator, 0
    with batches(source, prepare, *how) as enqueuer:
        while samples is None or seen < samples:
            batch = next_batch(enqueuer, layout)
            if batch is None:
                break
            yield batch
            seen += len((batch.inputs if isinstance(batch, Batch) else batch)[0])
    if samples is None and not seen:
        raise ValueError("The loader yielded no batches. One that was gone through has to start anew.")
    if samples is not None and seen < samples:
        raise ValueError(f"{method}: the generator ended after {seen} samples; val_samples={samples} were asked for.")
    if samples is not None and seen > samples:
        warn_too_many("val_samples", seen, samples)
