"""Whatever way a convolution is computed, its numbers are those of XLA's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.backend import convolution_cpu
from jkeras.backend.convolution import _xla, correlate
from jkeras.layers import Convolution2D, GlobalAveragePooling2D
from jkeras.models import Sequential

# (batch, space, inputs, outputs, window, strides, padding, dilation, spread)
SHAPES = {
    "plain": (4, (6, 5), 3, 4, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
    "one by one": (3, (4, 5), 3, 2, (1, 1), (1, 1), ((0, 0), (0, 0)), (1, 1), (1, 1)),
    "strides": (4, (9, 8), 2, 3, (3, 3), (2, 3), ((1, 1), (2, 0)), (1, 1), (1, 1)),
    "wide strides": (2, (9, 8), 2, 3, (2, 1), (4, 3), ((0, 1), (0, 0)), (1, 1), (1, 1)),
    "dilation": (2, (9, 8), 2, 3, (3, 2), (1, 2), ((2, 2), (0, 3)), (3, 2), (1, 1)),
    "spread": (2, (4, 5), 3, 2, (3, 2), (1, 1), ((1, 2), (0, 1)), (1, 1), (2, 3)),
    "cropped": (2, (7, 8), 3, 2, (3, 2), (1, 1), ((-1, -2), (2, -1)), (1, 1), (2, 1)),
    "sequences": (5, (9,), 3, 4, (4,), (2,), ((1, 2),), (1,), (1,)),
    "volumes": (3, (4, 5, 3), 2, 3, (2, 3, 1), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 2), (1, 1, 1)),
}
each_shape = pytest.mark.parametrize("shape", SHAPES)
each_ordering = pytest.mark.parametrize("ordering", ["th", "tf"])


def arranged(shape, ordering, groups=1):
    """Arrays, and the other arguments."""
    batch, space, inputs, outputs, window, strides, padding, dilation, spread = SHAPES[shape]
    outputs = inputs * outputs if groups > 1 else outputs
    x, kernel = (batch, inputs, *space), (outputs, inputs // groups, *window)
    if ordering == "tf":
        x, kernel = (batch, *space, inputs), (*window, inputs // groups, outputs)
    arrays = [np.random.normal(size=size).astype("float32") for size in (x, kernel)]
    how = {
        "strides": strides, "padding": padding, "dim_ordering": ordering, "dilation": dilation, "spread": spread,
        "groups": groups,
    }  # fmt: skip
    return arrays, how


def compare(arrays, how):
    wanted = _xla(*arrays, **how)
    found = convolution_cpu.correlate(*arrays, **how)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    weights = np.random.normal(size=wanted.shape).astype("float32")
    gradients = [
        jax.jit(jax.grad(lambda x, kernel, f=f: jnp.vdot(weights, jnp.sin(f(x, kernel, **how))), (0, 1)))(*arrays)
        for f in (convolution_cpu.correlate, _xla)
    ]
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@each_shape
@each_ordering
def test_at_once(shape, ordering):
    compare(*arranged(shape, ordering))


@each_shape
@each_ordering
@pytest.mark.parametrize("size", [1, 2000])
def test_in_blocks_and_bands(monkeypatch, shape, ordering, size):
    # With one byte each row of each sample is a block of its own.
    monkeypatch.setattr(convolution_cpu, "BLOCK_BYTES", size)
    compare(*arranged(shape, ordering))


@each_shape
@each_ordering
def test_depthwise(shape, ordering):
    compare(*arranged(shape, ordering, groups=SHAPES[shape][2]))


def test_the_batch_is_divided_evenly_where_it_can_be():
    seen = []

    def note(x):
        seen.append(x.shape[0])
        return 2 * x

    for batch, size, blocks in ((12, 5, [6]), (12, 12, [12]), (12, 1, [1]), (13, 4, [4, 1]), (10, 4, [5]), (0, 3, [0])):
        seen.clear()
        x = jnp.arange(2.0 * batch).reshape(batch, 2)
        np.testing.assert_array_equal(convolution_cpu._in_blocks(note, x, size), 2 * x)
        assert list(dict.fromkeys(seen)) == blocks  # JAX may trace a function more than once


def test_bands_keep_patches_small():
    for rows, row_bytes in ((7, 10), (100, 2**18), (97, 2**20), (3, 2**24)):
        bands = convolution_cpu._bands(rows, row_bytes)
        assert 1 <= bands <= rows
        assert -(-rows // bands) * row_bytes <= max(2 * convolution_cpu.BLOCK_BYTES, row_bytes)


def test_kernels_of_many_taps_are_left_to_xla():
    assert convolution_cpu.is_better((4, 3, 16, 16), "th", 1) and not convolution_cpu.is_better((4, 3, 17, 16), "th", 1)
    assert convolution_cpu.is_better((257, 1, 1, 4), "tf", 1) is False
    assert not convolution_cpu.is_better((4, 2, 3, 3), "th", 2)  # groups that are not single channels
    x, kernel = np.ones((1, 300, 1), "float32"), np.ones((290, 1, 1), "float32")
    np.testing.assert_allclose(correlate(x, kernel, (1,), [(0, 0)], "tf"), np.full((1, 11, 1), 290.0))


def test_one_program_for_each_platform():
    x, kernel = np.ones((2, 1, 6, 6), "float32"), np.ones((3, 1, 3, 3), "float32")

    def f(x, kernel):
        return correlate(x, kernel, (1, 1), [(0, 0)] * 2, "th")

    gradient = jax.jit(jax.grad(lambda x, kernel: jnp.sum(f(x, kernel) ** 2), (0, 1)))
    here = gradient.lower(x, kernel).compile().as_text()
    assert " convolution(" not in here and " conditional(" not in here
    elsewhere = jax.jit(f).trace(x, kernel).lower(lowering_platforms=("cuda",)).as_text()
    assert "stablehlo.convolution" in elsewhere and "stablehlo.dot_general" not in elsewhere


@pytest.mark.parametrize("platform", ["cuda", "tpu", "cpu"])
def test_a_training_step_exported_for_a_platform_has_its_convolution(platform):
    layer = Convolution2D(4, 3, 3, subsample=(2, 1), border_mode="same", input_shape=(3, 8, 8))
    model = Sequential([layer, GlobalAveragePooling2D()])

    def loss(params, x):
        return jnp.mean(model.apply(params, x) ** 2)

    shapes = jax.tree.map(lambda w: jax.ShapeDtypeStruct(w.shape, w.dtype), model.params)
    x = jax.ShapeDtypeStruct((2, 3, 8, 8), "float32")
    program = jax.export.export(jax.jit(jax.grad(loss)), platforms=[platform])(shapes, x).mlir_module()
    # For an accelerator one convolution forward and one for the kernel's gradient; here products of patches.
    assert program.count("stablehlo.convolution") == (0 if platform == "cpu" else 2)
    assert ("stablehlo.dot_general" in program) == (platform == "cpu")


@each_ordering
def test_derivatives_in_all_modes(monkeypatch, ordering):
    monkeypatch.setattr(convolution_cpu, "BLOCK_BYTES", 2000)
    (x, kernel), how = arranged("plain", ordering)

    def loss(f):
        return lambda kernel: jnp.sum(jnp.cos(f(x, kernel, **how)))

    for derivative in (jax.jacfwd, jax.jacrev, jax.hessian):
        one, other = (jax.jit(derivative(loss(f)))(kernel) for f in (convolution_cpu.correlate, _xla))
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@each_ordering
def test_vmap_of_images_and_of_kernels(monkeypatch, ordering):
    monkeypatch.setattr(convolution_cpu, "BLOCK_BYTES", 2000)
    (x, kernel), how = arranged("strides", ordering)
    many, kernels = np.stack([x, 2 * x, x - 1]), np.stack([kernel, kernel + 1, -kernel])
    for axes, arrays in (((0, None), (many, kernel)), ((None, 0), (x, kernels)), ((0, 0), (many, kernels))):
        one, other = (
            jax.vmap(lambda x, k, f=f: f(x, k, **how), axes)(*arrays) for f in (convolution_cpu.correlate, _xla)
        )
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)


def test_a_batch_that_is_no_number_yet():
    (x, kernel), how = arranged("strides", "th")
    (batch,) = jax.export.symbolic_shape("n")
    exported = jax.export.export(jax.jit(lambda x: correlate(x, kernel, how["strides"], how["padding"], "th")))(
        jax.ShapeDtypeStruct((batch, *x.shape[1:]), "float32")
    )
    np.testing.assert_allclose(exported.call(x), _xla(x, kernel, **how), rtol=1e-5, atol=1e-5)
