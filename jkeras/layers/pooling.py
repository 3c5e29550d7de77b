"""Import path of Keras 1: ``keras.layers.pooling``. The greatest or the mean of windows, and of whole samples."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from jkeras.backend.pooling import pool
from jkeras.engine.contract import InputSpec
from jkeras.engine.layer import Layer
from jkeras.layers.checks import positive_size
from jkeras.layers.spatial import SpatialLayer, checked_numbers
from jkeras.typing import Array, Params, Shape
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


# ---- windows


class _Pooling(SpatialLayer):
    """What layers with windows have in common.

    Args:
        dialect: ``'tensorflow'`` or ``'theano'``: where the windows of ``border_mode='same'`` lie (see
            `jkeras.backend.spatial_windows`); default: the one of ``K.backend()``.
    """

    pool_mode = "max"

    def __init__(self, border_mode: str, dialect: str | None = None, **kwargs: Any):
        self.border_mode = self.checked_choice("border_mode", border_mode, ("valid", "same"))
        self.dialect = self.checked_dialect(dialect)
        self.input_spec = (InputSpec(ndim=self.rank + 2),)
        super().__init__(**kwargs)

    def windows(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the sizes of a window, and the distances between windows."""
        raise NotImplementedError

    def check_input(self, shapes: Sequence[Shape]) -> None:
        super().check_input(shapes)
        self.check_windows("a window", shapes[0], self.windows()[0], self.border_mode)

    def _pooling_function(
        self, inputs: Any, pool_size: Any, strides: Any, border_mode: str, dim_ordering: str
    ) -> Array:
        """Return the pooled inputs. Custom layers of Keras 1's time override it."""
        return pool(inputs, pool_size, strides, border_mode, dim_ordering, self.pool_mode, self.dialect)

    def apply(self, params: Params, x: Array) -> Array:
        size, strides = self.windows()
        return self._pooling_function(x, size, strides, self.border_mode, self.dim_ordering)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        lengths = [
            conv_output_length(length, size, self.border_mode, stride)
            for length, size, stride in zip(self.space_sizes(input_shape), *self.windows(), strict=True)
        ]
        return self.resized(input_shape, lengths)


class _Pooling1D(_Pooling):
    """What layers with windows over time have in common.

    Args:
        pool_length: steps of a window.
        stride: steps from window to window; ``None``: `pool_length`.
        border_mode: ``'valid'``: only whole windows; ``'same'``: as many as steps, divided by the stride and rounded up.
        dialect: see `_Pooling`.

    Shapes: input ``(batch, time, features)``, output ``(batch, windows, features)``.
    """

    rank = 1

    def __init__(self, pool_length: int = 2, stride: int | None = None, border_mode: str = "valid", **kwargs: Any):
        self.pool_length = positive_size(self, "pool_length", pool_length)
        self.stride = self.pool_length if stride is None else positive_size(self, "stride", stride)
        self.st, self.pool_size = (self.stride, 1), (self.pool_length, 1)
        super().__init__(border_mode, **kwargs)

    def windows(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (self.pool_length,), (self.stride,)

    def apply(self, params: Params, x: Array) -> Array:
        self.check_windows("a window", x.shape, (self.pool_length,), self.border_mode)  # in terms of time
        x = jnp.expand_dims(x, 2)  # (batch, time, 1, features)
        return jnp.squeeze(self._pooling_function(x, self.pool_size, self.st, self.border_mode, "tf"), 2)


class _PoolingND(_Pooling):
    def __init__(self, pool_size: Any, strides: Any, border_mode: str, dim_ordering: str, **kwargs: Any):
        self.pool_size = checked_numbers(self, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else checked_numbers(self, "strides", strides, self.rank)
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(border_mode, **kwargs)

    def windows(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return self.pool_size, self.strides


class _Pooling2D(_PoolingND):
    """What layers with windows over rows and columns have in common.

    Args:
        pool_size: rows and columns of a window.
        strides: rows and columns from window to window; ``None``: `pool_size`.
        border_mode: ``'valid'``: only whole windows; ``'same'``: as many as rows and columns, divided by the strides and
            rounded up.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        dialect: see `_Pooling`.

    Shapes: ``(batch, channels, rows, cols)`` for ``'th'``, ``(batch, rows, cols, channels)`` for ``'tf'``.
    """

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2),
        strides: Sequence[int] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, border_mode, dim_ordering, **kwargs)


class _Pooling3D(_PoolingND):
    """What layers with windows over volumes have in common: `_Pooling2D` with three axes."""

    rank = 3

    def __init__(
        self,
        pool_size: Sequence[int] = (2, 2, 2),
        strides: Sequence[int] | None = None,
        border_mode: str = "valid",
        dim_ordering: str = "default",
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, border_mode, dim_ordering, **kwargs)


class MaxPooling1D(_Pooling1D):
    """The greatest entry of each window over time; arguments as for `_Pooling1D`."""


class AveragePooling1D(_Pooling1D):
    """The mean of each window over time; arguments as for `_Pooling1D`."""

    pool_mode = "avg"


class MaxPooling2D(_Pooling2D):
    """The greatest entry of each window over rows and columns."""


class AveragePooling2D(_Pooling2D):
    """The mean of each window over rows and columns, without the padding."""

    pool_mode = "avg"


class MaxPooling3D(_Pooling3D):
    """The greatest entry of each window over volumes."""


class AveragePooling3D(_Pooling3D):
    """The mean of each window over volumes, without the padding."""

    pool_mode = "avg"


# ---- whole samples


class _GlobalPooling(SpatialLayer):
    """What layers that look at all of a sample at once have in common."""

    reduce: Any = staticmethod(jnp.max)

    def __init__(self, **kwargs: Any):
        self.input_spec = (InputSpec(ndim=self.rank + 2),)
        super().__init__(**kwargs)

    def apply(self, params: Params, x: Array) -> Array:
        return self.reduce(x, axis=self.space_axes())

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (input_shape[0], input_shape[self.channel_axis()])


class _GlobalPooling1D(_GlobalPooling):
    """What layers that look at all of time at once have in common.

    Shapes: input ``(batch, time, features)``, output ``(batch, features)``.
    """

    rank = 1


class _GlobalPooling2D(_GlobalPooling):
    """What layers that look at all of rows and columns at once have in common.

    Args:
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: input ``(batch, channels, rows, cols)`` for ``'th'``, ``(batch, rows, cols, channels)`` for ``'tf'``, output
    ``(batch, channels)``.
    """

    def __init__(self, dim_ordering: str = "default", **kwargs: Any):
        self.dim_ordering = self.checked_ordering(dim_ordering)
        super().__init__(**kwargs)


class _GlobalPooling3D(_GlobalPooling2D):
    """What layers that look at all of three axes at once have in common: `_GlobalPooling2D` with one axis more."""

    rank = 3


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The greatest entry over time."""


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean over time."""

    reduce = staticmethod(jnp.mean)


class GlobalMaxPooling2D(_GlobalPooling2D):
    """The greatest entry of each channel of an image."""


class GlobalAveragePooling2D(_GlobalPooling2D):
    """The mean of each channel of an image."""

    reduce = staticmethod(jnp.mean)


class GlobalMaxPooling3D(_GlobalPooling3D):
    """The greatest entry of each channel of a volume."""


class GlobalAveragePooling3D(_GlobalPooling3D):
    """The mean of each channel of a volume."""

    reduce = staticmethod(jnp.mean)
