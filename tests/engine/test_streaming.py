"""Data that are read a part at a time: the numbers of data in memory, bit for bit, and never more of them at once than needed."""

import threading

import h5py
import jax
import numpy as np
import pytest
from scipy import sparse

from jkeras import backend as K
from jkeras.callbacks import Callback, LambdaCallback
from jkeras.engine import chunks, sources, streaming
from jkeras.engine.chunks import load_length
from jkeras.engine.sources import Loading, loading_for
from jkeras.layers import Dense, Dropout, Embedding, Flatten, Input, merge
from jkeras.models import Model, Sequential
from jkeras.utils.io_utils import HDF5Matrix
from tests.engine.small import assert_same
from tests.engine.test_compilations import compilations

RNG = np.random.default_rng(0)
X = RNG.normal(size=(75, 6)).astype("float32")
X[RNG.uniform(size=X.shape) < 0.5] = 0
Y = np.eye(3, dtype="float32")[np.arange(75) % 3]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch, no_thread_stays):
    """Loads of three batches of 8 and blocks of two, so that there are several of each."""
    batch_bytes = 8 * (6 + 3) * 4
    monkeypatch.setattr(chunks, "_LOAD_BYTES", 3 * batch_bytes)
    monkeypatch.setattr(chunks, "_BLOCK_BYTES", 2 * batch_bytes)
    monkeypatch.setattr(sources, "_PIECE", 10 * 4)


def new(loss="categorical_crossentropy"):
    K.reset_uids()  # random keys are made from the layers' names
    np.random.seed(3)
    model = Sequential([Dense(5, input_dim=6, activation="tanh"), Dropout(0.3), Dense(3, activation="softmax")])
    model.compile("adam", loss, metrics=["accuracy"])
    return model


MODELS = {}


def build(loss="categorical_crossentropy", copy=0):
    """Return a model as it was when it was new, with all that it has compiled since."""
    if (loss, copy) not in MODELS:
        model = new(loss)
        MODELS[loss, copy] = (model, model.get_weights(), model.optimizer.get_weights())
    model, weights, memory = MODELS[loss, copy]
    model.set_weights(weights)
    model.optimizer.set_weights(memory)
    model.steps_done = model._inference_steps = 0
    return model


@pytest.fixture
def kinds(tmp_path):
    """The same data as a function that is told which kind to return."""
    memmap = np.memmap(tmp_path / "x.bin", "float32", "w+", shape=X.shape)
    memmap[:] = X
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["x"], file["y"] = X, Y
        file.create_dataset("chunks", data=X, chunks=(4, 6), compression="gzip")
        file["more"] = np.concatenate([Y[:5], X[:, :3], Y[:5]])
    file = h5py.File(tmp_path / "data.h5", "r")
    yield {
        "memmap": memmap,
        "HDF5Matrix": HDF5Matrix(tmp_path / "data.h5", "x"),
        "normalizer": HDF5Matrix(tmp_path / "data.h5", "x", normalizer=lambda rows: rows[:] * 1.0),
        "h5py": file["x"],
        "compressed": file["chunks"],
        "sparse": sparse.csr_matrix(X),
        "sparse array": sparse.coo_array(X.astype("float64")),
        "double": X.astype("float64"),
        "y": HDF5Matrix(tmp_path / "data.h5", "y"),
        "file": file,
    }
    file.close()


def history_of(model, x, y, **options):
    np.random.seed(7)
    found = model.fit(x, y, 8, 3, verbose=0, **options).history
    return [*model.get_weights(), *(found[name] for name in sorted(found))]


NAMES = ["memmap", "HDF5Matrix", "normalizer", "h5py", "compressed", "sparse", "sparse array", "double"]


@pytest.mark.filterwarnings("ignore:.*is a sparse matrix:UserWarning")
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_gives_the_bits_of_arrays_in_memory(kinds, name, monkeypatch):
    seen = []
    monkeypatch.setattr(
        streaming, "device_put", lambda array: seen.append(array.shape[0] * array.shape[1]) or jax.device_put(array)
    )
    expected = history_of(build(), X, Y, validation_split=0.3)
    model = build()
    options = {"device_data": False} if name == "double" else {}
    assert_same(history_of(model, kinds[name], Y, validation_split=0.3, **options), expected)
    assert max(seen) == 3 * 8  # 52 samples to train on: never more than a load
    other = build(copy=1)
    other.set_weights(model.get_weights())
    assert model.evaluate(kinds[name], Y, 8, verbose=0) == other.evaluate(X, Y, 8, verbose=0)
    np.testing.assert_array_equal(model.predict(kinds[name], 8), other.predict(X, 8))
    assert max(seen) == 3 * 8


