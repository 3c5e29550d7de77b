"""A model that is compiled, trained and asked: Keras 1's shell, thin over `data`, `step` and `loop`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from jkeras import optimizers
from jkeras.callbacks import BaseLogger, CallbackList, History, ProgbarLogger
from jkeras.compat.keras2 import accepts_keras2
from jkeras.distribute import hosts
from jkeras.engine import data as standard
from jkeras.engine import generators, loop, stateful, tree
from jkeras.engine.container import Container
from jkeras.engine.devices import RunsOnDevices
from jkeras.engine.generators import TrainsOnGenerators, Validation, validate
from jkeras.engine.intake import TakesData
from jkeras.engine.loaders import is_loader, refuse_one_shot, refuse_with_loader
from jkeras.engine.losses import Objective, make_objective
from jkeras.engine.node import one_or_list
from jkeras.engine.position import Position
from jkeras.engine.sources import Loading
from jkeras.engine.step import Batch, Programs
from jkeras.engine.total import HasTotalLoss
from jkeras.engine.trainer import Trainer, traced
from jkeras.errors import did_you_mean
from jkeras.utils.progbar import Progbar, echo

__all__ = ["Model"]


class Model(HasTotalLoss, Container, TakesData, TrainsOnGenerators, RunsOnDevices):  # type: ignore[misc]
    """A graph of layers that can be trained (Keras 1's ``Model``).

    Args:
        input: the symbolic input tensor, or a list of them.
        output: the symbolic output tensor, or a list of them.
        name: default ``model_1``, ``model_2``, …

    ::

        x = Input(shape=(784,))
        model = Model(input=x, output=Dense(10, activation="softmax")(x))
        model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
        model.fit(images, labels, nb_epoch=10)

    `params`, `state`, `init`, `apply` and `apply_with_state` are the functional face; see docs/functional.md.
    """

    optimizer: Any = None
    stop_training = False
    history: History | None = None
    loss: Any = None
    metrics: Any = None
    loss_weights: Any = None
    sample_weight_mode: Any = None
    validation_data: list[Any] | None = None
    _objective: Objective | None = None
    _trainer: Trainer | None = None
    _programs: Programs | None = None
    _run_seed: int | None = None  # a layer's `_seed` is that of its weights
    _symbols: Any = None  # of `HasTotalLoss`
    _reports: Any = None
    steps_done = 0
    _inference_steps = 0
    position: Position | None = None  # where `fit` is, between two epochs
    resumes_at: Position | None = None  # where it goes on, after the model was loaded

    # ---- compile

    def compile(
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        mesh: Any = None,
        rules: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Fix how the model is trained. What trains is read now from the layers' flags `trainable`.

        Args:
            optimizer: a name, an object of `jkeras.optimizers`, or any gradient transformation (an object with ``init``
                and ``update``).
            loss: a name or function of `jkeras.objectives`; a list or dict by output name for several outputs.
            metrics: a list such as ``['accuracy']``, or a dict by output name.
            loss_weights: factors of the losses in the total: a list or dict by output name.
            sample_weight_mode: ``'temporal'`` for a weight for each time step; a list or dict for several outputs.
            mesh: a `jax.sharding.Mesh` of devices to work on together; default that of the ``with data_parallel()`` around, if
                there is one, and else what `distribute` set.
            rules: for weights that are split over the mesh; see `distribute`.
            **kwargs: none are known here.

        Raises:
            ValueError: a name is not known, or something does not fit the outputs or the mesh.
        """
        for keyword in kwargs:
            known = ["optimizer", "loss", "metrics", "loss_weights", "sample_weight_mode", "mesh", "rules"]
            raise TypeError(f"compile: unknown keyword argument {keyword!r}.{did_you_mean(keyword, known)}")
        shapes = [tensor._keras_shape for tensor in self.outputs]
        objective = make_objective(self.output_names, shapes, loss, metrics, loss_weights, sample_weight_mode)
        optimizer = optimizers.get(optimizer)
        self._ledger = None  # flags `trainable` may have changed since it was made
        self._place(mesh, rules)
        self.optimizer = optimizer
        self.loss, self.metrics, self.loss_weights = loss, metrics or [], loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._trainer = Trainer(self, objective, self.optimizer)
        self._objective, self._programs = objective, None

    def drop_last(self) -> None:
        super().drop_last()
        self._objective = self._programs = self._trainer = None

    def _compiled(self, method: str) -> Trainer:
        trainer = self._settings(method)
        self._watch(trainer)
        return trainer

    def _settings(self, method: str) -> Trainer:
        self._check_placement(method)
        if self._objective is None or self._trainer is None:
            raise RuntimeError(
                f"Model {self.name!r} is not compiled: call model.compile(optimizer, loss) before {method}()."
            )
        return self._trainer

    # ---- arrays on their way between layers and steps

    @property
    def programs(self) -> Programs:
        """The compiled functions; for prediction they exist without `compile`."""
        if self._objective is not None and self._trainer is not None:
            return self._trainer.programs
        if self._programs is None:
            self._place(None, None)
            self._programs = Programs(self, layout=self.layout())
        self._programs = self._programs.current()
        return self._programs

    @property
    def seed(self) -> int:
        """What the random keys of all steps are made from; drawn from ``np.random`` once."""
        if self._run_seed is None:
            self._run_seed = int(np.random.randint(0, 2**31 - 1))
        return self._run_seed

    def inference_seed(self, steps: int) -> tuple[int, int]:
        """Return the seed, and the number of the first of so many steps of inference."""
        first = self._inference_steps
        self._inference_steps += steps
        return self.seed, 2**30 + first  # far from the numbers of training steps

    def gather(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return ``(params, state)`` as the layers hold them now, for a call that changes nothing."""
        params = self.ledger.gather(lambda place: place.layer.own_arrays(True))
        state = self.ledger.gather(lambda place: place.layer.own_arrays(False))
        return self._placed(params, state)

    def keep_state(self, state: Mapping[str, Any]) -> None:
        """Give the layers the state after an inference."""
        tree.hand_back(self.ledger.places, state, lambda layer, arrays: layer.store_own(arrays, False))

    def get_states(self) -> list[np.ndarray]:
        """Return copies of the states of all stateful layers, layer by layer."""
        return stateful.get_states(self)

    def set_states(self, states: Sequence[Any]) -> None:
        """Set the states of all stateful layers from the list that `get_states` returned; all or nothing.

        Raises:
            ValueError: the number of arrays or a shape is wrong.
        """
        stateful.set_states(self, states)

    def reset_states(self, batch_size: int | None = None) -> None:
        """Set the states of all stateful layers back to zeros.

        Args:
            batch_size: let the model work on batches of another size from now on.
        """
        stateful.reset_states(self, batch_size)

    # ---- training

    @accepts_keras2
    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        nb_epoch: int = 10,
        verbose: int = 1,
        callbacks: Sequence[Any] | None = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        isolate_state: bool = False,
        device_data: bool | int | str = "auto",
        profile: str | None = None,
    ) -> History:
        """Train the model.

        Args:
            x, y: arrays, lists of arrays, or dicts by name of input and output. Arrays may be of numpy or JAX, frames or series
                of pandas, sparse matrices of scipy, tensors of torch, memory maps, `HDF5Matrix` or data sets of h5py. Without
                `y`, `x` is a loader: something to iterate over, once an epoch, that yields batches ``(x, y)`` or
                ``(x, y, sample_weight)``, such as a list of batches or another library's data loader; it decides on the size
                and the order of the batches.
            batch_size: samples for each update of the weights.
            nb_epoch: the last epoch (counted from 1); training starts after `initial_epoch`.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch.
            callbacks: see `jkeras.callbacks`.
            validation_split: share of the samples, taken from the end before any shuffling, to evaluate on.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)`` to evaluate on after every epoch; or a loader.
            shuffle: whether to shuffle the samples every epoch; ``'batch'`` shuffles whole batches, which files are read faster
                for.
            class_weight: weight by class number; a list or dict by output name for several outputs.
            sample_weight: weight of each sample; wins over `class_weight`.
            initial_epoch: where to go on with an earlier training.
            isolate_state: for stateful models: let each validation start from zero states, and training go on with the
                states that it had. Without it validation moves the states too, as in Keras 1.
            device_data: whether all data are put on the device before training starts. ``'auto'``: if they take at most half
                of the memory that is free there; a number: if they take at most so many bytes. Otherwise they are *streamed*:
                while the device computes, the next batches are read and put there. Files, memory maps and sparse matrices are
                always streamed, unless it is True. The numbers are the same.
            profile: a folder for a trace of what ran when, of host and device, for TensorBoard's profiler or Perfetto. Traces
                are large: a few epochs of a model that was trained before, so that it is compiled, show most.

        Returns:
            The `History` callback: ``history.history['loss']`` and so on, one number an epoch.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: the data do not fit the model; the message says which and how.
        """
        trainer = self._compiled("fit")
        batch_size = standard.whole(batch_size=batch_size)
        if isinstance(shuffle, str) and shuffle != "batch":
            raise ValueError(f"shuffle is True, False or 'batch'; got {shuffle!r}.")
        nb_epoch, initial_epoch = int(nb_epoch), int(initial_epoch)
        loading = self._loading(device_data, x, y, validation_data)
        if is_loader(validation_data):
            refuse_one_shot(validation_data, nb_epoch - initial_epoch, "validation_data")
        if y is None and is_loader(x, lists=True):
            refuse_with_loader(validation_split=validation_split or None, sample_weight=sample_weight)
            refuse_one_shot(x, nb_epoch - initial_epoch, "x")
            with traced(profile):
                return self._fit_loader(
                    trainer, x, nb_epoch, verbose, callbacks, validation_data, class_weight, initial_epoch, isolate_state,
                    loading,
                )  # fmt: skip
        data = self._batch(x, y, sample_weight, class_weight, loading=loading)
        data, validation = self._validation(data, validation_split, validation_data, loading)
        samples = len(data.inputs[0])
        self._check_same_data("fit", (data, validation if isinstance(validation, Batch) else None))
        self._check_division(samples, batch_size, "fit")
        stateful.check_batches(self, samples, batch_size, "fit")
        if isinstance(validation, Batch):
            stateful.check_batches(self, len(validation.inputs[0]), batch_size, "validation")
        self.validation_data = standard.as_list(validation) if isinstance(validation, Batch) else None
        names, everyone = self._listeners(
            callbacks, verbose, validation is not None, batch_size=batch_size, nb_epoch=nb_epoch, nb_sample=samples
        )
        if verbose and isinstance(validation, Batch):
            echo(f"Train on {samples} samples, validate on {len(validation.inputs[0])} samples\n")
        data = loop.on_device(data, trainer.layout)  # the copy on the host, if it is one, can go
        by_loader = isinstance(validation, Validation)
        with traced(profile):
            loop.fit(
                self,
                trainer,
                data,
                partial(validate, self, trainer, validation, batch_size) if by_loader else validation,
                batch_size=batch_size,
                nb_epoch=nb_epoch,
                initial_epoch=initial_epoch,
                shuffle=shuffle,
                callbacks=everyone,
                names=names,
                isolate_state=isolate_state,
            )
        return self.history  # type: ignore[return-value]

    def _listeners(
        self, callbacks: Sequence[Any] | None, verbose: int, validates: bool, **params: Any
    ) -> tuple[list[str], CallbackList]:
        """Return the names that the logs have, and all callbacks of a training: the user's and the model's."""
        names = _unique(self._compiled("fit").objective.names)
        self.history = History()
        users = CallbackList(callbacks).callbacks
        if not hosts.is_first():  # which shows and records for all processes
            users, verbose = [callback for callback in users if not getattr(callback, "only_first", False)], 0
        everyone = CallbackList([BaseLogger(), *users, self.history, *([ProgbarLogger()] if verbose else [])])
        everyone.set_model(self)
        metrics = names + ([f"val_{name}" for name in names] if validates else [])
        everyone.set_params({**params, "verbose": verbose, "do_validation": validates, "metrics": metrics})
        for callback in users:
            callback.validation_data = self.validation_data
        return names, everyone

    def evaluate(self, x: Any, y: Any = None, batch_size: int = 32, verbose: int = 1, sample_weight: Any = None) -> Any:
        """Return the loss, and the metrics if there are any, averaged over all samples; or over the batches of a loader.

        Args:
            x, y, sample_weight: as in `fit`.
            batch_size: samples in a batch; a loader decides itself.
            verbose: 1 shows a bar.

        Returns:
            A number, or a list of numbers in the order of `metrics_names`.
        """
        batch_size = standard.whole(batch_size=batch_size)
        trainer = self._compiled("evaluate")
        if y is None and is_loader(x, lists=True):
            refuse_with_loader(sample_weight=sample_weight)
            refuse_one_shot(x, 1, "x")
            return one_or_list(generators.evaluate(self, trainer, x, None))
        data = self._batch(x, y, sample_weight, method="evaluate", loading=Loading.MEMORY)
        self._check_same_data("evaluate", data)
        stateful.check_batches(self, len(data.inputs[0]), batch_size, "evaluate")
        bar = Progbar(len(data.inputs[0])) if verbose == 1 else None
        return one_or_list(loop.evaluate(self, trainer, loop.blocks(data, batch_size, layout=trainer.layout), bar))

    def predict(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """Return the outputs for all samples: an array, or a list of arrays for several outputs.

        Args:
            x: inputs as in `fit`; or a loader, of whose batches the first entry is taken if they are tuples.
            batch_size: samples in a batch; a loader decides itself.
            verbose: 1 shows a bar.
        """
        batch_size = standard.whole(batch_size=batch_size)
        if is_loader(x):
            refuse_one_shot(x, 1, "x")
            return one_or_list(generators.predict(self, x, None))
        inputs = self._inputs(x, loading=Loading.MEMORY)
        self._check_predicts("predict")
        self._check_same_data("predict", inputs)
        stateful.check_batches(self, len(inputs[0]), batch_size, "predict")
        bar = Progbar(len(inputs[0])) if verbose == 1 else None
        return one_or_list(loop.predict(self, inputs, batch_size=batch_size, bar=bar))

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Any:
        """Update the weights once, on the given samples; return loss and metrics as `evaluate` does."""
        trainer = self._compiled("train_on_batch")
        batch = self._batch(x, y, sample_weight, class_weight, method="train_on_batch")
        self._check_one_batch(batch.inputs, "train_on_batch")
        self._check_same_data("train_on_batch", batch)
        programs = trainer.programs
        return one_or_list(trainer.run(programs.train_batch, programs.enter(batch)).tolist())

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return loss and metrics of the given samples as one batch."""
        trainer = self._compiled("test_on_batch")
        batch = self._batch(x, y, sample_weight, method="test_on_batch")
        self._check_one_batch(batch.inputs, "test_on_batch")
        self._check_same_data("test_on_batch", batch)
        params, state = self.gather()
        programs = trainer.programs
        state, report = programs.test_batch(params, state, programs.enter(batch), *self.inference_seed(1))
        self.keep_state(state)
        return one_or_list(np.asarray(report).tolist())

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for the given samples as one batch."""
        inputs = self._inputs(x)
        self._check_predicts("predict_on_batch")
        self._check_one_batch(inputs, "predict_on_batch")
        self._check_same_data("predict_on_batch", inputs)
        return one_or_list(loop.predict_batch(self, inputs))

    def _check_one_batch(self, inputs: list[Any], method: str) -> None:
        stateful.check_batches(self, len(inputs[0]), len(inputs[0]), method)


def _unique(names: Sequence[str]) -> list[str]:
    """Number the names that occur more than once, as Keras 1 does for logs."""
    return [
        f"{name}_{list(names[: index + 1]).count(name)}" if list(names).count(name) > 1 else name
        for index, name in enumerate(names)
    ]
