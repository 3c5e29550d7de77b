"""Chapter 3.5.4: a convolutional network like VGG, for coloured pictures of 100 x 100 pixels.

    python examples/seed/s3_5_4_vgg_like.py

The network is at the text's full size. The text leaves its data open; here they are pictures of noise, brighter or
darker by their class. One epoch of the text's (lr=0.1) over so few pictures teaches nothing: what is checked is that a step
is made, that all weights move, and that the loss stays finite. The network learns in examples/vgg_like.py.
"""

import argparse

import numpy as np

from jkeras.layers import Activation, Convolution2D, Dense, Dropout, Flatten, MaxPooling2D
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--pictures", type=int, default=64)
pictures = parser.parse_args().pictures

np.random.seed(1337)
labels = np.random.randint(10, size=pictures)
X_train = np.random.uniform(size=(pictures, 3, 100, 100)) * (labels[:, None, None, None] + 1) / 10
Y_train = to_categorical(labels, 10)

model = Sequential()
# input: 100x100 images with 3 channels -> (3, 100, 100) tensors.
# this applies 32 convolution filters of size 3x3 each.
model.add(Convolution2D(32, 3, 3, border_mode="valid", input_shape=(3, 100, 100)))
model.add(Activation("relu"))
model.add(Convolution2D(32, 3, 3))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))

model.add(Convolution2D(64, 3, 3, border_mode="valid"))
model.add(Activation("relu"))
model.add(Convolution2D(64, 3, 3))
model.add(Activation("relu"))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))

model.add(Flatten())
# Note: Keras does automatic shape inference.
model.add(Dense(256))
model.add(Activation("relu"))
model.add(Dropout(0.5))

model.add(Dense(10))
model.add(Activation("softmax"))

sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss="categorical_crossentropy", optimizer=sgd)

before = model.get_weights()
log = model.fit(X_train, Y_train, batch_size=32, nb_epoch=1, verbose=2)

# 100 pixels, less 4, halved, less 4, halved: 22.
assert model.layers[12].output_shape == (None, 64 * 22 * 22)
assert model.output_shape == (None, 10)
convolutions = (3 * 9 + 1) * 32 + (32 * 9 + 1) * 32 + (32 * 9 + 1) * 64 + (64 * 9 + 1) * 64
assert model.count_params() == convolutions + (64 * 22 * 22 + 1) * 256 + 257 * 10
moved = sum(not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True))
assert moved == len(before) == 12
loss = log.history["loss"][0]
assert np.isfinite(loss) and np.isfinite(model.predict(X_train[:2])).all()
print(
    f"{model.count_params():,} weights at full size; one epoch over {pictures} pictures moved all 12 arrays, loss {loss:.2f}"
)
