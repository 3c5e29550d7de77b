"""Print the results of ``python -m benchmarks --json FILE`` as the tables of docs/performance.md.

    python -m benchmarks.table FILE [FILE ...]

Each figure is the median over the rounds of all files.
"""

import json
import statistics
import sys
from collections import defaultdict
from typing import Any

from benchmarks.worker import PEERS
from benchmarks.workloads import WORKLOADS

NAMES = {
    "jkeras": "jkeras", "hand_step": "JAX by hand, a call a step", "hand_scan": "JAX by hand, one loop", "keras3": "Keras 3",
    "keras3_16": "Keras 3, 16 steps a call", "flax": "Flax, optax", "torch": "PyTorch",
}  # fmt: skip

Medians = dict[str, dict[str, dict[str, float]]]  # by workload, peer, figure


def medians(files: list[str]) -> Medians:
    """Return the median of each figure over all rounds."""
    found: Any = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for file in files:
        with open(file, encoding="utf-8") as opened:
            for result in json.load(opened):
                for key in ("us", "first_step_s", "predict_us_a_sample", "peak_mb"):
                    if result.get(key) is not None:
                        found[result["workload"]][result["peer"]][key].append(result[key])
    return {
        workload: {
            peer: {key: statistics.median(values) for key, values in figures.items()} for peer, figures in peers.items()
        }
        for workload, peers in found.items()
    }


def show(found: Medians, key: str, digits: int) -> None:
    """Print one figure of all workloads and peers; the best of each row is bold."""
    print("| | " + " | ".join(NAMES[peer] for peer in PEERS) + " |")
    print("|---" * (len(PEERS) + 1) + "|")
    for workload in WORKLOADS:
        values = {peer: found.get(workload, {}).get(peer, {}).get(key) for peer in PEERS}
        known = [value for value in values.values() if value is not None]
        if not known:
            continue
        cells = []
        for value in values.values():
            text = "" if value is None else f"{value:,.{digits}f}"
            cells.append(f"**{text}**" if value == min(known) else text)
        print(f"| {workload} | " + " | ".join(cells) + " |")
    print()


def show_ratios(found: Medians) -> None:
    """Print how many times as long as jkeras the others take, of which the goals speak."""
    print("| | best by hand / jkeras | Keras 3 / jkeras | Flax / jkeras | PyTorch / jkeras |")
    print("|---|---|---|---|---|")
    for workload in WORKLOADS:
        peers = {peer: figures["us"] for peer, figures in found.get(workload, {}).items()}
        if "jkeras" not in peers:
            continue
        groups = (("hand_step", "hand_scan"), ("keras3", "keras3_16"), ("flax",), ("torch",))
        best = [min((peers[peer] for peer in group if peer in peers), default=None) for group in groups]
        cells = ["" if value is None else f"{value / peers['jkeras']:.2f}" for value in best]
        print(f"| {workload} | " + " | ".join(cells) + " |")
    print()


if __name__ == "__main__":
    results = medians(sys.argv[1:])
    for figure, places in (("us", 0), ("first_step_s", 2), ("predict_us_a_sample", 1), ("peak_mb", 0)):
        print(f"{figure}\n")
        show(results, figure, places)
    show_ratios(results)
