"""Training, evaluation and prediction on batches that a generator makes."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

from jkeras.callbacks import CallbackList
from jkeras.compat.keras2 import _level_outside, accepts_keras2
from jkeras.engine import position, stateful
from jkeras.engine.copies import host_copies
from jkeras.engine.data import as_list, whole
from jkeras.engine.enqueuer import GeneratorEnqueuer, endless
from jkeras.engine.generator_passes import batches, evaluate, predict, warn_too_many
from jkeras.engine.loaders import known_samples
from jkeras.engine.node import one_or_list
from jkeras.engine.shares import next_batch, shares
from jkeras.engine.sources import Loading
from jkeras.engine.step import Batch
from jkeras.engine.trainer import Trainer

if TYPE_CHECKING:
    from jkeras.engine.model import Model

__all__ = ["TrainsOnGenerators", "Validation", "evaluate", "fit", "predict", "split", "validate"]

_FORM = "A generator of batches yields (x, y) or (x, y, sample_weight), each an array, a list or a dict"


def split(made: Any) -> tuple[Any, Any, Any]:
    """Return ``(x, y, sample_weight)`` of what a generator yielded.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(made, list | tuple) or len(made) not in (2, 3):
        what = f"{type(made).__name__}" + (f" of {len(made)} entries" if isinstance(made, list | tuple) else "")
        raise ValueError(f"{_FORM}; got {what}.")
    x, y, *weight = made
    return x, y, weight[0] if weight else None


