"""Chapter 3.5.1: a multilayer perceptron with softmax tells ten classes apart.

    python examples/seed/s3_5_1_mlp_softmax.py

The text leaves its data open. Here a seeded generator makes vectors of 20 numbers: each class has a centre, and its
samples lie around it. On real data: examples/digits_mlp.py.
"""

import numpy as np

from jkeras.layers import Activation, Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
centres = np.random.normal(size=(10, 20))
labels = np.random.randint(10, size=2500)
X = centres[labels] + np.random.normal(size=(2500, 20))
y = to_categorical(labels, 10)
X_train, y_train, X_test, y_test = X[:2000], y[:2000], X[2000:], y[2000:]

model = Sequential()
# Dense(64) is a fully-connected layer with 64 hidden units.
# in the first layer, you must specify the expected input data shape:
# here, 20-dimensional vectors.
model.add(Dense(64, input_dim=20, init="uniform"))
model.add(Activation("tanh"))
model.add(Dropout(0.5))
model.add(Dense(64, init="uniform"))
model.add(Activation("tanh"))
model.add(Dropout(0.5))
model.add(Dense(10, init="uniform"))
model.add(Activation("softmax"))

sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])

model.fit(X_train, y_train, nb_epoch=20, batch_size=16, verbose=2)
score = model.evaluate(X_test, y_test, batch_size=16, verbose=0)

loss, accuracy = score
assert model.count_params() == 20 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10
assert accuracy > 0.5
print(f"500 held-out vectors of 10 classes: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 10 %)")
