"""Kills, full disks, truncation and flipped bits: a file is whole, or an error says what is wrong."""

import os
import random
import resource
import secrets
import subprocess
import sys
import time
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


FULL = """
import resource, sys, h5py, numpy as np
from jkeras.layers import Dense
from jkeras.models import Sequential
model = Sequential([Dense(50, input_dim=40), Dense(2)])
model.compile("adam", "mse")
model.train_on_batch(np.ones((2, 40)), np.ones((2, 2)))
path = sys.argv[1]
model.save(path)
with open(path, "rb") as file:
    whole = file.read()
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
refused = 0
for size in range(0, len(whole) + 99, max(len(whole) // 150, 1)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        model.save(path)
    except OSError as error:
        refused += 1
        assert "Could not write" in str(error) and size < len(whole), error
    else:
        assert size >= len(whole), size
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    with open(path, "rb") as file:
        assert file.read() == whole
assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0
print(refused)
"""


@pytest.mark.parametrize("name", ["m.jk", "m.h5"])
def test_a_disk_that_is_full_at_any_place(name, tmp_path):
    run = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / name)], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")  # HDF5 has nothing left to do at exit, where it would complain
    assert int(run.stdout) >= 150
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.fixture(scope="module")
def dead():
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leftover(path, process, host=None, age=0):
    """A temporary file as a killed process leaves it, of this or another machine."""
    temporary = path.with_name(f".{path.name}.{host or atomic._HOST}-{process:x}-{secrets.token_hex(6)}.tmp")
    temporary.write_bytes(b"half of it")
    os.utime(temporary, (time.time() - age,) * 2)
    return temporary.name


def test_what_killed_processes_left_is_cleaned_up(dead, tmp_path):
    path = tmp_path / "m.jk"
    leftover(path, dead)
    leftover(path, dead, host="00000000", age=100_000)
    locked = leftover(path, dead)  # by a process that cannot be seen from here
    stays = {
        leftover(path, dead, host="00000000"),  # perhaps another machine is at it
        leftover(path, os.getpid()),  # perhaps another thread
        leftover(tmp_path / "m.jk.old", dead),
        leftover(tmp_path / "other.jk", dead),
        ".m.jk.tmp",
    }
    (tmp_path / ".m.jk.tmp").write_text("a user's")
    with open(tmp_path / locked) as file:
        assert atomic._locks(file.fileno())
        with atomic.replacing(path) as one, atomic.replacing(path) as two:
            assert len(list(tmp_path.iterdir())) == len(stays) + 3
            one.write(b"1")
            two.write(b"2")
    assert path.read_bytes() == b"1"
    assert {entry.name for entry in tmp_path.iterdir()} == {"m.jk", locked, *stays}


@pytest.mark.parametrize("name", ["a" * 255, "重" * 85, "[x](y)*.jk"])
def test_long_and_odd_names(name, dead, tmp_path):
    stem = name if len(name) < 20 else name[: 100 // len(name[:1].encode())]
    (tmp_path / f".{stem}.{atomic._HOST}-{dead:x}-{'0' * 12}.tmp").touch()
    atomic.replace_file(tmp_path / name, [b"content"])
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_without_locks_nothing_is_deleted(dead, tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(95, "not supported")))
    stays = leftover(tmp_path / "m.jk", dead)
    atomic.replace_file(tmp_path / "m.jk", [b"new"])
    assert {entry.name for entry in tmp_path.iterdir()} == {"m.jk", stays}


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
from jkeras.engine.saving.atomic import replacing
from jkeras.engine.saving.hdf5_write import write_arrays, write_file
from jkeras.engine.saving.pytree import load_pytree, save_pytree
path, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
hdf5 = path.endswith("h5")

def save(number):
    arrays = [np.full(200_000, number), np.full(3, number)]
    if hdf5:
        with replacing(path) as file:
            write_file(file, lambda hdf5: write_arrays(hdf5, ["x", "y"], arrays))
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
newest = hits = 0
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
    left = [name for name in os.listdir(os.path.dirname(path)) if name.endswith(".tmp")]
    hits += len(left) > 0
    if len(left) > 1:
        sys.exit(f"what kills left was not cleaned up: {left}")
print(newest, hits)
"""


def killed(path, kills, seed=0):
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(kills), str(seed)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    newest, hits = map(int, run.stdout.split())
    print(f"{path.name}: {kills} kills, {hits} of them during a save; {newest} files written")
    assert newest > 0
    return hits


@pytest.mark.parametrize("name", ["tree.jk", "tree.h5"])
def test_kills_during_save(name, tmp_path):
    killed(tmp_path / name, 20)


@pytest.mark.long
@pytest.mark.parametrize("name", ["tree.jk", "tree.h5"])
def test_two_hundred_kills_during_save(name, tmp_path):
    assert killed(tmp_path / name, 200, seed=1) > 20


WRITER = """
import sys
import numpy as np, jkeras
from jkeras.engine.saving.atomic import replacing
from jkeras.engine.saving.hdf5_write import write_arrays, write_file
arrays = [np.full(50_000, int(sys.argv[2]))] * 2
for _ in range(30):
    jkeras.save_pytree(sys.argv[1] + ".jk", arrays)
    with replacing(sys.argv[1] + ".h5") as file:
        write_file(file, lambda hdf5: write_arrays(hdf5, ["x", "y"], arrays))
"""


def test_two_processes_that_write_one_file(tmp_path):
    path = str(tmp_path / "tree")
    subprocess.run([sys.executable, "-c", WRITER, path, "0"], check=True)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, number]) for number in "12"]
    seen = set()
    while any(writer.poll() is None for writer in writers):
        with h5py.File(path + ".h5") as file:
            for arrays in (jkeras.load_pytree(path + ".jk"), [file["x"][()], file["y"][()]]):
                values = {value for array in arrays for value in (array.min(), array.max())}
                assert len(values) == 1
                seen |= values
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen & {1, 2}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["tree.h5", "tree.jk"]


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
