"""jkeras's own file format: a tree of dicts, lists, texts, numbers and arrays. docs/format.md has it byte for byte.

The file begins with a block of fixed size and the tree, in which arrays are type, shape and place; then come the arrays, each
at a multiple of 64 bytes. SHA-256 sums cover every byte. An array that is read is a view of the memory the file was read to.
"""

import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import msgpack
import numpy as np

from jkeras.engine.saving.limits import check_tree
from jkeras.errors import FileFormatError

__all__ = ["MAGIC", "Header", "KeySpec", "NodeSpec", "Spec", "header_of", "parts_of", "read_arrays", "read_header"]

MAGIC = b"\x89JKERAS\n"
VERSION = 1
ALIGNMENT = 64
MOST_HEADER = 16 * 2**20
_FIXED = struct.Struct("<8sIIQ8x")  # magic, version, bytes of the tree, bytes of the file, zeros
_START = _FIXED.size + 2 * hashlib.sha256().digest_size

_ARRAY, _TUPLE, _KEY, _NODE = 1, 2, 3, 4  # msgpack's extension types
_DEEPEST = 60  # of extensions in extensions

_TYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64", "complex64", "complex128")  # fmt: skip
_SHORT_TYPES = ("bfloat16", "float8_e3m4", "float8_e4m3", "float8_e4m3b11fnuz", "float8_e4m3fn", "float8_e4m3fnuz",
                "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu", "float4_e2m1fn", "float6_e2m3fn", "float6_e3m2fn",
                "int2", "int4", "uint2", "uint4")  # fmt: skip


class Spec(NamedTuple):
    """An array in a file: what it is, and where it begins behind the tree."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int

    @property
    def nbytes(self) -> int:
        """How many bytes it takes."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


class KeySpec(NamedTuple):
    """A random key of JAX: the name of its generator, and its numbers."""

    implementation: str
    numbers: Any


class NodeSpec(NamedTuple):
    """An object that JAX takes apart, such as a NamedTuple: the name of its class, of its parts, and the parts."""

    title: str
    names: list[Any]
    parts: list[Any]


def number_type(name: Any) -> np.dtype:
    """Return the type of numbers that a file calls `name`."""
    if isinstance(name, str) and name in _TYPES:
        return np.dtype(name)
    if isinstance(name, str) and name in _SHORT_TYPES:
        import ml_dtypes

        if hasattr(ml_dtypes, name):
            return np.dtype(getattr(ml_dtypes, name))
    raise FileFormatError(
        f"The file has an array of type {str(name)[:50]!r}, which is no type of numbers that is known here."
    )


# ---- writing


def parts_of(kind: str, content: Any) -> list[Any]:
    """Return the bytes of a file, in parts; the arrays are not copied.

    Args:
        kind: what the file is: ``'model'``, ``'weights'`` or ``'pytree'``.
        content: dicts (with texts or whole numbers as keys), lists, tuples, texts, bytes, numbers, ``None``, numpy arrays,
            `KeySpec` and `NodeSpec`.

    Raises:
        TypeError: there is something else.
    """
    from jkeras import __version__

    arrays = _Arrays()
    header = arrays.packed({"kind": kind, "writer": f"jkeras {__version__}", "content": content})
    if len(header) > MOST_HEADER:
        raise ValueError(
            f"Without its arrays the tree takes {len(header):,} bytes; a file has room for {MOST_HEADER:,}."
        )
    data = list(_padded(arrays.found, _START + len(header)))
    fixed = _FIXED.pack(MAGIC, VERSION, len(header), _START + len(header) + sum(map(len, data)))
    return [fixed, _digest([fixed, header]), _digest(data), header, *data]


