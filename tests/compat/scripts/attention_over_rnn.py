"""Attention over the steps of an RNN, as a custom layer that takes and ends the mask."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import constraints, initializations, regularizers
from keras.engine.topology import Layer
from keras.layers import GRU, Dense, Embedding, Input
from keras.models import Model, model_from_json

np.random.seed(1337)


class AttentionWithContext(Layer):
    """Weights each step by how well it agrees with a context vector, and sums.

    Input: 3D tensor (samples, steps, features), with a mask; output: 2D tensor (samples, features).
    """

    def __init__(
        self,
        init="glorot_uniform",
        W_regularizer=None,
        u_regularizer=None,
        b_regularizer=None,
        W_constraint=None,
        u_constraint=None,
        b_constraint=None,
        bias=True,
        **kwargs,
    ):
        self.supports_masking = True
        self.init = initializations.get(init)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.u_regularizer = regularizers.get(u_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.u_constraint = constraints.get(u_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        super().__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3
        self.W = self.add_weight(
            (
                input_shape[-1],
                input_shape[-1],
            ),
            initializer=self.init,
            name=f"{self.name}_W",
            regularizer=self.W_regularizer,
            constraint=self.W_constraint,
        )
        if self.bias:
            self.b = self.add_weight(
                (input_shape[-1],),
                initializer="zero",
                name=f"{self.name}_b",
                regularizer=self.b_regularizer,
                constraint=self.b_constraint,
            )
        self.u = self.add_weight(
            (input_shape[-1],),
            initializer=self.init_vector,
            name=f"{self.name}_u",
            regularizer=self.u_regularizer,
            constraint=self.u_constraint,
        )
        super().build(input_shape)

    def init_vector(self, shape, name=None):
        return K.variable(np.random.uniform(-0.3, 0.3, shape), name=name)

    def compute_mask(self, input, input_mask=None):
        return None  # do not pass the mask to the next layers

    def call(self, x, mask=None):
        uit = K.dot(x, self.W)
        if self.bias:
            uit += self.b
        uit = K.tanh(uit)
        ait = K.sum(uit * self.u, axis=-1)
        a = K.exp(ait)
        # apply the mask after the exp, it is renormalised next
        if mask is not None:
            a *= K.cast(mask, K.floatx())
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        a = K.expand_dims(a)
        weighted_input = x * a
        return K.sum(weighted_input, axis=1)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], input_shape[-1])


# sequences of 4 to 12 words, padded with 0 in front; the class says whether word 7 occurs
maxlen, nb_words = 12, 20
X = np.zeros((1200, maxlen), dtype="int32")
y = np.zeros((1200,))
for i in range(len(X)):
    length = np.random.randint(4, maxlen + 1)
    words = np.random.choice([w for w in range(1, nb_words) if w != 7], length)
    if i % 2:
        words[np.random.randint(length)] = 7
        y[i] = 1
    X[i, -length:] = words

words = Input(shape=(maxlen,), dtype="int32")
embedded = Embedding(nb_words, 16, mask_zero=True)(words)
states = GRU(16, return_sequences=True)(embedded)
attended = AttentionWithContext(W_regularizer="l2")(states)
model = Model(input=words, output=Dense(1, activation="sigmoid")(attended))
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(X[:1000], y[:1000], batch_size=32, nb_epoch=25, verbose=0)
loss, acc = model.evaluate(X[1000:], y[1000:], verbose=0)
print("test accuracy: %.3f" % acc)
assert acc > 0.9

# padding plays no part: two more zeros in front change nothing
attention = model.layers[3]
assert attention.name.startswith("attentionwithcontext")
W, b, u = attention.get_weights()
h = K.function([words], [states])([X[1000:]])[0]
mask = (X[1000:] != 0).astype("float32")
a = np.exp(np.tanh(h.dot(W) + b).dot(u)) * mask
a /= a.sum(axis=1, keepdims=True) + 1e-7
expected = (h * a[:, :, None]).sum(axis=1)
found = K.function([words], [attended])([X[1000:]])[0]
assert np.allclose(found, expected, atol=1e-5)

# it goes on to layers that take no mask, and through JSON
assert attention.output_mask is None
copy = model_from_json(model.to_json(), custom_objects={"AttentionWithContext": AttentionWithContext})
copy.set_weights(model.get_weights())
assert np.allclose(copy.predict(X[1000:]), model.predict(X[1000:]), atol=1e-6)
print("ok")
