"""Resume: a training that was interrupted, and is run again, ends as if nothing had happened."""

import itertools
import re
from contextlib import suppress

import numpy as np
import pytest

import jkeras
from jkeras import backend as K
from jkeras.backend import reset_uids
from jkeras.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    Resume,
)
from jkeras.engine.saving.atomic import replace_file
from jkeras.engine.saving.native import parts_of
from jkeras.engine.saving.native_files import restore
from jkeras.errors import FileFormatError
from jkeras.layers import GRU, BatchNormalization, Dense, Dropout
from jkeras.models import Sequential, load_model
from jkeras.optimizers import SGD

X = np.random.RandomState(0).normal(size=(22, 4)).astype("float32")
Y = np.random.RandomState(1).normal(size=(22, 2)).astype("float32")


class Killed(BaseException):
    """Stands for the end of the process."""


class Kill(Callback):
    """Ends training in the middle of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.current = epoch

    def on_batch_end(self, batch, logs=None):
        if self.current == self.epoch and batch == 1:
            raise Killed


PARTS = {
    "noisy": lambda: [Dense(3, input_dim=4, activation="tanh"), BatchNormalization(), Dropout(0.3), Dense(2)],
    "plain": lambda: [Dense(3, input_dim=4), Dense(2)],
    "wide": lambda: [Dense(4, input_dim=4), Dense(2)],
    "stateful": lambda: [GRU(2, stateful=True, batch_input_shape=(4, 3, 2), dropout_W=0.2)],
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """What makes models as a process that starts does: the second of a kind is the first one, brought to where it began.

    So it need not be compiled again, which takes most of the time.
    """
    folder, made = tmp_path_factory.mktemp("models"), {}

    def new(parts="noisy", lr=0.05, loss="mse"):
        kind = (parts, lr, loss)
        np.random.seed(7)
        if kind not in made:
            reset_uids()
            model = made[kind] = Sequential(PARTS[parts]())
            model.compile(SGD(lr=lr, momentum=0.9) if isinstance(lr, float) else lr, loss, metrics=["mae"])
            model.save(folder / f"{len(made)}.jk")
            made[kind] = model, folder / f"{len(made)}.jk", np.random.get_state()
        model, path, state = made[kind]
        restore(model, path)
        np.random.set_state(state)
        return model

    return new


def script(path, model, kill=None, others=(), nb_epoch=6, period=1, **settings):
    """What a user's script does; return all that is left of it."""
    callbacks = [Resume(path, period), *others, *([] if kill is None else [Kill(kill)])]
    settings = {"batch_size": 5, "verbose": 0, **settings}
    with suppress(Killed):
        model.fit(X, Y, nb_epoch=nb_epoch, callbacks=callbacks, **settings)
    return result(model)


def result(model):
    history = model.history
    return [model.get_weights(), model.optimizer.get_weights(), history.epoch, history.history, np.random.rand()]


