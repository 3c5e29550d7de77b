"""Signals between, never inside, the moments in which arrays change hands."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

__all__ = ["deferred_interrupts"]

# What a user or a time limit stops a training with. Not every platform has all of them.
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGALRM") if hasattr(signal, name)]


Caught = tuple[Callable[[int, Any], Any], int, Any]


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Hold back the handlers of Ctrl-C, termination and alarms until the block ends.

    A compiled step consumes the buffers it is given. An exception from a handler (`KeyboardInterrupt`, or a script's
    own) after the call and before its results are stored would leave the layers with deleted arrays; here it waits.
    Does nothing outside of the main thread, where Python runs no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[Caught] = []
    try:
        with ExitStack() as restored:
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # Otherwise nothing of Python's runs: the signal is ignored, or ends the process at once.
                if callable(handler):
                    restored.callback(signal.signal, number, handler)
                    signal.signal(number, partial(_note, caught, handler))
            yield
    finally:
        for handler, number, frame in caught:
            handler(number, frame)


def _note(caught: list[Caught], handler: Callable[[int, Any], Any], number: int, frame: Any) -> None:
    caught.append((handler, number, frame))
