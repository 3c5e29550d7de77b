"""Chapter 5.7: RepeatVector makes a sequence of n copies of a vector.

    python examples/seed/s5_7_repeat_vector.py

The listing is the text's, and its comments are checked as they stand.
"""

import numpy as np

from jkeras.layers.core import Dense, RepeatVector
from jkeras.models import Sequential

np.random.seed(1337)

model = Sequential()
model.add(Dense(32, input_dim=32))
# now: model.output_shape == (None, 32)
# note: `None` is the batch dimension
assert model.output_shape == (None, 32)

model.add(RepeatVector(3))
# now: model.output_shape == (None, 3, 32)
assert model.output_shape == (None, 3, 32)

x = np.random.random((5, 32))
y = model.predict(x)
vectors = Sequential(model.layers[:1]).predict(x)
assert all(np.array_equal(y[:, step], vectors) for step in range(3))

print(f"RepeatVector(3) makes {y.shape} of {vectors.shape}: three equal steps")
