"""Chapter 7: Embedding turns whole numbers into vectors, such as [[4], [20]] into [[0.25, 0.1], [0.6, -0.2]].

    python examples/seed/s7_embedding.py

The text lists the arguments; the script gives the layer the text's vectors and checks each argument.
"""

import numpy as np

from jkeras import backend as K
from jkeras.constraints import unitnorm
from jkeras.layers.core import Dense, Flatten
from jkeras.layers.embeddings import Embedding
from jkeras.layers.recurrent import LSTM
from jkeras.models import Sequential
from jkeras.regularizers import WeightRegularizer

np.random.seed(1337)

# The text's listing. input_dim is the largest number plus one.
model = Sequential()
model.add(
    Embedding(
        input_dim=21,
        output_dim=2,
        init="uniform",
        input_length=None,
        W_regularizer=None,
        activity_regularizer=None,
        W_constraint=None,
        mask_zero=False,
        weights=None,
        dropout=0.0,
    )
)
(W,) = model.get_weights()  # weights: a list of one matrix
assert W.shape == (21, 2) and 0.04 < np.abs(W).max() <= 0.05  # init: uniform

# The text's example: the vectors are rows of the matrix.
W[4], W[20] = [0.25, 0.1], [0.6, -0.2]
model.set_weights([W])
vectors = model.predict(np.array([[4], [20]]))
assert vectors.shape == (2, 1, 2)  # samples, length of the sequences, output_dim
assert np.allclose(vectors[:, 0], [[0.25, 0.1], [0.6, -0.2]])

# input_length: Flatten and Dense have to know it.
words = np.random.randint(1, 21, size=(50, 6))
model = Sequential([Embedding(21, 2, input_length=6, weights=[W]), Flatten(), Dense(1)])
assert model.layers[1].output_shape == (None, 12)

# W_regularizer adds to the loss, W_constraint holds after each update.
penalized = Sequential([Embedding(21, 2, input_length=6, weights=[W], W_regularizer=WeightRegularizer(l2=0.1))])
penalized.compile(optimizer="sgd", loss="mse")
assert np.isclose(penalized.evaluate(words, W[words], verbose=0), 0.1 * np.sum(W**2), rtol=1e-4)
constrained = Sequential([Embedding(21, 2, weights=[W], W_constraint=unitnorm(axis=1)), LSTM(1)])
constrained.compile(optimizer="sgd", loss="mse")
constrained.fit(words, np.ones((50, 1)), nb_epoch=1, verbose=2)
assert np.allclose(np.linalg.norm(constrained.get_weights()[0][np.unique(words)], axis=1), 1, atol=1e-5)

# mask_zero: 0 is padding, which the layers after it skip. Those that cannot refuse.
masked = Sequential([Embedding(21, 2, mask_zero=True, weights=[W]), LSTM(3)])
padded = np.concatenate([np.zeros((50, 4), int), words], axis=1)
difference = np.abs(masked.predict(padded) - masked.predict(words)).max()
assert difference < 1e-6
try:
    Sequential([Embedding(21, 2, mask_zero=True, input_length=6), Flatten()])
except ValueError as error:
    print(error)
else:
    raise SystemExit("Flatten took a masked sequence.")

# dropout: this share of the words has no vector in a training step.
model = Sequential([Embedding(1000, 2, init="one", dropout=0.3)])
output = K.function([model.input, K.learning_phase()], [model.output])
dropped = np.mean(output([np.arange(1000)[None], 1])[0][0, :, 0] == 0)
assert abs(dropped - 0.3) < 0.06 and np.all(output([np.arange(1000)[None], 0])[0] == 1)

found = ", ".join(f"[{a:g}, {b:g}]" for a, b in vectors[:, 0])
print(f"[[4], [20]] becomes [{found}], rows of W; masked zeros before a sequence change an LSTM by {difference:.0e}")
