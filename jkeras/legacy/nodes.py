"""How a graph of Keras 0.3 is made: inputs, nodes and outputs by name, each a call of the functional API."""

from collections.abc import Mapping, Sequence
from typing import Any

from jkeras.compat.keras03 import refuse_unknown
from jkeras.engine.attributes import is_connected
from jkeras.engine.graph import Graph as Calls
from jkeras.engine.input import InputLayer
from jkeras.engine.layer import Layer
from jkeras.engine.model import Model
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.errors import did_you_mean
from jkeras.layers.merge import Merge
from jkeras.typing import Config, Shape

__all__ = ["Nodes"]

_DTYPES = {"float": None, "int": "int32"}


class _ByName(list[KerasTensor]):
    """The input or output tensors of a graph: a list as every model has it, and by name as a dict of layers."""

    def __init__(self, tensors: Sequence[KerasTensor], layers: Mapping[str, Layer]):
        super().__init__(tensors)
        self.layers = dict(layers)

    def __getitem__(self, key: Any) -> Any:
        if not isinstance(key, str):
            return super().__getitem__(key)
        if key not in self.layers:
            raise KeyError(f"There is no {key!r}.{did_you_mean(key, self.layers)}")
        return self.layers[key]

    def __contains__(self, key: object) -> bool:
        return key in self.layers if isinstance(key, str) else any(tensor is key for tensor in self)

    def get(self, key: str, default: Any = None) -> Any:
        return self.layers.get(key, default)

    def keys(self) -> Any:
        return self.layers.keys()

    def values(self) -> Any:
        return self.layers.values()

    def items(self) -> Any:
        return self.layers.items()

    def __reduce__(self) -> Any:
        return _ByName, (list(self), self.layers)


