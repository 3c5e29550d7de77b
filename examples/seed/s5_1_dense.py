"""Chapter 5.1: Dense, the fully connected layer, and what each of its arguments does.

    python examples/seed/s5_1_dense.py

The text lists the arguments. Here each gets a value once, and the script checks what it changes.
"""

import numpy as np

from jkeras.constraints import maxnorm, nonneg
from jkeras.layers.core import Dense
from jkeras.models import Sequential
from jkeras.regularizers import ActivityRegularizer, WeightRegularizer

np.random.seed(1337)
x = np.random.normal(size=(50, 4))

# Every argument of the text's listing, at its default; only a first layer must be told the size of its input.
model = Sequential()
model.add(
    Dense(
        output_dim=3,
        init="glorot_uniform",
        activation="linear",
        weights=None,
        W_regularizer=None,
        b_regularizer=None,
        activity_regularizer=None,
        W_constraint=None,
        b_constraint=None,
        bias=True,
        input_dim=4,
    )
)
W, b = model.layers[0].get_weights()
assert W.shape == (4, 3) and b.shape == (3,)
assert np.abs(W).max() <= np.sqrt(6 / (4 + 3)) and not b.any()  # init draws W; b starts at zero
difference = np.abs(model.predict(x) - (x @ W + b)).max()  # 'linear': a(x) = x
assert difference < 1e-5

model.add(Dense(2))  # finds out that its input has 3 columns
assert model.layers[1].get_weights()[0].shape == (3, 2)

# weights: a list of a matrix (input_dim, output_dim) and a vector (output_dim,), which init then has no say in
W, b = np.random.normal(size=(4, 3)), np.random.normal(size=3)
y = x @ W + b
relu = Sequential([Dense(3, weights=[W, b], activation="relu", input_dim=4)])
assert np.allclose(relu.predict(x), np.maximum(y, 0), atol=1e-5)

# bias: an affine map with it, a linear map without it
linear = Sequential([Dense(3, weights=[W], bias=False, input_dim=4)])
assert np.allclose(linear.predict(x), x @ W, atol=1e-5)

# regularizers: penalties on W, on b and on the output, added to the loss
regularizers = {
    "W_regularizer": WeightRegularizer(l2=0.1),
    "b_regularizer": WeightRegularizer(l1=0.1),
    "activity_regularizer": ActivityRegularizer(l2=0.1),
}
regularized = Sequential([Dense(3, weights=[W, b], input_dim=4, **regularizers)])
regularized.compile(optimizer="sgd", loss="mse")
penalties = 0.1 * np.sum(W**2) + 0.1 * np.sum(np.abs(b)) + 0.1 * np.sum(y**2)
loss = regularized.evaluate(x, np.zeros((50, 3)), batch_size=50, verbose=0)
assert np.isclose(loss, np.mean(y**2) + penalties, rtol=1e-5)

# constraints: hold after every update
constrained = Sequential([Dense(3, weights=[W, b], W_constraint=maxnorm(1), b_constraint=nonneg(), input_dim=4)])
constrained.compile(optimizer="sgd", loss="mse")
constrained.fit(x, y, nb_epoch=5, verbose=2)
W, b = constrained.layers[0].get_weights()
norm = np.linalg.norm(W, axis=0).max()
assert norm < 1 + 1e-5 and b.min() >= 0

print(
    f"Dense is x · W + b to {difference:.0e}; three regularizers add {penalties:.2f} to the loss; under maxnorm(1) "
    f"the longest column of W has length {norm:.4f}"
)
