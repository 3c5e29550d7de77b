"""A softmax MLP learns the real handwritten digits that scikit-learn ships (8×8 pixels, 1,797 images).

    python examples/digits_mlp.py

The network is the course text's first example (Dense, Activation, Dropout, SGD with momentum, Nesterov and decay),
with less dropout than the text has and more decay: with half of its 64 units dropped and a learning rate that stays at
0.1 it does not settle on these images. After training, the same model is used as a pure function: under jit, grad, and
vmap over an ensemble.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import Activation, Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical


def load(seed: int = 0):
    """Return (train images, train labels), (test images, test labels): pixels in [0, 1], one-hot labels, a fifth held out."""
    digits = load_digits()
    order = np.random.RandomState(seed).permutation(len(digits.data))
    images, labels = digits.data[order] / 16.0, to_categorical(digits.target[order], 10)
    held_out = len(images) // 5
    return (images[held_out:], labels[held_out:]), (images[:held_out], labels[:held_out])


def build() -> Sequential:
    """Return the compiled network: 64 pixels, two hidden layers of 64 units, 10 classes."""
    model = Sequential()
    model.add(Dense(64, input_dim=64, init="uniform"))
    model.add(Activation("tanh"))
    model.add(Dropout(0.1))
    model.add(Dense(64, init="uniform"))
    model.add(Activation("tanh"))
    model.add(Dropout(0.1))
    model.add(Dense(10, init="uniform"))
    model.add(Activation("softmax"))
    sgd = SGD(lr=0.1, decay=1e-3, momentum=0.9, nesterov=True)
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


def functional_face(model: Sequential, x: np.ndarray, y: np.ndarray) -> None:
    """Use the trained model as a pure function of its parameters, and say what came out."""
    params = model.params

    difference = np.abs(jax.jit(model.apply)(params, x) - model.predict(x)).max()
    print(f"jit(model.apply)(model.params, x) differs from model.predict(x) by at most {difference:.1e}")

    def loss(params):
        return -jnp.mean(jnp.sum(y * jnp.log(model.apply(params, x) + 1e-7), axis=-1))

    value, grads = jax.value_and_grad(loss)(params)
    norm = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(grads)))
    print(f"grad through it: loss {value:.4f}, gradient norm {norm:.4f}")

    keys = jax.random.split(jax.random.key(0), 8)
    ensemble = jax.vmap(lambda key: model.init(key)[0])(keys)
    predictions = jax.vmap(model.apply, in_axes=(0, None))(ensemble, x)
    print(f"vmap over 8 fresh networks: predictions of shape {predictions.shape}")


def main() -> float:
    """Train, report the accuracy on the held-out fifth, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    epochs = parser.parse_args().epochs

    np.random.seed(1337)
    (x_train, y_train), (x_test, y_test) = load()
    model = build()
    model.summary()
    model.fit(x_train, y_train, nb_epoch=epochs, batch_size=16, validation_data=(x_test, y_test))
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=16, verbose=0)
    print(f"\nheld-out fifth: loss {loss:.4f}, accuracy {accuracy:.2%}")
    functional_face(model, x_test, y_test)
    return accuracy


if __name__ == "__main__":
    main()
