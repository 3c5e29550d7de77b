"""Chapter 6.4: LSTM, Keras's model of long short-term memory, with a forget bias of one.

    python examples/seed/s6_4_lstm.py

The text lists the arguments; the script has the same gates in numpy.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.recurrent import LSTM
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(10, 7, 4))

model = Sequential()
model.add(
    LSTM(
        output_dim=5,
        init="glorot_uniform",
        inner_init="orthogonal",
        forget_bias_init="one",
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


W_i, U_i, b_i, W_c, U_c, b_c, W_f, U_f, b_f, W_o, U_o, b_o = weights = model.get_weights()
assert np.all(b_f == 1) and not np.any([b_i, b_c, b_o])  # forget_bias_init: Jozefowicz et al. recommend ones
h = c = np.zeros((10, 5))
for step in range(7):
    i = hard_sigmoid(x[:, step] @ W_i + h @ U_i + b_i)  # how much is written to the memory
    f = hard_sigmoid(x[:, step] @ W_f + h @ U_f + b_f)  # how much of it is kept
    o = hard_sigmoid(x[:, step] @ W_o + h @ U_o + b_o)  # how much of it is shown
    c = f * c + i * np.tanh(x[:, step] @ W_c + h @ U_c + b_c)
    h = o * np.tanh(c)
difference = np.abs(model.predict(x) - h).max()
assert difference < 1e-5

# dropout: in training only
model = Sequential([LSTM(5, dropout_W=0.5, dropout_U=0.5, weights=weights, input_shape=(7, 4))])
output = K.function([model.input, K.learning_phase()], [model.output])
assert np.allclose(output([x, 0])[0], h, atol=1e-5)
assert np.abs(output([x, 1])[0] - h).max() > 0.1

print(
    f"LSTM with its twelve weights differs from the same steps in numpy by at most {difference:.0e}; its forget bias is 1"
)
