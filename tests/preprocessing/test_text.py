"""Texts as numbers: words of any script, stable hashes, the tokenizer."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from jkeras.preprocessing.text import Tokenizer, base_filter, one_hot, text_to_word_sequence


def test_words():
    assert text_to_word_sequence("Hello, hello -- it's\ta\ntest!") == ["hello", "hello", "it's", "a", "test"]
    assert text_to_word_sequence("Hello There", lower=False) == ["Hello", "There"]
    assert text_to_word_sequence("a,b;c", filters=";", split=",") == ["a", "b", "c"]
    assert text_to_word_sequence("a--b.c", filters=".", split="--") == ["a", "b", "c"]
    assert text_to_word_sequence("a. b", filters="") == ["a.", "b"]
    assert text_to_word_sequence("") == text_to_word_sequence(" .,! ") == []
    assert base_filter() == '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'


def test_words_of_other_scripts():
    assert text_to_word_sequence("Ärger, GRÜSSE! Ελλάδα; ПРИВЕТ мир") == ["ärger", "grüsse", "ελλάδα", "привет", "мир"]
    assert text_to_word_sequence("我 爱。你 🙂", filters="。") == ["我", "爱", "你", "🙂"]
    assert text_to_word_sequence("one—two", filters="—") == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "options", "error", "message"),
    [
        (b"bytes", {}, TypeError, r"decode\('utf-8'\)"),
        (None, {}, TypeError, r"Expected a text \(str\); got NoneType"),
        (["a"], {}, TypeError, "got list"),
        ("a", {"split": ""}, ValueError, "cannot be empty"),
    ],
)
def test_what_is_no_text(text, options, error, message):
    with pytest.raises(error, match=message):
        text_to_word_sequence(text, **options)


def test_one_hot_is_the_same_in_every_process():
    text = "The cat sat on the Straße"
    here = one_hot(text, 1000)
    assert here == [132, 759, 622, 379, 132, 59]
    assert all(1 <= n < 5 for n in one_hot(text, 5))
    command = [sys.executable, "-c", f"from jkeras.preprocessing.text import one_hot; print(one_hot({text!r}, 1000))"]
    there = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True)
    assert there.stdout.strip() == str(here), there.stderr
    with pytest.raises(ValueError, match="n is 2 or more; got 1"):
        one_hot(text, 1)


TEXTS = ["the cat sat", "the dog sat", "The END"]


def fitted(**options):
    tokenizer = Tokenizer(**options)
    tokenizer.fit_on_texts(TEXTS)
    return tokenizer


def test_numbers_go_by_frequency_then_by_first_appearance():
    tokenizer = fitted()
    assert tokenizer.word_index == {"the": 1, "sat": 2, "cat": 3, "dog": 4, "end": 5}
    assert tokenizer.word_counts["the"] == tokenizer.word_docs["the"] == tokenizer.index_docs[1] == 3
    assert tokenizer.document_count == 3
    assert tokenizer.texts_to_sequences(["the end of the cat", "", "unknown words"]) == [[1, 5, 1, 3], [], []]
    assert fitted(nb_words=3).texts_to_sequences(["the end sat"]) == [[1, 2]]
    assert fitted(lower=False).word_index["The"] == 5


def test_texts_may_come_from_a_generator():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(text for text in TEXTS)
    generator = tokenizer.texts_to_sequences_generator(text for text in TEXTS)
    assert next(generator) == [1, 3, 2]
    assert tokenizer.document_count == 3


def test_characters_as_words():
    tokenizer = Tokenizer(char_level=True)
    tokenizer.fit_on_texts(["aab", "b é"])
    assert tokenizer.word_index == {"a": 1, "b": 2, " ": 3, "é": 4}
    assert tokenizer.texts_to_sequences(["éa?"]) == [[4, 1]]


def test_matrix_modes():
    tokenizer = fitted()
    text = ["the the cat", ""]
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(text), [[0, 1, 0, 1, 0, 0], [0] * 6])
    np.testing.assert_array_equal(tokenizer.texts_to_matrix(text, mode="count"), [[0, 2, 0, 1, 0, 0], [0] * 6])
    np.testing.assert_allclose(tokenizer.texts_to_matrix(text, mode="freq")[0], [0, 2 / 3, 0, 1 / 3, 0, 0])
    tfidf = [0, (1 + np.log(2)) * np.log(1 + 3 / 4), 0, np.log(1 + 3 / 2), 0, 0]
    np.testing.assert_allclose(tokenizer.texts_to_matrix(text, mode="tfidf")[0], tfidf)


def test_sequences_without_texts():
    tokenizer = Tokenizer(nb_words=4)
    sequences = [[1, 1, 2], [3, 9], np.array([2])]
    tokenizer.fit_on_sequences(sequences)
    assert tokenizer.index_docs == {1: 1, 2: 2, 3: 1, 9: 1}
    np.testing.assert_array_equal(
        tokenizer.sequences_to_matrix(sequences, "count"), [[0, 2, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    )
    assert tokenizer.sequences_to_matrix(sequences, "freq")[1, 3] == 0.5  # what is no column counts in the length
    assert tokenizer.sequences_to_matrix(sequences, "tfidf")[2, 2] == pytest.approx(np.log(1 + 3 / 3))


def test_an_index_given_by_hand_and_a_copy_by_pickle():
    tokenizer = Tokenizer()
    tokenizer.word_index = {"cat": 1}
    assert tokenizer.texts_to_sequences(["a cat"]) == [[1]]
    copy = pickle.loads(pickle.dumps(fitted()))
    assert copy.texts_to_sequences(TEXTS) == fitted().texts_to_sequences(TEXTS)


def test_empty_texts_are_texts():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["", "  "])
    assert tokenizer.word_index == {} and tokenizer.texts_to_sequences(["a", ""]) == [[], []]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: Tokenizer().texts_to_sequences(["a"]), ValueError, "call fit_on_texts"),
        (lambda: Tokenizer().sequences_to_matrix([[1]]), ValueError, "nb_words argument"),
        (lambda: Tokenizer(nb_words=3).sequences_to_matrix([[1]], "tfidf"), ValueError, "before using tfidf"),
        (lambda: fitted().texts_to_matrix(TEXTS, mode="tf-idf"), ValueError, "Unknown vectorization mode: 'tf-idf'"),
        (lambda: fitted().sequences_to_matrix([[-1]]), ValueError, "0 or more; got -1"),
        (lambda: fitted().texts_to_sequences("one text"), TypeError, r"Write \[text\]"),
        (lambda: Tokenizer().fit_on_texts("one text"), TypeError, r"Write \[text\]"),
        (lambda: Tokenizer().fit_on_texts(["a", 3]), TypeError, "got int"),
    ],
)
def test_wrong_use(use, error, message):
    with pytest.raises(error, match=message):
        use()
