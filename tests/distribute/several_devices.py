"""What is tested on eight devices: run by test_several_devices.py in a process that has them."""

import sys

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

import jkeras
from jkeras.callbacks import Callback, EarlyStopping, LearningRateScheduler, Resume
from jkeras.models import load_model
from tests.distribute.networks import assert_close, cnn, compiled, masked, mesh, mlp, stateful, trained, words


def same_numbers(build, optimizer, **options):
    expected = trained(*compiled(build, optimizer), **options)
    model, x, y = compiled(build, optimizer)
    model.distribute(mesh(8))
    assert_close(trained(model, x, y, **options), expected)
    return model


def calls():
    """All methods that train, evaluate and predict."""
    same_numbers(mlp, "adam", by_batch=True)


def rnn():
    """A masked one, and a stateful one whose states are split like its batches."""
    same_numbers(masked, "rmsprop")
    assert only_gradients(masked)
    model = same_numbers(stateful, "adam")
    assert {state.sharding.spec for state in jax.tree.leaves(model.state)} == {P("batch")}


def convolution():
    """Also: data that are read a part at a time."""
    same_numbers(cnn, "sgd")
    assert only_gradients(cnn)
    model, x, y = compiled(cnn, "sgd")
    expected = trained(model, x, y, device_data=False)
    model, x, y = compiled(cnn, "sgd")
    model.distribute(mesh(8))
    assert_close(trained(model, x, y, device_data=False), expected)


def only_gradients(build):
    """Whether the devices tell each other sums over the batch and nothing of single samples, however many there are."""
    model, x, y = compiled(build, "sgd")
    model.distribute(mesh(8))
    moved, more = (jkeras.distribute.traffic(model, x[:size], y[:size]) for size in (32, 64))
    return moved == more and set(moved) == {"all-reduce"} and moved["all-reduce"] < 4 * (model.count_params() + 200)


def rules():
    """Weights that are split: what the optimizer remembers of them is where they are."""
    expected = trained(*compiled(words, "adagrad"))
    model, x, y = compiled(words, "adagrad")
    model.distribute(
        mesh(4, 2), {"embedding_*": P("model", None), "dense_1": P(None, "model"), "dense_1/b": P("model")}
    )
    assert_close(trained(model, x, y), expected)
    remembered = model._trainer.memory.opt_state.slots["a"]
    for params in (model.params, remembered):
        assert params["embedding_1"]["W"].sharding.spec == P("model")
        assert params["dense_1"]["W"].sharding.spec == P(None, "model")
        assert params["dense_1"]["b"].sharding.spec == P("model")
        assert params["dense_2"]["W"].sharding.is_fully_replicated
    assert params["embedding_1"]["W"].addressable_shards[0].data.shape == (20, 8)
    assert model._trainer.programs.train_batches._compiled._cache_size() == 2  # one for each batch size
    model.save("split.jk")
    other = load_model("split.jk")
    assert other.layers[0].W.value.sharding.is_fully_addressable
    for one in (model, other):
        np.random.seed(1)
        one.fit(x, y, nb_epoch=1, verbose=0)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-6)
    assert isinstance(other.layers[0].W.value.sharding, jax.sharding.SingleDeviceSharding)


def stays():
    """Weights are where they belong after a step, also those that XLA would like to have elsewhere; data may move them on."""
    model, x, y = compiled(mlp, "adam")
    model.distribute(mesh(4, 2), {"dense_1": P(None, "model")})
    model.fit(x, y, nb_epoch=1, verbose=0)
    model.evaluate(x, y, verbose=0)
    for name, weight in (("dense_1", "b"), ("dense_2", "W"), ("dense_2", "b")):
        assert model.params[name][weight].sharding.is_fully_replicated
        assert model._trainer.memory.opt_state.slots["m"][name][weight].sharding.is_fully_replicated

    class Moves(Callback):
        def on_epoch_end(self, epoch, logs=None):
            model.distribute(None)

    with pytest.raises(RuntimeError, match=r"'sequential_1' was moved to other devices, .* while it is trained"):
        model.fit(x, y, nb_epoch=2, verbose=0, callbacks=[Moves()])


def shared_layers():
    """Models that share layers go together on a mesh, and alone when they have left it."""
    with jkeras.distribute.data_parallel(4):
        first, x, y = compiled(mlp)
        second = jkeras.models.Sequential(first.layers)
        second.compile("sgd", "categorical_crossentropy")
        second.train_on_batch(x[:32], y[:32])
        first.train_on_batch(x[:32], y[:32])
    first.distribute(None)
    first.train_on_batch(x, y)
    second.train_on_batch(x, y)
    first.distribute(None)
    second.distribute(jkeras.distribute.placement.Mesh(np.array(jax.devices()[4:]), ("batch",)))
    second.train_on_batch(x, y)
    first.compile("sgd", "categorical_crossentropy", mesh=mesh(4))
    first.train_on_batch(x, y)
    with jkeras.distribute.data_parallel():
        first.compile("sgd", "categorical_crossentropy")
        first.distribute(None)
        first.fit(x, y, nb_epoch=1, verbose=0)  # what was said of this model counts


