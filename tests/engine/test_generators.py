"""fit_generator and its kin: numbers, order, threads, and generators that end, fail or yield something else."""

import itertools
import threading
import time
import traceback

import numpy as np
import pytest

from jkeras.callbacks import LambdaCallback
from jkeras.engine.training import GeneratorEnqueuer
from jkeras.layers import Dense, Dropout, Input, merge
from jkeras.models import Graph, Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


pytestmark = pytest.mark.usefixtures("no_thread_stays")


def model_of(**kwargs):
    np.random.seed(1)
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(1)])
    model.compile("adam", "mse", **kwargs)
    return model


def batches(size=8, x=X, y=Y):
    while True:
        for start in range(0, len(x), size):
            yield x[start : start + size], y[start : start + size]


@pytest.mark.parametrize("nb_worker", [1, 8])
def test_the_numbers_are_those_of_fit(nb_worker):
    one, other = model_of(metrics=["mae"]), model_of(metrics=["mae"])
    expected = one.fit(X, Y, batch_size=8, nb_epoch=3, shuffle=False, verbose=0, validation_data=(X, Y))
    found = other.fit_generator(
        batches(), 20, 3, verbose=0, validation_data=batches(), nb_val_samples=20, nb_worker=nb_worker
    )
    assert list(found.history) == list(expected.history)
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, rtol=1e-5)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        other.evaluate_generator(batches(), 20, nb_worker=nb_worker), other.evaluate(X, Y, verbose=0), rtol=1e-5
    )
    np.testing.assert_allclose(
        other.predict_generator(batches(), 20, nb_worker=nb_worker), other.predict(X), rtol=1e-5, atol=1e-6
    )


def test_validation_arrays_and_weights():
    model = model_of()
    seen = []
    watch = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_loss"]))
    weights = np.linspace(0, 1, 20)
    model.fit_generator(batches(), 20, 2, verbose=0, validation_data=(X, Y, weights), callbacks=[watch])
    np.testing.assert_allclose(seen[1], model.evaluate(X, Y, 4, sample_weight=weights, verbose=0), rtol=1e-5)


def test_sample_and_class_weights():
    labels = np.arange(20) % 2
    one, other = (Sequential([Dense(2, input_dim=3, init="one", activation="softmax")]) for _ in range(2))
    for model in (one, other):
        model.compile("sgd", "sparse_categorical_crossentropy")
    one.fit(X, labels, batch_size=20, nb_epoch=1, class_weight={0: 1.0, 1: 5.0}, verbose=0)
    other.fit_generator(iter([(X, labels)]), 20, 1, class_weight={0: 1.0, 1: 5.0}, verbose=0)
    np.testing.assert_allclose(one.get_weights()[0], other.get_weights()[0], rtol=1e-6)
    weighted = (X, labels, np.where(labels == 1, 5.0, 1.0))
    other.set_weights([np.ones((3, 2)), np.zeros(2)])
    other.fit_generator(iter([weighted]), 20, 1, verbose=0)
    np.testing.assert_allclose(one.get_weights()[0], other.get_weights()[0], rtol=1e-5)


def test_several_inputs_by_name():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    out = Dense(1, name="out")(merge([a, b], mode="concat"))
    model = Model([a, b], out)
    model.compile("sgd", "mse")
    batch = {"a": X, "b": X}, {"out": Y}
    model.fit_generator(itertools.repeat(batch), 20, 1, verbose=0)
    assert model.predict_generator(itertools.repeat({"a": X, "b": X}), 40).shape == (40, 1)
    assert model.predict_generator(itertools.repeat([X, X]), 20).shape == (20, 1)


