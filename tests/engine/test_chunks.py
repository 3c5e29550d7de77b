"""How long chunks and blocks are: numbers only, no clock is read."""

import pytest

from jkeras.engine.chunks import LONGEST_CHUNK, ChunkClock, block_length


def run(clock, step_seconds, call_seconds=0.0, first_seconds=1.0, calls=12):
    """Let the clock choose, for steps and calls that take so long; return its choices."""
    chosen = []
    for call in range(calls):
        steps = clock.steps()
        clock.ran(steps, first_seconds if call == 0 else call_seconds + steps * step_seconds)
        chosen.append(steps)
    return chosen


def test_a_chunk_takes_as_long_as_it_should():
    assert run(ChunkClock(0.2), 0.001)[:6] == [1, 4, 32, 200, 200, 200]
    assert run(ChunkClock(0.2), 0.05)[:4] == [1, 4, 4, 4]
    assert run(ChunkClock(0.2), 1.0)[:3] == [1, 4, 1]


def test_the_first_call_says_nothing_because_it_compiles():
    assert run(ChunkClock(0.2), 0.001, first_seconds=100.0) == run(ChunkClock(0.2), 0.001, first_seconds=0.0)


def test_a_chunk_has_an_upper_limit():
    assert run(ChunkClock(0.2), 1e-7)[-1] == LONGEST_CHUNK
    assert run(ChunkClock(0.2), 0.0)[-1] == LONGEST_CHUNK


def test_one_slow_call_is_made_up_for():
    clock = ChunkClock(0.2)
    run(clock, 0.001)
    clock.ran(200, 60.0)  # another program was busy
    assert clock.steps() == 1
    assert run(clock, 0.001, first_seconds=0.001)[-1] == 200


@pytest.mark.parametrize(("batch_bytes", "batches"), [(0, 128), (100, 128), (2**20, 2), (2**21, 1), (2**40, 1)])
def test_blocks_are_of_about_two_megabytes_and_at_least_one_batch(batch_bytes, batches):
    assert block_length(batch_bytes) == batches
