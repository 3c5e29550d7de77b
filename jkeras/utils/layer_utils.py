"""Tables and conversions of whole models (Keras 1's ``keras.utils.layer_utils``)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from jkeras.backend.spatial_windows import backend_dialect

__all__ = [
    "convert_all_kernels_in_model",
    "convert_dense_weights_data_format",
    "count_total_params",
    "layer_from_config",
    "print_summary",
]


def layer_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make a layer or model from ``{'class_name': ..., 'config': ...}``; see `jkeras.engine.saving.config`."""
    from jkeras.engine.saving import config as saving

    return saving.layer_from_config(config, custom_objects)


def print_summary(
    layers: Sequence[Any],
    relevant_nodes: Collection[Any] | None = None,
    line_length: int = 100,
    positions: Sequence[float] | None = None,
) -> None:
    """Print a table of layers: name and class, output shape, number of parameters, what it is connected to.

    Args:
        layers: the layers, in order.
        relevant_nodes: calls to show; calls of the layers in other models are left out.
        line_length: width of the table in characters.
        positions: where each column ends: shares of the width, or character positions.
    """
    positions = positions or (0.33, 0.55, 0.67, 1.0)
    ends = [int(line_length * end) for end in positions] if positions[-1] <= 1 else [int(end) for end in positions]
    relevant = None if relevant_nodes is None else {id(node) for node in relevant_nodes}

    def row(fields: Sequence[Any]) -> None:
        line = ""
        for field, end in zip(fields, ends, strict=True):
            # A field that is too long is cut, so that the columns stay straight.
            line = (line + str(field))[: end - 1].ljust(end) if end < line_length else (line + str(field))[:end]
        print(line.rstrip())

    print("_" * line_length)
    row(["Layer (type)", "Output Shape", "Param #", "Connected to"])
    print("=" * line_length)
    for index, layer in enumerate(layers):
        connections = [
            f"{tensor.history[0].name}[{tensor.history[1]}][{tensor.history[2]}]"
            for node in layer.inbound_nodes
            if node.inbound_layers and (relevant is None or id(node) in relevant)
            for tensor in node.input_tensors
        ]
        first = connections[0] if connections else ""
        row([f"{layer.name} ({type(layer).__name__})", _shape(layer), layer.count_params(), first])
        for connection in connections[1:]:
            row(["", "", "", connection])
        print(("=" if index == len(layers) - 1 else "_") * line_length)
    counted = _distinct_weights(layers)
    trainable = _distinct_weights([layer for layer in layers if layer.trainable], "trainable_weights")
    print(f"Total params: {counted:,}")
    print(f"Trainable params: {trainable:,}")
    print(f"Non-trainable params: {counted - trainable:,}")
    print("_" * line_length)


def _shape(layer: Any) -> str:
    try:
        return str(layer.output_shape)
    except AttributeError:
        return "multiple"


def _distinct_weights(layers: Sequence[Any], attribute: str = "weights") -> int:
    """Return the number of scalars in the layers' weights; a weight of a shared layer counts once."""
    distinct = {id(weight): weight for layer in layers for weight in getattr(layer, attribute)}
    total = 0
    for weight in distinct.values():
        size = 1
        for length in weight.shape:
            size *= length
        total += size
    return total


def count_total_params(layers: Sequence[Any], layer_set: set[Any] | None = None) -> tuple[int, int]:
    """Return the numbers of scalars in the trainable and in the other weights of layers.

    Args:
        layers: layers and models; what is shared between them counts once.
        layer_set: layers that are left out; the others are added to it.
    """
    seen = set() if layer_set is None else layer_set
    fresh = [layer for layer in layers if layer not in seen]
    seen.update(fresh)
    return _distinct_weights(fresh, "trainable_weights"), _distinct_weights(fresh, "non_trainable_weights")


def convert_all_kernels_in_model(model: Any) -> None:
    """Turn the kernels of all convolutions by 180°: from Theano's convention to TensorFlow's, or back.

    From now on the layers follow the convention of `K.backend()`, also those that followed the other one since their weights
    come from such a file.
    """
    for layer in _with_inner(model):
        if type(layer).__name__ in _CONVOLUTIONS:
            rank = layer.rank
            kernel = layer.W.get_value()
            axes = range(2, 2 + rank) if layer.dim_ordering == "th" else range(rank)
            layer.W.set_value(np.flip(kernel, tuple(axes)))
            if layer.dialect != backend_dialect():
                layer.dialect = backend_dialect()


def convert_dense_weights_data_format(
    dense: Any, previous_feature_map_shape: Sequence[int], target_data_format: str = "th"
) -> None:
    """Reorder the weights of a Dense layer behind a Flatten for maps with the channels at the other end.

    A model with ``dim_ordering='th'`` that takes over the weights of one with ``'tf'`` flattens its maps in another order; this
    puts the rows of ``W`` into that order. Kernels of convolutions need nothing of the kind but `np.transpose`.

    Args:
        dense: the layer, built, with the weights of the other model. Another layer with a weight ``W`` does as well.
        previous_feature_map_shape: shape of one sample before the Flatten, in the order that it has now: (channels, \\*space)
            for ``'th'``, (\\*space, channels) for ``'tf'``.
        target_data_format: the order that the maps have now: ``'th'`` or ``'tf'``, or as Keras 2 called them,
            ``'channels_first'`` or ``'channels_last'``.

    Raises:
        ValueError: the order is not known, or the maps have not as many numbers as ``W`` has rows.
    """
    ordering = {"channels_first": "th", "channels_last": "tf"}.get(target_data_format, target_data_format)
    if ordering not in ("th", "tf"):
        raise ValueError(f"target_data_format is 'th' or 'tf'; got {target_data_format!r}.")
    shape = tuple(int(size) for size in previous_feature_map_shape)
    kernel = dense.W.get_value()
    if int(np.prod(shape)) != len(kernel):
        raise ValueError(
            f"Layer {dense.name!r}: W has {len(kernel)} rows, but maps of shape {shape} have {int(np.prod(shape))} numbers. Give "
            "the shape of what the Flatten before it takes, without the batch axis."
        )
    if ordering == "th":
        moved = np.moveaxis(
            kernel.reshape(*shape[1:], shape[0], -1), -2, 0
        )  # (*space, channels, units) to channels first
    else:
        moved = np.moveaxis(
            kernel.reshape(shape[-1], *shape[:-1], -1), 0, -2
        )  # (channels, *space, units) to channels last
    dense.W.set_value(moved.reshape(kernel.shape))


_CONVOLUTIONS = {
    "AtrousConvolution1D", "AtrousConvolution2D", "Convolution1D", "Convolution2D", "Convolution3D", "Deconvolution2D",
}  # fmt: skip


def _with_inner(layer: Any) -> Iterator[Any]:
    yield layer
    for inner in layer.sublayers():
        yield from _with_inner(inner)
