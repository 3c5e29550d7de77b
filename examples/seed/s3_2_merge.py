"""Chapter 3.2: Merge joins two Sequential models, in each of its modes and by a lambda.

    python examples/seed/s3_2_merge.py

The text leaves its data open: here two halves of a vector are the two inputs, and which class it is depends on both.
"""

import numpy as np

from jkeras.layers import Dense, Merge
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)

left_branch = Sequential()
left_branch.add(Dense(32, input_dim=784))

right_branch = Sequential()
right_branch.add(Dense(32, input_dim=784))

merged = Merge([left_branch, right_branch], mode="concat")

final_model = Sequential()
final_model.add(merged)
final_model.add(Dense(10, activation="softmax"))

final_model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])

classes = np.random.randint(10, size=1500)
centres = np.random.normal(size=(10, 2 * 784))
data = centres[classes] + 5 * np.random.normal(size=(1500, 2 * 784))
input_data_1, input_data_2, targets = data[:1000, :784], data[:1000, 784:], to_categorical(classes[:1000], 10)
final_model.fit([input_data_1, input_data_2], targets, verbose=2)  # we pass one data array per model input

new = [data[1000:, :784], data[1000:, 784:]]
_, accuracy = final_model.evaluate(new, to_categorical(classes[1000:], 10), verbose=0)
assert accuracy > 0.5

# The modes of the text's list, each beside what it means. ("max", which Keras 1.2 has besides, is not in the list.)
a, b = left_branch.predict(new[0]), right_branch.predict(new[1])
dot = np.sum(a * b, axis=1, keepdims=True)
meaning = {
    "sum": a + b,
    "concat": np.concatenate([a, b], axis=-1),  # concat_axis=-1
    "mul": a * b,
    "ave": (a + b) / 2,
    "dot": dot,  # dot_axes=-1; the text calls it dot_axis
    "cos": dot / np.linalg.norm(a, axis=1, keepdims=True) / np.linalg.norm(b, axis=1, keepdims=True),
}
for mode, expected in meaning.items():
    model = Sequential()
    model.add(Merge([left_branch, right_branch], mode=mode))
    output = model.predict(new)
    print(f"{mode}: {output.shape}")
    assert np.allclose(output.reshape(expected.shape), expected, rtol=1e-4, atol=1e-3), mode

# And any function of the list of outputs.
merged = Merge([left_branch, right_branch], mode=lambda x: x[0] - x[1])
model = Sequential()
model.add(merged)
assert np.allclose(model.predict(new), a - b, rtol=1e-4, atol=1e-3)

print(f"{len(meaning)} modes and a lambda do what they say; concat on 500 held-out pairs: accuracy {accuracy:.2%}")
