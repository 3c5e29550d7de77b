"""What `compile` fixes: the loss and metrics of each output, their names, and how they add up.

The total is ``Σ loss_weight · loss + regularisation``; a loss is averaged over samples as Keras 1 does it, with masks
and sample weights (see `weighted_objective`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jkeras import metrics as metrics_module
from jkeras import objectives
from jkeras.backend.config import floatx
from jkeras.backend.dispatch import op
from jkeras.backend.variables import unwrap
from jkeras.engine import infer
from jkeras.engine.node import as_list
from jkeras.errors import UnknownNameError, did_you_mean
from jkeras.typing import Array, Shape

__all__ = ["Metric", "Objective", "collect_metrics", "make_objective", "weighted_objective"]


class Metric(NamedTuple):
    """One metric function of one output."""

    output: int
    function: Callable[[Array, Array], Any]
    names: tuple[str, ...]  # the names of its values; several if it returns a dict


class Objective(NamedTuple):
    """The compiled loss and metrics of a model.

    `names` are Keras 1's ``metrics_names``: ``loss``, with several outputs the loss of each, then the metrics.
    """

    losses: tuple[Callable[[Array, Array], Array], ...]
    loss_weights: tuple[float, ...]
    metrics: tuple[Metric, ...]
    weight_modes: tuple[str | None, ...]
    names: tuple[str, ...]

    def total(
        self,
        outputs: Sequence[Array],
        masks: Sequence[Any],
        targets: Sequence[Array],
        weights: Sequence[Any],
        resolve: Callable[[Any], Any] = unwrap,
    ) -> tuple[Array, list[Array]]:
        """Return the weighted sum of the losses, and the loss of each output.

        `resolve` turns what a loss returned into an array: a loss may close over symbolic tensors of its model.
        """
        each = [
            weighted_objective(lambda y_true, y_pred, loss=loss: resolve(loss(y_true, y_pred)))(
                target, output, weight, mask
            )
            for loss, target, output, weight, mask in zip(self.losses, targets, outputs, weights, masks, strict=True)
        ]
        return sum((w * loss for w, loss in zip(self.loss_weights, each, strict=True)), jnp.zeros(())), each

    def report(
        self,
        total: Array,
        each: Sequence[Array],
        outputs: Sequence[Array],
        targets: Sequence[Array],
        resolve: Callable[[Any], Any] = unwrap,
    ) -> Array:
        """Return what is logged for a batch as one vector, in the order of `names`. Metrics ignore masks and weights."""
        values: list[Any] = [total]
        if len(each) > 1:
            values += each
        for metric in self.metrics:
            result = metric.function(targets[metric.output], outputs[metric.output])
            values += result.values() if isinstance(result, Mapping) else [result]
        return jnp.stack([jnp.mean(jnp.asarray(resolve(value), dtype=jnp.float32)) for value in values])


def weighted_objective(fn: Callable[[Array, Array], Array]) -> Callable[..., Array]:
    """Turn a loss per sample into a scalar, with Keras 1's rules for masks and sample weights.

    With a mask the losses of masked time steps do not count; with weights each sample's loss is multiplied by its
    weight, and samples of weight zero do not count as samples.
    """

    def weighted(y_true: Array, y_pred: Array, weights: Array | None = None, mask: Array | None = None) -> Array:
        score = jnp.asarray(unwrap(fn(y_true, y_pred)))
        if mask is not None:
            mask = jnp.asarray(mask, score.dtype)
            mask = mask.reshape(mask.shape + (1,) * (score.ndim - mask.ndim))
            score = score * mask
            score = score / jnp.mean(mask)
        if weights is not None:
            score = jnp.mean(score, axis=tuple(range(weights.ndim, score.ndim)))
            score = score * weights
            score = score / jnp.mean((weights != 0).astype(score.dtype))
        return jnp.mean(score)

    return op(weighted)  # scripts also use it on symbolic tensors and variables


def make_objective(
    output_names: Sequence[str],
    output_shapes: Sequence[Shape],
    loss: Any,
    metrics: Any = None,
    loss_weights: Any = None,
    sample_weight_mode: Any = None,
) -> Objective:
    """Resolve the arguments of `compile`.

    Args:
        output_names, output_shapes: of the model.
        loss: a name or function for all outputs, a list, or a dict by output name.
        metrics: a list for all outputs, or a dict by output name.
        loss_weights: a list or a dict by output name; default 1.
        sample_weight_mode: ``None`` or ``'temporal'``, a list, or a dict by output name.

    Raises:
        ValueError: a name is not known, or a list or dict does not fit the outputs.
    """
    names = list(output_names)
    losses = _loss_functions(loss, names)
    weights = [float(weight) for weight in _for_each(loss_weights, names, "loss_weights", 1.0)]
    modes = _for_each(sample_weight_mode, names, "sample_weight_mode", None)
    for mode in modes:
        if mode not in (None, "temporal"):
            raise ValueError(f"sample_weight_mode is None or 'temporal'; got {mode!r}.")
    resolved: list[Metric] = []
    for index, given in enumerate(collect_metrics(metrics, names)):
        prefix = f"{names[index]}_" if len(names) > 1 else ""
        for metric in given:
            resolved.append(_metric(metric, index, prefix, output_shapes[index], losses[index]))
    all_names = ["loss"]
    if len(names) > 1:
        all_names += [f"{name}_loss" for name in names]
    all_names += [name for metric in resolved for name in metric.names]
    return Objective(tuple(losses), tuple(weights), tuple(resolved), tuple(modes), tuple(all_names))


def _loss_functions(loss: Any, names: list[str]) -> list[Any]:
    if loss is None:
        raise ValueError("compile needs a loss, such as 'categorical_crossentropy' or 'mse'.")
    if isinstance(loss, Mapping):
        _check_keys(loss, names, "loss")
        missing = [name for name in names if name not in loss]
        if missing:
            raise ValueError(f"The dict of losses has none for the output {missing[0]!r}; the outputs are {names}.")
        return [objectives.get(loss[name]) for name in names]
    if isinstance(loss, list | tuple):
        if len(loss) != len(names):
            raise ValueError(
                f"The list of losses has {len(loss)} entries; the model has {len(names)} outputs: {names}."
            )
        return [objectives.get(entry) for entry in loss]
    return [objectives.get(loss)] * len(names)


def _for_each(given: Any, names: list[str], argument: str, default: Any) -> list[Any]:
    if given is None:
        return [default] * len(names)
    if isinstance(given, Mapping):
        _check_keys(given, names, argument)
        return [given.get(name, default) for name in names]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ValueError(f"{argument} has {len(given)} entries; the model has {len(names)} outputs: {names}.")
        return list(given)
    if argument == "loss_weights" and len(names) > 1:
        raise TypeError(
            f"loss_weights is a list with a number for each output, or a dict by output name; got {given!r}."
        )
    return [given] * len(names)


def _check_keys(given: Mapping[str, Any], names: list[str], argument: str) -> None:
    for key in given:
        if key not in names:
            raise ValueError(f"Unknown output {key!r} in the dict {argument}.{did_you_mean(str(key), names)}")


def collect_metrics(metrics: Any, output_names: Sequence[str]) -> list[list[Any]]:
    """Return the list of metrics of each output (Keras 1)."""
    names = list(output_names)
    if not metrics:
        return [[] for _ in names]
    if isinstance(metrics, Mapping):
        _check_keys(metrics, names, "metrics")
        return [as_list(metrics.get(name) or []) for name in names]
    if isinstance(metrics, list | tuple):
        return [list(metrics) for _ in names]
    raise TypeError(f"metrics is a list, such as ['accuracy'], or a dict by output name; got {metrics!r}.")


def _metric(metric: Any, output: int, prefix: str, shape: Shape, loss: Any) -> Metric:
    if metric in ("accuracy", "acc"):
        if shape[-1] == 1 or loss is objectives.binary_crossentropy:
            function = metrics_module.binary_accuracy
        elif loss is objectives.sparse_categorical_crossentropy:
            function = metrics_module.sparse_categorical_accuracy
        else:
            function = metrics_module.categorical_accuracy
        return Metric(output, function, (f"{prefix}acc",))
    try:
        function = metrics_module.get(metric)
    except UnknownNameError as error:
        # 'accuracy' is no function: which one it is depends on the loss.
        raise UnknownNameError("metric", error.name, [*metrics_module.registry.entries, "accuracy", "acc"]) from None
    return Metric(output, function, tuple(prefix + name for name in _metric_names(function, shape, loss)))


def _metric_names(function: Callable[..., Any], shape: Shape, loss: Any) -> list[str]:
    """Return the names of what a metric gives: its own, or the keys of the dict that it returns."""
    own = getattr(function, "__name__", type(function).__name__)
    if getattr(metrics_module, own, None) is function:
        return [own]
    keys: list[str] = []

    def evaluate(y_true: Array, y_pred: Array) -> None:
        result = function(y_true, y_pred)
        if isinstance(result, Mapping):
            keys.extend(result)

    target = (*shape[:-1], 1) if loss is objectives.sparse_categorical_crossentropy else shape
    abstract = [infer.abstract(target, floatx()), infer.abstract(shape, floatx())]
    jax.eval_shape(evaluate, *abstract)
    return keys or [own]
