"""A script that several processes run together: ``jkeras run --hosts …``; test_several_hosts.py runs it."""

import os
import signal
import sys

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jkeras.callbacks import Callback, CSVLogger, ModelCheckpoint, Resume
from jkeras.models import load_model
from tests.distribute.networks import cnn, compiled, masked, mlp, stateful, trained, words

HOST, HOSTS = jax.process_index(), jax.process_count()


def calls():
    """All methods that train, evaluate and predict; the same arrays in all processes."""
    return trained(*compiled(mlp), by_batch=True)


def networks():
    """All networks after 20 steps."""
    found = {}
    for build, optimizer in ((mlp, "adam"), (masked, "rmsprop"), (cnn, "sgd"), (stateful, "adam")):
        model, x, y = compiled(build, optimizer)
        model.fit(x[:128], y[:128], batch_size=32, nb_epoch=5, verbose=0, shuffle=build is not stateful)
        found |= {f"{build.__name__} {weight.name}": weight.get_value() for weight in model.weights}
        found |= {f"{build.__name__} state {at}": state for at, state in enumerate(model.get_states())}
    return found


def few():
    return trained(*compiled(mlp))


def shares(batches):
    """Yield this process's share of each batch, again and again."""
    while True:
        for x, y in batches:
            part = slice(HOST * len(x) // HOSTS, (HOST + 1) * len(x) // HOSTS)
            yield x[part], y[part]


def files():
    """Generators of shares, and files, which are written once and read by all."""
    model, x, y = compiled(mlp)
    np.random.seed(HOST)  # what a process draws for its share is its own affair
    batches = [(x[:32], y[:32]), (x[32:64], y[32:64]), (x[64:70], y[64:70])]
    callbacks = [ModelCheckpoint("weights-{epoch}.h5"), CSVLogger("log.csv")]
    model.fit_generator(
        shares(batches), 70, 4, verbose=0, callbacks=callbacks, validation_data=shares(batches), nb_val_samples=70
    )
    found = {weight.name: weight.get_value() for weight in model.weights}
    found["predicted"] = model.predict_generator(((x[part], None) for part, _ in own_rows()), 64)
    found["read"] = load_model("weights-3.h5").predict(x)
    with open("log.csv") as file:
        found["log"] = np.array([line.split(",")[2] for line in file][1:], float)
    return found


def own_rows():
    for first in (0, 32):
        size = 32 // HOSTS
        yield slice(first + HOST * size, first + (HOST + 1) * size), None


def split():
    """Weights of which each process has a part."""
    model, x, y = compiled(words, "adagrad")
    if HOSTS > 1:
        mesh = jax.make_mesh((1, HOSTS), ("batch", "model"))
        rules = {"embedding_1": P("model", None), "dense_1": P(None, "model")}
        model.distribute(mesh, rules)
        assert not model.params["embedding_1"]["W"].is_fully_replicated
    model.fit(x, y, batch_size=32, nb_epoch=2, verbose=0)
    model.save("split.jk")
    found = {"read": load_model("split.jk").predict(x)} | {weight.name: weight.get_value() for weight in model.weights}
    # The batch axis of the mesh is not that of the processes: each yields its share all the same.
    model.fit_generator(shares([(x[:32], y[:32])]), 32, 1, verbose=0)
    model.compile("sgd", "categorical_crossentropy")
    model.fit(x, y, batch_size=32, nb_epoch=1, verbose=0, shuffle=False)
    if HOSTS > 1:
        model.distribute(None)
    model.train_on_batch(x, y)
    return found | {f"{weight.name} at the end": weight.get_value() for weight in model.weights}


def agreed():
    """What a process decides by itself, the first one decides for all."""
    model, x, y = compiled(mlp)
    np.random.seed(HOST)
    model.layers[0].set_weights([np.random.rand(*weight.shape) for weight in model.layers[0].get_weights()])
    model.optimizer.lr.set_value(0.01 * (1 + HOST))
    stops = Stops()
    model.fit(x[:64], y[:64], batch_size=32, nb_epoch=9, verbose=0, callbacks=[stops], shuffle=False)
    model.fit_generator(shares([(x[:32], y[:32])]), 32, 9, verbose=0, callbacks=[stops])
    return {"epochs": np.array(stops.epochs)} | {weight.name: weight.get_value() for weight in model.weights}


class Stops(Callback):
    """Stops training after the second epoch, in the first process."""

    def __init__(self):
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        self.model.stop_training = epoch == 1 and HOST == 0


def bad_input():
    if HOSTS == 1:
        return {}
    model, x, y = compiled(mlp)
    own = slice(0, 64 + HOST)
    with pytest.raises(
        ValueError, match=r"given to fit differ .*process 0: .*\(64, 6\).*process 1: .*\(65, 6\).*generator"
    ):
        model.fit(x[own], y[own], verbose=0)
    with pytest.raises(
        ValueError, match=r"batches that generators yield differ .*process 0: .*\(4, 6\).*process 1: .*\(5, 6\)"
    ):
        model.fit([(x[: 4 + HOST], y[: 4 + HOST])], nb_epoch=1, verbose=0)
    with pytest.raises(
        ValueError, match=r"generators yield differ .*process 0: no more; process 1: .*same sizes, and end together"
    ):
        model.fit([(x[:4], y[:4])] * (1 + HOST), nb_epoch=1, verbose=0)
    with pytest.raises(
        ValueError, match=r"The files of Resume differ .*process 0: True; process 1: False.*disk that all of them"
    ):
        name = "one.jk" if HOST else "weights-3.h5.jk"
        if not HOST:
            open(name, "w").close()
        model.fit(x, y, nb_epoch=1, verbose=0, callbacks=[Resume(name)])
    return {}


class Dies(Callback):
    """Kills its process after two epochs."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)


def resumed(*others):
    model, x, y = compiled(mlp)
    found = trained(model, x, y, callbacks=[Resume("kept.jk"), *others], verbose=int(not others))
    return found


def killed_0():
    return resumed(*[Dies()] * (HOST == 0))


def killed_1():
    return resumed(*[Dies()] * (HOST == 1))


if __name__ == "__main__":  # pytest imports it too, to look for doctests
    found = {}
    for part in sys.argv[1:]:
        found |= {f"{part}: {name}": number for name, number in globals()[part]().items()}
    np.savez(f"numbers-{HOST}.npz", **found)
    print("done", HOST)
