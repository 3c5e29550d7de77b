"""The Keras 1 API on JAX: a layer or model is a pure function and a Keras 1 object at once.

>>> import jkeras
>>> 'layers' in dir(jkeras)
True

Submodules are imported when they are first used, so ``import jkeras`` costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from jkeras import (
        activations,
        backend,
        callbacks,
        constraints,
        engine,
        initializations,
        layers,
        metrics,
        models,
        objectives,
        optim,
        optimizers,
        regularizers,
        utils,
    )

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "engine",
    "initializations",
    "layers",
    "metrics",
    "models",
    "objectives",
    "optim",
    "optimizers",
    "regularizers",
    "utils",
]


def __getattr__(name: str) -> "ModuleType":
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    from jkeras.errors import did_you_mean

    raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{did_you_mean(name, __all__)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
