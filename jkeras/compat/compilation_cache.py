"""Compiled programs on disk, for the next start of the same script."""

import hashlib
import os
import sys
from pathlib import Path

__all__ = ["enable_compilation_cache"]


def enable_compilation_cache(folder: str | os.PathLike[str] | None = None) -> str:
    """Keep compiled programs on disk: a script that is started again with the same model does not compile it again.

    A start still traces the model. What is kept depends on the program, JAX's version and the processor, so nothing has to be
    cleared after a change; the folder may be deleted at any time. It is JAX's own persistent cache; one that is configured
    already is left as it is.

    Args:
        folder: default ``jkeras`` in ``$XDG_CACHE_HOME``, or in ``~/.cache``.

    Returns:
        The folder that is used.

    Raises:
        OSError: the folder cannot be made.
    """
    configured = _setting("jax_compilation_cache_dir")
    if configured and folder is None:
        return configured
    if folder is None:
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        # Programs for a CPU hold its own instructions: a home that several machines share has a folder for each kind.
        folder = os.path.join(cache, "jkeras", f"compiled-{_processor()}")
    path = os.path.abspath(os.fspath(folder))
    os.makedirs(path, exist_ok=True)
    _set("jax_compilation_cache_dir", path)
    # By default JAX keeps only what took a second to compile.
    _set("jax_persistent_cache_min_compile_time_secs", 0.0)
    _set("jax_persistent_cache_min_entry_size_bytes", -1)
    return path


def _setting(name: str) -> str | None:
    if "jax" in sys.modules:
        return getattr(sys.modules["jax"].config, name)
    return os.environ.get(name.upper())


def _set(name: str, value: str | float) -> None:
    """Set one of JAX's settings; before JAX is imported, which takes its time, by way of the environment."""
    if "jax" in sys.modules:
        sys.modules["jax"].config.update(name, value)
    else:
        os.environ[name.upper()] = str(value)


def _processor() -> str:
    """Return a word that is the same for processors with the same instructions."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    known = next((line for line in lines if line.startswith(("flags", "Features"))), platform.processor())
    return hashlib.sha256(f"{platform.machine()} {known}".encode()).hexdigest()[:12]
