"""Data on their way to the device: blocks to evaluate, loads to train on, the next one read while the device computes."""

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import device_put

from jkeras.distribute.placement import Layout
from jkeras.engine.chunks import block_length, load_length
from jkeras.engine.memory import default_device
from jkeras.engine.sources import Source, is_streamed
from jkeras.engine.step import Batch

__all__ = ["Block", "Load", "ahead", "blocks", "loads", "whole_arrays"]


def parts(samples: int, batch_size: int) -> list[tuple[int, int, int]]:
    """Return ``(first batch, number of batches, batch size)`` for the full batches, and for the short last one."""
    full, rest = divmod(samples, batch_size)
    found = [(0, full, batch_size)] if full else []
    return [*found, (full, 1, rest)] if rest else found


def whole_arrays(arrays: list[Any]) -> list[Any]:
    """Return arrays with the sources among them read."""
    return [np.asarray(array) if isinstance(array, Source) else array for array in arrays]


def ahead(makers: Iterable[Callable[[], Any]]) -> Iterator[Any]:
    """Yield what functions return, and let a thread call the next one meanwhile.

    Each call has a thread of its own, so that nothing is left to end where the caller stops early.
    """
    coming: Future[Any] | None = None
    for make in makers:
        made = None if coming is None else coming.result()
        was_there, coming = coming is not None, _started(make)
        if was_there:
            yield made
    if coming is not None:
        yield coming.result()


def _started(make: Callable[[], Any]) -> Future[Any]:
    future: Future[Any] = Future()
    device = default_device()

    def work() -> None:
        try:
            with jax.default_device(device):
                future.set_result(make())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=work, name="load", daemon=True).start()
    return future


# ---- to train on


class Load(NamedTuple):
    """Batches of one size that a compiled loop trains on."""

    data: Batch
    """Arrays on the device: samples; or, where there are no `rows`, ``(at least batches, batch size, …)``."""
    rows: np.ndarray | None
    """``(batches, batch size)``: which samples make up each batch."""
    first: int
    """Number in the epoch of the first batch."""
    batches: int
    size: int
    """Samples in each batch."""


def loads(data: Batch, index: np.ndarray, batch_size: int, layout: Layout | None = None) -> Iterator[Load]:
    """Yield the loads of an epoch.

    Args:
        data: on the device, which makes one load for each batch size; or with sources, of which some batches are read at a time.
        index: the order of the samples.
        batch_size: samples in each full batch.
        layout: the devices, where there are several.
    """
    if is_streamed(data):
        yield from ahead(_reads(data, index, batch_size, layout))
        return
    for first, count, size in parts(len(index), batch_size):
        start = first * batch_size
        yield Load(data, index[start : start + count * size].reshape(count, size), first, count, size)


def _reads(data: Batch, index: np.ndarray, batch_size: int, layout: Layout | None) -> Iterator[Callable[[], Load]]:
    """Yield for each load a function that reads it. All loads of a batch size have one length, so that one program runs them."""
    row_bytes = _row_bytes(data)
    for first, count, size in parts(len(index), batch_size):
        length = min(count, load_length(size * row_bytes))
        for done in range(0, count, length):
            batches = min(length, count - done)
            start = first * batch_size + done * size
            which = index[start : start + batches * size]
            yield partial(_read, data, which, first + done, batches, size, length, layout)


def _read(
    data: Batch, which: np.ndarray, first: int, batches: int, size: int, length: int, layout: Layout | None
) -> Load:
    def part(array: Any) -> jax.Array:
        rows = array.rows(which) if isinstance(array, Source) else np.asarray(array)[which]
        return _put(_in_batches(rows, size, length), layout)

    return Load(jax.tree.map(part, data), None, first, batches, size)


def _put(array: np.ndarray, layout: Layout | None) -> jax.Array:
    return device_put(array) if layout is None else layout.batches(array)


def _in_batches(rows: np.ndarray, size: int, length: int) -> np.ndarray:
    """Return rows as ``(length, size, …)``, with batches of zeros behind them."""
    if len(rows) < length * size:
        rows = np.concatenate([rows, np.zeros((length * size - len(rows), *rows.shape[1:]), rows.dtype)])
    return rows.reshape(length, size, *rows.shape[1:])


def _row_bytes(data: Batch) -> int:
    arrays = [array for part in data for array in part if array is not None]
    return sum(math.prod(array.shape[1:]) * array.dtype.itemsize for array in arrays)


# ---- to evaluate, or to predict for


class Block(NamedTuple):
    """Consecutive batches on the device."""

    data: Batch
    """``(length, batch size, …)``: the batches, then zeros up to a length that is the same for all blocks of a batch size."""
    batches: int
    size: int
    """Samples in each batch."""


def blocks(data: Batch, batch_size: int, row_bytes: int = 0, layout: Layout | None = None) -> Iterator[Block]:
    """Cut a data set into blocks; the last, short batch is a block of its own.

    Args:
        data: on the host, on the device, or of sources, which are read block by block.
        batch_size: samples in each full batch.
        row_bytes: what a sample needs on the device besides the data.
        layout: the devices, where there are several.
    """
    data = jax.tree.map(lambda array: array if isinstance(array, Source | jax.Array) else np.asarray(array), data)
    makers = _cuts(data, batch_size, row_bytes + _row_bytes(data), layout)
    return ahead(makers) if is_streamed(data) else (make() for make in makers)


def _cuts(data: Batch, batch_size: int, row_bytes: int, layout: Layout | None) -> Iterator[Callable[[], Block]]:
    for first, count, size in parts(len(data.inputs[0]), batch_size):
        length = block_length(size * row_bytes) if size == batch_size else 1
        for done in range(0, count, length):
            batches = min(length, count - done)
            start = first * batch_size + done * size
            yield partial(_block, data, start, batches, size, length, layout)


def _block(data: Batch, start: int, batches: int, size: int, length: int, layout: Layout | None) -> Block:
    def cut(array: Any) -> jax.Array:
        if isinstance(array, jax.Array):
            found = _device_rows(array, start, batches * size, length=length, size=size)
            return found if layout is None else layout.batches(found)
        which = slice(start, start + batches * size)
        rows = array.rows(which) if isinstance(array, Source) else array[which]
        return _put(_in_batches(rows, size, length), layout)

    return Block(jax.tree.map(cut, data), batches, size)


@partial(jax.jit, static_argnames=("length", "size"))
def _device_rows(array: jax.Array, start: Any, count: Any, length: int, size: int) -> jax.Array:
    """Return rows of an array that is on the device as ``(length, size, …)``, with zeros behind them."""
    number = jnp.arange(length * size)
    where = jnp.where(number < count, number + start, len(array))
    return array.at[where].get(mode="fill", fill_value=0).reshape(length, size, *array.shape[1:])
