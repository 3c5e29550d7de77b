"""Chapter 4: the functional API: layers are called on tensors, and Model is made of its input and its output.

    python examples/seed/s4_functional.py

The text leaves its data open, with 784 pixels as MNIST has; here they are scikit-learn's digits of 8 x 8 pixels, enlarged
to 28 x 28.
"""

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import Dense, Input
from jkeras.models import Model
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
digits = load_digits()
order = np.random.permutation(len(digits.images))
images = np.kron(digits.images[order] / 16, np.ones((3, 3)))  # (1797, 24, 24)
images = np.pad(images, [(0, 0), (2, 2), (2, 2)]).reshape(-1, 784)
targets = to_categorical(digits.target[order], 10)
data, labels, new_data, new_labels = images[:1438], targets[:1438], images[1438:], targets[1438:]

# this returns a tensor
inputs = Input(shape=(784,))

# a layer instance is callable on a tensor, and returns a tensor
x = Dense(64, activation="relu")(inputs)
x = Dense(64, activation="relu")(x)
predictions = Dense(10, activation="softmax")(x)

# this creates a model that includes the Input layer and three Dense layers
model = Model(input=inputs, output=predictions)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(data, labels, verbose=2)  # starts training

assert model.output_shape == (None, 10)
assert len(model.layers) == 4
loss, accuracy = model.evaluate(new_data, new_labels, verbose=0)
assert accuracy > 0.8
print(f"held-out fifth of the digits: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 10 %)")
