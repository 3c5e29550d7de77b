"""An LSTM says from which chapter of Python's manual a passage of 30 words comes.

    python examples/sequence_classification.py

The text is what `help("compound")` and its like print: the standard library carries it in `pydoc_data.topics`. The
network is the course text's "sequence classification with an LSTM" (3.5.5: Embedding, LSTM, Dropout, Dense,
Activation), with softmax in place of one sigmoid unit since there are five chapters. Two things differ because there
are only 740 passages to learn from: the LSTM keeps its activation tanh (with the text's sigmoid it needs several
times as many epochs), and a share of the words is dropped in training.
"""

import argparse
import re
from collections import Counter
from pydoc_data.topics import topics

import numpy as np

from jkeras.layers import LSTM, Activation, Dense, Dropout, Embedding
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

CHAPTERS = ("specialnames", "compound", "types", "debugger", "string-methods")
LENGTH = 30  # words in a passage
SECTION = 3  # passages that follow each other; every fifth section is held out as a whole


def passages() -> tuple[list[list[str]], np.ndarray, np.ndarray]:
    """Return passages as lists of words, the number of the chapter of each, and whether it is held out."""
    texts, chapters, held_out = [], [], []
    for chapter, name in enumerate(CHAPTERS):
        words = re.findall(r"[a-z_]+|[0-9]+", topics[name].lower())
        for number, start in enumerate(range(0, len(words) - LENGTH + 1, LENGTH)):
            texts.append(words[start : start + LENGTH])
            chapters.append(chapter)
            held_out.append(number // SECTION % 5 == 4)
    return texts, np.array(chapters), np.array(held_out)


def numbered(texts: list[list[str]], known: list[list[str]], max_features: int) -> np.ndarray:
    """Return the words as numbers: 1, 2, … for the most frequent words of `known`, 0 for all others."""
    counts = Counter(word for text in known for word in text)
    index = {word: number for number, (word, _) in enumerate(counts.most_common(max_features - 1), start=1)}
    return np.array([[index.get(word, 0) for word in text] for text in texts])


def build(max_features: int) -> Sequential:
    """Return the compiled network."""
    model = Sequential()
    model.add(Embedding(max_features, 128, input_length=LENGTH, dropout=0.3))
    model.add(LSTM(output_dim=128, activation="tanh", inner_activation="hard_sigmoid"))
    model.add(Dropout(0.5))
    model.add(Dense(len(CHAPTERS)))
    model.add(Activation("softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model


def main() -> float:
    """Train, report the accuracy on held-out sections, and return it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    epochs = parser.parse_args().epochs

    np.random.seed(1337)
    max_features = 2000
    texts, chapters, held_out = passages()
    x = numbered(texts, [text for text, out in zip(texts, held_out, strict=True) if not out], max_features)
    y = to_categorical(chapters, len(CHAPTERS))
    x_train, y_train, x_test, y_test = x[~held_out], y[~held_out], x[held_out], y[held_out]

    model = build(max_features)
    model.summary()
    model.fit(x_train, y_train, batch_size=16, nb_epoch=epochs, validation_data=(x_test, y_test), verbose=2)
    loss, accuracy = model.evaluate(x_test, y_test, batch_size=16, verbose=0)

    print()
    guesses, truth = model.predict_classes(x_test, batch_size=16, verbose=0), chapters[held_out]
    for chapter, name in enumerate(CHAPTERS):
        print(
            f"{name:>15}: {np.mean(guesses[truth == chapter] == chapter):4.0%} of {np.sum(truth == chapter)} passages"
        )
    majority = np.bincount(truth).max() / len(truth)
    print(f"held-out passages: loss {loss:.4f}, accuracy {accuracy:.2%} (always the same chapter: {majority:.2%})")
    return accuracy


if __name__ == "__main__":
    main()
