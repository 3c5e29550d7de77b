"""Chapter 6.4.1: train_lstm, a function with the text's arguments, trains an LSTM and keeps its best weights.

    python examples/seed/s6_4_1_train_lstm.py

A step of a sequence comes from a modal, a source that has a price. Here the two halves of a digit are two modals; what
an instance cannot pay is not read. examples/train_lstm.py is the same at length, for sequences of words too.
"""

import os
import tempfile
from functools import partial

import numpy as np
from sklearn.datasets import load_digits

from jkeras.layers import LSTM, Dense, Dropout, GaussianNoise, Masking, TimeDistributed
from jkeras.models import Sequential
from jkeras.optimizers import SGD, Adadelta, RMSprop
from jkeras.regularizers import l2


def halves():
    """Return digits as sequences of two steps, the upper half and the lower half, and what they show."""
    digits = load_digits()
    return digits.data.reshape(-1, 2, 32) / 16, digits.target[:, None]


def train_lstm(
    dim_proj=72,  # word embedding dimension and LSTM number of hidden units
    patience=15,  # number of epochs to wait before early stop if no progress
    max_epochs=5000,  # the maximum number of epochs to run
    dispFreq=10,  # display to stdout the training progress every N updates
    decay_c=0.0,  # weight decay for the classifier applied to the U weights
    lrate=0.01,  # learning rate for sgd (not used for adadelta and rmsprop)
    optimizer="adadelta",  # sgd, adadelta and rmsprop available, sgd very hard to use, not recommended
    encoder="lstm",  # must be lstm
    saveto="lstm_model_best.npz",  # the best model will be saved there
    validFreq=10,  # compute the validation error after this number of updates
    saveFreq=10,  # save the parameters after every saveFreq updates
    maxlen=2,  # sequences longer than this get ignored
    batch_size=64,  # the batch size during training
    valid_batch_size=50,  # the batch size used for validation and test set
    dataset=halves,
    modal_costs=(0.1, 0.1),  # the cost for each modal
    noise_std=0.0,
    use_dropout=True,  # if False slightly faster, but worse test error
    reload_model=None,  # path to a saved model we want to start from
    test_size=-1,  # if > 0, we keep only this number of test examples
    max_costs: float = 50,  # max cost for each instance to use
):
    """Train; return the errors of the best weights on the data to train, to validate and to test on."""
    assert encoder == "lstm"
    x, y = dataset()
    assert x.shape[1] <= maxlen and x.shape[1] == len(modal_costs)  # all sequences are equally long here
    x = x * (np.cumsum(modal_costs) <= max_costs)[:, None]  # steps of zeros are masked
    end = None if test_size <= 0 else 1500 + test_size
    train, valid, test = (x[:1200], y[:1200]), (x[1200:1500], y[1200:1500]), (x[1500:end], y[1500:end])

    model = Sequential()
    model.add(Masking(0.0, input_shape=x.shape[1:]))
    model.add(TimeDistributed(Dense(dim_proj)))
    model.add(GaussianNoise(noise_std))
    model.add(LSTM(dim_proj))
    model.add(Dropout(0.5 if use_dropout else 0.0))
    model.add(Dense(10, activation="softmax", W_regularizer=l2(decay_c)))
    how = {"sgd": SGD(lr=lrate), "adadelta": Adadelta(), "rmsprop": RMSprop()}[optimizer]
    model.compile(optimizer=how, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    if reload_model is not None:
        with np.load(reload_model) as file:
            model.set_weights([file[f"arr_{i}"] for i in range(len(file.files))])

    def error(part):
        return 1 - model.evaluate(*part, batch_size=valid_batch_size, verbose=0)[1]

    best, best_error, best_epoch, updates = model.get_weights(), error(valid), 0, 0
    for epoch in range(1, max_epochs + 1):
        for rows in np.array_split(np.random.permutation(1200), range(batch_size, 1200, batch_size)):
            cost = model.train_on_batch(train[0][rows], train[1][rows])[0]
            updates += 1
            if updates % dispFreq == 0:
                print(f"epoch {epoch}, update {updates}, cost {cost:.4f}")
            if updates % validFreq == 0 and (now := error(valid)) < best_error:
                best, best_error, best_epoch = model.get_weights(), now, epoch
            if updates % saveFreq == 0:
                np.savez(saveto, *best)
        if epoch - best_epoch >= patience:
            break
    np.savez(saveto, *best)
    model.set_weights(best)
    return error(train), best_error, error(test)


np.random.seed(1337)
quick = partial(train_lstm, max_epochs=8, dispFreq=50, optimizer="rmsprop", validFreq=20, batch_size=60, test_size=250)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "lstm_model_best.npz")
    errors = quick(saveto=path)
    # goes on from the best weights, with money for the upper half only
    upper = quick(saveto=path, reload_model=path, max_costs=0.1)
assert errors[2] < 0.2 and upper[2] > errors[2]
print(f"digits as two halves: test error {errors[2]:.2%} with both, {upper[2]:.2%} with the one that 0.1 pays for")
