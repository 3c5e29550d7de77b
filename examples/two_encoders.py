"""Two LSTM encoders read two sequences; only together do these say what the class is.

    python examples/two_encoders.py

The network is the course text's "two LSTMs merged as encoders for two streams" (3.5.8). Each stream is a real
handwritten digit of scikit-learn's, read row by row; the class is the last figure of the sum of the two digits.
Whoever sees one stream only cannot beat chance, which is 10 %: this is shown by giving the trained network a second
stream that belongs to other samples.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import LSTM, Dense, Merge
from jkeras.models import Sequential
from jkeras.optimizers import RMSprop
from jkeras.utils.np_utils import to_categorical

data_dim = 8
timesteps = 8
nb_classes = 10


def load(pairs: int, seed: int = 0):
    """Return (a, b, classes) to train on and (a, b, classes) to test on; the test pairs are of images held out.

    Args:
        pairs: number of training pairs; a quarter as many to test on.
        seed: of the split and the pairs.
    """
    digits = load_digits()
    random = np.random.RandomState(seed)
    order = random.permutation(len(digits.images))
    held_out = len(order) // 5

    def make(images: np.ndarray, count: int):
        a, b = random.choice(images, size=(2, count))
        classes = (digits.target[a] + digits.target[b]) % 10
        return digits.images[a] / 16.0, digits.images[b] / 16.0, to_categorical(classes, nb_classes)

    return make(order[held_out:], pairs), make(order[:held_out], pairs // 4)


def build(lr: float) -> Sequential:
    """Return the compiled network."""
    encoder_a = Sequential()
    encoder_a.add(LSTM(32, input_shape=(timesteps, data_dim)))

    encoder_b = Sequential()
    encoder_b.add(LSTM(32, input_shape=(timesteps, data_dim)))

    decoder = Sequential()
    decoder.add(Merge([encoder_a, encoder_b], mode="concat"))
    decoder.add(Dense(32, activation="relu"))
    decoder.add(Dense(nb_classes, activation="softmax"))
    decoder.compile(loss="categorical_crossentropy", optimizer=RMSprop(lr=lr), metrics=["accuracy"])
    return decoder


def main() -> float:
    """Train, report the accuracy on pairs of held-out images, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=64, help="pairs to an update")
    parser.add_argument("--lr", type=float, default=0.001)
    arguments = parser.parse_args()

    np.random.seed(1337)
    (a_train, b_train, y_train), (a_val, b_val, y_val) = load(arguments.pairs)
    decoder = build(arguments.lr)
    decoder.summary()
    decoder.fit(
        [a_train, b_train],
        y_train,
        batch_size=arguments.batch,
        nb_epoch=arguments.epochs,
        validation_data=([a_val, b_val], y_val),
        verbose=2,
    )
    loss, accuracy = decoder.evaluate([a_val, b_val], y_val, batch_size=64, verbose=0)
    _, without_b = decoder.evaluate([a_val, np.roll(b_val, 1, axis=0)], y_val, batch_size=64, verbose=0)
    print(f"\npairs of held-out digits: loss {loss:.4f}, accuracy {accuracy:.2%}")
    print(f"with the second stream of another pair: accuracy {without_b:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
