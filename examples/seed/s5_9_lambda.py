"""Chapter 5.9: Lambda applies any expression of K to the output of the layer before it.

    python examples/seed/s5_9_lambda.py

The text lists the arguments. The antirectifier is the example of Keras 1's own documentation.
"""

import numpy as np

from jkeras import backend as K
from jkeras.layers.core import Lambda
from jkeras.models import Sequential

np.random.seed(1337)
x = np.random.normal(size=(20, 6))

# function: takes the output of the layer before
model = Sequential()
model.add(Lambda(function=lambda x: x**2, output_shape=None, arguments={}, input_shape=(6,)))
assert model.output_shape == (None, 6)
assert np.allclose(model.predict(x), x**2, rtol=1e-5)


# output_shape: a function of the input's shape, or a tuple
def antirectifier(x):
    """Keep both halves of what relu would cut: the positive part, and the negative part with its sign turned."""
    x = x - K.mean(x, axis=1, keepdims=True)
    x = K.l2_normalize(x, axis=1)
    return K.concatenate([K.relu(x), K.relu(-x)], axis=1)


def antirectifier_output_shape(input_shape):
    return (input_shape[0], 2 * input_shape[1])


model = Sequential()
model.add(Lambda(antirectifier, output_shape=antirectifier_output_shape, input_shape=(6,)))
assert model.output_shape == (None, 12)
centred = x - x.mean(axis=1, keepdims=True)
centred /= np.linalg.norm(centred, axis=1, keepdims=True)
expected = np.concatenate([np.maximum(centred, 0), np.maximum(-centred, 0)], axis=1)
difference = np.abs(model.predict(x) - expected).max()
assert difference < 1e-5

model = Sequential([Lambda(lambda x: K.sum(x, axis=1, keepdims=True), output_shape=(1,), input_shape=(6,))])
assert model.output_shape == (None, 1)


# arguments: further keyword arguments of the function
def scaled(x, factor, shift=0.0):
    return factor * x + shift


model = Sequential([Lambda(scaled, arguments={"factor": 3.0, "shift": 1.0}, input_shape=(6,))])
assert np.allclose(model.predict(x), 3 * x + 1, atol=1e-5)

print(f"the antirectifier as a Lambda layer makes 12 numbers of 6 and differs from numpy by at most {difference:.0e}")
