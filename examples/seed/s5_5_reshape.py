"""Chapter 5.5: Reshape gives each sample another shape, as a first layer and further on.

    python examples/seed/s5_5_reshape.py

The listing is the text's, and its comments are checked as they stand.
"""

import numpy as np

from jkeras.layers.core import Reshape
from jkeras.models import Sequential

# as first layer in a Sequential model
model = Sequential()
model.add(Reshape((3, 4), input_shape=(12,)))
# now: model.output_shape == (None, 3, 4)
# note: `None` is the batch dimension
assert model.output_shape == (None, 3, 4)

# as intermediate layer in a Sequential model
model.add(Reshape((6, 2)))
# now: model.output_shape == (None, 6, 2)
assert model.output_shape == (None, 6, 2)

x = np.arange(5 * 12).reshape(5, 12)  # 5 samples: the target shape does not speak of them
y = model.predict(x)
assert np.array_equal(y, x.reshape(5, 6, 2))

print(f"Reshape makes {y.shape} of {x.shape}, each number where numpy's reshape puts it")
