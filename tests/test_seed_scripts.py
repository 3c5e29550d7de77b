"""Every listing of the course text runs: from jkeras, and with keras in its imports through `jkeras run`, to the same result."""

import re
import runpy
import sys

import pytest

from examples.gallery import Example, seed
from jkeras import cli
from jkeras.backend import config
from tests.compat.conftest import forget


@pytest.fixture
def as_a_program(monkeypatch):
    """What a script or `jkeras run` changes for its process is as before when the test ends."""
    for name in ("argv", "path"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    with forget("keras"):
        yield


@pytest.mark.parametrize("example", seed(), ids=lambda example: example.name)
@pytest.mark.usefixtures("as_a_program")
def test_a_listing_runs_from_jkeras_and_from_keras(example: Example, tmp_path, capsys):
    sys.argv[:] = [str(example.path), *example.small]
    runpy.run_path(str(example.path), run_name="__main__")
    reached = example.reached(capsys.readouterr().out)
    assert reached

    copy = tmp_path / example.path.name
    source, count = re.subn(r"\bjkeras\b(?=[\w.]* import|\.)", "keras", example.path.read_text(encoding="utf-8"))
    copy.write_text(source, encoding="utf-8")
    config.reset_uids()
    assert cli.main(["run", "--no-cache", str(copy), *example.small]) == 0
    assert example.reached(capsys.readouterr().out) == reached
    assert count


def test_each_script_names_its_chapter():
    for example in seed():
        number = re.match(r"Chapter ([\d.]+): \S.*[.?!]$", example.shows())
        assert number, f"{example.path.name} begins with {example.shows()!r}"
        assert example.name.startswith(f"s{number.group(1).replace('.', '_')}_")
