"""Layers of Keras 0.3 and before that Keras 1 writes in another way; see `jkeras.legacy.names` too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jkeras import backend as K
from jkeras.engine.layer import Layer
from jkeras.layers.lambda_ import Lambda
from jkeras.layers.merge import Merge

__all__ = ["LambdaMerge", "TimeDistributedMerge"]


def LambdaMerge(
    layers: Sequence[Layer],
    function: Callable[..., Any],
    output_shape: Any = None,
    arguments: Mapping[str, Any] | None = None,
) -> Merge:
    """Return a Merge of layers by a function of the list of their outputs; Keras 1 writes ``Merge(layers, mode=function)``.

    Args:
        layers: list of at least two layers or models.
        function: takes the list of arrays.
        output_shape: shape of one sample of the output, or a function of the list of input shapes.
        arguments: further keyword arguments of `function`.
    """
    return Merge(layers, mode=function, output_shape=output_shape, arguments=arguments)


_OVER_TIME = {"ave": K.mean, "sum": K.sum, "mul": K.prod, "max": K.max}


def TimeDistributedMerge(mode: str = "sum", **kwargs: Any) -> Lambda:
    """Return a layer that merges the steps of sequences; Keras 1 writes ``Lambda(lambda x: K.sum(x, axis=1))``.

    Args:
        mode: ``'sum'``, ``'ave'``, ``'mul'`` or ``'max'``.
        **kwargs: of every layer.

    Shapes: input ``(batch, time, …)``, output ``(batch, …)``.
    """
    if mode not in _OVER_TIME:
        raise ValueError(f"TimeDistributedMerge: mode is one of {sorted(_OVER_TIME)}; got {mode!r}.")
    return Lambda(lambda x: _OVER_TIME[mode](x, axis=1), **kwargs)
