"""A variational autoencoder on digits: the loss closes over z_mean and z_log_var."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import objectives
from keras.layers import Dense, Input, Lambda
from keras.models import Model
from sklearn.datasets import load_digits

np.random.seed(1337)

batch_size = 33
original_dim = 64
latent_dim = 2
intermediate_dim = 64
nb_epoch = 60
epsilon_std = 1.0

x = Input(batch_shape=(batch_size, original_dim))
h = Dense(intermediate_dim, activation="relu")(x)
z_mean = Dense(latent_dim)(h)
z_log_var = Dense(latent_dim)(h)


def sampling(args):
    z_mean, z_log_var = args
    epsilon = K.random_normal(shape=(batch_size, latent_dim), mean=0.0, std=epsilon_std)
    return z_mean + K.exp(z_log_var / 2) * epsilon


z = Lambda(sampling, output_shape=(latent_dim,))([z_mean, z_log_var])

# we instantiate these layers separately so as to reuse them later
decoder_h = Dense(intermediate_dim, activation="relu")
decoder_mean = Dense(original_dim, activation="sigmoid")
h_decoded = decoder_h(z)
x_decoded_mean = decoder_mean(h_decoded)


def vae_loss(x, x_decoded_mean):
    xent_loss = original_dim * objectives.binary_crossentropy(x, x_decoded_mean)
    kl_loss = -0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    return xent_loss + kl_loss


vae = Model(x, x_decoded_mean)
vae.compile(optimizer="rmsprop", loss=vae_loss)

digits = load_digits()
data = digits.data.astype("float32") / 16.0
x_train, x_test = data[:1485], data[1485:1782]
y_test = digits.target[1485:1782]

history = vae.fit(
    x_train,
    x_train,
    shuffle=True,
    nb_epoch=nb_epoch,
    verbose=0,
    batch_size=batch_size,
    validation_data=(x_test, x_test),
)

# the encoder and the generator share the trained layers
encoder = Model(x, z_mean)
x_test_encoded = encoder.predict(x_test, batch_size=batch_size)

decoder_input = Input(shape=(latent_dim,))
generator = Model(decoder_input, decoder_mean(decoder_h(decoder_input)))
samples = generator.predict(np.array([[0.0, 0.0], [1.0, -1.0]]))

first, last = history.history["val_loss"][0], history.history["val_loss"][-1]
print("val_loss: %.2f -> %.2f" % (first, last))
assert last < 28.0 < first

# the KL term is in the loss: the codes of the test set stay near a standard normal
print("codes: mean", x_test_encoded.mean(axis=0), "std", x_test_encoded.std(axis=0))
assert np.all(np.abs(x_test_encoded.mean(axis=0)) < 0.7)
assert np.all(x_test_encoded.std(axis=0) < 2.0)

# and the numbers are those of the formulas
kl = K.function([x], [-0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)])
kl_values = np.concatenate([kl([x_test[i : i + batch_size]])[0] for i in range(0, len(x_test), batch_size)])
assert kl_values.shape == (297,) and kl_values.min() > 0
assert 0.5 < kl_values.mean() < 8.0

# digits that differ get codes that differ
centers = np.array([x_test_encoded[y_test == d].mean(axis=0) for d in (0, 1)])
assert np.linalg.norm(centers[0] - centers[1]) > 0.5
assert samples.shape == (2, 64) and samples.min() >= 0 and samples.max() <= 1
print("ok")
