"""What importing jkeras brings along: jax, numpy and msgpack, and nothing is computed.

How long it takes is measured by benchmarks/import_time.py: a test that asserts a time fails on a busy machine.
"""

import json
import subprocess
import sys

import pytest

OPTIONAL = {
    "PIL",
    "flax",
    "h5py",
    "keras",
    "matplotlib",
    "optax",
    "pandas",
    "pydot",
    "scipy",
    "sklearn",
    "tensorboard",
    "tensorflow",
    "torch",
    "tqdm",
    "yaml",
}

# jax comes first: what it imports itself is not jkeras's doing.
PROGRAM = """
import json, sys
import jax
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **details: compiled.append(details.get("fun_name")) if "backend_compile" in event else None
)
before = set(sys.modules)
import jkeras
for name in jkeras.__all__:
    getattr(jkeras, name)
new = set(sys.modules) - before
print(json.dumps({"new": sorted(new), "compiled": compiled}))
"""


@pytest.fixture(scope="module")
def imported():
    """Import jkeras and all that it offers in a fresh process; return the new modules and the compiled programs."""
    run = subprocess.run([sys.executable, "-W", "error", "-c", PROGRAM], check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def test_no_optional_dependency_is_imported(imported):
    packages = {name.partition(".")[0] for name in imported["new"]}
    assert "jkeras" in packages
    assert packages & OPTIONAL == set()
    # What Cython's modules share among themselves, such as msgpack's, has a name of its own.
    packages = {name for name in packages if not name.startswith("_cython_")}
    assert packages - set(sys.stdlib_module_names) <= {"jkeras", "jax", "jaxlib", "numpy", "msgpack"}


def test_jax_is_imported_in_its_public_core_only(imported):
    # jax.experimental costs more time to import than all of jkeras.
    assert [name for name in imported["new"] if name.startswith("jax.experimental")] == []


def test_nothing_is_computed(imported):
    assert imported["compiled"] == []
