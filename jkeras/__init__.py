"""The Keras 1 API on JAX: a layer or model is a pure function and a Keras 1 object at once.

>>> import jkeras
>>> 'layers' in dir(jkeras)
True

Submodules are imported when they are first used, so ``import jkeras`` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from jkeras import (
        activations,
        applications,
        backend,
        callbacks,
        constraints,
        datasets,
        distribute,
        engine,
        initializations,
        layers,
        metrics,
        models,
        objectives,
        optim,
        optimizers,
        preprocessing,
        regularizers,
        utils,
        wrappers,
    )
    from jkeras.compat.compilation_cache import enable_compilation_cache
    from jkeras.compat.hook import install_as_keras
    from jkeras.engine.saving.pytree import load_pytree, save_pytree
    from jkeras.ensembles import ensemble

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "activations",
    "applications",
    "backend",
    "callbacks",
    "constraints",
    "datasets",
    "distribute",
    "enable_compilation_cache",
    "engine",
    "ensemble",
    "initializations",
    "install_as_keras",
    "layers",
    "load_pytree",
    "metrics",
    "models",
    "objectives",
    "optim",
    "optimizers",
    "preprocessing",
    "regularizers",
    "save_pytree",
    "utils",
    "wrappers",
]


_FUNCTIONS = {
    "enable_compilation_cache": "jkeras.compat.compilation_cache",
    "ensemble": "jkeras.ensembles",
    "install_as_keras": "jkeras.compat.hook",
    "load_pytree": "jkeras.engine.saving.pytree",
    "save_pytree": "jkeras.engine.saving.pytree",
}


def __getattr__(name: str) -> "ModuleType | Callable[..., Any]":
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    from jkeras.errors import did_you_mean

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
