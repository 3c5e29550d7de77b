"""Layer normalisation with plain variables in a list, and a subclass of Dense that uses it."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.engine import Layer
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import SGD

np.random.seed(1337)


class LayerNormalization(Layer):
    def __init__(self, epsilon=1e-5, **kwargs):
        self.epsilon = epsilon
        super().__init__(**kwargs)

    def build(self, input_shape):
        shape = input_shape[1:]
        self.gamma = K.variable(np.ones(shape), name=f"{self.name}_gamma")
        self.beta = K.zeros(shape, name=f"{self.name}_beta")
        self.trainable_weights = [self.gamma, self.beta]
        self.built = True

    def call(self, x, mask=None):
        mean = K.mean(x, axis=-1, keepdims=True)
        std = K.std(x, axis=-1, keepdims=True)
        return self.gamma * (x - mean) / (std + self.epsilon) + self.beta

    def get_config(self):
        config = {"epsilon": self.epsilon}
        base_config = super().get_config()
        return dict(list(base_config.items()) + list(config.items()))


class NormalizedDense(Dense):
    """A Dense whose weights have columns of length g."""

    def build(self, input_shape):
        super().build(input_shape)
        self.g = K.ones((self.output_dim,), name=f"{self.name}_g")
        self.trainable_weights += [self.g]

    def call(self, x, mask=None):
        V = self.g * self.W / K.sqrt(K.sum(K.square(self.W), axis=0, keepdims=True))
        return self.activation(K.dot(x, V) + self.b)


model = Sequential()
model.add(NormalizedDense(16, input_dim=8, activation="tanh"))
model.add(LayerNormalization())
model.add(Dense(1))
model.compile(SGD(lr=0.05, momentum=0.9), "mse")

names = [w.name for w in model.trainable_weights]
print(names)
assert len(names) == 7
assert len(model.layers[0].get_weights()) == 3

X = np.random.normal(size=(500, 8))
y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2]
before = [w.copy() for w in model.get_weights()]
history = model.fit(X, y, nb_epoch=30, verbose=0).history["loss"]
print("loss: %.4f -> %.4f" % (history[0], history[-1]))
assert history[-1] < 0.2 * history[0]
for name, old, new in zip(names, before, model.get_weights()):
    assert not np.allclose(old, new), name + " did not train"

# the variables of the script are the weights of the model
norm = model.layers[1]
assert np.allclose(K.get_value(norm.gamma), norm.get_weights()[0])
K.set_value(norm.gamma, np.zeros(16))
assert np.allclose(K.eval(norm.gamma), 0)
out = K.function([model.input], [norm.output])([X])[0]
assert np.allclose(out, norm.get_weights()[1], atol=1e-6)

W, b, g = model.layers[0].get_weights()
expected = np.tanh(X.dot(g * W / np.sqrt((W**2).sum(axis=0))) + b)
assert np.allclose(K.function([model.input], [model.layers[0].output])([X])[0], expected, atol=1e-5)
print("ok")
