"""The loss of a compiled model as a symbolic tensor, as scripts of Keras 1 that watch gradients ask for it.

::

    gradients = model.optimizer.get_gradients(model.total_loss, model.trainable_weights)
    inputs = model.inputs + model.targets + model.sample_weights + [K.learning_phase()]
    look = K.function(inputs, gradients)
    look([x, y, numpy.ones(len(x)), 0])
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from jkeras import objectives
from jkeras.backend.graphs import placeholder
from jkeras.engine.contract import Context, Result
from jkeras.engine.expressions import _Expression
from jkeras.engine.losses import Objective
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.typing import Params, State

__all__ = ["HasTotalLoss"]


class _Total(_Expression):
    """The losses of the outputs, weighted and added; called on outputs, targets and sample weights."""

    def __init__(self, objective: Objective):
        super().__init__("total_loss")
        self.objective = objective

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        count = len(self.objective.losses)
        masks = ctx.mask[:count] if isinstance(ctx.mask, list) else [None] * count
        total, _ = self.objective.total(x[:count], masks, x[count : 2 * count], x[2 * count :])
        return Result(total, None, {}, 0.0)


class HasTotalLoss:
    """The part of a model that tells its loss as a symbolic tensor of placeholders; from `compile` on."""

    name: str
    inputs: list[KerasTensor]
    outputs: list[KerasTensor]
    output_names: list[str]
    losses: list[Any]
    _symbols: tuple[Objective, list[KerasTensor], list[KerasTensor], Any] | None = None

    train_on_batch: Callable[..., Any]
    test_on_batch: Callable[..., Any]
    predict_on_batch: Callable[..., Any]

    def _compiled(self, method: str) -> Any:
        raise NotImplementedError

    @property
    def targets(self) -> list[KerasTensor]:
        """A placeholder for the targets of each output."""
        return self._symbols_of("targets")[1]

    @property
    def sample_weights(self) -> list[KerasTensor]:
        """A placeholder for the sample weights of each output: ``(samples,)``, or with temporal weights ``(samples, time)``."""
        return self._symbols_of("sample_weights")[2]

    @property
    def total_loss(self) -> Any:
        """The loss with all penalties, a symbolic scalar of the inputs, `targets` and `sample_weights`."""
        return self._symbols_of("total_loss")[3]

    def _symbols_of(self, what: str) -> Any:
        objective = self._compiled(what).objective
        if self._symbols is None or self._symbols[0] is not objective:
            targets, weights = [], []
            for name, output, loss, mode in zip(
                self.output_names, self.outputs, objective.losses, objective.weight_modes, strict=True
            ):
                shape = output._keras_shape
                sparse = loss is objectives.sparse_categorical_crossentropy
                targets.append(placeholder((*shape[:-1], 1) if sparse else shape, name=f"{name}_target"))
                weights.append(placeholder(ndim=2 if mode == "temporal" else 1, name=f"{name}_sample_weights"))
            total = _Total(objective).connect([*self.outputs, *targets, *weights], [((), "float32")])[0]
            self._symbols = objective, targets, weights, sum(self.losses, total)
        return self._symbols

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

    def _make_train_function(self) -> None:
        """Do nothing: what Keras 1's scripts call before they use a model in several threads."""

    _make_test_function = _make_predict_function = _make_train_function
