"""A stateful LSTM remembers over a long series what one without state has forgotten.

    python examples/stateful_lstm.py

32 series of 1,600 steps are read in pieces of 8 steps. Now and then a symbol comes with a mark; after every piece the
network says which symbol was marked last. Four times out of five that was in an earlier piece, and a network that
reads each piece by itself can only guess. The stateful network carries its memory from batch to batch: sample i of a
batch goes on where sample i of the batch before ended. It is the course text's "same model with stateful LSTMs"
(3.5.7), three layers of 32 units.
"""

import argparse

import jax
import numpy as np

from jkeras.layers import LSTM, Dense
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

data_dim = 16
timesteps = 8
nb_classes = 10
batch_size = 32


def series(pieces: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make 32 series, cut into pieces, in the order in which a stateful network reads them.

    Args:
        pieces: for each series.
        seed: of the generator.

    Returns:
        x ``(pieces · 32, 8, 16)``: in each step a symbol (features 0 to 9), noise (10 to 14), and the mark (15).
        y ``(pieces · 32, 10)``: the symbol that was marked last.
        seen ``(pieces · 32,)``: whether a piece holds a mark, so that it can be answered by itself.
    """
    random = np.random.RandomState(seed)
    steps = pieces * timesteps
    symbols = random.randint(nb_classes, size=(batch_size, steps))
    marks = random.uniform(size=(batch_size, steps)) < 1 / 40
    marks[:, 0] = True
    x = random.normal(scale=0.3, size=(batch_size, steps, data_dim))
    x[:, :, :nb_classes] = np.eye(nb_classes)[symbols]
    x[:, :, -1] = marks
    last_mark = np.maximum.accumulate(np.where(marks, np.arange(steps), 0), axis=1)
    answers = np.take_along_axis(symbols, last_mark, axis=1)[:, timesteps - 1 :: timesteps]  # (32, pieces)
    x = x.reshape(batch_size, pieces, timesteps, data_dim).swapaxes(0, 1)  # (pieces, 32, 8, 16)
    seen = marks.reshape(batch_size, pieces, timesteps).any(axis=2)
    return x.reshape(-1, timesteps, data_dim), to_categorical(answers.T.ravel(), nb_classes), seen.T.ravel()


def build(stateful: bool) -> Sequential:
    """Return the compiled network; a stateful one needs the full batch_input_shape."""
    model = Sequential()
    model.add(LSTM(32, return_sequences=True, stateful=stateful, batch_input_shape=(batch_size, timesteps, data_dim)))
    model.add(LSTM(32, return_sequences=True, stateful=stateful))
    model.add(LSTM(32, stateful=stateful))
    model.add(Dense(nb_classes, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="rmsprop", metrics=["accuracy"])
    return model


def train(stateful: bool, epochs: int, pieces: int) -> Sequential:
    """Train a network on 32 series and return it."""
    np.random.seed(1337)
    model = build(stateful)
    x, y, _ = series(pieces, seed=0)
    for epoch in range(epochs):
        log = model.fit(x, y, batch_size=batch_size, nb_epoch=1, shuffle=False, verbose=0)
        model.reset_states()  # the next epoch begins the series anew
        if (epoch + 1) % 10 == 0:
            print(
                f"  epoch {epoch + 1}: loss {log.history['loss'][0]:.4f}, accuracy {log.history['acc'][0]:.2%}",
                flush=True,
            )
    return model


def scanned(model: Sequential, x: np.ndarray) -> jax.Array:
    """Do what `predict` does as a pure function: a scan over the pieces that carries the network's state."""

    def one_piece(state, piece):
        y, state = model.apply_with_state(model.params, state, piece)
        return state, y

    model.reset_states()
    _, outputs = jax.lax.scan(one_piece, model.state, x.reshape(-1, batch_size, timesteps, data_dim).astype("float32"))
    return outputs.reshape(-1, nb_classes)


def main() -> float:
    """Train both networks, report how they do on new series, and return the accuracy of the stateful one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--pieces", type=int, default=200, help="pieces of 8 steps in each series")
    arguments = parser.parse_args()

    x, y, seen = series(arguments.pieces, seed=1)
    print(
        f"series of {arguments.pieces * timesteps} steps, read in pieces of {timesteps}; "
        f"{seen.mean():.0%} of the pieces hold a mark"
    )
    for stateful in (False, True):
        print("stateful:" if stateful else "without state:")
        model = train(stateful, arguments.epochs, arguments.pieces)
        outputs = model.predict(x, batch_size=batch_size)
        right = outputs.argmax(axis=1) == y.argmax(axis=1)
        print(
            f"  32 new series: accuracy {right.mean():.2%} ({right[seen].mean():.0%} where the mark is in the piece, "
            f"{right[~seen].mean():.0%} where it came before)"
        )
    difference = np.abs(scanned(model, x) - outputs).max()
    print(f"lax.scan over model.apply_with_state differs from model.predict by at most {difference:.1e}")
    return right.mean()


if __name__ == "__main__":
    main()
