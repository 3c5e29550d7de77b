"""Chapter 5.6: Permute rearranges the dimensions of each sample, which are counted from 1.

    python examples/seed/s5_6_permute.py

The listing is the text's, and its comments are checked as they stand; then the text's case, a CNN before an RNN.
"""

import numpy as np

from jkeras.layers.core import Permute
from jkeras.models import Sequential

np.random.seed(1337)

model = Sequential()
model.add(Permute((2, 1), input_shape=(10, 64)))
# now: model.output_shape == (None, 64, 10)
# note: `None` is the batch dimension
assert model.output_shape == (None, 64, 10)

x = np.random.random((5, 10, 64)).astype("float32")
y = model.predict(x)
assert np.array_equal(y, x.transpose(0, 2, 1))

# From a convolution to a recurrent layer: (channels, rows, columns) -> (columns, channels, rows)
images = Sequential([Permute((3, 1, 2), input_shape=(16, 8, 20))])
assert images.output_shape == (None, 20, 16, 8)
x_images = np.random.random((2, 16, 8, 20)).astype("float32")
assert np.array_equal(images.predict(x_images), x_images.transpose(0, 3, 1, 2))

print(f"Permute((2, 1)) makes {y.shape} of {x.shape}: each sample is transposed")
