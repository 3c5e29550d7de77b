"""Chapter 5.2: Activation applies a function to a layer's output, by its name or as a function of K.

    python examples/seed/s5_2_activation.py

The text gives the signature; beside each name stands its formula in numpy.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.core import Activation, Dense
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(100, 5))

formulas = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "hard_sigmoid": lambda z: np.clip(0.2 * z + 0.5, 0, 1),
    "tanh": np.tanh,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "softsign": lambda z: z / (1 + np.abs(z)),
    "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True),
}
largest = 0.0
for name, formula in formulas.items():
    model = Sequential([Activation(name, input_shape=(5,))])
    largest = max(largest, np.abs(model.predict(x) - formula(x)).max())
assert largest < 1e-5


def swish(z):
    return z * K.sigmoid(z)


model = Sequential([Activation(swish, input_shape=(5,))])
assert np.allclose(model.predict(x), x / (1 + np.exp(-x)), atol=1e-5)

# A layer of its own, or an argument of the layer before: the same
apart = Sequential([Dense(3, input_dim=5), Activation("tanh")])
inside = Sequential([Dense(3, input_dim=5, activation="tanh", weights=apart.get_weights())])
assert np.allclose(apart.predict(x), inside.predict(x), atol=1e-6)

print(f"{len(formulas)} activations by name and one function of K differ from numpy by at most {largest:.0e}")
