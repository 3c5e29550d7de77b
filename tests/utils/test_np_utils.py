"""Helpers on numpy arrays, against facts recorded from Keras 1.2.2 and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from jkeras.utils import np_utils

GOLDEN = Path(__file__).parents[1] / "conformance" / "golden" / "manifest.json"
NAMES = {
    "to_categorical",
    "normalize",
    "probas_to_classes",
    "categorical_probas_to_classes",
    "conv_output_length",
}
FACTS = [case for case in json.loads(GOLDEN.read_text())["cases"] if case.get("func") in NAMES]


@pytest.mark.parametrize("case", FACTS, ids=lambda case: case["name"])
def test_as_recorded(case):
    inputs = dict(case["inputs"])
    keywords = inputs.pop("kwargs", {})
    arguments = inputs.pop("args", None) or [np.asarray(value) for value in inputs.values()]
    got = getattr(np_utils, case["func"])(*arguments, **keywords)
    np.testing.assert_allclose(got, case["result"], rtol=1e-12)
    assert np.shape(got) == np.shape(case["result"])


def test_every_function_was_recorded():
    assert {case["func"] for case in FACTS} == NAMES
    assert len(FACTS) >= 26


@pytest.mark.parametrize(
    "y",
    [
        [1, 0, 2],
        (1.0, 0.0, 2.0),
        np.array([[1], [0], [2]], "uint8"),
        np.array([1, 0, 2], "uint64"),
        np.array([1, 0, 2], object),
        ["1", "0", "2"],
    ],
)
def test_to_categorical_takes_whole_numbers_of_any_kind(y):
    rows = np_utils.to_categorical(y)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_to_categorical_takes_booleans_and_widths():
    assert np_utils.to_categorical(np.array([True, False])).tolist() == [[0, 1], [1, 0]]
    assert np_utils.to_categorical([0], 3.0).tolist() == [[1, 0, 0]]
    assert np_utils.to_categorical([1], 0).tolist() == [[0, 1]]
    assert np_utils.to_categorical([], 2).shape == (0, 2)


@pytest.mark.parametrize(
    ("y", "nb_classes", "message"),
    [
        ([1, -1], None, r"class numbers from 0; got -1. .*return_inverse"),
        ([-1, -1], 2, r"class numbers from 0; got -1"),
        ([1, 2, 3], 3, r"label 3, but nb_classes=3 allows 0 to 2. .*y - 1"),
        ([0.0, 1.5], None, r"whole class numbers; got 1.5. .*return_inverse"),
        ([0.0, np.nan], None, r"whole class numbers; got nan"),
        ([np.inf], 3, r"whole class numbers; got inf"),
        (["cat", "dog"], None, r"needs class numbers; got \['cat', 'dog'\]. .*return_inverse"),
        ([None, 1], None, r"class numbers; got "),
        ([], None, r"no labels .*give nb_classes"),
        ([0], 1.5, r"nb_classes .* whole number; got 1.5"),
    ],
)
def test_to_categorical_explains_wrong_labels(y, nb_classes, message):
    with pytest.raises(ValueError, match=message):
        np_utils.to_categorical(y, nb_classes)


def test_normalize_by_hand():
    assert np_utils.normalize([[3, 4], [0, 0]]).tolist() == [[0.6, 0.8], [0, 0]]
    assert np_utils.normalize([3, 4]).tolist() == [[0.6, 0.8]]
    assert np_utils.normalize([[1, 3], [3, 1]], axis=0, order=1).tolist() == [[0.25, 0.75], [0.75, 0.25]]


def test_accuracy():
    assert np_utils.accuracy([1, 0, 2, 2], np.array([1, 1, 2, 0])) == 0.5
    assert np_utils.accuracy(np.array([[1], [0]]), np.array([1, 1])) == 0.5
    with pytest.raises(ValueError, match="as many predictions as labels; got 2 and 3"):
        np_utils.accuracy([1, 2], [1, 2, 3])


def test_probas_to_classes():
    assert np_utils.probas_to_classes(np.array([0.5, 0.51, np.nan])).tolist() == [0, 1, 0]
    assert np_utils.probas_to_classes([[0.1], [0.9]]).tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"got \(2, 1, 2\)"):
        np_utils.probas_to_classes(np.zeros((2, 1, 2)))


def test_binary_logloss():
    p, y = np.array([0.9, 0.2, 0.5]), np.array([1, 0, 1])
    expected = -(np.log(0.9) + np.log(0.8) + np.log(0.5)) / 3
    assert np_utils.binary_logloss(p, y) == pytest.approx(expected, rel=1e-12)
    assert np_utils.binary_logloss([0.0, 1.0], [1, 1]) == pytest.approx(-np.log(1e-15) / 2, rel=1e-3)


def test_multiclass_logloss_counts_classes_from_1():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]])
    assert np_utils.multiclass_logloss(p, [1, 3]) == pytest.approx(-(np.log(0.7) + np.log(0.6)) / 2, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "length"),
    [
        ((10, 3, "valid", 1, 2), 6),
        ((10, 3, "same", 2, 2), 5),
        ((10, 3, "full", 1, 2), 14),
        ((None, 3, "same", 1), None),
    ],
)
def test_conv_output_length_with_dilation(arguments, length):
    assert np_utils.conv_output_length(*arguments) == length


def test_conv_input_length_undoes_output_length():
    assert np_utils.conv_input_length(None, 3, "valid", 1) is None
    for border_mode in ("valid", "same", "full"):
        for filter_size in (1, 3, 5):
            for stride in (1, 2, 3):
                length = np_utils.conv_input_length(7, filter_size, border_mode, stride)
                assert np_utils.conv_output_length(length, filter_size, border_mode, stride) == 7


@pytest.mark.parametrize("function", [np_utils.conv_output_length, np_utils.conv_input_length])
def test_an_unknown_border_mode(function):
    with pytest.raises(ValueError, match="border_mode should be 'valid', 'same' or 'full'; got 'causal'"):
        function(5, 3, "causal", 1)
