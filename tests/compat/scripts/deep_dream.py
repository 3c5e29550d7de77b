"""Deep dream on a small net: gradient ascent on the image, by K.gradients of an inner activation."""

from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import Convolution2D, Dense, Flatten, Input, MaxPooling2D
from keras.models import Model
from keras.utils.np_utils import to_categorical
from scipy.optimize import fmin_l_bfgs_b
from sklearn.datasets import load_digits

np.random.seed(1337)

digits = load_digits()
X = (digits.images / 16.0).astype("float32")[:, None, :, :]  # (samples, 1, rows, cols)
Y = to_categorical(digits.target, 10)

img = Input(shape=(1, 8, 8))
x = Convolution2D(8, 3, 3, activation="relu", border_mode="same", name="conv1")(img)
x = MaxPooling2D((2, 2))(x)
x = Convolution2D(16, 3, 3, activation="relu", border_mode="same", name="conv2")(x)
x = Flatten()(x)
model = Model(img, Dense(10, activation="softmax", name="predictions")(x))
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
model.fit(X, Y, nb_epoch=8, verbose=0)

# get the symbolic outputs of each "key" layer (we gave them unique names)
layer_dict = dict([(layer.name, layer) for layer in model.layers])
dream = model.input
img_size = (1, 1, 8, 8)


def continuity_loss(x):
    # continuity loss util function
    assert K.ndim(x) == 4
    a = K.square(x[:, :, :7, :7] - x[:, :, 1:, :7])
    b = K.square(x[:, :, :7, :7] - x[:, :, :7, 1:])
    return K.sum(K.pow(a + b, 1.25))


# define the loss
loss = K.variable(0.0)
for layer_name, coeff in {"conv1": 0.5, "conv2": 0.2}.items():
    # add the L2 norm of the features of a layer to the loss
    x = layer_dict[layer_name].output
    shape = layer_dict[layer_name].output_shape
    # we avoid border artifacts by only involving non-border pixels in the loss
    loss = loss - coeff * K.sum(K.square(x[:, :, 1 : shape[2] - 1, 1 : shape[3] - 1])) / np.prod(shape[1:])
loss = loss + 0.02 * continuity_loss(dream) / np.prod(img_size[1:])
# add image L2 norm to loss, making the image less intense
loss = loss + 0.02 * K.sum(K.square(dream)) / np.prod(img_size[1:])

# compute the gradients of the dream wrt the loss
grads = K.gradients(loss, dream)
outputs = [loss]
if isinstance(grads, (list, tuple)):
    outputs += grads
else:
    outputs.append(grads)
f_outputs = K.function([dream], outputs)


def eval_loss_and_grads(x):
    x = x.reshape(img_size)
    outs = f_outputs([x])
    loss_value = float(outs[0])
    if len(outs[1:]) == 1:
        grad_values = outs[1].flatten().astype("float64")
    else:
        grad_values = np.array(outs[1:]).flatten().astype("float64")
    return loss_value, grad_values


class Evaluator:
    """Computes loss and gradients in one pass, and hands them to scipy in two."""

    def __init__(self):
        self.loss_value = None
        self.grad_values = None

    def loss(self, x):
        assert self.loss_value is None
        self.loss_value, self.grad_values = eval_loss_and_grads(x)
        return self.loss_value

    def grads(self, x):
        assert self.loss_value is not None
        grad_values = np.copy(self.grad_values)
        self.loss_value = None
        self.grad_values = None
        return grad_values


# the gradient is right: against differences
start = np.random.uniform(0.2, 0.8, img_size)
value, gradient = eval_loss_and_grads(start)
direction = np.random.normal(size=img_size)
direction /= np.linalg.norm(direction)
plus, minus = eval_loss_and_grads(start + 1e-2 * direction)[0], eval_loss_and_grads(start - 1e-2 * direction)[0]
print("slope %.4f, by differences %.4f" % ((gradient * direction.flatten()).sum(), (plus - minus) / 2e-2))
assert abs((gradient * direction.flatten()).sum() - (plus - minus) / 2e-2) < 0.02 * np.abs(gradient).max() + 1e-3

evaluator = Evaluator()
x = start
for i in range(3):
    x, min_val, info = fmin_l_bfgs_b(evaluator.loss, x.flatten(), fprime=evaluator.grads, maxfun=7)
    print("Current loss value:", min_val)
    evaluator = Evaluator()
assert min_val < value - 0.1

# filter visualisation: the image that a filter likes, by plain ascent with normalised gradients
layer_output = layer_dict["conv2"].output
filter_loss = K.mean(layer_output[:, 3, :, :])
grads = K.gradients(filter_loss, img)[0]
grads /= K.sqrt(K.mean(K.square(grads))) + 1e-5
iterate = K.function([img, K.learning_phase()], [filter_loss, grads])
picture = np.random.random((1, 1, 8, 8)) * 0.2 + 0.4
values = []
for i in range(20):
    loss_value, grads_value = iterate([picture, 0])
    picture += grads_value * 0.1
    values.append(float(loss_value))
print("filter activation: %.3f -> %.3f" % (values[0], values[-1]))
assert values[-1] > values[0]
print("ok")
