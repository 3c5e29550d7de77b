"""Kills, full disks, truncation and flipped bits: a file is whole, or an error says what is wrong."""

import random
import resource
import subprocess
import sys
from contextlib import contextmanager

import h5py
import numpy as np
import pytest

import jkeras
from jkeras.engine.saving import atomic
from jkeras.errors import FileFormatError
from jkeras.layers import Dense
from jkeras.models import Sequential, load_model

ERRORS = (ValueError, TypeError, OSError)  # of a file of HDF5, some flips of which make another, wrong config


@pytest.fixture(scope="module")
def model():
    model = Sequential([Dense(3, input_dim=4, name="a"), Dense(2, name="b")])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    return model


def unchanged(path, model):
    """Whether a file is refused (False), or holds the very model (True); anything else fails."""
    try:
        again = load_model(path)
    except FileFormatError:
        return False
    for a, b in zip([*again.get_weights(), *again.optimizer.get_weights()],
                    [*model.get_weights(), *model.optimizer.get_weights()], strict=True):  # fmt: skip
        np.testing.assert_array_equal(a, b)
    assert again.to_json() == model.to_json()
    return True


@contextmanager
def at_most(size):
    """Let no file grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# ---- writing


@pytest.mark.parametrize("name", ["m.jk", "m.h5"])
@pytest.mark.parametrize("size", [0, 1000])
def test_a_full_disk(name, size, model, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"the old file")
    with at_most(size), pytest.raises(OSError, match=r"Could not write .*m\.(jk|h5).*too large.*as it was"):
        model.save(path)
    assert path.read_bytes() == b"the old file"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    model.save(path)
    assert unchanged(path, model)


def test_an_interrupted_write_leaves_nothing_behind(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def parts():
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        atomic.replace_file(path, parts())
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_links_and_permissions_stay(model, tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "m.jk", tmp_path / "link.jk"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    model.save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert unchanged(target, model)


KILLED = """
import os, random, signal, sys, time
import numpy as np
from jkeras.engine.saving.atomic import replace_file
from jkeras.engine.saving.hdf5_write import image, write_arrays
from jkeras.engine.saving.pytree import load_pytree, save_pytree
path, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
hdf5 = path.endswith("h5")

def save(number):
    arrays = [np.full(200_000, number), np.full(3, number)]
    if hdf5:
        replace_file(path, [image(lambda file: write_arrays(file, ["x", "y"], arrays))])
    else:
        save_pytree(path, {"arrays": arrays, "number": number})

def load():
    if not hdf5:
        tree = load_pytree(path)
        return [*tree["arrays"], np.array([tree["number"]])]
    import h5py
    with h5py.File(path) as file:
        return [file[name][()] for name in file]

started = time.perf_counter()
save(0)
pace = time.perf_counter() - started
newest = 0
while kills > 0 or newest == 0:
    kills -= 1
    child = os.fork()
    if not child:
        number = newest
        while True:
            number += 1
            save(number)
    time.sleep(random.random() * 4 * pace)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    values = {value for array in load() for value in array.tolist()}
    if len(values) != 1 or min(values) < newest:
        sys.exit(f"after a kill the file has {values}")
    newest = values.pop()
print(newest)
"""


def killed(path, kills, seed=0):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(kills), str(seed)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 0


@pytest.mark.parametrize("name", ["tree.jk", "tree.h5"])
def test_kills_during_save(name, tmp_path):
    killed(tmp_path / name, 20)


@pytest.mark.long
@pytest.mark.parametrize("name", ["tree.jk", "tree.h5"])
def test_two_hundred_kills_during_save(name, tmp_path):
    killed(tmp_path / name, 200, seed=1)


def test_two_processes_that_write_one_file(tmp_path):
    script = (
        "import sys, numpy as np, jkeras\n"
        "for _ in range(30): jkeras.save_pytree(sys.argv[1], [np.full(50_000, int(sys.argv[2]))] * 2)"
    )
    path = tmp_path / "tree.jk"
    jkeras.save_pytree(path, [np.zeros(50_000, int)] * 2)
    writers = [subprocess.Popen([sys.executable, "-c", script, str(path), str(number)]) for number in (1, 2)]
    while any(writer.poll() is None for writer in writers):
        values = {value for array in jkeras.load_pytree(path) for value in (array.min(), array.max())}
        assert len(values) == 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["tree.jk"]


# ---- reading


@pytest.mark.parametrize("name", ["m.jk", "m.h5"])
def test_truncation(name, model, tmp_path):
    path = tmp_path / name
    model.save(path)
    whole = path.read_bytes()
    for percent in range(100):
        path.write_bytes(whole[: len(whole) * percent // 100])
        with pytest.raises(FileFormatError):
            load_model(path)
    path.write_bytes(whole + b"\0")
    if name == "m.jk":
        with pytest.raises(FileFormatError, match="damaged: it has"):
            load_model(path)


def flips(data, count, seed):
    """Files with one bit changed."""
    places = random.Random(seed)
    for _ in range(count):
        flipped = bytearray(data)
        flipped[places.randrange(len(data))] ^= 1 << places.randrange(8)
        yield flipped


def check_flips_jk(model, path, count, seed=0):
    model.save(path)
    for flipped in flips(path.read_bytes(), count, seed):
        path.write_bytes(flipped)
        assert not unchanged(path, model)


def check_flips_h5(model, path, count, seed=0):
    model.save(path)
    shapes = [array.shape for array in model.get_weights()]
    for flipped in flips(path.read_bytes(), count, seed):
        path.write_bytes(flipped)
        try:
            again = load_model(path)
        except ERRORS:
            continue
        assert [array.shape for array in again.get_weights()] == shapes or again.to_json() != model.to_json()


def test_flipped_bits_jk(model, tmp_path):
    check_flips_jk(model, tmp_path / "m.jk", 300)


@pytest.mark.filterwarnings("ignore")
def test_flipped_bits_h5(model, tmp_path):
    check_flips_h5(model, tmp_path / "m.h5", 200)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_two_thousand_flipped_bits(model, tmp_path):
    check_flips_jk(model, tmp_path / "m.jk", 2000, seed=1)
    check_flips_h5(model, tmp_path / "m.h5", 2000, seed=1)


def test_every_byte_of_a_small_file_counts(tmp_path):
    path = tmp_path / "t.jk"
    jkeras.save_pytree(path, {"a": np.arange(3), "b": [1, "text", np.ones(1, np.int8)]})
    whole = path.read_bytes()
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        with pytest.raises(FileFormatError):
            jkeras.load_pytree(path)


def test_a_weights_file_that_is_damaged_changes_nothing(model, tmp_path):
    path = tmp_path / "w.h5"
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        del file["b"]["b_b"]
    before = model.get_weights()
    with pytest.raises(FileFormatError, match="has no 'b_b' in '/b', although it lists it"):
        model.load_weights(path)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
