"""Chapter 5.4: Flatten makes one dimension of all but the batch, between convolutions and Dense.

    python examples/seed/s5_4_flatten.py

The listing is the text's, and its comments are checked as they stand.
"""

import numpy as np

from jkeras.layers.convolutional import Convolution2D
from jkeras.layers.core import Dense, Flatten
from jkeras.models import Sequential

np.random.seed(1337)

model = Sequential()
model.add(Convolution2D(64, 3, 3, border_mode="same", input_shape=(3, 32, 32)))
# now: model.output_shape == (None, 64, 32, 32)
assert model.output_shape == (None, 64, 32, 32)

model.add(Flatten())
# now: model.output_shape == (None, 65536)
assert model.output_shape == (None, 65536)

# The batch keeps its size, and the numbers their order.
images = np.random.random((7, 3, 32, 32))
flat = model.predict(images)
convolved = Sequential(model.layers[:1]).predict(images)
assert flat.shape == (7, 65536)
assert np.array_equal(flat, convolved.reshape(7, -1))

model.add(Dense(10))  # which takes vectors
assert model.predict(images).shape == (7, 10)

print(f"Flatten makes {flat.shape} of {convolved.shape}: the batch of 7 stays 7")
