"""One library, one workload, one process: prints a line of JSON for `benchmarks.__main__`."""

import importlib
import json
import os
import resource
import sys
import time
from typing import Any

import numpy as np

from benchmarks.workloads import WORKLOADS

__all__ = ["PEERS", "main"]

PEERS = {
    "jkeras": ("jkeras", "Peer"),
    "hand_step": ("hand", "Peer"),
    "hand_scan": ("hand", "Scan"),
    "keras3": ("keras3", "Peer"),
    "keras3_16": ("keras3", "ManySteps"),
    "flax": ("flax", "Peer"),
    "torch": ("torch", "Peer"),
}


def main(peer: str, name: str, seconds: float) -> None:
    """Measure, and print the result."""
    workload = WORKLOADS[name]
    module, cls = PEERS[peer]
    made = getattr(importlib.import_module(f"benchmarks.peers.{module}"), cls)(workload)
    result: dict[str, Any] = {"peer": peer, "workload": name}
    started = time.perf_counter()
    made.first_step()
    result["first_step_s"] = time.perf_counter() - started
    if hasattr(made, "catch_up"):
        made.catch_up()
    if workload.kind == "fit":
        result["losses"] = made.epochs(2)
        count = 1
        while True:
            started = time.perf_counter()
            made.epochs(count)
            spent = time.perf_counter() - started
            if spent >= seconds or count >= 4096:
                break
            count = max(count + 1, int(count * min(8.0, 1.2 * seconds / max(spent, 1e-9))))
        result["us"] = spent / (count * workload.steps) * 1e6
        made.predict()
        started = time.perf_counter()
        outputs = made.predict()
        result["predict_us_a_sample"] = (time.perf_counter() - started) / len(outputs) * 1e6
    elif workload.kind == "evaluate":
        result["us"] = _calls(lambda index: made.evaluate(), 1, seconds) / workload.steps
    else:
        result["us"] = _calls(getattr(made, workload.kind), workload.steps, seconds)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("RESULT " + json.dumps(result))


def _calls(call: Any, count: int, seconds: float) -> float:
    """Return the median microseconds of a call."""
    for index in range(min(count, 8)):
        call(index)
    times = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for index in range(count):
            before = time.perf_counter()
            call(index)
            times.append(time.perf_counter() - before)
    return float(np.median(times)) * 1e6


if __name__ == "__main__":
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
