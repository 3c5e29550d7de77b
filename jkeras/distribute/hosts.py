"""Several processes, on one host or many, that run the same script and train one model together.

Every process runs every line of the script. What one process decides by itself (the order of shuffled samples, how many steps one
call runs) the first one decides for all; what all must have alike is compared, and a difference is an error that says who has what.
"""

import functools
import os
import socket
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

import jax
import numpy as np

__all__ = ["all_written", "connect", "count", "from_first", "index", "is_first", "readable", "same", "whole_of_shares"]

Given = TypeVar("Given")

_TEXT = 400  # bytes of what processes tell each other where they differ
_WAIT = 600  # seconds that a process waits for the first one to write a file
_WAIT_FIRST = 60  # seconds that the first one, which has written it, waits for the others
_HEARTBEAT = 20  # seconds without a sign of life after which a process counts as dead


def connect(coordinator: str, hosts: int, host_id: int, timeout: int = 120) -> None:
    """Become one of several processes that work together; before anything else is done with JAX.

    Args:
        coordinator: address and port of the first process, such as ``10.0.0.1:8476``, which the others can reach.
        hosts: how many processes there are.
        host_id: which one this is, from 0.
        timeout: seconds to wait for the others to begin.

    Raises:
        ValueError: the numbers do not fit, or the address has no port.
        RuntimeError: the others did not come, or JAX was used before.
    """
    if hosts < 1 or not 0 <= host_id < hosts:
        raise ValueError(f"Host {host_id} of {hosts}: hosts are numbered from 0 to {hosts - 1}.")
    address, colon, port = coordinator.rpartition(":")
    if not colon or not address or "/" in address or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"The coordinator is an address and a port, such as 10.0.0.1:8476; got {coordinator!r}.")
    # Otherwise JAX takes SIGTERM for an announcement that the machine will stop, and goes on.
    jax.config.update("jax_enable_preemption_service", False)
    if not host_id:
        _check_free(int(port))
    else:
        _await(address.strip("[]"), int(port), timeout, f"Host {host_id} of {hosts}")
    try:
        jax.distributed.initialize(
            coordinator, hosts, host_id, initialization_timeout=timeout, heartbeat_timeout_seconds=_HEARTBEAT
        )
    except RuntimeError as error:
        if "backend" in str(error) or "before" in str(error):
            raise
        raise RuntimeError(
            f"Host {host_id} of {hosts} did not find the others within {timeout} s, at the coordinator {coordinator}: start all of "
            f"them, host 0 on the machine of that address, and let the port be open. JAX says: {error}"
        ) from error


