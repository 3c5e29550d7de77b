"""Three LSTMs on top of each other read real handwritten digits row by row, as sequences of 8 steps.

    python examples/stacked_lstm.py

The network is the course text's "stacked LSTM for sequence classification" (3.5.6): the first two layers return their
whole output sequences, the third only its last output. In place of the text's random numbers it gets scikit-learn's
digits: a time step is a row of 8 pixels.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import LSTM, Dense
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

data_dim = 8
timesteps = 8
nb_classes = 10


def load(seed: int = 0):
    """Return (train rows, labels), (test rows, labels): pixels in [0, 1], one-hot labels; a fifth is for testing."""
    digits = load_digits()
    order = np.random.RandomState(seed).permutation(len(digits.images))
    rows, labels = digits.images[order] / 16.0, to_categorical(digits.target[order], nb_classes)
    held_out = len(rows) // 5
    return (rows[held_out:], labels[held_out:]), (rows[:held_out], labels[:held_out])


def build() -> Sequential:
    """Return the compiled network."""
    model = Sequential()
    model.add(LSTM(32, return_sequences=True, input_shape=(timesteps, data_dim)))  # a sequence of vectors of size 32
    model.add(LSTM(32, return_sequences=True))  # again a sequence
    model.add(LSTM(32))  # one vector
    model.add(Dense(nb_classes, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model


def main() -> float:
    """Train, report the accuracy on the held-out fifth, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    epochs = parser.parse_args().epochs

    np.random.seed(1337)
    (x_train, y_train), (x_val, y_val) = load()
    model = build()
    model.summary()
    model.fit(x_train, y_train, batch_size=64, nb_epoch=epochs, validation_data=(x_val, y_val), verbose=2)
    loss, accuracy = model.evaluate(x_val, y_val, batch_size=64, verbose=0)
    print(f"\nheld-out fifth: loss {loss:.4f}, accuracy {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
