"""A script of 2016: policy gradients with K.function and an optimizer's get_updates, and running averages as updates."""

from __future__ import print_function

import numpy as np

from keras import backend as K
from keras.layers import Dense, Input
from keras.models import Model, Sequential
from keras.optimizers import Adam, RMSprop

np.random.seed(1337)

# ---- policy gradient on a contextual bandit: the right action is the greatest of the first three observations

n_actions, n_observations = 3, 5
state = Input(shape=(n_observations,))
hidden = Dense(32, activation='tanh')(state)
policy = Model(input=state, output=Dense(n_actions, activation='softmax')(hidden))

action_onehot = K.placeholder(shape=(None, n_actions), name='action_onehot')
advantage = K.placeholder(shape=(None,), name='advantage')
action_prob = K.sum(policy.output * action_onehot, axis=1)
entropy = -K.mean(K.sum(policy.output * K.log(policy.output + 1e-8), axis=1))
loss = -K.mean(K.log(action_prob + 1e-8) * advantage) - 0.01 * entropy

optimizer = Adam(lr=0.02)
updates = optimizer.get_updates(params=policy.trainable_weights, constraints={}, loss=loss)
train = K.function([policy.input, action_onehot, advantage], [loss, entropy], updates=updates)

baseline = K.variable(0.)
reward_input = K.placeholder(shape=(None,))
track = K.function([reward_input], [baseline], updates=[(baseline, 0.9 * baseline + 0.1 * K.mean(reward_input))])

returns = []
for episode in range(120):
    observations = np.random.rand(64, n_observations)
    probabilities = policy.predict(observations)
    actions = np.array([np.random.choice(n_actions, p=p / p.sum()) for p in probabilities])
    rewards = (actions == observations[:, :n_actions].argmax(axis=1)).astype('float32')
    track([rewards])
    train([observations, np.eye(n_actions)[actions], rewards - K.get_value(baseline)])
    returns.append(rewards.mean())
print('mean reward: %.2f at first, %.2f at last' % (np.mean(returns[:10]), np.mean(returns[-10:])))
assert np.mean(returns[:10]) < 0.55 and np.mean(returns[-10:]) > 0.75
assert K.get_value(optimizer.iterations) == 120
assert len(optimizer.get_weights()) == 1 + 2 * len(policy.trainable_weights)

# ---- the same step as train_on_batch

x, t = np.random.randn(40, 4), np.random.randn(40, 2)


def net():
    np.random.seed(0)
    return Sequential([Dense(8, input_dim=4, activation='relu'), Dense(2)])


by_function, by_compile = net(), net()
target = K.placeholder(shape=(None, 2))
mse = K.mean(K.square(by_function.output - target), axis=-1)
step = K.function([by_function.input, target, K.learning_phase()], [K.mean(mse)],
                  updates=RMSprop(lr=0.01).get_updates(by_function.trainable_weights, {}, K.mean(mse)))
by_compile.compile(loss='mse', optimizer=RMSprop(lr=0.01))
for _ in range(5):
    np.testing.assert_allclose(step([x, t, 1])[0], by_compile.train_on_batch(x, t), rtol=1e-5)
for a, b in zip(by_function.get_weights(), by_compile.get_weights()):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
print('K.function and train_on_batch agree')

# ---- a target network that follows slowly, and running statistics

online, slow = net(), net()
online.set_weights([w + 1. for w in online.get_weights()])
tau = K.variable(0.5)
follow = K.function([], [], updates=[(s, tau * w + (1. - tau) * s) for s, w in
                                     zip(slow.trainable_weights, online.trainable_weights)])
gap = [np.abs(a - b).max() for a, b in zip(online.get_weights(), slow.get_weights())]
follow([])
follow([])
K.set_value(tau, 1.)
closer = [np.abs(a - b).max() for a, b in zip(online.get_weights(), slow.get_weights())]
np.testing.assert_allclose(closer, np.array(gap) / 4, rtol=1e-4)
follow([])
for a, b in zip(online.get_weights(), slow.get_weights()):
    np.testing.assert_allclose(a, b, rtol=1e-5)

batch = K.placeholder(shape=(None, 4))
mean, count = K.zeros((4,)), K.variable(0.)
total = count + K.cast(K.shape(batch)[0], 'float32')
observe = K.function([batch], [mean], updates=[
    (mean, mean + K.sum(batch - mean, axis=0) / total),
    K.update(count, total),
])
for start in range(0, 40, 8):
    observe([x[start:start + 8]])
np.testing.assert_allclose(K.get_value(mean), x.mean(axis=0), rtol=1e-4, atol=1e-5)
assert K.get_value(count) == 40
print('running mean %s' % np.round(K.get_value(mean), 3))
print('ok')
