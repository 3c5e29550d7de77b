"""Every listing of the course text runs: from jkeras, and with keras in its imports through `jkeras run`, to the same result."""

import re
import runpy
import sys

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from examples.gallery import Example, seed
from jkeras import cli
from jkeras.backend import config
from tests.compat.conftest import forget


@pytest.fixture
def programs_are_kept(tmp_path):
    """What the first run of a script compiles, the second takes from the disk, as two runs of a user do."""
    names = {
        "jax_compilation_cache_dir": str(tmp_path / "programs"),
        "jax_persistent_cache_min_compile_time_secs": 0.0,
        "jax_persistent_cache_min_entry_size_bytes": -1,
    }
    before = {name: getattr(jax.config, name) for name in names}
    for name, value in names.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


@pytest.fixture
def as_a_program(monkeypatch):
    """What a script or `jkeras run` changes for its process is as before when the test ends."""
    for name in ("argv", "path"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    with forget("keras"):
        yield


@pytest.mark.parametrize("example", seed(), ids=lambda example: example.name)
@pytest.mark.usefixtures("programs_are_kept", "as_a_program")
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
