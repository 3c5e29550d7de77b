"""A small convolutional network learns to read handwritten digits."""

import numpy as np

from jkeras.datasets import digits
from jkeras.layers import Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical


def load():
    """Return (images, labels) to learn from and (images, labels) held out: pixels in [0, 1], one channel, one-hot labels."""
    return [(x[:, None] / 16.0, to_categorical(y, 10)) for x, y in digits.load_data()]


def build():
    """Return the compiled network."""
    model = Sequential(name="digits")
    model.add(Convolution2D(16, 3, 3, activation="relu", border_mode="same", dim_ordering="th", input_shape=(1, 8, 8)))
    model.add(Convolution2D(32, 3, 3, activation="relu", dim_ordering="th"))
    model.add(MaxPooling2D((2, 2), dim_ordering="th"))
    model.add(Flatten())
    model.add(Dropout(0.25))
    model.add(Dense(64, activation="relu"))
    model.add(Dropout(0.5))
    model.add(Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def train(epochs=15):
    """Return the trained network, and how the training went."""
    np.random.seed(1337)
    (images, labels), _ = load()
    model = build()
    history = model.fit(images, labels, batch_size=32, nb_epoch=epochs, validation_split=0.1)
    return model, history


if __name__ == "__main__":
    model, history = train()
    images, labels = load()[1]
    loss, accuracy = model.evaluate(images, labels, verbose=0)
    print(f"held-out digits: accuracy {accuracy:.2%}")
