"""Files of Keras 1.2.2, and of versions before it."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.saving.dialect import concerned
from jkeras.errors import FileFormatError
from jkeras.layers import (
    LSTM,
    BatchNormalization,
    Convolution1D,
    Convolution2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    TimeDistributed,
)
from jkeras.models import Model, Sequential, load_model, save_model
from jkeras.optimizers import SGD, Adam, Nadam, RMSprop
from jkeras.utils import io_utils

GOLDEN = Path(__file__).parents[2] / "conformance" / "golden"

X = np.random.RandomState(0).normal(size=(8, 4)).astype("float32")
Y = np.random.RandomState(1).normal(size=(8, 2)).astype("float32")


def mlp(optimizer="adam", units=3, **names):
    first, last = names.get("first", "a"), names.get("last", "b")
    model = Sequential([Dense(units, input_dim=4, activation="tanh", name=first), Dropout(0.5), Dense(2, name=last)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def convolutions():
    model = Sequential()
    model.add(Convolution2D(2, 3, 3, input_shape=(1, 6, 6), border_mode="same", name="conv"))
    model.add(MaxPooling2D((2, 2), name="pool"))
    model.add(Flatten())
    model.add(Dense(2, name="dense"))
    return model


def same(ours, theirs):
    assert [array.shape for array in ours] == [array.shape for array in theirs]
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_names_too_long_for_one_attribute(tmp_path):
    names = [f"{'x' * 3000}_{number}" for number in range(30)]
    model = Sequential([Dense(1, input_dim=1, name=name) for name in names])
    model.save_weights(tmp_path / "w.h5")
    other = Sequential([Dense(1, input_dim=1, name=name) for name in names])
    other.load_weights(tmp_path / "w.h5", by_name=True)
    same(other.get_weights(), model.get_weights())


# ---- there and back


@pytest.mark.parametrize(
    "optimizer",
    [SGD(momentum=0.9, decay=0.1), RMSprop(decay=0.1), Adam(lr=0.1), Nadam()],
    ids=lambda o: type(o).__name__,
)
def test_training_goes_on_exactly(optimizer, tmp_path):
    model = mlp(optimizer)
    model.fit(X, Y, batch_size=3, nb_epoch=2, verbose=0)
    model.save(tmp_path / "m.h5")
    again = load_model(tmp_path / "m.h5")
    same(again.get_weights(), model.get_weights())
    assert again.metrics_names == model.metrics_names
    assert again.optimizer.get_config() == model.optimizer.get_config()
    for one in (model, again):
        one.fit(X, Y, batch_size=3, nb_epoch=2, shuffle=False, verbose=0)
    same(again.get_weights(), model.get_weights())


def test_of_a_script_s_own_functions_the_names_are_kept(tmp_path):
    def half(y_true, y_pred):
        return K.mean(K.square(y_pred - y_true), axis=-1) / 2

    class Twice(Dense):
        pass

    model = Sequential([Twice(2, input_dim=4)])
    model.compile("sgd", half, metrics=[half])
    model.train_on_batch(X, Y)
    model.save(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="Unknown layer: 'Twice'"):
        load_model(tmp_path / "m.h5")
    with pytest.raises(ValueError, match="'half'") as caught:
        load_model(tmp_path / "m.h5", {"Twice": Twice})
    assert "custom_objects={'half'" in caught.value.__notes__[0]
    again = load_model(tmp_path / "m.h5", custom_objects={"Twice": Twice, "half": half})
    assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)


def test_models_that_are_not_compiled_and_shared_layers(tmp_path):
    x = Input(shape=(4,), name="x")
    shared = Dense(4, name="shared")
    inner = Sequential([Dense(3, input_dim=4, name="i1"), BatchNormalization(name="i2")], name="inner")
    model = Model(x, [inner(shared(shared(x))), shared(x)])
    save_model(model, tmp_path / "m.h5")
    again = load_model(str(tmp_path / "m.h5"))
    same(again.get_weights(), model.get_weights())
    same(again.predict(X), model.predict(X))
    with pytest.raises(RuntimeError, match="not compiled"):
        again.fit(X, X)


def test_weights_of_one_name_in_a_nested_model(tmp_path):
    x = Input(shape=(4,))

    def half(name):
        return Sequential([Dense(4, input_dim=4, name="same")], name=name)

    both = Model(x, half("right")(half("left")(x)), name="both")
    outer = Input(shape=(4,))
    model = Model(outer, Dense(2)(both(outer)))
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        assert list(file["both"]) == ["same_W", "same_W_1", "same_b", "same_b_1"]
    before = model.get_weights()
    model.set_weights([array * 0 for array in before])
    model.load_weights(tmp_path / "w.h5")
    same(model.get_weights(), before)


def test_groups_of_h5py(tmp_path):
    model, other, third = mlp(), mlp(), mlp(last="c")
    before = third.get_weights()
    with h5py.File(tmp_path / "all.h5", "w") as file:
        model.save_weights_to_hdf5_group(file.create_group("mine"))
        other.load_weights_from_hdf5_group(file["mine"])
        third.load_weights_from_hdf5_group_by_name(file["mine"])
    same(other.get_weights(), model.get_weights())
    same(third.get_weights(), [*model.get_weights()[:2], *before[2:]])


def test_a_whole_model_s_file_gives_weights_too(tmp_path):
    model, other = mlp(), mlp()
    model.save(tmp_path / "m.h5")
    other.load_weights(tmp_path / "m.h5")
    same(other.get_weights(), model.get_weights())
    with pytest.raises(FileFormatError, match=r"holds no model: .*model\.load_weights"):
        model.save_weights(tmp_path / "w.h5")
        load_model(tmp_path / "w.h5")


# ---- what does not fit


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            lambda: mlp(units=5),
            r"Layer 'a' \(Dense\): weight 'a_W' has shape \(4, 5\); the file has an array of shape \(4, 3\)",
        ),
        (
            lambda: Sequential([Dense(3, input_dim=4, name="a"), Dense(2, bias=False, name="b")]),
            r"Layer 'b' \(Dense\) has 1 weights \(b_W\); the file has 2 for it under 'b' \(b_W, b_b\)",
        ),
    ],
)
def test_what_does_not_fit_changes_nothing(other, message, by_name, tmp_path):
    mlp().save_weights(tmp_path / "w.h5")
    model = other()
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.load_weights(tmp_path / "w.h5", by_name=by_name)
    same(model.get_weights(), before)


def test_another_number_of_layers(tmp_path):
    mlp().save_weights(tmp_path / "w.h5")
    message = r"The file has 2 layers with weights \(a, b\), the model 'sequential_\d+' has 1 \(dense_1\).*by_name=True"
    with pytest.raises(ValueError, match=message):
        Sequential([Dense(3, input_dim=4)]).load_weights(tmp_path / "w.h5")


def test_no_name_in_common_is_said(tmp_path):
    mlp().save_weights(tmp_path / "w.h5")
    model = mlp(first="c", last="d")
    with pytest.warns(UserWarning, match="nothing was loaded. The file has a, b"):
        model.load_weights(tmp_path / "w.h5", by_name=True)


def test_optimizer_states_of_another_model(tmp_path):
    model = mlp("adam")
    model.train_on_batch(X, Y)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        file.attrs["training_config"] = (
            file.attrs["training_config"].replace("Adam", "SGD").replace("beta_1", "momentum")
        )
        config = json.loads(file.attrs["training_config"])
        config["optimizer_config"]["config"] = {"lr": 0.1}
        file.attrs["training_config"] = json.dumps(config)
    with pytest.raises(ValueError, match=r"state of the optimizer SGD has 9 arrays, that of the model .* has 5"):
        load_model(tmp_path / "m.h5")


def test_optimizer_states_before_keras_1_2_have_no_count(tmp_path):
    model = mlp("adam")
    model.train_on_batch(X, Y)
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:
        group = file["optimizer_weights"]
        group.attrs["weight_names"] = group.attrs["weight_names"][1:]
        del file.attrs["jkeras_training"]
    again = load_model(tmp_path / "m.h5")
    same(again.optimizer.get_weights(), [np.zeros(()), *model.optimizer.get_weights()[1:]])


# ---- overwriting


def test_a_file_is_replaced_only_if_that_is_wanted(tmp_path, monkeypatch):
    path = tmp_path / "w.h5"
    model, other = mlp(), mlp()
    model.save_weights(path)
    old = path.read_bytes()
    for answer in ("n", "y"):
        asked = []
        monkeypatch.setattr(
            io_utils,
            "ask_to_proceed_with_overwrite",
            lambda path, a=answer, asked=asked: asked.append(path) or a == "y",
        )
        other.save_weights(path, overwrite=False)
        assert asked == [str(path)]
        assert (path.read_bytes() == old) == (answer == "n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["w.h5"]


def test_nobody_to_ask(tmp_path, monkeypatch):
    def no_terminal(prompt):
        raise EOFError

    mlp().save(tmp_path / "m.h5")
    monkeypatch.setattr("builtins.input", no_terminal)
    with pytest.raises(FileExistsError, match="overwrite=True"):
        mlp().save(tmp_path / "m.h5", overwrite=False)


# ---- older files


def keras03(path, groups):
    """Write weights as Keras 0.3 did: numbered."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(groups)
        for index, arrays in enumerate(groups):
            group = file.create_group(f"layer_{index}")
            group.attrs["nb_params"] = len(arrays)
            for number, array in enumerate(arrays):
                group.create_dataset(f"param_{number}", data=array)


