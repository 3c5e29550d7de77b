"""Replays every recorded case of golden/ (see its README): one test a case, one more for its HDF5 file."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.differences import difference
from tests.conformance.manifest import Case, load_cases
from tests.conformance.names import missing_for_file, missing_names, skip_if_waiting
from tests.conformance.replay_backend import replay_backend
from tests.conformance.replay_code import replay_error, replay_value
from tests.conformance.replay_facts import replay_facts
from tests.conformance.replay_files import replay_format, replay_h5
from tests.conformance.replay_fit import replay_fit
from tests.conformance.replay_model import replay_code, replay_model

REPLAY: dict[str, Callable[[Case], None]] = {
    "model": replay_model,
    "fit": replay_fit,
    "backend": replay_backend,
    "facts": replay_facts,
    "code": replay_code,
    "error": replay_error,
    "value": replay_value,
}

CASES = load_cases()
FORMATS = [case for case in CASES if case.entry["kind"] == "format"]
FILES = [case for case in CASES if case.entry.get("h5")]


def by_id(cases: list[Case]) -> pytest.MarkDecorator:
    """One test for each case, named group/name."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases])


@by_id([case for case in CASES if case not in FORMATS])
@pytest.mark.usefixtures("theano_dialect")
def test_case(case: Case) -> None:
    skip_if_waiting(missing_names(case.entry))
    replay(case, REPLAY[case.entry["kind"]])


@by_id(FORMATS)
@pytest.mark.usefixtures("recorded_settings")
def test_format(case: Case) -> None:
    skip_if_waiting(missing_names(case.entry))
    replay(case, replay_format)


@by_id(FILES)
@pytest.mark.usefixtures("recorded_settings")
def test_h5(case: Case) -> None:
    skip_if_waiting(missing_names(case.entry))
    skip_if_waiting(missing_for_file(case.entry))
    replay(case, replay_h5)


def passes_optimized() -> bool:
    """Whether the running test passes in a process of its own, with programs as users get them (see tests/conftest.py)."""
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" (")[0]
    environment = {
        name: value for name, value in os.environ.items() if name not in ("XLA_FLAGS", "PYTEST_XDIST_WORKER")
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", test],
        env={**environment, "JKERAS_TEST_OPTIMIZED": "1"}, cwd=Path(__file__).parents[2], capture_output=True,
    )  # fmt: skip
    return done.returncode == 0


def replay(case: Case, run: Callable[[Case], None]) -> None:
    """Run a case; one that falls under a rule of differences.py must disagree, and agree with the bug imitated."""
    rule = difference(case.entry)
    if rule is None:
        try:
            run(case)
        except AssertionError:
            # What users get decides: a sum that cancels to its last bit is another number in programs without optimizations.
            if os.environ.get("JKERAS_TEST_OPTIMIZED") or not passes_optimized():
                raise
        return
    try:
        run(case)
    except AssertionError as error:
        disagreement = str(error)
        if rule.differs_in not in disagreement:
            raise
    else:
        pytest.fail(f"agrees with the recording, but is expected to differ: {rule.reason}")
    # A file holds its own config, so that there is nothing to imitate the bug with.
    if rule.imitate and run is not replay_h5:
        run(Case(rule.imitate(case.entry)))
    pytest.xfail(f"{rule.reason} ({disagreement.strip().splitlines()[0]})")
