"""Chapter 5.8: Merge joins the outputs of several layers: sum, mul, concat, ave, cos, dot, a function.

    python examples/seed/s5_8_merge.py

The text lists the arguments; the script uses each of them.
"""

import numpy as np

from jkeras import backend as K
from jkeras.engine.topology import Input, Merge
from jkeras.layers.core import Dense
from jkeras.models import Model, Sequential

np.random.seed(1337)
left = Sequential([Dense(4, input_dim=3)])
right = Sequential([Dense(4, input_dim=5)])
x = [np.random.normal(size=(10, 3)), np.random.normal(size=(10, 5))]
a, b = left.predict(x[0]), right.predict(x[1])

# The text's listing: layers is a list of at least two.
model = Sequential()
model.add(
    Merge(
        layers=[left, right],
        mode="sum",
        concat_axis=-1,
        dot_axes=-1,
        output_shape=None,
        node_indices=None,
        tensor_indices=None,
        name=None,
    )
)
assert np.allclose(model.predict(x), a + b)

# mode: one of six names
dot = np.sum(a * b, axis=1)
expected = {
    "sum": a + b,
    "mul": a * b,
    "concat": np.concatenate([a, b], axis=-1),
    "ave": (a + b) / 2,
    "cos": dot / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1),
    "dot": dot,
}
for mode, numbers in expected.items():
    model = Sequential([Merge([left, right], mode=mode)])
    assert np.allclose(model.predict(x).reshape(numbers.shape), numbers, atol=1e-5), mode


# or a function of the list of tensors; output_shape is a tuple, or a function of the list of shapes
def larger_of_each(tensors):
    return K.maximum(tensors[0], tensors[1])


for output_shape in ((4,), lambda shapes: shapes[0]):
    model = Sequential([Merge([left, right], mode=larger_of_each, output_shape=output_shape)])
    assert model.output_shape == (None, 4)
    assert np.allclose(model.predict(x), np.maximum(a, b))

# concat_axis and dot_axes count the batch as axis 0. Two sequences: one behind the other, and each step with each.
first, second = Input(shape=(6, 4)), Input(shape=(9, 4))
steps = [np.random.normal(size=(10, 6, 4)), np.random.normal(size=(10, 9, 4))]
joined = Model(input=[first, second], output=Merge(mode="concat", concat_axis=1)([first, second]))
assert joined.output_shape == (None, 15, 4)
products = Model(input=[first, second], output=Merge(mode="dot", dot_axes=(2, 2))([first, second]))
assert np.allclose(products.predict(steps), np.einsum("bif,bjf->bij", *steps), atol=1e-5)

# node_indices: a layer that was called twice has two outputs. tensor_indices: a model may return two tensors.
one, two = Input(shape=(4,)), Input(shape=(4,))
shared = Dense(2)
outputs = [shared(one), shared(two)]
by_node = Merge([shared, shared], mode="concat", node_indices=[0, 1])
both = Model(input=[one, two], output=outputs)
by_tensor = Merge([both, both], mode="concat", tensor_indices=[0, 1])
W, bias = shared.get_weights()
for layer in (by_node, by_tensor):
    model = Model(input=[one, two], output=layer.output)
    assert np.allclose(model.predict([a, b]), np.concatenate([a @ W + bias, b @ W + bias], axis=1), atol=1e-5)

print(f"Merge gives numpy's numbers in {len(expected)} modes ({', '.join(expected)}) and with a function")
