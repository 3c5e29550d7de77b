"""Chapter 3.5.5: an Embedding and an LSTM say yes or no to a sequence of words.

    python examples/seed/s3_5_5_lstm_classification.py

The text leaves `max_features`, `maxlen` and the data open. Here a seeded generator writes sequences of 20 of 200 words,
in which the first 20 words are kind, the next 20 are not, and the others say nothing; asked is whether there are more
kind ones. The end of the listing, which the text has lost, is that of Keras 1's guide.
On real data: examples/sequence_classification.py.
"""

import argparse

import numpy as np

from jkeras.layers import LSTM, Activation, Dense, Dropout, Embedding
from jkeras.models import Sequential

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--sequences", type=int, default=2000)
parser.add_argument("--units", type=int, default=128, help="of the LSTM; the text's has 128")
arguments = parser.parse_args()
sequences = arguments.sequences

np.random.seed(1337)
max_features = 200
maxlen = 20
X = np.random.randint(max_features, size=(sequences, maxlen))
chosen = np.random.uniform(size=X.shape) < 0.3
X = np.where(chosen, np.random.randint(40, size=X.shape), X)
balance = np.sum(X < 20, axis=1) - np.sum((X >= 20) & (X < 40), axis=1)
X, Y = X[balance != 0], (balance[balance != 0] > 0).astype(int)
held_out = sequences // 4
X_train, Y_train, X_test, Y_test = X[:-held_out], Y[:-held_out], X[-held_out:], Y[-held_out:]

model = Sequential()
model.add(Embedding(max_features, 256, input_length=maxlen))
model.add(LSTM(output_dim=arguments.units, activation="sigmoid", inner_activation="hard_sigmoid"))
model.add(Dropout(0.5))
model.add(Dense(1))
model.add(Activation("sigmoid"))

model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

model.fit(X_train, Y_train, batch_size=16, nb_epoch=10, verbose=2)
score = model.evaluate(X_test, Y_test, batch_size=16, verbose=0)

loss, accuracy = score
assert accuracy > (0.7 if sequences >= 2000 else 0.5)
print(f"{held_out} held-out sequences: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 50 %)")