def test_weights_of_keras_0_3(tmp_path):
    model, other = mlp(), mlp()
    weights = model.get_weights()
    keras03(tmp_path / "w.h5", [weights[:2], [], weights[2:]])
    other.load_weights(tmp_path / "w.h5")
    same(other.get_weights(), weights)
    with pytest.raises(ValueError, match=r"0\.3 number the layers"):
        other.load_weights(tmp_path / "w.h5", by_name=True)
    keras03(tmp_path / "w.h5", [weights[:2], [], weights[2:3]])
    with pytest.raises(ValueError, match=r"has 3 arrays in 2 layers, .* has 4 weights in 2 layers"):
        other.load_weights(tmp_path / "w.h5")


def test_kernels_of_one_dimension_before_keras_1_2(tmp_path):
    model = Sequential([Convolution1D(2, 3, input_shape=(7, 5), name="c")])
    new = model.get_weights()
    old = [np.transpose(new[0], (3, 2, 0, 1)), new[1]]
    assert old[0].shape == (2, 5, 3, 1)
    for path, groups in (("old", None), ("oldest", [old])):
        if groups:
            keras03(tmp_path / path, groups)
        else:
            with h5py.File(tmp_path / path, "w") as file:
                file.attrs["layer_names"] = [b"c"]
                group = file.create_group("c")
                group.attrs["weight_names"] = [b"c_W:0", b"c_b:0"]
                group["c_W:0"], group["c_b:0"] = old
        model.set_weights([array * 0 for array in new])
        model.load_weights(tmp_path / path) if groups is None else model.load_weights(
            tmp_path / path, dialect="tensorflow"
        )
        same(model.get_weights(), new)


