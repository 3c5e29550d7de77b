"""A character-level LSTM learns English from Python's manual, is measured in bits per character, and writes.

    python examples/char_generation.py

The text is what `help()` prints on topics such as "import": the standard library carries it in `pydoc_data.topics`.
At every step the network says which character comes next. Every eighth topic is held out; on those it is compared
with the frequencies of single characters and of pairs. It writes by means of a stateful twin with the same weights,
which reads one character at a time and remembers the rest; a low temperature makes it careful, a high one
adventurous.
"""

import argparse
from collections import Counter
from pydoc_data.topics import topics

import numpy as np

from jkeras.layers import LSTM, Dense, Embedding, TimeDistributed
from jkeras.models import Sequential
from jkeras.optimizers import RMSprop

length = 64
TEMPERATURES = (0.3, 0.6, 1.0)


def load() -> tuple[str, str]:
    """Return the text to learn from and the text held out, which share no topic, and no line but by chance."""
    seen: set[str] = set()
    kept = []
    for name in sorted(topics, key=lambda name: (-len(topics[name]), name)):
        lines = [line for line in topics[name].splitlines() if not line.startswith(("+", "|"))]  # without the tables
        if sum(line in seen for line in lines) < len(lines) / 2:  # some topics are parts of others
            kept.append("\n".join(line for line in lines if line not in seen or not line))
            seen.update(lines)
    train = "\n\n".join(text for number, text in enumerate(kept) if number % 8 != 7)
    test = "\n\n".join(text for number, text in enumerate(kept) if number % 8 == 7)
    return train, test


def encode(text: str, alphabet: list[str]) -> np.ndarray:
    """Return the characters as numbers; those that are not in the alphabet become a question mark."""
    index = {character: number for number, character in enumerate(alphabet)}
    return np.array([index.get(character, index["?"]) for character in text])


def windows(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pieces ``(pieces, 64)`` and the same one character later ``(pieces, 64, 1)``."""
    pieces = (len(codes) - 1) // length
    return codes[: pieces * length].reshape(pieces, length), codes[1 : pieces * length + 1].reshape(pieces, length, 1)


def build(characters: int, units: int, batch: int | None = None) -> Sequential:
    """Return the network, for whole pieces, or, with a batch size, for single characters with a memory."""
    model = Sequential()
    if batch is None:
        model.add(Embedding(characters, 32, input_length=length))
        model.add(LSTM(units, return_sequences=True))
    else:
        model.add(Embedding(characters, 32, batch_input_shape=(batch, 1)))
        model.add(LSTM(units, return_sequences=True, stateful=True))
    model.add(TimeDistributed(Dense(characters, activation="softmax")))
    return model


def baselines(train: np.ndarray, test: np.ndarray, characters: int) -> tuple[float, float]:
    """Return the bits per character of the frequencies of characters and of pairs; each is counted once too often."""
    single = np.bincount(train, minlength=characters) + 1
    pair = np.ones((characters, characters))
    np.add.at(pair, (train[:-1], train[1:]), 1)
    unigram = -np.log2(single / single.sum())[test[1:]].mean()
    bigram = -np.log2(pair / pair.sum(axis=1, keepdims=True))[test[:-1], test[1:]].mean()
    return float(unigram), float(bigram)


def write(model: Sequential, alphabet: list[str], start: str, characters: int) -> list[str]:
    """Let a stateful model go on from `start`, once for each temperature."""
    model.reset_states()
    texts = [start] * len(TEMPERATURES)
    for step in range(len(start) + characters - 1):
        given = np.array([alphabet.index(text[step]) for text in texts])[:, None]
        chances = model.predict_on_batch(given)[:, 0]
        if step >= len(start) - 1:
            logits = np.log(chances + 1e-9) / np.array(TEMPERATURES)[:, None]
            picked = np.argmax(logits + np.random.gumbel(size=logits.shape), axis=1)  # a draw from softmax(logits)
            texts = [text + alphabet[number] for text, number in zip(texts, picked, strict=True)]
    return texts


def main() -> float:
    """Train, report bits per character on the topics held out, write some lines, and return the bits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--characters", type=int, default=None, help="learn from so many characters only")
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--batch", type=int, default=64, help="pieces to an update")
    parser.add_argument("--write", type=int, default=300, help="characters to write")
    arguments = parser.parse_args()

    np.random.seed(1337)
    train_text, test_text = load()
    train_text = train_text[: arguments.characters]
    alphabet = sorted({character for character, count in Counter(train_text).items() if count >= 10} | {"?"})
    train, test = encode(train_text, alphabet), encode(test_text, alphabet)
    print(f"{len(train):,} characters to learn from, {len(test):,} held out, {len(alphabet)} different ones")

    model = build(len(alphabet), arguments.units)
    model.compile(loss="sparse_categorical_crossentropy", optimizer=RMSprop(lr=0.005))
    model.summary()
    model.fit(
        *windows(train), batch_size=arguments.batch, nb_epoch=arguments.epochs, validation_data=windows(test), verbose=2
    )
    bits = model.evaluate(*windows(test), batch_size=64, verbose=0) / np.log(2)
    unigram, bigram = baselines(train, test, len(alphabet))
    print(
        f"\nbits per character on the topics held out: LSTM {bits:.3f}, pairs {bigram:.3f}, "
        f"single characters {unigram:.3f}"
    )

    writer = build(len(alphabet), arguments.units, batch=len(TEMPERATURES))
    writer.set_weights(model.get_weights())
    for temperature, text in zip(TEMPERATURES, write(writer, alphabet, "The statement ", arguments.write), strict=True):
        print(f"\n---- temperature {temperature}\n{text}")
    return bits


if __name__ == "__main__":
    main()
