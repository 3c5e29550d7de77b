"""Sequential and Model, and the texts that models are written to and read from (Keras 1's ``keras.models``)."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, cast

import numpy as np

from jkeras.backend.config import get_uid
from jkeras.callbacks import History
from jkeras.compat import keras03
from jkeras.compat.keras2 import accepts_keras2
from jkeras.engine.config import describe, sharing
from jkeras.engine.graph import Graph as Calls
from jkeras.engine.input import Input, InputLayer
from jkeras.engine.layer import Layer, computes_with_apply
from jkeras.engine.layer_list import LayerList
from jkeras.engine.model import Model
from jkeras.engine.node import KerasTensor, Node, as_list, get_source_inputs, one_or_list
from jkeras.engine.saving.config import layer_from_config, layer_registry, reading, scope
from jkeras.engine.saving.files import load_model, save_model
from jkeras.engine.saving.json import model_from_json
from jkeras.engine.saving.yaml import model_from_yaml
from jkeras.layers.merge import Merge
from jkeras.legacy.models import Graph
from jkeras.optimizers import optimizer_from_config
from jkeras.typing import Config
from jkeras.utils.io_utils import ask_to_proceed_with_overwrite

__all__ = [
    "Graph",
    "Layer",
    "Merge",
    "Model",
    "Node",
    "Sequential",
    "ask_to_proceed_with_overwrite",
    "get_source_inputs",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "optimizer_from_config",
    "save_model",
]


class Sequential(Model):
    """A stack of layers, each with one input and one output.

    Args:
        layers: the layers, from the first to the last; more come with `add`.
        name: default ``sequential_1``, ``sequential_2``, …

    The first layer says what comes in: by ``input_shape``, ``input_dim`` or ``batch_input_shape``, or it is a model, or a
    `Merge` of several models.

    ::

        model = Sequential([Dense(32, input_dim=784), Activation("relu"), Dense(10)])
    """

    training_data: list[Any] | None = None
    """What `fit` was last given: inputs, then targets."""
    _class_mode: str | None = None
    _accuracy: Any = None  # what reports the accuracy beside what the model was compiled with; see compat.keras03

    def __init__(self, layers: Sequence[Layer] | None = None, name: str | None = None):
        Layer.__init__(self, name=name)
        self._stack: list[Layer] = []
        self._reset()
        if isinstance(layers, Layer):
            raise TypeError(
                f"Sequential takes a list of layers; got the layer {layers.name!r}. Write Sequential([layer])."
            )
        for layer in layers or []:
            self.add(layer)

    def _reset(self) -> None:
        self._graph = None
        self._ledger = None
        self.inputs = []
        self.outputs = []
        self.input_layers, self.output_layers, self.input_names, self.output_names = [], [], [], []

    # ---- the stack

    def add(self, layer: Layer) -> None:
        """Put a layer on top of the stack.

        Raises:
            TypeError: `layer` is no layer.
            ValueError: the first layer has no input shape, or `layer` does not fit the one below, or has several outputs.
        """
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Sequential.add takes a layer; got {type(layer).__name__}."
                + (" Make it first: add(Dense(32)), not add(Dense)." if isinstance(layer, type) else "")
                + (
                    " What comes in is said by the first layer: input_shape=(…)."
                    if isinstance(layer, KerasTensor)
                    else ""
                )
            )
        if any(entry is layer for entry in self._stack):
            raise ValueError(
                f"Layer {layer.name!r} is already in {self.name!r}. To share a layer use the functional API."
            )
        if any(entry.name == layer.name for entry in self.flattened_layers):
            raise RuntimeError(
                f"{self.name!r} already has a layer named {layer.name!r}. Layer names are unique in a model: give one of them "
                "another name=."
            )
        self._refuse_change_in_use("add")
        output = layer(self.outputs[0]) if self._stack else self._first_output(layer)
        if isinstance(output, list):
            raise ValueError(f"Layer {layer.name!r} has {len(output)} outputs; in a Sequential every layer has one.")
        first = layer if not self._stack and isinstance(layer, Model) else None
        inputs = first.inputs if first else self.inputs or get_source_inputs(output)
        if not self._stack and not first:
            Calls(inputs, [output], self.name)  # the models that a Merge joins may have layers of one name
        self._stack.append(layer)
        self._objective = self._programs = None
        self._connect(inputs, [output])

    @property
    def _wholes(self) -> Sequence[Node]:
        first = self._stack[0] if self._stack else None
        return [Node(first, first.inputs, first.outputs, entered=False)] if isinstance(first, Model) else []

    def _connect(self, inputs: list[Any], outputs: list[Any]) -> None:
        super()._connect(inputs, outputs)
        for call in self._wholes:
            cast(Model, call.outbound_layer)._is_begun_with = True

    def _refuse_change_in_use(self, method: str) -> None:
        if len(self.inbound_nodes) > 1 or self._is_begun_with:
            raise RuntimeError(
                f"{self.name!r} is part of another model already, so it cannot be changed by {method}(). Change it before it is "
                "called on a tensor or put into another model."
            )

    def _first_output(self, layer: Layer) -> Any:
        if isinstance(layer, Model):
            if not layer.inputs:
                raise ValueError(
                    f"The model {layer.name!r} has no layers yet; add some before adding it to {self.name!r}."
                )
            return one_or_list(layer.outputs)  # as in Keras 1 the graph goes on where that of the model ends
        if not layer.inbound_nodes:
            if layer.batch_input_shape is None:
                raise ValueError(
                    f"The first layer of a Sequential needs to know what comes in: give {type(layer).__name__}({layer.name!r}) "
                    "input_shape=(…), the shape of one sample without the batch dimension, or input_dim=… for vectors."
                )
            prefix = f"{type(layer).__name__.lower()}_input"
            name = f"{prefix}_{get_uid(prefix)}"
            return layer(Input(batch_shape=layer.batch_input_shape, dtype=layer.input_dtype, name=name))
        if len(layer.inbound_nodes) > 1:
            raise ValueError(
                f"Layer {layer.name!r} was called {len(layer.inbound_nodes)} times before; a Sequential begins with a new layer."
            )
        node = layer.inbound_nodes[0]
        if not isinstance(layer, Merge) and not all(before.is_input for before in node.inbound_layers):
            raise ValueError(
                f"Layer {layer.name!r} follows {node.inbound_layers[0].name!r} in another model; a Sequential begins with a new "
                "layer. To share this one use the functional API: call it on an Input."
            )
        return one_or_list(node.output_tensors)

    def pop(self) -> None:
        """Take the top layer off the stack.

        Raises:
            TypeError: the stack is empty.
        """
        if not self._stack:
            raise TypeError(f"There are no layers in {self.name!r}.")
        self._refuse_change_in_use("pop")
        removed = self._stack.pop()
        self._objective = self._programs = None
        if not self._stack:
            self._reset()
            self.inbound_nodes.clear()
            return
        node = self.outputs[0].node
        # The call is forgotten, unless the layer has later ones, or another layer reads what it returns.
        if node is removed.inbound_nodes[-1] and not any(
            node.output_tensors[0] in n.input_tensors for n in removed.outbound_nodes
        ):
            removed.inbound_nodes.pop()
            for layer in node.inbound_layers:
                layer.outbound_nodes.remove(node)
        self._connect(self.inputs, node.input_tensors)

    @property
    def layers(self) -> LayerList:
        """The layers as they were added."""
        return LayerList(self._stack, self)

    drop_last = pop

    @property
    def flattened_layers(self) -> list[Layer]:
        """The layers, with the layers of the models that a Merge at the bottom joins in its place."""
        first = self._stack[0] if self._stack else None
        found: list[Layer] = []
        if isinstance(first, Merge):
            for branch in first.layers or []:
                found += getattr(branch, "flattened_layers", None) or getattr(branch, "layers", None) or [branch]
            found += self._stack[1:]
        else:
            found = list(self._stack)
        return list({id(layer): layer for layer in found}.values())

    @property
    def weighted_layers(self) -> Sequence[Layer]:
        return self.flattened_layers

    @property
    def graph(self) -> Calls:
        if not self._stack:
            raise RuntimeError(f"{self.name!r} has no layers yet: add some, the first one with input_shape=(…).")
        return super().graph

    @property
    def model(self) -> "Sequential":
        """The model itself; Keras 1 kept a `Model` here."""
        return self

    def build(self, input_shape: Any = None) -> None:
        """Check that the stack is complete. Nothing is left to do: layers are built as they are added."""
        _ = self.graph

    def _inputs(self, *args: Any, **kwargs: Any) -> list[Any]:
        _ = self.graph  # says what to do if there are no layers
        return super()._inputs(*args, **kwargs)

    @computes_with_apply
    def call(self, x: Any, mask: Any = None) -> Any:
        return super().call(x, mask)

    # ---- Keras 1's argument order, and what only a Sequential has; `kwargs` hold words of Keras 0.3

    def compile(  # type: ignore[override]
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any = None,
        sample_weight_mode: Any = None,
        loss_weights: Any = None,
        **kwargs: Any,
    ) -> None:
        """Fix how the model is trained; the arguments are those of `Model.compile` in another order.

        Args:
            **kwargs: ``class_mode='binary'`` or ``'categorical'``, the accuracy that ``show_accuracy`` means.
        """
        class_mode = keras03.drop_old_compile_words("Sequential.compile", kwargs)
        super().compile(optimizer, loss, metrics, loss_weights, sample_weight_mode, **kwargs)
        self._class_mode, self._accuracy = class_mode, None

    def _showing(self, method: str, kwargs: dict[str, Any], known: Sequence[str], *words: str) -> Any:
        """Return the ``with`` block in which `method` runs, after a look at its further keywords."""
        wanted = keras03.wants_accuracy(f"Sequential.{method}", kwargs, *words)
        keras03.refuse_unknown(f"Sequential.{method}", kwargs, known)
        return keras03.showing_accuracy(self, method, self._class_mode) if wanted else nullcontext()

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
        **kwargs: Any,
    ) -> History:
        """Train the model; see `Model.fit`.

        Args:
            **kwargs: ``show_accuracy=True`` reports the accuracy too.
        """
        known = ["x", "y", "batch_size", "nb_epoch", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
                 "class_weight", "sample_weight", "initial_epoch", "isolate_state", "device_data", "profile"]  # fmt: skip
        with self._showing("fit", kwargs, known):
            history = super().fit(
                x, y, batch_size, nb_epoch, verbose, callbacks, validation_split, validation_data, shuffle, class_weight,
                sample_weight, initial_epoch, isolate_state, device_data, profile,
            )  # fmt: skip
        self.training_data = None if y is None else [*as_list(x), *as_list(y)]
        return history

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int = 32, verbose: int = 1, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Return the loss, or a list as `metrics_names` says; with ``show_accuracy=True`` the accuracy at its end."""
        with self._showing("evaluate", kwargs, ["x", "y", "batch_size", "verbose", "sample_weight"]):
            return super().evaluate(x, y, batch_size, verbose, sample_weight)

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
        **kwargs: Any,
    ) -> History:
        """Train on batches that a generator makes; see `Model.fit_generator`.

        Args:
            **kwargs: ``show_accuracy=True`` reports the accuracy too.
        """
        known = ["generator", "samples_per_epoch", "nb_epoch", "verbose", "callbacks", "validation_data", "nb_val_samples",
                 "class_weight", "max_q_size", "nb_worker", "pickle_safe", "initial_epoch"]  # fmt: skip
        with self._showing("fit_generator", kwargs, known):
            return super().fit_generator(
                generator, samples_per_epoch, nb_epoch, verbose, callbacks, validation_data, nb_val_samples, class_weight,
                max_q_size, nb_worker, pickle_safe, initial_epoch,
            )  # fmt: skip

    def evaluate_generator(
        self,
        generator: Any,
        val_samples: int,
        max_q_size: int = 10,
        nb_worker: int = 1,
        pickle_safe: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Return the loss, or a list as `metrics_names` says; see `Model.evaluate_generator`."""
        known = ["generator", "val_samples", "max_q_size", "nb_worker", "pickle_safe"]
        with self._showing("evaluate_generator", kwargs, known):
            return super().evaluate_generator(generator, val_samples, max_q_size, nb_worker, pickle_safe)

    def train_on_batch(  # type: ignore[override]
        self, x: Any, y: Any, class_weight: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Update the weights once, on the given samples; return loss and metrics as `evaluate` does."""
        with self._showing("train_on_batch", kwargs, ["x", "y", "class_weight", "sample_weight"], "accuracy"):
            return super().train_on_batch(x, y, sample_weight=sample_weight, class_weight=class_weight)

    def test_on_batch(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Return loss and metrics of the given samples as one batch."""
        with self._showing("test_on_batch", kwargs, ["x", "y", "sample_weight"], "accuracy"):
            return super().test_on_batch(x, y, sample_weight=sample_weight)

    def predict_proba(self, x: Any, batch_size: int = 32, verbose: int = 1) -> np.ndarray:
        """Return `predict`, and warn if the numbers cannot be probabilities."""
        predictions = self.predict(x, batch_size, verbose)
        if predictions.min() < 0.0 or predictions.max() > 1.0:
            warnings.warn(
                f"{self.name!r} returns values below 0 or above 1: its last layer is no softmax or sigmoid.",
                stacklevel=2,
            )
        return predictions

    def predict_classes(self, x: Any, batch_size: int = 32, verbose: int = 1) -> np.ndarray:
        """Return the most probable class of each sample: the argmax, or 0 or 1 for a single output."""
        predictions = self.predict(x, batch_size, verbose)
        if predictions.shape[-1] > 1:
            return predictions.argmax(axis=-1)
        return (predictions > 0.5).astype("int32")

    # ---- configs

    def get_config(self) -> Any:
        """Return the list of the layers' configs."""
        with sharing():
            return [describe(layer) for layer in self._stack]

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> "Sequential":
        """Make the model that `get_config` described."""
        if not isinstance(config, list | tuple):
            raise ValueError(f"The config of a Sequential is a list of layers; got {type(config).__name__}.")
        model = cls()
        with scope(custom_objects), reading():
            for entry in config:
                model.add(layer_from_config(entry))
        return model


def model_from_config(config: Config, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a model from ``{'class_name': 'Sequential' or 'Model', 'config': ...}``.

    Args:
        config: as ``{'class_name': ..., 'config': model.get_config()}``.
        custom_objects: classes and functions by name.
    """
    if isinstance(config, list):
        raise TypeError(
            "model_from_config expects a dict with 'class_name' and 'config'; got a list. For a Sequential's get_config() use "
            "Sequential.from_config(config)."
        )
    return layer_from_config(config, custom_objects)


for _class in (Model, Sequential, InputLayer):
    layer_registry.register()(_class)
