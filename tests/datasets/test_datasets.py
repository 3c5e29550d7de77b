"""Data sets from a server that the test starts, from files that Keras 1 left, from damaged files, and without a network."""

import gzip
import hashlib
import http.server
import io
import json
import os
import pickle
import tarfile
import threading

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.datasets import cifar, cifar10, cifar100, digits, imdb, mnist, reuters
from jkeras.errors import MissingExtraError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".keras" / "datasets"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def serve():
    """A function that puts files on a server and returns its address; `serve.requests` lists what was asked for."""
    files, requests = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path[1:])
            body = files.get(self.path[1:])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()

    def put(**more):
        files.update({name.replace("__", "-").replace("_DOT_", "."): body for name, body in more.items()})
        return f"http://127.0.0.1:{server.server_port}/"

    put.requests = requests
    yield put
    server.shutdown()
    thread.join()
    server.server_close()


def point(monkeypatch, module, address, content, name="_RELEASE"):
    """Let a data set's release be on the test's server."""
    release = getattr(module, name)._replace(origin=address, sum=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(module, name, release)


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def objects(sequences):
    array = np.empty(len(sequences), dtype=object)
    array[:] = sequences
    return array


# ---- mnist

X_TRAIN, Y_TRAIN = np.random.RandomState(0).randint(0, 256, (6, 28, 28), "uint8"), np.arange(6, dtype="uint8")
X_TEST, Y_TEST = X_TRAIN[:2] // 2, np.array([3, 4], "uint8")
MNIST = {"x_train": X_TRAIN, "y_train": Y_TRAIN, "x_test": X_TEST, "y_test": Y_TEST}


def check_mnist(data):
    for got, expected in zip((*data[0], *data[1]), MNIST.values(), strict=True):
        np.testing.assert_array_equal(got, expected)
        assert got.dtype == np.uint8


def test_mnist_is_downloaded_once(cache, serve, monkeypatch, capsys):
    content = npz(**MNIST)
    point(monkeypatch, mnist, serve(mnist_DOT_npz=content), content)
    for _ in range(2):
        check_mnist(mnist.load_data())
    assert serve.requests == ["mnist.npz"] and os.listdir(cache) == ["mnist.npz"]


def test_mnist_of_keras_1_is_used_where_it_is(cache):
    (cache / "mnist.pkl.gz").write_bytes(gzip.compress(pickle.dumps(((X_TRAIN, Y_TRAIN), (X_TEST, Y_TEST)), 2)))
    check_mnist(mnist.load_data())


def test_mnist_from_any_path(cache, tmp_path):
    (tmp_path / "elsewhere.npz").write_bytes(npz(**MNIST))
    check_mnist(mnist.load_data(str(tmp_path / "elsewhere.npz")))


def test_a_download_with_another_sum_is_refused(cache, serve, monkeypatch):
    point(monkeypatch, mnist, serve(mnist_DOT_npz=npz(**MNIST)), b"something else")
    with pytest.raises(ValueError, match="does not have the sum"):
        mnist.load_data()
    assert os.listdir(cache) == []


@pytest.mark.parametrize("module", [mnist, imdb, reuters])
def test_without_a_network_the_message_says_where_to_put_the_file(module, cache, monkeypatch):
    monkeypatch.setattr(module, "_RELEASE", module._RELEASE._replace(origin="http://127.0.0.1:9/"))
    with pytest.raises(OSError, match=rf"put it at {cache}/{module.__name__.split('.')[-1]}\.npz"):
        module.load_data()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>404</html>", "mnist.npz cannot be read: .*should be a .npz file with x_train"),
        (npz(x_train=X_TRAIN), "y_train.npy"),
        (npz(**MNIST)[:200], "mnist.npz cannot be read"),
        (gzip.compress(b"x" * 100)[:-20], "mnist.npz cannot be read"),
        (pickle.dumps((X_TRAIN, Y_TRAIN)), "holds 2 arrays or lists; expected 4"),
        (npz(**{**MNIST, "y_test": np.arange(5)}), r"images of shape \(2, 28, 28\) and labels of shape \(5,\)"),
        (npz(**{**MNIST, "x_train": X_TRAIN.reshape(6, -1)}), r"images of shape \(6, 784\)"),
        (b"", "mnist.npz cannot be read"),
    ],
)
def test_damaged_files(content, message, cache):
    (cache / "mnist.npz").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        mnist.load_data()


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_nothing_in_a_file_is_run(cache, tmp_path):
    evil = Evil(str(tmp_path / "made"))
    (cache / "mnist.npz").write_bytes(npz(**{**MNIST, "y_test": objects([evil, 1])}))
    (cache / "imdb_full.pkl").write_bytes(pickle.dumps(evil))
    (cache / "imdb_word_index.pkl").write_bytes(pickle.dumps({"a": evil}))
    (cache / "evil_batch").write_bytes(pickle.dumps({"data": evil}))
    for load in (
        mnist.load_data,
        imdb.load_data,
        imdb.get_word_index,
        lambda: cifar.load_batch(str(cache / "evil_batch")),
    ):
        with pytest.raises(ValueError, match="mkdir, which is no plain data"):
            load()
    assert not (tmp_path / "made").exists()


