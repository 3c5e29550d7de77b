"""Files that somebody made to do harm: each is refused, at once and without taking memory, and nothing in it is run."""

import base64
import hashlib
import json
import marshal
import resource
import signal
import struct

import h5py
import msgpack
import numpy as np
import pytest

import jkeras
from jkeras.engine.saving import limits, native
from jkeras.engine.saving.atomic import replace_file
from jkeras.errors import FileFormatError, UnknownNameError
from jkeras.layers import LSTM, Dense, Lambda
from jkeras.models import Sequential, load_model, model_from_json, model_from_yaml

RUN = []
"""What code in a file would have appended to, had it been run."""


@pytest.fixture(autouse=True)
def in_time_and_memory():
    def endless(*_):
        raise AssertionError("Reading the file took a minute of the processor, and may never end.")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    RUN.clear()
    signal.signal(signal.SIGVTALRM, endless)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    assert not RUN
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    model = Sequential([Dense(3, input_dim=4, name="a"), Dense(2, name="b")])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    path = tmp_path_factory.mktemp("good") / "m.h5"
    model.save(path)
    (path.parent / "w.npy").write_bytes(np.ones((4, 3), "f4").tobytes())
    with h5py.File(path.parent / "other.h5", "w") as file:
        file["W"] = np.ones((4, 3), "f4")
    return path


def reconfigured(change):
    """Change the config of a file's model."""

    def edit(file):
        config = json.loads(file.attrs["model_config"])
        change(config["config"])
        file.attrs["model_config"] = json.dumps(config)

    return edit


def attribute(name, value, group="/"):
    def edit(file):
        owner = file[group]
        if name in owner.attrs:
            del owner.attrs[name]
        owner.attrs[name] = value

    return edit


def weight(make):
    """Put something else in the place of a weight."""

    def edit(file):
        del file["model_weights/a/a_W"]
        make(file["model_weights/a"])

    return edit


def declared(shape, dtype="f4", **options):
    return weight(lambda group: group.create_dataset("a_W", shape, dtype, **options))


def external_storage(group):
    space = h5py.h5s.create_simple((4, 3))
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_external(b"w.npy", 0, 48)
    h5py.h5d.create(group.id, b"a_W", h5py.h5t.IEEE_F32LE, space, created)


def virtual(group):
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[...] = h5py.VirtualSource("other.h5", "W", (4, 3))
    group.create_virtual_dataset("a_W", layout)


def cycle(file):
    del file["model_weights/a"]
    file["model_weights/a"] = h5py.SoftLink("/model_weights/c")
    file["model_weights/c"] = h5py.SoftLink("/model_weights/a")


def renamed(name):
    def edit(file):
        file["model_weights"].attrs["layer_names"] = np.array([name, "b"], "S")

    return edit


def nested(depth):
    return lambda file: file.attrs.__setitem__("model_config", "[" * depth + "]" * depth)


CODE = marshal.dumps(compile("RUN.append(1)", "file", "eval")).decode("latin-1")


def lambda_layer(entry):
    config = {"name": "lambda_1", "function": [CODE, None, None], "function_type": "lambda", "arguments": {}}
    entry.append({"class_name": "Lambda", "config": {**config, "output_shape": None, "output_shape_type": "raw"}})


