"""Chapter 6.1: Recurrent is abstract; LSTM, GRU and SimpleRNN all take its arguments.

    python examples/seed/s6_1_recurrent.py

The text lists the arguments; the script checks for all three layers what it says about each.
"""

import numpy as np

from jkeras.layers.core import Dense, Flatten
from jkeras.layers.recurrent import GRU, LSTM, Recurrent, SimpleRNN
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(8, 6, 4))  # 8 sequences of 6 steps

# The text's listing. Nobody can use the layer itself.
try:
    Recurrent(
        weights=None,
        return_sequences=False,
        go_backwards=False,
        stateful=False,
        unroll=False,
        consume_less="cpu",
        input_dim=4,
        input_length=6,
    )
except NotImplementedError as error:
    print(error)
else:
    raise SystemExit("Recurrent is abstract, and yet there is one.")


def predict(layer, x, **arguments):
    """Return what a layer of five units makes of `x`."""
    return Sequential([layer(5, input_dim=4, input_length=6, **arguments)]).predict(x)


for layer in (LSTM, GRU, SimpleRNN):
    # weights: (input_dim, output_dim), (output_dim, output_dim), (output_dim,), for each gate
    weights = Sequential([layer(5, input_dim=4, input_length=6)]).get_weights()
    assert [w.shape for w in weights[:3]] == [(4, 5), (5, 5), (5,)]
    assert len(weights) == 3 * {LSTM: 4, GRU: 3, SimpleRNN: 1}[layer]
    last = predict(layer, x, weights=weights)

    # return_sequences: the outputs of all steps, not only of the last
    outputs = predict(layer, x, weights=weights, return_sequences=True)
    assert outputs.shape == (8, 6, 5) and np.allclose(outputs[:, -1], last, atol=1e-6)

    # go_backwards: reads the sequence from its end
    backwards = predict(layer, x, weights=weights, go_backwards=True)
    assert np.allclose(backwards, predict(layer, x[:, ::-1], weights=weights), atol=1e-6)

    # stateful: sample i of a batch goes on where sample i of the batch before ended. Two halves are as good as the whole.
    model = Sequential([layer(5, weights=weights, stateful=True, batch_input_shape=(8, 3, 4))])
    model.predict(x[:, :3], batch_size=8)
    assert np.allclose(model.predict(x[:, 3:], batch_size=8), last, atol=1e-6)

    # unroll and consume_less: ways to compute the same numbers
    assert np.allclose(predict(layer, x, weights=weights, unroll=True), last, atol=1e-6)
    assert np.allclose(predict(layer, x, weights=weights, consume_less="mem"), last, atol=1e-6)

    # input_length: Flatten and Dense after it have to know
    model = Sequential([layer(5, input_dim=4, input_length=6, return_sequences=True), Flatten(), Dense(2)])
    assert model.layers[1].output_shape == (None, 30)

print("LSTM, GRU and SimpleRNN pass the check of each of Recurrent's eight arguments; Recurrent itself cannot be used")
