"""Ctrl-C between, never inside, the moments in which arrays change hands."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["deferred_interrupts"]


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold back a `KeyboardInterrupt` until the block ends.

    A compiled step consumes the buffers it is given. An interrupt after the call and before its results are stored would
    leave the layers with deleted arrays; inside this block it waits. Does nothing outside of the main thread, where
    Python delivers no interrupts, or where a script has replaced the handler.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    pending: list[Any] = []
    signal.signal(signal.SIGINT, lambda number, frame: pending.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if pending:
        raise KeyboardInterrupt