@pytest.mark.parametrize("kind", ["fixed", "variable", "text"])
def test_names_and_texts_of_any_type(kind, tmp_path):
    model = mlp()
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5", "a") as file:

        def retype(_, group):
            for key, value in group.attrs.items():
                if isinstance(value, str):
                    group.attrs[key] = {"fixed": np.bytes_(value.encode()), "variable": value.encode(), "text": value}[
                        kind
                    ]
                elif value.size:
                    texts = [entry.decode() for entry in value]
                    group.attrs[key] = np.array(texts, "S") if kind == "fixed" else texts

        retype("", file)
        file.visititems(retype)
    same(load_model(tmp_path / "m.h5").get_weights(), model.get_weights())


# ---- dialects


def dialects(model):
    return [(inner.name, inner.dialect) for layer in model.layers for inner in concerned(layer)]


def test_the_marks_of_names_tell_the_dialect(tmp_path):
    model = convolutions()
    assert dialects(model) == [("conv", "tensorflow"), ("pool", "tensorflow")]
    model.save_weights(tmp_path / "tf.h5")
    with h5py.File(tmp_path / "tf.h5") as file:
        assert list(file["conv"]) == ["conv_W:0", "conv_b:0"]
        assert list(file["dense"]) == ["dense_W:0", "dense_b:0"]
    for name in ("conv", "pool"):
        model.get_layer(name).dialect = "theano"
    model.save_weights(tmp_path / "th.h5")
    with h5py.File(tmp_path / "th.h5") as file:
        assert list(file["conv"]) == ["conv_W", "conv_b"]
    x = np.random.normal(size=(2, 1, 6, 6))
    theano = model.predict(x)
    other = convolutions()
    other.set_weights(model.get_weights())
    assert not np.allclose(other.predict(x), theano)  # a program is compiled now
    with pytest.warns(UserWarning, match=r"^The weights come from Theano: conv, pool now convolve.*dialect=.*$"):
        other.load_weights(tmp_path / "th.h5")
    assert dialects(other) == [("conv", "theano"), ("pool", "theano")]
    np.testing.assert_array_equal(other.predict(x), theano)
    other.load_weights(tmp_path / "th.h5")  # nothing to say any more
    with pytest.warns(UserWarning, match="The weights come from TensorFlow"):
        other.load_weights(tmp_path / "th.h5", dialect="tensorflow")
    with pytest.raises(ValueError, match="dialect is 'tensorflow', 'theano', or None"):
        other.load_weights(tmp_path / "th.h5", dialect="caffe")


