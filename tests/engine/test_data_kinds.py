"""What fit, evaluate and predict take besides numpy's arrays: frames, sparse matrices, arrays of JAX, tensors, loaders."""

# A case on each line.
# ruff: noqa: E501

import decimal
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import sparse

from jkeras.callbacks import Callback
from jkeras.engine import loop
from jkeras.layers import Dense, Embedding, Flatten, Input, merge
from jkeras.models import Model, Sequential
from jkeras.preprocessing.image import ImageDataGenerator
from tests.engine.small import assert_same, linear, samples

X, Y = samples(20)


def fitted(x, y=None, **options):
    """Return the weights after an epoch and what it logged, for a model that starts from the same weights every time."""
    model = linear(metrics=["mae"])
    model.set_weights([np.ones((2, 1)), np.zeros(1)])
    options = {"batch_size": 8, "nb_epoch": 2, "verbose": 0, "shuffle": False, **options}
    history = model.fit(x, y, **options)
    return [*model.get_weights(), *history.history.values()]


# ---- pandas


@pytest.fixture
def pd():
    return pytest.importorskip("pandas")


def test_frames_and_series(pd):
    weights = np.linspace(0, 1, 20)
    expected = fitted(X, Y, sample_weight=weights, validation_data=(X, Y))
    frame = pd.DataFrame(X, columns=["height", "weight"], index=np.arange(20)[::-1])
    for y in (pd.DataFrame(Y), pd.Series(Y[:, 0])):
        found = fitted(frame, y, sample_weight=pd.Series(weights), validation_data=(frame, y))
        assert_same(found, expected)
    model = linear()
    np.testing.assert_array_equal(model.predict(frame), model.predict(X))
    assert model.evaluate(frame, pd.Series(Y[:, 0]), verbose=0) == model.evaluate(X, Y, verbose=0)
    assert model.test_on_batch(frame, pd.Series(Y[:, 0])) == model.test_on_batch(X, Y)
    assert model.train_on_batch(frame, pd.DataFrame(Y)) > 0
    np.testing.assert_array_equal(model.predict_on_batch(frame), model.predict_on_batch(X))


def test_columns_of_several_types_and_missing_values(pd):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [True, False, True]})
    model = linear()
    np.testing.assert_array_equal(model.predict(frame), model.predict(np.array([[1.0, 1], [2, 0], [3, 1]])))
    nullable = pd.DataFrame({"a": pd.array([1, None, 3], "Int64"), "b": pd.array([True, False, True], "boolean")})
    assert np.isnan(model.predict(nullable)).ravel().tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"holds NaN in 1 of 3 samples, first at index \(1, 0\)"):
        model.fit(nullable, np.zeros(3), verbose=0)
    with pytest.raises(
        ValueError, match=r"Column 'city' of the frame given for 'dense_input_\d' has dtype .*get_dummies"
    ):
        model.predict(pd.DataFrame({"a": [1, 2], "city": ["Rome", "Oslo"]}))
    with pytest.raises(ValueError, match=r"Column 'city' .* has dtype category, not numbers"):
        model.predict(pd.DataFrame({"a": [1, 2], "city": pd.Categorical(["Rome", "Oslo"])}))


def test_objects_that_are_numbers(pd):
    numbers = np.array([[1, True], [np.float32(2.5), np.False_], [decimal.Decimal(3), 1]], dtype=object)
    model = linear()
    expected = model.predict(numbers.astype("float32"))
    columns = pd.DataFrame({"a": numbers[:, 0], "b": [True, False, True]})
    for x in (numbers, pd.DataFrame(numbers), columns, columns.values, columns.values.tolist()):
        np.testing.assert_array_equal(model.predict(x), expected)
    assert model.evaluate(numbers, pd.Series(expected[:, 0].astype(object)), verbose=0) < 1e-12
    with pytest.raises(ValueError, match="holds NaN in 1 of 3 samples"):
        model.fit(X[:3], pd.Series([1, None, 2], dtype=object), verbose=0)
    dates = pd.Series(pd.date_range("2020-01-01", periods=3, tz="UTC"))
    with pytest.raises(ValueError, match=r"dtype object, not numbers\. There are entries of type Timestamp"):
        model.fit(X[:3], dates, verbose=0)


