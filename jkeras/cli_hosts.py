"""One of several processes that run a script together: ``jkeras run --hosts``, and what is said when one of them dies."""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["Group"]


class Group:
    """The processes that run one script, this one among them. It is made before anything else is done with JAX.

    Args:
        hosts, host_id, coordinator: see `jkeras.distribute.hosts.connect`.
    """

    def __init__(self, hosts: int, host_id: int, coordinator: str):
        self.who = f"host {host_id} of {hosts}"
        _watched(self.who)  # before JAX has threads
        from jkeras.distribute.hosts import connect

        try:
            connect(coordinator, hosts, host_id)
        except BaseException:
            _told()
            raise

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let models that are compiled in the block work on the devices of all processes."""
        from jkeras.distribute import data_parallel

        with data_parallel():
            yield

    def leave(self, error: BaseException) -> NoReturn:
        """End this process, whose script has failed, at once: at its regular end JAX would wait for the others."""
        text = str(error)
        lost = any(sign in text for sign in ("Gloo", "NCCL", "coordination", "Connection", "heartbeat", "UNAVAILABLE"))
        why = "It has lost another host, which died or cannot be reached." if lost else "The other hosts end too."
        print(f"jkeras run: {self.who} has ended with an error. {why} {_AGAIN}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        _told()
        code = error.code if isinstance(error, SystemExit) else 130 if isinstance(error, KeyboardInterrupt) else 1
        os._exit(code if isinstance(code, int) else 1)


_AGAIN = "Start all of them again; with the callback Resume(path) they go on after the last epoch that was saved."
_telling: list[int] = []


def _watched(who: str) -> None:
    """Let a second process say so if this one ends without a word: killed, or by JAX, which aborts when it has lost another one."""
    if not hasattr(os, "fork"):
        return
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(writing)
        # Ctrl-C in a terminal is for all processes there; this one has to outlive the other.
        os.setsid()
        if not os.read(reading, 1):
            text = (
                f"jkeras run: {who} has ended without a result: it was killed, or it has lost another host, which died or cannot "
                f"be reached. {_AGAIN}\n"
            )
            os.write(2, text.encode())
        os._exit(0)
    os.close(reading)
    _telling.append(writing)
    atexit.register(_told)


def _told() -> None:
    while _telling:
        os.write(_telling.pop(), b".")