@pytest.mark.parametrize("shuffle", [True, "batch", False])
def test_the_order_of_samples_is_the_same(kinds, shuffle):
    expected = history_of(build(), X, Y, shuffle=shuffle, sample_weight=np.arange(75.0), validation_data=(X, Y))
    options = {"shuffle": shuffle, "sample_weight": np.arange(75.0), "validation_data": (kinds["h5py"], kinds["y"])}
    assert_same(history_of(build(), kinds["HDF5Matrix"], kinds["y"], **options), expected)
    assert_same(history_of(build(), X, Y, **options, device_data=0), expected)


def test_class_weights_and_class_numbers_from_a_file(kinds, tmp_path):
    labels = np.arange(75) % 3
    with h5py.File(tmp_path / "labels.h5", "w") as file:
        file["y"] = labels
        weights = {0: 1.0, 1: 2.0, 2: 0.5}
        loss = "sparse_categorical_crossentropy"
        expected = history_of(build(loss), X, labels, class_weight=weights)
        assert_same(history_of(build(loss), X, file["y"], class_weight=weights), expected)
        with pytest.raises(ValueError, match="class_weight has no weight for class 2"):
            build(loss).fit(X, file["y"], verbose=0, class_weight={0: 1.0, 1: 2.0})


def test_several_inputs_of_different_kinds(kinds):
    ins = [Input((6,)), Input((6,)), Input((6,))]
    model = Model(ins, [Dense(3)(merge(ins)), Dense(3)(ins[0])])
    model.compile("sgd", "mse")
    start = model.get_weights()

    def run(a, b, c):
        model.set_weights(start)
        return [*history_of(model, [a, b, c], [Y, Y]), *model.predict([a, b, c], 8)]

    expected = run(X, X, X)
    assert_same(run(kinds["memmap"], X, jax.device_put(X)), expected)
    assert_same(run(jax.device_put(X), kinds["h5py"], kinds["HDF5Matrix"]), expected)


