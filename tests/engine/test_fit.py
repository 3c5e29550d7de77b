"""fit: the order of samples, weights, validation, logs, callbacks, as Keras 1.2.2's loop has them."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks import Callback, EarlyStopping, LambdaCallback, LearningRateScheduler, ReduceLROnPlateau
from jkeras.layers import Dense, Dropout, Input, Masking, TimeDistributedDense
from jkeras.models import Model, Sequential
from jkeras.optimizers import SGD
from tests.engine.small import assert_same, linear, samples


def two_by_two():
    """Return an uncompiled model with inputs a, b and outputs p (2 classes), q (1 number)."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    p = Dense(2, activation="softmax", name="p")(a)
    q = Dense(1, name="q")(b)
    return Model(input=[a, b], output=[p, q])


def two_by_two_data(count=7):
    rng = np.random.default_rng(1)
    x = {"a": rng.normal(size=(count, 3)), "b": rng.normal(size=(count, 2))}
    return x, {"p": np.eye(2)[rng.integers(0, 2, count)], "q": rng.normal(size=(count, 1))}


# ---- the loop against numpy


def numpy_fit(weights, x, y, batch_size, nb_epoch, shuffle, lr=0.1):
    """Keras 1's loop for a linear model with mse and SGD; return the weights and the loss of each epoch."""
    w, b = (weight.astype("float64") for weight in weights)
    index, losses = np.arange(len(x)), []
    for _ in range(nb_epoch):
        if shuffle == "batch":
            whole = len(x) // batch_size * batch_size
            blocks = index[:whole].reshape(-1, batch_size)
            np.random.shuffle(blocks)
            index = np.append(blocks.flatten(), index[whole:])
        elif shuffle:
            np.random.shuffle(index)
        total = 0.0
        for start in range(0, len(x), batch_size):
            rows = index[start : start + batch_size]
            error = x[rows] @ w + b - y[rows]
            total += np.mean(error**2) * len(rows)
            w, b = w - lr * 2 * x[rows].T @ error / len(rows), b - lr * 2 * error.mean(axis=0)
        losses.append(total / len(x))
    return [w, b], losses


@pytest.mark.parametrize("shuffle", [True, False, "batch"])
@pytest.mark.parametrize("batch_size", [4, 16])
def test_fit_is_keras_loop_with_its_order_of_samples(shuffle, batch_size):
    model, (x, y) = linear(), samples(10)
    before = model.get_weights()
    np.random.seed(5)
    history = model.fit(x, y, batch_size, nb_epoch=3, verbose=0, shuffle=shuffle)
    np.random.seed(5)
    weights, losses = numpy_fit(before, x, y, batch_size, 3, shuffle)
    for got, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-5)
    assert history.epoch == [0, 1, 2]
    assert model.history is history


def test_an_epoch_of_many_chunks_is_the_same_loop():
    model, (x, y) = linear(lr=0.01), samples(600)
    before = model.get_weights()
    history = model.fit(x, y, batch_size=1, nb_epoch=1, verbose=0, shuffle=False)
    weights, losses = numpy_fit(before, x, y, 1, 1, False, lr=0.01)
    np.testing.assert_allclose(model.get_weights()[0], weights[0], rtol=1e-4)
    np.testing.assert_allclose(history.history["loss"], losses, rtol=1e-4)


def test_initial_epoch_counts_on_and_may_leave_nothing_to_do():
    model, (x, y) = linear(), samples(4)
    begun = []
    callback = LambdaCallback(on_epoch_begin=lambda epoch, logs: begun.append(epoch))
    history = model.fit(x, y, nb_epoch=5, initial_epoch=3, verbose=0, callbacks=[callback])
    assert begun == history.epoch == [3, 4]
    before = model.get_weights()
    for nb_epoch, initial_epoch in ((0, 0), (3, 3), (2, 5)):
        history = model.fit(x, y, nb_epoch=nb_epoch, initial_epoch=initial_epoch, verbose=0)
        assert history.epoch == []
        assert history.history == {}
    assert_same(model.get_weights(), before)


# ---- the forms of data


