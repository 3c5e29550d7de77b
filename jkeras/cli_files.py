"""The commands of ``jkeras`` that look at files of models: ``inspect``, ``summary``, ``plot``, ``convert``."""

import argparse
import sys
from typing import Any

from jkeras.errors import FileFormatError, MissingExtraError

__all__ = ["add_commands", "run_command"]


def add_commands(commands: Any) -> None:
    """Add the commands to the parser's."""
    inspect = commands.add_parser("inspect", help="tell what a file of a model holds; runs nothing")
    inspect.add_argument("file")
    summary = commands.add_parser("summary", help="print the table of layers of a model in a file")
    summary.add_argument("file")
    plot = commands.add_parser("plot", help="draw the layers of a model in a file")
    plot.add_argument("file")
    plot.add_argument("picture", help=".svg and .dot need nothing; others need the extra [plot]")
    convert = commands.add_parser("convert", help="write a model, or its weights, in another format")
    convert.add_argument("file", help=".h5 of Keras 1 or jkeras, .jk, or .safetensors (extra [safetensors])")
    convert.add_argument("result", help=".h5, .jk, or .safetensors (architecture and weights, no state of training)")
    convert.add_argument("--model", help="where the architecture is, for a .safetensors file without one")


def run_command(options: argparse.Namespace) -> int:
    """Run one of the commands and return its exit code."""
    try:
        _COMMANDS[options.command](options)
    except (FileFormatError, MissingExtraError, OSError, ValueError) as error:
        print(f"jkeras {options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _inspect(options: argparse.Namespace) -> None:
    from jkeras.engine.saving.inspection import report

    for line in report(options.file):
        print(line)


def _summary(options: argparse.Namespace) -> None:
    from jkeras.models import load_model

    load_model(options.file).summary()


def _plot(options: argparse.Namespace) -> None:
    from jkeras.models import load_model
    from jkeras.utils.visualize_util import plot

    plot(load_model(options.file), options.picture, show_shapes=True)


def _convert(options: argparse.Namespace) -> None:
    from jkeras.engine.saving import safetensors_files
    from jkeras.models import load_model

    if not options.file.endswith(".safetensors"):
        model = load_model(options.file)
    elif options.model is None:
        model = safetensors_files.load_model(options.file)
    else:
        model = load_model(options.model)
        safetensors_files.load_weights(model, options.file)
    if options.result.endswith(".safetensors"):
        safetensors_files.save_model(model, options.result)
    else:
        model.save(options.result)


_COMMANDS = {"inspect": _inspect, "summary": _summary, "plot": _plot, "convert": _convert}
