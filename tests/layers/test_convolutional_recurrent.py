"""ConvLSTM2D against steps written out, its states and masks."""

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.layers import ConvLSTM2D, ConvRecurrent2D, Input
from jkeras.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 5, 4, 2)).astype("float32")  # (batch, time, rows, cols, channels)


def layer_of(**kwargs):
    layer = ConvLSTM2D(3, 2, 2, dim_ordering="tf", dialect="tensorflow", **kwargs)
    model = Sequential([layer])
    layer.set_weights([RNG.normal(scale=0.5, size=weight.shape) for weight in layer.weights])
    return model, layer


def reference(weights, x, border_mode="valid", subsample=(1, 1), mask=None):
    def conv(images, kernel, border_mode, subsample=(1, 1)):
        return np.asarray(K.conv2d(images, kernel, subsample, border_mode, "tf"))

    names = [f"{letter}_{gate}" for gate in "icfo" for letter in "WUb"]
    w = dict(zip(names, weights, strict=True))
    sigma = lambda z: np.clip(0.2 * z + 0.5, 0, 1)  # noqa: E731
    h = c = np.zeros_like(conv(x[:, 0], w["W_i"], border_mode, subsample))
    outputs = []
    for t in range(x.shape[1]):
        parts = {
            gate: conv(x[:, t], w[f"W_{gate}"], border_mode, subsample)
            + w[f"b_{gate}"]
            + conv(h, w[f"U_{gate}"], "same")
            for gate in "ifco"
        }
        new_c = sigma(parts["f"]) * c + sigma(parts["i"]) * np.tanh(parts["c"])
        new_h = sigma(parts["o"]) * np.tanh(new_c)
        keep = 1.0 if mask is None else mask[:, t, None, None, None]
        h, c = keep * new_h + (1 - keep) * h, keep * new_c + (1 - keep) * c
        outputs.append(h)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize(("border_mode", "subsample"), [("valid", (1, 1)), ("same", (2, 1))])
def test_numbers(border_mode, subsample):
    model, layer = layer_of(
        return_sequences=True, border_mode=border_mode, subsample=subsample, input_shape=X.shape[1:]
    )
    expected = reference(layer.get_weights(), X, border_mode, subsample)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_channels_first_is_the_same_in_other_order():
    model, layer = layer_of(input_shape=X.shape[1:])
    turned = ConvLSTM2D(3, 2, 2, dim_ordering="th", dialect="tensorflow", input_shape=(3, 2, 5, 4))
    other = Sequential([turned])
    turned.set_weights([w.transpose(3, 2, 0, 1) if w.ndim == 4 else w for w in layer.get_weights()])
    found = other.predict(X.transpose(0, 1, 4, 2, 3))
    np.testing.assert_allclose(found.transpose(0, 2, 3, 1), model.predict(X), rtol=1e-4, atol=1e-5)


def test_masked_steps_are_passed_over():
    _, layer = layer_of(return_sequences=True, input_shape=X.shape[1:])
    mask = np.array([[1, 0, 1], [1, 1, 0]], bool)
    found, _ = layer.apply_with_state(layer.params, {}, X, Context(mask=mask))
    np.testing.assert_allclose(found, reference(layer.get_weights(), X, mask=mask), rtol=1e-4, atol=1e-5)


def test_stateful_halves_are_the_whole():
    long = np.concatenate([X, X[:, ::-1]], axis=1)
    model, layer = layer_of(stateful=True, batch_input_shape=(2, 3, 5, 4, 2))
    whole = reference(layer.get_weights(), long)
    np.testing.assert_allclose(model.predict(long[:, :3], batch_size=2), whole[:, 2], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.predict(long[:, 3:], batch_size=2), whole[:, 5], rtol=1e-4, atol=1e-5)
    layer.reset_states()
    np.testing.assert_allclose(model.predict(long[:, :3], batch_size=2), whole[:, 2], rtol=1e-4, atol=1e-5)


def test_go_backwards_reads_from_the_end():
    model, layer = layer_of(go_backwards=True, input_shape=X.shape[1:])
    expected = reference(layer.get_weights(), X[:, ::-1])[:, -1]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_dropout_is_the_same_for_all_steps():
    _, layer = layer_of(dropout_W=0.5, return_sequences=True, border_mode="same", input_shape=X.shape[1:])
    ones = np.ones((1, 3, 5, 4, 2), "float32")
    with jax.disable_jit():
        steps = layer.apply_with_state(layer.params, {}, ones, Context(train=True, key=jax.random.key(1)))[0]
    plain = layer.apply(layer.params, ones)
    assert np.abs(steps - plain).max() > 1e-3


def test_refusals():
    with pytest.raises(NotImplementedError, match="ConvRecurrent2D is abstract"):
        ConvRecurrent2D(nb_row=1, nb_col=1, nb_filter=1)
    with pytest.raises(ValueError, match="border_mode"):
        ConvLSTM2D(3, 2, 2, border_mode="full")
    with pytest.raises(ValueError, match="fixed batch size"):
        ConvLSTM2D(3, 2, 2, stateful=True)(Input(X.shape[1:]))
    with pytest.raises(
        ValueError,
        match=r"expected an input of 5 dimensions, \(batch, time, channels, rows, cols\) .* has an axis of time before",
    ):
        ConvLSTM2D(3, 2, 2)(Input((3, 4, 5)))
    with pytest.raises(
        ValueError, match=r"input of shape \(None, 7, 9, 9, 1\): a filter of 2 × 2 .* dim_ordering='tf'"
    ):
        ConvLSTM2D(3, 2, 2)(Input((7, 9, 9, 1)))
