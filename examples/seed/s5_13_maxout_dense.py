"""Chapter 5.13: MaxoutDense is the largest of nb_feature linear layers, and learns convex functions.

    python examples/seed/s5_13_maxout_dense.py

The text has no listing; the script checks its two sentences, the largest of linear layers and the convexity.
"""

import numpy as np

from jkeras.layers.core import Dense, MaxoutDense
from jkeras.models import Sequential

np.random.seed(1337)

# The maximum of four Dense(input_dim, output_dim) layers
maxout = Sequential([MaxoutDense(output_dim=3, nb_feature=4, input_dim=5)])
assert maxout.output_shape == (None, 3)
W, b = maxout.get_weights()
assert W.shape == (4, 5, 3) and b.shape == (4, 3)
x = np.random.normal(size=(20, 5))
linear = [Sequential([Dense(3, weights=[W[k], b[k]], input_dim=5)]).predict(x) for k in range(4)]
difference = np.abs(maxout.predict(x) - np.max(linear, axis=0)).max()
assert difference < 1e-5

# It learns the activation itself, here x²: four straight pieces, bent upwards only.
x = np.linspace(-1, 1, 401)[:, None]
square = x**2
errors = {}
for layer in (MaxoutDense(1, nb_feature=4, input_dim=1), Dense(1, input_dim=1)):
    model = Sequential([layer])
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, square, batch_size=32, nb_epoch=300, verbose=0)
    y = model.predict(x)
    errors[type(layer).__name__] = np.abs(y - square).max()
    assert np.diff(y[:, 0], n=2).min() > -1e-5  # convex
assert errors["MaxoutDense"] < 0.5 * errors["Dense"]

print(
    f"MaxoutDense is the largest of four Dense layers to {difference:.0e}; it learns x² on [-1, 1] to within "
    f"{errors['MaxoutDense']:.3f} (Dense: {errors['Dense']:.3f})"
)
