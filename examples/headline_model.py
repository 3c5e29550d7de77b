"""How often will a headline be shared? A model with two inputs and two outputs, on generated headlines.

    python examples/headline_model.py

It is the course text's model of chapter 4.2: word numbers (`main_input`) go through an Embedding and an LSTM; five
numbers about the time of publication (`aux_input`) join in after that. The main output sees both, the auxiliary
output (loss weight 0.2) only the words.

The generator makes headlines of four topics, which have words of their own. Sport is shared at the weekend, business
on working days, gossip in the evening, science before it: neither the words alone nor the time alone say much. The
model is trained twice, in the two ways that Keras 1 has: with lists in the order of inputs and outputs, and with
dicts by name.
"""

import argparse

import numpy as np

from jkeras.layers import LSTM, Dense, Embedding, Input, merge
from jkeras.models import Model
from jkeras.optimizers import RMSprop

TOPICS = ("sport", "business", "gossip", "science")
WORDS_OF_TOPIC = 100  # each topic has words of its own; the others are common to all
vocabulary = 1000
length = 20


def headlines(samples: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray, float]:
    """Make headlines.

    Args:
        samples: how many.
        seed: of the generator.

    Returns:
        The inputs: `main_input` ``(samples, 20)``, word numbers from 1 to 999, 0 after the end of a headline;
        `aux_input` ``(samples, 5)``: weekend or not, sine and cosine of the hour, length, picture or not.
        Then whether a headline is shared often ``(samples, 1)``, and the accuracy of who knows the generator.
    """
    random = np.random.RandomState(seed)
    topic = random.randint(len(TOPICS), size=samples)
    words_in = random.randint(6, length + 1, size=samples)
    of_topic = random.uniform(size=(samples, length)) < 0.4
    own = 1 + topic[:, None] * WORDS_OF_TOPIC + random.randint(WORDS_OF_TOPIC, size=(samples, length))
    common = random.randint(1 + len(TOPICS) * WORDS_OF_TOPIC, vocabulary, size=(samples, length))
    words = np.where(of_topic, own, common)
    words[np.arange(length) >= words_in[:, None]] = 0

    weekend, hour, picture = (
        random.uniform(size=samples) < 2 / 7,
        random.uniform(24, size=samples),
        random.randint(2, size=samples),
    )
    evening = hour >= 18
    right_time = np.choose(topic, [weekend, ~weekend, evening, ~evening])
    chance = np.where(right_time, 0.85, 0.08) + np.where(picture, 0.05, -0.05)
    shared = random.uniform(size=samples) < chance
    best = np.mean(shared == (chance > 0.5))

    angle = 2 * np.pi * hour / 24
    about = np.stack([weekend, np.sin(angle), np.cos(angle), words_in / length, picture], axis=1)
    return {"main_input": words, "aux_input": about}, shared[:, None].astype(int), float(best)


def build() -> Model:
    """Return the model; `compile` is left to those who train it."""
    main_input = Input(shape=(length,), dtype="int32", name="main_input")
    x = Embedding(output_dim=64, input_dim=vocabulary, input_length=length, mask_zero=True)(main_input)
    lstm_out = LSTM(32)(x)
    auxiliary_output = Dense(1, activation="sigmoid", name="aux_output")(lstm_out)

    auxiliary_input = Input(shape=(5,), name="aux_input")
    x = merge([lstm_out, auxiliary_input], mode="concat")
    x = Dense(64, activation="relu")(x)
    x = Dense(64, activation="relu")(x)
    x = Dense(64, activation="relu")(x)
    main_output = Dense(1, activation="sigmoid", name="main_output")(x)
    return Model(input=[main_input, auxiliary_input], output=[main_output, auxiliary_output])


def fit_with_lists(x: dict[str, np.ndarray], y: np.ndarray, epochs: int, lr: float) -> Model:
    """Train with lists in the order of the model's inputs and outputs."""
    model = build()
    model.compile(optimizer=RMSprop(lr=lr), loss="binary_crossentropy", metrics=["accuracy"], loss_weights=[1.0, 0.2])
    model.fit([x["main_input"], x["aux_input"]], [y, y], nb_epoch=epochs, batch_size=32, verbose=0)
    return model


def fit_with_dicts(x: dict[str, np.ndarray], y: np.ndarray, epochs: int, lr: float) -> Model:
    """Train with dicts by the names of inputs and outputs."""
    model = build()
    model.compile(
        optimizer=RMSprop(lr=lr),
        loss={"main_output": "binary_crossentropy", "aux_output": "binary_crossentropy"},
        metrics=["accuracy"],
        loss_weights={"main_output": 1.0, "aux_output": 0.2},
    )
    model.fit(x, {"main_output": y, "aux_output": y}, nb_epoch=epochs, batch_size=32, verbose=0)
    return model


def main() -> float:
    """Train in both ways, report the accuracy on new headlines, and return that of the main output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--headlines", type=int, default=20000)
    parser.add_argument("--new", type=int, default=4000, help="headlines to test on")
    parser.add_argument("--lr", type=float, default=0.001)
    arguments = parser.parse_args()

    x_train, y_train, _ = headlines(arguments.headlines, seed=0)
    x_test, y_test, best = headlines(arguments.new, seed=1)
    build().summary()
    losses = []
    for fit in (fit_with_lists, fit_with_dicts):
        np.random.seed(1337)
        model = fit(x_train, y_train, arguments.epochs, arguments.lr)
        log = dict(zip(model.metrics_names, model.evaluate(x_test, [y_test, y_test], verbose=0), strict=True))
        losses.append(log["loss"])
        print(
            f"{fit.__name__}, on {len(y_test)} new headlines: "
            + ", ".join(f"{name} {value:.4f}" for name, value in log.items())
        )
    print(f"\nwords and time: accuracy {log['main_output_acc']:.2%}; words alone: accuracy {log['aux_output_acc']:.2%}")
    print(f"always the same answer: {max(y_test.mean(), 1 - y_test.mean()):.2%}; who knows the generator: {best:.2%}")
    print(f"lists and dicts: losses differ by {abs(losses[0] - losses[1]):.1e}")
    return log["main_output_acc"]


if __name__ == "__main__":
    main()
