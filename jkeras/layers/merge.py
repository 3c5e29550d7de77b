"""Merge: several tensors become one."""

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import backend as K
from jkeras.backend.config import epsilon
from jkeras.backend.variables import unwrap
from jkeras.engine.config import serialise
from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer, computes_with_apply
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.engine.unkeyed import with_or_without_key
from jkeras.errors import UnknownNameError
from jkeras.layers.functions import describe, differentiates, resolve, takes_mask, told
from jkeras.layers.lambda_ import declared_shape, infer_shape
from jkeras.typing import Array, Config, Key, Params, Shape, State

__all__ = ["Merge", "merge"]


class Merge(Layer):
    """Merges the outputs of several layers, or several tensors, into one.

    Made with `layers` it is connected to their outputs at once, as the first layer of a Sequential model needs it; made
    without, it is called on a list of tensors, once. See also the function `merge`.

    Args:
        layers: list of at least two layers or models.
        mode: ``'sum'``, ``'mul'``, ``'ave'``, ``'max'`` (inputs of one shape), ``'concat'``, ``'dot'``, ``'cos'`` (two
            inputs), or a function of the list of arrays.
        concat_axis: axis that ``'concat'`` joins, counted with the batch axis.
        dot_axes: axis that ``'dot'`` and ``'cos'`` sum over, counted with the batch axis: an int for both inputs or a
            pair.
        output_shape: for a function as mode: shape of one sample of the output, or a function of the list of input
            shapes. ``None``: found by tracing.
        output_mask: for a function as mode: a function of the list of masks that returns the mask of the output.
        arguments: dict of further keyword arguments of a function as mode.
        node_indices: which call of each layer is meant; default the first.
        tensor_indices: which output of each layer is meant, where it has several.
        name: default ``merge_1``, ``merge_2``, …

    Shapes: ``'dot'`` of ``(batch, a…, k, b…)`` and ``(batch, c…, k, d…)`` is ``(batch, a…, b…, c…, d…)``; of two
    matrices ``(batch, k)`` it is ``(batch, 1)``. ``'cos'`` is ``'dot'`` divided by the product of the lengths, and at
    least by `epsilon`.

    Raises:
        TypeError: there are fewer than two inputs.
        ValueError: the mode is not known, or the shapes do not fit.
        RuntimeError: the layer is called a second time.
    """

    supports_masking = True

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        mode: str | Callable[..., Any] = "sum",
        concat_axis: int = -1,
        dot_axes: int | Sequence[int] = -1,
        output_shape: Any = None,
        output_mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        node_indices: Sequence[int] | None = None,
        tensor_indices: Sequence[int] | None = None,
        name: str | None = None,
    ):
        if mode == "join":
            raise ValueError(
                "Merge(mode='join') of Keras 0.3 gave the next layer all outputs at once. In Keras 1 that layer is called on the "
                "list of tensors, layer([a, b]); or join them by a function: mode=lambda tensors: K.concatenate(tensors)."
            )
        if not callable(mode) and mode not in _MODES:
            raise UnknownNameError("merge mode", mode, _MODES)
        self.mode = mode
        self.concat_axis = concat_axis
        self.dot_axes = dot_axes if isinstance(dot_axes, int) else _axes_pair(dot_axes)
        self.declared_shape = output_shape
        self.declared_mask = output_mask
        self.arguments = dict(arguments or {})
        self.infers_shape = not callable(mode)
        super().__init__(name=name)
        self.layers: list[Layer] | None = None
        self.made_from_layers = layers is not None
        if layers is not None:
            if not isinstance(layers, list | tuple) or len(layers) < 2:
                raise TypeError(f"Merge takes a list of at least two layers; got {layers!r}.")
            self(_outputs(layers, node_indices, tensor_indices))
            self.layers = list(layers)

    def __call__(self, x: Any, mask: Any = None) -> Any:
        if not isinstance(x, list | tuple) or len(x) < 2:
            raise TypeError(f"Merge is called on a list of at least two tensors; got {x!r}.")
        if self.inbound_nodes:
            raise RuntimeError(
                f"Layer {self.name!r} (Merge) is connected already and cannot be called again. To merge other tensors, "
                "use merge([tensor_1, tensor_2], mode=...), which makes a new layer."
            )
        if differentiates(self.mode) and all(isinstance(tensor, KerasTensor) for tensor in x):
            return one_or_list(as_list(self.mode(list(x), **self.arguments)))  # type: ignore[operator]
        output = super().__call__(x, mask)
        self.layers = self.inbound_nodes[0].inbound_layers
        return output

    # ---- shapes

    def check_input(self, shapes: Sequence[Shape]) -> None:
        if self.mode in ("sum", "mul", "ave", "max"):
            if len(set(shapes)) > 1:
                raise ValueError(f"{self._title} needs inputs of one shape; got {_listed(shapes)}.")
        elif self.mode == "concat":
            axis = self._axis(self.concat_axis, shapes[0], "concat_axis")
            if (
                len({(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}) > 1
                or len({len(shape) for shape in shapes}) > 1
            ):
                raise ValueError(
                    f"{self._title} needs inputs whose shapes agree in all axes but concat_axis={self.concat_axis}; "
                    f"got {_listed(shapes)}."
                )
        elif self.mode in ("dot", "cos"):
            if len(shapes) != 2:
                raise ValueError(f"{self._title} takes exactly two inputs; got {len(shapes)}.")
            one, two = self._dot_axes(shapes)
            if shapes[0][one] != shapes[1][two]:
                raise ValueError(
                    f"{self._title} sums over axis {one} of the first input and axis {two} of the second, whose sizes "
                    f"must agree; got {_listed(shapes)}. Set dot_axes to the axes that match."
                )

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if self.mode in ("dot", "cos"):
            self.dot_axes = self._dot_axes(input_shape)

    def _dot_axes(self, shapes: Sequence[Any]) -> list[int]:
        axes = [self.dot_axes] * 2 if isinstance(self.dot_axes, int) else self.dot_axes
        return [self._axis(axis, shape, "dot_axes") for axis, shape in zip(axes, shapes, strict=True)]

    def _axis(self, axis: int, shape: Any, argument: str) -> int:
        counted = axis + len(shape) if axis < 0 else axis
        if not (0 if argument == "concat_axis" else 1) <= counted < len(shape):
            raise ValueError(
                f"{self._title}: {argument}={axis} is no axis of an input of shape {tuple(shape)} (axis 0: the batch)."
            )
        return counted

    def get_output_shape_for(self, input_shape: Any) -> Any:
        if not callable(self.mode):
            return super().get_output_shape_for(input_shape)
        if self.declared_shape is None:
            return infer_shape(self, super().get_output_shape_for, input_shape)
        return declared_shape(self, self.declared_shape, input_shape)

    @property
    def _title(self) -> str:
        return f"Layer {self.name!r} (Merge, mode {self.mode!r})"

    # ---- computation

    def apply(self, params: Params, x: Any) -> Array:
        return self.apply_with_state(params, {}, x)[0]

    def apply_with_state(self, params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Array, State]:  # noqa: B008
        if not isinstance(x, list | tuple) or len(x) < 2:
            raise TypeError(f"{self._title} takes a list of at least two arrays; got {type(x).__name__}.")
        if not callable(self.mode):
            return _MODES[self.mode](self, list(x)), state
        arguments = {**self.arguments, "mask": ctx.mask} if takes_mask(self.mode) else self.arguments
        mode: Any = self.mode

        def compute(key: Key | None) -> Array:
            with told(ctx._replace(key=key)):
                return unwrap(mode(list(x), **arguments))

        return with_or_without_key(compute, ctx.key), state

    @computes_with_apply
    def call(self, inputs: Any, mask: Any = None) -> Any:
        return super().call(inputs, mask)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]
        """Return the mask of the output: steps that all inputs have, or the joined masks where steps are joined."""
        masks = mask if isinstance(mask, list | tuple) else [mask]
        present = [entry for entry in masks if entry is not None]
        if not present:
            return None
        if callable(self.mode):
            return self.declared_mask(list(masks)) if callable(self.declared_mask) else self.declared_mask
        if self.mode in ("dot", "cos"):
            return None
        if self.mode == "concat":
            rank = present[0].ndim
            axis = self._axis(self.concat_axis, inputs[0].shape, "concat_axis")
            if axis < rank:  # the mask has the joined axis; inputs without a mask have all steps
                whole = [
                    jnp.ones(array.shape[:rank], bool) if entry is None else entry
                    for array, entry in zip(inputs, masks, strict=True)
                ]
                return jnp.concatenate([entry.astype(bool) for entry in whole], axis)
        return functools.reduce(jnp.logical_and, present)

    # ---- configs

    def get_config(self) -> Config:
        """Return the config; that of a Merge made from `layers` holds theirs, as a Sequential model needs them."""
        config = self.get_call_config()
        return {**config, "layers": serialise(self.layers)} if self.made_from_layers else config

    def get_call_config(self) -> Config:
        """Return the config without `layers`: for a Model, whose config has all layers and calls."""
        return {
            "name": self.name,
            **describe("mode", self.mode),
            "concat_axis": self.concat_axis,
            "dot_axes": self.dot_axes,
            **describe("output_shape", self.declared_shape),
            **describe("output_mask", self.declared_mask),
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: Mapping[str, Any] | None = None) -> "Merge":
        """Make the layer from its config.

        Args:
            config: as `get_config` returns it; `layers` in it may be layers or their configs.
            custom_objects: functions by their own name or by the name of the layer.

        Raises:
            ValueError: the mode is a function that `custom_objects` does not hold.
        """
        from jkeras.engine.saving.config import layer_from_config

        config = {key: value for key, value in config.items() if key != "trainable"}
        config["mode"] = resolve(config, "mode", cls.__name__, custom_objects)
        config["output_shape"] = resolve(config, "output_shape", cls.__name__, custom_objects, optional=True)
        config["output_mask"] = resolve(config, "output_mask", cls.__name__, custom_objects)
        if config.get("layers"):
            config["layers"] = [
                layer if isinstance(layer, Layer) else layer_from_config(layer, custom_objects)
                for layer in config["layers"]
            ]
        return cls(**config)


