"""Train the same networks with jkeras, with JAX by hand and with other libraries, and print one table.

    python -m benchmarks [--only mlp_small,cnn] [--peers jkeras,torch] [--rounds 5] [--seconds 1] [--json FILE]

Each figure is the median over `rounds` processes; the libraries take turns, so that a machine that gets slower or faster is
unfair to none. Libraries that are not installed are left out (``pip install 'jkeras[bench]'`` brings them).
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.worker import PEERS
from benchmarks.workloads import WORKLOADS

PACKAGES = {"keras3": "keras", "keras3_16": "keras", "flax": "flax", "torch": "torch"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("--only", help="workloads, separated by commas")
    parser.add_argument("--peers", help="libraries, separated by commas")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of training in each process, at least")
    parser.add_argument("--json", help="write all results there")
    arguments = parser.parse_args()
    workloads = arguments.only.split(",") if arguments.only else list(WORKLOADS)
    wanted = arguments.peers.split(",") if arguments.peers else list(PEERS)
    peers = [peer for peer in wanted if importlib.util.find_spec(PACKAGES.get(peer, "jax")) is not None]
    everything = []
    print(
        f"{'':<16}{'':<11}{'us a step':>12}{'/ jkeras':>10}{'first, s':>10}{'predict us':>12}{'peak MB':>9}{'loss 2':>9}"
    )
    for name in workloads:
        results: dict[str, list[dict[str, Any]]] = {peer: [] for peer in peers}
        for _ in range(arguments.rounds):
            for peer in peers:
                result = run(peer, name, arguments.seconds)
                if result is not None:
                    results[peer].append(result)
                    everything.append(result)
        show(name, results)
        if arguments.json:  # after each workload, so that what was measured is there if the rest is not waited for
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump(everything, file, indent=1)


def run(peer: str, name: str, seconds: float) -> dict[str, Any] | None:
    """Measure in a process of its own; ``None`` if the library cannot do this workload."""
    command = [sys.executable, "-m", "benchmarks.worker", peer, name, str(seconds)]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    if "NotImplementedError" not in done.stderr:
        raise RuntimeError(f"{peer} failed on {name}:\n{done.stderr[-2000:]}")
    return None


def show(name: str, results: dict[str, list[dict[str, Any]]]) -> None:
    """Print the medians of one workload."""

    def median(peer: str, key: str) -> float | None:
        values = [result[key] for result in results[peer] if result.get(key) is not None]
        return statistics.median(values) if values else None

    base = median("jkeras", "us") if results.get("jkeras") else None
    for peer, found in results.items():
        if not found:
            print(f"{name:<16}{peer:<11}{'not comparable':>20}")
            continue
        us, predict = median(peer, "us"), median(peer, "predict_us_a_sample")
        losses = found[0].get("losses")
        print(
            f"{name:<16}{peer:<11}{us:>12,.1f}{'' if base is None else f'{us / base:.2f}':>10}"
            f"{median(peer, 'first_step_s'):>10.2f}{'' if predict is None else f'{predict:,.1f}':>12}"
            f"{median(peer, 'peak_mb'):>9,.0f}{'' if not losses else f'{losses[1]:.4f}':>9}",
            flush=True,
        )
    losses = {peer: found[0]["losses"][1] for peer, found in results.items() if found and found[0].get("losses")}
    if losses and max(losses.values()) > 1.01 * min(losses.values()):
        print("The losses of the second epoch differ by more than 1 %: not all did the same work.")
    print()


if __name__ == "__main__":
    main()
