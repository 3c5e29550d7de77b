"""Keras 3 on JAX."""

import os
from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, weights_of

os.environ["KERAS_BACKEND"] = "jax"


class Peer:
    """A compiled model and its data."""

    steps_per_execution = 1

    def __init__(self, workload: Workload):
        import keras
        from keras import layers as L

        self.workload = workload
        x, y = data_of(workload)
        model = keras.Sequential([keras.Input(workload.shape, dtype="int32" if workload.words else "float32")])
        for kind, *arguments in workload.layers:
            if kind == "dense":
                model.add(L.Dense(arguments[0], activation=arguments[1]))
            elif kind == "lstm":
                model.add(L.LSTM(arguments[0], return_sequences=arguments[1]))
            elif kind == "gru":
                model.add(L.GRU(arguments[0], return_sequences=arguments[1], reset_after=False))
            elif kind == "rnn":
                model.add(L.SimpleRNN(arguments[0], return_sequences=arguments[1]))
            elif kind == "embedding":
                model.add(L.Embedding(*arguments))
            elif kind == "conv":
                model.add(L.Conv2D(arguments[0], arguments[1], activation=arguments[2]))
            elif kind == "maxpool":
                model.add(L.MaxPooling2D(arguments[0]))
            elif kind == "batchnorm":
                model.add(L.BatchNormalization())
            else:
                model.add(L.Flatten())
        self.x, self.y = x, y if workload.classes == 1 else np.eye(workload.classes, dtype="float32")[y]
        for layer, weights in zip(model.layers, weights_of(workload), strict=True):
            if weights:
                layer.set_weights([*weights, *layer.get_weights()[len(weights) :]])
        loss = "binary_crossentropy" if workload.classes == 1 else "categorical_crossentropy"
        model.compile(keras.optimizers.Adam(1e-3, epsilon=1e-8), loss, steps_per_execution=self.steps_per_execution)
        self.model = model

    def epochs(self, count: int) -> list[float]:
        fit = self.model.fit(self.x, self.y, batch_size=self.workload.batch, epochs=count, shuffle=False, verbose=0)
        return fit.history["loss"]

    def first_step(self) -> None:
        n = self.workload.batch
        self.model.fit(self.x[:n], self.y[:n], batch_size=n, epochs=1, shuffle=False, verbose=0)

    def predict(self) -> np.ndarray:
        return self.model.predict(self.x, batch_size=max(32, self.workload.batch), verbose=0)

    def predict_one(self, index: int) -> Any:
        return self.model.predict(self.x[index : index + 1], verbose=0)

    def train_on_batch(self, index: int) -> Any:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.model.train_on_batch(self.x[rows], self.y[rows])

    def evaluate(self) -> Any:
        return self.model.evaluate(self.x, self.y, batch_size=self.workload.batch, verbose=0)


class ManySteps(Peer):
    """The same, with several steps in one compiled call."""

    steps_per_execution = 16
