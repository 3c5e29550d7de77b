"""Scripts as users of Keras 1 wrote them, run as they are: ``jkeras run script.py`` in a process of its own.

Each checks what matters to its user and prints ``ok`` at its end.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script(script, tmp_path):
    home = {"HOME": str(tmp_path), "JAX_PLATFORMS": "cpu"}  # no keras.json of whoever runs the tests
    done = subprocess.run(
        [sys.executable, "-m", "jkeras", "run", str(script)],
        cwd=tmp_path, env={**os.environ, **home}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "ok"


def test_scripts_import_keras_and_nothing_of_ours():
    assert len(SCRIPTS) >= 11
    for script in SCRIPTS:
        text = script.read_text()
        assert "from keras" in text
        assert "jkeras" not in text
