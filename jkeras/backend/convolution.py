"""Convolution of sequences, images and volumes.

`convolve`, `convolve_transposed` and `convolve_separable` are the pure functions that layers use, of any number of axes
and with the dialect as an argument. What follows them are Keras 1's names for them, in the dialect of ``K.backend()``.

Kernels have shape (outputs, inputs, *window) for ``'th'`` and (*window, inputs, outputs) for ``'tf'``. In Theano's dialect
they are turned by 180° when they are applied, which is what mathematics calls a convolution; the arrays are never changed.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jkeras.backend import convolution_cpu, splitting
from jkeras.backend.config import canonical_dtype
from jkeras.backend.dispatch import op
from jkeras.backend.spatial_windows import (
    BORDER_MODES,
    backend_dialect,
    check_choice,
    conv_windows,
    fitting_problem,
    numbers,
    ordering_of,
    space_axes,
    transposed_problem,
)
from jkeras.backend.variables import as_array
from jkeras.typing import Array

__all__ = [
    "atrous_conv2d",
    "conv1d",
    "conv2d",
    "conv3d",
    "convolve",
    "convolve_separable",
    "convolve_transposed",
    "correlate",
    "deconv2d",
    "separable_conv2d",
]


# ---- the pure functions


def convolve(
    x: Any,
    kernel: Any,
    strides: Sequence[int],
    border_mode: str,
    dim_ordering: str,
    dialect: str,
    dilation: Sequence[int] | None = None,
) -> Array:
    """Convolve arrays of any number of axes.

    Args:
        x: array of shape (batch, inputs, *space) for ``'th'``, (batch, *space, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs, *window) for ``'th'``, (*window, inputs, outputs) for ``'tf'``.
        strides: distances between windows, one for each axis of space.
        border_mode: ``'valid'``: only where the kernel fits; ``'same'``: as many outputs as inputs, divided by the stride
            and rounded up; ``'full'``: wherever the kernel touches (Keras 1 had it on Theano only).
        dim_ordering: ``'th'`` or ``'tf'``.
        dialect: ``'tensorflow'`` or ``'theano'``: how ``'same'`` pads, and whether kernels are turned.
        dilation: distances between the taps of the kernel.

    Returns:
        array of shape (batch, outputs, *space) for ``'th'``, (batch, *space, outputs) for ``'tf'``.

    Raises:
        ValueError: an argument is none of these, shapes do not belong together, or the kernel is larger than the image.
    """
    x, kernel = _checked(x, kernel, dim_ordering)
    rank = x.ndim - 2
    strides = numbers("strides", strides, rank)
    dilation = numbers("The dilation", (1,) * rank if dilation is None else dilation, rank)
    check_choice("border_mode", border_mode, BORDER_MODES)
    window = kernel.shape[2:] if dim_ordering == "th" else kernel.shape[:-2]
    padding = _padding(x, window, strides, dilation, border_mode, dim_ordering, dialect)
    if dialect == "theano":
        kernel = _turned(kernel, dim_ordering)
    return correlate(x, kernel, strides, padding, dim_ordering, dilation=dilation)


def convolve_transposed(
    x: Any,
    kernel: Any,
    lengths: Sequence[int],
    strides: Sequence[int],
    border_mode: str,
    dim_ordering: str,
    dialect: str,
) -> Array:
    """Return the transpose of a convolution ("deconvolution"): the gradient of `convolve` with respect to its input.

    Args:
        x: array of shape (batch, inputs, *space) for ``'th'``, (batch, *space, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs, *window) for ``'th'``, (*window, inputs, outputs) for ``'tf'``.
        lengths: the sizes of the result's axes of space; a convolution must turn such sizes into those of `x`.
        strides, border_mode, dim_ordering, dialect: of that convolution, as for `convolve`.

    Raises:
        ValueError: an argument is none of these, or shapes do not belong together.
    """
    x, kernel = _checked(x, kernel, dim_ordering)
    rank = x.ndim - 2
    strides = numbers("strides", strides, rank)
    lengths = numbers("The sizes of the output", lengths, rank)
    check_choice("border_mode", border_mode, BORDER_MODES)
    window = kernel.shape[2:] if dim_ordering == "th" else kernel.shape[:-2]
    windows = conv_windows(lengths, window, strides, (1,) * rank, border_mode, dialect)
    found = [x.shape[axis] for axis in space_axes(rank, dim_ordering)]
    problem = transposed_problem(found, lengths, window, strides, border_mode, dialect)
    if problem:
        raise ValueError(problem)
    padding = [
        (reach - 1 - low, length - 1 - (count - 1) * stride + low)
        for count, length, (reach, stride, low, _, _) in zip(found, lengths, windows, strict=True)
    ]
    if dialect == "tensorflow":  # Theano's kernels are turned already
        kernel = _turned(kernel, dim_ordering)
    return correlate(x, kernel, (1,) * rank, padding, dim_ordering, spread=strides)


def convolve_separable(
    x: Any,
    depthwise: Any,
    pointwise: Any,
    strides: Sequence[int],
    border_mode: str,
    dim_ordering: str,
    dialect: str,
) -> Array:
    """Convolve each input channel by kernels of its own, and mix the results.

    Args:
        x: array of shape (batch, inputs, *space) for ``'th'``, (batch, *space, inputs) for ``'tf'``.
        depthwise: kernels of shape (multiplier, inputs, *window) for ``'th'``, (*window, inputs, multiplier) for ``'tf'``.
        pointwise: weights of shape (outputs, inputs · multiplier, 1, …) for ``'th'``, (1, …, inputs · multiplier, outputs)
            for ``'tf'``.
        strides, border_mode, dim_ordering, dialect: as for `convolve`.

    Raises:
        ValueError: an argument is none of these, shapes do not belong together, or the kernel is larger than the image.
    """
    x, depthwise = _checked(x, depthwise, dim_ordering)
    rank = x.ndim - 2
    strides = numbers("strides", strides, rank)
    check_choice("border_mode", border_mode, BORDER_MODES)
    if dim_ordering == "th":
        multiplier, inputs, *window = depthwise.shape
        depthwise = jnp.reshape(jnp.swapaxes(depthwise, 0, 1), (inputs * multiplier, 1, *window))
    else:
        *window, inputs, multiplier = depthwise.shape
        depthwise = jnp.reshape(depthwise, (*window, 1, inputs * multiplier))
    padding = _padding(x, window, strides, (1,) * rank, border_mode, dim_ordering, dialect)
    if dialect == "theano":
        depthwise = _turned(depthwise, dim_ordering)
    maps = correlate(x, depthwise, strides, padding, dim_ordering, groups=inputs)
    return convolve(maps, pointwise, (1,) * rank, "valid", dim_ordering, dialect)


def _checked(x: Any, kernel: Any, dim_ordering: str) -> tuple[Array, Array]:
    """Return both as arrays of one dtype whose shapes belong together."""
    x, kernel = as_array(x), as_array(kernel)
    if x.ndim != kernel.ndim or x.ndim < 3:
        raise ValueError(
            f"A convolution takes an input and a kernel with as many axes, at least 3; got shapes {x.shape} and {kernel.shape}."
        )
    channels, inputs = (x.shape[1], kernel.shape[1]) if dim_ordering == "th" else (x.shape[-1], kernel.shape[-2])
    if channels != inputs:
        raise ValueError(
            f"A kernel of shape {kernel.shape} takes inputs of {inputs} channels; with dim_ordering={dim_ordering!r} the input "
            f"of shape {x.shape} has {channels}. "
            + ("Kernels are (outputs, inputs, …)." if dim_ordering == "th" else "Kernels are (…, inputs, outputs).")
        )
    dtype = jnp.promote_types(x.dtype, kernel.dtype)
    dtype = dtype if jnp.issubdtype(dtype, jnp.inexact) else canonical_dtype()
    return x.astype(dtype), kernel.astype(dtype)


def _padding(
    x: Array,
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    border_mode: str,
    dim_ordering: str,
    dialect: str,
) -> list[tuple[int, int]]:
    """Return how many zeros come before and after each axis of space."""
    lengths = [x.shape[axis] for axis in space_axes(x.ndim - 2, dim_ordering)]
    windows = conv_windows(lengths, window, strides, dilation, border_mode, dialect)
    ordering = dim_ordering if len(lengths) > 1 else None
    problem = fitting_problem("Convolution: a kernel", lengths, [w.reach for w in windows], border_mode, ordering)
    if problem:
        raise ValueError(problem)
    return [(window.low, window.high) for window in windows]


def _turned(kernel: Array, dim_ordering: str) -> Array:
    rank = kernel.ndim - 2
    return jnp.flip(kernel, tuple(range(2, 2 + rank) if dim_ordering == "th" else range(rank)))


def correlate(
    x: Array,
    kernel: Array,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dim_ordering: str,
    dilation: Sequence[int] | None = None,
    spread: Sequence[int] | None = None,
    groups: int = 1,
) -> Array:
    """Return the sum of products at each place of the kernel; everything in this module ends here.

    Args:
        x: array of shape (batch, inputs, *space) for ``'th'``, (batch, *space, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs / groups, *window) for ``'th'``, (*window, inputs / groups, outputs) for ``'tf'``.
        strides: distances between the places.
        padding: zeros before and after each axis of space; negative numbers cut entries off.
        dim_ordering: ``'th'`` or ``'tf'``.
        dilation: distances between the taps of the kernel.
        spread: distances at which the entries of `x` are laid out, with zeros between them.
        groups: the channels are divided into so many parts, each with kernels of its own.
    """
    rank = x.ndim - 2
    return _correlate(
        x,
        kernel,
        strides=tuple(strides),
        padding=tuple(padding),
        dim_ordering=dim_ordering,
        dilation=(1,) * rank if dilation is None else tuple(dilation),
        spread=(1,) * rank if spread is None else tuple(spread),
        groups=groups,
        mesh=splitting.mesh(),
    )


# Compiled as one, so that outside of compiled code too the platform is chosen once, and not at each call.
@functools.partial(
    jax.jit, static_argnames=("strides", "padding", "dim_ordering", "dilation", "spread", "groups", "mesh")
)
def _correlate(x: Array, kernel: Array, *, dim_ordering: str, groups: int, mesh: Any, **how: Any) -> Array:
    elsewhere = functools.partial(_xla, dim_ordering=dim_ordering, groups=groups, **how)
    if not convolution_cpu.is_better(kernel.shape, dim_ordering, groups):
        return elsewhere(x, kernel)
    local = functools.partial(convolution_cpu.correlate, dim_ordering=dim_ordering, groups=groups, **how)
    on_cpu = functools.partial(splitting.on_each_device, mesh, local)  # it goes through the samples in blocks
    return jax.lax.platform_dependent(x, kernel, cpu=on_cpu, default=elsewhere)


def _xla(
    x: Array,
    kernel: Array,
    strides: Sequence[int],
    padding: Sequence[tuple[int, int]],
    dim_ordering: str,
    dilation: Sequence[int],
    spread: Sequence[int],
    groups: int,
) -> Array:
    last = x.ndim - 1
    if dim_ordering == "th":
        image = window = tuple(range(x.ndim))  # (batch, channels, *space), (outputs, inputs, *window)
    else:
        image = (0, last, *range(1, last))  # where (batch, channels, *space) stand
        window = (last, last - 1, *range(last - 1))  # where (outputs, inputs, *window) stand
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        window_strides=strides,
        padding=padding,
        lhs_dilation=spread,
        rhs_dilation=dilation,
        dimension_numbers=jax.lax.ConvDimensionNumbers(image, window, image),
        feature_group_count=groups,
    )


# ---- Keras 1's names


@op
def conv1d(
    x: Any, kernel: Any, stride: int = 1, border_mode: str = "valid", image_shape: Any = None, filter_shape: Any = None
) -> Array:
    """Convolve sequences.

    Args:
        x: sequences of shape (batch, time, inputs).
        kernel: of shape (length, inputs, outputs), or as `Convolution1D` keeps it, (length, 1, inputs, outputs).
        stride: steps from window to window.
        border_mode: ``'valid'``, ``'same'`` or ``'full'``, as for `convolve`.
        image_shape, filter_shape: ignored; hints for Theano.

    Raises:
        ValueError: an argument is none of these, shapes do not belong together, or the kernel is longer than the sequences.
    """
    x, kernel = _of_rank("conv1d", x, 1), as_array(kernel)
    if kernel.ndim == 4 and kernel.shape[1] == 1:
        kernel = kernel[:, 0]
    return convolve(x, kernel, (stride,), border_mode, "tf", backend_dialect())


@op
def conv2d(
    x: Any,
    kernel: Any,
    strides: Sequence[int] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
    filter_dilation: Sequence[int] = (1, 1),
) -> Array:
    """Convolve images.

    Args:
        x: images of shape (batch, inputs, rows, cols) for ``'th'``, (batch, rows, cols, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs, rows, cols) for ``'th'``, (rows, cols, inputs, outputs) for ``'tf'``.
        strides: distances between windows.
        border_mode: ``'valid'``, ``'same'`` or ``'full'``, as for `convolve`.
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.
        image_shape, filter_shape: ignored; hints for Theano.
        filter_dilation: distances between the taps of the kernel.

    Raises:
        ValueError: an argument is none of these, shapes do not belong together, or the kernel is larger than the images.
    """
    x = _of_rank("conv2d", x, 2)
    return convolve(x, kernel, strides, border_mode, ordering_of(dim_ordering), backend_dialect(), filter_dilation)


@op
def conv3d(
    x: Any,
    kernel: Any,
    strides: Sequence[int] = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    volume_shape: Any = None,
    filter_shape: Any = None,
    filter_dilation: Sequence[int] = (1, 1, 1),
) -> Array:
    """Convolve volumes: `conv2d` with three axes.

    Args:
        x: volumes of shape (batch, inputs, dim1, dim2, dim3) for ``'th'``, (batch, dim1, dim2, dim3, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs, dim1, dim2, dim3) for ``'th'``, (dim1, dim2, dim3, inputs, outputs) for ``'tf'``.
        strides, border_mode, dim_ordering, filter_dilation: as for `conv2d`.
        volume_shape, filter_shape: ignored; hints for Theano.
    """
    x = _of_rank("conv3d", x, 3)
    return convolve(x, kernel, strides, border_mode, ordering_of(dim_ordering), backend_dialect(), filter_dilation)


@op
def atrous_conv2d(
    x: Any,
    kernel: Any,
    rate: int = 1,
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Array:
    """Convolve images by kernels whose taps are `rate` entries apart (Yu and Koltun, ICLR 2016); else as `conv2d`."""
    x = _of_rank("atrous_conv2d", x, 2)
    return convolve(x, kernel, (1, 1), border_mode, ordering_of(dim_ordering), backend_dialect(), (rate, rate))


@op
def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: Sequence[int] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Array:
    """Convolve images, transposed: see `convolve_transposed`.

    Args:
        x: images of shape (batch, inputs, rows, cols) for ``'th'``, (batch, rows, cols, inputs) for ``'tf'``.
        kernel: of shape (outputs, inputs, rows, cols) for ``'th'``, (rows, cols, inputs, outputs) for ``'tf'``.
        output_shape: the shape of the result, of which rows and columns are read.
        strides, border_mode, dim_ordering: of the convolution that is transposed, as for `conv2d`.
        image_shape, filter_shape: ignored; hints for Theano.

    Raises:
        ValueError: an argument is none of these, or shapes do not belong together.
    """
    x, ordering = _of_rank("deconv2d", x, 2), ordering_of(dim_ordering)
    output_shape = tuple(output_shape)
    if len(output_shape) != 4:
        raise ValueError(f"output_shape has four entries, the batch's included; got {output_shape}.")
    rows_and_columns = [output_shape[axis] for axis in space_axes(2, ordering)]
    return convolve_transposed(x, kernel, rows_and_columns, strides, border_mode, ordering, backend_dialect())


@op
def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Sequence[int] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
) -> Array:
    """Convolve images depthwise, then pointwise (Chollet, "Xception", CVPR 2017).

    Args:
        x: images of shape (batch, inputs, rows, cols) for ``'th'``, (batch, rows, cols, inputs) for ``'tf'``.
        depthwise_kernel: (multiplier, inputs, rows, cols) for ``'th'``, (rows, cols, inputs, multiplier) for ``'tf'``.
        pointwise_kernel: (outputs, inputs · multiplier, 1, 1) for ``'th'``, (1, 1, inputs · multiplier, outputs) for ``'tf'``.
        strides, border_mode, dim_ordering: as for `conv2d`.

    Raises:
        ValueError: an argument is none of these, shapes do not belong together, or the kernel is larger than the images.
    """
    x, ordering = _of_rank("separable_conv2d", x, 2), ordering_of(dim_ordering)
    return convolve_separable(x, depthwise_kernel, pointwise_kernel, strides, border_mode, ordering, backend_dialect())


def _of_rank(function: str, x: Any, rank: int) -> Array:
    x = as_array(x)
    if x.ndim != rank + 2:
        raise ValueError(
            f"{function} takes an input of {rank + 2} axes, the batch's and the channels' included; got shape {x.shape}."
        )
    return x