def test_lists_and_dicts_are_the_same():
    x, y = two_by_two_data()
    weights = {"p": np.arange(7.0), "q": np.ones(7)}
    start = None
    results = []
    for form in (lambda d, names: d, lambda d, names: [d[name] for name in names]):
        model = two_by_two()
        start = start or model.get_weights()
        model.set_weights(start)
        model.compile(
            SGD(lr=0.1),
            loss=form({"p": "categorical_crossentropy", "q": "mse"}, "pq"),
            metrics={"p": ["accuracy"]},
            loss_weights=form({"p": 0.5, "q": 2.0}, "pq"),
        )
        assert model.metrics_names == ["loss", "p_loss", "q_loss", "p_acc"]
        inputs, targets, w = form(x, "ab"), form(y, "pq"), form(weights, "pq")
        history = model.fit(inputs, targets, 7, 2, verbose=0, shuffle=False, sample_weight=w)
        evaluated = model.evaluate(inputs, targets, 7, verbose=0, sample_weight=w)
        outputs = model.predict(inputs, 7)
        assert [output.shape for output in outputs] == [(7, 2), (7, 1)]
        results.append([*model.get_weights(), evaluated, *outputs, *history.history.values()])
        assert list(history.history) == model.metrics_names
    assert_same(*results)
    loss, p_loss, q_loss, _ = results[0][4]
    assert loss == pytest.approx(0.5 * p_loss + 2 * q_loss, rel=1e-5)


def test_class_weight_is_a_weight_for_each_sample_and_loses_against_sample_weight():
    x, y = two_by_two_data()
    classes = y["p"].argmax(axis=1)
    model = two_by_two()
    model.compile("sgd", {"p": "categorical_crossentropy", "q": "mse"})
    start = model.get_weights()

    def run(**kwargs):
        model.set_weights(start)
        return model.train_on_batch(x, y, **kwargs)

    per_sample = np.where(classes == 0, 0.5, 3.0)
    by_class = run(class_weight={"p": {0: 0.5, 1: 3.0}})
    assert by_class == run(sample_weight={"p": per_sample})
    assert by_class != run()
    both = run(class_weight={"p": {0: 0.5, 1: 3.0}}, sample_weight={"p": np.arange(1.0, 8.0)})
    assert both == run(sample_weight={"p": np.arange(1.0, 8.0)})


def test_sequential_takes_class_weight_before_sample_weight():
    model = Sequential([Dense(2, input_dim=2, activation="softmax")])
    model.compile(SGD(lr=0.0), "categorical_crossentropy")
    x, _ = samples(4)
    y = np.eye(2)[[0, 1, 1, 0]]
    assert model.train_on_batch(x, y, {0: 0.0, 1: 1.0}) == model.train_on_batch(x, y, sample_weight=[0, 1, 1, 0])
    # A sample of weight zero does not count as a sample.
    assert model.test_on_batch(x, y, sample_weight=[0, 1, 1, 0]) == pytest.approx(model.test_on_batch(x[1:3], y[1:3]))


def test_masks_and_temporal_weights_in_the_loss():
    model = Sequential([Masking(input_shape=(3, 2)), TimeDistributedDense(1)])
    model.compile("sgd", "mse", sample_weight_mode="temporal")
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 3, 2)).astype("float32"), rng.normal(size=(4, 3, 1)).astype("float32")
    x[0, 2] = x[3, 1:] = 0
    mask = np.any(x != 0, axis=-1)
    weights = rng.uniform(size=(4, 3)) * (rng.uniform(size=(4, 3)) > 0.3)
    error = np.square(model.predict(x) - y).mean(axis=-1) * mask / mask.mean()
    assert model.test_on_batch(x, y) == pytest.approx(error.mean(), rel=1e-5)
    expected = np.mean(error * weights / np.mean(weights != 0))
    assert model.test_on_batch(x, y, sample_weight=weights) == pytest.approx(expected, rel=1e-5)
    assert model.evaluate(x, y, verbose=0, sample_weight=weights) == pytest.approx(expected, rel=1e-5)


# ---- validation


class Watch(Callback):
    """Remembers the weights at the end of each epoch, and the logs."""

    def on_train_begin(self, logs=None):
        self.weights, self.logs = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())
        self.logs.append(dict(logs))


