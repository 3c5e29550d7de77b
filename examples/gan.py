"""Two networks play against each other until one of them draws handwritten digits.

    python examples/gan.py

As in Keras 1's time: a generator draws, a discriminator tells drawn digits from scikit-learn's real ones, and the
generator learns through the stack of both, in which the discriminator is frozen; `train_on_batch` by turns.

That samples look good proves little: the generator may draw one digit only, or copy what it saw. So a classifier that
was trained on real digits (that of digits_cnn.py) says which digits the samples are and how sure it is, and the
distances to the nearest training image are compared with those of real digits that were held out: copies would be
much nearer.

Reached over the seeds 1, 2, 3 and 1337: the classifier is surer than 90 % of 89 % of the samples (at the least 86 %;
98 % of the held-out digits, about 40 % of images whose pixels were scrambled); of 1000 samples 74 to 134 are of each
digit; the median distance to the nearest training image is 1.14 to 1.19, and one sample in twenty is nearer than 0.77
to 0.82; of held-out digits 1.02 and 0.70. So the samples are not copied, and they are rougher than real digits.

Source: I. Goodfellow et al., Generative Adversarial Nets, NIPS 2014.
"""

import argparse

import numpy as np
from digits_cnn import build as build_classifier
from digits_cnn import load

from jkeras.layers import Activation, BatchNormalization, Dense, Dropout, LeakyReLU
from jkeras.models import Sequential
from jkeras.optimizers import Adam

noise_dim = 32
batch_size = 64
SHADES = " .:-=+*#%@"


def build_generator(units: int) -> Sequential:
    """Return the network that makes of 32 random numbers an image of 64 pixels in [0, 1]."""
    model = Sequential()
    model.add(Dense(units, input_dim=noise_dim))
    model.add(BatchNormalization())
    model.add(Activation("relu"))
    model.add(Dense(units))
    model.add(BatchNormalization())
    model.add(Activation("relu"))
    model.add(Dense(64, activation="sigmoid"))
    return model


def build_discriminator(units: int) -> Sequential:
    """Return the network that says how likely an image of 64 pixels is a real one."""
    model = Sequential()
    model.add(Dense(units, input_dim=64))
    model.add(LeakyReLU(0.2))
    model.add(Dropout(0.3))
    model.add(Dense(units))
    model.add(LeakyReLU(0.2))
    model.add(Dropout(0.3))
    model.add(Dense(1, activation="sigmoid"))
    return model


def draw(generator: Sequential, count: int) -> np.ndarray:
    """Return `count` images that the generator makes of new noise."""
    return generator.predict(np.random.normal(size=(count, noise_dim)), batch_size=count)


def train(images: np.ndarray, epochs: int, units: int) -> Sequential:
    """Let the two networks play, and return the generator.

    Args:
        images: real ones, ``(images, 64)``.
        epochs: how often the discriminator sees each of them.
        units: of each hidden layer.
    """
    generator, discriminator = build_generator(units), build_discriminator(units)
    discriminator.compile(loss="binary_crossentropy", optimizer=Adam(lr=1e-3, beta_1=0.5))

    # In the stack the discriminator is frozen. By itself it goes on learning, for it was compiled before.
    discriminator.trainable = False
    stacked = Sequential([generator, discriminator])
    stacked.compile(loss="binary_crossentropy", optimizer=Adam(lr=2e-3, beta_1=0.5))

    # 0.9 and not 1: the discriminator is not to be quite sure of any image.
    labels = np.concatenate([np.full(batch_size, 0.9), np.zeros(batch_size)])
    for epoch in range(1, epochs + 1):
        order = np.random.permutation(len(images))
        for at in range(0, len(images) - batch_size + 1, batch_size):
            real = images[order[at : at + batch_size]]
            d_loss = discriminator.train_on_batch(np.concatenate([real, draw(generator, batch_size)]), labels)
            noise = np.random.normal(size=(batch_size, noise_dim))
            g_loss = stacked.train_on_batch(noise, np.ones(batch_size))
        if epoch % 20 == 0 or epoch == epochs:
            print(f"epoch {epoch}: discriminator's loss {d_loss:.4f}, generator's loss {g_loss:.4f}")
    return generator


def distances(x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the distance of every image to the nearest of the known ones."""
    squares = (x**2).sum(axis=1)[:, None] - 2 * x @ known.T + (known**2).sum(axis=1)
    return np.sqrt(np.maximum(squares.min(axis=1), 0))


def show(images: np.ndarray, columns: int = 10) -> None:
    """Print images of 8×8 pixels in [0, 1] in grey characters."""
    shades = np.clip(images.reshape(-1, 8, 8) * len(SHADES), 0, len(SHADES) - 1).astype(int)
    for at in range(0, len(shades), columns):
        for line in range(8):
            print("  ".join("".join(SHADES[s] for s in image[line]) for image in shades[at : at + columns]).rstrip())


def main() -> tuple[float, np.ndarray]:
    """Train, examine 1000 samples, and return the share that the classifier is sure of and the number of each digit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--classifier-epochs", type=int, default=30)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1337)
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    (x_train, y_train), (x_test, y_test) = load()
    classifier = build_classifier()
    classifier.fit(x_train, y_train, batch_size=30, nb_epoch=arguments.classifier_epochs, verbose=0)

    known, held_out = x_train.reshape(-1, 64), x_test.reshape(-1, 64)
    samples = draw(train(known, arguments.epochs, arguments.units), 1000)
    print("\nsamples:")
    show(samples[:20])

    # What pixels that are right one by one, but do not belong together, look like to the classifier.
    scrambled = np.stack([np.random.permutation(pixel) for pixel in held_out.T], axis=1)
    images = np.concatenate([samples, held_out, scrambled]).reshape(-1, 1, 8, 8)
    read = np.split(classifier.predict(images, batch_size=len(images)), [1000, 1000 + len(held_out)])
    accuracy = np.mean(read[1].argmax(axis=1) == y_test.argmax(axis=1))
    sure = [float(np.mean(probabilities.max(axis=1) > 0.9)) for probabilities in read]
    counts = np.bincount(read[0].argmax(axis=1), minlength=10)
    print(f"\nThe classifier reads {accuracy:.1%} of the held-out digits rightly.")
    print(
        f"It is more than 90% sure of {sure[0]:.1%} of the samples, {sure[1]:.1%} of the held-out digits, "
        f"{sure[2]:.1%} of the scrambled ones"
    )
    print(f"samples of each digit, 0 to 9: {' '.join(map(str, counts))}")
    print("distance to the nearest training image, the median and what one in twenty stays below:")
    for name, x in {"samples": samples, "held-out digits": held_out}.items():
        near = distances(x, known)
        print(f"  {name} {np.median(near):.2f}, {np.percentile(near, 5):.2f}")
    return sure[0], counts


if __name__ == "__main__":
    main()
