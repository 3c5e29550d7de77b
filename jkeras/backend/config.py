"""Settings that every part of jkeras reads: float type, epsilon, dimension ordering, learning phase, name counters.

The defaults may be changed by ``~/.keras/keras.json``, the file that Keras 1 used. It is only read, never written::

    {"image_dim_ordering": "th", "floatx": "float32", "epsilon": 1e-07}
"""

import json
import os
import threading
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jkeras.errors import did_you_mean

__all__ = [
    "backend",
    "canonical_dtype",
    "cast_to_floatx",
    "epsilon",
    "fixed_learning_phase",
    "floatx",
    "free_learning_phase",
    "get_uid",
    "image_dim_ordering",
    "learning_phase",
    "learning_phase_scope",
    "legacy_weight_ordering",
    "reset_uids",
    "set_epsilon",
    "set_floatx",
    "set_image_dim_ordering",
    "set_learning_phase",
    "set_legacy_weight_ordering",
]

_FLOATS = ("float16", "float32", "float64")
_ORDERINGS = ("th", "tf")
_DIALECTS = ("theano", "tensorflow")

_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_dim_ordering": "th",
    "learning_phase": None,
    "legacy_weight_ordering": False,
}
_scoped_phase: ContextVar[int | None] = ContextVar("learning_phase", default=None)
_uids: defaultdict[str, int] = defaultdict(int)
_uids_lock = threading.Lock()


def _check_choice(what: str, value: object, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"Unknown {what}: {value!r}.{did_you_mean(str(value), choices)}")
    return value


def backend() -> str:
    """Return the name of the engine whose conventions are followed.

    It is ``'jax'``, unless the environment variable ``KERAS_BACKEND`` is ``'theano'`` or
    ``'tensorflow'``: then it is that, so that scripts which branch on it take the branch they were
    written for, and convolution layers default to that engine's dialect. JAX computes in every case.
    """
    return _BACKEND


def _backend_from_environment() -> str:
    name = os.environ.get("KERAS_BACKEND", "")
    return name if name in _DIALECTS else "jax"


_BACKEND = _backend_from_environment()


def floatx() -> str:
    """Return the float type that arrays get by default, such as ``'float32'``."""
    return _settings["floatx"]


def set_floatx(floatx: str) -> None:
    """Set the default float type: ``'float16'``, ``'float32'`` or ``'float64'``.

    ``'float64'`` switches on JAX's 64-bit mode (``jax_enable_x64``) for the process, without which
    JAX has no 64-bit arrays.

    Raises:
        ValueError: another type is named.
    """
    _settings["floatx"] = _check_choice("floatx", floatx, _FLOATS)
    if floatx == "float64":
        jax.config.update("jax_enable_x64", True)


def cast_to_floatx(x: Any) -> np.ndarray:
    """Return `x` as a numpy array of the default float type.

    >>> cast_to_floatx([1, 2]).dtype
    dtype('float32')
    """
    return np.asarray(x, dtype=floatx())


def canonical_dtype(dtype: Any = None) -> np.dtype:
    """Return the numpy dtype that JAX will use for `dtype`; ``None`` means the default float type.

    A 64-bit type becomes its 32-bit one while JAX's 64-bit mode is off, without a warning: scripts
    for Keras 1 name ``'int64'`` where they mean "an integer".

    >>> canonical_dtype()
    dtype('float32')
    """
    return jax.dtypes.canonicalize_dtype(floatx() if dtype is None else dtype)


def epsilon() -> float:
    """Return the small number that keeps logarithms and divisions finite (1e-7 by default)."""
    return _settings["epsilon"]


def set_epsilon(e: float) -> None:
    """Set the number that `epsilon` returns.

    Raises:
        ValueError: `e` is not a positive finite number.
    """
    if isinstance(e, bool) or not isinstance(e, (int, float, np.number)) or not 0 < float(e) < float("inf"):
        raise ValueError(f"epsilon must be a positive number, such as 1e-7; got {e!r}.")
    _settings["epsilon"] = float(e)


