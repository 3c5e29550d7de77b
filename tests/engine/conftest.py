"""Fixtures of the engine's tests."""

import threading
import time

import pytest


@pytest.fixture
def no_thread_stays():
    """Whatever threads a test starts have ended when it ends."""
    before = threading.active_count()
    yield
    deadline = time.monotonic() + 60
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