def merge(
    inputs: Sequence[KerasTensor],
    mode: str | Callable[..., Any] = "sum",
    concat_axis: int = -1,
    dot_axes: int | Sequence[int] = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> KerasTensor:
    """Merge symbolic tensors and return the symbolic result.

    Args:
        inputs: list of at least two tensors.
        mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name: as in `Merge`.

    Raises:
        TypeError: there are fewer than two inputs, or one is no tensor.
        ValueError: the mode is not known, or the shapes do not fit.

    >>> from jkeras.engine.input import Input
    >>> merge([Input((3,)), Input((4,))], mode="concat", name="both")
    <KerasTensor 'both_out' shape=(None, 7) dtype=float32>
    """
    layer = Merge(
        mode=mode, concat_axis=concat_axis, dot_axes=dot_axes, output_shape=output_shape, output_mask=output_mask,
        arguments=arguments, name=name,
    )  # fmt: skip
    return layer(inputs)


def _sum(layer: Merge, inputs: list[Array]) -> Array:
    return functools.reduce(operator.add, inputs)


def _mul(layer: Merge, inputs: list[Array]) -> Array:
    return functools.reduce(operator.mul, inputs)


def _ave(layer: Merge, inputs: list[Array]) -> Array:
    return _sum(layer, inputs) / len(inputs)


def _max(layer: Merge, inputs: list[Array]) -> Array:
    return functools.reduce(jnp.maximum, inputs)


def _concat(layer: Merge, inputs: list[Array]) -> Array:
    return jnp.concatenate(inputs, axis=layer.concat_axis)


def _dot(layer: Merge, inputs: list[Array]) -> Array:
    return K.batch_dot(*inputs, axes=layer._dot_axes([x.shape for x in inputs]))


def _cos(layer: Merge, inputs: list[Array]) -> Array:
    axes = layer._dot_axes([x.shape for x in inputs])
    dot = K.batch_dot(*inputs, axes=axes)
    one, two = (jnp.sum(jnp.square(x), axis=axis) for x, axis in zip(inputs, axes, strict=True))
    squares = jnp.einsum("bi,bj->bij", one.reshape(len(one), -1), two.reshape(len(two), -1)).reshape(dot.shape)
    # max(sqrt(s), epsilon), written so that the gradient is finite where s is zero.
    return dot / jnp.sqrt(jnp.maximum(squares, epsilon() ** 2))


_MODES: dict[Any, Callable[[Merge, list[Array]], Array]] = {
    "sum": _sum, "mul": _mul, "concat": _concat, "ave": _ave, "cos": _cos, "dot": _dot, "max": _max,
}  # fmt: skip


def _axes_pair(axes: Any) -> list[int]:
    if not isinstance(axes, list | tuple):
        raise TypeError(f"Merge: dot_axes is an int, or a pair of ints such as (1, 2); got {axes!r}.")
    if len(axes) != 2 or not all(isinstance(axis, int) for axis in axes):
        raise ValueError(f"Merge: dot_axes is an int, or a pair of ints such as (1, 2); got {axes!r}.")
    return list(axes)


def _outputs(layers: Sequence[Layer], nodes: Sequence[int] | None, tensors: Sequence[int] | None) -> list[KerasTensor]:
    """Return the output tensor of each layer that is to be merged."""
    for argument, indices in (("node_indices", nodes), ("tensor_indices", tensors)):
        if indices is not None and len(indices) != len(layers):
            raise ValueError(
                f"Merge: {argument} has one entry for each of the {len(layers)} layers; got {list(indices)}."
            )
    outputs = []
    for position, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"Merge takes a list of layers; entry {position} is {type(layer).__name__}. Tensors go to merge()."
            )
        output = layer.get_output_at(nodes[position] if nodes is not None else 0)
        if isinstance(output, list):
            if tensors is None:
                raise ValueError(
                    f"Merge: layer {layer.name!r} has {len(output)} outputs; say by tensor_indices which one is meant."
                )
            output = output[tensors[position]]
        outputs.append(output)
    return outputs


def _listed(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(str, shapes))
