"""jkeras, as a Keras 1 script uses it."""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, weights_of


class Peer:
    """A compiled model and its data."""

    def __init__(self, workload: Workload):
        from jkeras import layers as L
        from jkeras.models import Sequential
        from jkeras.optimizers import Adam

        self.workload = workload
        x, y = data_of(workload)
        model = Sequential()
        first: dict[str, Any] = {"input_shape": workload.shape}
        for kind, *arguments in workload.layers:
            if kind == "dense":
                model.add(L.Dense(arguments[0], activation=arguments[1], **first))
            elif kind in ("lstm", "gru", "rnn"):
                cls = {"lstm": L.LSTM, "gru": L.GRU, "rnn": L.SimpleRNN}[kind]
                gates = {} if kind == "rnn" else {"inner_activation": "sigmoid"}
                model.add(cls(arguments[0], return_sequences=arguments[1], consume_less="gpu", **gates, **first))
            elif kind == "embedding":
                model.add(L.Embedding(*arguments, input_length=workload.shape[0]))
            elif kind == "conv":
                size = arguments[1]
                model.add(
                    L.Convolution2D(arguments[0], size, size, activation=arguments[2], dim_ordering="tf", **first)
                )
            elif kind == "maxpool":
                model.add(L.MaxPooling2D((arguments[0],) * 2, dim_ordering="tf"))
            elif kind == "batchnorm":
                model.add(L.BatchNormalization())
            else:
                model.add(L.Flatten())
            first = {}
        self.x, self.y = x, y if workload.classes == 1 else np.eye(workload.classes, dtype="float32")[y]
        for layer, weights in zip(model.layers, weights_of(workload), strict=True):
            if weights:
                layer.set_weights([*weights, *layer.get_weights()[len(weights) :]])
        self.loss = "binary_crossentropy" if workload.classes == 1 else "categorical_crossentropy"
        model.compile(Adam(lr=1e-3), self.loss)
        self.model = model

    def epochs(self, count: int) -> list[float]:
        """Train; return the loss of each epoch."""
        fit = self.model.fit(self.x, self.y, batch_size=self.workload.batch, nb_epoch=count, shuffle=False, verbose=0)
        return fit.history["loss"]

    def first_step(self) -> None:
        """Train on one batch, as the first step of an epoch would."""
        n = self.workload.batch
        self.model.fit(self.x[:n], self.y[:n], batch_size=n, nb_epoch=1, shuffle=False, verbose=0)

    def predict(self) -> np.ndarray:
        """Return the outputs for all samples."""
        return self.model.predict(self.x, batch_size=max(32, self.workload.batch))

    def predict_one(self, index: int) -> Any:
        """Return the output for one sample."""
        return self.model.predict(self.x[index : index + 1])

    def train_on_batch(self, index: int) -> Any:
        """Train on one batch."""
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.model.train_on_batch(self.x[rows], self.y[rows])

    def evaluate(self) -> Any:
        """Return the loss over all samples."""
        return self.model.evaluate(self.x, self.y, batch_size=self.workload.batch, verbose=0)
