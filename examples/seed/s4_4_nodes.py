"""Chapter 4.4: each call of a layer makes a node; with two of them "the output of the layer" has no meaning.

    python examples/seed/s4_4_nodes.py

The text explains the nodes without a listing; these are those of Keras 1's guide.
"""

import numpy as np

from jkeras.layers import LSTM, Convolution2D, Input
from jkeras.models import Model

np.random.seed(1337)

# A layer that was called once has one node, 0, and an output.
a = Input(shape=(140, 256))

lstm = LSTM(32)
encoded_a = lstm(a)

assert lstm.output == encoded_a
assert len(lstm.inbound_nodes) == 1

# A layer that was called twice has the nodes 0 and 1.
a = Input(shape=(140, 256))
b = Input(shape=(140, 256))

lstm = LSTM(32)
encoded_a = lstm(a)
encoded_b = lstm(b)

errors = []
try:
    print(lstm.output)
except AttributeError as error:
    errors.append(error)
    print("lstm.output:", error)

assert lstm.get_output_at(0) == encoded_a
assert lstm.get_output_at(1) == encoded_b
assert lstm.get_input_at(1) == b

# The same with shapes: they are defined as long as all nodes agree.
a = Input(shape=(3, 32, 32))
b = Input(shape=(3, 64, 64))

conv = Convolution2D(16, 3, 3, border_mode="same")
conved_a = conv(a)

# only one input so far, the following will work:
assert conv.input_shape == (None, 3, 32, 32)

conved_b = conv(b)
# now the `.input_shape` property wouldn't work, but this does:
assert conv.get_input_shape_at(0) == (None, 3, 32, 32)
assert conv.get_input_shape_at(1) == (None, 3, 64, 64)
try:
    print(conv.input_shape)
except AttributeError as error:
    errors.append(error)
    print("conv.input_shape:", error)
assert len(errors) == 2

# Either node can be the end of a model; the weights are the same.
small = Model(input=a, output=conv.get_output_at(0))
large = Model(input=b, output=conv.get_output_at(1))
assert small.count_params() == large.count_params() == 16 * (3 * 9 + 1)
picture = np.random.random((1, 3, 64, 64))
# Where no border is near, a part of the large picture gives a part of the large output.
inside = large.predict(picture)[:, :, 1:31, 1:31]
difference = np.abs(small.predict(picture[:, :, :32, :32])[:, :, 1:31, 1:31] - inside).max()
assert difference < 1e-5
print(
    f"a layer with 2 nodes: {len(errors)} of 2 ambiguous questions refused, its nodes' outputs agree to {difference:.0e}"
)
