"""Import path of Keras 1: ``keras.layers.local``. Convolutions whose weights are not shared between places."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.typing import Identifier
from jkeras.utils.np_utils import conv_output_length

__all__ = ["InputSpec", "Layer", "LocallyConnected1D", "LocallyConnected2D", "conv_output_length"]


@later("the locally connected layers")
class LocallyConnected1D(Layer):
    """Filters over time, with other weights at every step."""

    def __init__(
        self,
        nb_filter: int,
        filter_length: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample_length: int = 1,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: Any = None,
        input_length: Any = None,
        **kwargs: Any,
    ) -> None: ...


@later("the locally connected layers")
class LocallyConnected2D(Layer):
    """Filters over images, with other weights at every place."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        activation: Identifier = None,
        weights: Any = None,
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        dim_ordering: str = "default",
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        **kwargs: Any,
    ) -> None: ...
