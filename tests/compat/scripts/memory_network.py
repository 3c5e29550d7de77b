"""A memory network for stories of two facts: Merge with dot, Permute, and two encoders of one question."""

from __future__ import print_function

import numpy as np
from keras.layers import LSTM, Activation, Dense, Dropout, Merge, Permute
from keras.layers.embeddings import Embedding
from keras.models import Sequential

np.random.seed(1337)

people, places = ["john", "mary", "sandra"], ["garden", "kitchen", "office", "hallway"]
vocab = sorted(people + places + ["went", "to", "the", "where", "is", ".", "?"])
word_idx = dict((w, i + 1) for i, w in enumerate(vocab))
vocab_size = len(vocab) + 1
story_maxlen, query_maxlen = 12, 4


def story():
    who = [people[i] for i in np.random.permutation(3)[:2]]
    where = [places[np.random.randint(4)] for _ in who]
    facts = " ".join("%s went to the %s ." % pair for pair in zip(who, where)).split()
    asked = np.random.randint(2)
    return facts, ("where is %s ?" % who[asked]).split(), where[asked]


def vectorize(stories):
    X, Xq, Y = [], [], []
    for facts, query, answer in stories:
        X.append([0] * (story_maxlen - len(facts)) + [word_idx[w] for w in facts])
        Xq.append([0] * (query_maxlen - len(query)) + [word_idx[w] for w in query])
        y = np.zeros(vocab_size)
        y[word_idx[answer]] = 1
        Y.append(y)
    return np.array(X), np.array(Xq), np.array(Y)


inputs_train, queries_train, answers_train = vectorize([story() for _ in range(1500)])
inputs_test, queries_test, answers_test = vectorize([story() for _ in range(200)])

# embed the input sequence into a sequence of vectors
input_encoder_m = Sequential()
input_encoder_m.add(Embedding(input_dim=vocab_size, output_dim=24, input_length=story_maxlen))
input_encoder_m.add(Dropout(0.1))
# output: (samples, story_maxlen, embedding_dim)
# embed the question into a sequence of vectors
question_encoder = Sequential()
question_encoder.add(Embedding(input_dim=vocab_size, output_dim=24, input_length=query_maxlen))
question_encoder.add(Dropout(0.1))
# output: (samples, query_maxlen, embedding_dim)
# compute a match between input sequence elements (which are vectors) and the question vector sequence
match = Sequential()
match.add(Merge([input_encoder_m, question_encoder], mode="dot", dot_axes=[2, 2]))
match.add(Activation("softmax"))
# output: (samples, story_maxlen, query_maxlen)
# embed the input into a single vector with size = query_maxlen
input_encoder_c = Sequential()
input_encoder_c.add(Embedding(input_dim=vocab_size, output_dim=query_maxlen, input_length=story_maxlen))
input_encoder_c.add(Dropout(0.1))
# output: (samples, story_maxlen, query_maxlen)
# sum the match vector with the input vector
response = Sequential()
response.add(Merge([match, input_encoder_c], mode="sum"))
# output: (samples, story_maxlen, query_maxlen)
response.add(Permute((2, 1)))  # output: (samples, query_maxlen, story_maxlen)
assert response.output_shape == (None, query_maxlen, story_maxlen)

# concatenate the match vector with the question vector, and do logistic regression on top
answer = Sequential()
answer.add(Merge([response, question_encoder], mode="concat", concat_axis=-1))
answer.add(LSTM(24))
answer.add(Dropout(0.1))
answer.add(Dense(vocab_size))
answer.add(Activation("softmax"))
answer.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
# Note: you could use a Graph model to avoid repeating the input twice
history = answer.fit(
    [inputs_train, queries_train, inputs_train, queries_train]
    if len(answer.inputs) == 4
    else [inputs_train, queries_train, inputs_train],
    answers_train,
    batch_size=32,
    nb_epoch=30,
    verbose=0,
)
X_test = [inputs_test, queries_test, inputs_test][: len(answer.inputs)]
acc = answer.evaluate(X_test, answers_test, verbose=0)[1]
print("inputs: %d, test accuracy: %.3f (chance 0.25)" % (len(answer.inputs), acc))
assert len(answer.inputs) == 3  # the question encoder is one model, used twice
assert acc > 0.4
print("ok")