def same(one, two):
    for ours, theirs in zip(one[:2], two[:2], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert one[2:] == two[2:]


@pytest.mark.parametrize(("shuffle", "period"), [(True, 1), (True, 2), (False, 3), ("batch", 1)])
def test_killed_again_and_again(shuffle, period, models, tmp_path):
    settings = {"shuffle": shuffle, "validation_split": 0.2, "period": period}
    whole = script(tmp_path / "whole.jk", models(), **settings)
    script(tmp_path / "r.jk", models(), kill=0, **settings)
    assert not (tmp_path / "r.jk").exists()  # nothing was done yet
    for kill in (3, 5, None):
        again = script(tmp_path / "r.jk", models(), kill, **settings)
    same(again, whole)
    same(script(tmp_path / "r.jk", models(), **settings), whole)


def test_with_nothing_left_to_do(models, tmp_path, capsys):
    whole = script(tmp_path / "r.jk", models(), nb_epoch=3)
    content = (tmp_path / "r.jk").read_bytes()
    capsys.readouterr()
    again = script(tmp_path / "r.jk", models(), nb_epoch=3)
    same(again, whole)
    assert again[2] == [0, 1, 2]
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Resume: nothing to do, the training in ") and "has 3 of 3 epochs" in line
    assert (tmp_path / "r.jk").read_bytes() == content
    longer = script(tmp_path / "r.jk", models(), nb_epoch=5, verbose=2)
    assert re.search(r"^Resume: goes on after epoch 3/5, from .*r\.jk", capsys.readouterr().out)
    same(longer, script(tmp_path / "five.jk", models(), nb_epoch=5))
    assert load_model(tmp_path / "r.jk").position.epochs == 5  # it is a model's file too
    assert script(tmp_path / "r.jk", models(), nb_epoch=2)[2] == [0, 1, 2, 3, 4]


class Losses(Callback):
    """A script's own callback, that remembers."""

    remembers = ("losses", "array", "thing")

    def on_train_begin(self, logs=None):
        self.losses, self.array = [], np.zeros(())

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append((logs["loss"], np.float32(logs["loss"])))
        self.array = self.array + np.full((2, 3), np.random.rand())


class Noise(Callback):
    """It draws random numbers after Resume, which stands before it in the list, would have saved if it were called there."""

    def on_epoch_end(self, epoch, logs=None):
        logs["noise"] = np.random.rand()


def everyone(folder):
    folder.mkdir(exist_ok=True)
    return [
        Noise(),
        ReduceLROnPlateau("loss", patience=0, epsilon=0.3, factor=0.5, cooldown=1),
        EarlyStopping("loss", patience=4, min_delta=0.05),
        ModelCheckpoint(folder / "best.jk", "noise", save_best_only=True),
        ModelCheckpoint(folder / "{epoch}.jk", period=3),
        CSVLogger(folder / "log.csv"),
        Losses(),
        History(),
    ]


def test_what_other_callbacks_remember(models, tmp_path):
    others = everyone(tmp_path / "whole")
    whole = script(tmp_path / "whole.jk", models(lr=0.2), others=others, nb_epoch=20)
    expected = [callback.get_memory() for callback in others]
    for kill in (1, 2, 3, 4, None):
        others = everyone(tmp_path / "r")
        again = script(tmp_path / "r.jk", models(lr=0.2), kill, others, nb_epoch=20)
    same(again, whole)
    assert 5 < len(whole[2]) < 20  # it was stopped
    assert len(set(whole[3]["lr"])) > 2
    found = [callback.get_memory() for callback in others]
    losses = found[-2]["losses"]
    assert [type(losses[place][1]) for place in (0, -1)] == [np.float32] * 2
    np.testing.assert_array_equal(found[-2].pop("array"), expected[-2].pop("array"))
    assert found == expected
    for name in ("best.jk", "2.jk"):
        a, b = (jkeras.load_pytree(tmp_path / folder / name) for folder in ("whole", "r"))
        np.testing.assert_array_equal(a["params"]["dense_1"]["W"], b["params"]["dense_1"]["W"])
    assert (tmp_path / "r" / "log.csv").read_text() == (tmp_path / "whole" / "log.csv").read_text()
    lines = (tmp_path / "r" / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", *map(str, whole[2])]


def test_a_training_that_was_stopped_stays_so(models, tmp_path, capsys):
    model = models()
    whole = script(tmp_path / "r.jk", model, others=[EarlyStopping("loss", min_delta=10)])
    assert whole[2] == [0, 1]
    same(script(tmp_path / "r.jk", models(), others=[EarlyStopping("loss", min_delta=10)]), whole)
    assert model.stop_training
    assert "stopped after epoch 2" in capsys.readouterr().out


def test_a_schedule(models, tmp_path):
    others = [LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch))]
    whole = script(tmp_path / "whole.jk", models(), others=others)
    for kill in (2, 4, None):
        again = script(tmp_path / "r.jk", models(), kill, others)
    same(again, whole)


def test_a_csv_file_that_was_continued_or_deleted(models, tmp_path):
    path = tmp_path / "log.csv"

    def epochs():
        return [line.split(",")[0] for line in path.read_text().splitlines()]

    path.write_text("epoch,loss,mean_absolute_error\r\n0,1,1\r\n")
    for kill in (3, 5):
        script(tmp_path / "r.jk", models(), kill, [CSVLogger(path, append=True)], period=2)
    assert epochs() == ["epoch", "0", "0", "1", "2", "3", "4"]
    path.unlink()
    script(tmp_path / "r.jk", models(), others=[CSVLogger(path, append=True)])
    assert epochs() == ["epoch", "4", "5"]