class Nodes(Model):
    """The part of `jkeras.legacy.models.Graph` that adds to it."""

    def __init__(self, name: str | None = None):
        Layer.__init__(self, name=name)
        self.nodes: dict[str, Layer] = {}
        self.input_config: list[Config] = []
        self.node_config: list[Config] = []
        self.output_config: list[Config] = []
        self._made: dict[str, KerasTensor | list[KerasTensor]] = {}  # what each input and node gives
        self._sources: dict[str, Layer] = {}
        self._results: dict[str, KerasTensor] = {}
        self._graph = self._ledger = None
        self._show([], [])

    # ---- making the graph

    def add_input(
        self,
        name: str,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        dtype: str = "float",
        **kwargs: Any,
    ) -> None:
        """Add an input.

        Args:
            name: by which data are given.
            input_shape: of one sample, or
            batch_input_shape: the same with the batch dimension.
            dtype: ``'float'`` or ``'int'``, the latter for word indices; or the full name of a dtype.

        Raises:
            ValueError: the name is taken, or there is no shape.
        """
        if "ndim" in kwargs:
            raise TypeError(
                f"Graph.add_input({name!r}): ndim= is of Keras 0.1. Give the shape of one sample, input_shape=(784,) for vectors."
            )
        refuse_unknown("Graph.add_input", kwargs, ["name", "input_shape", "batch_input_shape", "dtype"])
        self._refuse_change(name)
        if (input_shape is None) == (batch_input_shape is None):
            raise ValueError(
                f"Graph.add_input({name!r}) needs one of input_shape, the shape of one sample such as (784,), and "
                "batch_input_shape, with the batch dimension."
            )
        layer = InputLayer(input_shape, batch_input_shape, _DTYPES.get(dtype, dtype), name=name)
        self._sources[name] = layer
        self._made[name] = layer.output
        config = {"name": name, "dtype": dtype}
        given = {"batch_input_shape": batch_input_shape, "input_shape": input_shape}
        self.input_config.append({**config, **{key: list(shape) for key, shape in given.items() if shape is not None}})
        self._update()

    def add_node(
        self,
        layer: Layer,
        name: str,
        input: str | None = None,
        inputs: Sequence[str] = (),
        merge_mode: str = "concat",
        concat_axis: int = -1,
        dot_axes: Any = -1,
        create_output: bool = False,
    ) -> None:
        """Add a layer behind one node or input, or behind several that are merged.

        Args:
            layer: a layer or model; it gets the name of the node.
            name: of the node.
            input: name of the node or input before it, or
            inputs: names of several.
            merge_mode: how several are merged, see `Merge`; ``'join'`` calls the layer on the list of them.
            concat_axis, dot_axes: as in `Merge`.
            create_output: whether the node is an output of its name, too.

        Raises:
            ValueError: the name is taken, or an input is not known or missing.
        """
        self._refuse_change(name)
        _check_layer(layer, "add_node")
        before = self._merged(name, input, inputs, merge_mode, concat_axis, dot_axes)
        _rename(layer, name)
        self.nodes[name], self._made[name] = layer, layer(before)
        self.node_config.append(
            _config(name, input, inputs, merge_mode, concat_axis, dot_axes, create_output=create_output)
        )
        if create_output:
            self.add_output(name, input=name)

    def add_shared_node(
        self,
        layer: Layer,
        name: str,
        inputs: Sequence[str] = (),
        merge_mode: str | None = None,
        concat_axis: int = -1,
        dot_axes: Any = -1,
        outputs: Sequence[str] = (),
        create_output: bool = False,
    ) -> None:
        """Add a layer behind each of several nodes or inputs, with the same weights.

        Args:
            layer: a layer or model; it gets the name of the node.
            name: of the node.
            inputs: names of the nodes and inputs before it.
            merge_mode: how the results are merged, see `Merge`. ``None``: they are not, each is a node of its own.
            concat_axis, dot_axes: as in `Merge`.
            outputs: without a `merge_mode`, names of the nodes that the results are.
            create_output: with a `merge_mode`, whether the merged result is an output of the name, too.

        Raises:
            ValueError: a name is taken, an input is not known, or `outputs` do not fit `inputs`.
        """
        self._refuse_change(name, *outputs)
        _check_layer(layer, "add_shared_node")
        if not inputs:
            raise ValueError(f"Graph.add_shared_node({name!r}) needs inputs=[…], the names of the nodes before it.")
        if outputs and (merge_mode is not None or len(outputs) != len(inputs)):
            raise ValueError(
                f"Graph.add_shared_node({name!r}): outputs names the results one by one where there is no merge_mode; got "
                f"{len(outputs)} names for {len(inputs)} inputs and merge_mode={merge_mode!r}."
            )
        if create_output and merge_mode in (None, "join"):
            raise ValueError(
                f"Graph.add_shared_node({name!r}): create_output needs a merge_mode that gives one tensor."
            )
        before = [self._tensor(entry) for entry in inputs]
        _rename(layer, name)
        results = [layer(tensor) for tensor in before]
        self.nodes[name], self._made[name] = layer, one_or_list(results)
        if merge_mode is not None:
            self._made[name] = _merge(results, f"merge_outputs_of_{name}", merge_mode, concat_axis, dot_axes)
        for output, result in zip(outputs, results, strict=False):
            self.nodes[output], self._made[output] = layer, result
        entry = _config(name, None, inputs, merge_mode, concat_axis, dot_axes, create_output=create_output)
        self.node_config.append({**entry, "shared": True, "outputs": list(outputs)})
        if create_output:
            self.add_output(name, input=name)

    def add_output(
        self,
        name: str,
        input: str | None = None,
        inputs: Sequence[str] = (),
        merge_mode: str = "concat",
        concat_axis: int = -1,
        dot_axes: Any = -1,
    ) -> None:
        """Make a node, or several that are merged, an output.

        Args:
            name: by which targets are given and predictions come.
            input: name of the node, or
            inputs: names of several.
            merge_mode, concat_axis, dot_axes: as in `Merge`.

        Raises:
            ValueError: the name is that of another output, or an input is not known or missing.
        """
        self._refuse_change()
        if name in self._results:
            raise ValueError(f"{self.name!r} already has an output named {name!r}.")
        result = self._merged(name, input, inputs, merge_mode, concat_axis, dot_axes)
        if isinstance(result, list):
            raise ValueError(
                f"Output {name!r} of {self.name!r} is one tensor; {input or list(inputs)} gives {len(result)}."
            )
        self._results[name] = result
        self.output_config.append(_config(name, input, inputs, merge_mode, concat_axis, dot_axes))
        self._update()

    def _refuse_change(self, *new_names: str) -> None:
        if len(self.inbound_nodes) > 1 or self._is_begun_with:
            raise RuntimeError(f"{self.name!r} is part of another model already, so nothing can be added to it.")
        for name in new_names:
            if name in self._made:
                raise ValueError(f"{self.name!r} already has a node or input named {name!r}.")

    def _tensor(self, name: str) -> Any:
        if name not in self._made:
            raise ValueError(f"{self.name!r} has no node or input named {name!r}.{did_you_mean(str(name), self._made)}")
        return self._made[name]

    def _merged(self, name: str, input: str | None, inputs: Sequence[str], mode: str, axis: int, dot_axes: Any) -> Any:
        """Return what stands before a node."""
        if isinstance(inputs, str):
            raise ValueError(
                f"{name!r} of {self.name!r}: inputs is a list of names; got {inputs!r}. Write input={inputs!r}."
            )
        if (not input) == (not inputs):
            raise ValueError(f"{name!r} of {self.name!r} needs either input='…', or inputs=[…] to merge several.")
        if input or len(inputs) == 1:
            return self._tensor(input or inputs[0])
        tensors = [tensor for entry in inputs for tensor in as_list(self._tensor(entry))]
        return _merge(tensors, f"merge_inputs_for_{name}", mode, axis, dot_axes)

    def _update(self) -> None:
        """Follow a change of the ends."""
        self._objective = self._programs = None
        self._show([], [])
        if self._results:
            tensors = [layer.inbound_nodes[0].output_tensors[0] for layer in self._sources.values()]
            self._connect(tensors, list(self._results.values()))

    def _connect(self, inputs: list[Any], outputs: list[Any]) -> None:
        super()._connect(inputs, outputs)
        self._show(inputs, outputs)

    def _show(self, inputs: list[Any], outputs: list[Any]) -> None:
        self.inputs = _ByName(inputs, self._sources)
        self.outputs = _ByName(outputs, {name: tensor.history[0] for name, tensor in self._results.items()})
        self.input_layers = list(self._sources.values())
        self.output_layers = list(self.outputs.values())
        self.input_names, self.output_names = list(self._sources), list(self._results)

    @property
    def graph(self) -> Calls:
        if not self._results:
            raise RuntimeError(f"{self.name!r} has no outputs yet: add_input, add_node, then add_output.")
        return super().graph

    @property
    def input_order(self) -> list[str]:
        """The names of the inputs, in the order in which they were added."""
        return list(self._sources)

    @property
    def output_order(self) -> list[str]:
        """The names of the outputs, in the order in which they were added."""
        return list(self._results)

    @property
    def namespace(self) -> set[str]:
        """The names of all inputs and nodes."""
        return set(self._made)

    def build(self, input_shape: Shape | None = None) -> None:
        """Check that the graph is complete. Nothing is left to do: layers are built as they are added."""
        _ = self.graph