def test_by_name_only_what_is_loaded_changes_its_dialect(tmp_path):
    source = convolutions()
    source.get_layer("conv").dialect = "theano"
    source.save_weights(tmp_path / "w.h5")
    model = Sequential()
    model.add(Convolution2D(1, 3, 3, input_shape=(1, 8, 8), name="new"))
    model.add(Convolution2D(2, 3, 3, border_mode="same", name="conv"))
    with pytest.warns(UserWarning, match="conv now convolve"):
        model.load_weights(tmp_path / "w.h5", by_name=True)
    assert dialects(model) == [("new", "tensorflow"), ("conv", "theano")]


def test_a_model_s_own_config_knows_its_dialects(tmp_path):
    model = convolutions()
    model.get_layer("conv").dialect = "theano"
    model.save(tmp_path / "m.h5")
    assert dialects(load_model(tmp_path / "m.h5")) == [("conv", "theano"), ("pool", "tensorflow")]
    with pytest.warns(UserWarning, match="TensorFlow: conv now"):
        assert dialects(load_model(tmp_path / "m.h5", dialect="tensorflow"))[0] == ("conv", "tensorflow")


def test_layers_in_wrappers_have_a_dialect_too(tmp_path):
    model = Sequential([TimeDistributed(Convolution2D(1, 2, 2, name="in"), input_shape=(2, 1, 4, 4), name="out")])
    model.save_weights(tmp_path / "w.h5")
    with h5py.File(tmp_path / "w.h5") as file:
        names = [name.decode() for name in file["out"].attrs["weight_names"]]
    assert all(name.endswith(":0") for name in names)
    with pytest.warns(UserWarning, match="Theano: in now"):
        model.load_weights(tmp_path / "w.h5", dialect="theano")


def test_states_are_kept(tmp_path):
    model = Sequential([LSTM(3, stateful=True, batch_input_shape=(2, 5, 4))])
    model.predict(np.random.normal(size=(2, 5, 4)))
    model.save(tmp_path / "m.h5")
    again = load_model(tmp_path / "m.h5")
    same(again.get_states(), model.get_states())
    model.reset_states(batch_size=1)
    model.predict(np.random.normal(size=(1, 5, 4)))
    model.save(tmp_path / "m.h5")
    same(load_model(tmp_path / "m.h5").get_states(), model.get_states())
