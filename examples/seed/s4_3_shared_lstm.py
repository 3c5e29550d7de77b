"""Chapter 4.3: are two tweets by the same user? One LSTM, called twice, reads both with one set of weights.

    python examples/seed/s4_3_shared_lstm.py

The model is at the text's full size; the end of its listing, which the text has lost, is that of Keras 1's guide. The text
leaves its data open: here the tweets are pieces of 140 characters of Python's manual, and its users two chapters. A
logistic regression on two codes side by side cannot tell pairs apart (examples/shared_lstm.py says why, and what can), so all
that is checked of the training is that its loss falls on the pairs it sees.
"""

import argparse
from pydoc_data.topics import topics

import numpy as np

from jkeras.layers import LSTM, Dense, Input, merge
from jkeras.models import Model

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--pairs", type=int, default=128)
pairs = parser.parse_args().pairs

np.random.seed(1337)
# A tweet is a matrix (140, 256): 140 characters, each of them one-hot.
one_hot = np.eye(256)
users = [
    np.array([one_hot[[ord(c) % 256 for c in topics[name][i : i + 140]]] for i in range(0, 140 * 60, 140)])
    for name in ("compound", "types")
]
labels = np.arange(pairs) % 2
first_user = np.random.randint(2, size=pairs)
second_user = np.where(labels, first_user, 1 - first_user)
data_a = np.array([users[user][np.random.randint(60)] for user in first_user])
data_b = np.array([users[user][np.random.randint(60)] for user in second_user])

tweet_a = Input(shape=(140, 256))
tweet_b = Input(shape=(140, 256))

# to share a layer across different inputs, simply instantiate the layer once, then call it on as many inputs as you want

# this layer can take as input a matrix
# and will return a vector of size 64
shared_lstm = LSTM(64)

# when we reuse the same layer instance
# multiple times, the weights of the layer
# are also being reused
# (it is effectively *the same* layer)
encoded_a = shared_lstm(tweet_a)
encoded_b = shared_lstm(tweet_b)

# we can then concatenate the two vectors:
merged_vector = merge([encoded_a, encoded_b], mode="concat", concat_axis=-1)

# and add a logistic regression on top
predictions = Dense(1, activation="sigmoid")(merged_vector)

# we define a trainable model linking the tweet inputs to the predictions
model = Model(input=[tweet_a, tweet_b], output=predictions)

model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
log = model.fit([data_a, data_b], labels, nb_epoch=10, verbose=2)

# One set of weights: the LSTM is counted once, and is the same for both inputs after training, too.
lstm = 4 * (256 + 64 + 1) * 64
assert model.count_params() == lstm + 2 * 64 + 1
assert sum(layer is shared_lstm for layer in model.layers) == 1
code_a = Model(input=tweet_a, output=encoded_a).predict(data_a)
code_b = Model(input=tweet_b, output=encoded_b).predict(data_a)
assert np.array_equal(code_a, code_b)
first, last = log.history["loss"][0], log.history["loss"][-1]
assert last < first
print(f"one LSTM of {lstm:,} weights codes a tweet the same in both places; training loss {first:.4f} -> {last:.4f}")
