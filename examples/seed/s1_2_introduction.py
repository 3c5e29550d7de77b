"""Chapter 1.2: the whole of Keras on one page: stack layers, compile, fit, evaluate, predict.

    python examples/seed/s1_2_introduction.py

The text leaves its data open. Here a seeded generator makes vectors of ten classes: each class has a centre, and its
samples lie around it. On real data: examples/digits_mlp.py.
"""

import numpy as np

from jkeras.layers import Activation, Dense
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
centres = np.random.normal(size=(10, 100))
labels = np.random.randint(10, size=3000)
X = centres[labels] + 3 * np.random.normal(size=(3000, 100))
Y = to_categorical(labels, 10)
X_train, Y_train, X_test, Y_test = X[:2000], Y[:2000], X[2000:], Y[2000:]

model = Sequential()
model.add(Dense(output_dim=64, input_dim=100))
model.add(Activation("relu"))
model.add(Dense(output_dim=10))
model.add(Activation("softmax"))

model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])

# Or with an optimizer of one's own settings (and the accuracy again, which the text leaves out here).
model.compile(
    loss="categorical_crossentropy", optimizer=SGD(lr=0.01, momentum=0.9, nesterov=True), metrics=["accuracy"]
)

model.fit(X_train, Y_train, nb_epoch=5, batch_size=32, verbose=2)

# Batches can be fed by hand, too.
X_batch, Y_batch = X_train[:32], Y_train[:32]
model.train_on_batch(X_batch, Y_batch)

loss_and_metrics = model.evaluate(X_test, Y_test, batch_size=32, verbose=0)

classes = model.predict_classes(X_test, batch_size=32, verbose=0)
proba = model.predict_proba(X_test, batch_size=32, verbose=0)

loss, accuracy = loss_and_metrics
assert np.array_equal(classes, proba.argmax(axis=-1))
assert np.allclose(proba.sum(axis=-1), 1, atol=1e-5)
assert np.isclose(accuracy, np.mean(classes == labels[2000:]))
assert accuracy > 0.5
print(f"1000 held-out vectors of 10 classes: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 10 %)")