# ---- imdb and reuters

REVIEWS = [[1, 5, 9], [2, 2], [7, 8, 1, 1], [3], [4, 6]]
LABELS = [0, 1, 0, 1, 1]


def imdb_file(cache):
    x = objects(REVIEWS)
    (cache / "imdb.npz").write_bytes(
        npz(x_train=x, y_train=np.array(LABELS), x_test=x[:3], y_test=np.array(LABELS[:3]))
    )


def shuffled(values, seed):
    values = list(values)
    np.random.RandomState(seed).shuffle(values)
    return values


def test_imdb(cache, serve, monkeypatch):
    x = objects(REVIEWS)
    content = npz(x_train=x, y_train=np.array(LABELS), x_test=x[:3], y_test=np.array(LABELS[:3]))
    point(monkeypatch, imdb, serve(imdb_DOT_npz=content), content)
    state = np.random.get_state()[1].copy()
    (X_train, y_train), (X_test, y_test) = imdb.load_data()
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert X_train.dtype == object and X_train.tolist() == [
        [1, *(w + 3 for w in review)] for review in shuffled(REVIEWS, 113)
    ]
    assert y_train.tolist() == shuffled(LABELS, 113)
    assert X_test.tolist() == [[1, *(w + 3 for w in review)] for review in shuffled(REVIEWS[:3], 226)]
    assert y_test.tolist() == shuffled(LABELS[:3], 226)
    assert all(type(word) is int for word in X_train[0])


def test_imdb_of_keras_1_gives_the_same(cache):
    imdb_file(cache)
    new = imdb.load_data(nb_words=9)
    data = ((REVIEWS, LABELS), (REVIEWS[:3], LABELS[:3]))
    for protocol in (0, 2):
        (cache / "imdb_full.pkl").write_bytes(pickle.dumps(data, protocol))
        old = imdb.load_data(nb_words=9)
        for (a, b), (c, d) in zip(new, old, strict=True):
            assert a.tolist() == c.tolist() and b.tolist() == d.tolist()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 4, 8, 12], [1, 5, 5], [1, 10, 11, 4, 4]]),
        ({"nb_words": 10}, [[1, 4, 8, 2], [1, 5, 5], [1, 2, 2, 4, 4]]),
        ({"nb_words": 10, "oov_char": None}, [[1, 4, 8], [1, 5, 5], [1, 4, 4]]),
        ({"skip_top": 5}, [[2, 2, 8, 12], [2, 5, 5], [2, 10, 11, 2, 2]]),
        ({"start_char": None, "index_from": 0, "oov_char": 0, "skip_top": 2}, [[0, 5, 9], [2, 2], [7, 8, 0, 0]]),
        ({"start_char": None, "index_from": None}, [[1, 5, 9], [2, 2], [7, 8, 1, 1]]),
        ({"maxlen": 5}, [[1, 4, 8, 12], [1, 5, 5]]),
    ],
)
def test_choice_of_words(options, expected, cache):
    imdb_file(cache)
    _, (X_test, y_test) = imdb.load_data(**options)
    by_label = sorted(zip(X_test.tolist(), y_test.tolist(), strict=True))
    assert by_label == sorted(zip(expected, LABELS, strict=False))


def test_maxlen_keeps_the_sets_apart(cache):
    imdb_file(cache)
    (X_train, _), (X_test, _) = imdb.load_data(maxlen=4)
    assert (len(X_train), len(X_test)) == (3, 1)
    with pytest.raises(ValueError, match="maxlen=1, no sequence was kept"):
        imdb.load_data(maxlen=1)


def test_reuters(cache, serve, monkeypatch):
    content = npz(x=objects(REVIEWS), y=np.array(LABELS))
    point(monkeypatch, reuters, serve(reuters_DOT_npz=content), content)
    (X_train, y_train), (X_test, y_test) = reuters.load_data(test_split=0.4)
    together = X_train.tolist() + X_test.tolist()
    assert len(X_train) == 3 and len(X_test) == 2
    assert together == [[1, *(w + 3 for w in review)] for review in shuffled(REVIEWS, 113)]
    assert [*y_train, *y_test] == shuffled(LABELS, 113)
    (cache / "reuters.pkl").write_bytes(pickle.dumps((REVIEWS, LABELS)))
    assert reuters.load_data(test_split=0.4)[1][0].tolist() == X_test.tolist()
    with pytest.raises(ValueError, match="test_split is a share between 0 and 1; got 20"):
        reuters.load_data(test_split=20)


def test_sequences_of_one_length_stay_lists(cache):
    (cache / "reuters.pkl").write_bytes(pickle.dumps(([[1, 2], [3, 4], [5, 6], [7, 8]], [0, 1, 2, 3])))
    (X_train, _), (X_test, _) = reuters.load_data(test_split=0.5)
    assert X_train.shape == X_test.shape == (2,) and isinstance(X_train[0], list)


def test_more_labels_than_sequences(cache):
    (cache / "reuters.pkl").write_bytes(pickle.dumps((REVIEWS, LABELS[:2])))
    with pytest.raises(ValueError, match="5 sequences and 2 labels"):
        reuters.load_data()


