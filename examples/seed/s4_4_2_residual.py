"""Chapter 4.4.2: a residual connection around a convolution: merge adds the input to the output.

    python examples/seed/s4_4_2_residual.py

The block is at the text's full size, and is run on pictures of random numbers. On real data: examples/residual.py.
"""

import numpy as np

from jkeras.layers import Convolution2D, Input, merge
from jkeras.models import Model

np.random.seed(1337)

# input tensor for a 3-channel 256x256 image
x = Input(shape=(3, 256, 256))
# 3x3 conv with 3 output channels (same as input channels)
y = Convolution2D(3, 3, 3, border_mode="same")(x)
# this returns x + y.
z = merge([x, y], mode="sum")

model = Model(input=x, output=z)
without = Model(input=x, output=y)
assert model.output_shape == (None, 3, 256, 256)
assert model.count_params() == without.count_params() == 3 * 3 * 9 + 3

pictures = np.random.random((2, 3, 256, 256))
difference = np.abs(model.predict(pictures) - without.predict(pictures) - pictures).max()
assert difference < 1e-5

# What makes it easy to train: a block whose weights are 0 is the identity, not nothing.
model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
assert np.array_equal(model.predict(pictures), pictures.astype("float32"))
assert not without.predict(pictures).any()
print(f"z = x + y on {pictures.shape} (difference {difference:.0e}); with weights of 0 the block is the identity")