def test_labels_that_are_texts(pd):
    model = Sequential([Dense(2, input_dim=2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    for labels in (
        pd.Series(["ant", "bee"] * 10),
        np.array(["ant", "bee"] * 10),
        np.array(["ant", "bee"] * 10, object),
    ):
        with pytest.raises(
            ValueError, match=r"model target: 'dense_\d' has dtype .*, not numbers\. Number the classes first"
        ):
            model.fit(X, labels, verbose=0)


# ---- scipy


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix, sparse.dok_matrix])
def test_sparse_matrices_warn_once_and_name_the_size(kind):
    expected = fitted(X, Y)
    with pytest.warns(UserWarning) as caught:
        assert_same(fitted(kind(X), Y), expected)
    assert len(caught) == 1
    text = str(caught[0].message)
    assert re.search(
        r"'dense_input_\d+' is a sparse matrix of shape \(20, 2\) with 40 entries\..* 0\.0 MiB; .*x\.toarray\(\)", text
    )
    assert caught[0].filename == __file__  # the line of the user's that brought it
    model = linear()
    with pytest.warns(UserWarning, match="is a sparse matrix"):
        np.testing.assert_array_equal(model.predict(kind(X), 8), model.predict(X, 8))


def test_sparse_vectors():
    assert_same(fitted(X, sparse.coo_array(Y[:, 0])), fitted(X, Y))


def test_batches_of_a_generator_may_be_sparse():
    model = linear()
    model.fit_generator(iter([(sparse.csr_matrix(X), Y)] * 2), 20, 2, verbose=0)


# ---- JAX


def test_arrays_of_jax_stay_on_the_device(monkeypatch):
    x, y, v = jax.device_put(X), jax.device_put(Y), jax.device_put(X * 2)
    expected = fitted(X, Y, validation_data=(X * 2, Y))
    plain, pointers, moved = loop._train_on, [], []

    def spy(trainer, load, *arguments):
        pointers.append((load.data.inputs[0].unsafe_buffer_pointer(), load.data.targets[0].unsafe_buffer_pointer()))
        return plain(trainer, load, *arguments)

    def watched(function):
        def call(array, *arguments, **keywords):
            if isinstance(array, jax.Array) and array.shape[:1] == (20,):
                moved.append(array.shape)
            return function(array, *arguments, **keywords)

        return call

    monkeypatch.setattr(loop, "_train_on", spy)
    monkeypatch.setattr(np, "asarray", watched(np.asarray))
    monkeypatch.setattr(np, "array", watched(np.array))
    found = fitted(x, y, validation_data=(v, y))
    assert set(pointers) == {(x.unsafe_buffer_pointer(), y.unsafe_buffer_pointer())}
    model = linear()
    model.evaluate(x, y, 8, verbose=0)
    model.train_on_batch(x, y)
    assert moved == []
    monkeypatch.undo()
    assert_same(found, expected)
    np.testing.assert_array_equal(model.predict(x, 8), model.predict(X, 8))
    assert model.evaluate(x, y, 8, verbose=0) == model.evaluate(X, Y, 8, verbose=0)


def test_short_floats_and_complex_numbers():
    model = linear()
    expected = model.predict(np.ones((2, 2)))
    for x in (jnp.ones((2, 2), "float16"), jnp.ones((2, 2), "bfloat16"), np.ones((2, 2), jnp.bfloat16)):
        np.testing.assert_array_equal(model.predict(x), expected)
    with pytest.raises(ValueError, match=r"dtype complex64; expected real numbers"):
        model.predict(jnp.ones((2, 2), "complex64"))


def test_weights_of_samples_are_opened_too():
    one = jnp.arange(20.0)
    assert_same(fitted(X, Y, sample_weight=one), fitted(X, Y, sample_weight=np.arange(20)))
    with pytest.raises(ValueError, match=r"Sample weights have shape \(samples,\); got \(20, 1\)"):
        fitted(X, Y, sample_weight=sparse.csr_matrix(np.ones((20, 1))))


def test_arrays_of_jax_with_splits_words_and_other_types():
    assert_same(
        fitted(jnp.asarray(X, "bfloat16").astype("float32"), Y, validation_split=0.3),
        fitted(np.asarray(jnp.asarray(X, "bfloat16").astype("float32")), Y, validation_split=0.3),
    )
    model = Sequential([Embedding(5, 3, input_length=2), Flatten()])
    words = np.array([[1, 2], [3, 4]])
    np.testing.assert_array_equal(model.predict(jnp.asarray(words)), model.predict(words))
    with pytest.raises(ValueError, match=r"indices run from 0 to 4; got 7 at position \(1, 0\)"):
        model.predict(jnp.asarray([[1, 2], [7, 1]]))
    with pytest.raises(ValueError, match="holds NaN in 1 of 20 samples, first at index"):
        fitted(jnp.asarray(X).at[3, 1].set(jnp.nan), Y)


# ---- torch, which is not imported


class Tensor:
    """Has what matters of torch.Tensor."""

    def __init__(self, array, dtype="torch.float32"):
        self.held, self.dtype, self.detached = array, dtype, False
        self.shape, self.ndim = array.shape, array.ndim

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")

    def __len__(self):
        return len(self.held)

    def detach(self):
        tensor = Tensor(self.held, self.dtype)
        tensor.detached = True
        return tensor

    def cpu(self):
        return self

    def float(self):
        self.dtype = "torch.float32"
        return self

    def numpy(self):
        if not self.detached or self.dtype == "torch.bfloat16":
            raise TypeError(self.dtype)
        return self.held


def test_tensors():
    assert_same(
        fitted(Tensor(X), Tensor(Y, "torch.bfloat16"), sample_weight=np.ones(20)),
        fitted(X, Y, sample_weight=np.ones(20)),
    )
    loader = [[Tensor(X[start : start + 8]), Tensor(Y[start : start + 8])] for start in (0, 8, 16)]
    assert_same(fitted(loader), fitted(X, Y))


# ---- loaders


class Loader:
    """Batches that can be gone through again and again, as another library's data loader makes them."""

    def __init__(self, size=8, x=X, y=Y, weight=None):
        self.x, self.y, self.weight, self.size, self.passes = x, y, weight, size, 0

    def __iter__(self):
        self.passes += 1
        for start in range(0, len(self.x), self.size):
            part = slice(start, start + self.size)
            batch = (self.x[part], self.y[part])
            yield batch if self.weight is None else (*batch, self.weight[part])


@pytest.mark.usefixtures("no_thread_stays")
def test_loaders_are_gone_through_once_an_epoch():
    expected = fitted(X, Y, validation_data=(X[:10], Y[:10]))
    loader, held_out = Loader(), Loader(x=X[:10], y=Y[:10])
    found = fitted(loader, validation_data=held_out)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    assert (loader.passes, held_out.passes) == (2, 2)
    for a, b in zip(fitted(X, Y, validation_data=held_out), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    for a, b in zip(fitted(list(loader), validation_data=(X[:10], Y[:10])), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    model = linear(metrics=["mae"])
    np.testing.assert_allclose(model.evaluate(loader), model.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(list(loader)), model.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(model.predict(loader), model.predict(X), rtol=1e-6)
    for batch in ((X, Y), [X, Y], X):
        np.testing.assert_allclose(model.predict(Once(batch)), model.predict(X), rtol=1e-6)


def test_loaders_with_weights_and_of_dicts():
    weights = np.linspace(0, 1, 20)
    expected = fitted(X, Y, sample_weight=weights, batch_size=20, nb_epoch=1)
    assert_same(fitted(iter([(X, Y, weights)]), nb_epoch=1), expected)  # once is enough for one epoch
    ins = [Input((2,), name="a"), Input((2,), name="b")]
    model = Model(ins, Dense(1, name="out")(merge(ins, mode="concat")))
    model.compile("sgd", "mse")
    start = model.get_weights()
    results = []
    for batch in (({"a": X, "b": X}, {"out": Y}), {"a": X, "b": X, "out": Y}, ([X, X], Y)):
        model.set_weights(start)
        model.fit([batch] if not isinstance(batch, dict) else Once(batch), nb_epoch=2, verbose=0)
        results.append(model.get_weights())
    assert_same(results[0], results[1])
    assert_same(results[0], results[2])


class Once:
    def __init__(self, batch):
        self.batch = batch

    def __iter__(self):
        yield self.batch


def test_a_list_of_dicts_is_a_loader_and_what_says_it_is_an_array_is_none():
    model = linear()
    ((x,), (y,)) = model.input_names, model.output_names
    batches = [{x: X[:15], y: Y[:15]}, {x: X[15:], y: Y[15:]}]
    assert model.evaluate(batches) == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert len(model.fit(batches, nb_epoch=2, verbose=0).history["loss"]) == 2

    class Rows:
        def __array__(self, dtype=None, copy=None):
            return np.asarray(X, dtype)

        def __iter__(self):
            return iter(X)

    np.testing.assert_array_equal(model.predict(Rows()), model.predict(X))
    with pytest.raises(ValueError, match=r"is an object of type generator; .* given to fit without y"):
        model.fit((batch for batch in batches), Y, verbose=0)


def test_a_loader_may_write_into_the_arrays_that_it_yielded():
    class Reuses:
        def __iter__(self):
            x, y, weight = np.empty((4, 2), "float32"), np.empty((4, 1), "float32"), np.empty(4, "float32")
            for start in range(0, 20, 4):
                x[:], y[:], weight[:] = X[start : start + 4], Y[start : start + 4], start + 1
                yield x, y, weight
            x[:] = y[:] = weight[:] = np.nan

    batches = [(X[i : i + 4], Y[i : i + 4], np.full(4, i + 1)) for i in range(0, 20, 4)]
    assert_same(fitted(Reuses(), nb_epoch=4), fitted(batches, nb_epoch=4))
    model = linear()
    np.testing.assert_array_equal(model.predict(Reuses()), model.predict(X, batch_size=4))
    assert model.evaluate(Reuses()) == model.evaluate(batches)


def test_class_weight_with_a_loader():
    labels = np.arange(20) % 2
    weights, result = {0: 1.0, 1: 5.0}, []
    for x, y in ((X, labels), ([(X, labels)], None)):
        model = Sequential([Dense(2, input_dim=2, init="one", activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.fit(x, y, 20, 1, verbose=0, class_weight=weights)
        result.append(model.get_weights())
    assert_same(*result)


def test_the_bar_learns_how_many_samples_there_are(capsys):
    seen = []

    class Watch(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(self.params["nb_sample"])

    fitted(Loader(), verbose=1, callbacks=[Watch()])
    assert seen == [None, 20]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/2" and lines[1].split(" - ")[0].strip() == "20/Unknown"
    assert lines[3].startswith("20/20 [====")
    assert len(lines) == 4
    told = Loader()
    told.dataset = X
    fitted(told, callbacks=[Watch()])
    assert seen[2:] == [20, 20]


@pytest.mark.usefixtures("no_thread_stays")
@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (lambda: iter([(X, Y)]), {}, r"x is an iterator \(list_iterator\), which can be gone through once, but there are 2 epochs\. .*fit_generator"),
        (lambda: ((X, Y) for _ in range(9)), {}, r"x is an iterator \(generator\)"),
        (lambda: Exhausted(), {}, r"yielded no batches in epoch 2\. .*start anew"),
        (Loader, {"validation_split": 0.1}, "validation_split does not go with a loader"),
        (Loader, {"sample_weight": np.ones(20)}, r"sample_weight does not go with a loader as x: .*\(x, y, sample_weight\)"),
        (Loader, {"validation_data": iter([(X, Y)])}, "validation_data is an iterator"),
        (lambda: X, {}, r"model target: no data were given \(None\)"),
        (lambda: [X, X], {}, "has 2 entries; the model expects 1"),
        (lambda: Loader(y=Y[:, [0, 0]]), {}, r"Targets for .* of shape \(8, 2\)"),
        (lambda: Once(X), {}, r"yields \(x, y\) or \(x, y, sample_weight\)"),
        (lambda: Once((X, Y, None, 3)), {}, "got tuple of 4 entries"),
        (lambda: ImageDataGenerator().flow(np.zeros((4, 1, 2, 2)), np.zeros(4)), {"nb_epoch": 1}, r"without an end \(NumpyArrayIterator\)"),
    ],
)  # fmt: skip
def test_loaders_that_do_not_do(x, options, message):
    with pytest.raises(ValueError, match=message):
        fitted(x(), **options)


class Exhausted:
    """Forgets to start anew."""

    def __init__(self):
        self.iterator = iter([(X, Y)])

    def __iter__(self):
        return self.iterator


def test_evaluating_nothing():
    with pytest.raises(ValueError, match="The loader yielded no batches"):
        linear().evaluate(iter([]))
    with pytest.raises(ValueError, match="The loader yielded no batches"):
        linear().predict(iter([]))


@pytest.mark.usefixtures("no_thread_stays")
def test_an_error_in_a_loader_comes_up():
    class Broken:
        def __iter__(self):
            yield X, Y
            raise FileNotFoundError("image_17.png")

    with pytest.raises(FileNotFoundError, match="image_17"):
        fitted(Broken())
    with pytest.raises(FileNotFoundError, match="image_17"):
        linear().evaluate(Broken())


def test_an_array_without_targets_is_told_what_goes_without_them():
    model = Sequential([Dense(1, input_dim=3)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"no data were given \(None\).*Without y, x is a loader that yields batches"):
        model.fit(np.zeros((4, 3)))