def test_watching_batches_changes_nothing(kinds):
    class Watch(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append((batch, logs["size"]))

    seen = []
    expected = history_of(build(), X, Y)
    assert_same(history_of(build(), kinds["memmap"], Y, callbacks=[Watch()]), expected)
    assert seen[:10] == [*((batch, 8) for batch in range(9)), (9, 3)]


def test_streaming_compiles_no_more_programs(kinds):
    with compilations() as names:
        model = new()
        model.fit(kinds["memmap"], Y, 8, 2, verbose=0, validation_split=0.3)  # 52 and 23 samples: short last batches
        model.evaluate(kinds["memmap"], Y, 8, verbose=0)
    by_kind = {kind: sum(n for name, n in names.items() if kind in name) for kind in ("train", "test")}
    assert by_kind == {"train": 2, "test": 3}, names  # evaluate has another short batch
    with compilations() as names:
        model.fit(kinds["HDF5Matrix"], Y, 8, 2, verbose=0, validation_split=0.3, shuffle="batch")
        model.fit(kinds["memmap"][:44], Y[:44], 8, 1, verbose=0)
    assert names == {}


def test_states_and_one_batch_methods(kinds):
    model, other = build(), build(copy=1)
    for x in (kinds["h5py"], kinds["memmap"], sparse.csr_matrix(X)):  # one batch: no warning
        assert model.train_on_batch(x, kinds["y"]) == other.train_on_batch(X, Y)
        assert model.test_on_batch(x, Y) == other.test_on_batch(X, Y)
        np.testing.assert_array_equal(model.predict_on_batch(x), other.predict_on_batch(X))
    np.testing.assert_array_equal(model.predict(kinds["h5py"], 100), other.predict(X, 100))


# ---- where data go


def test_what_is_loaded(monkeypatch, kinds):
    small, file = np.zeros((10, 3)), kinds["HDF5Matrix"]
    assert loading_for("auto", small) is Loading.MEMORY
    assert loading_for(True, small) is Loading.ALL
    assert loading_for(False, small) is Loading.NOTHING
    assert loading_for(120, small) is Loading.MEMORY
    assert loading_for(119, small) is Loading.NOTHING
    assert loading_for(200, [small], {"y": small}) is Loading.NOTHING
    assert loading_for(0, file, [], None, [[1, 2]]) is Loading.MEMORY
    monkeypatch.setattr(sources, "_SURELY_FITS", 100)
    monkeypatch.setattr(sources, "free_bytes", lambda: 239)
    assert loading_for("auto", small) is Loading.NOTHING
    monkeypatch.setattr(sources, "free_bytes", lambda: 240)
    assert loading_for("auto", small) is Loading.MEMORY
    for wrong in ("cpu", -1, None, [1]):
        with pytest.raises(ValueError, match="device_data is 'auto', True, False, or how many bytes"):
            build().fit(X, Y, verbose=0, device_data=wrong)


def test_the_free_memory_is_known():
    from jkeras.engine.memory import free_bytes, free_on_host

    assert 2**20 < free_bytes() < 2**50
    assert 2**20 < free_on_host() < 2**50


def test_device_data_true_loads_files(kinds, monkeypatch):
    read = []
    monkeypatch.setattr(streaming, "_read", lambda *arguments: read.append(1))
    expected = history_of(build(), X, Y)
    assert_same(history_of(build(), kinds["HDF5Matrix"], Y, device_data=True), expected)
    assert_same(history_of(build(), sparse.csr_matrix(X), kinds["y"], device_data=True), expected)
    assert read == []


def test_files_are_never_read_as_a_whole(kinds, monkeypatch):
    most = []
    matrix = kinds["HDF5Matrix"]
    plain = type(matrix).__getitem__

    def spy(self, key):
        found = plain(self, key)
        most.append(len(found))
        return found

    monkeypatch.setattr(type(matrix), "__getitem__", spy)
    monkeypatch.setattr(type(matrix), "__array__", None)
    model = build()
    model.fit(matrix, Y, 8, 2, verbose=0, validation_split=0.3)
    model.fit(X, Y, 8, 1, verbose=0, validation_data=(matrix, Y))
    model.evaluate(matrix, Y, 8, verbose=0)
    model.predict(matrix, 8)
    assert max(most) == 24


def test_the_next_load_is_read_while_the_device_computes(kinds):
    threads = set()

    def normalizer(rows):
        threads.add(threading.current_thread().name)
        return rows

    model = build()
    matrix = HDF5Matrix(kinds["file"].filename, "x", normalizer=normalizer)
    model.fit(matrix, Y, 8, 1, verbose=0)
    threads.discard(threading.current_thread().name)  # what a row looks like
    assert threads == {"load"}
    assert load_length(1) == 512 and load_length(2**40) == 1


def test_validation_data_of_callbacks_can_be_used(kinds):
    def look(epoch, logs):
        x, y, _ = watch.validation_data
        seen.append((x.shape, np.asarray(y).shape, model.evaluate(x, y, 8, verbose=0), x[-1].tolist(), len(x[2:5])))
        np.testing.assert_array_equal(x[2:5], X[60:][2:5])
        # Formulas read all of it.
        np.testing.assert_array_equal(2 * x - x > 0.5, X[60:] > 0.5)
        np.testing.assert_array_equal(x.argmax(axis=1), X[60:].argmax(axis=1))
        assert (
            np.mean(x) == x.mean() == X[60:].mean() and np.concatenate([x, x]).shape == (30, 6) and x.T.shape == (6, 15)
        )
        assert not hasattr(x, "tocsr")

    seen = []
    model, watch = build(), LambdaCallback(on_epoch_end=look)
    history = model.fit(kinds["memmap"], Y, 8, 1, verbose=0, validation_split=0.2, callbacks=[watch])
    shape, y_shape, (loss, _), last, some = seen[0]
    assert (shape, y_shape, last, some) == ((15, 6), (15, 3), X[-1].tolist(), 3)
    assert history.history["val_loss"] == [loss]


def test_a_normalizer_may_use_one_buffer_again_and_again(tmp_path):
    def doubled(rows):
        return np.multiply(rows, 2, out=buffer[: len(rows)])

    buffer = np.empty((75, 6), "float32")
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = X
    x = HDF5Matrix(tmp_path / "x.h5", "x", normalizer=doubled)
    for shuffle in (True, False):
        assert_same(history_of(build(), x, Y, shuffle=shuffle), history_of(build(), X * 2, Y, shuffle=shuffle))


# ---- what is wrong with the numbers is found as they are read


def test_nan_is_found_and_named(kinds):
    x = X.copy()
    x[70, 2] = np.nan
    model = build()
    with pytest.raises(
        ValueError, match=r"'dense_input_1' holds NaN in 1 of \d+ samples that were read, first at index \(70, 2\)"
    ):
        model.fit(x, Y, 8, 1, verbose=0, device_data=False)
    with pytest.raises(ValueError, match=r"holds NaN in 1 of \d+ samples that were read, first at index \(70, 2\)"):
        model.fit(X, Y, 8, 1, verbose=0, validation_data=(HDF5WithNaN(kinds["file"].filename, "x"), Y))
    assert np.isnan(model.predict(HDF5WithNaN(kinds["file"].filename, "x"), 8)).any()  # as for arrays
    y = Y.copy()
    y[5] = np.nan
    with pytest.raises(ValueError, match=r"model target: 'dense_2' holds NaN in 1 of .* first at index \(5, 0\)"):
        model.fit(X, y, 8, 1, verbose=0, device_data=False)


class HDF5WithNaN(HDF5Matrix):
    def __getitem__(self, key):
        found = super().__getitem__(key)
        found[np.arange(75)[key] == 70, 2] = np.nan
        return found


def test_class_numbers_and_indices_are_checked():
    labels = np.arange(75) % 4
    with pytest.raises(ValueError, match=r"class numbers from 0 to 2 .*got numbers from 0 to 3"):
        build("sparse_categorical_crossentropy").fit(X, labels, 8, 1, verbose=0, device_data=False)
    model = Sequential([Embedding(5, 3, input_length=2, name="words"), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    words = np.ones((75, 2), int)
    words[33, 1] = 7
    with pytest.raises(ValueError, match=r"'words' \(Embedding\) has input_dim=5.*got 7 at position"):
        model.fit(words, Y[:, :1], 8, 1, verbose=0, device_data=False)


def test_shapes_and_types_are_checked_before_anything_is_read(kinds, tmp_path):
    model = build()
    with pytest.raises(ValueError, match=r"expected 'dense_input_1' to have shape \(None, 6\) but got .* \(75, 3\)"):
        model.fit(kinds["y"], Y, verbose=0)
    with pytest.raises(ValueError, match=r"Number of samples in inputs: \[75\], targets: \[85\]"):
        model.fit(kinds["memmap"], kinds["file"]["more"], verbose=0)
    with h5py.File(tmp_path / "texts.h5", "w") as file:
        file["x"] = np.array([[b"a"] * 6] * 75)
        file["none"] = np.zeros((0, 6))
        with pytest.raises(ValueError, match=r"has dtype \|S1, not numbers"):
            model.fit(file["x"], Y, verbose=0)
        with pytest.raises(ValueError, match="'dense_input_1' is empty"):
            model.predict(file["none"])


def test_an_error_while_reading_comes_up_and_the_model_can_go_on(kinds):
    def fail(rows):
        if len(rows) > 1:
            raise OSError("the disk is gone")
        return rows

    model = build()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(HDF5Matrix(kinds["file"].filename, "x", normalizer=fail), Y, 8, 1, verbose=0)
    model.fit(kinds["HDF5Matrix"], Y, 8, 1, verbose=0)


def test_a_failing_callback_leaves_no_thread(kinds):
    def fail(batch, logs):
        raise RuntimeError("callback")

    with pytest.raises(RuntimeError, match="callback"):
        build().fit(kinds["memmap"], Y, 8, 1, verbose=0, callbacks=[LambdaCallback(on_batch_end=fail)])
