"""What ``jkeras demo`` does: look where the page goes, train, evaluate, write the page."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from jkeras.errors import MissingExtraError

__all__ = ["add_command", "run_demo"]

_DEFAULT = "jkeras-demo.html"
_INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C has ended


def add_command(commands: Any) -> None:
    """Add the command to the parser's."""
    demo = commands.add_parser(
        "demo",
        help="train a network on handwritten digits and show what came out as a page",
        description="Train a small network on handwritten digits, and write a page with its curves, its layers and its mistakes. "
        "Needs scikit-learn for the digits, and no network.",
    )
    demo.add_argument("--out", default=_DEFAULT, metavar="FILE.html", help="where the page goes (default: %(default)s)")
    demo.add_argument(
        "--epochs", type=_positive, default=15, help="how often all digits are seen (default: %(default)s)"
    )
    demo.add_argument("--force", action="store_true", help="replace a file that is no page of this command")
    demo.add_argument("--open", action="store_true", help="show the page in the browser")


def run_demo(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    try:
        _demo(options)
    except (MissingExtraError, OSError) as error:
        print(f"jkeras demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\njkeras demo: stopped; no page was written.", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _demo(options: argparse.Namespace) -> None:
    path = _writable(options.out, options.force)

    from jkeras.demo import network
    from jkeras.demo.page import Outcome, page
    from jkeras.engine.saving.atomic import replace_file
    from jkeras.utils.progbar import echo

    (images, _), (new_images, new_labels) = network.load()
    echo(f"A small network learns to read {len(images):,} handwritten digits; {len(new_images)} others are held out.\n")
    start = time.perf_counter()
    model, history = network.train(options.epochs)
    seconds = time.perf_counter() - start
    _, accuracy = model.evaluate(new_images, new_labels, verbose=0)
    outcome = Outcome(
        model=model,
        history=history,
        accuracy=float(accuracy),
        seconds=seconds,
        learned_from=history.params["nb_sample"],
        images=new_images[:, 0],
        digits=new_labels.argmax(axis=1),
        readings=model.predict(new_images),
    )
    replace_file(path, [page(outcome).encode()])
    if options.open:
        import webbrowser

        if not webbrowser.open(path.as_uri()):
            echo("No browser could be started here.\n")
    echo(f"accuracy on {len(new_images)} held-out digits: {accuracy:.2%}; the page is {path}\n")


def _positive(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on; got {text!r}")
    return number


def _writable(out: str, force: bool) -> Path:
    """Return where the page goes, so that what speaks against it is said before the training and not after it.

    Raises:
        OSError: there is no such folder, it may not be written to, or there is something that is no page of this command.
    """
    from jkeras.demo.page import GENERATOR

    path = Path(os.path.abspath(out))
    target = Path(os.path.realpath(path))  # a symbolic link stays one
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write {out!r}: there is no folder {str(target.parent)!r}.")
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {out!r}: it is a folder. Name a file in it: --out {path / _DEFAULT}")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise PermissionError(f"cannot write {out!r}: the folder {str(target.parent)!r} may not be written to.")
    if target.exists() and not target.is_file():
        raise OSError(f"cannot write {out!r}: it is no ordinary file.")
    if target.exists() and not force:
        with open(target, "rb") as file:
            ours = GENERATOR.encode() in file.read(1024)
        if not ours:
            raise FileExistsError(
                f"{out!r} exists, and is no page of jkeras demo. Name another file by --out, or give --force to replace it."
            )
    return path
