"""jkeras's own format, and pytrees in it."""

import collections
import hashlib
import struct
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jkeras
from jkeras import optim
from jkeras.backend import variable
from jkeras.engine.saving import native
from jkeras.engine.saving.native import parts_of
from jkeras.errors import FileFormatError
from jkeras.layers import BatchNormalization, Convolution2D, Dense, Flatten, Input
from jkeras.models import Model, Sequential, load_model


class Pair(NamedTuple):
    left: object
    right: object


def roundtrip(tree, tmp_path, like=None):
    jkeras.save_pytree(tmp_path / "t.jk", tree)
    return jkeras.load_pytree(tmp_path / "t.jk", like=like)


# ---- pytrees


@pytest.mark.parametrize(
    "tree",
    [
        None,
        {"a": [1, -(2**63), 2**64 - 1, 2.5, float("inf"), True, None, "text", b"bytes", (), [], {}]},
        {3: (1, (2, ("deep",))), "b": {"c": {"d": 0}}},
    ],
)
def test_plain_values(tree, tmp_path):
    again = roundtrip(tree, tmp_path)
    assert again == tree
    assert repr(again) == repr(tree)  # types too, and the order of keys


@pytest.mark.parametrize(
    "dtype",
    ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64",
     "complex64", "complex128", "bfloat16", "float8_e4m3fn", "float8_e5m2"],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 3), (2, 3, 4)])
def test_arrays(dtype, shape, tmp_path):
    array = (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 2).astype(jnp.dtype(dtype))
    again = roundtrip({"x": array, "turned": array.T, "y": [array]}, tmp_path)
    for found, wanted in ((again["x"], array), (again["turned"], array.T), (again["y"][0], array)):
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_arrays_of_the_other_byte_order_and_numbers_of_numpy(tmp_path):
    again = roundtrip([np.arange(3, dtype=">i4"), np.float32(0.1), variable(np.ones(2)), jnp.arange(2)], tmp_path)
    np.testing.assert_array_equal(again[0], [0, 1, 2])
    assert again[1].dtype == np.float32 and again[1] == np.float32(0.1)
    np.testing.assert_array_equal(again[2], [1, 1])
    assert isinstance(again[3], np.ndarray)


def test_random_keys(tmp_path):
    keys = jax.random.split(jax.random.key(4), 3)
    again = roundtrip({"keys": keys, "other": jax.random.key(1, impl="rbg")}, tmp_path)
    np.testing.assert_array_equal(jax.random.key_data(again["keys"]), jax.random.key_data(keys))
    assert again["other"].dtype == jax.random.key(1, impl="rbg").dtype


def test_objects_come_back_as_dicts_or_like_others(tmp_path):
    tree = {"pair": Pair(np.ones(2), [Pair(1, None)]), "ordered": collections.OrderedDict(b=1, a=np.zeros(3))}
    plain = roundtrip(tree, tmp_path)
    assert plain["pair"]["right"] == [{"left": 1, "right": None}]
    again = jkeras.load_pytree(tmp_path / "t.jk", like=tree)
    assert isinstance(again["pair"], Pair)
    assert list(again["ordered"]) == ["b", "a"]
    state = optim.adam().init({"w": jnp.ones((2, 3)), "b": jnp.ones(3)})
    again = roundtrip(state, tmp_path, like=state)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(state), strict=True):
        np.testing.assert_array_equal(a, b)


