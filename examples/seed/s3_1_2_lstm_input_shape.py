"""Chapter 3.1.2: three ways to give the shape of an LSTM's input, which are strictly equivalent.

python examples/seed/s3_1_2_lstm_input_shape.py
"""

import numpy as np

from jkeras.layers import LSTM
from jkeras.models import Sequential

models = []

np.random.seed(1337)
model = Sequential()
model.add(LSTM(32, input_shape=(10, 64)))
models.append(model)

np.random.seed(1337)
model = Sequential()
model.add(LSTM(32, batch_input_shape=(None, 10, 64)))
models.append(model)

np.random.seed(1337)
model = Sequential()
model.add(LSTM(32, input_length=10, input_dim=64))
models.append(model)

# The same shapes, the same first weights from the same seed, and so the same outputs.
data = np.random.random((7, 10, 64))
first = models[0]
for model in models:
    assert model.input_shape == (None, 10, 64)
    assert model.output_shape == (None, 32)
    assert model.layers[0].batch_input_shape == (None, 10, 64)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), first.get_weights(), strict=True))
    assert np.array_equal(model.predict(data), first.predict(data))
assert first.count_params() == 4 * (64 + 32 + 1) * 32
print(f"three models {first.input_shape} -> {first.output_shape} with {first.count_params()} equal weights and outputs")
