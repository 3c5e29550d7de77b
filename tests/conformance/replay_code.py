"""Kinds "error" and "value": Python text that must raise, or that leaves a `result`."""

import builtins

from tests.conformance.compare import assert_like
from tests.conformance.manifest import Case
from tests.conformance.names import namespace


def replay_error(case: Case) -> None:
    """The code raises an exception of the recorded type, or of a subclass."""
    expected = getattr(builtins, case.entry["raises"])
    try:
        exec(case.entry["code"], namespace())
    except expected as error:
        assert str(error), "the error has no message"
    else:
        raise AssertionError(f"{case.entry['raises']} was not raised")


def replay_value(case: Case) -> None:
    """The code leaves the recorded `result`."""
    names = namespace()
    exec(case.entry["code"], names)
    assert_like("result", names["result"], case.entry["result"], case.forward)
