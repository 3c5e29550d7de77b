"""HDF5Matrix: as an array would be, and only as much of the file as is asked for."""

import sys

import h5py
import numpy as np
import pytest

from jkeras.errors import MissingExtraError
from jkeras.preprocessing.image import ImageDataGenerator
from jkeras.utils import io_utils
from jkeras.utils.io_utils import HDF5Matrix, ask_to_proceed_with_overwrite, load_array, read_rows, save_array

X = np.random.RandomState(0).uniform(size=(20, 3, 2)).astype("float32")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["X"] = X
        file["deep/inside"] = np.arange(5)
        file["one"] = 3.0
        file["empty"] = np.zeros((0, 2))
        file["soft"] = h5py.SoftLink("/X")
        file["outside"] = h5py.ExternalLink("other.h5", "/X")
        layout = h5py.VirtualLayout(shape=(5,), dtype=int)
        layout[:] = h5py.VirtualSource(str(path), "deep/inside", shape=(5,))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("external", shape=(2,), dtype="i4", external=[(str(tmp_path / "raw"), 0, 8)])
    return path


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        np.int64(3),
        slice(None),
        slice(2, 5),
        slice(-4, None),
        slice(3, 10),
        slice(10, None),
        slice(5, 2),
        slice(None, None, 3),
        slice(None, None, -2),
        [1, 2, 3],
        [4, 1, 1, -1],
        np.array([9, 0, 5]),
        np.array([], dtype=int),
        [],
        np.arange(10) % 2 == 0,
        (slice(2, 4), 1),
        (3, slice(None), 0),
        ([5, 1], slice(None), 1),
    ],
    ids=str,
)
def test_indexed_as_an_array(path, key):
    matrix, array = HDF5Matrix(path, "X", 5, 15), X[5:15]
    expected = array[np.asarray(key, dtype=int)] if isinstance(key, list) else array[key]
    np.testing.assert_array_equal(matrix[key], expected)
    assert matrix[key].dtype == np.float32


def test_looks_like_an_array(path):
    matrix = HDF5Matrix(str(path), "X", start=2)
    assert (matrix.shape, len(matrix), matrix.ndim, matrix.size, matrix.dtype) == ((18, 3, 2), 18, 3, 108, np.float32)
    np.testing.assert_array_equal(np.asarray(matrix), X[2:])
    assert np.asarray(matrix, dtype="float64").dtype == np.float64
    np.testing.assert_array_equal([row[0, 0] for row in matrix], X[2:, 0, 0])
    assert repr(matrix) == f"<HDF5Matrix '/X' in '{path}', rows 2 to 20>"
    assert HDF5Matrix(path, "deep/inside").shape == (5,)
    assert HDF5Matrix(path, "/empty").shape == (0, 2)


def test_several_parts_of_one_file_at_once(path):
    first, second = HDF5Matrix(path, "X", end=5), HDF5Matrix(path, "X", start=5)
    np.testing.assert_array_equal(np.concatenate([first[:], second[:]]), X)


def test_slices_end_where_the_rows_of_the_matrix_do(path):
    matrix = HDF5Matrix(path, "X", 2, 12)  # of 20 rows in the file
    with pytest.raises(IndexError, match=r"Rows 8:12 are not all in an HDF5Matrix of 10 rows"):
        matrix[8:12]
    assert HDF5Matrix(path, "empty", normalizer=lambda x: x + 1).shape == (0, 2)


def test_open_files_are_known_while_there_is_a_matrix(path):
    first = HDF5Matrix(path, "X")
    assert type(HDF5Matrix.refs) is dict and HDF5Matrix.refs[path].filename == str(path)
    second = HDF5Matrix(path, "X")
    del first
    assert path in HDF5Matrix.refs
    del second
    assert path not in HDF5Matrix.refs


def test_normalizer(path):
    matrix = HDF5Matrix(path, "X", normalizer=lambda x: (x * 255).astype("uint8").reshape(len(x), -1))
    assert matrix.shape == (20, 6) and matrix.dtype == np.uint8
    np.testing.assert_array_equal(matrix[3:5], (X[3:5] * 255).astype("uint8").reshape(2, -1))


def test_only_what_is_asked_for_is_read(path, monkeypatch):
    matrix = HDF5Matrix(path, "X")
    read = []
    monkeypatch.setattr(matrix, "data", Spy(matrix.data, read))
    matrix[[7, 5, 6]], matrix[2], matrix[3:5]
    assert sum(read) == 3 + 1 + 2
    assert matrix.shape == (20, 3, 2) and sum(read) == 6


def test_rows_are_read_in_few_calls_of_a_bounded_size(path, monkeypatch):
    read = []
    data = Spy(HDF5Matrix(path, "X").data, read)
    which = np.array([9, 0, 5, 0])
    np.testing.assert_array_equal(read_rows(data, which), X[which])
    assert read == [10]  # what lies between is less work than another call
    monkeypatch.setattr(io_utils, "_GAP", 24)
    read.clear()
    np.testing.assert_array_equal(read_rows(data, np.array([9, 0, 10, 2])), X[[9, 0, 10, 2]])
    assert read == [3, 2]  # 0 to 2, and 9 to 10
    monkeypatch.setattr(io_utils, "_SPAN", 48)
    read.clear()
    np.testing.assert_array_equal(read_rows(data, np.arange(5)), X[:5])
    assert read == [2, 2, 1]