@pytest.mark.filterwarnings("ignore:.*is Keras 0.3's:UserWarning")
def test_graphs_take_dicts():
    graph = Graph()
    graph.add_input("x", input_shape=(3,))
    graph.add_node(Dense(1), "dense", input="x")
    graph.add_output("y", input="dense")
    graph.compile("sgd", {"y": "mse"})
    data = {"x": X, "y": Y}
    history = graph.fit_generator(itertools.repeat(data), 20, 3, verbose=0, validation_data=data)
    assert history.history["val_loss"][2] < history.history["val_loss"][0]
    assert graph.predict_generator(itertools.repeat(data), 20)["y"].shape == (20, 1)
    np.testing.assert_allclose(graph.evaluate_generator(itertools.repeat(data), 20), graph.evaluate(data), rtol=1e-5)


def test_show_accuracy_and_unknown_words():
    model = model_of()
    with pytest.warns(UserWarning, match="show_accuracy"):
        history = model.fit_generator(batches(), 20, 1, verbose=0, show_accuracy=True)
    assert "acc" in history.history
    with pytest.raises(TypeError, match="Perhaps you meant 'nb_worker'"):
        model.fit_generator(batches(), 20, 1, verbose=0, nb_workers=2)


def test_something_to_iterate_over_again_and_again():
    model = model_of()
    history = model.fit_generator([(X[:10], Y[:10]), (X[10:], Y[10:])], 20, 3, verbose=0)
    assert len(history.epoch) == 3
    with pytest.raises(TypeError, match="something to iterate over; got int"):
        model.fit_generator(3, 20, 1, verbose=0)


def test_initial_epoch_and_stop():
    model = model_of()
    epochs = []
    stop = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epochs.append(epoch),
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 3),
    )
    model.fit_generator(batches(), 20, 10, initial_epoch=2, verbose=0, callbacks=[stop])
    assert epochs == [2, 3]


# ---- generators that do not do what they should


def test_the_end_of_a_generator():
    model = model_of()
    with pytest.warns(UserWarning, match="ended in epoch 2 of 5, after 8 of its 16 samples"):
        history = model.fit_generator(itertools.islice(batches(8, X[:16], Y[:16]), 3), 16, 5, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.raises(ValueError, match="ended after 8 samples; val_samples=20 were asked for"):
        model.evaluate_generator(itertools.islice(batches(), 1), 20)
    with pytest.raises(ValueError, match="ended after 8 samples"):
        model.predict_generator(itertools.islice(batches(), 1), 20)
    with pytest.warns(UserWarning, match="ended in epoch 1"):
        assert model.fit_generator(iter([]), 16, 5, verbose=0).epoch == []


def test_more_samples_than_asked_for():
    model = model_of()
    with pytest.warns(UserWarning, match="did not add up to samples_per_epoch=18: 20 samples were used"):
        model.fit_generator(batches(10), 18, 1, verbose=0)
    with pytest.warns(UserWarning, match="did not add up to val_samples=18"):
        assert model.predict_generator(batches(10), 18).shape == (18, 1)


@pytest.mark.parametrize("nb_worker", [1, 8])
def test_an_error_in_a_generator_comes_up_with_its_own_traceback(nb_worker):
    def broken():
        yield X[:8], Y[:8]
        open_the_missing_file()

    def open_the_missing_file():
        raise FileNotFoundError("image_17.png")

    model = model_of()
    before = model.get_weights()
    with pytest.raises(FileNotFoundError, match="image_17") as caught:
        model.fit_generator(broken(), 100, 1, verbose=0, nb_worker=nb_worker)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "open_the_missing_file" in names
    assert not np.array_equal(before[0], model.get_weights()[0])  # the batch before it counted
    model.fit_generator(batches(), 20, 1, verbose=0)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (X, r"yields \(x, y\) or \(x, y, sample_weight\), .* got ndarray"),
        ((X, Y, None, None), "got tuple of 4 entries"),
        ((X[:, :2], Y), "to have shape"),
        ((X, Y[:5]), "same number of samples"),
    ],
)
def test_batches_that_do_not_fit(made, message):
    with pytest.raises(ValueError, match=message):
        model_of().fit_generator(itertools.repeat(made), 20, 1, verbose=0)