def _digest(parts: Iterable[Any]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


class _Arrays:
    """Packs a tree, and collects the arrays in it."""

    def __init__(self) -> None:
        self.found: list[np.ndarray] = []
        self._end = 0

    def packed(self, value: Any) -> Any:
        """Return a tree as msgpack."""
        return msgpack.packb(value, default=self._extension, strict_types=True, use_bin_type=True)

    def _extension(self, value: Any) -> msgpack.ExtType:
        match value:
            case KeySpec():
                return msgpack.ExtType(_KEY, self.packed(list(value)))
            case NodeSpec():
                return msgpack.ExtType(_NODE, self.packed(list(value)))
            case tuple():
                return msgpack.ExtType(_TUPLE, self.packed(list(value)))
            case np.ndarray():
                return msgpack.ExtType(_ARRAY, self.packed(self._placed(value)))
        raise TypeError(f"A file cannot hold {value!r} ({type(value).__name__}).")

    def _placed(self, array: np.ndarray) -> list[Any]:
        number_type(array.dtype.name)
        offset = _aligned(self._end)
        self._end = offset + array.nbytes
        self.found.append(array)
        return [array.dtype.name, list(array.shape), offset]


def _aligned(place: int) -> int:
    return -(-place // ALIGNMENT) * ALIGNMENT


def _padded(arrays: list[np.ndarray], start: int) -> Iterator[Any]:
    """Yield the arrays, and zeros where the place before one is no multiple of 64."""
    place = start
    for array in arrays:
        if place % ALIGNMENT:
            yield bytes(_aligned(place) - place)
        place = _aligned(place) + array.nbytes
        plain = np.ascontiguousarray(array, _little(array.dtype))
        yield plain.reshape(-1).view(np.uint8).data


def _little(dtype: np.dtype) -> np.dtype:
    """Return the type with the least significant byte first; the short float types have no other order."""
    return dtype if dtype.name in _SHORT_TYPES else dtype.newbyteorder("<")


# ---- reading


class Header(NamedTuple):
    """The tree of a file, with a `Spec` for each array."""

    kind: str
    writer: str
    content: Any
    specs: list[Spec]
    end: int
    """Where the tree ends."""
    start: int
    """Where the arrays begin."""
    length: int
    digest: bytes
    """The SHA-256 sum of what follows the tree."""


def header_of(file: BinaryIO, path: Any) -> Header:
    """Return `read_header` of a file that `path` leads to; errors say so."""
    try:
        return read_header(file)
    except FileFormatError as error:
        raise FileFormatError(f"{os.fspath(path)!r}: {error}") from None


def read_header(file: BinaryIO) -> Header:
    """Read the beginning of an open file, up to the arrays.

    Raises:
        FileFormatError: it is no such file, is damaged, or is of a later version.
    """
    fixed = file.read(_FIXED.size)
    if len(fixed) < _FIXED.size or fixed[:8] != MAGIC:
        raise FileFormatError("It is no file of jkeras's format: it does not begin as one.")
    _, version, size, length = _FIXED.unpack(fixed)
    if version != VERSION:
        raise FileFormatError(
            f"The file has version {version} of jkeras's format; this jkeras reads version {VERSION}."
        )
    actual = os.fstat(file.fileno()).st_size
    if length != actual or size > MOST_HEADER or _START + size > length:
        raise FileFormatError(f"The file is damaged: it has {actual:,} bytes of {length:,}.")
    sums, header = file.read(_START - _FIXED.size), file.read(size)
    if _digest([fixed, header]) != sums[:32]:
        raise FileFormatError("The file is damaged: its contents do not have the SHA-256 sum that is written in it.")
    reader = _Reader()
    tree = reader.unpacked(header)
    if not isinstance(tree, dict) or set(tree) != {"kind", "writer", "content"}:
        raise FileFormatError("The file's tree has not the entries 'kind', 'writer' and 'content'.")
    try:
        check_tree(_plain(tree["content"]), "The file's tree")
    except RecursionError:
        raise FileFormatError("The file's tree is nested too deeply.") from None
    end = _START + size
    start = _aligned(end) if reader.specs else end
    _check_places(reader.specs, length - start)
    return Header(str(tree["kind"]), str(tree["writer"]), tree["content"], reader.specs, end, start, length, sums[32:])


def _check_places(specs: list[Spec], room: int) -> None:
    """Raise unless the arrays lie one behind the other and fill the file."""
    end = 0
    for spec in specs:
        if spec.offset != _aligned(end):
            raise FileFormatError("The file's arrays do not lie one behind the other.")
        end = spec.offset + spec.nbytes
    if end != room:
        raise FileFormatError(f"The file's arrays take {end:,} bytes; there are {room:,}.")


class _Reader:
    """Unpacks a tree, and collects the arrays in it."""

    def __init__(self) -> None:
        self.specs: list[Spec] = []
        self._depth = 0

    def unpacked(self, data: bytes) -> Any:
        """Return a tree from msgpack."""
        try:
            return msgpack.unpackb(data, raw=False, strict_map_key=False, ext_hook=self._extension)
        except FileFormatError:
            raise
        except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
            raise FileFormatError(f"The file's tree is no msgpack: {error!r}.") from None

    def _extension(self, code: int, data: bytes) -> Any:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FileFormatError(f"The file's tree is nested more than {_DEEPEST} tuples deep.")
        value = self.unpacked(data)
        self._depth -= 1
        match code, value:
            case 1, [str(name), [*shape], int(offset)] if (
                all(type(n) is int and n >= 0 for n in shape) and len(shape) < 33
            ):
                self.specs.append(Spec(number_type(name), tuple(shape), offset))
                return self.specs[-1]
            case 2, [*entries]:
                return tuple(entries)
            case 3, [str(implementation), Spec() as numbers]:
                return KeySpec(implementation, numbers)
            case 4, [str(title), [*names], [*parts]] if len(names) == len(parts):
                return NodeSpec(title, names, parts)
        raise FileFormatError(f"The file's tree has an entry that is not known (extension {code}).")


def _plain(value: Any) -> Any:
    """Return a tree with the parts of objects as lists, for `check_tree`."""
    match value:
        case Spec() | KeySpec():
            return None
        case NodeSpec():
            return [_plain(part) for part in value.parts]
        case dict():
            return {key: _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    raise FileFormatError(f"The file's tree has an entry of type {type(value).__name__}, which is not known.")


def read_arrays(file: BinaryIO, header: Header) -> list[np.ndarray]:
    """Read the arrays of a file, in the order of ``header.specs``. They are views of one block of memory.

    Raises:
        FileFormatError: the file is damaged.
        MemoryError: there is not so much memory.
    """
    behind = header.length - header.start
    memory = np.empty(behind + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    data = memory[first : first + behind]
    file.seek(header.end)
    gap = file.read(header.start - header.end)
    count = file.readinto(data.data)  # type: ignore[attr-defined]
    if count != behind or _digest([gap, data.data]) != header.digest:
        raise FileFormatError("The file is damaged: its arrays do not have the SHA-256 sum that is written in it.")
    return [
        data[spec.offset : spec.offset + spec.nbytes].view(_little(spec.dtype)).reshape(spec.shape)
        for spec in header.specs
    ]
