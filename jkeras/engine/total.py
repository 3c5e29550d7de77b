"""Loss and metrics of a compiled model as symbolic tensors, as scripts of Keras 1 ask for them.

Those that watch gradients::

    gradients = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    inputs = model.inputs + model.targets + model.sample_weights + [K.learning_phase()]
    look = K.function(inputs, gradients)
    look([x, y, numpy.ones(len(x)), 0])

and those that want to see more than the metrics that `compile` takes::

    model.metrics_tensors.append(K.mean(K.abs(model.layers[0].output)))
    model.metrics_names.append("code")
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from jkeras import objectives
from jkeras.backend.config import floatx
from jkeras.backend.graphs import placeholder
from jkeras.engine.contract import Context, Result
from jkeras.engine.expressions import _Expression
from jkeras.engine.losses import Metric, Objective
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.typing import Params, State

__all__ = ["HasTotalLoss"]


class _Total(_Expression):
    """The losses of the outputs, weighted and added; called on outputs, targets and sample weights."""

    def __init__(self, objective: Objective, prefix: str = "total_loss"):
        super().__init__(prefix)
        self.objective = objective

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        count = len(self.objective.losses)
        masks = ctx.mask[:count] if isinstance(ctx.mask, list) else [None] * count
        total, _ = self.objective.total(x[:count], masks, x[count : 2 * count], x[2 * count :])
        return Result(total, None, {}, 0.0)


class _Report(_Total):
    """What is logged beside the total loss; called on outputs, targets and sample weights."""

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        count = len(self.objective.losses)
        masks = ctx.mask[:count] if isinstance(ctx.mask, list) else [None] * count
        total, each = self.objective.total(x[:count], masks, x[count : 2 * count], x[2 * count :])
        values = self.objective.report(total, each, x[:count], x[count : 2 * count])
        return Result(one_or_list(list(values[1:])), None, {}, 0.0)


class _Symbols(NamedTuple):
    """The placeholders of a compiled model, and what is made of them."""

    objective: Objective
    targets: list[KerasTensor]
    weights: list[KerasTensor]
    total: Any


class _Watched(NamedTuple):
    """A tensor of the model that is logged as a metric is."""

    tensor: Any

    def __call__(self, y_true: Any, y_pred: Any) -> Any:
        return self.tensor


class _Reports(NamedTuple):
    """Lists that a script may append to, and how many entries `compile` gave them."""

    objective: Objective
    names: list[str]
    tensors: list[Any]
    given: int


class HasTotalLoss:
    """The part of a model that tells its loss and metrics as symbolic tensors of placeholders; from `compile` on."""

    name: str
    inputs: list[KerasTensor]
    outputs: list[KerasTensor]
    output_names: list[str]
    losses: list[Any]
    _symbols: _Symbols | None = None
    _reports: _Reports | None = None

    train_on_batch: Callable[..., Any]
    test_on_batch: Callable[..., Any]
    predict_on_batch: Callable[..., Any]
    _batch: Callable[..., Any]

    def _settings(self, method: str) -> Any:
        raise NotImplementedError

    @property
    def targets(self) -> list[KerasTensor]:
        """A placeholder for the targets of each output."""
        return self._symbols_of("targets").targets

    @property
    def sample_weights(self) -> list[KerasTensor]:
        """A placeholder for the sample weights of each output: ``(samples,)``, or with temporal weights ``(samples, time)``."""
        return self._symbols_of("sample_weights").weights

    @property
    def total_loss(self) -> Any:
        """The loss with all penalties, a symbolic scalar of the inputs, `targets` and `sample_weights`."""
        return self._symbols_of("total_loss").total

    def _symbols_of(self, what: str) -> _Symbols:
        objective = self._settings(what).objective
        if self._symbols is None or self._symbols.objective.losses is not objective.losses:
            targets, weights = [], []
            for name, output, loss, mode in zip(
                self.output_names, self.outputs, objective.losses, objective.weight_modes, strict=True
            ):
                shape = output._keras_shape
                sparse = loss is objectives.sparse_categorical_crossentropy
                targets.append(placeholder((*shape[:-1], 1) if sparse else shape, name=f"{name}_target"))
                weights.append(placeholder(ndim=2 if mode == "temporal" else 1, name=f"{name}_sample_weights"))
            total = _Total(objective).connect([*self.outputs, *targets, *weights], [((), "float32")])[0]
            self._symbols = _Symbols(objective, targets, weights, sum(self.losses, total))
        return self._symbols

    def given_to(
        self, objective: Objective, targets: Sequence[Any], weights: Sequence[Any]
    ) -> list[tuple[KerasTensor, Any]]:
        """Return the placeholders that a script has asked for, each with its array in a batch."""
        if self._symbols is None or self._symbols.objective.losses is not objective.losses:
            return []
        filled = [
            jnp.ones(target.shape[: 2 if mode == "temporal" else 1], floatx()) if weight is None else weight
            for target, weight, mode in zip(targets, weights, objective.weight_modes, strict=True)
        ]
        return [*zip(self._symbols.targets, targets, strict=True), *zip(self._symbols.weights, filled, strict=True)]

    # ---- what is logged

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `train_on_batch` and `evaluate` return; a name for each tensor in `metrics_tensors` may be appended."""
        return self._reports_of("metrics_names").names

    @metrics_names.setter
    def metrics_names(self, names: Sequence[str]) -> None:
        self._reports_of("metrics_names").names[:] = list(names)

    @property
    def metrics_tensors(self) -> list[Any]:
        """What is logged beside the loss, as symbolic tensors. Those of the model's graph that are appended are logged too."""
        reports = self._reports_of("metrics_tensors")
        if reports.given and not reports.tensors:
            symbols = self._symbols_of("metrics_tensors")
            values = [((), "float32")] * reports.given
            reports.tensors[:] = _Report(reports.objective, "metrics").connect(
                [*self.outputs, *symbols.targets, *symbols.weights], values
            )
        return reports.tensors

    @metrics_tensors.setter
    def metrics_tensors(self, tensors: Sequence[Any]) -> None:
        self.metrics_tensors[:] = list(tensors)

    def _reports_of(self, what: str) -> _Reports:
        objective = self._settings(what).objective
        if self._reports is None or self._reports.objective.losses is not objective.losses:
            self._reports = _Reports(objective, list(objective.names), [], len(objective.names) - 1)
        return self._reports

    def _watch(self, trainer: Any) -> None:
        """Let the steps report what a script has appended to `metrics_tensors`."""
        objective = trainer.objective
        if self._reports is None or self._reports.objective.losses is not objective.losses:
            return
        _, names, tensors, given = self._reports
        if len(tensors) <= given:
            return
        seen = [metric.function.tensor for metric in objective.metrics if isinstance(metric.function, _Watched)]
        if len(names) < len(tensors) + 1:
            raise ValueError(
                f"Model {self.name!r}: metrics_tensors has {len(tensors)} entries, and metrics_names {len(names)}, of which the "
                "first is the loss: append a name for each tensor."
            )
        for name, tensor in zip(names[given + 1 :], tensors[given:], strict=False):
            if not any(tensor is other for other in seen):
                metric = Metric(0, _Watched(tensor), (str(name),))
                objective = objective._replace(
                    metrics=(*objective.metrics, metric), names=(*objective.names, str(name))
                )
        if objective is not trainer.objective:
            trainer.report(objective)

    @property
    def loss_functions(self) -> list[Any]:
        """The loss of each output."""
        return list(self._settings("loss_functions").objective.losses)

    @property
    def sample_weight_modes(self) -> list[str | None]:
        """``None`` or ``'temporal'`` for each output."""
        return list(self._settings("sample_weight_modes").objective.weight_modes)

    # ---- Keras 1's compiled functions of lists of arrays; they compile when they are first used

    @property
    def train_function(self) -> Callable[[Sequence[Any]], list[Any]]:
        """A training step: takes the list inputs + targets + sample weights (+ the phase), returns loss and metrics."""
        return lambda arrays: as_list(self.train_on_batch(**self._parts(arrays)))

    @property
    def test_function(self) -> Callable[[Sequence[Any]], list[Any]]:
        """Loss and metrics of a batch; takes what `train_function` takes."""
        return lambda arrays: as_list(self.test_on_batch(**self._parts(arrays)))

    @property
    def predict_function(self) -> Callable[[Sequence[Any]], list[Any]]:
        """The list of outputs; takes the list of inputs (and the phase)."""
        return lambda arrays: as_list(self.predict_on_batch(one_or_list(arrays[: len(self.inputs)])))

    def _parts(self, arrays: Sequence[Any]) -> dict[str, Any]:
        ends = [0, len(self.inputs), *(len(self.inputs) + count * len(self.outputs) for count in (1, 2))]
        if len(arrays) not in (ends[-1], ends[-1] + 1):
            raise ValueError(
                f"Model {self.name!r}: train_function and test_function take the list of {ends[1]} inputs, {len(self.outputs)} "
                f"targets and as many sample weights, and if you like the phase; got {len(arrays)} entries."
            )
        parts = [one_or_list(arrays[start:end]) for start, end in itertools.pairwise(ends)]
        return dict(zip(("x", "y", "sample_weight"), parts, strict=True))  # by name: a Sequential has another order

    def _standardize_user_data(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        check_batch_dim: bool = True,
        batch_size: int | None = None,
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the arrays of the lists `inputs`, `targets` and `sample_weights`, as Keras 1's scripts feed functions of them.

        The arguments are those of `fit`; the last two have no effect: a stateful model says by itself what does not fit.
        """
        batch = self._batch(x, y, sample_weight, class_weight)
        weights = [
            np.ones(target.shape[: 2 if mode == "temporal" else 1], floatx()) if weight is None else weight
            for target, weight, mode in zip(batch.targets, batch.weights, self.sample_weight_modes, strict=True)
        ]
        return batch.inputs, batch.targets, weights

    def _make_train_function(self) -> None:
        """Do nothing: what Keras 1's scripts call before they use a model in several threads."""

    _make_test_function = _make_predict_function = _make_train_function