def image_dim_ordering() -> str:
    """Return where images have their channels: ``'th'`` (batch, channels, rows, cols) or ``'tf'`` (channels last)."""
    return _settings["image_dim_ordering"]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the default dimension ordering of images and kernels: ``'th'`` or ``'tf'``.

    Raises:
        ValueError: another ordering is named.
    """
    _settings["image_dim_ordering"] = _check_choice("dim_ordering", dim_ordering, _ORDERINGS)


class Phase(int):
    """The learning phase outside of all computation: in an expression it is what the phase is when that is computed."""


def learning_phase() -> int:
    """Return 1 while a training step is traced or run, else 0: a static number, never a traced value.

    Outside of both it is what `set_learning_phase` set. Made part of an expression there, as in
    ``K.switch(K.learning_phase(), a, b)`` and ``K.learning_phase() * x``, it stands for the phase of each run.
    """
    scoped = _scoped_phase.get()
    return Phase(_settings["learning_phase"] or 0) if scoped is None else scoped


def set_learning_phase(value: int) -> None:
    """Set the learning phase of the process: 0 (test) or 1 (train).

    As in Keras 1 it is built into what layers are called from then on, until `clear_session`: with 1 a model's `predict` drops
    out; with 0 training does not. Models that are called as pure functions go by their argument ``train``.

    Raises:
        ValueError: `value` is neither.
    """
    if value not in (0, 1):
        raise ValueError(f"The learning phase is 0 (test) or 1 (train); got {value!r}.")
    _settings["learning_phase"] = int(value)


def fixed_learning_phase() -> int | None:
    """Return what `set_learning_phase` set; ``None`` if nothing did since the start, or since `clear_session`."""
    return _settings["learning_phase"]


def free_learning_phase() -> None:
    """Let each run decide on the learning phase again."""
    _settings["learning_phase"] = None


@contextmanager
def learning_phase_scope(value: int | bool) -> Iterator[None]:
    """Set the learning phase inside a ``with`` block, for the current thread only.

    >>> with learning_phase_scope(1):
    ...     learning_phase()
    1
    >>> learning_phase()
    0
    """
    token = _scoped_phase.set(int(value))
    try:
        yield
    finally:
        _scoped_phase.reset(token)


def legacy_weight_ordering() -> bool:
    """Return the flag of Keras 1 for weight files of before 1.0; nothing in jkeras depends on it."""
    return _settings["legacy_weight_ordering"]


def set_legacy_weight_ordering(value: bool) -> None:
    """Set the flag that `legacy_weight_ordering` returns.

    Raises:
        ValueError: `value` is not a bool.
    """
    if not isinstance(value, bool):
        raise ValueError(f"legacy_weight_ordering is True or False; got {value!r}.")
    _settings["legacy_weight_ordering"] = value


def get_uid(prefix: str = "") -> int:
    """Return the next number for names that begin with `prefix`; the first is 1.

    >>> get_uid("a prefix of this example"), get_uid("a prefix of this example")
    (1, 2)
    """
    with _uids_lock:
        _uids[prefix] += 1
        return _uids[prefix]


def reset_uids() -> None:
    """Let every count of `get_uid` start from 1 again."""
    with _uids_lock:
        _uids.clear()


def _read_user_settings(path: Path) -> None:
    """Take over the settings of a ``keras.json``; what is wrong in it is warned about and left alone."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        warnings.warn(f"Could not read {path}: {error}. The default settings are used.", stacklevel=2)
        return
    try:
        given = json.loads(text)
        if not isinstance(given, dict):
            raise ValueError(f"expected an object, got {type(given).__name__}")
    except (ValueError, RecursionError) as error:
        warnings.warn(f"{path} is not a JSON object: {error}. The default settings are used.", stacklevel=2)
        return
    for key, setter in (
        ("floatx", set_floatx),
        ("epsilon", set_epsilon),
        ("image_dim_ordering", set_image_dim_ordering),
    ):
        if key in given:
            try:
                setter(given[key])
            except ValueError as error:
                warnings.warn(f"{path}, key {key!r}: {error} The default is used.", stacklevel=2)


def _user_settings_path() -> Path | None:
    try:
        return Path.home() / ".keras" / "keras.json"
    except RuntimeError:  # the environment names no home directory
        return None


if (_path := _user_settings_path()) is not None:
    _read_user_settings(_path)
