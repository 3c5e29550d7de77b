"""Custom layers in Keras 1's style, and data, that several test files use."""

import jax
import jax.numpy as jnp
import numpy as np

from jkeras import backend as K
from jkeras.engine.layer import Layer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
KEY = jax.random.key(0)


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


class Linear(Layer):
    """The layer of Keras 1's documentation, "Writing your own Keras layers"."""

    def __init__(self, output_dim, **kwargs):
        self.output_dim = output_dim
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.W = self.add_weight(shape=(input_shape[1], self.output_dim), initializer="uniform", trainable=True)
        super().build(input_shape)

    def call(self, x, mask=None):
        return K.dot(x, self.W)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.output_dim)


class Counter(Layer):
    """Counts its calls while training, and keeps the mean of what it saw."""

    def build(self, input_shape):
        self.count = self.add_weight((), "zero", name="count", trainable=False)
        self.mean = self.add_weight((input_shape[-1],), "zero", name="mean", trainable=False)

    def call(self, x, mask=None):
        if K.learning_phase():
            self.add_update(
                [K.update_add(self.count, 1.0), K.moving_average_update(self.mean, K.mean(x, axis=0), 0.9)], x
            )
        return x - self.mean
