"""Chapter 5.11: Masking skips time steps, here 3 and 5, in all layers after it.

    python examples/seed/s5_11_masking.py

The listing is the text's, with its case: the signals of two time steps are missing.
"""

import numpy as np

from jkeras.layers.core import Flatten, Masking
from jkeras.layers.recurrent import LSTM
from jkeras.models import Sequential

np.random.seed(1337)
samples, timesteps, features = 20, 8, 4

# The signals of time steps 3 and 5 are missing.
x = np.random.normal(size=(samples, timesteps, features))
x[:, 3, :] = 0.0
x[:, 5, :] = 0.0

model = Sequential()
model.add(Masking(mask_value=0.0, input_shape=(timesteps, features)))
model.add(LSTM(32))
assert model.output_shape == (None, 32)

# The same LSTM without Masking, on sequences from which the two steps have been cut out.
lstm = Sequential([LSTM(32, weights=model.get_weights(), input_shape=(None, features))])
cut = np.delete(x, [3, 5], axis=1)
difference = np.abs(model.predict(x) - lstm.predict(cut)).max()
assert difference < 1e-6
unmasked = np.abs(lstm.predict(x) - lstm.predict(cut)).max()
assert unmasked > 1e-2  # without Masking zeros are read like any other numbers

# A step is skipped only if all of its features equal mask_value.
some = x.copy()
some[:, 3, 0] = 1.0
assert np.abs(model.predict(some) - model.predict(x)).max() > 1e-3

# A layer that does not support masking refuses.
model = Sequential([Masking(mask_value=0.0, input_shape=(timesteps, features))])
try:
    model.add(Flatten())
except ValueError as error:
    print(error)
else:
    raise SystemExit("Flatten took a masked sequence.")

print(
    f"with steps 3 and 5 masked the LSTM's output is that of the sequences without them (difference {difference:.0e}; "
    f"unmasked {unmasked:.2f})"
)
