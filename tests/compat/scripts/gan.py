"""A GAN on a ring of points: the discriminator trains by itself, and is frozen in the stacked model."""

from __future__ import print_function

import numpy as np
from keras.layers import Dense, Dropout, Input, LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import Adam

np.random.seed(1337)


def make_trainable(net, val):
    net.trainable = val
    for l in net.layers:
        l.trainable = val


def real_points(n):
    angles = np.random.uniform(0, 2 * np.pi, n)
    return np.stack([2 * np.cos(angles), 2 * np.sin(angles)], axis=1) + 0.05 * np.random.normal(size=(n, 2))


g_input = Input(shape=[4])
H = Dense(32, activation="relu")(g_input)
H = Dense(32, activation="relu")(H)
g_V = Dense(2)(H)
generator = Model(g_input, g_V)
generator.compile(loss="binary_crossentropy", optimizer=Adam(lr=1e-3))

discriminator = Sequential()
discriminator.add(Dense(32, input_dim=2))
discriminator.add(LeakyReLU(0.2))
discriminator.add(Dropout(0.1))
discriminator.add(Dense(32))
discriminator.add(LeakyReLU(0.2))
discriminator.add(Dense(1, activation="sigmoid"))
discriminator.compile(loss="binary_crossentropy", optimizer=Adam(lr=2e-3), metrics=["accuracy"])

# freeze the discriminator in the stacked model only: what trains was fixed when it was compiled
make_trainable(discriminator, False)
gan_input = Input(shape=[4])
GAN = Model(gan_input, discriminator(generator(gan_input)))
GAN.compile(loss="binary_crossentropy", optimizer=Adam(lr=1e-3))
assert len(GAN.trainable_weights) == 6


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b))


n = 64
d_losses = []
for step in range(600):
    # train the discriminator on real and generated points
    noise = np.random.uniform(-1, 1, size=(n, 4))
    X = np.concatenate([real_points(n), generator.predict(noise)])
    y = np.concatenate([np.ones(n), np.zeros(n)])
    make_trainable(discriminator, step % 2 == 0)  # flips do nothing without a compile
    d_before, g_before = discriminator.get_weights(), generator.get_weights()
    d_loss, d_acc = discriminator.train_on_batch(X, y)
    d_losses.append(d_loss)
    if step < 3:
        assert not same(d_before, discriminator.get_weights()), "the discriminator did not train"
        assert same(g_before, generator.get_weights())
    # train the generator to be taken for real
    make_trainable(discriminator, False)
    d_before, g_before = discriminator.get_weights(), generator.get_weights()
    GAN.train_on_batch(np.random.uniform(-1, 1, size=(n, 4)), np.ones(n))
    if step < 3:
        assert same(d_before, discriminator.get_weights()), "the frozen discriminator changed"
        assert not same(g_before, generator.get_weights())

points = generator.predict(np.random.uniform(-1, 1, size=(500, 4)))
radius = np.sqrt((points**2).sum(axis=1))
print("radius: mean %.2f, d_loss at the end %.2f" % (radius.mean(), np.mean(d_losses[-50:])))
assert 1.3 < radius.mean() < 2.7
assert np.allclose(GAN.predict(np.zeros((2, 4))), discriminator.predict(generator.predict(np.zeros((2, 4)))), atol=1e-6)
print("ok")
