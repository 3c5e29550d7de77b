"""A small VGG learns to tell ten flags apart, in coloured pictures of 100 × 100 pixels, which are generated.

    python examples/vgg_like.py

The layers are the course text's "VGG-like convolutional network" (3.5.4), at its size; `--size` and `--filters` make it
smaller. What differs is how it is trained: with the text's lr=0.1 it does not learn, so it is 0.01 here, and it is less
and less (decay=0.005); batches have 16 pictures in place of 32; and there are six epochs, not one.

France, the Netherlands and Russia have the same three colours, as have Italy, Hungary and Bulgaria; Austria, Poland and
Indonesia share two. So who sees the colours alone is right four times in ten; the rest is a matter of where they are.
Of new pictures the network gets more than 90 % right.
"""

import argparse

import numpy as np

from jkeras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical

WHITE, RED, BLUE, GREEN, ORANGE = (1, 1, 1), (0.8, 0.1, 0.15), (0.1, 0.2, 0.6), (0.1, 0.55, 0.3), (1, 0.55, 0.15)
# From left to right ("pales") or from top to bottom ("bars").
FLAGS = {
    "France": ("pales", BLUE, WHITE, RED),
    "Netherlands": ("bars", RED, WHITE, BLUE),
    "Russia": ("bars", WHITE, BLUE, RED),
    "Italy": ("pales", GREEN, WHITE, RED),
    "Hungary": ("bars", RED, WHITE, GREEN),
    "Bulgaria": ("bars", WHITE, GREEN, RED),
    "Ireland": ("pales", GREEN, WHITE, ORANGE),
    "Austria": ("bars", RED, WHITE, RED),
    "Poland": ("bars", WHITE, RED),
    "Indonesia": ("bars", RED, WHITE),
}
COLOURS_ALONE = len({frozenset(colours) for _, *colours in FLAGS.values()}) / len(FLAGS)


def scenes(samples: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw images: a flag of any size, somewhere, in any light, before a background of two colours, and noise.

    Args:
        samples: how many.
        size: rows and columns of an image.
        seed: of the generator.

    Returns:
        images ``(samples, 3, size, size)``, numbers around [-1, 1], and the flags on them, one-hot ``(samples, 10)``.
    """
    random = np.random.RandomState(seed)
    flag = random.permutation(np.arange(samples) % len(FLAGS))
    images = np.empty((samples, 3, size, size), "float32")
    for image, (direction, *colours) in zip(images, [list(FLAGS.values())[number] for number in flag], strict=True):
        horizon = random.randint(size)
        image[:, :horizon], image[:, horizon:] = random.uniform(size=(2, 3, 1, 1))
        height = int(size * random.uniform(0.4, 0.65))
        width = 3 * height // 2
        top, left = random.randint(size - height), random.randint(size - width)
        length = width if direction == "pales" else height
        stripes = np.array(colours).T[:, np.arange(length) * len(colours) // length]  # (3, length)
        cloth = stripes[:, None, :] if direction == "pales" else stripes[:, :, None]
        image[:, top : top + height, left : left + width] = cloth
        image *= random.uniform(0.5, 1)
    images += random.normal(scale=0.05, size=images.shape)
    return 2 * images - 1, to_categorical(flag, len(FLAGS))


def build(size: int, filters: int, lr: float, decay: float) -> Sequential:
    """Return the compiled network; the text's has `size` 100 and 32 `filters`."""
    model = Sequential()
    model.add(Convolution2D(filters, 3, 3, border_mode="valid", input_shape=(3, size, size)))
    model.add(Activation("relu"))
    model.add(Convolution2D(filters, 3, 3))
    model.add(Activation("relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.25))

    model.add(Convolution2D(2 * filters, 3, 3, border_mode="valid"))
    model.add(Activation("relu"))
    model.add(Convolution2D(2 * filters, 3, 3))
    model.add(Activation("relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    model.add(Dropout(0.25))

    model.add(Flatten())
    model.add(Dense(256))
    model.add(Activation("relu"))
    model.add(Dropout(0.5))
    model.add(Dense(len(FLAGS)))
    model.add(Activation("softmax"))

    sgd = SGD(lr=lr, decay=decay, momentum=0.9, nesterov=True)
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


def main() -> float:
    """Train, report the accuracy on new images, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=100, help="rows and columns of an image")
    parser.add_argument(
        "--filters", type=int, default=32, help="of the first convolutions; the later ones have twice as many"
    )
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--new", type=int, default=300, help="images to test on")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--decay", type=float, default=5e-3)
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    x_train, y_train = scenes(arguments.images, arguments.size, seed=arguments.seed)
    x_test, y_test = scenes(arguments.new, arguments.size, seed=arguments.seed + 1)
    model = build(arguments.size, arguments.filters, arguments.lr, arguments.decay)
    model.summary()
    model.fit(x_train, y_train, batch_size=16, nb_epoch=arguments.epochs, validation_data=(x_test, y_test), verbose=2)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"\nnew images: loss {loss:.4f}, accuracy {accuracy:.2%} (who sees the colours alone: {COLOURS_ALONE:.0%})")
    return accuracy


if __name__ == "__main__":
    main()
