"""Chapter 4.4.1: an inception module: three towers look at a picture of 256 x 256 pixels, merge puts them together.

    python examples/seed/s4_4_1_inception.py

The module is at the text's full size, and is run on one picture of random numbers. On real data: examples/inception.py.
"""

import numpy as np

from jkeras.layers import Convolution2D, Input, MaxPooling2D, merge
from jkeras.models import Model

np.random.seed(1337)

input_img = Input(shape=(3, 256, 256))

tower_1 = Convolution2D(64, 1, 1, border_mode="same", activation="relu")(input_img)
tower_1 = Convolution2D(64, 3, 3, border_mode="same", activation="relu")(tower_1)

tower_2 = Convolution2D(64, 1, 1, border_mode="same", activation="relu")(input_img)
tower_2 = Convolution2D(64, 5, 5, border_mode="same", activation="relu")(tower_2)

tower_3 = MaxPooling2D((3, 3), strides=(1, 1), border_mode="same")(input_img)
tower_3 = Convolution2D(64, 1, 1, border_mode="same", activation="relu")(tower_3)

output = merge([tower_1, tower_2, tower_3], mode="concat", concat_axis=1)

model = Model(input=input_img, output=output)
assert model.output_shape == (None, 3 * 64, 256, 256)
assert model.count_params() == 3 * (3 + 1) * 64 + (64 * 9 + 1) * 64 + (64 * 25 + 1) * 64

picture = np.random.random((1, 3, 256, 256))
features, *towers = Model(input=input_img, output=[output, tower_1, tower_2, tower_3]).predict(picture)
assert features.shape == (1, 192, 256, 256)

# The channels are those of the towers in their order.
difference = np.abs(features - np.concatenate(towers, axis=1)).max()
assert difference < 1e-5 and features.std() > 0
# The third tower's pool keeps the size: the largest of 3 x 3 pixels, here far from the border.
W, b = (np.squeeze(weight) for weight in model.layers[-2].get_weights())
largest = picture[0, :, 99:102, 99:102].max(axis=(1, 2))
assert np.allclose(towers[2][0, :, 100, 100], np.maximum(W @ largest + b, 0), atol=1e-5)
print(
    f"{model.count_params():,} weights; a picture of 3 x 256 x 256 gives {features.shape}: three towers of 64 channels"
)
