"""Flatten, Reshape, Permute, RepeatVector."""

import numpy as np
import pytest

from jkeras.layers import Flatten, Input, Masking, Permute, RepeatVector, Reshape

X = np.arange(2 * 3 * 4).reshape(2, 3, 4).astype("float32")


def test_flatten_is_row_major():
    np.testing.assert_array_equal(Flatten().apply({}, X), X.reshape(2, 12))
    assert Flatten()(Input((3, 4))).shape == (None, 12)
    assert Flatten()(Input((4,))).shape == (None, 4)
    assert Flatten()(Input(batch_shape=(5, 3, 4))).shape == (5, 12)


def test_flatten_needs_known_sizes():
    with pytest.raises(
        ValueError, match=r"'flatten_1' \(Flatten\) cannot flatten inputs of shape \(None, None, 4\).*input_length"
    ):
        Flatten()(Input((None, 4)))


def test_flatten_refuses_masks():
    with pytest.raises(ValueError, match=r"'flatten_1' \(Flatten\) does not support masking"):
        Flatten()(Masking()(Input((3, 4))))


def test_reshape():
    np.testing.assert_array_equal(Reshape((2, 6)).apply({}, X), X.reshape(2, 2, 6))
    np.testing.assert_array_equal(Reshape((-1, 2)).apply({}, X), X.reshape(2, 6, 2))
    assert Reshape((-1, 2))(Input((3, 4))).shape == (None, 6, 2)
    assert Reshape([2, 12 / 2])(Input((3, 4))).shape == (None, 2, 6)


def test_reshape_of_unknown_sizes():
    assert Reshape((-1, 2))(Input((None, 4))).shape == (None, None, 2)
    assert Reshape((3, 4))(Input((None, 4))).shape == (None, 3, 4)


@pytest.mark.parametrize("target", [(5, 2), (5, -1)])
def test_reshape_checks_sizes(target):
    layer = Reshape(target)
    with pytest.raises(
        ValueError, match=r"'reshape_1' \(Reshape\) cannot give samples of shape \(3, 4\), 12 numbers, the shape"
    ):
        layer(Input((3, 4)))
    with pytest.raises(ValueError, match=r"cannot give samples of shape \(3, 4\)"):
        layer.apply({}, X)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ((-1, -1), "only one size in target_shape may be -1"),
        ((0, 2), "sizes in target_shape are positive whole numbers, and one may be -1; got 0"),
        ((2.5,), "got 2.5"),
        ((None, 3), "got None"),
        (7, r"target_shape must be a tuple of sizes, such as \(3, 4\); got 7"),
    ],
)
def test_reshape_checks_its_target(target, message):
    with pytest.raises(ValueError, match=message):
        Reshape(target)


def test_permute_counts_axes_from_one():
    np.testing.assert_array_equal(Permute((2, 1)).apply({}, X), X.transpose(0, 2, 1))
    assert Permute((3, 1, 2))(Input((2, 3, 4))).shape == (None, 4, 2, 3)
    assert Permute((2, 1))(Input((None, 4))).shape == (None, 4, None)


@pytest.mark.parametrize("dims", [(0, 1), (1, 1), (1, 3)])
def test_permute_checks_dims(dims):
    with pytest.raises(ValueError, match="Permute: "):
        Permute(dims)


def test_permute_checks_the_rank():
    with pytest.raises(
        ValueError, match=r"'permute_1' \(Permute\): expected an input of 3 dimensions; got shape \(None, 4\)"
    ):
        Permute((2, 1))(Input((4,)))


def test_repeat_vector():
    x = X[:, 0]
    np.testing.assert_array_equal(RepeatVector(3).apply({}, x), np.stack([x] * 3, axis=1))
    assert RepeatVector(3)(Input((4,))).shape == (None, 3, 4)
    with pytest.raises(ValueError, match="RepeatVector: n must be a positive whole number; got 0"):
        RepeatVector(0)
    with pytest.raises(ValueError, match=r"'repeatvector_3' .* expected an input of 2 dimensions"):
        RepeatVector(3)(Input((2, 4)))