class TrainsOnGenerators:
    """The part of a model that works on generators (Keras 1)."""

    def split_batch(self, made: Any) -> tuple[Any, Any, Any]:
        """Return ``(x, y, sample_weight)`` of what a generator for training yielded."""
        model: Any = self
        if isinstance(made, Mapping) and set(made) == {*model.input_names, *model.output_names}:
            x, y = ({name: made[name] for name in names} for names in (model.input_names, model.output_names))
            return x, y, None
        return split(made)

    def split_inputs(self, made: Any) -> Any:
        """Return the inputs of what a generator yielded, which may be made for training."""
        model: Any = self
        # A list may be one of inputs; torch's loaders yield lists too.
        several = isinstance(made, tuple) or (isinstance(made, list) and len(made) != len(model.inputs))
        return made[0] if several and len(made) in (2, 3) else made

    @accepts_keras2
    def fit_generator(
        self,
        generator: Any,
        samples_per_epoch: int,
        nb_epoch: int,
        verbose: int = 1,
        callbacks: Sequence[Any] | None = None,
        validation_data: Any = None,
        nb_val_samples: int | None = None,
        class_weight: Any = None,
        max_q_size: int = 10,
        nb_worker: int = 1,
        pickle_safe: bool = False,
        initial_epoch: int = 0,
    ) -> Any:
        """Train on batches that a generator makes, while the model computes.

        Args:
            generator: yields ``(x, y)`` or ``(x, y, sample_weight)`` without an end, each an array, a list or a dict by name.
                Something to iterate over again and again, such as a list of batches or another library's loader, will do.
            samples_per_epoch: after so many samples an epoch ends.
            nb_epoch: the last epoch (counted from 1); training starts after `initial_epoch`.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch.
            callbacks: see `jkeras.callbacks`.
            validation_data: ``(x, y)``, ``(x, y, sample_weight)`` or a generator to evaluate on after every epoch.
            nb_val_samples: how many samples of a generator to evaluate on.
            class_weight: weight by class number; a list or dict by output name for several outputs.
            max_q_size: how many batches may wait for the model.
            nb_worker: threads that ask the generator, one at a time, and put batches on the device.
            pickle_safe: asks for processes in place of threads, which JAX does not allow: a warning says so.
            initial_epoch: where to go on with an earlier training.

        Returns:
            The `History` callback.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: a batch does not fit the model, or is none; or a generator is to validate on and `nb_val_samples` is
                not given.
            Exception: whatever the generator raises.
        """
        model: Any = self
        trainer = model._compiled("fit_generator")
        samples = whole(samples_per_epoch=samples_per_epoch)
        validation = None
        if validation_data is not None:
            if isinstance(validation_data, list | tuple) and len(validation_data) in (2, 3):
                arrays = model._batch(*validation_data, method="fit_generator", loading=Loading.MEMORY)
                validation = Validation(arrays)
            elif nb_val_samples:
                validation = Validation(
                    generator=endless(validation_data), samples=whole(nb_val_samples=nb_val_samples)
                )
            else:
                raise ValueError(
                    "validation_data is a generator: say by nb_val_samples= on how many of its samples to evaluate."
                )
        model.validation_data = None if validation is None or validation.data is None else as_list(validation.data)
        names, everyone = model._listeners(
            callbacks, verbose, validation is not None, nb_epoch=int(nb_epoch), nb_sample=samples
        )
        fit(
            model, trainer, generator, validation, samples_per_epoch=samples, nb_epoch=int(nb_epoch),
            initial_epoch=int(initial_epoch), class_weight=class_weight, callbacks=everyone, names=names,
            max_q_size=max_q_size, nb_worker=nb_worker, pickle_safe=pickle_safe,
        )  # fmt: skip
        return model.history

    def _fit_loader(
        self,
        trainer: Trainer,
        loader: Any,
        nb_epoch: int,
        verbose: int,
        callbacks: Sequence[Any] | None,
        validation_data: Any,
        class_weight: Any,
        initial_epoch: int,
        isolate_state: bool,
        loading: Loading,
    ) -> Any:
        """Train on the batches of a loader, which every epoch goes through once; arguments as in `Model.fit`."""
        model: Any = self
        _, validation = model._validation(None, 0.0, validation_data, loading)
        if isinstance(validation, Batch):
            validation = Validation(validation)
        arrays = None if validation is None else validation.data
        model.validation_data = None if arrays is None else as_list(arrays)
        names, everyone = model._listeners(
            callbacks, verbose, validation is not None, nb_epoch=nb_epoch, nb_sample=known_samples(loader)
        )
        fit(
            model, trainer, loader, validation, samples_per_epoch=None, nb_epoch=nb_epoch, initial_epoch=initial_epoch,
            class_weight=class_weight, callbacks=everyone, names=names, isolate_state=isolate_state,
        )  # fmt: skip
        return model.history

    def evaluate_generator(
        self, generator: Any, val_samples: int, max_q_size: int = 10, nb_worker: int = 1, pickle_safe: bool = False
    ) -> Any:
        """Return the loss, and the metrics if there are any, averaged over batches that a generator makes.

        Args:
            generator: yields ``(x, y)`` or ``(x, y, sample_weight)``.
            val_samples: how many samples to evaluate on.
            max_q_size, nb_worker, pickle_safe: as in `fit_generator`.

        Returns:
            A number, or a list of numbers in the order of `metrics_names`.

        Raises:
            ValueError: the generator ends before.
        """
        model: Any = self
        return one_or_list(
            evaluate(
                model, model._compiled("evaluate_generator"), generator, whole(val_samples=val_samples),
                max_q_size=max_q_size, nb_worker=nb_worker, pickle_safe=pickle_safe,
            )
        )  # fmt: skip

    def predict_generator(
        self, generator: Any, val_samples: int, max_q_size: int = 10, nb_worker: int = 1, pickle_safe: bool = False
    ) -> Any:
        """Return the outputs for samples that a generator makes: an array, or a list of arrays for several outputs.

        Args:
            generator: yields inputs; of ``(x, y)`` and ``(x, y, sample_weight)`` it takes the first.
            val_samples: how many samples to predict.
            max_q_size, nb_worker, pickle_safe: as in `fit_generator`.

        Raises:
            ValueError: the generator ends before.
        """
        model: Any = self
        return one_or_list(
            predict(
                model, generator, whole(val_samples=val_samples), max_q_size=max_q_size, nb_worker=nb_worker,
                pickle_safe=pickle_safe,
            )
        )  # fmt: skip


class Validation:
    """What is evaluated after every epoch: a data set on the host, or batches.

    Args:
        data: from `Model._batch`, or
        generator: of batches, of which
        samples: are taken; ``None``: all, once, which it yields anew every time.
    """

    def __init__(self, data: Batch | None = None, generator: Any = None, samples: int | None = None):
        self.data, self.generator, self.samples = data, generator, samples


