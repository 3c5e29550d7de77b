"""Resume in processes of their own: kill -9 at any moment, run the script again, and it ends with the same weights."""

import subprocess
import sys

import pytest

TRAINING = '''
import hashlib, json, os, random, shutil, signal, sys, time
import numpy as np
import jkeras
from jkeras.callbacks import Callback, CSVLogger, ModelCheckpoint, Resume
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential, load_model
# No computation here: a process in which JAX runs cannot be forked.

EPOCHS = 30
folder, kills = sys.argv[1], int(sys.argv[2])
random.seed(kills)


def digest(weights):
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in weights)).hexdigest()


class Tells(Callback):
    """Tells the parent of every epoch, and what the weights are after it."""

    def __init__(self, pipe):
        self.pipe = pipe

    def on_epoch_begin(self, epoch, logs=None):
        os.write(self.pipe, b"-\\n")

    def on_epoch_end(self, epoch, logs=None):
        os.write(self.pipe, f"{epoch + 1} {digest(self.model.get_weights())}\\n".encode())


def script(pipe):
    """The user's script."""
    jkeras.enable_compilation_cache("../cache")
    np.random.seed(3)
    x, y = np.random.normal(size=(64, 30)), np.random.normal(size=(64, 1))
    model = Sequential([Dense(500, input_dim=30, activation="tanh"), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse")
    callbacks = [Resume("r.jk"), Tells(pipe), ModelCheckpoint("m.jk"), ModelCheckpoint("m.h5"), CSVLogger("log.csv")]
    model.fit(x, y, batch_size=16, nb_epoch=EPOCHS, verbose=0, callbacks=callbacks)
    for name in ("r.jk", "m.jk", "m.h5"):
        assert digest(load_model(name).get_weights()) == digest(model.get_weights()), name
    os.write(pipe, f"end {digest(model.get_weights())}\\n".encode())


def start(place):
    os.makedirs(place, exist_ok=True)
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, os.fdopen(reading)
    try:
        os.chdir(place)
        script(writing)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def stored(name):
    """The weights in a file, and how many epochs they had, read without JAX."""
    if name.endswith("h5"):
        import h5py

        with h5py.File(name) as file:
            groups = file["model_weights"]
            extra = json.loads(file.attrs["jkeras_training"])
            return extra["epochs"], digest(groups[f"dense_{n}/dense_{n}_{w}"][()] for n in (1, 2) for w in "Wb")
    tree = jkeras.load_pytree(name)
    return tree["progress"]["epochs"], digest(tree["params"][f"dense_{n}"][w] for n in (1, 2) for w in "Wb")


def check(place):
    """Return how far the files are."""
    epochs = {}
    for name in ("r.jk", "m.jk", "m.h5"):
        if os.path.exists(f"{place}/{name}"):
            epochs[name], found = stored(f"{place}/{name}")
            assert states[str(epochs[name])] == found, f"{name} has no state of the training"
    done = epochs.get("r.jk", 0)
    assert all(0 <= epoch - done <= 1 for epoch in epochs.values()), epochs  # Resume comes last
    return done


def finished(child, pipe):
    lines = [line.split() for line in pipe if line != "-\\n"]
    assert os.waitpid(child, 0)[1] == 0, "the script failed"
    return dict(lines)


child, pipe = start(f"{folder}/whole")
first = [pipe.readline() for _ in range(2)][1].split()  # then compiling is over
began = time.perf_counter()
states = {first[0]: first[1], **finished(child, pipe)}
whole = time.perf_counter() - began
log = open(f"{folder}/whole/log.csv").read()

place = f"{folder}/parts"
hits = done = complete = 0
while kills > 0:
    child, pipe = start(place)
    for _ in range(random.choice([1, 2, 2, 2, 2, 2])):  # until an epoch begins, which compiles; mostly, until it ends
        pipe.readline()
    time.sleep(random.random() * whole / 3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pipe.close()
    hits += any(name.endswith(".tmp") for name in os.listdir(place))
    now = check(place)
    assert now >= done, f"went back from epoch {done} to {now}"
    kills, done = kills - 1, now
    if done == EPOCHS or kills == 0:
        assert finished(*start(place))["end"] == states["end"], "other weights at the end"
        check(place)
        assert open(f"{place}/log.csv").read() == log
        assert not any(name.endswith(".tmp") for name in os.listdir(place))
        shutil.rmtree(place)
        done, complete = 0, complete + 1
print(hits, complete)
'''


def killed(folder, kills):
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", TRAINING, str(folder), str(kills)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    hits, complete = map(int, run.stdout.splitlines()[-1].split())  # Resume says something too
    print(f"{kills} kills, {hits} of them during a save; {complete} trainings were brought to their end")
    return hits, complete


def test_kills_during_training(tmp_path):
    assert killed(tmp_path, 5)[1] >= 1


@pytest.mark.long
def test_two_hundred_kills_during_training(tmp_path):
    hits, complete = killed(tmp_path, 200)
    assert hits > 20
    assert complete > 5


KERAS = """
import numpy as np
from keras.callbacks import Resume
from keras.layers.core import Dense, Dropout
from keras.models import Sequential
np.random.seed(1)
x, y = np.random.normal(size=(20, 4)), np.random.normal(size=(20, 2))
model = Sequential()
model.add(Dense(5, input_dim=4))
model.add(Dropout(0.5))
model.add(Dense(2))
model.compile('adam', 'mse')
history = model.fit(x, y, batch_size=6, nb_epoch=NB_EPOCH, verbose=2, callbacks=[Resume('training.jk')])
print(history.epoch, model.get_weights()[0].tobytes().hex())
"""


def test_a_script_of_keras_1_in_processes_of_its_own(tmp_path):
    def run(folder, nb_epoch):
        folder.mkdir(exist_ok=True)
        (folder / "script.py").write_text(KERAS.replace("NB_EPOCH", str(nb_epoch)))
        command = [sys.executable, "-m", "jkeras", "run", "script.py"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()

    whole = run(tmp_path / "whole", 4)
    run(tmp_path / "parts", 2)
    parts = run(tmp_path / "parts", 4)
    assert parts[-1] == whole[-1]
    assert any(line.startswith("Resume: goes on after epoch 2/4") for line in parts)