def test_validation_generators_need_a_number():
    with pytest.raises(ValueError, match="nb_val_samples"):
        model_of().fit_generator(batches(), 20, 1, verbose=0, validation_data=batches())
    with pytest.raises(ValueError, match="samples_per_epoch is a positive whole number"):
        model_of().fit_generator(batches(), 0, 1, verbose=0)


def test_processes_are_not_to_be_had():
    with pytest.warns(UserWarning, match="jkeras uses threads"):
        model_of().fit_generator(batches(), 20, 1, verbose=0, pickle_safe=True)


def test_a_failing_callback_ends_the_threads():
    def fail(batch, logs):
        raise RuntimeError("callback")

    with pytest.raises(RuntimeError, match="callback"):
        model_of().fit_generator(
            batches(), 20, 1, verbose=0, nb_worker=8, callbacks=[LambdaCallback(on_batch_end=fail)]
        )


# ---- the threads


def test_workers_neither_repeat_nor_lose_a_batch():
    def numbers():  # a plain generator: two threads inside it at once would be an error
        yield from itertools.count()

    enqueuer = GeneratorEnqueuer(numbers())
    enqueuer.start(nb_worker=8, max_q_size=4)
    assert enqueuer.is_running()
    assert [enqueuer.get() for _ in range(500)] == list(range(500))
    enqueuer.stop()
    assert not enqueuer.is_running()


def test_no_more_batches_wait_than_allowed():
    made = []

    def numbers():
        for number in itertools.count():
            made.append(number)
            yield number

    enqueuer = GeneratorEnqueuer(numbers())
    enqueuer.start(nb_worker=2, max_q_size=3)
    deadline = time.monotonic() + 60
    while len(made) < 4 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(made) <= 4  # three in the queue, and one whose thread waits for a place
    assert enqueuer.get() == 0
    enqueuer.stop()


def test_prepared_batches_keep_their_order():
    def slow_for_even(number):
        time.sleep(0.003 * (number % 2 == 0))
        return -number

    enqueuer = GeneratorEnqueuer(iter(range(60)), prepare=slow_for_even)
    enqueuer.start(nb_worker=4)
    assert [enqueuer.get() for _ in range(60)] == [-number for number in range(60)]
    with pytest.raises(StopIteration):
        enqueuer.get()
    enqueuer.stop()


def test_thread_safe_iterators_are_asked_by_all_threads_at_once():
    class Slow:
        thread_safe = True

        def __init__(self):
            self.numbers = itertools.count()
            self.inside = self.most = 0
            self.lock = threading.Lock()

        def __iter__(self):
            return self

        def __next__(self):
            with self.lock:
                number = next(self.numbers)
                self.inside += 1
                self.most = max(self.most, self.inside)
            barrier.wait(5)
            with self.lock:
                self.inside -= 1
            return number

    barrier = threading.Barrier(4)
    slow = Slow()
    enqueuer = GeneratorEnqueuer(slow)
    enqueuer.start(nb_worker=4)
    assert sorted(enqueuer.get() for _ in range(40)) == list(range(40))
    barrier.abort()
    enqueuer.stop()
    assert slow.most == 4


def test_random_layers_draw_anew_at_every_batch():
    model = Sequential([Dropout(0.5, input_shape=(3,)), Dense(1, init="one", trainable=False)])
    model.compile("sgd", "mse")
    losses = []
    watch = LambdaCallback(on_batch_end=lambda batch, logs: losses.append(float(logs["loss"])))
    model.fit_generator(itertools.repeat((X, Y)), 60, 1, verbose=0, callbacks=[watch])
    assert len(set(losses)) == 3


# ---- eight threads, and something goes wrong


class Faulty:
    """Batches of which one is at fault; all threads may be in it at once if `thread_safe`."""

    def __init__(self, fault, at=11, thread_safe=False):
        self.fault, self.at, self.thread_safe = fault, at, thread_safe
        self.numbers, self.lock = itertools.count(), threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            number = next(self.numbers)
        if number == self.at:
            return self.fault()
        if number > self.at and self.fault is ended:
            raise StopIteration
        time.sleep(0.001 * (number % 3))
        return X[:4], Y[:4]


