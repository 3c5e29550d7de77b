"""Threads that take batches from a generator while the model computes."""

import queue
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

__all__ = ["GeneratorEnqueuer", "endless"]


def endless(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield the entries of something that can be iterated over again and again, without an end; an iterator as it is."""
    if hasattr(batches, "__next__"):
        return iter(batches)
    if not hasattr(batches, "__iter__"):
        raise TypeError(
            f"A generator of batches is an iterator, or something to iterate over; got {type(batches).__name__}."
        )
    return _again_and_again(batches)


def _again_and_again(batches: Iterable[Any]) -> Iterator[Any]:
    while True:
        count = 0
        for batch in batches:
            count += 1
            yield batch
        if not count:
            return


class GeneratorEnqueuer:
    """Threads that take batches from a generator ahead of time (Keras 1).

    The batches come in the order in which the generator made them, whatever the number of threads: one at a time asks the
    generator, all prepare what they got. So a generator need not know of threads.

    Args:
        generator: an iterator over batches. One with a method ``deferred``, which returns a function that makes the next
            batch, such as those of `jkeras.preprocessing.image`, is asked for that; the functions run side by side. One with
            an attribute ``thread_safe`` that is true is asked by all threads at once; then batches come as they are ready.
        pickle_safe: Keras 1 used processes if it is true. Here there are threads all the same, since a process in which JAX
            runs cannot be forked.
        prepare: is called on each batch, by the thread that got it.
    """

    def __init__(self, generator: Any, pickle_safe: bool = False, prepare: Callable[[Any], Any] | None = None):
        self._generator = endless(generator)
        self._prepare = prepare
        self._deferred = getattr(generator, "deferred", None)
        self._shared = self._deferred is None and bool(getattr(generator, "thread_safe", False))
        self._asking = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.queue: queue.Queue[Future[Any]] = queue.Queue()
        if pickle_safe:
            warnings.warn(
                "pickle_safe=True asks for worker processes; jkeras uses threads, since a process in which JAX runs cannot be "
                "forked.",
                stacklevel=3,
            )

    def start(self, nb_worker: int = 1, max_q_size: int = 10, wait_time: float = 0.05) -> None:
        """Start the threads.

        Args:
            nb_worker: how many; at least one.
            max_q_size: how many batches may wait.
            wait_time: Keras 1's; threads are woken here, they need not wait.
        """
        self.queue = queue.Queue(max(1, int(max_q_size)))
        self._stop.clear()
        for number in range(max(1, int(nb_worker))):
            thread = threading.Thread(target=self._work, name=f"batches-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            slot: Future[Any] = Future()
            ask: Any = None
            with self._asking:
                if self._stop.is_set():
                    return
                if not self._shared:
                    ask = self._asked()
                # In its place before it is ready: that keeps the order.
                self.queue.put(slot)
            if self._shared:
                ask = self._asked()
            try:
                batch = ask()
                slot.set_result(batch if self._prepare is None else self._prepare(batch))
            except BaseException as error:
                slot.set_exception(_Ended() if isinstance(error, StopIteration) else error)
                self._stop.set()

    def _asked(self) -> Callable[[], Any]:
        """Ask the generator, and return a function that returns its batch or raises what it raised."""
        try:
            if self._deferred is not None:
                return self._deferred()
            batch = next(self._generator)
        except BaseException as error:
            raised = error
        else:
            return lambda: batch

        def fail() -> Any:
            raise raised

        return fail

    def get(self) -> Any:
        """Return the next batch, as prepared.

        Raises:
            StopIteration: the generator has ended.
            Exception: what the generator or `prepare` raised, with its own traceback.
        """
        try:
            return self.queue.get().result()
        except _Ended:
            raise StopIteration from None

    def is_running(self) -> bool:
        """Whether batches are still made."""
        return bool(self._threads) and not self._stop.is_set()

    def stop(self, timeout: float | None = None) -> None:
        """End the threads; one that is inside the generator ends as soon as that returns.

        Args:
            timeout: seconds to wait for all of them; default 5.
        """
        self._stop.set()
        share = (5.0 if timeout is None else timeout) / max(1, len(self._threads))
        for thread in self._threads:
            while thread.is_alive() and share > 0:
                self._drain()  # one may wait for a free place
                thread.join(0.01)
                share -= 0.01
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._drain()

    def _drain(self) -> None:
        try:
            while True:
                self.queue.get_nowait()
        except queue.Empty:
            pass


class _Ended(Exception):
    """The generator has no more batches; a future cannot hold a StopIteration."""
