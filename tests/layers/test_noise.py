"""The noise layers: their moments while training, nothing at inference."""

import jax
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import GaussianDropout, GaussianNoise
from jkeras.models import Sequential

X = np.full((200, 100), 3.0, "float32")


@pytest.mark.parametrize(
    ("layer", "deviation"), [(GaussianNoise(0.5), 0.5), (GaussianDropout(0.2), 3.0 * 0.5)], ids=["noise", "dropout"]
)
def test_moments(layer, deviation):
    noisy, _ = layer.apply_with_state({}, {}, X, Context(train=True, key=jax.random.key(0)))
    assert abs(float(noisy.mean()) - 3.0) < 0.05
    assert abs(float(noisy.std()) / deviation - 1) < 0.02
    np.testing.assert_array_equal(layer.apply({}, X), X)


def test_steps_draw_anew_and_predict_does_not():
    model = Sequential([GaussianNoise(1.0, input_shape=(100,))])
    model.compile("sgd", "mse")
    losses = [model.train_on_batch(X, X) for _ in range(2)]
    assert losses[0] != losses[1]
    assert all(abs(loss - 1) < 0.1 for loss in losses)
    np.testing.assert_array_equal(model.predict(X), X)


@pytest.mark.parametrize("make", [lambda: GaussianNoise(-1.0), lambda: GaussianDropout(1.0)])
def test_refusals(make):
    with pytest.raises(ValueError, match="Gaussian"):
        make()
