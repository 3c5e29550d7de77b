"""Chapter 3.3.1: compile for classes, for yes or no, for regression, and with metrics of one's own.

    python examples/seed/s3_3_1_compile.py

The text writes `false_neg = ...`; here it is filled in: false_neg is the share of samples that are 1 and called 0,
false_pos of those that are 0 and called 1. Each of the four models is trained on a seeded generator's data.
"""

import numpy as np

import jkeras.backend as K
from jkeras.layers import Dense
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

np.random.seed(1337)
x = np.random.normal(size=(4000, 20))
values = x @ np.random.normal(size=(20, 10)) / 4

# for a multi-class classification problem
model = Sequential([Dense(10, input_dim=20, activation="softmax")])
model.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(x, to_categorical(values.argmax(axis=1), 10), nb_epoch=10, verbose=2)
assert model.evaluate(x, to_categorical(values.argmax(axis=1), 10), verbose=0)[1] > 0.4

# for a binary classification problem
labels = (values[:, :1] > 0).astype(int)
model = Sequential([Dense(1, input_dim=20, activation="sigmoid")])
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, labels, nb_epoch=10, verbose=2)
assert model.evaluate(x, labels, verbose=0)[1] > 0.8

# for a mean squared error regression problem
model = Sequential([Dense(1, input_dim=20)])
model.compile(optimizer="rmsprop", loss="mse")
log = model.fit(x, values[:, :1], nb_epoch=10, verbose=2)
assert log.history["loss"][-1] < log.history["loss"][0]


# for custom metrics
def mean_pred(y_true, y_pred):
    return K.mean(y_pred)


def false_rates(y_true, y_pred):
    false_neg = K.mean(y_true * (1 - K.round(y_pred)))
    false_pos = K.mean((1 - y_true) * K.round(y_pred))
    return {
        "false_neg": false_neg,
        "false_pos": false_pos,
    }


model = Sequential([Dense(1, input_dim=20, activation="sigmoid")])
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy", mean_pred, false_rates])
model.fit(x, labels, nb_epoch=10, verbose=2)

# They are those that numpy counts.
measured = dict(zip(model.metrics_names, model.evaluate(x, labels, verbose=0), strict=True))
predictions = model.predict(x)
wrong = (predictions > 0.5) != labels
counted = {
    "acc": 1 - wrong.mean(),
    "mean_pred": predictions.mean(),
    "false_neg": np.mean(wrong & (labels == 1)),
    "false_pos": np.mean(wrong & (labels == 0)),
}
for name, value in counted.items():
    assert np.isclose(measured[name], value, atol=1e-5), name
assert np.isclose(measured["acc"] + measured["false_neg"] + measured["false_pos"], 1)
print("four compilations train; " + ", ".join(f"{name} {measured[name]:.4f}" for name in counted))
