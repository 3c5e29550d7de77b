"""Chapter 4.4.3: do two images show the same digit? One vision model, shared, looks at both.

    python examples/seed/s4_4_3_shared_vision.py

The model is at the text's full size. The text leaves its data open: here they are scikit-learn's digits of 8 x 8 pixels,
enlarged to 27 x 27. A logistic regression on two codes side by side cannot compare them (examples/shared_vision.py says why,
and what can), so it learns the pairs that it sees by heart: what is checked of the training is that its loss falls.
"""

import argparse

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import Convolution2D, Dense, Flatten, Input, MaxPooling2D, merge
from jkeras.models import Model

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--pairs", type=int, default=320)
parser.add_argument("--epochs", type=int, default=5)
arguments = parser.parse_args()

np.random.seed(1337)
digits = load_digits()
images = np.kron(digits.images / 16, np.ones((3, 3)))  # (1797, 24, 24)
images = np.pad(images, [(0, 0), (1, 2), (1, 2)])[:, None]  # (1797, 1, 27, 27)
a = np.random.randint(len(images), size=arguments.pairs)
same = np.arange(arguments.pairs) % 2
b = [np.random.choice(np.flatnonzero((digits.target == digits.target[i]) == s)) for i, s in zip(a, same, strict=True)]

# first, define the vision modules
digit_input = Input(shape=(1, 27, 27))
x = Convolution2D(64, 3, 3)(digit_input)
x = Convolution2D(64, 3, 3)(x)
x = MaxPooling2D((2, 2))(x)
out = Flatten()(x)

vision_model = Model(digit_input, out)

# then define the tell-digits-apart model
digit_a = Input(shape=(1, 27, 27))
digit_b = Input(shape=(1, 27, 27))

# the vision model will be shared, weights and all
out_a = vision_model(digit_a)
out_b = vision_model(digit_b)

concatenated = merge([out_a, out_b], mode="concat")
out = Dense(1, activation="sigmoid")(concatenated)

classification_model = Model([digit_a, digit_b], out)

# (The text stops here.)
classification_model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
before = vision_model.predict(images[:10])
log = classification_model.fit([images[a], images[b]], same, nb_epoch=arguments.epochs, verbose=2)

assert vision_model.output_shape == (None, 64 * 11 * 11)
vision = (9 + 1) * 64 + (64 * 9 + 1) * 64
assert vision_model.count_params() == vision  # counted once in the model, though it is used twice:
assert classification_model.count_params() == vision + 2 * 64 * 11 * 11 + 1
assert not np.allclose(vision_model.predict(images[:10]), before)  # trained along
code_a = Model(digit_a, out_a).predict(images[:10])
assert np.array_equal(code_a, Model(digit_b, out_b).predict(images[:10]))
first, last = log.history["loss"][0], log.history["loss"][-1]
assert last < first
print(f"one vision model of {vision:,} weights codes both images alike; training loss {first:.4f} -> {last:.4f}")
