"""``import keras`` gives jkeras: the same modules under a second name.

`install_as_keras` puts a finder in front of Python's own. It finds ``keras.layers.core`` as the module object
`jkeras.layers.core`, so that classes, isinstance and pickles agree whichever name a script imports. The package ``keras``
itself is a view of `jkeras` that differs in one thing: its version is Keras 1.2.2.
"""

import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import jkeras
from jkeras.errors import did_you_mean

__all__ = ["KERAS_VERSION", "install_as_keras", "is_installed"]

KERAS_VERSION = "1.2.2"

_NO_TENSORFLOW = (
    "No module named {name!r}: with jkeras in place of Keras there is no TensorFlow, JAX computes. Delete the import and the lines "
    "that set up a session (tf.Session, tf.ConfigProto, K.set_session: there is none), and write what else the script takes from "
    "TensorFlow with Keras 1's own functions: from keras import backend as K; K.placeholder, K.function, K.gradients, K.sum, …"
)


def install_as_keras(theano: bool = False) -> None:
    """Let ``import keras`` and ``import keras.…`` give jkeras, from now on and in the whole process.

    ``import tensorflow`` raises an ImportError that says what to use instead. Arrays of JAX are given the methods of Theano's
    tensors that layers call (see `jkeras.compat.array_methods`). To call it twice changes nothing.

    Args:
        theano: whether ``import theano`` gives `jkeras.compat.theano_shim`, which computes on `jkeras.backend`.

    Raises:
        RuntimeError: another keras, tensorflow or theano has been imported before.
    """
    for name in ("keras", "tensorflow", *(["theano"] if theano else [])):
        _refuse_other(name)
    if not is_installed():
        sys.meta_path.insert(0, _finder)
    from jkeras.compat import array_methods

    array_methods.install()
    if theano:
        _finder.find["theano"] = _find_theano


def is_installed() -> bool:
    """Whether ``import keras`` gives jkeras."""
    return _finder in sys.meta_path


def _refuse_other(name: str) -> None:
    module = sys.modules.get(name)
    if module is None or getattr(module, "__jkeras__", False):
        return
    where = getattr(module, "__file__", None) or "an unknown place"
    raise RuntimeError(
        f"{name} is already imported, from {where}, so jkeras cannot take its place: objects of both would mix. Call "
        f"install_as_keras() before anything imports {name}."
    )


class _Finder(MetaPathFinder):
    """Finds what jkeras stands in for: a function for each top-level name."""

    def __init__(self, **find: Callable[[str], ModuleSpec]):
        self.find = find

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        find = self.find.get(fullname.partition(".")[0])
        return find(fullname) if find is not None else None


class _Giver(Loader):
    """Loads a module that exists, or is made, elsewhere."""

    own: ModuleSpec | None = None

    def __init__(self, give: Callable[[], ModuleType]):
        self.give = give

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = self.give()
        self.own = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just replaced the spec of a module that is loaded already.
        if self.own is not None:
            module.__spec__ = self.own


class _View(ModuleType):
    """The package ``keras``: what is not set on it is looked up in `jkeras`."""

    __jkeras__ = True

    def __getattr__(self, name: str) -> Any:
        return getattr(jkeras, name)

    def __dir__(self) -> list[str]:
        return sorted({*vars(self), *dir(jkeras)})


def _find_keras(fullname: str) -> ModuleSpec:
    if fullname == "keras":
        return ModuleSpec(fullname, _Giver(_view), is_package=True)
    return _same(fullname, "keras", "jkeras")


def _find_theano(fullname: str) -> ModuleSpec:
    return _same(fullname, "theano", "jkeras.compat.theano_shim")


def _same(fullname: str, theirs: str, ours: str) -> ModuleSpec:
    """Return the spec under which the module `ours` + ….x is also `theirs` + ….x."""
    name = ours + fullname.removeprefix(theirs)
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(f"No module named {fullname!r}: jkeras has none.{_modules_like(name)}", name=fullname)
    return ModuleSpec(fullname, _Giver(lambda: importlib.import_module(name)))


def _view() -> ModuleType:
    view = _View("keras", jkeras.__doc__)
    vars(view)["__version__"] = KERAS_VERSION
    return view


def _modules_like(fullname: str) -> str:
    import pkgutil

    package, _, name = fullname.rpartition(".")
    path = importlib.import_module(package).__path__
    return did_you_mean(name, [module.name for module in pkgutil.iter_modules(path)], most=30)


def _find_tensorflow(fullname: str) -> ModuleSpec:
    def refuse() -> ModuleType:
        raise ModuleNotFoundError(_NO_TENSORFLOW.format(name=fullname), name=fullname)

    return ModuleSpec(fullname, _Giver(refuse))


_finder = _Finder(keras=_find_keras, tensorflow=_find_tensorflow)
