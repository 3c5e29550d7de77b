"""Sequences: padding and cutting, ragged and odd input, sampling table, pairs of words."""

import random
from collections import Counter

import numpy as np
import pytest

from jkeras.preprocessing.sequence import make_sampling_table, pad_sequences, skipgrams

RAGGED = [[1, 2, 3], [4], [], [5, 6]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[1, 2, 3], [0, 0, 4], [0, 0, 0], [0, 5, 6]]),
        ({"padding": "post"}, [[1, 2, 3], [4, 0, 0], [0, 0, 0], [5, 6, 0]]),
        ({"maxlen": 2}, [[2, 3], [0, 4], [0, 0], [5, 6]]),
        ({"maxlen": 2, "truncating": "post"}, [[1, 2], [0, 4], [0, 0], [5, 6]]),
        ({"maxlen": 4, "value": -1}, [[-1, 1, 2, 3], [-1, -1, -1, 4], [-1] * 4, [-1, -1, 5, 6]]),
        ({"maxlen": 0}, [[], [], [], []]),
    ],
)
def test_padding(options, expected):
    padded = pad_sequences(RAGGED, **options)
    assert padded.dtype == np.int32
    np.testing.assert_array_equal(padded, np.array(expected).reshape(4, -1))


def test_entries_may_be_vectors_and_the_first_sequence_empty():
    padded = pad_sequences([np.zeros((0, 2)), np.ones((1, 2)), np.full((3, 2), 7.5)], maxlen=2, dtype="float32")
    np.testing.assert_array_equal(padded, [[[0, 0], [0, 0]], [[0, 0], [1, 1]], [[7.5, 7.5], [7.5, 7.5]]])
    assert padded.dtype == np.float32


def test_all_kinds_of_containers():
    expected = [[0, 1], [2, 3]]
    for sequences in ([(1,), (2, 3)], np.array([np.array([1]), np.array([2, 3])], dtype=object), ([1], range(2, 4))):
        np.testing.assert_array_equal(pad_sequences(sequences), expected)
    np.testing.assert_array_equal(pad_sequences(row for row in expected), expected)
    assert pad_sequences([], maxlen=3).shape == (0, 3)


def test_words_can_be_padded():
    padded = pad_sequences([["to", "be"], ["or"]], dtype=object, value="")
    assert padded.tolist() == [["to", "be"], ["", "or"]]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        ([1, 2, 3], {}, r"entry 0 is 1, of type int. For a single sequence write \[sequence\]"),
        (["abc"], {}, "entry 0 is 'abc', of type str"),
        ([], {}, "give maxlen"),
        ([[1]], {"maxlen": -1}, "maxlen is a whole number, 0 or more; got -1"),
        ([[1]], {"padding": "left"}, "padding is 'pre' or 'post'; got 'left'"),
        ([[1]], {"truncating": "left"}, "truncating is 'pre' or 'post'; got 'left'"),
        ([[[1, 2]], [[1, 2, 3]]], {}, r"sequence 1 have shape \(3,\); those of the first have shape \(2,\)"),
        ([[1], ["word"]], {}, "sequence 1 cannot become an array of int32"),
        ([[[1], [1, 2]]], {}, "sequence 0 cannot become an array of int32"),
    ],
)
def test_bad_sequences(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        pad_sequences(sequences, **options)


def test_sampling_table():
    table = make_sampling_table(1000, sampling_factor=1e-3)
    assert table.shape == (1000,) and table[0] == table[1] and table[999] == 1.0
    assert np.all(np.diff(table) >= 0)
    inverse_frequency = 5 * (np.log(5) + 0.577) + 0.5 - 1 / 60
    assert table[5] == pytest.approx(np.sqrt(1e-3 * inverse_frequency))
    assert make_sampling_table(1).shape == (1,)
    with pytest.raises(ValueError, match="1 or more; got 0"):
        make_sampling_table(0)


def test_skipgrams_pairs_neighbours_and_leaves_zeros_out():
    couples, labels = skipgrams([1, 2, 0, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    assert couples == [[1, 2], [2, 1]] and labels == [1, 1]
    couples, _ = skipgrams(np.array([1, 2, 0, 3]), 4, window_size=2, negative_samples=0, shuffle=False)
    assert couples == [[1, 2], [2, 1], [2, 3], [3, 2]]


def test_skipgrams_negatives_use_the_words_of_the_pairs():
    random.seed(0)
    sequence = [1, 2, 3, 4, 5]
    couples, labels = skipgrams(sequence, 50, window_size=2, negative_samples=1.5, shuffle=False)
    positive = labels.count(1)
    assert labels == [1] * positive + [0] * int(1.5 * positive)
    firsts = Counter(first for first, _ in couples[positive : 2 * positive])
    assert firsts == Counter(first for first, _ in couples[:positive])
    assert all(1 <= second < 50 for _, second in couples)


def test_skipgrams_shuffles_pairs_and_labels_alike():
    random.seed(1)
    plain = skipgrams(range(1, 20), 1000, window_size=3, shuffle=False)
    random.seed(1)
    mixed = skipgrams(range(1, 20), 1000, window_size=3)
    assert mixed[0] != plain[0]
    assert sorted(zip(*mixed, strict=True)) == sorted(zip(*plain, strict=True))


def test_skipgrams_draws_from_random_as_keras_1_did():
    random.seed(7)
    words = [1, 2]
    random.shuffle(words)
    expected = [[words[0], random.randint(1, 9)], [words[1], random.randint(1, 9)]]
    random.seed(7)
    couples, _ = skipgrams([1, 2], 10, shuffle=False)
    assert couples == [[1, 2], [2, 1], *expected]


def test_skipgrams_categorical_labels_are_lists_of_their_own():
    _, labels = skipgrams([1, 2], 3, negative_samples=1, categorical=True, shuffle=False)
    assert labels == [[0, 1], [0, 1], [1, 0], [1, 0]]
    labels[0][0] = 9
    assert labels[1] == [0, 1]


def test_skipgrams_with_a_sampling_table():
    assert skipgrams([1, 2, 1], 3, sampling_table=np.array([0.0, 0.0, 1.0]), negative_samples=0, shuffle=False) == (
        [[2, 1], [2, 1]],
        [1, 1],
    )
    assert skipgrams([1, 1], 3, sampling_table=[0.0, 0.0]) == ([], [])
    assert skipgrams([], 3) == ([], [])
    with pytest.raises(ValueError, match="vocabulary_size=1"):
        skipgrams([1, 1], 1)
