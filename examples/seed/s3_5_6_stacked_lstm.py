"""Chapter 3.5.6: three LSTMs on top of each other classify sequences (the text counts it as 3.6.6).

    python examples/seed/s3_5_6_stacked_lstm.py

The data are the text's random numbers, so there is nothing to find out about new sequences; that the training loss falls
is what can be seen. On real data: examples/stacked_lstm.py.
"""

import numpy as np

from jkeras.layers import LSTM, Dense
from jkeras.models import Sequential

np.random.seed(1337)
data_dim = 16
timesteps = 8
nb_classes = 10

# expected input data shape: (batch_size, timesteps, data_dim)
model = Sequential()
model.add(
    LSTM(32, return_sequences=True, input_shape=(timesteps, data_dim))
)  # returns a sequence of vectors of dimension 32
model.add(LSTM(32, return_sequences=True))  # returns a sequence of vectors of dimension 32
model.add(LSTM(32))  # return a single vector of dimension 32
model.add(Dense(10, activation="softmax"))

model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

# generate dummy training data
x_train = np.random.random((1000, timesteps, data_dim))
y_train = np.random.random((1000, nb_classes))

# generate dummy validation data
x_val = np.random.random((100, timesteps, data_dim))
y_val = np.random.random((100, nb_classes))

log = model.fit(x_train, y_train, batch_size=64, nb_epoch=5, validation_data=(x_val, y_val), verbose=2)

assert [layer.output_shape for layer in model.layers] == [(None, 8, 32), (None, 8, 32), (None, 32), (None, 10)]
first, last = log.history["loss"][0], log.history["loss"][-1]
assert last < first
print(f"training loss on random targets: {first:.4f} in the first epoch, {last:.4f} in the last; output (None, 10)")
