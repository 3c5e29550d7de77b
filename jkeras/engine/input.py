"""Where data enters a graph: InputLayer, and Input that makes one."""

from typing import Any

from jkeras.backend.config import floatx
from jkeras.backend.dispatch import op
from jkeras.backend.variables import Variable
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, Node
from jkeras.typing import Params, Shape

__all__ = ["Input", "InputLayer"]


def _itself(x: Any) -> Any:
    return x


def _as_tensor(tensor: Any) -> KerasTensor:
    """Return a symbolic tensor as it is, and of a variable the symbolic tensor of its value."""
    if isinstance(tensor, Variable):
        tensor = op(_itself)(tensor)
    if not isinstance(tensor, KerasTensor):
        raise TypeError(
            f"An input made from a tensor takes a symbolic one, or a variable; got {type(tensor).__name__}. Numbers are given to "
            "fit, predict or K.function."
        )
    return tensor


def _fits(tensor: Any, shape: Any) -> bool:
    have = _as_tensor(tensor)._keras_shape
    return len(have) == len(shape) and all(a == b or None in (a, b) for a, b in zip(have, shape, strict=True))


class InputLayer(Layer):
    """The source of a graph; its output is the symbolic tensor that `Input` returns.

    Args:
        input_shape: shape of one sample, or
        batch_input_shape: the same with the batch dimension.
        input_dtype: default `floatx`.
        input_tensor: a symbolic tensor, or a variable, in place of a shape: what the layer returns unless data are given for it.
        sparse: kept in configs, and what `K.is_sparse` says; data arrive dense.
        name: default ``input_1``, ``input_2``, …
    """

    is_input = True
    supports_masking = True

    def __init__(
        self,
        input_shape: Any = None,
        batch_input_shape: Any = None,
        input_dtype: str | None = None,
        input_tensor: Any = None,
        sparse: bool = False,
        name: str | None = None,
    ):
        source = None if input_tensor is None else _as_tensor(input_tensor)
        if source is not None:
            input_shape, batch_input_shape, input_dtype = None, source._keras_shape, source.dtype
        if (input_shape is None) == (batch_input_shape is None):
            raise ValueError(
                "InputLayer takes one of input_shape (one sample) and batch_input_shape (with the batch dimension)."
            )
        if name is None:
            from jkeras.backend.config import get_uid

            name = f"input_{get_uid('input')}"
        super().__init__(
            input_shape=input_shape, batch_input_shape=batch_input_shape, input_dtype=input_dtype or floatx(), name=name
        )
        self.sparse = sparse
        self.built = True
        shape: Shape = (None,) if self.batch_input_shape is None else self.batch_input_shape
        self.built_shape = shape
        tensor = KerasTensor(shape, self.input_dtype, self.name)
        if source is None:
            Node(self, [tensor], [tensor], source=True)
        else:
            Node(self, [source], [tensor])

    def apply(self, params: Params, x: Any) -> Any:
        return x

    def get_output_shape_for(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_input_shape": self.batch_input_shape,
            "input_dtype": self.input_dtype,
            "sparse": self.sparse,
            "name": self.name,
        }


def Input(
    shape: Any = None,
    batch_shape: Any = None,
    name: str | None = None,
    dtype: str | None = None,
    sparse: bool = False,
    tensor: Any = None,
) -> KerasTensor:
    """Return a symbolic tensor for data to come.

    Args:
        shape: of one sample, such as ``(784,)``.
        batch_shape: with the batch dimension, such as ``(32, 784)``; ``None`` is any size.
        name: of the input; data can be given by it, as a dict.
        dtype: default `floatx`; ``'int32'`` for word indices.
        sparse: kept in configs, and what `K.is_sparse` says; data arrive dense.
        tensor: a symbolic tensor, or a variable, in place of a shape, or beside one that fits it. A model that has the result
            as its input takes data for it; a `K.function` or model of other inputs computes it from them.

    Raises:
        ValueError: not exactly one of `shape` and `batch_shape` is given.

    >>> Input(shape=(784,), name="pixels")
    <KerasTensor 'pixels' shape=(None, 784) dtype=float32>
    """
    if tensor is not None:
        given = (None, *shape) if shape is not None and batch_shape is None else batch_shape
        if given is not None and not _fits(tensor, given):
            raise ValueError(
                f"Input(tensor=...) has the shape of the tensor, {tuple(tensor.shape)}; the shape {tuple(given)} does not fit it. "
                "Leave out shape= and batch_shape=."
            )
        if isinstance(tensor, KerasTensor) and tensor.history[0].is_input:
            return tensor
        return InputLayer(input_tensor=tensor, sparse=sparse, name=name).inbound_nodes[0].output_tensors[0]
    if shape is None and batch_shape is None:
        raise ValueError("Input needs shape= (one sample, such as (784,)) or batch_shape= (with the batch dimension).")
    if shape is not None and batch_shape is not None:
        raise ValueError(f"Input takes one of shape= and batch_shape=; got both, {shape} and {batch_shape}.")
    layer = InputLayer(input_shape=shape, batch_input_shape=batch_shape, input_dtype=dtype, sparse=sparse, name=name)
    return layer.inbound_nodes[0].output_tensors[0]
