"""How much Python a call runs: a measure of work that no load of the machine changes."""

import sys
from collections.abc import Callable


def python_calls(function: Callable[[], object]) -> int:
    """The number of Python functions that `function` calls, directly or not, in this thread."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before)
    return count
