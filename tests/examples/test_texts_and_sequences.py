"""Examples that read texts and sequences: sentiment, hierarchical RNN, IRNN."""

import importlib.util
import sys

import pytest

from tests.test_examples import EXAMPLES, numbers, run


@pytest.mark.skipif(importlib.util.find_spec("textblob") is None, reason="the texts come from the package textblob")
def test_sentiment():
    output = run("sentiment.py")
    pattern = r"accuracy ([\d.]+)% \(logistic regression .* ([\d.]+)%, always the same answer ([\d.]+)%\)\s*$"
    accuracy, bag, majority = numbers(output, pattern)
    assert accuracy > majority + 3 and bag > majority + 3


@pytest.mark.skipif(importlib.util.find_spec("textblob") is None, reason="the texts come from the package textblob")
def test_sentiment_holds_out_words_and_definitions(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import sentiment

    everything = sentiment.senses()
    assert len(everything) > 1500 and {good for _, _, good in everything} == {True, False}
    train, test = sentiment.split(everything)
    assert len(train) > 4 * len(test) > 1000
    for column in (0, 1):  # words, definitions
        assert not {entry[column] for entry in train} & {entry[column] for entry in test}


def test_sentiment_without_its_texts(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import sentiment

    monkeypatch.setitem(sys.modules, "textblob", None)
    with pytest.raises(SystemExit, match="pip install textblob"):
        sentiment.senses()


def test_hierarchical_rnn():
    output = run("hierarchical_rnn.py")
    pattern = r"accuracy ([\d.]+)% \(upside down ([\d.]+)%, left and right exchanged ([\d.]+)%\)\s*$"
    accuracy, rows_turned, pixels_turned = numbers(output, pattern)
    assert accuracy > 50 and accuracy > max(rows_turned, pixels_turned) + 15


def test_irnn():
    output = run("irnn.py")
    pattern = r"accuracy ([\d.]+)% from the identity \(IRNN\), ([\d.]+)% from an orthogonal matrix .*\s*$"
    identity, orthogonal = numbers(output, pattern)
    assert identity > 25 and orthogonal > 40
