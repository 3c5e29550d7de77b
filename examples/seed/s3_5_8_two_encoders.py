"""Chapter 3.5.8: two LSTMs encode two sequences, Merge joins their codes, and Dense layers classify the pair.

    python examples/seed/s3_5_8_two_encoders.py

The data are the text's random numbers, so there is nothing to find out about new pairs; that the training loss falls is
what can be seen. On real data: examples/two_encoders.py.
"""

import numpy as np

from jkeras.layers import LSTM, Dense, Merge
from jkeras.models import Sequential

np.random.seed(1337)
data_dim = 16
timesteps = 8
nb_classes = 10

encoder_a = Sequential()
encoder_a.add(LSTM(32, input_shape=(timesteps, data_dim)))

encoder_b = Sequential()
encoder_b.add(LSTM(32, input_shape=(timesteps, data_dim)))

decoder = Sequential()
decoder.add(Merge([encoder_a, encoder_b], mode="concat"))
decoder.add(Dense(32, activation="relu"))
decoder.add(Dense(nb_classes, activation="softmax"))

decoder.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])

# generate dummy training data
x_train_a = np.random.random((1000, timesteps, data_dim))
x_train_b = np.random.random((1000, timesteps, data_dim))
y_train = np.random.random((1000, nb_classes))

# generate dummy validation data
x_val_a = np.random.random((100, timesteps, data_dim))
x_val_b = np.random.random((100, timesteps, data_dim))
y_val = np.random.random((100, nb_classes))

log = decoder.fit(
    [x_train_a, x_train_b],
    y_train,
    batch_size=64,
    nb_epoch=5,
    validation_data=([x_val_a, x_val_b], y_val),
    verbose=2,
)

encoders = 2 * 4 * (data_dim + 32 + 1) * 32  # two sets of weights: the encoders share nothing
assert decoder.count_params() == encoders + 64 * 32 + 32 + 32 * 10 + 10
assert decoder.layers[0].output_shape == (None, 64)
first, last = log.history["loss"][0], log.history["loss"][-1]
assert last < first
print(f"training loss on random targets: {first:.4f} in the first epoch, {last:.4f} in the last; output (None, 10)")
