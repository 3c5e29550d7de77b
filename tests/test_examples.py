"""Every example runs, with a small setting and with warnings as errors, and reaches what that setting allows."""

import contextlib
import io
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples.gallery import Example, chapter, everything, gallery, seed

TESTS = Path(__file__).resolve().parent
EXAMPLES = TESTS.parent / "examples"


SMALL = {example.path.name: example.small for members in gallery().values() for example in members}


def run(script: str, *arguments: str, cwd: Path | None = None) -> str:
    """Run an example as a program, with its small setting if no arguments are given; return what it printed."""
    output, errors = io.StringIO(), io.StringIO()
    before = sys.argv, list(sys.path), os.getcwd()
    sys.argv = [script, *(arguments or SMALL[script])]
    sys.path.insert(0, str(EXAMPLES))  # as python does: examples import each other
    os.chdir(cwd or EXAMPLES.parent)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            runpy.run_path(str(EXAMPLES / script), run_name="__main__")
    finally:
        sys.argv, sys.path[:] = before[:2]
        os.chdir(before[2])
    assert errors.getvalue() == ""
    return output.getvalue()


def numbers(output: str, pattern: str) -> list[float]:
    """Return the numbers that the groups of `pattern` match in `output`, which must hold it."""
    match = re.search(pattern, output)
    assert match, f"{pattern!r} is not in the output:\n{output[-2000:]}"
    return [float(group) for group in match.groups()]


def test_all_examples_are_in_the_gallery_and_run():
    here = Path(__file__).read_text() + "".join(path.read_text() for path in (TESTS / "examples").glob("test_*.py"))
    scripts = {path.name for path in EXAMPLES.glob("*.py")} - {"__main__.py", "gallery.py"}
    assert scripts == set(SMALL)
    assert {script for script in scripts if f'run("{script}"' not in here} == set()


def test_what_the_gallery_says_of_them():
    for example in everything():
        assert example.shows().endswith((".", "?", "!")), f"{example.name}: the docstring's first line is no sentence"
    assert Example(EXAMPLES / "vae.py").reached("loss 3\n\nso  it is\n") == "so it is"
    assert Example(EXAMPLES / "vae.py", result="^a|^c").reached("a 1\nb 2\n c 3\nd") == "a 1; c 3"
    assert [chapter(example.path) for example in seed()] == sorted(chapter(example.path) for example in seed())
    with pytest.raises(ValueError, match="named by its chapter"):
        chapter(Path("stacked.py"))


def test_the_tables_have_a_line_for_each_script():
    for folder, examples in (
        (EXAMPLES, [e for e in everything() if e.path.parent == EXAMPLES]),
        (EXAMPLES / "seed", seed()),
    ):
        text = (folder / "README.md").read_text(encoding="utf-8")
        lines = {example.name: f"[{example.name}]({example.path.name})" for example in examples}
        assert {name for name, link in lines.items() if text.count(link) != 1} == set()
        for example in examples:
            assert example.shows().split(": ", 1)[-1].replace("|", "\\|") in text


def test_the_command_runs_scripts_by_name(tmp_path):
    def command(*arguments):
        line = [sys.executable, "-m", "examples", *arguments]
        return subprocess.run(line, cwd=EXAMPLES.parent, capture_output=True, text=True, timeout=300)

    done = command("--small", "s5_5_reshape")
    assert done.returncode == 0, done.stderr
    assert re.match(r"\[1/1\] s5_5_reshape \(\d+ s\): Reshape makes .*\n1 of 1 examples ran in", done.stdout)
    unknown = command("digits_mpl")
    assert unknown.returncode == 2 and "There is no example digits_mpl" in unknown.stderr
    assert "--tables needs" in command("--tables", "--all", "--small").stderr


def test_digits_mlp():
    output = run("digits_mlp.py")
    accuracy, difference = *numbers(output, r"accuracy ([\d.]+)%"), *numbers(output, r"by at most (\S+)")
    assert accuracy > 80 and difference < 1e-5


def test_sequence_classification():
    output = run("sequence_classification.py")
    accuracy, majority = numbers(output, r"accuracy ([\d.]+)% \(always the same chapter: ([\d.]+)%\)")
    assert accuracy > majority + 15


def test_stacked_lstm():
    (accuracy,) = numbers(run("stacked_lstm.py"), r"accuracy ([\d.]+)%\s*$")
    assert accuracy > 60


def test_stateful_lstm():
    output = run("stateful_lstm.py")
    assert len(re.findall(r"32 new series: accuracy [\d.]+%", output)) == 2
    # What takes long is learning to remember; that scan and predict agree can be seen at once.
    assert numbers(output, r"differs from model.predict by at most (\S+)")[0] < 1e-5


