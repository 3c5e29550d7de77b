"""Chapter 3.4.2: fit a model with two inputs and ten classes, which Merge makes of two branches.

    python examples/seed/s3_4_2_two_branches.py

The data are the text's random numbers with random labels: there is no rule to find, so all that training can do is to
learn the 1000 pairs by heart. On real data: examples/two_encoders.py.
"""

import numpy as np

from jkeras.layers import Dense, Merge
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)

# for a multi-input model with 10 classes:
left_branch = Sequential()
left_branch.add(Dense(32, input_dim=784))

right_branch = Sequential()
right_branch.add(Dense(32, input_dim=784))

merged = Merge([left_branch, right_branch], mode="concat")

model = Sequential()
model.add(merged)
model.add(Dense(10, activation="softmax"))

model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])

# generate dummy data
data_1 = np.random.random((1000, 784))
data_2 = np.random.random((1000, 784))

# these are integers between 0 and 9
labels = np.random.randint(10, size=(1000, 1))
# we convert the labels to a binary matrix of size (1000, 10)
# for use with categorical_crossentropy
labels = to_categorical(labels, 10)

# train the model
# note that we are passing a list of Numpy arrays as training data
# since the model has 2 inputs
log = model.fit([data_1, data_2], labels, nb_epoch=10, batch_size=32, verbose=2)

first, last = log.history["loss"][0], log.history["loss"][-1]
assert model.output_shape == (None, 10)
assert last < first
print(f"training loss on random labels: {first:.4f} in the first epoch, {last:.4f} in the last")