def test_like_names_what_differs(tmp_path):
    jkeras.save_pytree(tmp_path / "t.jk", {"a": {"weight": np.ones(2)}})
    with pytest.raises(
        ValueError, match=r"like= has tree\['a'\]\['wieght'\], and the file has not. Perhaps .*'weight'"
    ):
        jkeras.load_pytree(tmp_path / "t.jk", like={"a": {"wieght": np.ones(2)}})
    with pytest.raises(ValueError, match=r"tree\['a'\]\['weight'\] has shape \(3,\) in like=, and \(2,\) in the file"):
        jkeras.load_pytree(tmp_path / "t.jk", like={"a": {"weight": np.ones(3)}})
    with pytest.raises(ValueError, match="like= has 0 leaves, the file has 1"):
        jkeras.load_pytree(tmp_path / "t.jk", like={})


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"a": [object()]}, r"tree\['a'\]\[0\] is <object"),
        ({"f": len}, "a file holds arrays"),
        ({"a": np.array([object()])}, "is an array of object"),
        ({2.5: 1}, "keys are texts or whole numbers"),
        ({"n": 2**64}, "takes more than 64 bits"),
        ({"s": {1, 2}}, r"tree\['s'\] is \{1, 2\}"),
    ],
)
def test_what_no_file_can_hold(tree, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        jkeras.save_pytree(tmp_path / "t.jk", tree)
    assert not list(tmp_path.iterdir())


def test_large_arrays_are_read_without_a_copy(tmp_path):
    tree = roundtrip({"a": np.ones(1000), "b": np.ones((7, 7), np.int8), "c": np.ones(5)}, tmp_path)
    blocks = set()
    for array in tree.values():
        assert array.ctypes.data % 64 == 0
        while array.base is not None:
            array = array.base
        blocks.add(id(array))
    assert len(blocks) == 1


# ---- the bytes, as docs/format.md has them


def test_the_bytes():
    content = b"".join(map(bytes, parts_of("pytree", {"x": np.arange(3, dtype=np.int16)})))
    magic, version, size, length = struct.unpack("<8sIIQ", content[:24])
    assert (magic, version, length, content[24:32]) == (b"\x89JKERAS\n", 1, len(content), bytes(8))
    tree = content[96 : 96 + size]
    assert tree.startswith(b"\x83\xa4kind\xa6pytree\xa6writer")
    assert tree.endswith(b"\xa7content\x81\xa1x\xc7\x0a\x01\x93\xa5int16\x91\x03\x00")
    start = -(-(96 + size) // 64) * 64
    assert content[96 + size : start] == bytes(start - 96 - size)
    assert content[start:] == b"\0\0\1\0\2\0"
    assert content[32:64] == hashlib.sha256(content[:32] + tree).digest()
    assert content[64:96] == hashlib.sha256(content[96 + size :]).digest()


# ---- models


def networks():
    x = Input(shape=(1, 5, 5), name="x")
    maps = Convolution2D(2, 3, 3, name="conv")(x)
    inner = Sequential([Dense(3, input_dim=18, name="i1"), BatchNormalization(name="i2")], name="inner")
    model = Model(x, Dense(2, name="out")(inner(Flatten()(maps))))
    model.compile("rmsprop", "mse", metrics=["mae"])
    return model


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("suffix", [".jk", "", ".weights", ".JK"])
def test_models(suffix, tmp_path):
    x, y = np.random.normal(size=(4, 1, 5, 5)), np.random.normal(size=(4, 2))
    model = networks()
    model.get_layer("conv").dialect = "theano"
    model.train_on_batch(x, y)
    model.save(tmp_path / f"m{suffix}")
    assert (tmp_path / f"m{suffix}").read_bytes()[:8] == native.MAGIC
    again = load_model(tmp_path / f"m{suffix}")
    assert again.get_layer("conv").dialect == "theano"
    same(again.get_weights(), model.get_weights())
    assert again.train_on_batch(x, y) == model.train_on_batch(x, y)
    tree = jkeras.load_pytree(tmp_path / f"m{suffix}")
    assert list(tree["params"]) == ["conv", "inner", "out"]
    y = again.apply(tree["params"], x, tree["state"])
    np.testing.assert_allclose(y, load_model(tmp_path / f"m{suffix}").predict(x), rtol=1e-5)


def test_weights(tmp_path):
    model, other = networks(), networks()
    model.save_weights(tmp_path / "w.jk")
    other.load_weights(tmp_path / "w.jk")
    same(other.get_weights(), model.get_weights())
    model.save(tmp_path / "m.jk")
    small = Sequential([Dense(2, input_dim=3, name="out")])
    before = small.get_weights()
    small.load_weights(tmp_path / "m.jk", by_name=True)
    same(small.get_weights(), model.get_weights()[-2:])
    assert not np.array_equal(before[0], small.get_weights()[0])
    with pytest.raises(ValueError, match=r"The file has 3 layers with weights \(conv, inner, out\)"):
        small.load_weights(tmp_path / "m.jk")
    model.get_layer("conv").dialect = "theano"
    model.save_weights(tmp_path / "w.jk")
    with pytest.warns(UserWarning, match="come from Theano: conv"):
        other.load_weights(tmp_path / "w.jk")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: networks().save_weights(path), "a file of a 'weights'; read it by model.load_weights"),
        (lambda path: jkeras.save_pytree(path, {}), "a file of a 'pytree'; read it by jkeras.load_pytree"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_text("{}"), "looks like JSON. .*model_from_json"),
        (lambda path: path.write_bytes(b"PK\x03\x04..."), "zip archive, as Keras 3 writes"),
        (lambda path: path.write_bytes(b"anything else"), "neither an HDF5 file nor"),
    ],
)
def test_files_of_another_kind(write, message, tmp_path):
    write(tmp_path / "m.jk")
    with pytest.raises(FileFormatError, match=message):
        load_model(tmp_path / "m.jk")


def test_no_file_and_no_folder(tmp_path):
    for name in ("m.jk", "m.h5"):
        with pytest.raises(FileNotFoundError):
            load_model(tmp_path / name)
        with pytest.raises(FileNotFoundError, match="there is no folder"):
            networks().save(tmp_path / "none" / name)
        with pytest.raises(OSError, match="it is a folder"):
            (tmp_path / f"folder{name}").mkdir()
            networks().save_weights(tmp_path / f"folder{name}")


def test_optimizers_without_a_config(tmp_path):
    class Plain:
        def init(self, params):
            return jax.tree.map(jnp.zeros_like, params)

        def update(self, grads, state, params=None):
            return jax.tree.map(lambda g: -0.1 * g, grads), jax.tree.map(jnp.add, state, grads)

    model = Sequential([Dense(2, input_dim=3)])
    model.compile(Plain(), "mse")
    for name in ("m.jk", "m.h5"):
        with pytest.warns(UserWarning, match=r"\(Plain\) has no get_config, so .* compile it again"):
            model.save(tmp_path / name)
        same(load_model(tmp_path / name).get_weights(), model.get_weights())