def test_stateful_layers(models, tmp_path):
    x, y = np.random.normal(size=(12, 3, 2)), np.random.normal(size=(12, 2))

    def run(path, kill=None, calls=1):
        model = models("stateful")
        resume = Resume(path)
        for call in range(calls):
            others = [Kill(kill[1])] if kill and kill[0] == call else []
            try:
                model.fit(x, y, 4, 4 // calls, callbacks=[*others, resume], verbose=0, shuffle=False)
            except Killed:
                return None
            if calls > 1:  # Keras 1's way to reset states after every epoch
                np.random.rand()
                model.reset_states()
        assert resume.epoch == 4 // calls
        return [*result(model), [array.tolist() for array in model.get_states()]]

    whole = run(tmp_path / "whole.jk")
    run(tmp_path / "r.jk", (0, 2))
    same(run(tmp_path / "r.jk"), whole)
    for calls, kills in ((4, [(0, 0), (2, 0), (3, 0)]), (2, [(0, 1), (1, 1)])):
        whole = run(tmp_path / f"whole{calls}.jk", calls=calls)
        for kill in kills:
            run(tmp_path / f"r{calls}.jk", kill, calls)
        same(run(tmp_path / f"r{calls}.jk", calls=calls), whole)
        same(run(tmp_path / f"r{calls}.jk", calls=calls), whole)  # all of it was done


@pytest.mark.parametrize("shuffles", [False, True])
def test_generators(shuffles, models, tmp_path):
    made = []

    def run(path, kill=None):
        model = models()
        resume = Resume(path)
        made.clear()

        def batches():
            for epoch in itertools.count(resume.epoch):
                order = np.random.RandomState(epoch).permutation(20) if shuffles else np.arange(20)
                for rows in order.reshape(4, 5):
                    made.append(rows)
                    yield X[rows], Y[rows]

        others = [] if kill is None else [Kill(kill)]
        with suppress(Killed):
            model.fit_generator(batches(), 20, 5, verbose=0, validation_data=(X, Y), callbacks=[resume, *others])
        return result(model)

    whole = run(tmp_path / "whole.jk")
    for kill in (1, 3, None):
        again = run(tmp_path / "r.jk", kill)
    same(again, whole)
    assert whole[2] == [0, 1, 2, 3, 4]
    same(run(tmp_path / "r.jk"), whole)
    assert not made


# ---- what does not fit


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ({"parts": "wide"}, {}, r"model\.config\[0\]\.config\.output_dim is 3 in the file, and 4 here"),
        ({"parts": "noisy"}, {}, r"model\.config has 2 entries in the file, and 4 here"),
        ({"lr": "adam"}, {}, r"optimizer_config\.class_name is 'SGD' in the file, and 'Adam' here"),
        ({"lr": 0.25}, {}, r"optimizer_config\.config\.lr is 0\.5 in the file, and 0\.25 here"),
        ({"loss": "mae"}, {}, r"training\.loss is 'mse' in the file, and 'mae' here"),
        ({}, {"batch_size": 6}, r"samples in a batch: 5, and fit was given 6"),
        ({}, {"validation_data": (X, Y)}, r"validation: False, and fit was given True"),
        ({}, {"validation_split": 0.5}, r"samples in an epoch: 22, and fit was given 11"),
        ({}, {"initial_epoch": 4}, r"has 2 epochs; fit was told initial_epoch=4, and would leave some out"),
    ],
)
def test_another_training_is_refused(kind, settings, message, models, tmp_path):
    script(tmp_path / "r.jk", models("plain", 0.5), nb_epoch=2)
    content = (tmp_path / "r.jk").read_bytes()
    with pytest.raises(ValueError, match=rf"Resume: .*r\.jk.*{message}.*delete the file"):
        script(tmp_path / "r.jk", models(**{"parts": "plain", "lr": 0.5, **kind}), **settings)
    assert (tmp_path / "r.jk").read_bytes() == content


def test_names_that_a_process_numbered_on(models, tmp_path):
    script(tmp_path / "r.jk", models("plain"), nb_epoch=2)
    model = Sequential(PARTS["plain"]())
    model.compile(SGD(lr=0.05, momentum=0.9), "mse", metrics=["mae"])
    names = [layer.name for layer in model.layers]
    assert "dense_1" not in names
    with pytest.raises(ValueError, match=rf"\.name is 'dense_1' in the file, and '{names[0]}' here .*reset_uids\(\)"):
        script(tmp_path / "r.jk", model)


def test_in_a_notebook_the_cell_with_fit_is_run_again(models, tmp_path):
    model = models()
    for kill in (2, 4, None):
        again = script(tmp_path / "r.jk", model, kill)
        K.set_value(model.optimizer.lr, 0.3)  # as a schedule may have left it
    same(again, script(tmp_path / "whole.jk", models()))


