"""Chapter 3.5.2: a similar multilayer perceptron, written shorter: activations as arguments, Adadelta by its name.

    python examples/seed/s3_5_2_mlp_alternative.py

The text's listing is lost; this is the one of Keras 1's guide. The data are those of 3.5.1.
"""

import numpy as np

from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
centres = np.random.normal(size=(10, 20))
labels = np.random.randint(10, size=2500)
X = centres[labels] + np.random.normal(size=(2500, 20))
y = to_categorical(labels, 10)
X_train, y_train, X_test, y_test = X[:2000], y[:2000], X[2000:], y[2000:]

model = Sequential()
model.add(Dense(64, input_dim=20, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(64, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(10, activation="softmax"))

model.compile(loss="categorical_crossentropy", optimizer="adadelta", metrics=["accuracy"])

model.fit(X_train, y_train, nb_epoch=20, batch_size=16, verbose=2)
score = model.evaluate(X_test, y_test, batch_size=16, verbose=0)

loss, accuracy = score
assert len(model.layers) == 5
assert accuracy > 0.5
print(f"500 held-out vectors of 10 classes: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 10 %)")