def test_whole_chunks_are_read_at_once(tmp_path):
    with h5py.File(tmp_path / "chunks.h5", "w") as file:
        wide = np.random.RandomState(0).uniform(size=(30, 1, 20000))
        file.create_dataset("X", data=wide, chunks=(10, 1, 20000), compression="gzip", compression_opts=1)
    read = []
    with h5py.File(tmp_path / "chunks.h5") as file:
        np.testing.assert_array_equal(read_rows(Spy(file["X"], read), np.array([25, 3, 7])), wide[[25, 3, 7]])
    assert read == [5, 1]


class Spy:
    def __init__(self, data, read):
        self._data, self._read = data, read

    def __getattr__(self, name):
        return getattr(self._data, name)

    def __getitem__(self, key):
        found = self._data[key]
        self._read.append(1 if found.ndim == 2 else len(found))
        return found


def test_images_from_a_file(tmp_path):
    images = np.random.RandomState(0).uniform(size=(6, 1, 4, 4)).astype("float32")
    with h5py.File(tmp_path / "images.h5", "w") as file:
        file["X"] = images
    flow = ImageDataGenerator().flow(HDF5Matrix(tmp_path / "images.h5", "X"), np.arange(6), batch_size=4, seed=0)
    x, y = next(flow)
    np.testing.assert_array_equal(x, images[y])


SLICES = [slice(1000, 1001), slice(15, 21), slice(None, 21), slice(21, None), slice(21, 0, -1), slice("a", None)]


@pytest.mark.parametrize("key", [20, -21, [0, 20], [[0]], ["a"], [0.5], np.ones(3, bool), 2.0, True, *SLICES])
def test_bad_indices(path, key):
    with pytest.raises((IndexError, TypeError)):
        HDF5Matrix(path, "X")[key]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("Y",), KeyError, r"no data set 'Y': / has \['X', 'deep', 'empty'"),
        (("X/inside",), KeyError, "/X is no group"),
        (("deep",), ValueError, "'deep' in .* is no data set with rows"),
        (("one",), ValueError, "no data set with rows"),
        (("X", 3, 30), ValueError, "has 20 rows; start=3 and end=30"),
        (("X", 5, 3), ValueError, "start=5 and end=3"),
        (("X", -1), ValueError, "start=-1"),
        (("soft",), ValueError, r"is a link \(SoftLink\)"),
        (("outside",), ValueError, r"is a link \(ExternalLink\)"),
        (("virtual",), ValueError, "said to lie in other files"),
        (("external",), ValueError, "said to lie in other files"),
    ],
)
def test_what_is_not_there(path, arguments, error, message):
    with pytest.raises(error, match=message):
        HDF5Matrix(path, *arguments)


def test_without_h5py_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"HDF5Matrix needs the package 'h5py'.*jkeras\[h5\]"):
        HDF5Matrix("a.h5", "X")


def test_the_question_is_asked_until_it_is_answered(monkeypatch, capsys):
    answers = iter(["", "yes", "y"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(answers))
    assert ask_to_proceed_with_overwrite("a.h5") is True
    assert "overwrite=True" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda prompt: "n")
    assert ask_to_proceed_with_overwrite("a.h5") is False


# ---- arrays in files


ARRAYS = {
    "float32": X,
    "bool": np.array([[True, False], [False, False]]),
    "complex64": np.array([1 + 2j, 3], "complex64"),
    "bytes": np.array([b"ab", b"c"]),
    "number": np.array(3),
    "empty": np.zeros((0, 3), "float32"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_from_their_files(tmp_path, name):
    save_array(np.zeros(3), tmp_path / "array.h5")
    save_array(ARRAYS[name], tmp_path / "array.h5")  # in place of the other
    found = load_array(tmp_path / "array.h5")
    assert found.dtype == ARRAYS[name].dtype
    np.testing.assert_array_equal(found, ARRAYS[name])


@pytest.mark.parametrize("name", ["float32", "bool", "complex64", "bytes"])
def test_pytables_reads_and_writes_the_same_files(tmp_path, name):
    tables = pytest.importorskip("tables")
    array = ARRAYS[name]
    save_array(array, tmp_path / "ours.h5")
    with tables.open_file(tmp_path / "ours.h5") as file:
        found = file.root.data[:]
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    with tables.open_file(tmp_path / "theirs.h5", "w") as file:  # what Keras 1 does
        file.create_carray(file.root, "data", tables.Atom.from_dtype(array.dtype), array.shape)[:] = array
    found = load_array(tmp_path / "theirs.h5")
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_files_without_an_array(path, tmp_path):
    with pytest.raises(KeyError, match=r"no data set 'data': / has \['X'"):
        load_array(path)
    with pytest.raises(FileNotFoundError):
        load_array(tmp_path / "none.h5")
    with pytest.raises(TypeError, match="dtype"):
        save_array(np.array([1, "a"], dtype=object), tmp_path / "object.h5")
    assert not (tmp_path / "object.h5").exists()
