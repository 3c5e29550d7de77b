"""The runner itself: it must neither let a wrong number pass nor keep a case waiting that could run."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.conformance import test_golden
from tests.conformance.compare import assert_close, assert_like
from tests.conformance.differences import Rule, difference
from tests.conformance.manifest import GOLDEN, Case, Tolerance, load_cases
from tests.conformance.names import missing_names
from tests.conformance.summary import summary_line

DENSE = {"class_name": "Dense", "config": {"name": "d", "output_dim": 2, "W_regularizer": None, "init": "uniform"}}
COMPILE = {"optimizer": {"class_name": "SGD", "config": {}}, "loss": "mse", "metrics": ["accuracy"]}


def model_entry(*layers, **fields):
    config = {"class_name": "Sequential", "config": list(layers)}
    return {"kind": "model", "config": config, "compile": {**COMPILE, **fields}}


def test_the_copy_of_the_data_is_whole():
    cases = load_cases()
    assert len({case.id for case in cases}) == len(cases) > 500
    named = [case.path(case.entry[key]) for case in cases for key in ("npz", "h5") if case.entry.get(key)]
    named += [case.path(file) for case in cases for file in case.entry.get("files", {}).values()]
    assert {path.relative_to(GOLDEN) for path in named if not path.is_file()} == set()


@pytest.mark.parametrize(
    ("group", "name", "forward", "train", "loss"),
    [
        ("core", "dense", (1e-5, 1e-6), (1e-4, 1e-5), (1e-4, 0.0)),
        ("losses_metrics", "cce_saturated", (1e-3, 1e-4), (1e-3, 1e-4), (1e-3, 0.0)),
        ("init_preproc", "image_zca", (1e-2, 1e-3), (1e-2, 1e-3), (1e-2, 0.0)),
    ],
)
def test_tolerances_are_those_of_the_readme(group, name, forward, train, loss):
    case = Case({"group": group, "name": name, "tol": {"forward": 1e-5, "train": 1e-4}})
    for got, expected in zip((case.forward, case.train, case.loss), (forward, train, loss), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "got",
    [[1.0, 2.0021], [1.0], [[1.0, 2.0]], [1.0, np.nan], [1.0, np.inf]],
    ids=["far", "short", "rank", "nan", "inf"],
)
def test_a_wrong_number_or_shape_fails(got):
    with pytest.raises(AssertionError, match="y0"):
        assert_close("y0", got, [1.0, 2.0], Tolerance(1e-3, 0.0))


def test_values_compare_structure_and_types():
    tolerance = Tolerance(1e-3, 1e-3)
    assert_like("r", {"a": [1, [2.0, None]], "b": "x"}, {"a": [1, [2.0001, None]], "b": "x"}, tolerance)
    for wrong in ({"a": 1}, {"a": 2, "b": "x"}, {"a": 1, "b": "y"}):
        with pytest.raises(AssertionError):
            assert_like("r", wrong, {"a": 1, "b": "x"}, tolerance)
    with pytest.raises(AssertionError):
        assert_like("r", [1, 2], [1, 3], Tolerance(1.0, 1.0))


@pytest.mark.parametrize(
    ("entry", "missing"),
    [
        (model_entry(DENSE), []),
        (model_entry(DENSE, {"class_name": "NoSuch", "config": {"layer": DENSE}}), ["NoSuch"]),
        (model_entry({"class_name": "Dense", "config": {"layer": {"class_name": "Inner", "config": {}}}}), ["Inner"]),
        (model_entry({"class_name": "Dense", "config": {"W_regularizer": {"name": "NoReg"}}}), ["NoReg"]),
        (model_entry({"class_name": "Dense", "config": {"inner_init": "no_init", "alpha_init": 0.3}}), ["no_init"]),
        (model_entry(DENSE, loss=["mse", "no_loss"]), ["no_loss"]),
        (model_entry(DENSE, metrics={"a": ["mae", "no_metric"], "b": "acc"}), ["no_metric"]),
        (model_entry(DENSE, optimizer={"class_name": "NoOpt", "config": {}}), ["NoOpt"]),
        ({"kind": "backend", "func": "tanh"}, []),
        ({"kind": "backend", "func": "no_func"}, ["K.no_func"]),
        ({"kind": "facts", "func": "initialization", "inputs": {"init": "no_init"}}, ["no_init"]),
        ({"kind": "value", "code": "def f(x):\n    y = K.tanh(x)\n    return len(y) + np.pi\nresult = f(1)"}, []),
        ({"kind": "error", "code": "Sequential([NoSuch(3)])"}, ["NoSuch"]),
        ({"kind": "error", "code": "K.no_func(Dense)"}, ["K.no_func"]),
    ],
)
def test_only_a_missing_name_makes_a_case_wait(entry, missing):
    assert list(missing_names(entry)) == missing


def test_rules_of_difference_tell_bugs_from_ordinary_cases():
    def gates(name, mode, W, U):
        config = {"consume_less": mode, "W_regularizer": W, "U_regularizer": U}
        return {
            "kind": "model",
            "config": {"class_name": "Sequential", "config": [{"class_name": name, "config": config}]},
        }

    def error(code):
        return {"kind": "error", "code": code}

    mixed_up = gates("LSTM", "cpu", {"name": "l1"}, None)
    rule = difference(mixed_up)
    assert rule is not None
    assert rule.imitate is not None
    assert rule.imitate(mixed_up) == gates("LSTM", "cpu", {"name": "l1"}, {"name": "l1"})
    assert mixed_up == gates("LSTM", "cpu", {"name": "l1"}, None)
    assert difference(gates("GRU", "gpu", {"name": "l1"}, None)) is None
    assert difference(gates("SimpleRNN", "cpu", {"name": "l1"}, None)) is None
    assert difference(error("i=Input((4,2));Bidirectional(LSTM(3),merge_mode=None)(i)")) is not None
    assert difference(error("Bidirectional(LSTM(3,return_sequences=True),merge_mode=None)(i)")) is None
    assert difference(error("a=Input((3,2));b=Input((3,2));merge([a,b],mode='cos')")) is not None
    assert difference(error("a=Input((3,));merge([a],mode='cos')")) is None


def test_a_case_that_is_expected_to_differ_must_do_so_in_the_right_place(monkeypatch):
    def run_with(first, imitated=None):
        outcomes = iter([first, imitated])

        def run(case):
            message = next(outcomes)
            if message:
                raise AssertionError(message)

        test_golden.replay(Case({"group": "g", "name": "n"}), run)

    rule = Rule("a bug", lambda entry: True, differs_in="losses", imitate=dict)
    monkeypatch.setattr(test_golden, "difference", lambda entry: rule)
    with pytest.raises(pytest.xfail.Exception, match=r"a bug \(losses: far off\)"):
        run_with("losses: far off")
    with pytest.raises(pytest.fail.Exception, match="agrees with the recording"):
        run_with(None)
    with pytest.raises(AssertionError, match="y0"):
        run_with("y0: far off")
    with pytest.raises(AssertionError, match="with the bug imitated"):
        run_with("losses: far off", "losses: far off with the bug imitated")


def test_summary_counts_by_the_missing_name():
    def report(name, reason=None):
        longrepr = ("names.py", 1, f"Skipped: waiting for {reason}") if reason else None
        return SimpleNamespace(nodeid=f"tests/conformance/test_golden.py::{name}", longrepr=longrepr)

    other = SimpleNamespace(nodeid="tests/test_x.py::test_y", longrepr=None)
    stats = {
        "passed": [report("a"), report("b"), other],
        "skipped": [report("c", "LSTM"), report("d", "K.rnn"), report("e", "LSTM"), report("f")],
        "xfailed": [report("g")],
        "failed": [report("h")],
    }
    expected = "conformance: 2 cases passed, 3 waiting (LSTM 2, K.rnn 1), 1 expected to differ, 1 FAILED"
    assert summary_line(stats) == expected
    assert summary_line({"passed": [other]}) is None
