"""Data in Python's pickle format, decoded without running anything.

A pickle is a program that may call any function of any module, which is why jkeras never unpickles a file. But Keras 1's
data sets, and CIFAR's own release, are pickles of plain data. This reader knows the instructions that make numbers, texts,
lists, tuples, dicts and NumPy arrays, carries them out itself, and refuses everything else. No name in a file is imported:
the few that arrays need stand in a table here, with what is done in their place.
"""

import codecs
import math
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["loads"]


def loads(data: bytes) -> Any:
    """Return the object in a pickle of plain data.

    Texts that Python 2 wrote as byte strings come as `bytes`.

    Raises:
        ValueError: the bytes are no pickle or only part of one, or hold something else than plain data.
    """
    try:
        return _Reader(data).run()
    except (IndexError, KeyError, TypeError, AttributeError, struct.error, OverflowError, UnicodeError) as error:
        raise ValueError(f"no pickle of plain data, or only part of one ({type(error).__name__}: {error})") from error


class _Name:
    """Stands for a function or class that a file names; never for the thing itself."""

    def __init__(self, name: str):
        self.name = name


class _DType:
    """A number type in the making: its byte order comes after its code."""

    def __init__(self, code: str):
        if not re.fullmatch(r"[biuf][1248]|O8?|b1", code):
            raise ValueError(f"arrays of type {code!r} are not read; only integers, floats, truth values and lists")
        self.code, self.order = code, "="

    def make(self) -> np.dtype:
        return np.dtype(object) if self.code[0] == "O" else np.dtype(self.order + self.code)


def _text(value: Any) -> str:
    return value.decode("latin1") if isinstance(value, bytes) else value


def _dtype(code: Any, *_: Any) -> _DType:
    return _DType(_text(code))


def _array(*_: Any) -> np.ndarray:
    return np.zeros(0, dtype=np.uint8)  # filled by the BUILD that follows


def _array_of_buffer(data: bytes, dtype: _DType, shape: tuple[int, ...], order: Any) -> np.ndarray:
    return np.frombuffer(data, dtype.make()).reshape(shape, order="F" if _text(order) == "F" else "C").copy()


def _scalar(dtype: _DType, data: bytes) -> Any:
    return np.frombuffer(data, dtype.make())[0]


def _encoded(text: str, encoding: Any = "latin1") -> bytes:
    if _text(encoding) != "latin1":
        raise ValueError(f"text encoded as {encoding!r}")
    return text.encode("latin1")


# What stands for bytes and arrays in pickles, and what is done here when a file calls it.
_CALLS: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encoded,
    "__builtin__.bytes": lambda: b"",
    "builtins.bytes": lambda: b"",
    "numpy.dtype": _dtype,
    **{
        f"{package}.{name}": function
        for package in ("numpy.core", "numpy._core")
        for name, function in {
            "multiarray._reconstruct": _array,
            "multiarray.scalar": _scalar,
            "numeric._frombuffer": _array_of_buffer,
        }.items()
    },
}
_NAMES = {*_CALLS, "numpy.ndarray"}  # the class only as an argument


