"""How much memory is free where data go."""

import contextlib
import os
import re
from pathlib import Path
from typing import Any

import jax

__all__ = ["default_device", "free_bytes", "free_on_host"]


def default_device() -> Any:
    """Return the device that was chosen by `jax.default_device`, perhaps for this thread only; ``None``: JAX chooses."""
    return jax.config.jax_default_device  # type: ignore[attr-defined]


def free_bytes() -> int:
    """Return how many bytes are free on the device that arrays go to: of a GPU's memory, or, on a CPU, of the machine's."""
    device = default_device() or jax.local_devices()[0]
    stats = None if isinstance(device, str) else device.memory_stats()
    if stats and "bytes_limit" in stats:
        return max(0, int(stats["bytes_limit"]) - int(stats.get("bytes_in_use", 0)))
    return free_on_host()


def free_on_host() -> int:
    """Return how many bytes of the machine's memory are free, also by the limit of a Linux container."""
    found = []
    with contextlib.suppress(OSError):
        match = re.search(r"MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text())
        found += [int(match[1]) * 1024] if match else []
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):  # the limit may be 'max'
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    if found:
        return max(0, min(found))
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return 2**31