def broken():
    raise ZeroDivisionError("batch 11")


def interrupted():
    raise KeyboardInterrupt("in the generator")


def exits():
    raise SystemExit(3)


def ended():
    raise StopIteration


def slow():
    time.sleep(0.2)
    return X[:4], Y[:4]


@pytest.mark.parametrize("thread_safe", [False, True])
@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (broken, ZeroDivisionError, "batch 11"),
        (interrupted, KeyboardInterrupt, "in the generator"),
        (exits, SystemExit, "3"),
        (lambda: (X[:4],), ValueError, r"yields \(x, y\) or \(x, y, sample_weight\), .* got tuple of 1 entries"),
        (lambda: None, ValueError, "got NoneType"),
        (lambda: (X[:4], Y[:3]), ValueError, "same number of samples"),
        (lambda: (X[:4, :2], Y[:4]), ValueError, "to have shape"),
        (lambda: (X[:4] * np.nan, Y[:4]), ValueError, "holds NaN in 4 of 4 samples"),
        (lambda: ([[1, 2, 3], [1]], Y[:2]), ValueError, "ragged"),
    ],
    ids=["error", "interrupt", "exit", "one entry", "nothing", "label count", "shape", "nan", "ragged"],
)
def test_faults_come_up_from_eight_threads(fault, error, message, thread_safe):
    model = shared_model()
    batches_seen = []
    watch = LambdaCallback(on_batch_end=lambda batch, logs: batches_seen.append(batch))
    with pytest.raises(error, match=message):
        model.fit_generator(Faulty(fault, thread_safe=thread_safe), 4000, 1, verbose=0, nb_worker=8, callbacks=[watch])
    if not thread_safe:
        assert batches_seen == list(range(11))  # all that came before it, and none behind
    with pytest.raises(error, match=message):
        model.evaluate_generator(Faulty(fault, thread_safe=thread_safe), 4000, nb_worker=8)
    assert model.evaluate(X, Y, verbose=0) > 0


MODELS = []


def shared_model():
    """One model for all faults: it has to go on working after each."""
    if not MODELS:
        MODELS.append(model_of())
    return MODELS[0]


@pytest.mark.parametrize("thread_safe", [False, True])
def test_an_early_end_with_eight_threads(thread_safe):
    with pytest.warns(UserWarning, match="The generator ended in epoch 1 of 2, after 44 of its 4000 samples"):
        shared_model().fit_generator(Faulty(ended), 4000, 2, verbose=0, nb_worker=8)
    with pytest.raises(ValueError, match=r"ended after \d+ samples; val_samples=4000"):
        shared_model().predict_generator(Faulty(ended, thread_safe=thread_safe), 4000, nb_worker=8)


def test_a_slow_batch_holds_up_its_successors_and_changes_nothing():
    model, seen = shared_model(), []
    watch = LambdaCallback(on_batch_end=lambda batch, logs: seen.append(logs["size"]))
    model.fit_generator(Faulty(slow), 4 * 20, 1, verbose=0, nb_worker=8, max_q_size=2, callbacks=[watch])
    assert seen == [4] * 20


def test_faults_where_processes_were_asked_for():
    for fault, error in ((broken, ZeroDivisionError), (exits, SystemExit)):
        with pytest.warns(UserWarning, match="jkeras uses threads"), pytest.raises(error):
            shared_model().fit_generator(Faulty(fault), 4000, 1, verbose=0, nb_worker=8, pickle_safe=True)


def test_an_interrupt_in_training_ends_eight_threads():
    def interrupt(batch, logs):
        if batch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shared_model().fit_generator(
            Faulty(slow, at=9), 4000, 1, verbose=0, nb_worker=8, callbacks=[LambdaCallback(on_batch_end=interrupt)]
        )
