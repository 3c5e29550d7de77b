"""Masks on their way through models with recurrent layers."""

import numpy as np
import pytest

from jkeras.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Lambda,
    Masking,
    SimpleRNN,
    TimeDistributed,
    merge,
)
from jkeras.models import Model, Sequential
from tests.layers.recurrent.reference import KINDS, run

UNITS = 3
rng = np.random.default_rng(0)
WORDS = np.array([[3, 1, 2, 0, 0], [0, 4, 0, 2, 1], [0, 0, 0, 0, 0]], "int32")  # padded behind, inside, all over
MASK = WORDS != 0
X = rng.normal(size=(3, 5, 2)).astype("float32") * MASK[:, :, None]


def randomised(model):
    random = np.random.default_rng(1)
    model.set_weights([random.normal(0, 0.7, size=weight.shape) for weight in model.weights])
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_padding_behind_changes_nothing(kind):
    model = randomised(Sequential([Masking(input_shape=(None, 2)), layer := kind(UNITS)]))
    found = model.predict(X)
    np.testing.assert_allclose(found[0], run(layer, X[:1, :3])[0][0, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], run(layer, X[1:2, [1, 3, 4]])[0][0, -1], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found[2], np.zeros(UNITS))


@pytest.mark.parametrize("kind", KINDS)
def test_embedding(kind):
    layer = kind(UNITS, return_sequences=True)
    model = randomised(Sequential([Embedding(5, 2, mask_zero=True, input_length=5), layer]))
    vectors = model.layers[0].get_weights()[0][WORDS]
    np.testing.assert_allclose(model.predict(WORDS), run(layer, vectors, MASK)[0], rtol=1e-4, atol=1e-5)


def test_stacked_layers_see_the_mask_of_the_first():
    first, second = GRU(4, return_sequences=True), LSTM(UNITS)
    model = randomised(Sequential([Masking(input_shape=(5, 2)), first, second]))
    expected = run(second, run(first, X, MASK)[0], MASK)[0][:, -1]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)
    assert first.output_mask.shape == (None, 5)
    assert second.output_mask is None


def test_through_layers_that_pass_masks_on():
    second = SimpleRNN(UNITS)
    first = LSTM(4, return_sequences=True)
    steps = TimeDistributed(Dense(2))
    model = randomised(Sequential([Masking(input_shape=(5, 2)), first, Dropout(0.5), steps, second]))
    w, b = steps.get_weights()
    expected = run(second, run(first, X, MASK)[0] @ w + b, MASK)[0][:, -1]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_a_layer_that_goes_backwards_passes_the_mask_on_as_it_is():
    # As Keras 1 does: the outputs stand in the order in which they were made, the mask does not.
    first, second = GRU(4, return_sequences=True, go_backwards=True), GRU(UNITS)
    model = randomised(Sequential([Masking(input_shape=(5, 2)), first, second]))
    expected = run(second, run(first, X, MASK)[0], MASK)[0][:, -1]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


def test_bidirectional():
    last = LSTM(UNITS)
    both = Bidirectional(GRU(4, return_sequences=True), merge_mode="sum")
    model = randomised(Sequential([Masking(input_shape=(5, 2)), both, last]))
    there, back = both.forward_layer, both.backward_layer
    middle = run(there, X, MASK)[0] + run(back, X, MASK)[0][:, ::-1]
    np.testing.assert_allclose(model.predict(X), run(last, middle, MASK)[0][:, -1], rtol=1e-4, atol=1e-5)
    assert both.output_mask.shape == (None, 5)


def test_merged_sequences():
    one, two = Input((5, 2)), Input((5, 2))
    other = MASK[:, ::-1]
    y = X[:, ::-1] * 2
    layer = LSTM(UNITS)
    model = randomised(Model([one, two], layer(merge([Masking()(one), Masking()(two)], mode="sum"))))
    expected = run(layer, X + y, MASK & other)[0][:, -1]
    np.testing.assert_allclose(model.predict([X, y]), expected, rtol=1e-4, atol=1e-5)


def test_encoders_end_the_mask():
    one, two = Input((5,), dtype="int32"), Input((5,), dtype="int32")
    words = Embedding(5, 2, mask_zero=True)
    shared = LSTM(UNITS)
    model = Model([one, two], Dense(1)(merge([shared(words(one)), shared(words(two))], mode="concat")))
    assert model.predict([WORDS, WORDS]).shape == (3, 1)


def test_the_loss_counts_only_steps_that_count():
    model = randomised(Sequential([Masking(input_shape=(5, 2)), SimpleRNN(1, return_sequences=True)]))
    model.compile("sgd", "mse")
    targets = rng.normal(size=(3, 5, 1)).astype("float32")
    squares = np.square(model.predict(X) - targets)[..., 0]
    expected = np.mean(squares * MASK / MASK.mean())
    assert model.evaluate(X, targets, verbose=0) == pytest.approx(float(expected), rel=1e-4)
    spoiled = np.where(MASK[..., None], targets, 100)
    assert model.evaluate(X, spoiled, verbose=0) == pytest.approx(float(expected), rel=1e-4)


def test_the_functional_face_takes_a_mask():
    model = randomised(Sequential([layer := GRU(UNITS, input_shape=(5, 2))]))
    expected = run(layer, X, MASK)[0][:, -1]
    np.testing.assert_allclose(model.apply(model.params, X, mask=MASK), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("refuses", [Dense(2), Flatten(), Lambda(lambda x: x)], ids=["dense", "flatten", "lambda"])
def test_layers_without_support_refuse(refuses):
    refuses.name = "refuses"
    with pytest.raises(ValueError, match=r"Layer 'refuses' .* does not support masking"):
        refuses(LSTM(UNITS, return_sequences=True)(Masking()(Input((5, 2)))))
