"""A script of 2016: an optimizer of its own, written like those in keras/optimizers.py, trains a small net."""

from __future__ import print_function

import numpy as np

from keras import backend as K
from keras import optimizers
from keras.callbacks import LearningRateScheduler
from keras.constraints import maxnorm
from keras.layers import Activation, Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD, Optimizer
from keras.utils.np_utils import to_categorical

np.random.seed(1337)


class MomentumSGD(Optimizer):
    """SGD with momentum and decay, as it stands in Keras."""

    def __init__(self, lr=0.01, momentum=0., decay=0., **kwargs):
        super(MomentumSGD, self).__init__(**kwargs)
        self.__dict__.update(locals())
        self.iterations = K.variable(0.)
        self.lr = K.variable(lr)
        self.momentum = K.variable(momentum)
        self.decay = K.variable(decay)

    def get_updates(self, params, constraints, loss):
        grads = self.get_gradients(loss, params)
        lr = self.lr * (1. / (1. + self.decay * self.iterations))
        self.updates = [K.update_add(self.iterations, 1)]
        shapes = [K.get_variable_shape(p) for p in params]
        moments = [K.zeros(shape) for shape in shapes]
        self.weights = [self.iterations] + moments
        for p, g, m in zip(params, grads, moments):
            v = self.momentum * m - lr * g
            self.updates.append(K.update(m, v))
            new_p = p + v
            if p in constraints:
                new_p = constraints[p](new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {'lr': float(K.get_value(self.lr)),
                  'momentum': float(K.get_value(self.momentum)),
                  'decay': float(K.get_value(self.decay))}
        base_config = super(MomentumSGD, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class NoisyGradients(SGD):
    """Adds noise to the gradients, which shrinks as training goes on (Neelakantan et al. 2015)."""

    def get_gradients(self, loss, params):
        grads = super(NoisyGradients, self).get_gradients(loss, params)
        std = K.sqrt(0.001 / K.pow(1. + self.iterations, 0.55))
        return [g + std * K.random_normal(K.get_variable_shape(p)) for g, p in zip(grads, params)]


class AveragedSGD(MomentumSGD):
    """Also keeps a running average of the weights."""

    def get_updates(self, params, constraints, loss):
        updates = super(AveragedSGD, self).get_updates(params, constraints, loss)
        new = dict((p, value) for p, value in updates if p in params)
        self.averages = [K.variable(K.get_value(p)) for p in params]
        for p, a in zip(params, self.averages):
            updates.append(K.moving_average_update(a, new[p], 0.9))
        self.weights += self.averages
        return updates


X = np.random.randn(400, 10)
labels = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype('int')
Y = to_categorical(labels, 2)


def make(optimizer):
    np.random.seed(0)
    model = Sequential()
    model.add(Dense(32, input_dim=10, W_constraint=maxnorm(2)))
    model.add(Activation('tanh'))
    model.add(Dropout(0.1, name='drop'))
    model.add(Dense(2, activation='softmax'))
    model.compile(loss='categorical_crossentropy', optimizer=optimizer, metrics=['accuracy'])
    return model


def train(optimizer, **kwargs):
    model = make(optimizer)
    np.random.seed(1)
    history = model.fit(X, Y, nb_epoch=10, batch_size=32, verbose=0, **kwargs)
    return model, history.history['loss']


# The optimizer of the script does what the built-in one does, with clipping as well.
for options in ({}, {'clipnorm': 0.5}, {'clipvalue': 0.01}):
    own = MomentumSGD(lr=0.1, momentum=0.9, decay=1e-3, **options)
    mine, losses = train(own)
    theirs, expected = train(SGD(lr=0.1, momentum=0.9, decay=1e-3, **options))
    for a, b in zip(mine.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert K.get_value(own.iterations) == 130
    assert len(own.get_weights()) == len(theirs.optimizer.get_weights()) == 5
print('own optimizer: loss %.3f -> %.3f' % (losses[0], losses[-1]))

# Settings may change while it trains.
own = MomentumSGD(lr=0.5)
model, _ = train(own, callbacks=[LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1))])
assert abs(K.get_value(own.lr) - 0.05) < 1e-7
K.set_value(own.lr, 0.)
before = model.get_weights()
model.train_on_batch(X[:32], Y[:32])
np.testing.assert_allclose(model.get_weights()[2], before[2])

# It is made again from its config, and takes its weights.
config = own.get_config()
assert set(config) == set(['lr', 'momentum', 'decay'])
again = optimizers.optimizer_from_config({'class_name': 'MomentumSGD', 'config': config},
                                         custom_objects={'MomentumSGD': MomentumSGD})
model = make(again)
again.set_weights(own.get_weights())
assert K.get_value(again.iterations) == K.get_value(own.iterations)

model, losses = train(NoisyGradients(lr=0.1, momentum=0.9, decay=1e-6))
assert losses[-1] < 0.8 * losses[0]
print('with gradient noise: loss %.3f -> %.3f' % (losses[0], losses[-1]))

averaged = AveragedSGD(lr=0.1, momentum=0.9)
model, losses = train(averaged)
last = [K.get_value(p) for p in sorted(model.trainable_weights, key=lambda p: p.name)]
for average, value in zip(averaged.averages, last):
    difference = np.abs(K.get_value(average) - value).max()
    assert 0 < difference < 0.5, difference
for p, average in zip(sorted(model.trainable_weights, key=lambda p: p.name), averaged.averages):
    K.set_value(p, K.get_value(average))
print('averaged weights: accuracy %.2f' % model.evaluate(X, Y, verbose=0)[1])
assert model.evaluate(X, Y, verbose=0)[1] > 0.7
print('ok')
