"""How many steps one call of a compiled loop runs, and how many one block or load of data holds."""

__all__ = ["LONGEST_CHUNK", "ChunkClock", "block_length", "load_length"]

LONGEST_CHUNK = 2048
"""The most steps of one call: room for what they report is kept in every call, however few steps it runs."""

_BLOCK_BYTES = 2**21
_MOST_STEPS = 128
_LOAD_BYTES = 2**23
_MOST_STEPS_OF_A_LOAD = 512


class ChunkClock:
    """Chooses how many steps one call runs, from how long the last calls took.

    Args:
        seconds: what one call should take.
    """

    def __init__(self, seconds: float = 0.2):
        self.seconds = seconds
        self._rate: float | None = None  # steps a second
        self._calls = 0

    def steps(self) -> int:
        """Return how many steps the next call should run."""
        if self._rate is None:
            return 1  # compiles; its time says nothing
        return max(1, min(LONGEST_CHUNK, int(self._rate * self.seconds)))

    def ran(self, steps: int, seconds: float) -> None:
        """Report a call; the estimate moves by at most a factor of eight, since a short call is measured badly."""
        self._calls += 1
        if self._calls == 1:
            self._rate = 4 / self.seconds
            return
        rate = steps / max(seconds, 1e-6)
        self._rate = min(rate, 8 * self._rate) if self._rate else rate


def block_length(batch_bytes: int) -> int:
    """Return how many batches of this size make up a block of data.

    Enough that the call for a block costs little beside its steps, and so few that the zeros which fill up the last block
    cost little beside a call.
    """
    return max(1, min(_MOST_STEPS, _BLOCK_BYTES // max(batch_bytes, 1)))


def load_length(batch_bytes: int) -> int:
    """Return how many batches of this size are put on the device together, where training data are streamed.

    Enough that a call for them costs little beside their steps; and so few that the first ones of an epoch, for which the
    device waits, are there soon.
    """
    return max(1, min(_MOST_STEPS_OF_A_LOAD, _LOAD_BYTES // max(batch_bytes, 1)))