def _check_layer(layer: Any, method: str) -> None:
    if not isinstance(layer, Layer):
        raise TypeError(f"Graph.{method} takes a layer first, then its name; got {type(layer).__name__}.")


def _rename(layer: Layer, name: str) -> None:
    """Give a layer the name of its node, unless it belongs to another model already."""
    if not is_connected(layer):
        layer.name = name


def _merge(tensors: list[KerasTensor], name: str, mode: str, concat_axis: int, dot_axes: Any) -> Any:
    if mode == "join":
        return tensors
    if len(tensors) == 1:
        return tensors[0]
    if isinstance(dot_axes, list | tuple):  # Keras 0.3 wrote ([1], [1])
        dot_axes = [axis[0] if isinstance(axis, list | tuple) and len(axis) == 1 else axis for axis in dot_axes]
    return Merge(mode=mode, concat_axis=concat_axis, dot_axes=dot_axes, name=name)(tensors)


def _config(
    name: str, input: str | None, inputs: Sequence[str], mode: Any, axis: int, dot_axes: Any, **more: Any
) -> Config:
    ends: Config = {"name": name, "inputs": list(inputs), "merge_mode": mode, "concat_axis": axis, "dot_axes": dot_axes}
    return {**ends, **({} if input is None else {"input": input}), **more}