def test_two_encoders():
    output = run("two_encoders.py")
    (accuracy,) = numbers(output, r"pairs of held-out digits: .* accuracy ([\d.]+)%")
    (without,) = numbers(output, r"another pair: accuracy ([\d.]+)%")
    assert accuracy > 20 and without < 15


def test_headline_model():
    output = run("headline_model.py")
    both, words = numbers(output, r"words and time: accuracy ([\d.]+)%; words alone: accuracy ([\d.]+)%")
    (same,) = numbers(output, r"always the same answer: ([\d.]+)%")
    assert both > words + 5 and words > same
    assert numbers(output, r"losses differ by (\S+)")[0] < 1e-5


def test_digits_cnn():
    output = run("digits_cnn.py")
    accuracy, wrong, images = numbers(output, r"accuracy ([\d.]+)%: (\d+) of (\d+) are read wrongly")
    assert accuracy > 70
    assert abs(accuracy - 100 * (1 - wrong / images)) < 0.01  # evaluate and predict_classes agree


def test_shared_vision():
    output = run("shared_vision.py")
    assert numbers(output, r"pairs of held-out digits: .* accuracy ([\d.]+)%")[0] > 65


def test_conv_autoencoder():
    output = run("conv_autoencoder.py")
    network, pca, mean = numbers(output, r"the network ([\d.]+), PCA ([\d.]+) .*: ([\d.]+)\)")
    assert network < 0.8 * mean and pca < 0.5 * mean


def test_vae():
    output = run("vae.py")
    (bound,) = numbers(output, r"the autoencoder at most ([\d.]+)")
    mixture, pixels = numbers(output, r"ten digits' pixels ([\d.]+), pixels by themselves ([\d.]+)")
    assert bound < mixture + 2 < pixels


def test_gan():
    output = run("gan.py")
    sure, real, scrambled = numbers(output, r"([\d.]+)% of the samples, ([\d.]+)% of the held.*, ([\d.]+)% of the scr")
    assert real > sure > scrambled
    counts = numbers(output, r"each digit, 0 to 9:" + 10 * r" (\d+)")
    assert sum(counts) == 1000 and max(counts) < 500
    near, known = numbers(output, r"  samples ([\d.]+), .*\n  held-out digits ([\d.]+), ")
    assert near > known  # so early it can copy nothing


def test_shared_lstm():
    output = run("shared_lstm.py")
    assert numbers(output, r"new tweets of the \d+ authors: accuracy ([\d.]+)%")[0] > 55
    assert numbers(output, r"never met: accuracy ([\d.]+)%")[0] > 55


def test_char_generation():
    output = run("char_generation.py")
    bits, pairs, single = numbers(output, r"LSTM ([\d.]+), pairs ([\d.]+), single characters ([\d.]+)")
    assert bits < single and pairs < single
    samples = re.split(r"\n---- temperature .*\n", output)[1:]
    assert [len(text.removesuffix("\n")) for text in samples] == [len("The statement ") + 40] * 3


def test_forecasting():
    output = run("forecasting.py")
    (lstm,), (naive,) = (
        numbers(output, r"the LSTM +([\d.]+)"),
        numbers(output, r"the number of the year before +([\d.]+)"),
    )
    assert lstm < 0.75 * naive


def test_train_lstm(tmp_path):
    path = tmp_path / "best.npz"
    output = run("train_lstm.py", "--dataset", "digits", "--max-epochs", "6", "--saveto", str(path))
    assert numbers(output, r"test accuracy ([\d.]+)%")[0] > 50
    assert os.listdir(tmp_path) == ["best.npz"]  # no temporary file is left
    with np.load(path) as file:
        assert file["encoder_U_f"].shape == (72, 72)
        best = file["history_errs"][:, 0].min()
    assert f"validation error {best:.4f}" in output


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"optimizer": "adam"}, "optimizer is one of sgd, adadelta, rmsprop; got 'adam'"),
        ({"encoder": "gru"}, "encoder must be 'lstm'; got 'gru'"),
        ({"dim_proj": 0}, "dim_proj is a positive whole number; got 0"),
        ({"noise_std": -1.0}, "noise_std is a finite number that is not negative"),
        ({"dataset": "imdb"}, "dataset is one of digits, functions, or a function; got 'imdb'"),
        ({"modal_costs": [0.1]}, "The data have a modal 1; modal_costs has prices for 1"),
        ({"maxlen": 1}, "No sequence to train on is left"),
        ({"max_costs": 0.05}, "No sequence to train on is left"),
        ({"saveto": "no/such/folder/x.npz"}, "there is no such folder"),
    ],
)
def test_train_lstm_refuses(monkeypatch, arguments, message):
    monkeypatch.syspath_prepend(EXAMPLES)
    from train_lstm import train_lstm

    with pytest.raises(ValueError, match=re.escape(message)):
        train_lstm(**arguments)


