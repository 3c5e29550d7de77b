"""evaluate and predict: batches of any size, averages, classes, progress bars."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Dense, Lambda
from jkeras.models import Sequential
from tests.engine.small import linear, samples


def test_evaluate_averages_over_batches_by_their_size():
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["precision", "acc"])
    x, _ = samples(300)
    y = (x.sum(axis=1) > 0).astype("float32")
    assert model.metrics_names == ["loss", "precision", "acc"]
    for batch_size in (7, 2):  # 2: more batches than a block of data holds
        parts = [
            (len(x[i : i + batch_size]), model.test_on_batch(x[i : i + batch_size], y[i : i + batch_size]))
            for i in range(0, 300, batch_size)
        ]
        expected = np.sum([size * np.array(values) for size, values in parts], axis=0) / 300
        np.testing.assert_allclose(model.evaluate(x, y, batch_size, verbose=0), expected, rtol=1e-5)


def test_predict_in_batches_of_any_size():
    model, (x, _) = linear(), samples(300)
    w, b = model.get_weights()
    for batch_size in (1, 7, 299, 300, 1000):
        np.testing.assert_allclose(model.predict(x, batch_size), x @ w + b, rtol=1e-5, atol=1e-6)
    output = model.predict(x, 7)
    output += 1  # the caller's own
    assert output.dtype == np.float32
    np.testing.assert_allclose(model.predict_on_batch(x.tolist()), x @ w + b, rtol=1e-5, atol=1e-6)


def test_predict_classes_and_probabilities():
    model = Sequential([Dense(3, input_dim=2, activation="softmax")])
    x, _ = samples(5)
    probabilities = model.predict_proba(x, verbose=0)
    np.testing.assert_array_equal(probabilities, model.predict(x))
    np.testing.assert_array_equal(model.predict_classes(x, verbose=0), probabilities.argmax(axis=1))
    single = Sequential([Dense(1, input_dim=2)])
    np.testing.assert_array_equal(single.predict_classes(x, verbose=0), (single.predict(x) > 0.5).astype(int))
    single.set_weights([np.zeros((2, 1)), np.array([2.0])])
    with pytest.warns(UserWarning, match="below 0 or above 1"):
        single.predict_proba(x, verbose=0)


def test_predict_needs_a_row_for_each_sample():
    model = Sequential([Lambda(lambda x: K.sum(x, axis=0, keepdims=True), output_shape=(2,), input_shape=(2,))])
    x, _ = samples(6)
    np.testing.assert_allclose(model.predict_on_batch(x), x.sum(axis=0, keepdims=True), rtol=1e-5)
    with pytest.raises(ValueError, match=r"shape \(1, 2\) for a batch of 4 samples; predict needs one row for each"):
        model.predict(x, 4)


def test_evaluate_and_predict_show_a_bar_on_demand(capsys):
    model, (x, y) = linear(), samples(9)
    bar = f"9/9 [{'=' * 30}] - 0s\n"
    model.evaluate(x, y, 4)
    assert capsys.readouterr().out == bar
    model.predict(x, 4, verbose=1)
    assert capsys.readouterr().out == bar
    model.predict(x, verbose=1)
    assert capsys.readouterr().out == bar
    model.evaluate(x, y, 4, verbose=0)
    model.predict(x, 4)
    assert capsys.readouterr().out == ""
