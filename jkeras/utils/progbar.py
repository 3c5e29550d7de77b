"""The progress bar, and the one way by which jkeras prints."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from jkeras.distribute import hosts

__all__ = ["Progbar", "echo"]

_LEAST_INTERVAL = 0.1  # seconds between redraws: a faster bar costs time and cannot be read

Values = Iterable[tuple[str, Any]]


def echo(text: str) -> None:
    """Write `text` to what `sys.stdout` is now; printing is never worth a crash of a training.

    Characters that the stream cannot encode become question marks; a closed, missing or broken stream is ignored.
    """
    if not hosts.is_first():  # which speaks for all processes that train together
        return
    stream = sys.stdout
    with contextlib.suppress(OSError, ValueError, AttributeError):
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(text.encode("ascii", "replace").decode("ascii"))
        stream.flush()


class Progbar:
    """A progress bar with averages (Keras 1): ``  32/1000 [.....] - ETA: 3s - loss: 0.6931``.

    On a terminal and in a notebook the line is redrawn, at most ten times a second; elsewhere (a file, a pipe) only
    the finished line is written, without control characters.

    Args:
        target: number of steps or samples expected; None (or Keras 1's -1) if it is not known.
        width: length of the bar.
        verbose: 0 silent, 1 a bar, 2 one line when `target` is reached.
        interval: least time between redraws in seconds; less than 0.1 counts as 0.1.
    """

    def __init__(self, target: int | None, width: int = 30, verbose: int = 1, interval: float = 0.05):
        self.target = None if target is None or target == -1 else int(target)
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.seen_so_far = 0
        self.finished = False
        # name: [sum of value * weight, sum of weights, last value]
        self._sums: dict[str, list[float]] = {}
        self._start = time.perf_counter()
        self._last_draw = -np.inf
        self._drawn = 0  # characters now in the line

    def update(self, current: int, values: Values | None = None, force: bool = False) -> None:
        """Move the bar to `current`, draw it, and end the line when the target is reached.

        Args:
            current: steps done so far.
            values: pairs (name, value for the steps since the last call); averages over steps are shown.
            force: draw even if the last redraw was just now.
        """
        self.collect(current, values)
        if self.target is not None and current >= self.target:
            self.finish()
            return
        self.finished = False
        if self.verbose != 1:
            return
        now = time.perf_counter()
        if force or now - self._last_draw >= max(self.interval, _LEAST_INTERVAL):
            self._last_draw = now
            self._redraw(now)

    def add(self, n: int, values: Values | None = None) -> None:
        """Move the bar by `n` steps; see `update`."""
        self.update(self.seen_so_far + n, values)

    def collect(self, current: int, values: Values | None = None) -> None:
        """Take in what `update` does, and draw nothing."""
        weight = max(0, current - self.seen_so_far)
        for name, value in values or ():
            value = _number(value)
            sums = self._sums.setdefault(name, [0.0, 0, value])
            sums[0] += value * weight
            sums[1] += weight
            sums[2] = value
        self.seen_so_far = current

    def finish(self, values: Values | None = None) -> None:
        """Draw the last state and end the line, once, whether or not the target was reached.

        Args:
            values: pairs (name, value) to show as they are, instead of averages.
        """
        for name, value in values or ():
            value = _number(value)
            self._sums[name] = [value, 1, value]
        if self.finished or self.verbose not in (1, 2):
            return
        self.finished = True
        elapsed = f"{int(time.perf_counter() - self._start)}s"
        if self.verbose == 2:
            echo(f"{elapsed}{self._averages()}\n")
            return
        line = f"{self._bar(self.width)} - {elapsed}{self._averages()}"
        echo(f"{self._over(line)}\n" if _redraws(sys.stdout) else f"{line}\n")
        self._drawn = 0

    def _redraw(self, now: float) -> None:
        if not _redraws(sys.stdout):
            return
        elapsed = now - self._start
        info = f" - {int(elapsed)}s"
        if self.target is not None:
            remaining = self.target - self.seen_so_far
            info = f" - ETA: {int(elapsed / self.seen_so_far * remaining if self.seen_so_far else 0)}s"
        info += self._averages()
        line = self._bar(self.width) + info
        columns = _columns(sys.stdout)
        if columns and len(line) >= columns:
            # A line that wraps could not be redrawn: the bar gives way first, then the tail.
            line = (self._bar(max(0, self.width - (len(line) - columns + 1))) + info)[: columns - 1]
        echo(self._over(line))
        self._drawn = len(line)

    def _over(self, line: str) -> str:
        """Return what replaces the drawn line by `line`."""
        return "\r" + line + " " * (self._drawn - len(line))

    def _bar(self, width: int) -> str:
        current = int(self.seen_so_far)
        if self.target is None:
            return f"{current:7d}/Unknown"
        filled = width if current >= self.target else int(width * current / self.target)
        tip = "=" if current >= self.target else ">"
        bar = "=" * (filled - 1) + tip if filled else ""
        return f"{current:{len(str(self.target))}d}/{self.target} [{bar}{'.' * (width - filled)}]"

    def _averages(self) -> str:
        text = ""
        for name, (total, weight, last) in self._sums.items():
            average = total / weight if weight else last
            text += f" - {name}: {average:.4f}" if abs(average) > 1e-3 else f" - {name}: {average:.4e}"
        return text


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float(np.mean(np.asarray(value, dtype=np.float64)))


def _redraws(stream: Any) -> bool:
    """Whether a carriage return goes back to the start of the line: on a terminal and in a notebook."""
    if any(base.__module__.partition(".")[0] == "ipykernel" for base in type(stream).__mro__):
        return True
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError, OSError):
        return False


def _columns(stream: Any) -> int:
    """Return the terminal's width, 0 where there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, ValueError, OSError):
        return 0
