"""The command ``jkeras``: ``jkeras run old_script.py`` runs a script for Keras 1 as it stands. Commands for files of
models are in `jkeras.cli_files`, ``jkeras demo`` in `jkeras.demo`.

The script runs as if by ``python old_script.py``: arguments, ``__main__``, ``__file__``, imports of modules that stand beside
it, tracebacks and exit code are the same. ``import keras`` gives jkeras, and ``import theano`` a stand-in on the same functions.
"""

import argparse
import builtins
import contextlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING

from jkeras import __version__
from jkeras.cli_files import add_commands, run_command
from jkeras.demo.command import add_command, run_demo
from jkeras.errors import MissingExtraError

if TYPE_CHECKING:
    from jkeras.cli_hosts import Group

__all__ = ["main"]

_INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C has ended

_PYTHON_2_MODULES = {
    "ConfigParser", "HTMLParser", "Queue", "StringIO", "Tkinter", "__builtin__", "cPickle", "cStringIO", "copy_reg", "urllib2",
    "urlparse",
}  # fmt: skip
_PYTHON_2_NAMES = {
    "basestring", "cmp", "execfile", "file", "long", "raw_input", "reduce", "reload", "unichr", "unicode", "xrange",
}  # fmt: skip
_PYTHON_2_ATTRIBUTES = {
    "has_key",
    "iteritems",
    "iterkeys",
    "itervalues",
    "izip",
    "maxint",
    "urlencode",
    "urlopen",
    "urlretrieve",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the arguments; default those of the process.
    """
    parser = _parser()
    arguments = list(sys.argv[1:] if argv is None else argv)
    # What follows the script's name is the script's, whatever it looks like; argparse would look for options in it.
    end = _script_at(arguments) + 1 if arguments[:1] == ["run"] else len(arguments)
    options = parser.parse_args(arguments[:end])
    if options.command == "demo":
        return run_demo(options)
    if options.command != "run":
        return run_command(options)
    return _run(options, arguments[end:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jkeras", description="The Keras 1 API on JAX.")
    parser.add_argument("--version", action="version", version=f"jkeras {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser(
        "run",
        allow_abbrev=False,
        help="run a script for Keras 1",
        usage="jkeras run [options] script.py [arguments of the script]",
        description="Run a script for Keras 1 as it stands: `import keras` gives jkeras.",
    )
    run.add_argument("script", help="the script; what follows it is passed to it")
    run.add_argument("--image-dim-ordering", choices=("th", "tf"), help="channels of images first (th) or last (tf)")
    run.add_argument(
        "--backend-name",
        choices=("theano", "tensorflow"),
        help="what K.backend() says, and whose convolutions are followed",
    )
    run.add_argument("--floatx", choices=("float16", "float32", "float64"), help="the default float type")
    run.add_argument("--seed", type=int, help="seed of random and numpy.random, for a run that can be repeated")
    run.add_argument(
        "--py2", action="store_true", help="translate the script, and the modules that stand beside it, from Python 2"
    )
    run.add_argument(
        "--hosts", type=int, metavar="N", help="train together with N-1 other processes that run the same script"
    )
    run.add_argument("--host-id", type=int, metavar="I", help="which of them this is, from 0")
    run.add_argument("--coordinator", metavar="ADDRESS:PORT", help="where the process 0 is to be found")
    run.add_argument("--no-cache", action="store_true", help="do not keep compiled programs in ~/.cache/jkeras")
    add_commands(commands)
    add_command(commands)
    return parser


def _script_at(arguments: Sequence[str]) -> int:
    """Return the index of the script's name: behind ``run``, the first that is neither an option nor an option's value."""
    at = 1
    while at < len(arguments) and arguments[at].startswith("-"):
        takes_value = "=" not in arguments[at] and arguments[at] not in ("--no-cache", "--py2", "-h", "--help", "--")
        at += 2 if takes_value else 1
    return at


# ---- running a script


def _run(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    script: str = options.script
    path = os.path.join(os.getcwd(), script)
    folder = Path(path).resolve().parent
    try:
        source = Path(path).read_bytes()
    except OSError as error:
        return _stop(f"can't open the script {script!r}: {error.strerror}.", code=2)
    try:
        group = _group(options)
        _prepare(options, folder)
    except (RuntimeError, ValueError, MissingExtraError) as error:
        return _stop(str(error))
    # As `python` does: __file__ is absolute, sys.argv[0] as given, and imports look into the script's folder first.
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(folder)
    module = ModuleType("__main__")
    loader = SourceFileLoader("__main__", path)
    vars(module).update(__file__=path, __loader__=loader, __builtins__=builtins, __cached__=None, __annotations__={})
    sys.modules["__main__"] = module
    try:
        with contextlib.nullcontext() if group is None else group.running():
            exec(_compile(source, path, module, options.py2), vars(module))
    except SystemExit as error:
        if group is not None and error.code:
            group.leave(error)
        raise
    except BaseException as error:
        if not options.py2:
            _hint_at_old_days(error)
        _show(error)
        if group is not None:
            group.leave(error)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _group(options: argparse.Namespace) -> "Group | None":
    """Return the processes that run the script together, this one among them, if it has others."""
    given = options.hosts, options.host_id, options.coordinator
    if given == (None, None, None):
        return None
    if None in given:
        raise ValueError("--hosts, --host-id and --coordinator belong together: give all three.")
    from jkeras.cli_hosts import Group

    return Group(*given)


def _stop(message: str, code: int = 1) -> int:
    print(f"jkeras run: {message}", file=sys.stderr)
    return code


def _prepare(options: argparse.Namespace, folder: Path) -> None:
    """Do what must be done before the script, which stands in `folder`, starts."""
    from jkeras.compat.compilation_cache import enable_compilation_cache
    from jkeras.compat.hook import install_as_keras

    if options.backend_name:
        os.environ["KERAS_BACKEND"] = options.backend_name
    if options.py2:
        from jkeras.compat import py2, py2_runtime

        py2.install(folder)
        py2_runtime.complete_modules()
    install_as_keras(theano=True)
    if not options.no_cache:
        with contextlib.suppress(OSError):  # a home that cannot be written costs time, and nothing else
            enable_compilation_cache()
    if options.floatx or options.image_dim_ordering:
        from jkeras import backend as K

        if options.floatx:
            K.set_floatx(options.floatx)
        if options.image_dim_ordering:
            K.set_image_dim_ordering(options.image_dim_ordering)
    if options.seed is not None:
        import random

        import numpy as np

        random.seed(options.seed)
        np.random.seed(options.seed)


def _compile(source: bytes, path: str, module: ModuleType, py2: bool) -> CodeType:
    if not py2:
        return compile(source, path, "exec", dont_inherit=True)
    from jkeras.compat.py2 import compile_source
    from jkeras.compat.py2_runtime import NAMES

    vars(module).update(NAMES)
    return compile_source(source, path)


# ---- errors of the script


def _show(error: BaseException) -> None:
    """Report an error as Python does, without the frames of what runs the script."""
    traceback = _without_ours(error.__traceback__)
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


def _without_ours(traceback: TracebackType | None) -> TracebackType | None:
    frames = []
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    ours = {__file__, *(str(Path(__file__).parent / "compat" / name) for name in ("hook.py", "py2.py"))}
    kept: TracebackType | None = None
    for frame in reversed(frames):
        file = frame.tb_frame.f_code.co_filename
        if file not in ours and not file.startswith("<frozen importlib"):
            kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept


def _hint_at_old_days(error: BaseException) -> None:
    """Add a note to an error that Python 2 source makes under Python 3, or that lacks what came with Keras 1 or an old SciPy."""
    if isinstance(error, ModuleNotFoundError) and str(error.name).partition(".")[0] == "six":
        error.add_note("Keras 1 brought the package six along; here it is:  pip install 'jkeras[py2]'")
    if isinstance(error, ImportError | AttributeError) and "scipy.misc" in str(error):
        error.add_note(
            "SciPy no longer has functions for images. In place of imread and imsave use those of the package imageio; in place of "
            "imresize and toimage, PIL's Image.resize and Image.fromarray."
        )
    match error:
        case SyntaxError():
            found = "print" in str(error) or "exec" in str(error) or _is_python_2(error)
        case ModuleNotFoundError():
            found = error.name in _PYTHON_2_MODULES
        case NameError():
            found = error.name in _PYTHON_2_NAMES
        case AttributeError():
            found = error.name in _PYTHON_2_ATTRIBUTES
        case _:
            found = False
    if found:
        error.add_note("If this was written for Python 2, try:  jkeras run --py2 " + " ".join(sys.argv))


def _is_python_2(error: SyntaxError) -> bool:
    text = (error.text or "").strip()
    return (
        text.startswith(("print ", "except ", "raise ")) or "<>" in text or "`" in text or "leading zeros" in str(error)
    )
