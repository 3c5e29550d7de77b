"""Small models around recurrent layers, and data with masked steps."""

import numpy as np

from jkeras.layers import Masking
from jkeras.models import Sequential

BATCH, TIME, FEATURES, UNITS = 3, 4, 2, 5
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
MASKED = np.array(X)
MASKED[0, :2] = MASKED[1, 1:3] = MASKED[2] = 0


def same_as(model, twin, x=X):
    """Give two models the same random weights and compare what they predict."""
    random = np.random.default_rng(1)
    weights = [random.normal(0, 0.6, size=weight.shape) for weight in model.weights]
    model.set_weights(weights)
    twin.set_weights(weights)
    np.testing.assert_allclose(
        model.predict(x, batch_size=BATCH), twin.predict(x, batch_size=BATCH), rtol=1e-4, atol=1e-5
    )


def around(layer):
    return Sequential([Masking(batch_input_shape=(BATCH, TIME, FEATURES)), layer])
