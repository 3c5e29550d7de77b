"""Import hooks that a test installs are gone after it."""

import contextlib
import sys
from collections.abc import Iterator

from jkeras.compat import hook

# They import keras, and are run by test_scripts.py.
collect_ignore_glob = ["scripts/*"]


@contextlib.contextmanager
def forget(*names: str) -> Iterator[None]:
    """Start without these top-level modules, and leave the import system as it was."""

    def stands_under(module: str) -> bool:
        return module.partition(".")[0] in names

    finders = list(sys.meta_path)
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if stands_under(name)}
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        hook._finder.find.pop("theano", None)
        for name in list(sys.modules):
            if stands_under(name):
                del sys.modules[name]
        sys.modules.update(before)
