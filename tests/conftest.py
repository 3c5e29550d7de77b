"""What every test starts from: JAX on the CPU, fresh layer names, a fixed seed, no custom objects."""

import atexit
import gc
import importlib.util
import itertools
import mmap
import os
import shutil
import signal
import tempfile
from pathlib import Path

# A shell starts what runs in its background with Ctrl-C ignored; the tests of interrupts send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Before anything imports jax. A GPU's numbers are close but not equal, and the tests compare closely.
os.environ["JAX_PLATFORMS"] = "cpu"
# pytest-xdist keeps the cores busy; numpy's factorizations wait long for threads of their own there.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# Almost all the time of the tests is compiling small programs once. Half of it goes without LLVM's optimizations, with XLA's
# older emitters of loops, and in one piece a program. XLA's passes over the graph are as ever. One program runs in one thread:
# pytest-xdist keeps the cores busy. JKERAS_TEST_OPTIMIZED=1 tests the programs as users get them.
if not os.environ.get("JKERAS_TEST_OPTIMIZED"):
    flags = {
        "xla_backend_optimization_level": "0",
        "xla_llvm_disable_expensive_passes": "true",
        "xla_cpu_use_fusion_emitters": "false",
        "xla_cpu_parallel_codegen_split_count": "1",
        "xla_cpu_multi_thread_eigen": "false",
    }
    # A flag that a jaxlib no longer knows would end the process.
    for library in Path(importlib.util.find_spec("jaxlib").origin).parent.glob("libjax_common.*"):
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            flags = {name: value for name, value in flags.items() if content.find(name.encode()) >= 0}
    for name, value in flags.items():
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --{name}={value}".strip()

import jax
import numpy as np
import pytest

from jkeras import registry

# Here, because pytest-xdist's main process loads no conftest.py below this one.
from tests.conformance.summary import pytest_terminal_summary  # noqa: F401

# Many tests compile what another one did. Each process keeps its own programs: JAX writes them without regard to readers.
PROGRAMS = tempfile.mkdtemp(prefix="jkeras-tests-")
atexit.register(shutil.rmtree, PROGRAMS, ignore_errors=True)
jax.config.update("jax_compilation_cache_dir", PROGRAMS)
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)

# Tracing makes many small objects that live on: looked through less often, they take a tenth of the time less.
gc.set_threshold(50_000, 20, 50)


# A process that holds all that JAX has traced and compiled for thousands of tests runs at two thirds of its speed.
TESTS_BETWEEN_CLEARING = 100
tests_run = itertools.count(1)


@pytest.fixture(autouse=True)
def forgotten_programs():
    """Let JAX forget, now and then, what it has traced and compiled."""
    yield
    if next(tests_run) % TESTS_BETWEEN_CLEARING == 0:
        jax.clear_caches()


@pytest.fixture(autouse=True)
def fresh_start():
    """Reset what Keras 1 keeps process-wide, so that no test sees what another one left."""
    from jkeras.backend import config

    # What a test before this one may have set for the process.
    jax.config.update("jax_enable_x64", False)
    config.set_floatx("float32")
    config.free_learning_phase()
    config.reset_uids()
    np.random.seed(1337)
    registry.custom_objects.clear()
    yield
    registry.custom_objects.clear()