def moves():
    """A model goes from one device to eight and back, and scripts set weights meanwhile."""

    def stages(*meshes):
        model, x, y = compiled(mlp, "adam")
        for where in meshes:
            model.distribute(where)
            model.fit(x, y, nb_epoch=1, verbose=0)
            model.layers[0].set_weights([0.5 * weight for weight in model.layers[0].get_weights()])
            model.optimizer.lr.set_value(0.002)
        return model, {weight.name: weight.get_value() for weight in model.weights}

    (_, expected), (model, found) = stages(None, None, None), stages(None, mesh(8), None)
    assert_close(found, expected)
    assert {len(leaf.devices()) for leaf in jax.tree.leaves((model.params, model._trainer.memory.opt_state))} == {1}


def context():
    """``data_parallel()``: models compiled in it, callbacks, generators; and what was compiled before."""
    before, x, y = compiled(mlp)
    rates = LearningRateScheduler(lambda epoch: 0.01 / (epoch + 1))
    numbers = []
    for devices in (1, 8):
        with jkeras.distribute.data_parallel(devices) as made:
            model, x, y = compiled(mlp)
            assert made.size == devices == len(model.get_weights() and jax.tree.leaves(model.params)[0].devices())
            heard = Heard()
            model.fit(x, y, nb_epoch=3, verbose=0, callbacks=[heard, rates, EarlyStopping("loss")])
            batches = [(x[:30], y[:30]), (x[30:60], y[30:60]), (x[60:65], y[60:65])]
            model.fit(batches, nb_epoch=2, verbose=0)
            assert heard.sizes == [32, 32, 32, 32, 22] * 3
            with pytest.raises(
                RuntimeError, match=r"fit: model 'sequential_1' was compiled for one device, before this"
            ):
                before.fit(x, y, verbose=0)
        model.fit(x, y, nb_epoch=1, verbose=0)  # what it was compiled for stays
        numbers.append({"predict": model.predict(x), "generator": model.predict_generator(iter([x[:9], x[9:20]]), 20)})
    for found in numbers[1:]:
        assert_close(found, numbers[0])


class Heard(Callback):
    def on_train_begin(self, logs=None):
        self.sizes = []

    def on_batch_end(self, batch, logs=None):
        self.sizes.append(logs["size"])


def bad_input():
    model, x, y = compiled(mlp)
    model.distribute(mesh(8))
    with pytest.raises(
        ValueError, match=r"batch_size=30 cannot be divided .* 'batch' has 8. .* 24 or 32, .*data_parallel\(2\)"
    ):
        model.fit(x, y, batch_size=30, verbose=0)
    with pytest.raises(
        ValueError, match=r"batch_size=4 is fewer samples than there are devices.* such as 8, .*data_parallel\(4\)"
    ):
        model.fit(x, y, batch_size=4, verbose=0)
    model.fit(x[:5], y[:5], nb_epoch=1, verbose=0)  # one short batch, as a last one is
    with pytest.raises(ValueError, match=r"asked for 9 devices; JAX sees 8 .*device_count=9"):
        jkeras.distribute.data_parallel(9).__enter__()
    with pytest.raises(
        ValueError,
        match=r"'dense_2'.*mesh axis 'batch' of 8 devices does not divide axis 1 of .*'dense_2/W'.*\(16, 3\)",
    ):
        model.distribute(mesh(8), {"dense_2": P(None, "batch")})
    model.fit(x[:64], y[:64], nb_epoch=1, verbose=0)  # it is where it was
    path = "kept.jk"
    with jkeras.distribute.data_parallel(4):
        model, x, y = compiled(mlp)
        model.fit(x, y, nb_epoch=1, verbose=0, callbacks=[Resume(path)])
    with jkeras.distribute.data_parallel(8):
        model, x, y = compiled(mlp)
        with pytest.raises(
            ValueError, match=r"'kept.jk' was written on 4 devices, and this training has 8. .*other_devices=True"
        ):
            model.fit(x, y, nb_epoch=2, verbose=0, callbacks=[Resume(path)])
        found = model.fit(x, y, nb_epoch=2, verbose=0, callbacks=[Resume(path, other_devices=True)]).history["loss"]
        assert len(found) == 2


if __name__ == "__main__":
    assert len(jax.devices()) == 8
    for name in sys.argv[1:]:
        globals()[name]()
        print(f"{name}: passed")
