"""Are two tweets by the same author? One LSTM reads both.

    python examples/shared_lstm.py

It is the course text's model of chapter 4.3: tweets as sequences of one-hot characters, an LSTM that is called twice
and so has one set of weights, the two codes side by side, a logistic regression on top. That regression by itself
cannot do it: its answer to (a, b) comes from a sum of one number for a and one for b, so of the four pairs of two
authors the two of one author have the same total as the two mixed ones. With a hidden layer before it the codes are
compared; `--logistic` leaves that layer out and stays at chance.

The tweets come from a generator: an author has habits (spelling, emphasis, punctuation, a tag) and keeps each of them
nine times in ten. Tested are new tweets of the authors that the network was trained on, and tweets of authors it has
never met.
"""

import argparse
import itertools

import numpy as np

from jkeras.layers import LSTM, Dense, Input, merge
from jkeras.models import Model
from jkeras.optimizers import RMSprop

OPENERS = (
    "just saw",
    "talking to",
    "you are with",
    "waiting for",
    "thanks to",
    "going to see",
    "are you with",
    "this is for",
)
OBJECTS = (
    "my brother",
    "the new film",
    "the team",
    "our teacher",
    "the band",
    "a great show",
    "your friends",
    "the game",
)
ENDINGS = ("today", "again", "tonight", "before lunch", "in town", "for you", "at last", "you know")

SPELLINGS = ({}, {"you": "u", "are": "r", "for": "4", "to": "2"}, {"the": "da", "you": "ya", "with": "wit", "is": "iz"})
EMPHASES = ("", "long", "stars")
PUNCTUATION = (".", "!!", " :)", "...")
TAGS = ("", " #now")
HABITS = (SPELLINGS, EMPHASES, PUNCTUATION, TAGS)
ALPHABET = " abcdefghijklmnopqrstuvwxyz24.!:)#*"
length = 48


def tweet(author: tuple[int, ...], random: np.random.RandomState) -> str:
    """Write a tweet as `author`, who is given by the number of each habit, would."""
    kept = [
        own if random.uniform() < 0.9 else random.randint(len(options))
        for own, options in zip(author, HABITS, strict=True)
    ]
    spelling, emphasis, mark, tag = (options[number] for number, options in zip(kept, HABITS, strict=True))
    words = " ".join(random.choice(part) for part in (OPENERS, OBJECTS, ENDINGS)).split()
    words = [spelling.get(word, word) for word in words]
    at = random.randint(len(words))
    words[at] = {"": words[at], "long": words[at] + 2 * words[at][-1], "stars": f"*{words[at]}*"}[emphasis]
    return " ".join(words) + mark + tag


def one_hot(texts: list[str]) -> np.ndarray:
    """Return ``(tweets, 48, characters)``; short tweets have rows of zeros before them."""
    x = np.zeros((len(texts), length, len(ALPHABET)), "float32")
    for row, text in zip(x, texts, strict=True):
        for step, character in enumerate(text, start=length - len(text)):
            row[step, ALPHABET.index(character)] = 1
    return x


def pairs(authors: list[tuple[int, ...]], count: int, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return pairs of new tweets and whether they are by one author, which is so for one half of them."""
    random = np.random.RandomState(seed)
    labels = np.arange(count) % 2
    a, b = [], []
    for same in labels:
        first, second = random.choice(len(authors), size=2, replace=False)
        a.append(tweet(authors[first], random))
        b.append(tweet(authors[first if same else second], random))
    return [one_hot(a), one_hot(b)], labels


def build(hidden: bool = True, units: int = 64, lr: float = 0.001) -> Model:
    """Return the compiled network, with the hidden layer or without it."""
    tweet_a = Input(shape=(length, len(ALPHABET)))
    tweet_b = Input(shape=(length, len(ALPHABET)))

    shared_lstm = LSTM(units)  # one layer, so one set of weights, for both tweets
    encoded_a = shared_lstm(tweet_a)
    encoded_b = shared_lstm(tweet_b)

    merged_vector = merge([encoded_a, encoded_b], mode="concat", concat_axis=-1)
    if hidden:
        merged_vector = Dense(64, activation="relu")(merged_vector)
    predictions = Dense(1, activation="sigmoid")(merged_vector)

    model = Model(input=[tweet_a, tweet_b], output=predictions)
    model.compile(optimizer=RMSprop(lr=lr), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def main() -> float:
    """Train, report the accuracy on new pairs, and return that for the known authors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--pairs", type=int, default=6000)
    parser.add_argument("--new", type=int, default=2000, help="pairs to test on, of either kind")
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--batch", type=int, default=64, help="pairs to an update")
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--logistic", action="store_true", help="leave the hidden layer out, as the course text does")
    arguments = parser.parse_args()

    authors = list(itertools.product(*(range(len(options)) for options in HABITS)))
    np.random.RandomState(0).shuffle(authors)
    known, strangers = authors[12:], authors[:12]
    x, y = pairs(known, arguments.pairs, seed=0)
    x_known, y_known = pairs(known, arguments.new, seed=1)
    x_strangers, y_strangers = pairs(strangers, arguments.new, seed=2)

    np.random.seed(1337)
    model = build(not arguments.logistic, arguments.units, arguments.lr)
    model.summary()
    model.fit(
        x, y, batch_size=arguments.batch, nb_epoch=arguments.epochs, validation_data=(x_known, y_known), verbose=2
    )
    _, accuracy = model.evaluate(x_known, y_known, batch_size=64, verbose=0)
    _, with_strangers = model.evaluate(x_strangers, y_strangers, batch_size=64, verbose=0)
    print(f"\nnew tweets of the {len(known)} authors: accuracy {accuracy:.2%} (chance: 50%)")
    print(f"tweets of {len(strangers)} authors never met: accuracy {with_strangers:.2%}")
    return accuracy


if __name__ == "__main__":
    main()
