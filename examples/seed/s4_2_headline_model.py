"""Chapter 4.2: two inputs and two outputs, compiled and fitted with lists, and once more with dicts by name.

    python examples/seed/s4_2_headline_model.py

The model is at the text's full size. The text leaves its data open: here a headline is shared if it has many of the
first 500 words (the auxiliary output can see that), and is published at the right time (only the main output knows it).
The text trains for 50 epochs; over so few headlines more than 2 (--epochs) teach them by heart.
At a smaller size, with many headlines: examples/headline_model.py.
"""

import argparse

import numpy as np

from jkeras.layers import LSTM, Dense, Embedding, Input, merge
from jkeras.models import Model

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--headlines", type=int, default=1600)
parser.add_argument("--words", type=int, default=10000, help="of the vocabulary; the text's has 10000")
parser.add_argument("--epochs", type=int, default=2)
arguments = parser.parse_args()
words = arguments.words

np.random.seed(1337)
count = arguments.headlines + 200
topical = np.random.randint(2, size=(count, 1))
headline_data = np.random.randint(1, words, size=(count, 100))
hits = np.random.uniform(size=(count, 100)) < 0.5 * topical
headline_data = np.where(hits, np.random.randint(1, words // 20, size=(count, 100)), headline_data)
additional_data = np.random.choice([-1.0, 1.0], size=(count, 5))
labels = topical * (additional_data[:, :1] > 0)
new_headlines, new_additional, new_labels = headline_data[-200:], additional_data[-200:], labels[-200:]
headline_data, additional_data, labels = headline_data[:-200], additional_data[:-200], labels[:-200]

# headline input: meant to receive sequences of 100 integers, between 1 and 10000.
# note that we can name any layer by passing it a "name" argument.
main_input = Input(shape=(100,), dtype="int32", name="main_input")

# this embedding layer will encode the input sequence
# into a sequence of dense 512-dimensional vectors.
x = Embedding(output_dim=512, input_dim=words, input_length=100)(main_input)

# a LSTM will transform the vector sequence into a single vector,
# containing information about the entire sequence
lstm_out = LSTM(32)(x)

# here we insert the auxiliary loss, allowing the LSTM and Embedding layer
# to be trained smoothly even if the main loss will be much higher in the model.
auxiliary_output = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)

# at this point, we feed into the model our auxiliary input data by concatenating it with the LSTM output
auxiliary_input = Input(shape=(5,), name="aux_input")
x = merge([lstm_out, auxiliary_input], mode="concat")

# we stack a deep fully-connected network on top
x = Dense(64, activation="relu")(x)
x = Dense(64, activation="relu")(x)
x = Dense(64, activation="relu")(x)

# and finally we add the main logistic regression layer
main_output = Dense(1, activation="sigmoid", name="main_output")(x)

model = Model(input=[main_input, auxiliary_input], output=[main_output, auxiliary_output])
initial = model.get_weights()

# a single loss is used on all outputs; the auxiliary one has weight 0.2
model.compile(optimizer="rmsprop", loss="binary_crossentropy", loss_weights=[1.0, 0.2])
np.random.seed(1)
lists = model.fit(
    [headline_data, additional_data], [labels, labels], nb_epoch=arguments.epochs, batch_size=32, verbose=2
)

# since our inputs and outputs are named (we passed them a "name" argument), we could also have compiled the model via:
model.compile(
    optimizer="rmsprop",
    loss={"main_output": "binary_crossentropy", "aux_output": "binary_crossentropy"},
    loss_weights={"main_output": 1.0, "aux_output": 0.2},
)
model.set_weights(initial)  # from the same start, in the same order
np.random.seed(1)
# and trained it via:
dicts = model.fit(
    {"main_input": headline_data, "aux_input": additional_data},
    {"main_output": labels, "aux_output": labels},
    nb_epoch=arguments.epochs,
    batch_size=32,
    verbose=2,
)

assert model.output_shape == [(None, 1), (None, 1)]
lstm, dense = 4 * (512 + 32 + 1) * 32, 33 + 38 * 64 + 2 * 65 * 64 + 65
assert model.count_params() == words * 512 + lstm + dense
difference = np.abs(np.subtract(lists.history["loss"], dicts.history["loss"])).max()
assert difference < 1e-4
parts = zip(dicts.history["loss"], dicts.history["main_output_loss"], dicts.history["aux_output_loss"], strict=True)
assert all(np.isclose(loss, main + 0.2 * aux, atol=1e-4) for loss, main, aux in parts)
first, last = dicts.history["loss"][0], dicts.history["loss"][-1]
assert last < first
main, aux = model.predict([new_headlines, new_additional])
accuracies = [np.mean((output > 0.5) == new_labels) for output in (main, aux)]
assert accuracies[0] > accuracies[1]
print(
    f"losses of lists and dicts differ by {difference:.0e}; training loss {first:.4f} -> {last:.4f}; 200 held-out headlines: "
    f"main output {accuracies[0]:.1%}, auxiliary {accuracies[1]:.1%} (always no: {1 - new_labels.mean():.1%})"
)
