"""Chapter 3.4.1: fit a single-input model with two classes.

    python examples/seed/s3_4_1_binary.py

The data are the text's random numbers with random labels: there is no rule to find, so all that training can do is to
learn the 1000 samples by heart.
"""

import numpy as np

from jkeras.layers import Dense
from jkeras.models import Sequential

np.random.seed(1337)

# for a single-input model with 2 classes (binary):
model = Sequential()
model.add(Dense(1, input_dim=784, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

# generate dummy data
data = np.random.random((1000, 784))
labels = np.random.randint(2, size=(1000, 1))

# train the model, iterating on the data in batches of 32 samples
log = model.fit(data, labels, nb_epoch=10, batch_size=32, verbose=2)

first, last = log.history["loss"][0], log.history["loss"][-1]
assert model.output_shape == (None, 1)
assert last < first
print(f"training loss on random labels: {first:.4f} in the first epoch, {last:.4f} in the last")
