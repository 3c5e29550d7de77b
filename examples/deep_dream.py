"""Which picture does a network find most like a 3? Gradient ascent on the input, from a real digit and from noise.

    python examples/deep_dream.py
    python examples/deep_dream.py --out dreams.svg

Keras 1's `conv_filter_visualization` and `deep_dream` asked a large network what excites it. Here a small convolutional
network first learns scikit-learn's digits. Then its weights stay and the picture changes: `K.gradients` of a digit's score
with respect to the input, compiled by `K.function`, and steps uphill. A picture of noise becomes what the network takes
for that digit; a real picture of another digit becomes it by a change that one can see. The scores are those before the
softmax, as is usual: a probability that is nearly 1 has no slope left.

Ink and roughness (squared differences of neighbouring pixels) have a price. With `--plain` they have none: the network is
surer still, of pictures in which a reader hardly sees a digit.

Reached: a network that reads 98.89 % of the held-out digits is at least 97.3 % sure of each of 20 such pictures, and was
11.0 % sure on average before. All 10 that come from noise are nearest to the average picture of their digit.
"""

import argparse

import numpy as np

from jkeras import backend as K
from jkeras.datasets import digits
from jkeras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

shades = " .:-=+*#%@"


def build() -> Sequential:
    """Return the compiled network; the last layer but one gives the scores."""
    model = Sequential()
    model.add(Convolution2D(16, 3, 3, activation="relu", border_mode="same", dim_ordering="th", input_shape=(1, 8, 8)))
    model.add(Convolution2D(32, 3, 3, activation="relu", dim_ordering="th"))
    model.add(MaxPooling2D((2, 2), dim_ordering="th"))
    model.add(Flatten())
    model.add(Dropout(0.3))
    model.add(Dense(64, activation="relu"))
    model.add(Dense(10, name="scores"))
    model.add(Activation("softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def climber(model: Sequential, roughness: float, ink: float):
    """Return a function of (pictures, wanted digits as one-hot rows, 0) that gives how much they please, and the slope.

    Args:
        model: the trained network.
        roughness: price of the squared differences of neighbouring pixels.
        ink: price of the squares of the pixels.
    """
    picture = model.input
    wanted = K.placeholder(shape=(None, 10))
    score = K.sum(model.get_layer("scores").output * wanted)
    down = K.square(picture[:, :, 1:, :] - picture[:, :, :-1, :])
    across = K.square(picture[:, :, :, 1:] - picture[:, :, :, :-1])
    pleasure = score - roughness * (K.sum(down) + K.sum(across)) - ink * K.sum(K.square(picture))
    (slope,) = K.gradients(pleasure, [picture])
    return K.function([picture, wanted, K.learning_phase()], [pleasure, slope])


def climb(climber, pictures: np.ndarray, wanted: np.ndarray, steps: int, rate: float = 0.05) -> np.ndarray:
    """Return what the pictures become: steps along the slope, each of one length, and pixels stay in [0, 1]."""
    for _ in range(steps):
        _, slope = climber([pictures, wanted, 0])
        length = np.sqrt(np.mean(np.square(slope), axis=(1, 2, 3), keepdims=True))  # each picture has its own
        pictures = np.clip(pictures + rate * slope / (length + 1e-5), 0, 1).astype("float32")
    return pictures


def show(rows: list[np.ndarray]) -> None:
    """Print pictures ``(1, 8, 8)`` beside each other."""
    for y in range(8):
        lines = ("".join(2 * shades[min(int(pixel * 9.99), 9)] for pixel in picture[0, y]) for picture in rows)
        print("  ".join(lines).rstrip())


def svg(rows: list[np.ndarray], labels: list[str]) -> str:
    """Return rows of ten pictures as a text in SVG; `labels` say what a row is."""
    scale, gap, top = 8, 10, 22
    size = 8 * scale + gap
    parts = []
    for row, (pictures, label) in enumerate(zip(rows, labels, strict=True)):
        at = row * (size + top)
        parts.append(f'<text x="{gap}" y="{at + top - 6}">{label}</text>')
        for column, picture in enumerate(pictures):
            for y, x in np.argwhere(picture[0] > 0.005):
                left, upper = gap + column * size + x * scale, at + top + y * scale
                parts.append(
                    f'<rect x="{left}" y="{upper}" width="{scale}" height="{scale}" fill-opacity="{picture[0, y, x]:.2f}"/>'
                )
    width, height = 10 * size + gap, len(rows) * (size + top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def main() -> float:
    """Train, dream of each digit from noise and from another digit, and return how sure the network is at the least."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1337)
    parser.add_argument("--plain", action="store_true", help="charge nothing for ink and roughness")
    parser.add_argument("--out", metavar="FILE.svg", help="draw the pictures, too")
    arguments = parser.parse_args()

    np.random.seed(arguments.seed)
    (x, y), (x_new, y_new) = digits.load_data()
    x, x_new = x[:, None].astype("float32") / 16, x_new[:, None].astype("float32") / 16
    model = build()
    model.fit(x, to_categorical(y, 10), batch_size=32, nb_epoch=arguments.epochs, verbose=2)
    _, accuracy = model.evaluate(x_new, to_categorical(y_new, 10), verbose=0)

    def sure(pictures: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        return (model.predict(pictures) * wanted).sum(axis=1)

    uphill = climber(model, roughness=0, ink=0) if arguments.plain else climber(model, roughness=0.3, ink=0.5)
    wanted = np.eye(10, dtype="float32")
    noise = np.random.uniform(0.3, 0.6, size=(10, 1, 8, 8)).astype("float32")
    real = np.stack([x_new[y_new == (digit + 5) % 10][0] for digit in range(10)])
    dreams = climb(uphill, noise, wanted, arguments.steps)
    changed = climb(uphill, real, wanted, arguments.steps)

    starts = (("noise", noise, dreams), ("a real picture of another digit", real, changed))
    for name, before, after in starts:
        first, then = sure(before, wanted), sure(after, wanted)
        for digit in range(10):
            print(f"\nfrom {name} to {digit}: {first[digit]:.1%} sure before, {then[digit]:.1%} after")
            show([before[digit], after[digit]])
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            file.write(svg([noise, dreams, real, changed], ["noise", "dreams", "real digits", "what they became"]))

    # Whoever compares pixels may say it, too: the digit whose average picture is the nearest.
    means = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
    distances = np.square(dreams[:, None] - means[None]).sum(axis=(2, 3, 4))
    near = int((distances.argmin(axis=1) == np.arange(10)).sum())
    least = float(min(sure(dreams, wanted).min(), sure(changed, wanted).min()))
    before = float(max(sure(noise, wanted).mean(), sure(real, wanted).mean()))
    if least <= before:
        raise SystemExit(
            f"The network is {least:.1%} sure of the worst picture, {before:.1%} on average of those before."
        )
    print(
        f"\na network that reads {accuracy:.2%} of the held-out digits is at least {least:.1%} sure of each of 20 pictures "
        f"({before:.1%} on average before); {near} of the 10 dreamt from noise are nearest to their digit's average picture"
    )
    return least


if __name__ == "__main__":
    main()
