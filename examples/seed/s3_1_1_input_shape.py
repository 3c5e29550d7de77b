"""Chapter 3.1.1: three ways to give the shape of a Dense layer's input, which are strictly equivalent.

python examples/seed/s3_1_1_input_shape.py
"""

import numpy as np

from jkeras.layers import Dense
from jkeras.models import Sequential

models = []

np.random.seed(1337)
model = Sequential()
model.add(Dense(32, input_shape=(784,)))
models.append(model)

np.random.seed(1337)
model = Sequential()
model.add(Dense(32, batch_input_shape=(None, 784)))
# note that batch dimension is "None" here,
# so the model will be able to process batches of any size.
models.append(model)

np.random.seed(1337)
model = Sequential()
model.add(Dense(32, input_dim=784))  # output of dimension 32, input of dimension 784
models.append(model)

# The same shapes, the same first weights from the same seed, and so the same outputs.
data = np.random.random((7, 784))
first = models[0]
for model in models:
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 32)
    assert model.layers[0].batch_input_shape == (None, 784)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), first.get_weights(), strict=True))
    assert np.array_equal(model.predict(data), first.predict(data))
    assert model.predict(data[:3]).shape == (3, 32)  # a batch of another size
print(f"three models {first.input_shape} -> {first.output_shape} with {first.count_params()} equal weights and outputs")
