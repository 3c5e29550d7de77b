"""The event files are such that TensorBoard itself reads them."""

import itertools
import sys

import numpy as np
import pytest

from jkeras.callbacks import TensorBoard
from jkeras.layers import Dense, Input, merge
from jkeras.models import Model, Sequential

X = np.random.default_rng(0).normal(size=(16, 2))
Y = X.sum(axis=1, keepdims=True)


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    accumulator = EventAccumulator(str(folder), size_guidance={"histograms": 0, "scalars": 0})
    accumulator.Reload()
    return accumulator


def test_scalars_and_histograms(tmp_path):
    model = Sequential([Dense(3, input_dim=2, name="first"), Dense(1, name="second")])
    model.compile("sgd", "mse")
    history = model.fit(
        X, Y, nb_epoch=3, verbose=0, validation_split=0.25, callbacks=[TensorBoard(str(tmp_path), histogram_freq=2)]
    )
    events = read(tmp_path)
    assert set(events.Tags()["scalars"]) == {"loss", "val_loss"}
    found = events.Scalars("val_loss")
    assert [entry.step for entry in found] == [0, 1, 2]
    np.testing.assert_allclose([entry.value for entry in found], history.history["val_loss"], rtol=1e-6)
    assert set(events.Tags()["histograms"]) == {
        "first_W", "first_b", "second_W", "second_b", "first_out", "second_out",
    }  # fmt: skip
    first, second = events.Histograms("first_W")
    assert (first.step, second.step) == (0, 2)
    W = model.layers[0].get_weights()[0]
    assert second.histogram_value.num == W.size
    np.testing.assert_allclose(second.histogram_value.sum, W.sum(), rtol=1e-4, atol=1e-6)


def test_the_graph(tmp_path):
    a = Input((2,), name="a")
    shared = Dense(2, name="shared")
    model = Model(a, Dense(1, name="out")(merge([shared(a), shared(shared(a))], mode="sum", name="sum")))
    model.compile("sgd", "mse")
    model.fit(X, Y, nb_epoch=1, verbose=0, callbacks=[TensorBoard(str(tmp_path))])
    graph = read(tmp_path).Graph()
    nodes = {node.name: (node.op, list(node.input)) for node in graph.node}
    assert nodes["out"] == ("Dense", ["sum"])
    assert sorted(nodes["sum"][1]) == ["shared", "shared_2"]
    assert nodes["a"] == ("InputLayer", [])


@pytest.mark.parametrize("generator", [False, True])
def test_without_validation_data_there_are_no_histograms_and_one_warning(tmp_path, generator):
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    board = TensorBoard(str(tmp_path), histogram_freq=1, write_images=True)
    with pytest.warns(UserWarning, match=r"no histograms and no pictures of weights .* validation_split") as caught:
        if generator:
            data = itertools.repeat((X, Y))
            model.fit_generator(data, 16, 2, 0, [board], validation_data=data, nb_val_samples=16)
        else:
            model.fit(X, Y, nb_epoch=2, verbose=0, callbacks=[board])
    assert len(caught) == 1
    tags = read(tmp_path).Tags()
    assert set(tags["scalars"]) == ({"loss", "val_loss"} if generator else {"loss"})
    assert (tags["graph"], tags["histograms"], tags["images"]) == (True, [], [])


def test_without_tensorboard_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    with pytest.raises(ImportError, match=r"jkeras\[tensorboard\]"):
        TensorBoard(str(tmp_path))
