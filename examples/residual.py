"""Shortcuts let a deep network learn: 20 convolutions on real digits, with residual connections and without them.

    python examples/residual.py

The block is the course text's (4.4.2): a 3 × 3 convolution with as many outputs as inputs, and `merge` adds what went
in to what came out. A ReLU stands before each convolution, since without any a stack of blocks is one linear function.
Both networks have the same layers with weights, the same initial weights and the same batches; only the sums are
missing in the plain one, which stays at chance, 10 %; with shortcuts more than 90 % of new digits are right.
"""

import argparse

import numpy as np

from jkeras.datasets import digits
from jkeras.layers import Activation, Convolution2D, Dense, GlobalAveragePooling2D, Input, merge
from jkeras.models import Model
from jkeras.utils.np_utils import to_categorical


def build(blocks: int, filters: int, shortcuts: bool) -> Model:
    """Return the compiled network."""
    image = Input(shape=(1, 8, 8))
    x = Convolution2D(filters, 3, 3, border_mode="same")(image)
    for _ in range(blocks):
        y = Activation("relu")(x)
        y = Convolution2D(filters, 3, 3, border_mode="same")(y)
        x = merge([x, y], mode="sum") if shortcuts else y
    x = Activation("relu")(x)
    x = GlobalAveragePooling2D()(x)
    model = Model(input=image, output=Dense(10, activation="softmax")(x))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def main() -> float:
    """Train both, report the accuracy on the held-out fifth, and return that with shortcuts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--filters", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch", type=int, default=32, help="images to an update")
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    (x_train, y_train), (x_test, y_test) = digits.load_data(seed=arguments.seed)
    x_train, x_test = x_train[:, None] / 16.0, x_test[:, None] / 16.0  # (samples, 1, 8, 8)
    y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)
    accuracies = {}
    for shortcuts in (True, False):
        name = "with shortcuts" if shortcuts else "without shortcuts"
        np.random.seed(arguments.seed)
        model = build(arguments.blocks, arguments.filters, shortcuts)
        print(f"\n{name}: {arguments.blocks} blocks, {model.count_params()} weights")
        model.fit(x_train, y_train, batch_size=arguments.batch, nb_epoch=arguments.epochs, verbose=2)
        loss, accuracies[name] = model.evaluate(x_test, y_test, verbose=0)
        print(f"{name}: held-out fifth: loss {loss:.4f}, accuracy {accuracies[name]:.2%}")
    return accuracies["with shortcuts"]


if __name__ == "__main__":
    main()
