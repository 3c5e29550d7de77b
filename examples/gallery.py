"""What is in the gallery: the scripts in the order of its tables, their small settings, and how their results are read.

`python -m examples` runs them. A script says what it shows in the first line of its docstring, and what it reached in
the last line that it prints, or in the lines that `result` matches.
"""

import ast
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent


class Example(NamedTuple):
    """A script of the gallery.

    Args:
        path: where it is.
        small: the arguments of a run of a few seconds, which still shows what the script is about.
        result: a regular expression for the lines of its output that state the result; without it, the last line does.
    """

    path: Path
    small: tuple[str, ...] = ()
    result: str = ""

    @property
    def name(self) -> str:
        return self.path.stem

    def shows(self) -> str:
        """Return the first line of the script's docstring."""
        return (ast.get_docstring(ast.parse(self.path.read_text(encoding="utf-8"))) or "").split("\n")[0]

    def reached(self, output: str) -> str:
        """Return the lines of what the script printed that state its result, joined; '' if none does."""
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        found = [line for line in lines if re.search(self.result, line)] if self.result else lines[-1:]
        return "; ".join(re.sub(r"\s+", " ", line) for line in found)


GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "First steps": {
        "digits_mlp": ("--epochs 4", "^held-out fifth"),
        "digits_cnn": ("--epochs 3", ""),
        "siamese_digits": ("--epochs 3 --pairs 4000", ""),
        "transfer_learning": ("--epochs 1 --batch 25 --few-epochs 20 --draws 1", ""),
        "net2net": ("--teacher-epochs 5 --epochs 1", ""),
    },
    "Sequences": {
        "sequence_classification": ("--epochs 3", ""),
        "sentiment": ("--epochs 2", ""),
        "stacked_lstm": ("--epochs 8", ""),
        "hierarchical_rnn": ("--epochs 5", ""),
        "irnn": ("--units 32 --epochs 8", ""),
        "stateful_lstm": ("--epochs 2 --pieces 20", "new series"),
        "stateful_sine": ("--epochs 6 --pieces 30", ""),
        "two_encoders": ("--epochs 8 --pairs 2500 --batch 32 --lr 0.004", "accuracy .*%$"),
        "headline_model": ("--epochs 2 --headlines 3000 --new 1000 --lr 0.005", "^words and time|^always"),
        "shared_lstm": ("--epochs 2 --pairs 1000 --new 400 --units 32 --batch 16 --lr 0.003", "tweets of"),
        "addition_seq2seq": ("--digits 2 --pairs 4500 --units 64 --epochs 2 --batch 32 --lr 0.01", ""),
        "char_generation": ("--epochs 2 --characters 40000 --units 64 --batch 16 --write 40", "LSTM [\\d.]+, pairs"),
        "forecasting": ("", "the LSTM|the number of the year before"),
        "train_lstm": ("--dataset digits --max-epochs 6", "^test accuracy"),
    },
    "Questions": {
        "stories": ("--stories 1000", ""),
        "stories_qa": ("--sentences 3 --stories 4000 --units 24 --epochs 3 --batch 25", ""),
        "memory_network": ("--sentences 3 --epochs 8", ""),
        "vqa": ("--filters 4 --scenes 600 --epochs 3 --batch 8 --lr 0.003 --new 400", "new ones|without looking"),
        "video_qa": (
            "--filters 2 --scenes 200 --scene-epochs 1 --clips 100 --epochs 1",
            "new ones|without looking",
        ),
    },
    "Images": {
        "vgg_like": ("--size 32 --filters 8 --images 400 --new 200 --epochs 4 --lr 0.02 --decay 0", ""),
        "inception": ("--filters 8 --epochs 4", ""),
        "residual": ("--blocks 12 --filters 8 --epochs 2 --batch 8", "held-out fifth"),
        "shared_vision": ("--epochs 3 --pairs 2000 --new 1000 --batch 25 --lr 0.003", ""),
        "deep_dream": ("--epochs 4 --steps 25", ""),
    },
    "Codes and new samples": {
        "conv_autoencoder": ("--epochs 1 --batch 15 --lr 0.003", "^the network [\\d.]"),
        "vae": ("--epochs 10", "the autoencoder at most|pixels by themselves"),
        "gan": ("--epochs 15 --classifier-epochs 3 --units 96", "^It is more than"),
    },
    "Several devices": {
        "distributed_digits": ("--epochs 2 --hosts 0", ""),
    },
    "The functional face": {
        "ensemble": ("--steps 200 --members 6", ""),
        "research_loop": ("--epochs 5", ""),
    },
}

SEED_SMALL = {
    "s3_5_4_vgg_like": "--pictures 4",
    "s3_5_5_lstm_classification": "--sequences 1000 --units 32",
    "s4_2_headline_model": "--headlines 320 --words 1000",
    "s4_3_shared_lstm": "--pairs 32",
    "s4_4_3_shared_vision": "--pairs 32 --epochs 3",
    "s4_4_4_vqa": "--side 40 --pictures 2 --epochs 2",
    "s4_4_5_video_qa": "--side 40 --frames 2",
}
"""Small settings of the scripts of examples/seed that take some."""


def gallery() -> dict[str, list[Example]]:
    """Return the scripts of examples/ by group, in the order of the table."""
    return {
        group: [
            Example(FOLDER / f"{name}.py", tuple(small.split()), result) for name, (small, result) in members.items()
        ]
        for group, members in GROUPS.items()
    }


def chapter(path: Path) -> list[int]:
    """Return the numbers of a chapter that begin a script's name, s3_5_7_stateful_lstm: [3, 5, 7]."""
    match = re.match(r"s((?:\d+_)+)", path.stem)
    if match is None:
        raise ValueError(f"A script of examples/seed is named by its chapter, s3_5_7_words.py; got {path.name}")
    return [int(number) for number in match.group(1).split("_") if number]


def seed() -> list[Example]:
    """Return the scripts of examples/seed, in the order of the text."""
    paths = sorted((FOLDER / "seed").glob("*.py"), key=chapter)
    return [Example(path, tuple(SEED_SMALL.get(path.stem, "").split())) for path in paths]


def everything() -> list[Example]:
    """Return all scripts: those of the text, then the others."""
    return seed() + [example for members in gallery().values() for example in members]
