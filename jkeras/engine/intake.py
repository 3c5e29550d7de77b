"""What a model is given: checked against its inputs, outputs and losses, as the steps take it."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import numpy as np

from jkeras.engine import data as standard
from jkeras.engine.container import Container
from jkeras.engine.data import check_array_lengths
from jkeras.engine.generators import Validation
from jkeras.engine.graph import Graph
from jkeras.engine.loaders import is_loader
from jkeras.engine.sources import Loading, Source
from jkeras.engine.step import Batch

__all__ = ["TakesData"]


class TakesData:
    """The part of a model that takes data."""

    _checks: tuple[Any, list[tuple[int, Any]]] | None = None

    def _inputs(self, x: Any, refuse_nan: bool = False, loading: Loading = Loading.ALL) -> list[Any]:
        """Return an array, or a source, for each input."""
        model: Any = self
        arrays = standard.standardize_input_data(
            x,
            model.input_names,
            [tensor._keras_shape for tensor in model.inputs],
            check_batch_axis=False,
            dtypes=[tensor.dtype for tensor in model.inputs],
            refuse_nan=refuse_nan,
            loading=loading,
        )
        check_array_lengths(arrays)
        for position, layer in self._value_checks():
            arrays[position] = _with_values_checked(arrays[position], layer)
        return arrays

    def _value_checks(self) -> list[tuple[int, Any]]:
        """Return the inputs whose numbers a layer must see on the host first, such as an Embedding's indices."""
        model: Any = self
        graph = model.graph
        if self._checks is None or self._checks[0] is not graph:
            positions = {id(tensor): position for position, tensor in enumerate(model.inputs)}
            self._checks = graph, list(_value_checks(graph, positions))
        return self._checks[1]

    def _batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Any = None,
        method: str = "fit",
        loading: Loading = Loading.ALL,
    ) -> Batch:
        """Return the arrays of a data set as the steps take them, after all checks.

        Args:
            x, y, sample_weight, class_weight: as in `Model.fit`.
            method: that is called, for messages.
            loading: what is loaded now; in place of the rest there are sources.
        """
        model: Any = self
        objective = model._compiled(method).objective
        inputs = self._inputs(x, refuse_nan=True, loading=loading)
        output_shapes = [tensor._keras_shape for tensor in model.outputs]
        # What the targets are compared with comes first: its message says what to do about integer labels.
        loose = standard.standardize_input_data(y, model.output_names, exception_prefix="model target", loading=loading)
        loose = standard.check_loss_and_target_compatibility(loose, objective.losses, output_shapes, model.output_names)
        targets = standard.standardize_input_data(
            loose,
            model.output_names,
            standard.target_shapes(objective.losses, output_shapes),
            check_batch_axis=False,
            exception_prefix="model target",
            refuse_nan=True,
            loading=loading,
        )
        check_array_lengths(inputs, targets)
        sample_weights = standard.standardize_sample_or_class_weights(
            sample_weight, model.output_names, "sample_weight"
        )
        class_weights = standard.standardize_sample_or_class_weights(class_weight, model.output_names, "class_weight")
        weights = [
            standard.standardize_weights(target, sample, by_class, mode)
            for target, sample, by_class, mode in zip(
                targets, sample_weights, class_weights, objective.weight_modes, strict=True
            )
        ]
        check_array_lengths(inputs, targets, weights)
        return Batch(inputs, targets, weights)

    def _validation(self, data: Batch, split: float, given: Any, loading: Loading) -> tuple[Batch, Any]:
        """Return the data to train on, and those to validate on: a data set, a loader of batches, or ``None``."""
        if given is not None:
            if is_loader(given):
                return data, Validation(generator=given)
            if not isinstance(given, list | tuple) or len(given) not in (2, 3):
                raise ValueError(
                    "validation_data is (x, y) or (x, y, sample_weight); got "
                    f"{type(given).__name__}{f' of {len(given)} entries' if isinstance(given, list | tuple) else ''}."
                )
            return data, self._batch(*given, method="fit", loading=loading)
        if not split:
            return data, None
        samples = len(data.inputs[0])
        if not 0 < split < 1:
            raise ValueError(f"validation_split is a share between 0 and 1; got {split}.")
        at = int(samples * (1.0 - split))
        if at == 0 or at == samples:
            raise ValueError(
                f"validation_split={split} of {samples} samples leaves {at} to train and {samples - at} to validate on."
            )
        return (
            jax.tree.map(lambda array: array[:at], data),
            jax.tree.map(lambda array: array[at:], data),
        )


def _with_values_checked(array: Any, layer: Any) -> Any:
    """Return an array whose numbers a layer has seen, or a source that shows them when they are read."""
    if not isinstance(array, Source):
        # What is on the device is looked at there.
        layer.check_values(array if isinstance(array, jax.Array) else np.asarray(array))
        return array

    def check(rows: np.ndarray, where: Any) -> None:
        try:
            layer.check_values(rows)
        except ValueError as error:
            first = where.start if isinstance(where, slice) else where
            error.add_note(f"Positions count within the {len(rows)} rows that were read together, of numbers {first}.")
            raise

    return array.checked(check)


def _value_checks(graph: Graph, positions: Mapping[int, int]) -> Iterator[tuple[int, Any]]:
    """Yield (input, layer) for the layers of a graph, and of the models in it, that look at the numbers of an input.

    Args:
        positions: which input of the model each tensor, by its id, is.
    """
    for node in graph.nodes:
        if node.source:
            continue
        for place, tensor in enumerate(node.input_tensors):
            layer = node.outbound_layer
            if id(tensor) not in positions:
                continue
            if isinstance(layer, Container):
                yield from _value_checks(layer.graph, {id(layer.inputs[place]): positions[id(tensor)]})
            elif hasattr(layer, "check_values"):
                yield positions[id(tensor)], layer