def test_files_of_another_kind(models, tmp_path):
    model = models()
    model.fit(X, Y, 5, 1, 0)
    model.save(tmp_path / "m.jk")
    (tmp_path / "text.jk").write_text("no model, but somebody's notes, longer than a header")
    model.save_weights(tmp_path / "w.jk")
    kinds = {"m.jk": r"is a file of model\.save", "text.jk": "no file of jkeras", "w.jk": "file of a 'weights'"}
    for name, message in kinds.items():
        content = (tmp_path / name).read_bytes()
        with pytest.raises(ValueError, match=f"{name}.*{message}"):
            script(tmp_path / name, model)
        assert (tmp_path / name).read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: kept.pop("began"),
        lambda kept: kept["began"].pop("fresh"),
        lambda kept: kept.update(call=-1),
        lambda kept: kept.update(call=1),
        lambda kept: kept.update(stopped="no"),
        lambda kept: kept.update(callbacks=[["History", 0, []]]),
        lambda kept: kept.update(done=[3]),
    ],
)
def test_a_file_that_somebody_changed(change, models, tmp_path):
    script(tmp_path / "r.jk", models(), nb_epoch=1)
    tree = jkeras.load_pytree(tmp_path / "r.jk")
    change(tree["resume"])
    replace_file(tmp_path / "r.jk", parts_of("model", tree))
    with pytest.raises(FileFormatError, match="not written by Resume"):
        script(tmp_path / "r.jk", models())


def test_a_memory_sets_nothing_but_what_is_remembered():
    callback = EarlyStopping()
    callback.set_memory({"wait": 3, "model": "another", "on_epoch_end": None})
    assert callback.wait == 3
    assert callback.model is None
    assert "on_epoch_end" not in vars(callback)


def test_arguments(models, tmp_path):
    with pytest.raises(ValueError, match=r"'m\.h5' ends like an HDF5 file"):
        Resume("m.h5")
    with pytest.raises(ValueError, match="period is a number of epochs, 1 or more; got 0"):
        Resume("m.jk", period=0)
    with pytest.raises(ValueError, match="more than one Resume"):
        script(tmp_path / "r.jk", models(), others=[Resume(tmp_path / "s.jk")])


def test_a_memory_that_no_file_can_hold(models, tmp_path):
    losses = Losses()
    losses.thing = object()
    with pytest.raises(TypeError, match=r"Resume cannot keep .*: Losses\.get_memory\(\)\['thing'\] is <object"):
        script(tmp_path / "r.jk", models(), others=[losses])


def test_np_random_with_another_generator(models, tmp_path):
    model, bits = models(), np.random.get_bit_generator()
    try:
        np.random.set_bit_generator(np.random.PCG64(3))
        with pytest.raises(ValueError, match="MT19937; the script has set PCG64"):
            script(tmp_path / "r.jk", model)
    finally:
        np.random.set_bit_generator(bits)


def test_an_optimizer_without_a_config(tmp_path):
    optax = pytest.importorskip("optax")
    weights = []
    for path, kill in (("whole.jk", None), ("r.jk", 3), ("r.jk", None)):
        reset_uids()
        np.random.seed(7)
        model = Sequential([Dense(2, input_dim=4)])
        model.compile(optax.adam(0.01), "mse")
        with suppress(Killed):
            others = [] if kill is None else [Kill(kill)]
            model.fit(X, Y, 5, 5, 0, callbacks=[Resume(tmp_path / path), *others])
        weights.append(model.get_weights())
    for a, b in zip(weights[0], weights[2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_event_files_have_each_epoch_once(models, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from jkeras.callbacks import TensorBoard

    for kill in (3, None):
        # Every second epoch is saved: the third is trained and written twice.
        script(tmp_path / "r.jk", models(), kill, [TensorBoard(str(tmp_path / "logs"))], period=2)
    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3, 4, 5]


def test_no_other_callback_has_the_same_file(tmp_path):
    path = tmp_path / "training.jk"
    for other in (ModelCheckpoint(str(path), monitor="loss"), CSVLogger(path)):
        model = Sequential([Dense(2, input_dim=4)])
        model.compile("sgd", "mse")
        with pytest.raises(ValueError, match=f"{type(other).__name__} writes to '.*training.jk' too"):
            model.fit(X, Y, nb_epoch=1, verbose=0, callbacks=[other, Resume(path)])
        assert not path.exists()


def test_the_file_stays_where_it_is_if_the_script_goes_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    model = Sequential([Dense(2, input_dim=4)])
    model.compile("sgd", "mse")
    resume = Resume("training.jk")
    monkeypatch.chdir(tmp_path / "elsewhere")
    model.fit(X, Y, nb_epoch=1, verbose=0, callbacks=[resume])
    assert (tmp_path / "training.jk").exists() and not (tmp_path / "elsewhere" / "training.jk").exists()
