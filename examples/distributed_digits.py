"""Handwritten digits are learned on one device, on eight, and by two processes together: the same numbers, one line more.

    python examples/distributed_digits.py

The line is ``with data_parallel():`` around what builds and compiles the model. Each of the eight devices gets an eighth of
every batch; the statistics of BatchNormalization, the masks of Dropout and the gradients are those of the whole batch. A CPU is
one device: where there is no other, JAX is told to make eight of it, which shows that it works, not that it is fast.

The two processes run this very script by ``jkeras run --hosts 2 --host-id 0|1 --coordinator …``, as two machines would; there
the runner puts the line around it, and the first process alone shows progress and writes files.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

# Before JAX starts. On a machine with GPUs or TPUs it changes nothing: those are the devices.
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=8")

import jax
import numpy as np

from jkeras import backend as K
from jkeras.datasets import digits
from jkeras.distribute import data_parallel
from jkeras.layers import Activation, BatchNormalization, Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD
from jkeras.utils.np_utils import to_categorical


def trained(epochs):
    """Return a trained model, and its accuracy on the held-out fifth; 1,437 images make 22 batches of 64 and one of 29."""
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    x_train, x_test = x_train.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16
    K.reset_uids()  # the masks of Dropout depend on the layers' names
    np.random.seed(1337)
    model = Sequential([Dense(128, input_dim=64, bias=False), BatchNormalization(), Activation("relu"), Dropout(0.3)])
    model.add(Dense(10, activation="softmax"))
    model.compile(SGD(lr=0.1, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, to_categorical(y_train, 10), batch_size=64, nb_epoch=epochs, verbose=0)
    return model, model.evaluate(x_test, to_categorical(y_test, 10), verbose=0)[1]


def by_processes(count, epochs):
    """Let so many processes train together; return the weights and the accuracy that each of them ends with."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        coordinator = f"127.0.0.1:{free.getsockname()[1]}"
    flags = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "jkeras", "run", "--hosts", str(count), "--coordinator", coordinator]
        script = [__file__, "--epochs", str(epochs), "--into", folder]
        processes = [
            subprocess.Popen([*command, "--host-id", str(host), *script], env=environment) for host in range(count)
        ]
        if any([process.wait() for process in processes]):
            raise SystemExit("A process has failed: see above.")
        return [dict(np.load(path)) for path in sorted(Path(folder).glob("*.npz"))]


def difference(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


def main():
    """Train three times, compare, and return the largest difference of two weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--hosts", type=int, default=2, help="processes that train together; 0: none")
    parser.add_argument("--into", help="where one of them writes what it has")
    arguments = parser.parse_args()
    if arguments.into:
        model, accuracy = trained(arguments.epochs)
        weights = {f"{number:02d}": weight for number, weight in enumerate(model.get_weights())}
        np.savez(Path(arguments.into) / f"{jax.process_index()}.npz", accuracy=accuracy, **weights)
        return 0.0

    one, accuracy = trained(arguments.epochs)
    weights = one.get_weights()
    print(f"one device: {accuracy:.2%} of the held-out digits are read rightly")
    with data_parallel() as mesh:
        several, accuracy = trained(arguments.epochs)
    found = [difference(weights, several.get_weights())]
    print(f"{mesh.size} device{'s' * (mesh.size > 1)}: {accuracy:.2%}; weights differ by at most {found[0]:.1e}")
    for number, file in enumerate(by_processes(arguments.hosts, arguments.epochs) if arguments.hosts else []):
        accuracy = file.pop("accuracy")
        found.append(difference(weights, [file[name] for name in sorted(file)]))
        print(f"process {number} of {arguments.hosts}: {accuracy:.2%}; weights differ by at most {found[-1]:.1e}")
    print(f"all together: after {arguments.epochs} epochs no weight differs by more than {max(found):.1e}")
    return max(found)


if __name__ == "__main__":
    main()
