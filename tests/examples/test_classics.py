"""The classics of Keras 1 among the examples: each reaches, with a small setting, what that setting allows."""

import numpy as np
import pytest

from tests.test_examples import EXAMPLES, numbers, run


@pytest.fixture
def examples(monkeypatch):
    """Let a test import the examples, as they import each other."""
    monkeypatch.syspath_prepend(str(EXAMPLES))


def test_addition():
    output = run("addition_seq2seq.py")
    right, always = numbers(output, r"never seen: ([\d.]+)% of the answers .* sum: ([\d.]+)%")
    assert right > 15 and always < 5


def test_addition_splits_pairs_in_both_orders(examples):
    from addition_seq2seq import CHARACTERS, answers, questions, split

    train, test = split(digits=1, held_out=5, count=20, seed=0)
    learned = {tuple(pair) for pair in train.tolist()}
    assert {(b, a) for a, b in learned} == learned and len({frozenset(pair) for pair in learned}) == 20
    assert len(test) == 5 and not learned & {tuple(pair) for pair in test.tolist()}

    def texts(x):
        return ["".join(CHARACTERS[code] for code in codes) for codes in x.argmax(axis=-1)]

    assert texts(questions(np.array([[12, 7]]), digits=2, backwards=True)) == [" 7+21"]
    assert texts(answers(np.array([[12, 7], [99, 99]]), digits=2)) == ["19 ", "198"]


def test_stories():
    without, last = numbers(run("stories.py"), r"without the story ([\d.]+)%.* ([\d.]+)%")
    assert 10 < without < 30 < last < 70


def test_stories_are_consistent_and_held_out(examples):
    from stories import facts, split, text

    stories, new = split(300, 100, most=4, seed=1)
    assert (len(stories), len(new)) == (300, 100)
    assert not set(map(facts, stories)) & set(map(facts, new))
    for story in stories + new:
        assert dict(facts(story))[story.question[2]] == story.answer  # the last sentence about the person counts
        assert text(story).startswith(" ".join(story.sentences[0][:-1]) + ".")
    with pytest.raises(ValueError, match="hardly 1300 different stories"):
        split(300, 1000, most=2)


def test_stories_qa():
    output = run("stories_qa.py")
    accuracy, without, _ = numbers(output, r"accuracy ([\d.]+)% \(.* story ([\d.]+)%, .* sentence ([\d.]+)%\)")
    assert accuracy > without + 20


def test_memory_network():
    output = run("memory_network.py")
    accuracy, last = numbers(output, r"accuracy ([\d.]+)% .*last sentence ([\d.]+)%\)")
    (there,) = numbers(output, r"looks most at the sentence that answers it in ([\d.]+)%")
    assert accuracy > last + 10 and there > 80


def test_siamese_digits():
    output = run("siamese_digits.py")
    accuracy, pixels = numbers(output, r"accuracy ([\d.]+)% at .*threshold: ([\d.]+)%")
    same, different = numbers(output, r"mean distance: ([\d.]+) of one digit, ([\d.]+) of two")
    assert accuracy > pixels + 5 and same < 0.5 < different


def test_transfer_learning():
    output = run("transfer_learning.py")
    transferred, random = numbers(output, r"accuracy ([\d.]+)% with conv.*, ([\d.]+)% from random weights")
    assert transferred > max(random, 25)


def test_net2net():
    output = run("net2net.py")
    (teacher,) = numbers(output, r"teacher ([\d.]+)%")
    wide, wide_random, deep, deep_random = numbers(
        output, r"student ([\d.]+)% .* ([\d.]+)%\),.* ([\d.]+)% .* ([\d.]+)%\)"
    )
    assert min(wide, deep) > teacher - 5 and min(wide, deep) > max(wide_random, deep_random) + 20
    for student in ("wider", "deeper"):
        assert numbers(output, rf"the {student} student differs from its teacher by at most (\S+)")[0] < 1e-5
