"""Chapter 5.3: Dropout drops a share p of its inputs at each update, and nothing at prediction.

    python examples/seed/s5_3_dropout.py

The text gives the signature; the script looks at what comes out in training, where p says what is dropped.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.core import Dropout
from jkeras.models import Sequential

np.random.seed(1337)
p = 0.3
x = np.ones((1000, 100))

model = Sequential()
model.add(Dropout(p, input_shape=(100,)))
assert np.array_equal(model.predict(x), x)  # at prediction nothing is dropped

# What comes out in training: K.learning_phase() is 1 then, 0 at prediction.
output = K.function([model.input, K.learning_phase()], [model.output])
(trained,) = output([x, 1])
(predicted,) = output([x, 0])
assert np.array_equal(predicted, x)

dropped = np.mean(trained == 0)
assert abs(dropped - p) < 0.01
# The others are larger by 1 / (1 - p), so that the sum stays the same on average.
assert np.allclose(trained[trained != 0], 1 / (1 - p))
assert abs(trained.mean() - 1) < 0.01

(again,) = output([x, 1])
assert np.any(again != trained)  # others are dropped at the next update

print(f"Dropout({p}) drops {dropped:.2%} of the inputs in training and none at prediction")
