"""Texts that nobody would write: the readers make a model of them or say what is wrong, and nothing else happens."""

import json

import pytest

from jkeras.layers import Convolution2D, Dense, Flatten, Input
from jkeras.models import Model, Sequential, model_from_json

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import strategies  # noqa: E402

settings = hypothesis.settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)


def models():
    yield Sequential([Convolution2D(2, 3, 3, input_shape=(1, 6, 6)), Flatten(), Dense(2, W_regularizer="l2")])
    x = Input(shape=(3,), name="x")
    shared = Dense(3, name="shared")
    yield Model(x, [shared(shared(x)), Sequential([Dense(2, input_dim=3)], name="inner")(x)])


TEXTS = [model.to_json() for model in models()]
WORDS = [
    "class_name",
    "config",
    "name",
    "layers",
    "inbound_nodes",
    "Dense",
    "Sequential",
    "x",
    "<lambda>",
    "__class__",
    "",
]

plain = strategies.one_of(
    strategies.none(),
    strategies.booleans(),
    strategies.integers(-3, 2**70),
    strategies.floats(),
    strategies.sampled_from(WORDS),
)
trees = strategies.recursive(
    plain,
    lambda inner: (
        strategies.lists(inner, max_size=3) | strategies.dictionaries(strategies.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=8,
)


def read(text):
    try:
        model_from_json(text)
    except (ValueError, TypeError, NotImplementedError) as error:
        assert str(error)


def places(tree, way=()):
    """Every place in a tree."""
    yield way
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, entry in entries:
        yield from places(entry, (*way, key))


def one_place_changed(data):
    tree = json.loads(data.draw(strategies.sampled_from(TEXTS)))
    *way, last = data.draw(strategies.sampled_from(list(places(tree))[1:]))
    owner = tree
    for key in way:
        owner = owner[key]
    if data.draw(strategies.booleans()):
        owner[last] = data.draw(trees)
    else:
        del owner[last]
    read(json.dumps(tree))


def one_letter_changed(data):
    text = data.draw(strategies.sampled_from(TEXTS))
    place = data.draw(strategies.integers(0, len(text) - 1))
    read(text[:place] + data.draw(strategies.sampled_from('"[]{}:,0-x\\')) + text[place + 1 :])


CHECKS = {
    "any text": (strategies.text(max_size=40) | trees.map(json.dumps), read),
    "one place changed": (strategies.data(), one_place_changed),
    "one letter changed": (strategies.data(), one_letter_changed),
}


def fuzz(what, examples):
    texts, check = CHECKS[what]
    hypothesis.settings(settings, max_examples=examples)(hypothesis.given(texts)(check))()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", CHECKS)
def test_texts(what):
    fuzz(what, 150)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", CHECKS)
def test_thousands_of_texts(what):
    fuzz(what, 5000)
