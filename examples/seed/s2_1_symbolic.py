"""Chapter 2.1: a model is an empty shell of symbols; numbers flow once K.function has made a callable of it.

    python examples/seed/s2_1_symbolic.py

The chapter has no listing; this one does what it describes.
"""

import numpy as np

import jkeras.backend as K
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential

np.random.seed(1337)

# First the variables are defined, then a graph says how one is computed from others. Nothing is computed yet.
x = K.placeholder(shape=(None, 3))
w = K.variable(np.array([[1.0], [2.0], [3.0]]))
y = K.sum(K.dot(x, w))
print("a symbol:", y)

# Then the graph is compiled, and takes numbers.
f = K.function([x], [y])
(total,) = f([np.ones((2, 3))])
assert total == 12

# It reads the variable when it is called.
K.set_value(w, np.zeros((3, 1)))
assert f([np.ones((2, 3))])[0] == 0

# A model is such a graph, and any part of it can be made a function: here what comes out of its second layer.
model = Sequential()
model.add(Dense(32, input_dim=784, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(10, activation="softmax"))
second_layer = K.function([model.layers[0].input, K.learning_phase()], [model.layers[1].output])

data = np.random.random((100, 784))
(at_test,) = second_layer([data, 0])
(in_training,) = second_layer([data, 1])

W, b = model.layers[0].get_weights()
difference = np.abs(at_test - np.maximum(data @ W + b, 0)).max()
dropped = np.mean(in_training[at_test > 0.01] == 0)
assert difference < 1e-5
assert 0.4 < dropped < 0.6
print(
    f"numbers in, numbers out: sum {float(total):g}; a layer's output differs from numpy's by {difference:.0e} at test, "
    f"and in training {dropped:.0%} of it are dropped"
)
