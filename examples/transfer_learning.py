"""What a network learned about the digits 0 to 4 helps it to learn 5 to 9, of which it sees ten images each.

    python examples/transfer_learning.py

The images are scikit-learn's digits (8×8 pixels), each somewhere in a field of 16×16. A convolutional network learns to
tell 0 to 4 apart, each image of which it meets at three places. Then its convolutional layers are frozen
(`trainable = False`, then compile), new dense layers are put on them, and these learn 5 to 9 from 50 images. The same
network, starting from random weights and with all its layers learning, gets the same 50 images as often. It is done three
times, with other images each time, and tested on 800 images of 5 to 9 that were not learned from.

The script checks that no frozen weight has moved.

Reached: 50.2 % with the frozen layers, 40.9 % from random weights (seed 1: 51.5 % and 41.0 %; seed 2: 51.9 % and 45.7 %). It
depends on the task. Where the digits stay in the middle of their 8×8 pixels, 25 images are enough to learn as good
convolutions from, and frozen ones made for five classes only hold the network back.
"""

import argparse

import numpy as np

from jkeras.datasets import digits
from jkeras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, Layer, MaxPooling2D
from jkeras.models import Sequential
from jkeras.optimizers import Adam
from jkeras.utils.np_utils import to_categorical

Data = tuple[np.ndarray, np.ndarray]
field = 16


def placed(images: np.ndarray, random: np.random.RandomState) -> np.ndarray:
    """Return images ``(samples, 1, 16, 16)`` in [0, 1], each of which has one of `images` somewhere and is black elsewhere."""
    x = np.zeros((len(images), 1, field, field), "float32")
    for image, digit in zip(x[:, 0], images, strict=True):
        row, col = random.randint(field - 8 + 1, size=2)
        image[row : row + 8, col : col + 8] = digit / 16
    return x


def load(places: int = 3, seed: int = 0) -> tuple[Data, Data]:
    """Return images and labels 0 to 4, one-hot: of the digits 0 to 4, each image at so many `places`, and of 5 to 9."""
    (images, labels), _ = digits.load_data(test_split=0)
    random = np.random.RandomState(seed)
    one_hot, low = to_categorical(labels % 5, 5), labels < 5
    images_low, labels_low = images[low][:900], one_hot[low][:900]
    x_low = np.concatenate([placed(images_low, random) for _ in range(places)])
    return (x_low, np.tile(labels_low, (places, 1))), (placed(images[~low], random), one_hot[~low])


def feature_layers() -> list[Layer]:
    """Return new convolutional layers."""
    return [
        Convolution2D(16, 3, 3, activation="relu", dim_ordering="th", input_shape=(1, field, field)),
        Convolution2D(16, 3, 3, activation="relu", dim_ordering="th"),
        MaxPooling2D((2, 2), dim_ordering="th"),
        Convolution2D(32, 3, 3, activation="relu", border_mode="same", dim_ordering="th"),
        Convolution2D(32, 3, 3, activation="relu", border_mode="same", dim_ordering="th"),
        MaxPooling2D((2, 2), dim_ordering="th"),
        Flatten(),
    ]


def classification_layers() -> list[Layer]:
    """Return new dense layers."""
    return [Dense(64, activation="relu"), Dropout(0.5), Dense(5), Activation("softmax")]


def compiled(layers: list[Layer]) -> Sequential:
    """Return a compiled model of these layers. Which of them are trainable counts from here on."""
    model = Sequential(layers)
    model.compile(loss="categorical_crossentropy", optimizer=Adam(lr=0.002), metrics=["accuracy"])
    return model


def few(x: np.ndarray, y: np.ndarray, each: int, seed: int) -> tuple[Data, Data]:
    """Return `each` images of each digit to learn from, and 800 others."""
    order = np.random.RandomState(seed).permutation(len(x))
    chosen = np.concatenate([order[y[order, digit] == 1][:each] for digit in range(5)])
    others = np.setdiff1d(order, chosen)[:800]  # full batches only: nothing is compiled for a smaller last one
    return (x[chosen], y[chosen]), (x[others], y[others])


def main() -> tuple[float, float]:
    """Train, transfer, and return the mean accuracies with and without what was learned before."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12, help="on the digits 0 to 4")
    parser.add_argument("--batch", type=int, default=50, help="images of 0 to 4 to an update")
    parser.add_argument("--few-epochs", type=int, default=100, help="on the few images")
    parser.add_argument("--each", type=int, default=10, help="images of each of the digits 5 to 9")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    low, high = load()
    features = feature_layers()
    model = compiled([*features, *classification_layers()])
    model.summary()
    print("the digits 0 to 4:")
    model.fit(*low, batch_size=arguments.batch, nb_epoch=arguments.epochs, verbose=2)

    for layer in features:
        layer.trainable = False
    learned = [weight for layer in features for weight in layer.get_weights()]

    accuracies = []
    for draw in range(arguments.draws):
        train, test = few(*high, arguments.each, seed=arguments.seed + draw)
        reached = []
        for layers in (features, feature_layers()):
            model = compiled([*layers, *classification_layers()])
            model.fit(*train, batch_size=25, nb_epoch=arguments.few_epochs, verbose=0)
            reached.append(model.evaluate(*test, batch_size=100, verbose=0)[1])
        accuracies.append(reached)
        print(f"draw {draw + 1}: accuracy {reached[0]:.1%} with frozen layers, {reached[1]:.1%} from random weights")

    frozen = [weight for layer in features for weight in layer.get_weights()]
    assert all(np.array_equal(now, then) for now, then in zip(frozen, learned, strict=True)), (
        "a frozen weight has moved"
    )
    transferred, random = np.mean(accuracies, axis=0)
    assert transferred > random, f"with frozen layers {transferred:.1%}, from random weights {random:.1%}"
    print(
        f"the digits 5 to 9, from {arguments.each} images of each: accuracy {transferred:.1%} with convolutional layers that "
        f"know 0 to 4, {random:.1%} from random weights (mean of {len(accuracies)} draws)"
    )
    return float(transferred), float(random)


if __name__ == "__main__":
    main()
