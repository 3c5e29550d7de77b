"""Chapter 4.1: a trained model is called like a layer, on one image and, with TimeDistributed, on each of a sequence.

    python examples/seed/s4_1_model_as_layer.py

The model is that of chapter 4, trained on scikit-learn's digits, which are enlarged to 28 x 28 pixels.
"""

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import Dense, Input, TimeDistributed
from jkeras.models import Model
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
digits = load_digits()
order = np.random.permutation(len(digits.images))
images = np.kron(digits.images[order] / 16, np.ones((3, 3)))  # (1797, 24, 24)
images = np.pad(images, [(0, 0), (2, 2), (2, 2)]).reshape(-1, 784)
targets = to_categorical(digits.target[order], 10)
data, labels, new_data, new_labels = images[:1437], targets[:1437], images[1437:], targets[1437:]

inputs = Input(shape=(784,))
x = Dense(64, activation="relu")(inputs)
x = Dense(64, activation="relu")(x)
predictions = Dense(10, activation="softmax")(x)
model = Model(input=inputs, output=predictions)
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(data, labels, verbose=2)

x = Input(shape=(784,))
# this works, and returns the 10-way softmax we defined above.
y = model(x)

# input tensor for sequences of 20 timesteps,
# each containing a 784-dimensional vector
input_sequences = Input(shape=(20, 784))

# this applies our previous model to every timestep in the input sequences.
# the output of the previous model was a 10-way softmax,
# so the output of the layer below will be a sequence of 20 vectors of size 10.
processed_sequences = TimeDistributed(model)(input_sequences)

# The weights are reused as well as the architecture, so the new models need no training.
again = Model(input=x, output=y)
of_sequences = Model(input=input_sequences, output=processed_sequences)
assert of_sequences.output_shape == (None, 20, 10)
assert again.count_params() == of_sequences.count_params() == model.count_params()

one_by_one = model.predict(new_data)
assert np.allclose(again.predict(new_data), one_by_one, atol=1e-6)
sequences = new_data.reshape(18, 20, 784)  # 360 new digits
read = of_sequences.predict(sequences)
assert np.allclose(read.reshape(360, 10), one_by_one, atol=1e-6)
accuracy = np.mean(read.argmax(axis=-1) == new_labels.reshape(18, 20, 10).argmax(axis=-1))
assert accuracy > 0.8

# Shared, not copied: what changes in the model, changes in what was made of it.
model.layers[-1].set_weights([np.zeros((64, 10)), np.zeros(10)])
assert np.allclose(of_sequences.predict(sequences), 0.1)
print(f"18 sequences of 20 held-out digits, read by the model of one digit: accuracy {accuracy:.2%} (chance: 10 %)")
