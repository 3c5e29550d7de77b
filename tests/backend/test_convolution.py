import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from jkeras.backend.convolution import convolve, convolve_separable, convolve_transposed
from tests.backend.images import ENGINES, both_ways, convolved, from_tf, kernel_to_tf, to_tf

each_engine = pytest.mark.parametrize("engine", ENGINES)
each_ordering = pytest.mark.parametrize("ordering", ["th", "tf"])


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")  # seeded for each test


def images(ordering, channels=3, space=(7, 6)):
    return normal(2, channels, *space) if ordering == "th" else normal(2, *space, channels)


def kernels(ordering, inputs=3, outputs=4, window=(3, 2)):
    return normal(outputs, inputs, *window) if ordering == "th" else normal(*window, inputs, outputs)


def expected(x, kernel, ordering, strides, border_mode, engine, dilation=None):
    y = convolved(to_tf(x, ordering), kernel_to_tf(kernel, ordering), strides, border_mode, engine, dilation)
    return from_tf(y, ordering)


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@each_engine
@each_ordering
@pytest.mark.parametrize("border_mode", ["valid", "same", "full"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_conv2d(monkeypatch, engine, ordering, border_mode, strides):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x, kernel = images(ordering), kernels(ordering)
    y = both_ways(K.conv2d, x, kernel, strides=strides, border_mode=border_mode, dim_ordering=ordering)
    close(y, expected(x, kernel, ordering, strides, border_mode, engine))


@each_engine
@pytest.mark.parametrize("length", [5, 6])
@pytest.mark.parametrize("window", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_same_of_all_lengths(engine, length, window, stride):
    x, kernel = normal(2, length, 3), normal(window, 3, 4)
    y = convolve(x, kernel, (stride,), "same", "tf", engine)
    close(y, convolved(x, kernel, (stride,), "same", engine))
    if engine == "tensorflow":
        spec = ("NWC", "WIO", "NWC")
        close(y, jax.lax.conv_general_dilated(x, kernel, (stride,), "SAME", dimension_numbers=spec))


def test_theanos_convolution_is_that_of_mathematics():
    x, kernel = normal(6), normal(3)
    for border_mode in ("valid", "same", "full"):
        y = convolve(x[None, :, None], kernel[:, None, None], (1,), border_mode, "tf", "theano")
        close(y[0, :, 0], np.convolve(x, kernel, border_mode))


@each_engine
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_conv1d(monkeypatch, engine, border_mode):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x, kernel = normal(2, 7, 3), normal(4, 3, 5)
    y = both_ways(K.conv1d, x, kernel, stride=2, border_mode=border_mode)
    close(y, convolved(x, kernel, (2,), border_mode, engine))
    close(K.conv1d(x, kernel[:, None], 2, border_mode), y)  # as Convolution1D keeps it


@each_engine
@each_ordering
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_conv3d(monkeypatch, engine, ordering, border_mode):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x, kernel = images(ordering, 2, (4, 3, 5)), kernels(ordering, 2, 3, (2, 1, 3))
    y = both_ways(K.conv3d, x, kernel, strides=(2, 1, 1), border_mode=border_mode, dim_ordering=ordering)
    close(y, expected(x, kernel, ordering, (2, 1, 1), border_mode, engine))


@each_engine
@each_ordering
@pytest.mark.parametrize("border_mode", ["valid", "same", "full"])
def test_dilation(monkeypatch, engine, ordering, border_mode):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x, kernel = images(ordering), kernels(ordering)
    y = both_ways(K.atrous_conv2d, x, kernel, rate=2, border_mode=border_mode, dim_ordering=ordering)
    close(y, expected(x, kernel, ordering, (1, 1), border_mode, engine, (2, 2)))
    y = K.conv2d(x, kernel, border_mode=border_mode, dim_ordering=ordering, filter_dilation=(1, 3))
    close(y, expected(x, kernel, ordering, (1, 1), border_mode, engine, (1, 3)))


@each_engine
@each_ordering
@pytest.mark.parametrize("border_mode", ["valid", "same", "full"])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
def test_deconv2d_is_the_gradient_of_conv2d(monkeypatch, engine, ordering, border_mode, strides):
    monkeypatch.setattr(config, "_BACKEND", engine)
    wide = images(ordering, 4, (7, 8))
    kernel = kernels(ordering, 3, 4)  # of deconv2d: from 3 to 4 channels
    swapped = np.swapaxes(kernel, *((0, 1) if ordering == "th" else (-1, -2)))  # of conv2d: from 4 to 3

    def forward(wide):
        return K.conv2d(wide, swapped, strides, border_mode, ordering)

    narrow, gradient = jax.vjp(forward, wide)
    x = normal(*narrow.shape)
    y = both_ways(
        K.deconv2d, x, kernel, output_shape=(None, *wide.shape[1:]), strides=strides, border_mode=border_mode,
        dim_ordering=ordering,
    )  # fmt: skip
    close(y, gradient(x)[0])


def test_deconv2d_takes_what_theanos_convolution_makes_before_it_crops():
    # Of 4 × 4 images it makes 5 × 5 with an even kernel, as 'full' does.
    x, kernel, other = normal(1, 1, 5, 5), normal(1, 1, 2, 2), normal(1, 1, 4, 4)
    y = convolve_transposed(x, kernel, (4, 4), (1, 1), "same", "th", "theano")
    close(np.vdot(y, other), np.vdot(x, convolve(other, kernel, (1, 1), "full", "th", "theano")))


def test_deconv2d_checks_the_shape_of_the_output():
    x, kernel = normal(1, 3, 4, 4), normal(2, 3, 3, 3)
    assert K.deconv2d(x, kernel, (None, 2, 10.0, 10), (2, 2)).shape == (1, 2, 10, 10)
    with pytest.raises(ValueError, match=r"input of 4 × 4 .* output of 9 × 12\. Sizes that fit: 9 or 10 × 9 or 10\."):
        K.deconv2d(x, kernel, (None, 2, 9, 12), strides=(2, 2))
    with pytest.raises(ValueError, match="sizes of the output must be 2 positive whole numbers"):
        K.deconv2d(x, kernel, (None, 2, None, 12))
    with pytest.raises(ValueError, match=r"output_shape has four entries, the batch's included; got \(6, 6\)"):
        K.deconv2d(x, kernel, (6, 6))


@each_engine
@each_ordering
@pytest.mark.parametrize("border_mode", ["valid", "same"])
def test_separable_conv2d(monkeypatch, engine, ordering, border_mode):
    monkeypatch.setattr(config, "_BACKEND", engine)
    x = images(ordering)
    depthwise, pointwise = kernels(ordering, 3, 2), kernels(ordering, 6, 5, (1, 1))
    y = both_ways(
        K.separable_conv2d, x, depthwise, pointwise, strides=(2, 1), border_mode=border_mode, dim_ordering=ordering
    )
    x, one, two = to_tf(x, ordering), kernel_to_tf(depthwise, ordering), kernel_to_tf(pointwise, ordering)
    # Output k · multiplier + q is what kernel q makes of channel k.
    maps = [convolved(x[..., k : k + 1], one[:, :, k : k + 1], (2, 1), border_mode, engine) for k in range(3)]
    close(to_tf(y, ordering), np.concatenate(maps, axis=-1) @ two[0, 0])


# ---- what holds for all of them


def test_the_ordering_is_that_of_the_settings(monkeypatch):
    x, kernel = images("tf"), kernels("tf")
    monkeypatch.setitem(config._settings, "image_dim_ordering", "tf")
    close(K.conv2d(x, kernel), K.conv2d(x, kernel, dim_ordering="tf"))
    assert K.deconv2d(x, kernel, (2, 9, 7, 4)).shape == (2, 9, 7, 4)


def _with(function, arguments, place, value):
    return function(*arguments[:place], value, *arguments[place + 1 :])


def test_derivatives_vmap_and_scan():
    x, kernel = images("th"), kernels("th")

    def f(x, kernel):
        return jnp.sum(convolve(x, kernel, (2, 1), "same", "th", "theano") ** 2)

    for argument, value in enumerate((x, kernel)):
        at = functools.partial(_with, f, (x, kernel), argument)
        gradient, direction = jax.grad(at)(value), normal(*value.shape)
        change = (at(value + 1e-2 * direction) - at(value - 1e-2 * direction)) / 2e-2
        np.testing.assert_allclose(np.vdot(gradient, direction), change, rtol=1e-2)
        # f is a square in each argument: its second derivative maps an argument to its first.
        second = jax.jvp(jax.grad(at), (value,), (value,))[1]
        np.testing.assert_allclose(second, gradient, rtol=1e-4, atol=1e-3)

    many = np.stack([kernel, 2 * kernel])
    mapped = jax.vmap(lambda k: convolve(x, k, (1, 1), "valid", "th", "tensorflow"))(many)
    close(mapped[1], 2 * convolve(x, kernel, (1, 1), "valid", "th", "tensorflow"))
    _, scanned = jax.lax.scan(lambda c, k: (c, convolve(x, k, (1, 1), "valid", "th", "tensorflow")), 0, many)
    close(scanned, mapped)


def test_numbers_of_other_types():
    x, kernel = np.arange(8).reshape(1, 1, 2, 4), np.ones((1, 1, 1, 2), "int64")
    y = K.conv2d(x, kernel, strides=[1.0, 2])
    assert y.dtype == jnp.float32
    assert y.tolist() == [[[[1, 5], [9, 13]]]]
    assert K.conv2d(images("th").astype("float16"), kernels("th")).dtype == jnp.float32
    assert K.conv2d(K.variable(images("th")), K.variable(kernels("th"))).shape == (2, 4, 5, 5)


def test_hints_for_theano_change_nothing():
    x, kernel = images("th"), kernels("th")
    y = K.conv2d(x, kernel, (1, 1), "valid", "th", (None, 3, 7, 6), (4, 3, 3, 2))
    close(y, K.conv2d(x, kernel))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, k: K.conv2d(x, k, border_mode="sme"), "Unknown border_mode 'sme': expected 'valid', 'same' or 'full'"),
        (lambda x, k: K.conv2d(x, k, dim_ordering="the"), "Unknown dim_ordering 'the': expected 'th', 'tf' or 'default'"),
        (lambda x, k: K.deconv2d(x, k, (1, 2, 3, 4), dim_ordering=None), "Unknown dim_ordering None"),
        (lambda x, k: K.separable_conv2d(x, k, k, border_mode=1), "Unknown border_mode 1"),
        (lambda x, k: K.conv2d(x, k, strides=2), r"strides must be 2 positive whole numbers, such as \(2, 2\); got 2"),
        (lambda x, k: K.conv2d(x, k, strides=(0, 1)), r"strides must be 2 positive whole numbers.*got \(0, 1\)"),
        (lambda x, k: K.conv2d(x, k, strides=(1.5, 1)), r"got \(1.5, 1\)"),
        (lambda x, k: K.conv2d(x, k, filter_dilation=(1,)), "The dilation must be 2 positive whole numbers"),
        (lambda x, k: K.conv1d(x, k), r"conv1d takes an input of 3 axes.*got shape \(2, 3, 7, 6\)"),
        (lambda x, k: K.conv3d(x, k), "conv3d takes an input of 5 axes"),
        (lambda x, k: K.conv2d(x, k[0]), r"as many axes, at least 3; got shapes \(2, 3, 7, 6\) and \(3, 3, 2\)"),
        (lambda x, k: K.conv2d(x, k, dim_ordering="tf"), r"shape \(4, 3, 3, 2\) takes inputs of 3 channels; .* has 6"),
        (
            lambda x, k: K.conv2d(x[:, :, :2], k),
            r"a kernel of 3 × 2 is larger than the input, .* 2 × 6 rows .* channels last, give dim_ordering='tf'",
        ),
        (lambda x, k: K.conv1d(x[..., 0], np.ones((12, 7, 1))), "kernel of 12 .* 3 time steps.*longer sequences"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(images("th"), kernels("th"))


def test_separable_takes_any_number_of_axes():
    y = convolve_separable(normal(2, 7, 3), normal(3, 3, 2), normal(1, 6, 4), (1,), "valid", "tf", "tensorflow")
    assert y.shape == (2, 5, 4)