class _Reader:
    """One pass over a pickle. Methods carry out one instruction each; `run` the frequent ones."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # stacks below the open marks
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        data = self.data
        while True:
            code = data[self.at]
            self.at += 1
            # The instructions that lists of small numbers are made of, which may be tens of millions.
            if code == 0x4B:  # K
                self.stack.append(data[self.at])
                self.at += 1
            elif code == 0x4D:  # M
                self.stack.append(data[self.at] | data[self.at + 1] << 8)
                self.at += 2
            elif code == 0x4A:  # J
                self.stack.append(self.number("<i", 4))
            elif code == 0x71:  # q
                self.memo[data[self.at]] = self.stack[-1]
                self.at += 1
            elif code == 0x2E:  # .
                if self.outer or len(self.stack) != 1:
                    raise ValueError("no pickle of plain data: it ends in the middle of something")
                return self.stack[0]
            else:
                instruction = _INSTRUCTIONS.get(code)
                if instruction is None:
                    raise ValueError(f"holds the instruction {bytes([code])!r}, which plain data do not need")
                instruction(self)

    # ---- bytes

    def take(self, count: int) -> bytes:
        block = self.data[self.at : self.at + count]
        if len(block) != count:
            raise ValueError(f"only part of a pickle: it ends {count - len(block)} bytes too early")
        self.at += count
        return block

    def number(self, form: str, size: int) -> int:
        return struct.unpack(form, self.take(size))[0]

    def sized(self, form: str, size: int) -> bytes:
        return self.take(self.number(form, size))

    def line(self) -> bytes:
        end = self.data.index(b"\n", self.at)
        line = self.data[self.at : end]
        self.at = end + 1
        return line

    # ---- values

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def text_integer(self) -> None:
        line = self.line()
        self.push(line == b"01" if line in (b"00", b"01") else int(line.rstrip(b"L")))  # truth values have two digits

    def quoted(self) -> None:
        line = self.line().strip()
        if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):
            raise ValueError("holds a text without quotes")
        self.push(codecs.escape_decode(line[1:-1])[0])

    def long(self, form: str, size: int) -> None:
        self.push(int.from_bytes(self.sized(form, size), "little", signed=True))

    # ---- containers

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        entries = self.stack
        self.stack = self.outer.pop()
        return entries

    def drop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("no pickle: it takes more than there is")
        entries = self.stack[len(self.stack) - count :]
        del self.stack[len(self.stack) - count :]
        return entries

    def append(self, entries: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("appends to something that is no list")
        self.stack[-1].extend(entries)

    def set_items(self, entries: list[Any]) -> None:
        if type(self.stack[-1]) is not dict:
            raise ValueError("sets an item of something that is no dict")
        self.stack[-1].update(zip(entries[::2], entries[1::2], strict=True))

    # ---- names and calls

    def name(self, module: Any, name: Any) -> None:
        full = f"{_text(module)}.{_text(name)}"
        if full not in _NAMES:
            raise ValueError(f"holds {full}, which is no plain data; nothing in a file is ever called")
        self.push(_Name(full))

    def call(self) -> None:
        function, arguments = self.drop(2)
        if not isinstance(function, _Name) or function.name not in _CALLS or type(arguments) is not tuple:
            raise ValueError("calls something that is no array or text")
        self.push(_CALLS[function.name](*arguments))

    def build(self) -> None:
        (state,) = self.drop(1)
        target = self.stack[-1]
        if isinstance(target, _DType):
            _, order, subtype, names, fields = state[:5]
            if (
                subtype is not None
                or names is not None
                or fields is not None
                or _text(order) not in ("<", ">", "|", "=")
            ):
                raise ValueError("arrays of records are not read")
            target.order = _text(order)
        elif isinstance(target, np.ndarray):
            version, shape, dtype, fortran, content = state
            made = dtype.make()
            kind, unit = (list, 1) if made.hasobject else (bytes, made.itemsize)
            # Before NumPy makes room for what the shape says.
            if type(content) is not kind or math.prod(shape) * unit != len(content):
                raise ValueError(f"the content of an array does not fit its shape {shape} and type {made}")
            target.__setstate__((version, shape, made, fortran, content))
        else:
            raise ValueError("sets the state of something that is no array")


def _memorize(reader: _Reader) -> None:
    reader.memo[len(reader.memo)] = reader.stack[-1]


def _put(number: Callable[[_Reader], int]) -> Callable[[_Reader], None]:
    def put(reader: _Reader) -> None:
        reader.memo[number(reader)] = reader.stack[-1]

    return put


def _frame(reader: _Reader) -> None:
    reader.take(8)  # how much to read ahead


def _tuple(count: int) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(tuple(reader.drop(count)))


def _protocol(reader: _Reader) -> None:
    if reader.number("<B", 1) > 5:
        raise ValueError("written by a newer Python than this reader knows")


def _dict_of(entries: list[Any]) -> dict[Any, Any]:
    return dict(zip(entries[::2], entries[1::2], strict=True))


_INSTRUCTIONS: dict[int, Callable[[_Reader], Any]] = {
    ord(code): instruction
    for code, instruction in {
        "\x80": _protocol,
        "\x95": _frame,
        "(": _Reader.mark,
        "0": lambda r: r.drop(1),
        "1": _Reader.since_mark,
        "2": lambda r: r.push(r.stack[-1]),
        # memory
        "p": _put(lambda r: int(r.line())),
        "r": _put(lambda r: r.number("<I", 4)),
        "\x94": _memorize,
        "g": lambda r: r.push(r.memo[int(r.line())]),
        "h": lambda r: r.push(r.memo[r.number("<B", 1)]),
        "j": lambda r: r.push(r.memo[r.number("<I", 4)]),
        # numbers
        "I": _Reader.text_integer,
        "L": lambda r: r.push(int(r.line().rstrip(b"L"))),
        "\x8a": lambda r: r.long("<B", 1),
        "\x8b": lambda r: r.long("<i", 4),
        "F": lambda r: r.push(float(r.line())),
        "G": lambda r: r.push(r.number(">d", 8)),
        "N": lambda r: r.push(None),
        "\x88": lambda r: r.push(True),
        "\x89": lambda r: r.push(False),
        # bytes, and Python 2's texts
        "S": _Reader.quoted,
        "T": lambda r: r.push(r.sized("<i", 4)),
        "U": lambda r: r.push(r.sized("<B", 1)),
        "B": lambda r: r.push(r.sized("<I", 4)),
        "C": lambda r: r.push(r.sized("<B", 1)),
        "\x8e": lambda r: r.push(r.sized("<Q", 8)),
        "\x96": lambda r: r.push(r.sized("<Q", 8)),
        # texts
        "V": lambda r: r.push(r.line().decode("raw-unicode-escape")),
        "X": lambda r: r.push(r.sized("<I", 4).decode("utf-8", "surrogatepass")),
        "\x8c": lambda r: r.push(r.sized("<B", 1).decode("utf-8", "surrogatepass")),
        "\x8d": lambda r: r.push(r.sized("<Q", 8).decode("utf-8", "surrogatepass")),
        # containers
        "]": lambda r: r.push([]),
        ")": lambda r: r.push(()),
        "}": lambda r: r.push({}),
        "l": lambda r: r.push(r.since_mark()),
        "t": lambda r: r.push(tuple(r.since_mark())),
        "d": lambda r: r.push(_dict_of(r.since_mark())),
        "\x85": _tuple(1),
        "\x86": _tuple(2),
        "\x87": _tuple(3),
        "a": lambda r: r.append(r.drop(1)),
        "e": lambda r: r.append(r.since_mark()),
        "s": lambda r: r.set_items(r.drop(2)),
        "u": lambda r: r.set_items(r.since_mark()),
        # names and calls: see _CALLS
        "c": lambda r: r.name(r.line(), r.line()),
        "\x93": lambda r: r.name(*r.drop(2)),
        "R": _Reader.call,
        "b": _Reader.build,
    }.items()
}
