"""A model that is compiled, trained and asked: Keras 1's shell, thin over `data`, `step` and `loop`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jkeras import optimizers
from jkeras.callbacks import BaseLogger, CallbackList, History, ProgbarLogger
from jkeras.engine import data as standard
from jkeras.engine import loop, tree
from jkeras.engine.container import Container
from jkeras.engine.data import check_array_lengths
from jkeras.engine.interrupts import deferred_interrupts
from jkeras.engine.losses import Objective, make_objective
from jkeras.engine.node import one_or_list
from jkeras.engine.step import Batch, Carry, Programs
from jkeras.errors import did_you_mean
from jkeras.typing import Key

__all__ = ["Model"]


class Memory:
    """What a compiled model remembers for its optimizer.

    Attributes:
        opt_state: replaced after every step.
    """

    def __init__(self, opt_state: Any):
        self.opt_state = opt_state


class Model(Container):
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
    _objective: Objective | None = None
    _memory: Memory | None = None
    _programs: Programs | None = None
    _base_key: Key | None = None
    steps_done = 0
    _inference_steps = 0

    # ---- compile

    def compile(
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any = None,
        loss_weights: Any = None,
        sample_weight_mode: Any = None,
        **kwargs: Any,
    ) -> None:
        """Fix how the model is trained. What trains is read now from the layers' flags `trainable`.

        Args:
            optimizer: a name, an object of `jkeras.optimizers`, or any gradient transformation (an object with ``init`` and
                ``update``).
            loss: a name or function of `jkeras.objectives`; a list or dict by output name for several outputs.
            metrics: a list such as ``['accuracy']``, or a dict by output name.
            loss_weights: factors of the losses in the total: a list or dict by output name.
            sample_weight_mode: ``'temporal'`` for a weight for each time step; a list or dict for several outputs.
            **kwargs: none are known here.

        Raises:
            ValueError: a name is not known, or something does not fit the outputs.
        """
        for keyword in kwargs:
            known = ["optimizer", "loss", "metrics", "loss_weights", "sample_weight_mode"]
            raise TypeError(f"compile: unknown keyword argument {keyword!r}.{did_you_mean(keyword, known)}")
        shapes = [tensor.shape for tensor in self.outputs]
        objective = make_objective(self.output_names, shapes, loss, metrics, loss_weights, sample_weight_mode)
        self.optimizer = optimizers.get(optimizer)
        self.loss, self.metrics, self.loss_weights = loss, metrics or [], loss_weights
        self.sample_weight_mode = sample_weight_mode
        self._objective = objective
        # Flags may have changed since the ledger was made.
        self._ledger = tree.survey(self)
        trainable = {place.path for place in self._ledger.places if place.trainable}
        self._trainable_places = [place for place in self._ledger.places if place.path in trainable]
        self._frozen_places = [place for place in self._ledger.places if place.path not in trainable]
        self._programs = Programs(self, objective, self.optimizer.update)
        self._memory = None
        self._prepare_optimizer()

    def _prepare_optimizer(self) -> None:
        own, frozen = self._carried_params()
        del frozen
        self._memory = Memory(self.optimizer.init(own))
        if hasattr(self.optimizer, "attach"):
            self.optimizer.attach(self._memory, self._optimizer_order())

    def _optimizer_order(self) -> list[tuple[str, ...]]:
        """Return the paths of all trainable weights as Keras 1 orders them in files: by the weights' names."""
        named = [
            (place.layer.weight_name(spec), (*place.path, spec.name))
            for place in self._trainable_places
            for spec in place.layer.weight_declarations
            if spec.trainable
        ]
        return [path for _, path in sorted(named, key=lambda pair: pair[0])]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `train_on_batch` and `evaluate` return."""
        return list(self._compiled("metrics_names").names)

    def _compiled(self, method: str) -> Objective:
        if self._objective is None:
            raise RuntimeError(
                f"Model {self.name!r} is not compiled: call model.compile(optimizer, loss) before {method}()."
            )
        return self._objective

    # ---- arrays on their way between layers and steps

    @property
    def programs(self) -> Programs:
        """The compiled functions; for prediction they exist without `compile`."""
        if self._programs is None:
            self._programs = Programs(self)
        return self._programs

    @property
    def base_key(self) -> Key:
        """The key from which those of all training steps are made; drawn from ``np.random`` once."""
        if self._base_key is None:
            self._base_key = jax.random.key(np.random.randint(0, 2**31 - 1))
        return self._base_key

    def inference_keys(self, samples: int, batch_size: int) -> tuple[Key, int]:
        """Return the key and the number of the first step for an inference of this size."""
        first = self._inference_steps
        self._inference_steps += -(-samples // batch_size)
        return self.base_key, 2**30 + first  # far from the numbers of training steps

    def gather(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return ``(params, state)`` as the layers hold them now, for a call that changes nothing."""
        return (
            self.ledger.gather(lambda place: place.layer.own_arrays(True)),
            self.ledger.gather(lambda place: place.layer.own_arrays(False)),
        )

    def keep_state(self, state: Mapping[str, Any]) -> None:
        """Give the layers the state after an inference."""
        tree.hand_back(self.ledger.places, state, lambda layer, arrays: layer.store_own(arrays, False))

    def _carried_params(self) -> tuple[dict[str, Any], dict[str, Any]]:
        own = tree.Ledger(self._trainable_places, []).gather(lambda place: place.layer.own_arrays(True))
        frozen = tree.Ledger(self._frozen_places, []).gather(lambda place: place.layer.own_arrays(True))
        return own, frozen

    def train_with(self, program: Callable[..., tuple[Carry, Any]], *arguments: Any) -> Any:
        """Run a training program and give the layers their new arrays, with no moment at which they have none.

        Args:
            program: ``(carry, frozen, *arguments, key, step) -> (carry, result)``; it consumes the carry's buffers.

        Returns:
            The program's result.
        """
        memory = self._memory
        if memory is None:
            raise RuntimeError(f"Model {self.name!r} is not compiled.")
        self.reclaim()
        with deferred_interrupts():
            own, frozen = self._carried_params()
            state = self.ledger.gather(lambda place: place.layer.own_arrays(False))
            carry = Carry(own, state, memory.opt_state)
            carry, result = program(carry, frozen, *arguments, self.base_key, self.steps_done)
            memory.opt_state = carry.opt_state
            tree.hand_back(self._trainable_places, carry.trainable, lambda layer, arrays: layer.store_own(arrays, True))
            self.keep_state(carry.state)
        return result

    # ---- data

    def _inputs(self, x: Any, refuse_nan: bool = False) -> list[Any]:
        arrays = standard.standardize_input_data(
            x,
            self.input_names,
            [tensor.shape for tensor in self.inputs],
            check_batch_axis=False,
            dtypes=[tensor.dtype for tensor in self.inputs],
            refuse_nan=refuse_nan,
        )
        check_array_lengths(arrays)
        for position, layer in self._value_checks():
            layer.check_values(np.asarray(arrays[position]))
        return arrays

    def _value_checks(self) -> list[tuple[int, Any]]:
        """Return the inputs whose numbers a layer must see on the host first, such as an Embedding's indices."""
        positions = {id(tensor): position for position, tensor in enumerate(self.inputs)}
        return [
            (positions[id(tensor)], node.outbound_layer)
            for node in self.graph.nodes
            if hasattr(node.outbound_layer, "check_values")
            for tensor in node.input_tensors
            if id(tensor) in positions
        ]

    def _batch(self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None, method: str = "fit") -> Batch:
        """Return the arrays of a data set as the steps take them, after all checks."""
        objective = self._compiled(method)
        inputs = self._inputs(x, refuse_nan=True)
        output_shapes = [tensor.shape for tensor in self.outputs]
        # What the targets are compared with comes first: its message says what to do about integer labels.
        loose = standard.standardize_input_data(y, self.output_names, exception_prefix="model target")
        standard.check_loss_and_target_compatibility(loose, objective.losses, output_shapes, self.output_names)
        targets = standard.standardize_input_data(
            loose,
            self.output_names,
            standard.target_shapes(objective.losses, output_shapes),
            check_batch_axis=False,
            exception_prefix="model target",
            refuse_nan=True,
        )
        check_array_lengths(inputs, targets)
        sample_weights = standard.standardize_sample_or_class_weights(sample_weight, self.output_names, "sample_weight")
        class_weights = standard.standardize_sample_or_class_weights(class_weight, self.output_names, "class_weight")
        weights = [
            standard.standardize_weights(target, sample, by_class, mode)
            for target, sample, by_class, mode in zip(
                targets, sample_weights, class_weights, objective.weight_modes, strict=True
            )
        ]
        check_array_lengths(inputs, targets, weights)
        return Batch(inputs, targets, weights)

    # ---- training

    def fit(
        self,
        x: Any,
        y: Any,
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
    ) -> History:
        """Train the model.

        Args:
            x, y: arrays, lists of arrays, or dicts by name of input and output.
            batch_size: samples for each update of the weights.
            nb_epoch: the last epoch (counted from 1); training starts after `initial_epoch`.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch.
            callbacks: see `jkeras.callbacks`.
            validation_split: share of the samples, taken from the end before any shuffling, to evaluate on.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)`` to evaluate on after every epoch.
            shuffle: whether to shuffle the samples every epoch; ``'batch'`` shuffles whole batches.
            class_weight: weight by class number; a list or dict by output name for several outputs.
            sample_weight: weight of each sample; wins over `class_weight`.
            initial_epoch: where to go on with an earlier training.

        Returns:
            The `History` callback: ``history.history['loss']`` and so on, one number an epoch.

        Raises:
            RuntimeError: the model is not compiled.
            ValueError: the data do not fit the model; the message says which and how.
        """
        self._compiled("fit")
        _check_positive(batch_size=batch_size)
        batch_size, nb_epoch = int(batch_size), int(nb_epoch)
        data = self._batch(x, y, sample_weight, class_weight)
        data, validation = self._validation(data, validation_split, validation_data)
        history = History()
        users = list(callbacks or [])
        everyone = CallbackList(
            [BaseLogger(), *users, history, *([ProgbarLogger()] if verbose else [])]
        )
        names = _unique(self.metrics_names)
        everyone.set_model(self)
        everyone.set_params(
            {
                "batch_size": batch_size,
                "nb_epoch": nb_epoch,
                "nb_sample": len(data.inputs[0]),
                "verbose": verbose,
                "do_validation": validation is not None,
                "metrics": names + ([f"val_{name}" for name in names] if validation is not None else []),
            }
        )
        for callback in users:
            callback.validation_data = None if validation is None else [a for part in validation for a in part]
        if verbose and validation is not None:
            print(f"Train on {len(data.inputs[0])} samples, validate on {len(validation.inputs[0])} samples")
        self.history = history
        loop.fit(
            self,
            data,
            validation,
            batch_size=batch_size,
            nb_epoch=nb_epoch,
            initial_epoch=initial_epoch,
            shuffle=shuffle,
            callbacks=everyone,
            names=names,
        )
        return history

    def _validation(self, data: Batch, split: float, given: Any) -> tuple[Batch, Batch | None]:
        if given is not None:
            if not isinstance(given, list | tuple) or len(given) not in (2, 3):
                raise ValueError(
                    "validation_data is (x, y) or (x, y, sample_weight); got "
                    f"{type(given).__name__}{f' of {len(given)} entries' if isinstance(given, list | tuple) else ''}."
                )
            return data, self._batch(*given, method="fit")
        if not split:
            return data, None
        samples = len(data.inputs[0])
        if not 0 < split < 1:
            raise ValueError(f"validation_split is a share between 0 and 1; got {split}.")
        at = int(samples * (1.0 - split))
        if at == 0 or at == samples:
            raise ValueError(f"validation_split={split} of {samples} samples leaves {at} to train and {samples - at} to validate on.")
        return (
            jax.tree.map(lambda array: array[:at], data),
            jax.tree.map(lambda array: array[at:], data),
        )

    def evaluate(self, x: Any, y: Any, batch_size: int = 32, verbose: int = 1, sample_weight: Any = None) -> Any:
        """Return the loss, and the metrics if there are any, averaged over all samples.

        Returns:
            A number, or a list of numbers in the order of `metrics_names`.
        """
        _check_positive(batch_size=batch_size)
        data = self._batch(x, y, sample_weight, method="evaluate")
        return one_or_list(loop.evaluate(self, data, batch_size=int(batch_size), verbose=verbose))

    def predict(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """Return the outputs for all samples: an array, or a list of arrays for several outputs."""
        _check_positive(batch_size=batch_size)
        return one_or_list(loop.predict(self, self._inputs(x), batch_size=int(batch_size), verbose=verbose))

    def train_on_batch(self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Any:
        """Update the weights once, on the given samples; return loss and metrics as `evaluate` does."""
        batch = self._batch(x, y, sample_weight, class_weight, method="train_on_batch")
        report = self.train_with(self.programs.train_batch, batch)
        self.steps_done += 1
        return one_or_list(np.asarray(report).tolist())

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return loss and metrics of the given samples as one batch."""
        batch = self._batch(x, y, sample_weight, method="test_on_batch")
        params, state = self.gather()
        state, report = self.programs.test_batch(params, state, batch, *self.inference_keys(1, 1))
        self.keep_state(state)
        return one_or_list(np.asarray(report).tolist())

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for the given samples as one batch."""
        inputs = self._inputs(x)
        params, state = self.gather()
        state, outputs = self.programs.predict_batch(params, state, inputs, *self.inference_keys(1, 1))
        self.keep_state(state)
        return one_or_list([np.array(output) for output in outputs])


def _unique(names: Sequence[str]) -> list[str]:
    """Number the names that occur more than once, as Keras 1 does for logs."""
    return [
        f"{name}_{list(names[: index + 1]).count(name)}" if list(names).count(name) > 1 else name
        for index, name in enumerate(names)
    ]


def _check_positive(**values: Any) -> None:
    for name, value in values.items():
        if not isinstance(value, int | float | np.number) or isinstance(value, bool) or value <= 0 or value != int(value):
            raise ValueError(f"{name} is a positive whole number; got {value!r}.")