@pytest.mark.parametrize("module", [imdb, reuters])
def test_word_index(module, cache, serve, monkeypatch):
    content = json.dumps({"the": 1, "café": 2}).encode()
    name = module.__name__.split(".")[-1]
    address = serve(**{f"{name}_word_index_DOT_json": content})
    point(monkeypatch, module, address, content, "_WORDS")
    assert module.get_word_index() == {"the": 1, "café": 2}
    (cache / f"{name}_word_index.pkl").write_bytes(b"(dp0\nS'caf\\xe9'\np1\nI2\ns.")  # from Python 2
    assert module.get_word_index() == {"café": 2}
    (cache / "bad.json").write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"bad\.json cannot be read"):
        module.get_word_index("bad.json")


# ---- cifar


def batch(n, **labels):
    data = np.random.RandomState(n).randint(0, 256, (n, 3072), "uint8")
    return data.reshape(n, 3, 32, 32), pickle.dumps({b"data": data, **{k.encode(): v for k, v in labels.items()}}, 2)


def archive(folder, files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, body in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


def test_cifar10(cache, serve, monkeypatch, capsys):
    batches = [batch(i, labels=[i] * i) for i in range(1, 6)]
    test_images, test_batch = batch(7, labels=list(range(7)))
    files = {f"data_batch_{i}": body for i, (_, body) in enumerate(batches, 1)}
    content = archive("cifar-10-batches-py", {**files, "test_batch": test_batch})
    monkeypatch.setattr(cifar, "_ORIGIN", serve(cifar__10__python_DOT_tar_DOT_gz=content))
    monkeypatch.setattr(cifar10, "_SUM", hashlib.sha256(content).hexdigest())
    (X_train, y_train), (X_test, y_test) = cifar10.load_data()
    np.testing.assert_array_equal(X_train, np.concatenate([images for images, _ in batches]))
    np.testing.assert_array_equal(X_test, test_images)
    assert y_train.tolist() == [[i] for i in range(1, 6) for _ in range(i)] and y_train.dtype == np.uint8
    assert y_test.tolist() == [[i] for i in range(7)]

    os.remove(cache / "cifar-10-batches-py.tar.gz")  # the folder alone is enough
    K.set_image_dim_ordering("tf")
    try:
        assert cifar10.load_data()[1][0].shape == (7, 32, 32, 3)
    finally:
        K.set_image_dim_ordering("th")
    assert serve.requests == ["cifar-10-python.tar.gz"]


def test_cifar100(cache):
    folder = cache / "cifar-100-python"
    folder.mkdir()
    for name, n in (("train", 4), ("test", 2)):
        (folder / name).write_bytes(batch(n, fine_labels=list(range(n)), coarse_labels=[n] * n)[1])
    assert cifar100.load_data()[0][1].tolist() == [[0], [1], [2], [3]]
    (X_train, y_train), (X_test, y_test) = cifar100.load_data(label_mode="coarse")
    assert X_train.shape == (4, 3, 32, 32) and X_test.shape == (2, 3, 32, 32)
    assert y_train.tolist() == [[4]] * 4 and y_test.tolist() == [[2]] * 2
    with pytest.raises(ValueError, match="label_mode is 'fine' or 'coarse'; got 'labels'"):
        cifar100.load_data("labels")


def test_cifar_files_that_do_not_fit(tmp_path):
    path = tmp_path / "batch"
    for body, message in (
        (batch(2, labels=[1, 2])[1], r"no entry 'fine_labels'; it has \[\"b'data'\", \"b'labels'\"\]"),
        (batch(2, fine_labels=[1])[1], "2 images and 1 labels"),
        (pickle.dumps({"data": np.zeros(5), "fine_labels": []}), "cannot be read as a file of CIFAR"),
        (pickle.dumps([1]), "cannot be read as a file of CIFAR"),
        (b"", "cannot be read as a file of CIFAR"),
    ):
        path.write_bytes(body)
        with pytest.raises(ValueError, match=message):
            cifar.load_batch(str(path), "fine_labels")


def test_cifar_without_a_network(cache, monkeypatch):
    monkeypatch.setattr(cifar, "_ORIGIN", "http://127.0.0.1:9/")
    with pytest.raises(OSError, match=rf"put it at {cache}/cifar-10-batches-py\.tar\.gz"):
        cifar10.load_data()


# ---- digits


def test_digits():
    (X_train, y_train), (X_test, y_test) = digits.load_data(test_split=0.25)
    assert X_train.shape == (1347, 8, 8) and X_test.shape == (450, 8, 8)
    assert X_train.dtype == y_train.dtype == np.uint8 and X_train.max() == 16
    assert np.bincount(np.concatenate([y_train, y_test])).min() > 170
    again = digits.load_data(test_split=0.25)
    np.testing.assert_array_equal(again[1][0], X_test)
    assert np.bincount(y_test).min() > 25
    with pytest.raises(ValueError, match="test_split"):
        digits.load_data(test_split=2)


def test_digits_without_scikit_learn(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r"jkeras\[sklearn\]"):
        digits.load_data()
