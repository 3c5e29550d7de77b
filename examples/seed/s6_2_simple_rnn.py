"""Chapter 6.2: SimpleRNN feeds its output back to its input.

    python examples/seed/s6_2_simple_rnn.py

The text lists the arguments; the script has the same recurrence in numpy.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.recurrent import SimpleRNN
from jkeras.models import Sequential
from jkeras.regularizers import WeightRegularizer

np.random.seed(1337)
x = np.random.normal(size=(10, 7, 4))

model = Sequential()
model.add(
    SimpleRNN(
        output_dim=5,
        init="glorot_uniform",
        inner_init="orthogonal",
        activation="tanh",
        W_regularizer=None,
        U_regularizer=None,
        b_regularizer=None,
        dropout_W=0.0,
        dropout_U=0.0,
        input_shape=(7, 4),
    )
)

W, U, b = model.get_weights()
assert W.shape == (4, 5) and U.shape == (5, 5) and b.shape == (5,)
assert np.allclose(U.T @ U, 1.1**2 * np.eye(5), atol=1e-5)  # inner_init: orthogonal, times Keras 1's factor 1.1

h = np.zeros((10, 5))
for step in range(7):
    h = np.tanh(x[:, step] @ W + h @ U + b)
difference = np.abs(model.predict(x) - h).max()
assert difference < 1e-5

# regularizers: of the weights for the input, of the recurrent weights, of the bias
regularizer = WeightRegularizer(l2=0.1)
regularized = SimpleRNN(5, W_regularizer=regularizer, U_regularizer=regularizer, weights=[W, U, b], input_shape=(7, 4))
model = Sequential([regularized])
model.compile(optimizer="sgd", loss="mse")
loss = model.evaluate(x, h, batch_size=10, verbose=0)  # the targets are met: what is left is the penalty
assert np.isclose(loss, 0.1 * np.sum(W**2) + 0.1 * np.sum(U**2), rtol=1e-4)

# dropout_W cuts inputs, dropout_U the connections of the output to itself: in training, and not at prediction.
for inputs, recurrent in ((0.5, 0.0), (0.0, 0.5)):
    model = Sequential([SimpleRNN(5, dropout_W=inputs, dropout_U=recurrent, weights=[W, U, b], input_shape=(7, 4))])
    output = K.function([model.input, K.learning_phase()], [model.output])
    assert np.allclose(output([x, 0])[0], h, atol=1e-5)
    assert np.abs(output([x, 1])[0] - h).max() > 0.1

print(f"SimpleRNN is tanh(x · W + h · U + b), step by step, to {difference:.0e}; dropout changes it only in training")
