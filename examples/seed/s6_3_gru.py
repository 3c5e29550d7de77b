"""Chapter 6.3: GRU, a recurrent layer with an update gate and a reset gate.

    python examples/seed/s6_3_gru.py

The text lists the arguments; the script has the same gates in numpy.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.recurrent import GRU
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(10, 7, 4))

model = Sequential()
model.add(
    GRU(
        output_dim=5,
        init="glorot_uniform",
        inner_init="orthogonal",
        activation="tanh",
        inner_activation="hard_sigmoid",
        W_regularizer=None,
        U_regularizer=None,
        b_regularizer=None,
        dropout_W=0.0,
        dropout_U=0.0,
        input_shape=(7, 4),
    )
)


def hard_sigmoid(z):
    return np.clip(0.2 * z + 0.5, 0, 1)


W_z, U_z, b_z, W_r, U_r, b_r, W_h, U_h, b_h = weights = model.get_weights()
h = np.zeros((10, 5))
for step in range(7):
    z = hard_sigmoid(x[:, step] @ W_z + h @ U_z + b_z)  # how much of the old output is kept
    r = hard_sigmoid(x[:, step] @ W_r + h @ U_r + b_r)  # how much of it the new one sees
    h = z * h + (1 - z) * np.tanh(x[:, step] @ W_h + (r * h) @ U_h + b_h)
difference = np.abs(model.predict(x) - h).max()
assert difference < 1e-5

# inner_activation: the function of the gates, which is another one here
model = Sequential([GRU(5, inner_activation="sigmoid", weights=weights, input_shape=(7, 4))])
assert np.abs(model.predict(x) - h).max() > 1e-3

# dropout: in training only
model = Sequential([GRU(5, dropout_W=0.5, dropout_U=0.5, weights=weights, input_shape=(7, 4))])
output = K.function([model.input, K.learning_phase()], [model.output])
assert np.allclose(output([x, 0])[0], h, atol=1e-5)
assert np.abs(output([x, 1])[0] - h).max() > 0.1

print(f"GRU with its nine weights differs from the same steps in numpy by at most {difference:.0e}")
