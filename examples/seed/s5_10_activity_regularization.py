"""Chapter 5.10: ActivityRegularization lets data through and adds a penalty on them to the loss.

    python examples/seed/s5_10_activity_regularization.py

The text gives the signature; the script checks the two penalties, and shows what one is good for.
"""

import numpy as np

from jkeras.layers.core import ActivityRegularization, Dense
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(30, 8))
y = np.random.normal(size=(30, 8))


def loss_of(l1, l2):
    """Return the loss of a model that is only this layer, and what the layer lets through."""
    model = Sequential([ActivityRegularization(l1=l1, l2=l2, input_shape=(8,))])
    model.compile(optimizer="sgd", loss="mse")
    return model.evaluate(x, y, batch_size=30, verbose=0), model.predict(x)


plain, through = loss_of(l1=0.0, l2=0.0)
assert np.allclose(through, x)
assert np.isclose(plain, np.mean((x - y) ** 2))

with_l1, through = loss_of(l1=0.01, l2=0.0)
assert np.allclose(through, x)
assert np.isclose(with_l1 - plain, 0.01 * np.sum(np.abs(x)), rtol=1e-4)

with_l2, through = loss_of(l1=0.0, l2=0.01)
assert np.allclose(through, x)
assert np.isclose(with_l2 - plain, 0.01 * np.sum(x**2), rtol=1e-4)

# What it is for: a code in which most numbers are zero.
zeros = {}
for l1 in (0.0, 0.01):
    np.random.seed(1337)
    code = Dense(32, activation="relu", input_dim=8)
    model = Sequential([code, ActivityRegularization(l1=l1), Dense(8)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, x, batch_size=30, nb_epoch=200, verbose=0)
    zeros[l1] = np.mean(Sequential([code]).predict(x) < 1e-3)
assert zeros[0.01] > zeros[0.0] + 0.1

print(
    f"l1=0.01 adds {with_l1 - plain:.3f} to the loss and l2=0.01 adds {with_l2 - plain:.3f}; "
    f"of an autoencoder's code {zeros[0.0]:.0%} are zero without l1, {zeros[0.01]:.0%} with it"
)
