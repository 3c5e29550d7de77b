"""Chapter 3.5.3: a multilayer perceptron for two classes: one sigmoid unit and binary_crossentropy.

    python examples/seed/s3_5_3_mlp_binary.py

The text's listing is lost; this is the one of Keras 1's guide. The data are a seeded generator's: of 20 numbers, the
first two decide by the sign of their product, which no single straight cut through the space can tell.
"""

import numpy as np

from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential

np.random.seed(1337)
X = np.random.uniform(-1, 1, size=(3000, 20))
y = (X[:, 0] * X[:, 1] > 0).astype(int)
X_train, y_train, X_test, y_test = X[:2000], y[:2000], X[2000:], y[2000:]

model = Sequential()
model.add(Dense(64, input_dim=20, init="uniform", activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(64, activation="relu"))
model.add(Dropout(0.5))
model.add(Dense(1, activation="sigmoid"))

model.compile(loss="binary_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

model.fit(X_train, y_train, nb_epoch=20, batch_size=16, verbose=2)
score = model.evaluate(X_test, y_test, batch_size=16, verbose=0)

loss, accuracy = score
assert model.output_shape == (None, 1)
assert accuracy > 0.7
print(f"1000 held-out vectors of 2 classes: loss {loss:.4f}, accuracy {accuracy:.2%} (chance: 50 %)")
