"""A custom layer without weights: both signs of the centered, normalised input."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import Activation, Dense, Dropout, Layer
from keras.models import Sequential, model_from_json
from keras.utils import np_utils
from sklearn.datasets import load_digits

np.random.seed(1337)


class Antirectifier(Layer):
    """Concatenates the positive part of the input with the positive part of its opposite.

    Input: 2D tensor (samples, n); output: 2D tensor (samples, 2*n).
    """

    def get_output_shape_for(self, input_shape):
        shape = list(input_shape)
        assert len(shape) == 2  # only valid for 2D tensors
        shape[-1] *= 2
        return tuple(shape)

    def call(self, x, mask=None):
        x -= K.mean(x, axis=1, keepdims=True)
        x = K.l2_normalize(x, axis=1)
        pos = K.relu(x)
        neg = K.relu(-x)
        return K.concatenate([pos, neg], axis=1)


digits = load_digits()
X = digits.data.astype("float32") / 16
Y = np_utils.to_categorical(digits.target, 10)
X_train, Y_train, X_test, Y_test = X[:1440], Y[:1440], X[1440:], Y[1440:]

model = Sequential()
model.add(Dense(64, input_shape=(64,)))
model.add(Antirectifier())
model.add(Dropout(0.1))
model.add(Dense(64))
model.add(Antirectifier())
model.add(Dropout(0.1))
model.add(Dense(10))
model.add(Activation("softmax"))
assert model.layers[1].output_shape == (None, 128)

model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
model.fit(X_train, Y_train, batch_size=128, nb_epoch=20, verbose=0, validation_data=(X_test, Y_test))
loss, acc = model.evaluate(X_test, Y_test, verbose=0)
print("test accuracy: %.3f" % acc)
assert acc > 0.8

# what the layer computes, against numpy
hidden = K.function([model.layers[0].input, K.learning_phase()], [model.layers[0].output, model.layers[1].output])
before, after = hidden([X_test, 0])
centered = before - before.mean(axis=1, keepdims=True)
centered /= np.linalg.norm(centered, axis=1, keepdims=True)
expected = np.concatenate([np.maximum(centered, 0), np.maximum(-centered, 0)], axis=1)
assert np.allclose(after, expected, atol=1e-5)

# the architecture comes back from JSON, with the custom class
copy = model_from_json(model.to_json(), custom_objects={"Antirectifier": Antirectifier})
copy.set_weights(model.get_weights())
assert np.allclose(copy.predict(X_test), model.predict(X_test))
print("ok")
