"""Compiled programs are kept on disk, and found again by another process."""

import os
import subprocess
import sys

SCRIPT = """
import jax
hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event) if event.endswith('cache_hits') else None)
import numpy as np
from keras.models import Sequential
from keras.layers import Dense
model = Sequential([Dense(4, input_dim=3), Dense(1)])
model.compile('sgd', 'mse')
model.fit(np.ones((8, 3)), np.ones((8, 1)), nb_epoch=2, verbose=0)
print('found' if hits else 'done')
"""

API = """
import sys, {first} jkeras
folder = jkeras.enable_compilation_cache({folder!r})
import jax
assert jax.config.jax_compilation_cache_dir == folder, folder
jax.jit(lambda x: x + 1)(1.0)
print(folder)
"""


def run(*arguments, home, **more):
    environment = {**os.environ, "HOME": str(home), "JAX_PLATFORMS": "cpu", **more}
    environment.pop("XDG_CACHE_HOME", None)
    environment = {name: value for name, value in environment.items() if not name.startswith("JAX_COMPILATION")}
    done = subprocess.run([sys.executable, *arguments], env={**environment, **more}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def programs(folder):
    return {entry.name for entry in folder.rglob("*-cache")}


def test_the_runner_keeps_programs(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    assert run("-m", "jkeras", "run", str(script), home=tmp_path).stdout == "done\n"
    kept = programs(tmp_path / ".cache" / "jkeras")
    assert any("train_batches" in name for name in kept)
    assert run("-m", "jkeras", "run", str(script), home=tmp_path).stdout == "found\n"
    assert programs(tmp_path / ".cache" / "jkeras") == kept


def test_it_can_be_left_out(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run("-m", "jkeras", "run", "--no-cache", str(script), home=tmp_path)
    assert not (tmp_path / ".cache").exists()
    (tmp_path / ".cache").write_text("no folder can be made here")
    assert run("-m", "jkeras", "run", str(script), home=tmp_path).stdout == "done\n"


def test_in_a_program_before_and_after_jax_is_imported(tmp_path):
    for first in ("", "jax,"):
        folder = tmp_path / (first or "none")
        done = run("-c", API.format(first=first, folder=str(folder)), home=tmp_path)
        assert done.stdout.strip() == str(folder)
        assert programs(folder)
    done = run("-c", API.format(first="", folder=None), home=tmp_path)
    assert done.stdout.startswith(str(tmp_path / ".cache" / "jkeras" / "compiled-"))


def test_one_that_is_configured_stays(tmp_path):
    mine = str(tmp_path / "mine")
    done = run("-c", API.format(first="", folder=None), home=tmp_path, JAX_COMPILATION_CACHE_DIR=mine)
    assert done.stdout.strip() == mine
