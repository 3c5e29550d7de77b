"""Import path of Keras 1: ``keras.layers.convolutional_recurrent``. Recurrent layers that convolve."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.typing import Identifier
from jkeras.utils.np_utils import conv_output_length

__all__ = ["ConvLSTM2D", "ConvRecurrent2D", "InputSpec", "Layer", "conv_output_length"]


@later("the convolutional recurrent layers")
class ConvRecurrent2D(Layer):
    """What recurrent layers over sequences of images have in common."""

    def __init__(
        self,
        weights: Any = None,
        nb_row: int | None = None,
        nb_col: int | None = None,
        nb_filter: int | None = None,
        return_sequences: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        dim_ordering: str | None = None,
        **kwargs: Any,
    ) -> None: ...

    def compute_mask(self, input: Any, mask: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    def get_constants(self, X: Any, train: bool = False) -> Any: ...

    def get_initial_states(self, X: Any) -> Any: ...

    def preprocess_input(self, x: Any) -> Any: ...

    def step(self, x: Any, states: Any) -> Any: ...


@later("the convolutional recurrent layers")
class ConvLSTM2D(ConvRecurrent2D):
    """LSTM over sequences of images, with convolutions in place of matrix products."""

    def __init__(
        self,
        nb_filter: int,
        nb_row: int,
        nb_col: int,
        init: Identifier = "glorot_uniform",
        inner_init: Identifier = "orthogonal",
        forget_bias_init: Identifier = "one",
        activation: Identifier = "tanh",
        inner_activation: Identifier = "hard_sigmoid",
        dim_ordering: str = "default",
        border_mode: str = "valid",
        subsample: tuple[int, ...] = (1, 1),
        W_regularizer: Identifier = None,
        U_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        dropout_W: float = 0.0,
        dropout_U: float = 0.0,
        **kwargs: Any,
    ) -> None: ...

    def conv_step(self, x: Any, W: Any, b: Any = None, border_mode: str = "valid") -> Any: ...

    def conv_step_hidden(self, x: Any, W: Any, border_mode: str = "valid") -> Any: ...

    def get_constants(self, x: Any) -> Any: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    def reset_states(self) -> Any: ...

    def step(self, x: Any, states: Any) -> Any: ...