def _check_free(port: int) -> None:
    """Raise where the first process cannot listen: JAX would end it without a Python error."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that an earlier run has just left is free
        try:
            tried.bind(("", port))
        except OSError as error:
            raise RuntimeError(
                f"Host 0 cannot listen at the coordinator's port {port} ({error}): another program has it, such as an earlier run "
                "that has not ended. Give another one."
            ) from error


def _await(address: str, port: int, timeout: int, who: str) -> None:
    """Wait until the first process can be reached: where it cannot, JAX would end this one without a Python error."""
    until = time.monotonic() + timeout
    while True:
        try:
            with socket.create_connection((address, port), timeout=5):
                return
        except OSError as error:
            if time.monotonic() > until or isinstance(error, socket.gaierror):
                raise RuntimeError(
                    f"{who} did not find host 0 at the coordinator {address}:{port} within {timeout} s ({error}). Start it on the "
                    "machine of that address, and let the port be open."
                ) from error
            time.sleep(0.2)


def count() -> int:
    """Return how many processes work together."""
    return jax.process_count() if jax.distributed.is_initialized() else 1


def index() -> int:
    """Return which of them this is, from 0."""
    return jax.process_index() if jax.distributed.is_initialized() else 0


def is_first() -> bool:
    """Return whether this is the process that writes files and shows progress."""
    return index() == 0


# ---- what all must have alike


def from_first(value: Given) -> Given:
    """Return what the first process gives: a pytree of arrays or numbers, in the form that this one has.

    Keys of random numbers are none of these.
    """
    if count() == 1:
        return value
    from jax.experimental import multihost_utils  # imported where it is used, as it is large

    found = multihost_utils.broadcast_one_to_all(value)
    return jax.tree.map(lambda own, first: np.asarray(first).astype(np.result_type(own))[()], value, found)


def same(what: str, value: Any, advice: str) -> None:
    """Compare what all processes have; all of them must call this.

    Args:
        what: for the message.
        value: its ``str`` is compared.
        advice: what to do where it differs.

    Raises:
        ValueError: it is not the same everywhere.
    """
    if count() == 1:
        return
    from jax.experimental import multihost_utils

    text = str(value).encode()
    text = text if len(text) <= _TEXT else text[: _TEXT - 20] + f" … ({zlib.crc32(text):08x})".encode()
    own = np.frombuffer(text.ljust(_TEXT, b"\0"), np.uint8)
    found = [bytes(row).rstrip(b"\0").decode("utf-8", "replace") for row in multihost_utils.process_allgather(own)]
    if len(set(found)) > 1:
        listed = "; ".join(f"process {number}: {text}" for number, text in enumerate(found))
        raise ValueError(f"{what} differ between the processes that train together ({listed}). {advice}")


# ---- arrays of which a process has a part


def readable(array: Any) -> np.ndarray:
    """Return an array as one of numpy, perhaps a view. If other processes have parts of it, all of them must call this."""
    if isinstance(array, jax.Array) and not array.is_fully_addressable and not array.is_fully_replicated:
        from jax.experimental import multihost_utils

        return np.asarray(multihost_utils.process_allgather(array, tiled=True))
    return np.asarray(array)


def whole_of_shares(share: Any, sharding: jax.sharding.NamedSharding, parts: int) -> jax.Array:
    """Return the array, split along its first axis, of which every process has a share of that many rows.

    Args:
        share: what this process has.
        sharding: of the whole.
        parts: how many parts it has.
    """
    size = len(share)
    rows = size * count()
    shape = (rows, *np.shape(share)[1:])
    if rows % parts == 0:
        places: Any = sharding.addressable_devices_indices_map(shape)
        own = {where[0].indices(rows)[:2] for where in places.values()}
        first, last = min(start for start, _ in own), max(stop for _, stop in own)
        if (first, last) == (index() * size, (index() + 1) * size):  # its devices are next to each other
            return jax.make_array_from_process_local_data(sharding, np.asarray(share), shape)
    from jax.experimental import multihost_utils

    # Its devices have other rows, or it cannot be split evenly: every process gets all of it.
    whole = np.asarray(multihost_utils.process_allgather(np.asarray(share))).reshape(shape)
    target = sharding if rows % parts == 0 else jax.sharding.NamedSharding(sharding.mesh, jax.sharding.PartitionSpec())
    return jax.make_array_from_callback(shape, target, lambda where: whole[where])


# ---- files


@contextmanager
def all_written(filepath: Any, replacing: Callable[[Any], Any]) -> Iterator[BinaryIO]:
    """Open a file that the first process writes; the others write into nothing, and go on when it is there.

    Args:
        filepath: where.
        replacing: what opens it, in the first process.

    Raises:
        RuntimeError: the others do not write it too.
    """
    if is_first():
        with replacing(filepath) as file:
            yield file
    else:
        with tempfile.TemporaryFile() as file:
            yield file
    _meet(os.fspath(filepath))


@functools.cache
def _turns() -> Iterator[int]:
    return iter(range(2**60))


def _meet(filepath: str) -> None:
    # JAX's own way for processes to meet has no time limit, and would hang where a script lets one process alone save.
    from jax._src.distributed import global_state

    client: Any = global_state.client
    try:
        client.wait_at_barrier(f"jkeras-{next(_turns())}", 1000 * (_WAIT_FIRST if is_first() else _WAIT))
    except Exception as error:
        raise RuntimeError(
            f"Process {index()} waited for the others to save {filepath!r} too. Call what saves it in every process: the first "
            f"one writes it, and all go on when it is there. JAX says: {error}"
        ) from error