def test_train_lstm_budget_and_resuming(monkeypatch, tmp_path, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    from train_lstm import Instances, shorten, split, train_lstm

    part = Instances([np.array([5, 6, 7, 8]), np.array([9])], [np.array([0, 1, 0, 2]), np.array([1])], np.array([3, 4]))
    read = shorten(part, maxlen=3, modal_costs=[0.1, 0.4, 0.2], max_costs=0.3)
    assert [steps.tolist() for steps in read.steps] == [
        [5, 7, 8]
    ]  # modal 1 is too dear, so the second instance has no step
    assert read.classes.tolist() == [3]
    assert (
        len(shorten(part, maxlen=3, modal_costs=[0.1, 0.1, 0.1], max_costs=50).steps) == 1
    )  # the first one is too long

    def data():
        random = np.random.RandomState(0)
        steps = [random.randint(1, 9, size=3) for _ in range(120)]
        return split(steps, [np.zeros(3, int)] * 120, [int(s[0] > 4) for s in steps])

    path = tmp_path / "best.npz"
    settings = dict(
        dim_proj=8, dataset=data, maxlen=3, batch_size=42, valid_batch_size=6, validFreq=1, dispFreq=100, saveto=path
    )
    first = train_lstm(patience=2, optimizer="rmsprop", **settings)
    assert "stopped early: no better validation error for 2 epochs" in capsys.readouterr().out
    validations = len(np.load(path)["history_errs"])
    again = train_lstm(
        max_epochs=1,
        saveFreq=1,
        reload_model=path,
        noise_std=0.1,
        decay_c=0.01,
        use_dropout=False,
        test_size=6,
        **settings,
    )
    assert "18 to validate, 6 to test" in capsys.readouterr().out
    assert again[1] <= first[1]
    assert len(np.load(path)["history_errs"]) == validations + 2  # two updates an epoch, a validation after each
    with pytest.raises(ValueError, match=r"another network .*: classifier_W has shape \(8, 2\) there, \(9, 2\) here"):
        train_lstm(reload_model=path, **{**settings, "dim_proj": 9})


def test_vgg_like():
    output = run("vgg_like.py")
    accuracy, colours = numbers(output, r"accuracy ([\d.]+)% \(who sees the colours alone: ([\d.]+)%\)")
    assert accuracy > colours + 5


def test_inception():
    output = run("inception.py")
    assert "(None, 24, 8, 8)" in output  # the three towers, one behind the other
    assert numbers(output, r"accuracy ([\d.]+)%\s*$")[0] > 85


def test_residual():
    output = run("residual.py")
    (accuracy,) = numbers(output, r"with shortcuts: held-out .* accuracy ([\d.]+)%")
    (without,) = numbers(output, r"without shortcuts: held-out .* accuracy ([\d.]+)%")
    assert accuracy > 40 and without < accuracy - 20


def answers(output: str) -> tuple[float, float, float]:
    """Return how many answers were right, and how many at best without looking and without listening."""
    (accuracy,) = numbers(output, r"new ones: accuracy ([\d.]+)%")
    blind, deaf = numbers(output, r"without looking ([\d.]+)%, without listening ([\d.]+)%")
    return accuracy, blind, deaf


def test_vqa():
    accuracy, blind, deaf = answers(run("vqa.py"))
    assert accuracy > max(blind, deaf) + 10


def test_video_qa():
    # What takes long is to learn it; that it asks of all three kinds, and is judged fairly, can be seen at once.
    output = run("video_qa.py")
    accuracy, blind, deaf = answers(output)
    assert 0 <= accuracy < 60 and 15 < blind < 60 and 15 < deaf < 60
    assert len(numbers(output, r"by question: colour ([\d.]+)%, place ([\d.]+)%, shape ([\d.]+)%")) == 3


@pytest.mark.long
def test_video_qa_learns():
    small = ("--filters", "4", "--scenes", "1000", "--scene-epochs", "4", "--clips", "800", "--epochs", "6")
    accuracy, blind, deaf = answers(run("video_qa.py", *small))
    assert accuracy > max(blind, deaf) + 3
