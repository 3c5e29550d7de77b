"""The progress bar on terminals, in notebooks, in files, and on broken streams."""

import io
import os
import sys
import time
import types

import numpy as np
import pytest

from jkeras.utils import progbar
from jkeras.utils.generic_utils import Progbar
from jkeras.utils.progbar import echo


class Terminal(io.StringIO):
    def isatty(self):
        return True


class OutStream(io.StringIO):
    """A notebook's stdout: no terminal, but carriage returns work."""

    __module__ = "ipykernel.iostream"


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

    monkeypatch.setattr(time, "perf_counter", lambda: Clock.now)
    return Clock


# pytest sets sys.stdout again between a fixture and its test, so fixtures replace the module's view of it.
@pytest.fixture
def terminal(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(progbar, "sys", types.SimpleNamespace(stdout=stream))
    return stream


@pytest.fixture
def file(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(progbar, "sys", types.SimpleNamespace(stdout=stream))
    return stream


def test_the_look_is_keras_1s(terminal, clock):
    bar = Progbar(1000, width=14)
    clock.now += 0.1
    bar.update(32, [("loss", 0.69314), ("acc", 0.5)])
    assert terminal.getvalue() == "\r  32/1000 [..............] - ETA: 3s - loss: 0.6931 - acc: 0.5000"


@pytest.mark.parametrize(
    ("current", "bar"),
    [(0, "  0/100 [....."), (40, " 40/100 [=>..."), (99, " 99/100 [===>."), (100, "100/100 [=====")],
)
def test_the_bar_grows(terminal, clock, current, bar):
    Progbar(100, width=5).update(current)
    assert terminal.getvalue().startswith(f"\r{bar}] - ")


def test_values_are_averaged_over_samples(terminal, clock):
    bar = Progbar(10)
    bar.update(4, [("loss", 1.0)])
    bar.update(6, [("loss", np.float32(4.0)), ("acc", np.array([0.5]))], force=True)
    assert terminal.getvalue().endswith(" - loss: 2.0000 - acc: 0.5000")
    bar.add(4, [("loss", 5.0)])
    assert terminal.getvalue().rstrip().endswith(" - loss: 3.2000 - acc: 0.5000")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.5, "0.5000"),
        (-0.5, "-0.5000"),
        (1e-3, "1.0000e-03"),
        (0.0, "0.0000e+00"),
        (np.nan, "nan"),
        (1e9, "1000000000.0000"),
    ],
)
def test_small_values_are_shown_with_an_exponent(file, value, shown):
    Progbar(1).update(1, [("x", value)])
    assert file.getvalue().endswith(f" - x: {shown}\n")


def test_redraws_at_most_ten_times_a_second_and_always_the_final_state(terminal, clock):
    bar = Progbar(1000)
    clock.now += 0.5
    for step in range(1000):
        clock.now += 1 / 1024  # exact in binary
        bar.update(step + 1, [("loss", step)])
    assert terminal.getvalue().count("\r") in (10, 11, 12)
    assert terminal.getvalue().count("\n") == 1
    assert terminal.getvalue().rstrip().endswith("\r1000/1000 [==============================] - 1s - loss: 499.5000")


def test_a_longer_interval_and_force_are_respected(terminal, clock):
    bar = Progbar(100, interval=5)
    for step in range(1, 21):
        clock.now += 1
        bar.update(step)
    assert terminal.getvalue().count("\r") == 4
    bar.update(20, force=True)
    assert terminal.getvalue().count("\r") == 5


def test_the_final_state_is_drawn_once(terminal, clock):
    bar = Progbar(10)
    bar.update(10)
    drawn = terminal.getvalue()
    bar.update(10, force=True)
    bar.add(5)
    bar.finish()
    assert terminal.getvalue() == drawn


def test_a_shorter_line_clears_the_longer_one(terminal, clock):
    bar = Progbar(10)
    clock.now += 1000
    bar.update(1, [("loss", 12345.0)])
    clock.now += 0.5
    bar.update(10, [("loss", -12345.0)])
    first, last = terminal.getvalue().lstrip("\r").split("\r")
    assert last.endswith("\n")
    assert len(last) - 1 == len(first)
    assert last.rstrip("\n").endswith(" ")