FILES = {
    "external link": weight(lambda group: group.__setitem__("a_W", h5py.ExternalLink("other.h5", "/W"))),
    "external link to a device": weight(lambda group: group.__setitem__("a_W", h5py.ExternalLink("/dev/zero", "/"))),
    "external link as layer": lambda file: (
        file["model_weights"].pop("a"),
        file["model_weights"].__setitem__("a", h5py.ExternalLink("other.h5", "/")),
    ),
    "external link as weights": lambda file: (
        file.pop("model_weights"),
        file.__setitem__("model_weights", h5py.ExternalLink("m.h5", "/model_weights")),
    ),
    "soft link": weight(lambda group: group.__setitem__("a_W", h5py.SoftLink("/model_weights/b/b_W"))),
    "soft link to itself": weight(lambda group: group.__setitem__("a_W", h5py.SoftLink("a_W"))),
    "soft link to nothing": weight(lambda group: group.__setitem__("a_W", h5py.SoftLink("/nothing"))),
    "cycle of soft links": cycle,
    "external storage": weight(external_storage),
    "virtual dataset": weight(virtual),
    "huge array, not written": declared((10**6, 10**6)),
    "huge array in chunks": declared((10**6, 10**6), chunks=(1000, 1000)),
    "huge array, packed": declared((10**6, 10**6), chunks=(1000, 1000), compression="gzip"),
    "huge array that is one number": declared((10**15,), chunks=(1000,), fillvalue=1.0),
    "array not written": declared((4, 3)),
    "array of texts": declared((4, 3), h5py.string_dtype()),
    "array of objects": declared((4, 3), h5py.ref_dtype),
    "array of structures": declared((4, 3), np.dtype([("x", "f4"), ("y", "i4")])),
    "array of complex numbers": declared((4, 3), "c8"),
    "array of arrays": declared((4, 3), h5py.vlen_dtype("f4")),
    "array of bytes": declared((4, 3), "V4"),
    "array of nothing": weight(lambda group: group.create_dataset("a_W", data=h5py.Empty("f4"))),
    "group in place of an array": weight(lambda group: group.create_group("a_W")),
    "type in place of an array": weight(lambda group: group.__setitem__("a_W", np.dtype("f4"))),
    "array in place of a group": lambda file: (
        file["model_weights"].pop("a"),
        file["model_weights"].__setitem__("a", np.ones(3)),
    ),
    "wrong shape": declared((3, 4)),
    "name with dots": renamed("../b"),
    "name from the root": renamed("/model_weights/b"),
    "name that is the group": renamed("."),
    "empty name": renamed(""),
    "name that is not there": renamed("zz"),
    "name that is no text": renamed(b"\xff\xfe"),
    "names that are numbers": attribute("layer_names", np.arange(3), "model_weights"),
    "names in a table": attribute("layer_names", np.array([["a", "b"]], "S"), "model_weights"),
    "one name": attribute("layer_names", "a", "model_weights"),
    "no names": lambda file: file["model_weights"].attrs.pop("layer_names"),
    "no names of weights": lambda file: file["model_weights/a"].attrs.pop("weight_names"),
    "ten thousand layers": attribute("layer_names", np.array(["a"] * 10_000, "S"), "model_weights"),
    "a count that is negative": attribute("nb_layers", -1, "model_weights"),
    "a count that is huge": attribute("nb_layers", 2**62, "model_weights"),
    "a count that is no number": attribute("nb_layers", "3", "model_weights"),
    "no model": lambda file: file.attrs.pop("model_config"),
    "a model that is a number": attribute("model_config", 3),
    "a model that is no JSON": attribute("model_config", "{"),
    "a model that is no text": attribute("model_config", b"\xff\xfe{}"),
    "deep JSON": nested(100_000),
    "JSON that is a little too deep": nested(300),
    "huge numbers in JSON": attribute("model_config", "1" * 10_000),
    "long JSON": attribute("model_config", "[" + "1," * 9 * 10**6 + "1]"),
    "an object of Python in JSON": attribute("model_config", '{"py/object": "os.system"}'),
    "NaN in the config": reconfigured(lambda layers: layers[0]["config"].update(output_dim=float("nan"))),
    "infinity in the config": reconfigured(lambda layers: layers[0]["config"].update(output_dim=float("inf"))),
    "a negative size": reconfigured(lambda layers: layers[0]["config"].update(output_dim=-3)),
    "a huge size": reconfigured(lambda layers: layers[0]["config"].update(output_dim=10**12)),
    "a size that is a text": reconfigured(lambda layers: layers[0]["config"].update(output_dim="3")),
    "a size that is a list": reconfigured(lambda layers: layers[0]["config"].update(output_dim=[3])),
    "a class with its module": reconfigured(lambda layers: layers[0].update(class_name="os.system")),
    "a class by its path": reconfigured(lambda layers: layers[0].update(class_name="jkeras.layers.Dense")),
    "a class that is no layer": reconfigured(lambda layers: layers[0].update(class_name="eval")),
    "a class that is private": reconfigured(lambda layers: layers[0].update(class_name="__import__")),
    "a function by its path": reconfigured(lambda layers: layers[0]["config"].update(activation="os.system")),
    "a function that is code": reconfigured(lambda layers: layers[0]["config"].update(activation="lambda x: x")),
    "an attribute of a module": reconfigured(lambda layers: layers[0]["config"].update(init="__builtins__")),
    "a regularizer that is none": reconfigured(
        lambda layers: layers[0]["config"].update(W_regularizer={"name": "eval", "x": 1})
    ),
    "a Lambda with code": reconfigured(lambda_layer),
    "a Merge with code": reconfigured(
        lambda layers: layers.insert(
            0, {"class_name": "Merge", "config": {"mode": CODE, "mode_type": "lambda", "layers": []}}
        )
    ),
    "two layers of one name": reconfigured(lambda layers: layers[1]["config"].update(name="a")),
    "a config that is a list": reconfigured(lambda layers: layers[0].update(config=[])),
    "training by a class with its module": attribute(
        "training_config", json.dumps({"optimizer_config": {"class_name": "os.system", "config": {}}, "loss": "mse"})
    ),
    "training by a function of a module": attribute(
        "training_config", json.dumps({"optimizer_config": {"class_name": "SGD", "config": {}}, "loss": "os.system"})
    ),
    "training that is a list": attribute("training_config", "[]"),
    "an optimizer's state that is huge": lambda file: (
        file["optimizer_weights"].pop("param_1"),
        file["optimizer_weights"].create_dataset("param_1", (10**6, 10**6), "f4"),
    ),
    "an optimizer's state that is linked": lambda file: (
        file["optimizer_weights"].pop("param_1"),
        file["optimizer_weights"].__setitem__("param_1", h5py.ExternalLink("other.h5", "/W")),
    ),
    "an optimizer's state that is short": lambda file: file["optimizer_weights"].attrs.__setitem__(
        "weight_names", np.array(["param_0"], "S")
    ),
    "counters that are texts": attribute("jkeras_training", json.dumps({"seed": "os.system"})),
    "random numbers that are none": attribute(
        "jkeras_training",
        json.dumps({"epochs": 1, "order": {"dtype": "object", "shape": [1], "base64": "gASVKAA="}, "random": {}}),
    ),
}


