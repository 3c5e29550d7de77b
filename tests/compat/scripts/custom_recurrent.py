"""A recurrent layer of one's own: a minimal gated unit through Recurrent.step."""

from __future__ import print_function

import numpy as np
from keras import activations, initializations
from keras import backend as K
from keras.layers import Dense, Masking
from keras.layers.recurrent import Recurrent
from keras.models import Sequential

np.random.seed(1337)


class MGU(Recurrent):
    """Minimal gated unit: one gate both forgets and resets."""

    def __init__(
        self,
        output_dim,
        init="glorot_uniform",
        inner_init="orthogonal",
        activation="tanh",
        inner_activation="hard_sigmoid",
        **kwargs,
    ):
        self.output_dim = output_dim
        self.init = initializations.get(init)
        self.inner_init = initializations.get(inner_init)
        self.activation = activations.get(activation)
        self.inner_activation = activations.get(inner_activation)
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.input_spec[0].shape = input_shape
        input_dim = input_shape[2]
        self.input_dim = input_dim

        self.W_f = self.init((input_dim, self.output_dim), name=f"{self.name}_W_f")
        self.U_f = self.inner_init((self.output_dim, self.output_dim), name=f"{self.name}_U_f")
        self.b_f = K.ones((self.output_dim,), name=f"{self.name}_b_f")
        self.W_h = self.init((input_dim, self.output_dim), name=f"{self.name}_W_h")
        self.U_h = self.inner_init((self.output_dim, self.output_dim), name=f"{self.name}_U_h")
        self.b_h = K.zeros((self.output_dim,), name=f"{self.name}_b_h")

        self.trainable_weights = [self.W_f, self.U_f, self.b_f, self.W_h, self.U_h, self.b_h]

        if self.stateful:
            self.reset_states()
        else:
            self.states = [None]  # initial states: all-zero tensor of shape (output_dim)

        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            del self.initial_weights

    def reset_states(self):
        assert self.stateful, "Layer must be stateful."
        input_shape = self.input_spec[0].shape
        if not input_shape[0]:
            raise Exception("If a RNN is stateful, a complete input_shape must be provided.")
        if hasattr(self, "states"):
            K.set_value(self.states[0], np.zeros((input_shape[0], self.output_dim)))
        else:
            self.states = [K.zeros((input_shape[0], self.output_dim))]

    def preprocess_input(self, x):
        return x

    def get_constants(self, x):
        return []

    def step(self, x, states):
        h_tm1 = states[0]
        f = self.inner_activation(K.dot(x, self.W_f) + K.dot(h_tm1, self.U_f) + self.b_f)
        hh = self.activation(K.dot(x, self.W_h) + K.dot(f * h_tm1, self.U_h) + self.b_h)
        h = (1.0 - f) * h_tm1 + f * hh
        return h, [h]

    def get_config(self):
        config = {
            "output_dim": self.output_dim,
            "init": self.init.__name__,
            "inner_init": self.inner_init.__name__,
            "activation": self.activation.__name__,
            "inner_activation": self.inner_activation.__name__,
        }
        base_config = super().get_config()
        return dict(list(base_config.items()) + list(config.items()))


def reference(x, weights, h, mask=None):
    W_f, U_f, b_f, W_h, U_h, b_h = weights
    outputs = []
    for t in range(x.shape[1]):
        f = np.clip(0.2 * (x[:, t].dot(W_f) + h.dot(U_f) + b_f) + 0.5, 0, 1)
        hh = np.tanh(x[:, t].dot(W_h) + (f * h).dot(U_h) + b_h)
        new = (1 - f) * h + f * hh
        h = new if mask is None else np.where(mask[:, t, None], new, h)
        outputs.append(h)
    return np.stack(outputs, axis=1)


# remember the sign of the first step through eight steps of noise
X = np.random.normal(size=(600, 8, 4))
y = (X[:, 0, 0] > 0).astype("float32")
model = Sequential()
model.add(MGU(12, input_shape=(8, 4)))
model.add(Dense(1, activation="sigmoid"))
model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
model.fit(X[:500], y[:500], batch_size=20, nb_epoch=40, verbose=0)
acc = model.evaluate(X[500:], y[500:], verbose=0)[1]
print("test accuracy: %.3f" % acc)
assert acc > 0.7  # chance 0.5
assert len(model.layers[0].trainable_weights) == 6

# sequences and masks against numpy
masked = Sequential()
masked.add(Masking(0.0, input_shape=(8, 4)))
masked.add(MGU(5, return_sequences=True))
masked.compile("sgd", "mse")
x = np.random.normal(size=(3, 8, 4)).astype("float32")
x[0, :3] = 0
x[1, 5:] = 0
expected = reference(x, masked.layers[1].get_weights(), np.zeros((3, 5)), (x != 0).any(axis=-1))
assert np.allclose(masked.predict(x), expected, atol=1e-5)

# stateful: two halves one after the other are the whole
stateful = Sequential()
stateful.add(MGU(5, batch_input_shape=(3, 4, 4), stateful=True))
stateful.compile("sgd", "mse")
x = np.random.normal(size=(3, 8, 4)).astype("float32")
whole = reference(x, stateful.layers[0].get_weights(), np.zeros((3, 5)))
assert np.allclose(stateful.predict(x[:, :4], batch_size=3), whole[:, 3], atol=1e-5)
assert np.allclose(stateful.predict(x[:, 4:], batch_size=3), whole[:, 7], atol=1e-5)
stateful.reset_states()
assert np.allclose(stateful.predict(x[:, :4], batch_size=3), whole[:, 3], atol=1e-5)
print("ok")
