"""Import path of Keras 1: ``keras.layers.pooling``. Pooling."""

from typing import Any

from jkeras.compat.later import later
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.utils.np_utils import conv_output_length

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "InputSpec",
    "Layer",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "conv_output_length",
]


class _Pooling1D(Layer):
    """What layers with windows over time have in common."""


class _GlobalPooling1D(Layer):
    """What layers that look at all of time at once have in common."""


class _Pooling2D(Layer):
    """What layers with windows over rows and columns have in common."""


class _GlobalPooling2D(Layer):
    """What layers that look at all of rows and columns at once have in common."""


class _Pooling3D(Layer):
    """What layers with windows over three axes have in common."""


class _GlobalPooling3D(Layer):
    """What layers that look at all of three axes at once have in common."""


@later("pooling")
class MaxPooling1D(_Pooling1D):
    """The greatest of each window over time."""

    def __init__(
        self, pool_length: int = 2, stride: int | None = None, border_mode: str = "valid", **kwargs: Any
    ) -> None: ...


@later("pooling")
class AveragePooling1D(_Pooling1D):
    """The mean of each window over time."""

    def __init__(
        self, pool_length: int = 2, stride: int | None = None, border_mode: str = "valid", **kwargs: Any
    ) -> None: ...


@later("pooling")
class MaxPooling2D(_Pooling2D):
    """The greatest of each window over rows and columns."""

    def __init__(
        self,
        pool_size: tuple[int, ...] = (2, 2),
        strides: tuple[int, ...] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ) -> None: ...


@later("pooling")
class AveragePooling2D(_Pooling2D):
    """The mean of each window over rows and columns."""

    def __init__(
        self,
        pool_size: tuple[int, ...] = (2, 2),
        strides: tuple[int, ...] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ) -> None: ...


@later("pooling")
class MaxPooling3D(_Pooling3D):
    """The greatest of each window over volumes."""

    def __init__(
        self,
        pool_size: tuple[int, ...] = (2, 2, 2),
        strides: tuple[int, ...] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ) -> None: ...


@later("pooling")
class AveragePooling3D(_Pooling3D):
    """The mean of each window over volumes."""

    def __init__(
        self,
        pool_size: tuple[int, ...] = (2, 2, 2),
        strides: tuple[int, ...] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ) -> None: ...


@later("pooling")
class GlobalMaxPooling1D(_GlobalPooling1D):
    """The greatest over time."""


@later("pooling")
class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean over time."""


@later("pooling")
class GlobalMaxPooling2D(_GlobalPooling2D):
    """The greatest over an image."""


@later("pooling")
class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean over an image."""


@later("pooling")
class GlobalMaxPooling3D(_GlobalPooling3D):
    """The greatest over a volume."""


@later("pooling")
class GlobalAveragePooling3D(_GlobalPooling3D):
    """The mean over a volume."""
