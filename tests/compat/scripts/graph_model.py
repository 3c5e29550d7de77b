# ruff: noqa
# fmt: off
'''Train a two-branch Graph model on random data: one output regresses, the other classifies.

Two views of the same samples go through the same encoder; word indices come in by the side.
'''
from __future__ import absolute_import
from __future__ import print_function
import numpy as np
np.random.seed(1337)  # for reproducibility

from keras.models import Graph, Sequential
from keras.layers import containers
from keras.layers.core import Dense, Dropout, Activation, Flatten
from keras.layers.embeddings import Embedding
from keras.optimizers import RMSprop
from keras.callbacks import EarlyStopping
from keras.utils import np_utils

batch_size = 32
nb_epoch = 30
nb_classes = 3
nb_samples = 600

# the data: the sum of two views decides the class, the words shift the score
view1 = np.random.uniform(-1, 1, (nb_samples, 8))
view2 = np.random.uniform(-1, 1, (nb_samples, 8))
words = np.random.randint(0, 20, (nb_samples, 4))
total = (view1[:, :nb_classes] + view2[:, :nb_classes])
labels = total.argmax(axis=1)
Y_class = np_utils.to_categorical(labels, nb_classes)
Y_score = (view1 + view2).mean(axis=1, keepdims=True) + 0.1 * (words < 10).sum(axis=1, keepdims=True)

graph = Graph()
graph.add_input(name='view1', input_shape=(8,))
graph.add_input(name='view2', input_shape=(8,))
graph.add_input(name='words', input_shape=(4,), dtype='int')
graph.add_shared_node(Dense(16, activation='tanh'), name='encoder', inputs=['view1', 'view2'],
                      merge_mode='sum')
graph.add_node(Embedding(20, 4, input_length=4), name='embedding', input='words')
graph.add_node(Flatten(), name='bag', input='embedding')
graph.add_node(containers.Sequential([Dense(16, activation='relu', input_dim=16), Dropout(0.1)]), name='deep',
               input='encoder')
graph.add_node(Dense(nb_classes), name='logits', inputs=['deep', 'encoder'], merge_mode='concat')
graph.add_node(Activation('softmax'), name='probabilities', input='logits')
graph.add_node(Dense(1), name='score', inputs=['bag', 'deep', 'encoder'], create_output=True)
graph.add_output(name='class', input='probabilities')

graph.compile(optimizer=RMSprop(lr=0.005, rho=0.9, epsilon=1e-6),
              loss={'score': 'mse', 'class': 'categorical_crossentropy'})

train = {'view1': view1[:500], 'view2': view2[:500], 'words': words[:500],
         'score': Y_score[:500], 'class': Y_class[:500]}
test = {'view1': view1[500:], 'view2': view2[500:], 'words': words[500:],
        'score': Y_score[500:], 'class': Y_class[500:]}

before = graph.evaluate(test, batch_size=batch_size)
early = EarlyStopping(monitor='val_loss', patience=10, verbose=0)
history = graph.fit(train, batch_size=batch_size, nb_epoch=nb_epoch, verbose=2, validation_split=0.1,
                    callbacks=[early], class_weight={'class': {0: 1., 1: 1., 2: 1.}},
                    sample_weight={'score': np.ones(500)})
after = graph.evaluate(test, batch_size=batch_size)
print('Test loss before:', before)
print('Test loss after:', after)

predictions = graph.predict({'view1': view1[500:], 'view2': view2[500:], 'words': words[500:]},
                            batch_size=batch_size)
accuracy = np.mean(predictions['class'].argmax(axis=1) == labels[500:])
error = np.mean((predictions['score'] - Y_score[500:]) ** 2)
print('Test accuracy: %.2f, squared error: %.3f' % (accuracy, error))
assert sorted(predictions) == ['class', 'score']
assert accuracy > 0.8
assert error < np.var(Y_score[500:]) / 2

# the same weights in a second graph from its config give the same predictions
twin = Graph.from_config(graph.get_config())
twin.set_weights(graph.get_weights())
np.testing.assert_allclose(twin.predict(test)['class'], predictions['class'], rtol=1e-5, atol=1e-6)

# the accuracy of a Sequential, as it was asked for then
model = Sequential()
model.add(Dense(16, input_dim=16, activation='relu'))
model.add(Dense(nb_classes, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='rmsprop', class_mode='categorical')
X = np.hstack([view1, view2])
model.fit(X[:500], Y_class[:500], batch_size=batch_size, nb_epoch=40, show_accuracy=True, verbose=0,
          validation_data=(X[500:], Y_class[500:]))
score = model.evaluate(X[500:], Y_class[500:], show_accuracy=True, verbose=0)
print('Test score:', score[0])
print('Test accuracy:', score[1])
assert score[1] > 0.8
print('ok')