@pytest.mark.parametrize("what", FILES)
def test_hdf5(what, good, tmp_path):
    for entry in good.parent.iterdir():
        (tmp_path / entry.name).write_bytes(entry.read_bytes())
    with h5py.File(tmp_path / "m.h5", "a") as file:
        FILES[what](file)
    with pytest.raises((ValueError, TypeError)):
        load_model(tmp_path / "m.h5")


def test_states_without_end(tmp_path):
    model = Sequential([LSTM(3, stateful=True, batch_input_shape=(2, 5, 4))])
    for name in ("m.h5", "m.jk"):
        model.save(tmp_path / name)
    with h5py.File(tmp_path / "m.h5", "a") as file:
        reconfigured(lambda layers: layers[0]["config"].update(batch_input_shape=[10**9, 5, 4]))(file)
    with pytest.raises(FileFormatError, match="states of 24,000,000,000 bytes"):
        load_model(tmp_path / "m.h5")
    tree = jkeras.load_pytree(tmp_path / "m.jk")
    replace_file(
        tmp_path / "m.jk",
        native.parts_of("model", {**tree, "config": tree["config"].replace("[2, 5", "[9999999999, 5")}),
    )
    with pytest.raises(FileFormatError, match="states of"):
        load_model(tmp_path / "m.jk")


def test_there_are_sixty_of_them():
    assert len(FILES) >= 60


def test_a_class_s_path_is_said_to_be_unknown(good):
    text = json.dumps({"class_name": "Sequential", "config": [{"class_name": "os.system", "config": {}}]})
    with pytest.raises(UnknownNameError, match=r"Unknown layer: 'os\.system'"):
        model_from_json(text)


def test_a_lambda_says_how_to_supply_its_function(tmp_path):
    model = Sequential([Lambda(lambda x: x * 2, input_shape=(4,), name="twice"), Dense(2)])
    for name in ("m.h5", "m.jk"):
        model.save(tmp_path / name)
        with pytest.raises(ValueError, match=r"Layer 'twice' \(Lambda\) .*custom_objects=\{'twice': function\}"):
            load_model(tmp_path / name)
        again = load_model(tmp_path / name, custom_objects={"twice": lambda x: x * 2})
        np.testing.assert_array_equal(again.predict(np.ones((1, 4))), model.predict(np.ones((1, 4))))


# ---- YAML


def yaml_of(dim):
    config = f"{{name: d, output_dim: {dim}, batch_input_shape: [null, 3]}}"
    return f"class_name: Sequential\nconfig:\n- class_name: Dense\n  config: {config}\n"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("!!python/object/apply:numpy.core.multiarray.scalar [!!python/object/apply:numpy.dtype {args: [i8, false, true], "
         "state: !!python/tuple [3, <, null, null, null, -1, -1, 0]}, !!binary BQAAAAAAAAA=]", 5),
        ("!!python/object/apply:numpy._core.multiarray.scalar [!!python/object/apply:numpy.dtype {args: [i2], "
         "state: [3, '>', null]}, !!binary AAY=]", 6),
        ("!!python/long 7", 7),
        ("!!python/object/apply:numpy.core.multiarray.scalar [!!python/object/apply:numpy.dtype {args: [f4]}, "
         f"!!binary {base64.b64encode(np.float32(8).tobytes()).decode()}]", 8),
    ],
)  # fmt: skip
def test_yaml_with_numbers_of_numpy(text, size):
    assert model_from_yaml(yaml_of(text)).output_shape == (None, size)


