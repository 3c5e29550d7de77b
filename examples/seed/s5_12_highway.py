"""Chapter 5.12: Highway carries its input on at first (transform_bias=-2), so that deep stacks learn.

    python examples/seed/s5_12_highway.py

The text lists the arguments, with output_dim among them by mistake: the output is as large as the input.
"""

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers.core import Dense, Highway
from jkeras.models import Sequential

np.random.seed(1337)

layer = Highway(
    init="glorot_uniform",
    transform_bias=-2,
    activation="linear",
    weights=None,
    W_regularizer=None,
    b_regularizer=None,
    activity_regularizer=None,
    W_constraint=None,
    b_constraint=None,
    bias=True,
    input_dim=16,
)
model = Sequential([layer])
assert model.output_shape == (None, 16)  # that of the input: the two are mixed

# A gate says which share of the output is transformed; the rest is the input. The bias of the gate starts at -2.
W, W_carry, b, b_carry = layer.get_weights()
assert W.shape == W_carry.shape == (16, 16) and b.shape == (16,) and np.all(b_carry == -2)
x = np.random.normal(size=(50, 16))
gate = 1 / (1 + np.exp(-(x @ W_carry + b_carry)))
assert np.allclose(model.predict(x), gate * (x @ W + b) + (1 - gate) * x, atol=1e-5)

digits = load_digits()
x, y = digits.data / 16, digits.target[:, None]


def accuracy_of(hidden):
    """Train ten hidden layers on the first 1,400 digits; return the accuracy on the others."""
    np.random.seed(1337)
    model = Sequential([Dense(32, activation="tanh", input_dim=64)])
    for _ in range(10):
        model.add(hidden())
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:1400], y[:1400], batch_size=64, nb_epoch=10, verbose=0)
    return model.evaluate(x[1400:], y[1400:], verbose=0)[1]


highway = accuracy_of(lambda: Highway(transform_bias=-2, activation="relu"))
dense = accuracy_of(lambda: Dense(32, activation="relu"))
assert highway > 0.8 and highway > dense

print(f"digits through ten hidden layers: accuracy {highway:.2%} with Highway, {dense:.2%} with Dense")
