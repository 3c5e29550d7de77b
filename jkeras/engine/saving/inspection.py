"""What a file of a model holds, told without building a model and without running anything."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from jkeras.engine.saving import dialect as dialects
from jkeras.engine.saving import hdf5_safe as safe
from jkeras.engine.saving import native_files
from jkeras.engine.saving.config import layer_registry
from jkeras.engine.saving.files import format_of
from jkeras.engine.saving.hdf5_files import EXTRA
from jkeras.engine.saving.hdf5_read import optimizer_arrays, stored_weights, weights_group
from jkeras.engine.saving.limits import read_json
from jkeras.engine.saving.stored import Stored
from jkeras.errors import FileFormatError

__all__ = ["report"]

_DISASSEMBLE = "import dis, marshal, sys; dis.dis(marshal.loads(sys.stdin.buffer.read()))"


def report(filepath: Any) -> Iterator[str]:
    """Yield lines about a file of `model.save` or `save_weights`, of jkeras or of Keras 1: who wrote it, the architecture, the
    weights with their norms, and what is suspicious.

    Raises:
        FileNotFoundError: there is no such file.
        FileFormatError: it is of neither format, or damaged.
    """
    import jkeras.models  # noqa: F401  (with it, all classes that a config may name are known)

    path = os.fspath(filepath)
    reader = _native if format_of(path) is native_files else _hdf5
    yield f"{path}: {os.path.getsize(path):,} bytes"
    yield from reader(path)


def _hdf5(path: str) -> Iterator[str]:
    with safe.opened(path) as file:
        version = safe.text(file, "keras_version")
        stored = stored_weights(weights_group(file))
        ours = safe.text(file, EXTRA) is not None
        dialect = dialects.of_names(stored.names())
        writer = (
            "jkeras, in the format of Keras 1.2.2" if ours else f"Keras {version}" if version else "Keras, weights only"
        )
        yield f"HDF5, by {writer}; convolutions, if any, as on {dialect or 'either engine'}"
        yield from _described(safe.text(file, "model_config"), safe.text(file, "training_config"))
        yield from _weights(stored)
        arrays = optimizer_arrays(file)
        if arrays is not None:
            yield f"optimizer state: {len(arrays)} arrays"


def _native(path: str) -> Iterator[str]:
    with native_files.opened(path, "model", "weights") as file:
        yield f"jkeras's own format, a {file.header.kind}"
        content = file.header.content
        yield from _described(content.get("config"), content.get("training"))
        yield from _weights(file.stored())


def _described(config: str | None, training: str | None) -> Iterator[str]:
    if config is None:
        yield "no architecture: weights only"
        return
    model = read_json(config, "The file's config")
    yield "architecture:"
    suspicious: list[str] = []
    yield from _layers(model, 1, suspicious)
    if training is not None:
        told = read_json(training, "The file's training config")
        optimizer = told.get("optimizer_config") if isinstance(told, dict) else None
        name = optimizer.get("class_name") if isinstance(optimizer, dict) else None
        yield (
            f"compiled: optimizer {name}, loss {json.dumps(told.get('loss'))}" if isinstance(told, dict) else "compiled"
        )
    yield from (f"SUSPICIOUS: {line}" for line in suspicious)


def _layers(entry: Any, depth: int, suspicious: list[str]) -> Iterator[str]:
    """Yield a line for each layer of a description, and note what is not jkeras's."""
    if not isinstance(entry, dict):
        return
    name, config = entry.get("class_name"), entry.get("config")
    own = entry.get("name") or (config.get("name") if isinstance(config, dict) else None)
    if not isinstance(name, str):
        return
    yield f"{'  ' * depth}{name}{f' {own!r}' if own else ''}"
    if name not in layer_registry.entries:
        suspicious.append(f"the class {name!r} of layer {own!r} is not jkeras's; loading needs custom_objects")
    inner = config.get("layers", []) if isinstance(config, dict) else config
    if isinstance(config, dict):
        for key in ("function", "mode", "output_shape", "mask", "output_mask"):
            if config.get(f"{key}_type") == "lambda":
                code = config.get(key)
                suspicious.append(f"layer {own!r} ({name}) holds code as its {key}; it is never run. It does:")
                suspicious += [f"    {line}" for line in _disassembled(code)]
        if isinstance(config.get("layer"), dict):
            inner = [config["layer"]]
    for layer in inner if isinstance(inner, list) else []:
        yield from _layers(layer, depth + 1, suspicious)


def _disassembled(code: Any) -> list[str]:
    """Return Python's instructions in marshalled code. It is decoded in a process of its own: the decoder trusts its input."""
    text = code[0] if isinstance(code, list) and code else code
    if not isinstance(text, str):
        return [f"(no code: {type(text).__name__})"]
    raw = text.encode("raw_unicode_escape")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _DISASSEMBLE], input=raw, capture_output=True, timeout=5, check=True
        )
        return done.stdout.decode("utf-8", "replace").strip().splitlines()[:60]
    except (subprocess.SubprocessError, OSError):
        words = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in raw).split()
        return [
            f"(of another version of Python) words in it: {' '.join(word for word in words if len(word) > 2)[:300]}"
        ]


def _weights(stored: Stored) -> Iterator[str]:
    total = 0
    yield "weights:"
    for layer in stored.layers:
        for weight in layer.weights:
            total += int(np.prod(weight.shape, dtype=object))
            yield f"  {weight.name:<36} {weight.shape!s:<22} {_norm(weight)}"
    yield f"  {total:,} numbers in all"


def _norm(weight: Any) -> str:
    try:
        values = np.asarray(weight.read(), np.float64)
    except FileFormatError as error:
        return f"cannot be read: {error}"
    bad = int(np.size(values) - np.count_nonzero(np.isfinite(values)))
    return f"norm {np.linalg.norm(values):.4g}" + (f", SUSPICIOUS: {bad} entries are not finite" if bad else "")
