"""Chapter 3.5.7: a stacked LSTM whose state is carried from batch to batch.

    python examples/seed/s3_5_7_stateful_lstm.py

The data are the text's random numbers; that the memory helps where there is something to remember is shown by
examples/stateful_lstm.py. Here two pieces of 8 steps, one after the other, are compared with the same 16 steps in one go.
"""

import numpy as np

from jkeras.layers import LSTM, Dense
from jkeras.models import Sequential

np.random.seed(1337)
data_dim = 16
timesteps = 8
nb_classes = 10
batch_size = 32

# expected input batch shape: (batch_size, timesteps, data_dim)
# note that we have to provide the full batch_input_shape since the network is stateful.
# the sample of index i in batch k is the follow-up for the sample i in batch k-1.
model = Sequential()
model.add(LSTM(32, return_sequences=True, stateful=True, batch_input_shape=(batch_size, timesteps, data_dim)))
model.add(LSTM(32, return_sequences=True, stateful=True))
model.add(LSTM(32, stateful=True))
model.add(Dense(10, activation="softmax"))

model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

# generate dummy training data
x_train = np.random.random((batch_size * 10, timesteps, data_dim))
y_train = np.random.random((batch_size * 10, nb_classes))

# generate dummy validation data
x_val = np.random.random((batch_size * 3, timesteps, data_dim))
y_val = np.random.random((batch_size * 3, nb_classes))

# (fit shuffles the samples, as here nothing follows anything; where something does, it takes shuffle=False.)
log = model.fit(x_train, y_train, batch_size=batch_size, nb_epoch=5, validation_data=(x_val, y_val), verbose=2)
assert log.history["loss"][-1] < log.history["loss"][0]

# State is carried: the second of two batches goes on where the first ended.
model.reset_states()
first = model.predict(x_val[:32], batch_size=batch_size)
second = model.predict(x_val[32:64], batch_size=batch_size)

# An ordinary network that reads both pieces as one sequence, with the same weights.
whole = Sequential()
whole.add(LSTM(32, return_sequences=True, input_shape=(2 * timesteps, data_dim)))
whole.add(LSTM(32, return_sequences=True))
whole.add(LSTM(32))
whole.add(Dense(10, activation="softmax"))
whole.set_weights(model.get_weights())
difference = np.abs(second - whole.predict(np.concatenate([x_val[:32], x_val[32:64]], axis=1))).max()
assert difference < 1e-5

# reset_states forgets: the second piece read as if it were a beginning, and the first as it was read at first.
model.reset_states()
forgotten = np.abs(second - model.predict(x_val[32:64], batch_size=batch_size)).max()
model.reset_states()
assert np.array_equal(first, model.predict(x_val[:32], batch_size=batch_size))
assert forgotten > 1e-3
print(
    f"two batches of 8 steps say what one of 16 steps does (difference {difference:.0e}); "
    f"after reset_states the second says something else (difference {forgotten:.0e})"
)