def test_validation_split_takes_the_tail_and_is_not_shuffled():
    model, (x, y) = linear(metrics=["mae"]), samples(10)
    weights = np.arange(1.0, 11.0)
    watch = Watch()
    history = model.fit(x, y, 3, 2, verbose=0, validation_split=0.35, sample_weight=weights, callbacks=[watch])
    # As in Keras 1 the loop brings the results of validation, then BaseLogger the averages.
    assert list(history.history) == ["val_loss", "val_mean_absolute_error", "loss", "mean_absolute_error"]
    at = int(10 * (1 - 0.35))
    for epoch, state in enumerate(watch.weights):
        model.set_weights(state)
        expected = model.evaluate(x[at:], y[at:], 3, verbose=0, sample_weight=weights[at:])
        assert [history.history[f"val_{name}"][epoch] for name in model.metrics_names] == expected
    assert_same(watch.validation_data, [x[at:], y[at:], weights[at:].astype("float32")])
    assert model.validation_data is watch.validation_data
    assert watch.params["nb_sample"] == at


def test_validation_data_may_carry_weights_and_takes_none_of_the_training():
    model = Sequential([Dense(2, input_dim=2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    x, _ = samples(6)
    y = np.eye(2)[[0, 1, 1, 0, 1, 0]]
    watch, weights = Watch(), np.arange(6.0)
    fit = {"verbose": 0, "nb_epoch": 1, "callbacks": [watch], "class_weight": {0: 1.0, 1: 5.0}}
    history = model.fit(x, y, validation_data=(x, y), **fit)
    assert history.history["val_loss"] == [model.evaluate(x, y, verbose=0)]
    # Keras 1 gives callbacks weights also where there are none.
    np.testing.assert_array_equal(watch.validation_data[2], np.ones(6))
    history = model.fit(x, y, validation_data=[x, y, weights], **fit)
    assert history.history["val_loss"] == [model.evaluate(x, y, verbose=0, sample_weight=weights)]
    model.fit(x, y, **fit)
    assert watch.validation_data is None
    assert watch.params["do_validation"] is False


# ---- callbacks


class Recorder(Callback):
    """Writes down all calls."""

    def __init__(self, calls, name):
        super().__init__()
        self.calls, self.name = calls, name

    def on_train_begin(self, logs=None):
        self.calls.append((self.name, "train_begin", dict(logs)))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append((self.name, "epoch_begin", epoch))

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((self.name, "epoch_end", epoch, sorted(logs)))
        logs[f"from_{self.name}"] = epoch

    def on_train_end(self, logs=None):
        self.calls.append((self.name, "train_end"))


def test_callbacks_are_called_in_order_and_see_what_those_before_them_logged():
    model, (x, y) = linear(), samples(5)
    calls = []
    one, two = Recorder(calls, "one"), Recorder(calls, "two")
    history = model.fit(x, y, 2, 2, verbose=0, callbacks=[one, two], validation_split=0.2)
    values = ["loss", "val_loss"]
    assert [call for call in calls if call[0] == "one"] == [
        ("one", "train_begin", {}),
        ("one", "epoch_begin", 0),
        ("one", "epoch_end", 0, values),
        ("one", "epoch_begin", 1),
        ("one", "epoch_end", 1, ["loss", "val_loss"]),
        ("one", "train_end"),
    ]
    assert [call[0] for call in calls] == ["one", "two"] * 6
    assert calls[5] == ("two", "epoch_end", 0, sorted([*values, "from_one"]))
    assert history.history["from_two"] == [0, 1]
    assert one.model is model
    assert one.params == {
        "batch_size": 2,
        "nb_epoch": 2,
        "nb_sample": 4,
        "verbose": 0,
        "do_validation": True,
        "metrics": ["loss", "val_loss"],
    }


class Batches(Callback):
    """Writes down what it is told of each batch, and the weights at that moment."""

    def on_train_begin(self, logs=None):
        self.begun, self.ended = [], []

    def on_batch_begin(self, batch, logs=None):
        logs["seen"] = batch
        self.begun.append((batch, logs["size"], self.model.get_weights()))

    def on_batch_end(self, batch, logs=None):
        assert logs["seen"] == logs["batch"] == batch  # one dict for both, as in Keras 1
        self.ended.append((logs["loss"], logs["acc"], self.model.get_weights()))


def test_a_callback_that_watches_batches_sees_each_with_the_weights_of_the_moment():
    def make():
        K.reset_uids()  # random keys are made from the layers' names
        np.random.seed(3)
        model = Sequential([Dense(4, input_dim=2), Dropout(0.5), Dense(2, activation="softmax")])
        model.compile(SGD(lr=0.1, momentum=0.9), "categorical_crossentropy", metrics=["acc"])
        return model

    x, _ = samples(12)
    y = np.eye(2)[np.arange(12) % 2]
    watch = Batches()
    model, plain, by_hand = make(), make(), make()
    history = model.fit(x, y, 4, 2, verbose=0, shuffle=False, callbacks=[watch])
    assert [(batch, size) for batch, size, _ in watch.begun] == [(0, 4), (1, 4), (2, 4)] * 2
    for (_, _, before), (loss, acc, after), start in zip(watch.begun, watch.ended, [0, 4, 8] * 2, strict=True):
        assert_same(before, by_hand.get_weights())
        values = by_hand.train_on_batch(x[start : start + 4], y[start : start + 4])
        np.testing.assert_allclose([loss, acc], values, rtol=1e-6)
        for got, expected in zip(after, by_hand.get_weights(), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
        by_hand.set_weights(after)
    # Watching changes no bit.
    unwatched = plain.fit(x, y, 4, 2, verbose=0, shuffle=False)
    assert_same(model.get_weights(), plain.get_weights())
    assert unwatched.history == history.history


def test_what_a_callback_does_between_batches_counts_at_once():
    model, (x, y) = linear(), samples(4)
    zero = [np.zeros((2, 1)), np.zeros(1)]
    reset = LambdaCallback(on_batch_begin=lambda batch, logs: model.set_weights(zero))
    losses = []
    note = LambdaCallback(on_batch_end=lambda batch, logs: losses.append(logs["loss"]))
    model.fit(x, y, 2, 1, verbose=0, shuffle=False, callbacks=[reset, note])
    np.testing.assert_allclose(losses, [np.mean(y[:2] ** 2), np.mean(y[2:] ** 2)], rtol=1e-6)


def test_stop_training_ends_after_the_epoch():
    model, (x, y) = linear(), samples(5)
    ended = []

    def stop(batch, logs):
        model.stop_training = True

    callbacks = [
        LambdaCallback(on_batch_end=stop),
        LambdaCallback(on_batch_end=lambda batch, logs: ended.append(logs["size"])),
    ]
    assert model.fit(x, y, 2, 5, verbose=0, callbacks=callbacks).epoch == [0]
    assert ended == [2, 2, 1]
    # Keras 1 clears the flag when training has begun.
    assert model.fit(
        x, y, nb_epoch=2, verbose=0, callbacks=[LambdaCallback(on_train_begin=lambda logs: stop(0, logs))]
    ).epoch == [0, 1]


def test_callbacks_that_steer_training():
    x, y = samples(8)
    by_hand, scheduled = linear(lr=0.0), linear(lr=9.0)
    scheduled.set_weights(by_hand.get_weights())
    rates = [0.2, 0.05, 0.1]
    scheduled.fit(x, y, 4, 3, verbose=0, shuffle=False, callbacks=[LearningRateScheduler(rates.__getitem__)])
    for rate in rates:
        by_hand.optimizer.lr = rate
        by_hand.fit(x, y, 4, 1, verbose=0, shuffle=False)
    assert_same(by_hand.get_weights(), scheduled.get_weights())
    K.set_value(scheduled.optimizer.lr, 0.0)
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=0)
    scheduled.optimizer.lr = 1e-12
    history = scheduled.fit(x, y, nb_epoch=3, verbose=0, callbacks=[plateau], shuffle=False)
    np.testing.assert_allclose(history.history["lr"], [1e-12, 1e-12, 5e-13], rtol=1e-6)
    history = scheduled.fit(
        x, y, nb_epoch=9, verbose=0, callbacks=[EarlyStopping("loss", min_delta=1e-3)], shuffle=False
    )
    assert history.epoch == [0, 1]


def test_compiling_anew_in_a_callback_takes_effect_with_the_next_fit():
    model, (x, y) = linear(), samples(4)
    other = linear()
    other.set_weights(model.get_weights())
    recompile = LambdaCallback(on_epoch_end=lambda epoch, logs: model.compile(SGD(lr=0.0), "mae", metrics=["mse"]))
    history = model.fit(x, y, 2, 3, verbose=0, shuffle=False, callbacks=[recompile], validation_data=(x, y))
    expected = other.fit(x, y, 2, 3, verbose=0, shuffle=False, validation_data=(x, y))
    assert history.history == expected.history
    assert_same(model.get_weights(), other.get_weights())
    assert list(model.fit(x, y, nb_epoch=1, verbose=0).history) == ["loss", "mean_squared_error"]
    assert_same(model.get_weights(), other.get_weights())


# ---- reproducibility


def test_a_seed_fixes_every_bit():
    x, y = samples(20)

    def run(seed):
        K.reset_uids()
        np.random.seed(seed)
        model = Sequential([Dense(8, input_dim=2, activation="relu"), Dropout(0.5), Dense(1)])
        model.compile("adam", "mse")
        return [*model.get_weights(), model.fit(x, y, 10, 3, verbose=0).history["loss"]]

    one = run(1)
    assert_same(one, run(1))
    assert not np.array_equal(one[0], run(2)[0])


# ---- what is printed


def test_what_fit_prints(capsys):
    model, (x, y) = linear(metrics=["mae"]), samples(10)
    model.fit(x, y, 4, 2, verbose=0)
    assert capsys.readouterr().out == ""
    history = model.fit(x, y, 4, 2, verbose=2, validation_split=0.2).history
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Train on 8 samples, validate on 2 samples"
    assert lines[1::2] == ["Epoch 1/2", "Epoch 2/2"]
    names = ("loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error")
    for epoch, line in enumerate(lines[2::2]):
        seconds, rest = line.split("s", 1)
        assert seconds.isdigit()
        assert rest == "".join(f" - {name}: {history[name][epoch]:.4f}" for name in names)
    model.fit(x, y, 4, 1, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Epoch 1/1"
    assert lines[1].startswith(f"10/10 [{'=' * 30}] - 0s - loss: ")
    assert len(lines) == 2


# ---- mistakes


def test_mistakes_are_named_before_anything_runs():
    model, (x, y) = linear(), samples(4)
    before = model.get_weights()
    for message, kwargs in (
        ("batch_size is a positive whole number; got 0", {"batch_size": 0}),
        ("batch_size is a positive whole number; got 2.5", {"batch_size": 2.5}),
        ("shuffle is True, False or 'batch'; got 'batches'", {"shuffle": "batches"}),
        ("validation_data is .* got list of 4 entries", {"validation_data": [x, y, y, y]}),
        ("validation_split is a share between 0 and 1; got 1.5", {"validation_split": 1.5}),
        ("validation_split=0.99 of 4 samples leaves 0 to train", {"validation_split": 0.99}),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(x, y, verbose=0, **kwargs)
    with pytest.raises(TypeError, match="put it in a list"):
        model.fit(x, y, verbose=0, callbacks=Callback())
    assert_same(model.get_weights(), before)
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(RuntimeError, match=rf"not compiled: call model.compile\(optimizer, loss\) before {method}"):
            getattr(Sequential([Dense(1, input_dim=2)]), method)(x, y)


def test_profile_writes_a_trace_that_shows_the_compiled_loop(tmp_path):
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    x, y = np.zeros((8, 3)), np.zeros((8, 2))
    model.fit(x, y, nb_epoch=1, verbose=0, profile=str(tmp_path / "arrays"))
    model.fit([(x, y)], nb_epoch=1, verbose=0, profile=str(tmp_path / "loader"))
    for place in ("arrays", "loader"):
        (trace,) = (tmp_path / place).rglob("*.xplane.pb")
        assert b"_train_batch" in trace.read_bytes()
