"""Convolution and pooling as plain loops over numbers, and both ways of calling a function of K."""

import itertools
import math

import numpy as np

from jkeras import backend as K

ENGINES = ("tensorflow", "theano")


def to_tf(x, ordering):
    return x if ordering == "tf" else np.moveaxis(x, 1, -1)


def from_tf(x, ordering):
    return x if ordering == "tf" else np.moveaxis(x, -1, 1)


def kernel_to_tf(kernel, ordering):
    return kernel if ordering == "tf" else np.moveaxis(kernel, (0, 1), (-1, -2))


def places(length, taps, stride, border_mode, dialect, gap=1):
    """Where each window of a convolution begins; a place outside of 0 … length - 1 holds a zero."""
    reach = (taps - 1) * gap + 1
    if border_mode == "valid":
        return list(range(0, length - reach + 1, stride))
    if border_mode == "full":
        return list(range(1 - reach, length, stride))
    count = math.ceil(length / stride)
    before = reach // 2 if dialect == "theano" else max((count - 1) * stride + reach - length, 0) // 2
    return [place * stride - before for place in range(count)]


def pool_places(length, size, stride, border_mode, dialect):
    """Where each window of a pooling begins."""
    if border_mode == "valid" or dialect == "tensorflow":
        return places(length, size, stride, border_mode, dialect)
    before = size - 2 if size in (3, 5, 7, 9, 23) else size - 1
    return [place * stride - before for place in range(math.ceil(length / stride))]


def convolved(x, kernel, strides, border_mode, dialect, dilation=None):
    """x (batch, *space, inputs), kernel (*window, inputs, outputs)."""
    rank = x.ndim - 2
    dilation = dilation or (1,) * rank
    window = kernel.shape[:rank]
    starts = [
        places(*numbers, border_mode, dialect, gap)
        for *numbers, gap in zip(x.shape[1:-1], window, strides, dilation, strict=True)
    ]
    y = np.zeros((len(x), *map(len, starts), kernel.shape[-1]))
    for target in itertools.product(*(range(len(axis)) for axis in starts)):
        for tap in itertools.product(*map(range, window)):
            source = tuple(axis[i] + t * gap for axis, i, t, gap in zip(starts, target, tap, dilation, strict=True))
            if all(0 <= place < length for place, length in zip(source, x.shape[1:-1], strict=True)):
                # Theano's convolution meets the kernel from its end.
                where = tap if dialect == "tensorflow" else tuple(n - 1 - t for n, t in zip(window, tap, strict=True))
                y[(slice(None), *target)] += x[(slice(None), *source)] @ kernel[where]
    return y


def pooled(x, size, strides, border_mode, dialect, mode):
    """x (batch, *space, channels)."""
    lengths = x.shape[1:-1]
    starts = [pool_places(*numbers, border_mode, dialect) for numbers in zip(lengths, size, strides, strict=True)]
    y = np.zeros((len(x), *map(len, starts), x.shape[-1]))
    for target in itertools.product(*(range(len(axis)) for axis in starts)):
        corners = [axis[i] for axis, i in zip(starts, target, strict=True)]
        inside = tuple(
            slice(max(corner, 0), min(corner + reach, length))
            for corner, reach, length in zip(corners, size, lengths, strict=True)
        )
        entries = x[(slice(None), *inside)]
        axes = tuple(range(1, x.ndim - 1))
        y[(slice(None), *target)] = entries.max(axes) if mode == "max" else entries.mean(axes)
    return y


def both_ways(function, *arrays, **kwargs):
    """The result on arrays, after checking that symbolic tensors give the same."""
    direct = np.asarray(function(*arrays, **kwargs))
    tensors = [K.placeholder(shape=(None, *arrays[0].shape[1:]))]
    tensors += [K.placeholder(shape=array.shape) for array in arrays[1:]]
    symbolic = function(*tensors, **kwargs)
    assert K.int_shape(symbolic) == (None, *direct.shape[1:])
    (found,) = K.function(tensors, [symbolic])(list(arrays))
    np.testing.assert_allclose(found, direct, rtol=1e-6, atol=1e-6)
    return direct
