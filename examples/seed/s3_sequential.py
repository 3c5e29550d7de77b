"""Chapter 3: a Sequential model from a list of layers, and the same model layer by layer with add.

python examples/seed/s3_sequential.py
"""

import numpy as np

from jkeras.layers import Activation, Dense
from jkeras.models import Sequential

np.random.seed(1337)

model = Sequential(
    [
        Dense(32, input_dim=784),
        Activation("relu"),
        Dense(10),
        Activation("softmax"),
    ]
)
from_list = model

model = Sequential()
model.add(Dense(32, input_dim=784))
model.add(Activation("relu"))
# The text's listing ends here; what its list goes on with:
model.add(Dense(10))
model.add(Activation("softmax"))

assert [type(layer) for layer in model.layers] == [type(layer) for layer in from_list.layers]
assert model.output_shape == from_list.output_shape == (None, 10)
assert model.count_params() == from_list.count_params() == 784 * 32 + 32 + 32 * 10 + 10

# Each has drawn weights of its own. With the same weights they say the same.
data = np.random.random((5, 784))
assert not np.allclose(model.predict(data), from_list.predict(data))
model.set_weights(from_list.get_weights())
assert np.array_equal(model.predict(data), from_list.predict(data))
print(
    f"both ways give 4 layers with {model.count_params()} weights and output {model.output_shape}; "
    "with the same weights, the same predictions"
)
