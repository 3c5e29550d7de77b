"""What the devices of a mesh tell each other in one training step, read from the program that XLA has compiled."""

import re
from collections import Counter
from typing import Any

import numpy as np

__all__ = ["traffic"]

_TRANSFERS = "all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter"
_INSTRUCTION = re.compile(rf"= (?P<result>.+?) (?P<name>{_TRANSFERS})(-start)?\(")
_ARRAY = re.compile(r"\b(pred|[a-z]+[0-9]+)\[([0-9,]*)\]")
_BYTES = {"pred": 1, "bf16": 2}


def traffic(model: Any, x: Any, y: Any) -> dict[str, int]:
    """Return how many bytes a training step of a compiled model moves between its devices.

    Args:
        model: on a mesh; see `jkeras.distribute.data_parallel`.
        x, y: one batch, as for `train_on_batch`. Nothing is trained.

    Returns:
        ``{'all-reduce': bytes}`` and so on: the size of the arrays that XLA's collective operations return, each counted once (also
        in a loop). Over the wire of each of n devices go ``2 (n - 1) / n`` times the bytes of an all-reduce, where it goes round in
        a ring.
    """
    program = model._compiled("traffic").compiled_step(model._batch(x, y, method="train_on_batch"))
    moved: Counter[str] = Counter()
    for found in _INSTRUCTION.finditer(program.as_text()):
        moved[found["name"]] += sum(_size(*array) for array in _ARRAY.findall(found["result"]))
    return dict(moved)


def _size(kind: str, shape: str) -> int:
    digits = re.search("[0-9]+", kind)
    width = _BYTES.get(kind) or int(digits[0] if digits else 8) // 8
    return width * int(np.prod([int(size) for size in shape.split(",") if size], dtype=np.int64))
