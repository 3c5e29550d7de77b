"""The line at the end of a test run that says how far the recorded cases are covered."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

SHOWN = 15


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Iterator[None]:
    """Print ``conformance: N cases passed, M waiting (LSTM 30, …)`` below all else if any recorded case ran."""
    yield
    line = summary_line(terminalreporter.stats)
    if line:
        terminalreporter.write_line(line, bold=True)


def summary_line(stats: dict[str, list[Any]]) -> str | None:
    """The summary of pytest's reports by outcome; None if none of them is a recorded case."""

    def reports(outcome: str) -> list[Any]:
        return [r for r in stats.get(outcome, []) if "conformance/test_golden.py::" in getattr(r, "nodeid", "")]

    waiting = Counter(
        found[1] for r in reports("skipped") if (found := re.search(r"waiting for (\S+)", str(r.longrepr)))
    )
    waiting = Counter({name.rstrip("'\")"): count for name, count in waiting.items()})
    passed, differ = len(reports("passed")), len(reports("xfailed"))
    failed = len({r.nodeid for r in [*reports("failed"), *reports("error")]})
    if not (passed or waiting or differ or failed):
        return None
    line = f"conformance: {passed} cases passed"
    if waiting:
        names = [f"{name} {count}" for name, count in waiting.most_common(SHOWN)]
        names += ["…"] if len(waiting) > SHOWN else []
        line += f", {waiting.total()} waiting ({', '.join(names)})"
    if differ:
        line += f", {differ} expected to differ"
    if failed:
        line += f", {failed} FAILED"
    return line
