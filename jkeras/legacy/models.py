"""Keras 0.3's ``Graph``: a model whose layers are added by name, with data as dicts by name.

It is a `Model`: each ``add_…`` makes the calls of the functional API, so numbers, training and the functional face are the
same. New code writes these calls itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jkeras.compat.keras03 import drop_old_compile_words, refuse_unknown
from jkeras.engine.config import describe, sharing
from jkeras.engine.node import as_list
from jkeras.engine.saving.config import layer_from_config, layer_registry, reading, scope
from jkeras.engine.sources import Loading
from jkeras.errors import did_you_mean
from jkeras.legacy.nodes import Nodes
from jkeras.typing import Config

__all__ = ["Graph"]


class Graph(Nodes):
    """A model made node by node (Keras 0.3's ``Graph``).

    Args:
        name: default ``graph_1``, ``graph_2``, …

    Data go in and come out as dicts of arrays by the names of inputs and outputs.

    Attributes:
        nodes: the layers by the names of their nodes.
        inputs, outputs: the tensors, as in every model; with a name as index, or `keys`, `values` and `items`, the layers.

    ::

        graph = Graph()
        graph.add_input(name="x", input_shape=(32,))
        graph.add_node(Dense(16), name="left", input="x")
        graph.add_node(Dense(16, activation="relu"), name="right", input="x")
        graph.add_node(Dense(1), name="both", inputs=["left", "right"])
        graph.add_output(name="y", input="both")
        graph.compile("rmsprop", {"y": "mse"})
        graph.fit({"x": x, "y": y}, nb_epoch=10)
        y = graph.predict({"x": x})["y"]
    """

    def get_input(self, train: bool = False) -> Any:
        """Return the symbolic input, or a dict of them by name where there are several."""
        super().get_input(train)
        tensors = dict(zip(self.input_names, list(self.inputs), strict=True))
        return tensors if len(tensors) > 1 else self.input

    def get_output(self, train: bool = False) -> Any:
        """Return the symbolic output, or a dict of them by name where there are several."""
        super().get_output(train)
        return dict(self._results) if len(self._results) > 1 else self.output

    # ---- training, with data by name

    def compile(  # type: ignore[override]
        self,
        optimizer: Any,
        loss: Any,
        metrics: Any = None,
        sample_weight_modes: Any = None,
        loss_weights: Any = None,
        **kwargs: Any,
    ) -> None:
        """Fix how the model is trained.

        Args:
            optimizer: as in `Model.compile`.
            loss: a dict from output to a name or function of `jkeras.objectives`; or one for all outputs.
            metrics, loss_weights: as in `Model.compile`.
            sample_weight_modes: a dict from output to ``'temporal'`` where each time step has a weight.
            **kwargs: ``theano_mode`` and ``class_mode`` are ignored, with a warning.
        """
        _ = self.graph
        drop_old_compile_words("Graph.compile", kwargs)
        known = ["optimizer", "loss", "metrics", "sample_weight_modes", "loss_weights"]
        mode = kwargs.pop("sample_weight_mode", None)
        refuse_unknown("Graph.compile", kwargs, known)
        super().compile(optimizer, loss, metrics or None, loss_weights or None, sample_weight_modes or mode or None)

    def _ends(self, data: Any, method: str, targets: bool = True) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the arrays of the inputs and of the outputs."""
        if not isinstance(data, Mapping):
            raise TypeError(
                f"Graph.{method} takes a dict of arrays by the names of inputs and outputs, {[*self._sources, *self._results]}; "
                f"got {type(data).__name__}."
            )
        known = {*self._sources, *self._results}
        needed = known if targets else set(self._sources)
        for name in data:
            if name not in known:
                raise ValueError(
                    f"{self.name!r} has no input or output named {name!r}.{did_you_mean(str(name), known)}"
                )
        missing = sorted(needed - set(data))
        if missing:
            raise ValueError(f"Graph.{method}: the data lack {missing[0]!r}; they need arrays for {sorted(needed)}.")
        ends = (
            {name: data[name] for name in self._sources},
            {name: data[name] for name in self._results if name in data},
        )
        return ends

    def _validation(self, data: Any, split: float, given: Any, loading: Loading) -> Any:
        if given is not None and given != ():
            given, *weights = given if isinstance(given, tuple | list) else (given,)
            given = (*self._ends(given, "fit"), *weights)
        return super()._validation(data, split, given or None, loading)

    def fit(  # type: ignore[override]
        self,
        data: Mapping[str, Any],
        batch_size: int = 128,
        nb_epoch: int = 100,
        verbose: int = 1,
        callbacks: Sequence[Any] = (),
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Train the model.

        Args:
            data: arrays by the names of inputs and outputs.
            validation_data: likewise, to evaluate on after every epoch; or a pair with a dict of sample weights.
            class_weight: a dict from output to weights by class number.
            sample_weight: a dict from output to a weight for each sample.
            batch_size, nb_epoch, verbose, callbacks, validation_split, shuffle: as in `Model.fit`.
            **kwargs: further arguments of `Model.fit`.

        Returns:
            The `History` callback.
        """
        x, y = self._ends(data, "fit")
        return super().fit(
            x,
            y,
            batch_size=batch_size,
            nb_epoch=nb_epoch,
            verbose=verbose,
            callbacks=list(callbacks),
            validation_split=validation_split,
            validation_data=validation_data or None,
            shuffle=shuffle,
            class_weight=class_weight or None,
            sample_weight=sample_weight or None,
            **kwargs,
        )

    def evaluate(  # type: ignore[override]
        self, data: Mapping[str, Any], batch_size: int = 128, verbose: int = 0, sample_weight: Any = None
    ) -> Any:
        """Return the loss, or a list as `metrics_names` says, averaged over all samples; `data` as in `fit`."""
        return super().evaluate(*self._ends(data, "evaluate"), batch_size, verbose, sample_weight or None)

    def predict(  # type: ignore[override]
        self, data: Mapping[str, Any], batch_size: int = 128, verbose: int = 0
    ) -> dict[str, np.ndarray]:
        """Return a dict of arrays by output; `data` holds those of the inputs."""
        x, _ = self._ends(data, "predict", targets=False)
        return self._named(super().predict(x, batch_size, verbose))

    def train_on_batch(  # type: ignore[override]
        self, data: Mapping[str, Any], class_weight: Any = None, sample_weight: Any = None
    ) -> Any:
        """Update the weights once, on the given samples; return loss and metrics as `evaluate` does."""
        x, y = self._ends(data, "train_on_batch")
        return super().train_on_batch(x, y, sample_weight or None, class_weight or None)

    def test_on_batch(self, data: Mapping[str, Any], sample_weight: Any = None) -> Any:  # type: ignore[override]
        """Return loss and metrics of the given samples as one batch."""
        return super().test_on_batch(*self._ends(data, "test_on_batch"), sample_weight or None)

    def predict_on_batch(self, data: Mapping[str, Any]) -> dict[str, np.ndarray]:  # type: ignore[override]
        """Return a dict of arrays by output for the given samples as one batch."""
        x, _ = self._ends(data, "predict_on_batch", targets=False)
        return self._named(super().predict_on_batch(x))

    # ---- the same from generators, which yield dicts, or pairs of a dict and one of sample weights

    def split_batch(self, made: Any) -> tuple[Any, Any, Any]:
        data, weight = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
        return (*self._ends(data, "fit_generator"), weight or None)

    def split_inputs(self, made: Any) -> Any:
        data = made[0] if isinstance(made, tuple) else made
        return self._ends(data, "predict_generator", targets=False)[0]

    def fit_generator(self, *args: Any, validation_data: Any = None, **kwargs: Any) -> Any:
        """Train on batches that a generator makes; see `Model.fit_generator`."""
        if isinstance(validation_data, Mapping) or (isinstance(validation_data, tuple) and len(validation_data) == 2):
            x, y, weight = self.split_batch(validation_data)
            validation_data = (x, y) if weight is None else (x, y, weight)
        return super().fit_generator(*args, validation_data=validation_data, **kwargs)

    def predict_generator(self, *args: Any, **kwargs: Any) -> dict[str, np.ndarray]:
        """Return a dict of arrays by output for samples that a generator makes; see `Model.predict_generator`."""
        return self._named(super().predict_generator(*args, **kwargs))

    def _named(self, outputs: Any) -> dict[str, np.ndarray]:
        return dict(zip(self.output_names, as_list(outputs), strict=True))

    # ---- configs

    def get_config(self) -> Config:
        """Return the config in the form of Keras 0.3 and 1.0: what was added, and the layers by node."""
        with sharing():
            nodes = {entry["name"]: describe(self.nodes[entry["name"]]) for entry in self.node_config}
        return {
            "name": self.name,
            "input_config": [dict(entry) for entry in self.input_config],
            "node_config": [dict(entry) for entry in self.node_config],
            "output_config": [dict(entry) for entry in self.output_config],
            "nodes": nodes,
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: Mapping[str, Any] | None = None) -> "Graph":
        """Make the model that `get_config` described.

        Raises:
            ValueError: `config` is not of that form.
        """
        parts = ("input_config", "node_config", "output_config", "nodes")
        if not isinstance(config, Mapping) or not all(part in config for part in parts):
            raise ValueError(
                f"The config of a Graph is a dict with the keys {', '.join(parts)}; got {str(config)[:200]}."
            )
        graph = cls(name=config.get("name"))
        outputs = {entry["name"] for entry in config["output_config"]}
        with scope(custom_objects), reading():
            for entry in config["input_config"]:
                graph.add_input(**entry)
            for entry in config["node_config"]:
                arguments = {key: value for key, value in entry.items() if key != "shared"}
                # Outputs are listed a second time, in their own order.
                arguments["create_output"] = entry.get("create_output", False) and entry["name"] not in outputs
                layer = layer_from_config(config["nodes"][entry["name"]])
                (graph.add_shared_node if entry.get("shared") else graph.add_node)(layer, **arguments)
        for entry in config["output_config"]:
            graph.add_output(**entry)
        return graph


layer_registry.register()(Graph)
