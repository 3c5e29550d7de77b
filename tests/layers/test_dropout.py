"""Dropout and its spatial forms: what is dropped, how the rest is scaled, which stream is used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.backend.config import set_image_dim_ordering
from jkeras.engine.contract import Context
from jkeras.layers import Dropout, Input, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D


def train(layer, x, seed=0):
    return np.asarray(layer.apply_with_state({}, {}, x, Context(train=True, key=jax.random.key(seed)))[0])


def test_share_and_scale():
    y = train(Dropout(0.3), jnp.ones((100, 100)))
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.7)}
    assert abs((y == 0).mean() - 0.3) < 0.02


def test_inference_and_zero_share_change_nothing():
    x = jnp.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(Dropout(0.9).apply({}, x), x)
    np.testing.assert_array_equal(train(Dropout(0), x), x)
    # With nothing to draw no key is needed.
    np.testing.assert_array_equal(Dropout(0).apply_with_state({}, {}, x, Context(train=True))[0], x)


def test_noise_shape_ties_decisions():
    y = train(Dropout(0.5, noise_shape=(None, 1, 20)), jnp.ones((8, 5, 20)))
    assert (y == y[:, :1]).all()
    assert 0 < (y == 0).mean() < 1


def test_noise_shape_must_fit():
    layer = Dropout(0.5, noise_shape=(4, 1))
    with pytest.raises(ValueError, match=r"'dropout_1' \(Dropout\): noise_shape \(4, 1\) does not fit .* \(8, 3\)"):
        train(layer, jnp.ones((8, 3)))


def test_a_seed_selects_another_stream_that_still_moves_on():
    x = jnp.ones((20, 20))
    assert not np.array_equal(train(Dropout(0.5, seed=1), x), train(Dropout(0.5, seed=2), x))
    assert not np.array_equal(train(Dropout(0.5, seed=1), x, 0), train(Dropout(0.5, seed=1), x, 1))


@pytest.mark.parametrize("p", [1, 1.0, -0.1, 2, "0.5", None, True, float("nan")])
def test_the_share_is_below_one(p):
    with pytest.raises(ValueError, match=r"Dropout: p is the share that is dropped, in .*\[0, 1\); got"):
        Dropout(p)


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (lambda: SpatialDropout1D(0.5), (8, 5, 20), (1,)),
        (lambda: SpatialDropout2D(0.5, dim_ordering="th"), (8, 20, 3, 4), (2, 3)),
        (lambda: SpatialDropout2D(0.5, dim_ordering="tf"), (8, 3, 4, 20), (1, 2)),
        (lambda: SpatialDropout3D(0.5, dim_ordering="th"), (8, 20, 2, 3, 4), (2, 3, 4)),
        (lambda: SpatialDropout3D(0.5, dim_ordering="tf"), (8, 2, 3, 4, 20), (1, 2, 3)),
    ],
)
def test_spatial_dropout_drops_whole_maps(layer, shape, axes):
    y = train(layer(), jnp.ones(shape))
    assert (y == y.max(axis=axes, keepdims=True)).all()
    other = tuple(axis for axis in range(len(shape)) if axis not in axes)
    assert 0 < (y.max(axis=axes) == 0).sum() < np.prod([shape[axis] for axis in other])


def test_dim_ordering_defaults_to_the_setting():
    assert SpatialDropout2D(0.5).dim_ordering == "th"
    set_image_dim_ordering("tf")
    try:
        assert SpatialDropout3D(0.5).dim_ordering == "tf"
    finally:
        set_image_dim_ordering("th")
    with pytest.raises(ValueError, match=r"SpatialDropout2D: dim_ordering is 'th', 'tf' or 'default'; got 'fh'"):
        SpatialDropout2D(0.5, dim_ordering="fh")


def test_configs_of_keras_1_lack_the_ordering():
    layer = SpatialDropout2D.from_config({"name": "drop", "p": 0.3, "trainable": True})
    assert (layer.p, layer.dim_ordering) == (0.3, "th")


def test_wrong_ranks_are_named():
    with pytest.raises(ValueError, match=r"'spatialdropout1d_1' .* expected an input of 3 dimensions"):
        SpatialDropout1D(0.5)(Input((4,)))
    with pytest.raises(ValueError, match=r"'spatialdropout2d_1' .* expected an input of 4 dimensions"):
        SpatialDropout2D(0.5)(Input((4,)))