def test_a_narrow_terminal_gets_lines_that_do_not_wrap(terminal, clock, monkeypatch):
    monkeypatch.setattr(terminal, "fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", lambda fd: os.terminal_size((60, 24)))
    bar = Progbar(1000)
    bar.update(500, [("loss", 1.0), ("acc", 1.0)])
    assert terminal.getvalue() == "\r 500/1000 [===>....] - ETA: 0s - loss: 1.0000 - acc: 1.0000"
    assert len(terminal.getvalue()) - 1 == 59
    bar.update(600, [(f"metric_{k}", 1.0) for k in range(9)], force=True)
    assert len(terminal.getvalue().rpartition("\r")[2]) == 59
    bar.update(1000)
    assert "metric_8: 1.0000" in terminal.getvalue().rpartition("\r")[2]  # the final line is whole


def test_a_notebook_gets_redraws(monkeypatch, clock):
    stream = OutStream()
    monkeypatch.setattr(sys, "stdout", stream)
    Progbar(10).update(1)
    assert stream.getvalue().startswith("\r 1/10 [")


def test_a_file_gets_one_line_without_control_characters(file, clock):
    bar = Progbar(10, width=3)
    for step in range(10):
        clock.now += 1
        bar.update(step + 1, [("loss", 2.0)], force=True)
    assert file.getvalue() == "10/10 [===] - 10s - loss: 2.0000\n"


def test_an_unknown_target(terminal, clock):
    for target in (None, -1):
        terminal.seek(0)
        terminal.truncate()
        bar = Progbar(target)
        clock.now += 2
        bar.update(5, [("loss", 1.0)])
        assert terminal.getvalue() == "\r      5/Unknown - 2s - loss: 1.0000"
        bar.finish([("val_loss", 3.0)])
        assert terminal.getvalue().endswith("\r      5/Unknown - 2s - loss: 1.0000 - val_loss: 3.0000\n")


@pytest.mark.parametrize("target", [0, 10, 1e1])
def test_odd_numbers(file, clock, target):
    bar = Progbar(target, width=2)
    bar.update(10.0, [("loss", 1)])
    assert file.getvalue() == f"10/{int(target)} [==] - 0s - loss: 1.0000\n"


def test_verbose_0_is_silent(terminal):
    bar = Progbar(2, verbose=0)
    bar.update(1, [("loss", 1.0)], force=True)
    bar.update(2)
    bar.finish()
    assert terminal.getvalue() == ""


def test_verbose_2_is_one_line_at_the_end(terminal, clock):
    bar = Progbar(2, verbose=2)
    bar.update(1, [("loss", 1.0)], force=True)
    assert terminal.getvalue() == ""
    clock.now += 3
    bar.update(2, [("loss", 2.0)])
    assert terminal.getvalue() == "3s - loss: 1.5000\n"


def test_stdout_is_looked_up_at_each_call(monkeypatch, clock):
    first, second = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", first)
    bar = Progbar(10, width=2)
    bar.update(1)
    monkeypatch.setattr(sys, "stdout", second)
    bar.update(10)
    assert first.getvalue() == "\r 1/10 [..] - ETA: 0s"
    assert second.getvalue() == "10/10 [==] - 0s\n"


def test_an_encoding_without_the_name_of_a_metric(monkeypatch, clock):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Progbar(1, width=1).update(1, [("λ", 1.0)])
    assert raw.getvalue().replace(b"\r\n", b"\n") == b"1/1 [=] - 0s - ?: 1.0000\n"


class BrokenPipe(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


class OnlyWrites:
    """What scripts put in the place of stdout to log to two places."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("make", [closed, BrokenPipe, lambda: None, OnlyWrites])
def test_no_stream_makes_it_fail(monkeypatch, make):
    stream = make()
    monkeypatch.setattr(sys, "stdout", stream)
    bar = Progbar(2)
    bar.update(1, [("loss", 1.0)])
    bar.update(2)
    echo("Epoch\n")
    if isinstance(stream, OnlyWrites):
        assert stream.text.startswith("2/2 [")
        assert stream.text.endswith("Epoch\n")