@pytest.mark.parametrize(
    "text",
    [
        yaml_of("!!python/object/apply:os.system ['true']"),
        yaml_of("!!python/object/new:os.system ['true']"),
        yaml_of("!!python/name:os.system"),
        yaml_of("!!python/module:os"),
        yaml_of("!!python/object:object {}"),
        yaml_of("!!python/object/apply:numpy.dtype {args: [O]}"),
        yaml_of("!!python/object/apply:numpy.dtype {args: ['i8,i8']}"),
        yaml_of("!!python/object/apply:numpy.dtype [i8]"),
        yaml_of("!!python/object/apply:numpy.core.multiarray.scalar [1, 2]"),
        yaml_of(
            "!!python/object/apply:numpy.core.multiarray.scalar [!!python/object/apply:numpy.dtype {args: [i8]}, !!binary BQ==]"
        ),
        yaml_of("!!python/object/apply:numpy.core.multiarray._reconstruct []"),
        yaml_of("{"),
        yaml_of(".nan"),
        yaml_of("2001-01-01"),
        "a: &a [*a]\n",
        "&a {config: *a, class_name: Sequential}",
        "\n".join(["a0: &a0 [1]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]),
        "[" * 5000 + "]" * 5000,
        "",
        "- just\n- a list\n",
    ],
)
def test_yaml(text):
    with pytest.raises((ValueError, TypeError)):
        model_from_yaml(text)


def nested(inner, levels):
    for _ in range(levels):
        inner = [inner]
    return inner


def test_what_is_repeated_counts_at_each_place():
    shared = nested([1, 2], 100)
    limits.check_tree([shared, shared, nested(shared, 140)], "It")
    with pytest.raises(FileFormatError, match="deep"):
        limits.check_tree([shared, nested(shared, 200)], "It")
    limits.check_tree([shared] * 10_000, "It")
    with pytest.raises(FileFormatError, match="entries"):
        limits.check_tree([shared] * 20_000, "It")


# ---- jkeras's own format


def sealed(tree, data=b"", version=1, size=None, length=None):
    """A file with right sums, whatever is in it."""
    tree = tree if isinstance(tree, bytes) else msgpack.packb(tree)
    gap = bytes(-(96 + len(tree)) % 64) if data else b""
    length = 96 + len(tree) + len(gap + data) if length is None else length
    fixed = struct.pack("<8sIIQ8x", native.MAGIC, version, len(tree) if size is None else size, length)
    sums = hashlib.sha256(fixed + tree).digest() + hashlib.sha256(gap + data).digest()
    return fixed + sums + tree + gap + data


def holding(content):
    return {"kind": "pytree", "writer": "x", "content": content}


def extension(code, *entries):
    return msgpack.ExtType(code, msgpack.packb(list(entries)))


OWN = {
    "a later version": (sealed(holding(1), version=2), "version 2"),
    "no msgpack": (sealed(b"\xc1"), "no msgpack"),
    "no dict": (sealed([1, 2]), "has not the entries"),
    "two trees": (sealed(msgpack.packb(holding(1)) * 2), "no msgpack"),
    "a tree longer than the file": (sealed(holding(1), size=10**6), "damaged"),
    "a tree of 4 GB": (sealed(holding(1), size=2**32 - 1), "damaged"),
    "a file of 16 EB": (sealed(holding(1), length=2**64 - 1), "damaged"),
    "a list of four billion": (sealed(msgpack.packb(holding(0))[:-1] + b"\xdd\xff\xff\xff\xff"), "no msgpack"),
    "bytes behind the tree": (sealed(holding(1), b"12345678"), "arrays take 0 bytes"),
    "an array beyond the file": (sealed(holding(extension(1, "float32", [10**9, 10**9], 0)), bytes(64)), "arrays take"),
    "an array in the middle": (sealed(holding(extension(1, "int8", [8], 64)), bytes(128)), "one behind the other"),
    "arrays that overlap": (sealed(holding([extension(1, "int8", [64], 0)] * 2), bytes(64)), "one behind the other"),
    "an array of objects": (sealed(holding(extension(1, "object", [1], 0)), bytes(8)), "type 'object'"),
    "an array of structures": (sealed(holding(extension(1, "i4,i4", [1], 0)), bytes(8)), "type 'i4,i4'"),
    "an array of negative size": (sealed(holding(extension(1, "int8", [-1], 0)), bytes(8)), "not known"),
    "an array of boolean size": (sealed(holding(extension(1, "int8", [True], 0)), bytes(1)), "not known"),
    "an array of 40 dimensions": (sealed(holding(extension(1, "int8", [1] * 40, 0)), bytes(1)), "not known"),
    "an extension that is not known": (sealed(holding(extension(9, 1))), "extension 9"),
    "a time": (sealed(holding(msgpack.Timestamp(1, 1))), "Timestamp"),
    "a random key of a strange generator": (
        sealed(holding(extension(3, "os.system", extension(1, "uint32", [2], 0))), bytes(8)),
        "random key",
    ),
    "an object of many names": (sealed(holding(extension(4, "C", ["a", "b"], [1]))), "not known"),
    "an object with a list as name": (sealed(holding(extension(4, "C", [[1]], [1]))), "name"),
    "deep lists": (
        sealed(msgpack.packb(holding(0))[:-1] + b"\x91" * 3000 + b"\x90"),
        "msgpack|deep",
    ),
    "rather deep lists": (sealed(msgpack.packb(holding(0))[:-1] + b"\x91" * 300 + b"\x90"), "deep"),
    "a text that is none": (sealed(msgpack.packb(holding(0))[:-1] + b"\xa1\xff"), "no msgpack"),
    "a list as key": (sealed(msgpack.packb(holding(0))[:-1] + b"\x81\x90\x01"), "msgpack"),
}


@pytest.mark.parametrize("what", OWN)
def test_own_format(what, tmp_path):
    data, message = OWN[what]
    (tmp_path / "t.jk").write_bytes(data)
    with pytest.raises(FileFormatError, match=message):
        jkeras.load_pytree(tmp_path / "t.jk")
    with pytest.raises(FileFormatError):
        load_model(tmp_path / "t.jk")


def test_own_format_tuples_in_tuples(tmp_path):
    value = msgpack.packb(1)
    for _ in range(100):
        value = msgpack.packb(msgpack.ExtType(2, b"\x91" + value))
    (tmp_path / "t.jk").write_bytes(sealed(msgpack.packb(holding(0))[:-1] + value))
    with pytest.raises(FileFormatError, match="tuples deep"):
        jkeras.load_pytree(tmp_path / "t.jk")


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree.update(config=3),
        lambda tree: tree.update(config="{}"),
        lambda tree: tree.pop("layers"),
        lambda tree: tree.update(layers=[1]),
        lambda tree: tree.update(layers=[["a", [["a_W", ["params", "a", "nothing"]]]]]),
        lambda tree: tree.update(layers=[["a", [["a_W", ["params", "a"]]]]]),
        lambda tree: tree.update(layers=[["a", [["a_W", ["params", 3]]]]]),
        lambda tree: tree["params"]["a"].update(W=np.ones((3, 4))),
        lambda tree: tree["params"]["a"].update(W=np.ones((4, 3), complex)),
        lambda tree: tree.update(training="[]"),
        lambda tree: tree.update(optimizer=None),
        lambda tree: tree["optimizer"].pop(),
        lambda tree: tree.update(progress=[]),
        lambda tree: tree["progress"].update(steps=-1),
        lambda tree: tree["progress"].update(epochs=1, order=np.zeros(3), random={}),
        lambda tree: tree["progress"].update(epochs=1, order=np.arange(3), random={"key": np.zeros(3), "pos": 9}),
    ],
)
def test_models_in_own_format(change, good, tmp_path):
    load_model(good).save(tmp_path / "m.jk")
    tree = jkeras.load_pytree(tmp_path / "m.jk")
    change(tree)
    replace_file(tmp_path / "m.jk", native.parts_of("model", tree))
    with pytest.raises(ValueError, match=r"\w"):
        load_model(tmp_path / "m.jk")


@pytest.mark.parametrize("size", [0, 2**64 - 16, 2**40], ids=["nothing", "back to itself", "beyond the end"])
def test_a_heap_of_strings_without_an_end(good, tmp_path, size):
    """libhdf5 walks through such a heap for ever, and no signal ends it."""
    whole = bytearray(good.read_bytes())
    place = whole.index(b"GCOL\1") + 16
    while number := int.from_bytes(whole[place : place + 2], "little"):
        last = place
        place += 16 + -(-int.from_bytes(whole[place + 8 : place + 16], "little") // 8) * 8
    # The free space at the end, or, for sizes that wrap around, the last object.
    at = place if size == 0 else last
    assert number == 0
    whole[at + 8 : at + 16] = size.to_bytes(8, "little")
    path = tmp_path / "endless.h5"
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match="does not fit into its heap of strings"):
        load_model(path)
