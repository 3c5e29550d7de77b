"""The reader of pickled data: agrees with pickle on plain data of every protocol, and runs nothing."""

import contextlib
import os
import pickle
import pickletools
import random
import struct

import numpy as np
import pytest

from jkeras.datasets.plain import loads

VALUES = [
    None,
    True,
    False,
    0,
    255,
    256,
    65535,
    65536,
    -1,
    2**31,
    -(2**70),
    2**3000,
    1.5,
    -1e300,
    "text",
    "Ünï 🙂 \n'\"",
    "x" * 300,
    b"bytes\x00\xff",
    b"",
    b"y" * 300,
    [],
    [1, [2, []], "a"],
    (),
    (1,),
    (1, 2),
    (1, 2, 3),
    (1, 2, 3, 4, (5,)),
    {},
    {"a": 1, 2: [b"x"]},
    list(range(3000)),
    {str(i): i for i in range(3000)},
    ([[1, 2], [3]], [0, 1]),
    np.int64(7),
    np.float32(0.5),
]
ARRAYS = [
    np.arange(12).reshape(3, 4).astype(dtype)
    for dtype in ("uint8", "int16", "<i8", ">i4", "float32", "float64", "bool")
] + [
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.zeros((0, 3), "int32"),
    np.array(3.5),
    np.arange(10)[::2],
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", VALUES, ids=lambda value: repr(value)[:20])
def test_values(value, protocol):
    for data in (pickle.dumps(value, protocol), pickletools.optimize(pickle.dumps(value, protocol))):
        got = loads(data)
        assert got == value and type(got) is type(value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_arrays(array, protocol):
    got = loads(pickle.dumps([array, array], protocol))
    for copy in got:
        np.testing.assert_array_equal(copy, array)
        assert copy.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert got[0] is got[1]


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_lists(protocol):
    ragged = np.empty(3, dtype=object)
    ragged[:] = [[1, 2, 300], [], [70000]]
    got = loads(pickle.dumps(ragged, protocol))
    assert got.dtype == object and got.tolist() == ragged.tolist()


def test_what_python_2_wrote():
    assert loads(b"(lp0\nS'it\\'s'\np1\naI01\naL7L\naV\xe4\np2\na.") == [b"it's", True, 7, "ä"]
    assert loads(b"\x80\x02U\x03abcq\x00.") == b"abc"
    array = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03"
        b"(K\x01K\x02\x85cnumpy\ndtype\nq\x04U\x02u1K\x00K\x01\x87Rq\x05(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x02\x07\x08tb."
    )
    np.testing.assert_array_equal(loads(array), np.array([7, 8], "uint8"))


def test_shared_parts_stay_shared():
    inner = [1]
    got = loads(pickle.dumps([inner, inner]))
    assert got[0] is got[1]


class Evil:
    def __reduce__(self):
        return os.mkdir, (Evil.path,)


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_is_called(protocol, tmp_path):
    Evil.path = str(tmp_path / "made")
    data = pickle.dumps([1, Evil()], protocol)
    with pytest.raises(ValueError, match="mkdir, which is no plain data; nothing in a file is ever called"):
        loads(data)
    assert not os.path.exists(Evil.path)


@pytest.mark.parametrize(
    "data",
    [
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"cnumpy\nload\n.",
        b"cnumpy.core.multiarray\nfromfile\n.",
        b"(i__builtin__\neval\n.",
        b"(c__builtin__\neval\no.",
        b"\x80\x02c__builtin__\nlist\n)\x81.",
        b"Pid\n.",
        b"\x82\x01.",
        b"cnumpy\nndarray\n)R.",
        b"]cnumpy\ndtype\nb.",
        b"cnumpy\ndtype\n(S'V16'\ntR.",
        b"cnumpy\ndtype\n(S'f8,O'\ntR.",
        b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
        b"K\x01a.",
        b"K\x01K\x02K\x03s.",
        b"h\x05.",
        b"(K\x01.",
        b".",
        b"",
        b"<html>not found</html>",
        b"\x80\x09N.",
        b"T\xff\xff\xff\xff.",
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.",
    ],
)
def test_what_is_refused(data):
    with pytest.raises(
        ValueError, match=r"plain data|instruction|calls|state|type|encoded|appends|sets|ends|newer|takes"
    ):
        loads(data)


def test_an_array_larger_than_its_content_makes_no_room_for_it():
    array = np.empty(2, dtype=object)
    array[:] = [[1], [2]]
    data = pickle.dumps(array, 2).replace(b"K\x02\x85", b"\x8a\x06" + (2**44).to_bytes(6, "little") + b"\x85")
    with pytest.raises(ValueError, match="does not fit its shape"):
        loads(data)


def test_damage_is_never_anything_but_a_value_error():
    whole = pickle.dumps(({"a": np.arange(5)}, [1.5, "text", b"b"], list(range(300))), 2)
    for length in range(len(whole)):
        with pytest.raises(ValueError):
            loads(whole[:length])
    draw = random.Random(0)
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        with contextlib.suppress(ValueError):
            loads(bytes(damaged))


def test_struct_of_numbers_is_signed():
    assert loads(b"J" + struct.pack("<i", -5) + b".") == -5