def fit(
    model: "Model",
    trainer: Trainer,
    generator: Any,
    validation: Validation | None,
    *,
    samples_per_epoch: int | None,
    nb_epoch: int,
    initial_epoch: int,
    class_weight: Any,
    callbacks: CallbackList,
    names: Sequence[str],
    max_q_size: int = 10,
    nb_worker: int = 1,
    pickle_safe: bool = False,
    isolate_state: bool = False,
) -> None:
    """Train for the epochs `initial_epoch` to `nb_epoch` (excluded); arguments as in `Model.fit_generator`.

    Args:
        samples_per_epoch: ``None``: the generator is a loader, which every epoch goes through once.
        isolate_state: as in `Model.fit`.
    """
    from jkeras.engine import loop

    def prepare(made: Any) -> Batch:
        x, y, sample_weight = model.split_batch(made)
        batch = model._batch(x, y, sample_weight, class_weight, method="fit_generator")
        size = len(batch.inputs[0]) * shares(trainer.layout)
        stateful.check_batches(model, size, size, "fit_generator")
        batch = host_copies(batch)
        if trainer.layout is None:
            return loop.on_device(batch)
        return batch if trainer.layout.placement.many_hosts else trainer.layout.batch(batch)

    callbacks.on_train_begin()
    model.stop_training = False
    initial_epoch = callbacks.first_epoch(initial_epoch)
    if initial_epoch >= nb_epoch:  # so that no generator is asked for nothing
        callbacks.on_train_end()
        return
    by_loader, enqueuer, layout = samples_per_epoch is None, None, trainer.layout
    with ExitStack() as running:
        for epoch in range(initial_epoch, nb_epoch):
            if by_loader or enqueuer is None:
                source = iter(generator) if by_loader else generator
                enqueuer = running.enter_context(batches(source, prepare, max_q_size, nb_worker, pickle_safe))
            model.check_not_moved(layout)
            position.within_epoch(model)
            callbacks.on_epoch_begin(epoch)
            seen, size, ended = _train_epoch(trainer, enqueuer, samples_per_epoch, callbacks, names)
            if samples_per_epoch is None:
                running.close()
                ended = False
                _finish_pass(callbacks, seen, epoch)
            elif ended:
                _warn_ended(seen, samples_per_epoch, epoch, nb_epoch)
                if not seen:
                    break
            elif seen > samples_per_epoch:
                warn_too_many("samples_per_epoch", seen, samples_per_epoch)
            epoch_logs = {}
            if validation is not None:
                with stateful.isolated(model) if isolate_state else nullcontext():
                    values = validate(model, trainer, validation, size, max_q_size)
                epoch_logs = {f"val_{name}": value for name, value in zip(names, values, strict=True)}
            position.reached(model, epoch + 1, random=False)  # for callbacks that save
            callbacks.on_epoch_end(epoch, epoch_logs)
            position.reached(model, epoch + 1)
            if layout is not None:
                model.stop_training = bool(layout.agreed(model.stop_training))
            if model.stop_training or ended:
                break
    callbacks.on_train_end()


def _train_epoch(
    trainer: Trainer, enqueuer: GeneratorEnqueuer, samples: int | None, callbacks: CallbackList, names: Sequence[str]
) -> tuple[int, int, bool]:
    """Train on so many samples, or until the batches end.

    Returns:
        The samples, the size of the last batch, and whether the batches have ended.
    """
    seen = number = size = 0
    while samples is None or seen < samples:
        batch = next_batch(enqueuer, trainer.layout)
        if batch is None:
            return seen, size, True
        size = len(batch.inputs[0])
        logs: dict[str, Any] = {"batch": number, "size": size}
        callbacks.on_batch_begin(number, logs)
        values = trainer.run(trainer.programs.train_batch, batch)
        logs.update(zip(names, values.tolist(), strict=True))
        callbacks.on_batch_end(number, logs)
        number += 1
        seen += size
    return seen, size, False


def _finish_pass(callbacks: CallbackList, seen: int, epoch: int) -> None:
    """Take note of how many samples a loader has: from the second epoch on the bar knows its end."""
    if not seen:
        raise ValueError(
            f"The loader given as x yielded no batches in epoch {epoch + 1}. It is iterated over once an epoch, and has to "
            "start anew each time."
        )
    for callback in callbacks.callbacks:
        if isinstance(getattr(callback, "params", None), dict):
            callback.params["nb_sample"] = seen


def validate(model: "Model", trainer: Trainer, validation: Validation, size: int, max_q_size: int = 10) -> list[float]:
    """Return the averages of loss and metrics.

    Args:
        size: samples in a batch, for a data set.
        max_q_size: how many batches of a generator may wait.
    """
    from jkeras.engine import loop

    if validation.data is not None:
        return loop.evaluate(model, trainer, loop.blocks(validation.data, size, layout=trainer.layout))
    return evaluate(model, trainer, validation.generator, validation.samples, max_q_size=max_q_size)


def _warn_ended(seen: int, wanted: int, epoch: int, nb_epoch: int) -> None:
    warnings.warn(
        f"The generator ended in epoch {epoch + 1} of {nb_epoch}, after {seen} of its {wanted} samples; training stops here. A "
        "generator for fit_generator goes on without an end: put its loop into `while True:`.",
        stacklevel=_level_outside(),
    )
