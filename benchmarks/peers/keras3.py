"""Keras 3 on JAX."""

import os
from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, one_or_list, output_weights, taken, weights_of

os.environ["KERAS_BACKEND"] = "jax"


class Peer:
    """A compiled model and its data."""

    steps_per_execution = 1

    def __init__(self, workload: Workload):
        import keras
        from keras import layers as L

        self.workload = workload
        self.x, self.y = data_of(workload)
        if workload.classes > 1:
            self.y = [np.eye(workload.classes, dtype="float32")[y] for y in self.y]
        dtype = "int32" if workload.words else "float32"
        batch = workload.batch if workload.stateful else None
        inputs = [keras.Input(workload.shape, dtype=dtype, batch_size=batch), *map(keras.Input, workload.others)]
        layers: list[Any] = []
        kept, outputs, x = {}, [], inputs[0]
        for (kind, *arguments), weights in zip(workload.layers, weights_of(workload), strict=True):
            layer: Any = None
            if kind == "dense":
                layer = L.Dense(arguments[0], activation=arguments[1])
            elif kind == "lstm":
                layer = L.LSTM(arguments[0], return_sequences=arguments[1], stateful=workload.stateful)
            elif kind == "gru":
                layer = L.GRU(arguments[0], return_sequences=arguments[1], reset_after=False)
            elif kind == "rnn":
                layer = L.SimpleRNN(arguments[0], return_sequences=arguments[1])
            elif kind == "embedding":
                layer = L.Embedding(*arguments, mask_zero=workload.padded)
            elif kind == "conv":
                layer = L.Conv2D(arguments[0], arguments[1], activation=arguments[2])
            elif kind == "maxpool":
                layer = L.MaxPooling2D(arguments[0])
            elif kind == "batchnorm":
                layer = L.BatchNormalization()
            elif kind == "flatten":
                layer = L.Flatten()
            elif kind == "keep":
                kept[arguments[0]] = x
            elif kind == "concat":
                x = L.concatenate([kept[arguments[0]], x])
            elif kind == "output":
                outputs.append(x)
            elif kind == "input":
                x = inputs[arguments[0]]
            else:
                x = layers[arguments[0]](x)
            layers.append(layer)
            if layer is not None:
                x = layer(x)
                if weights:
                    layer.set_weights([*weights, *layer.get_weights()[len(weights) :]])
        model = keras.Model(inputs, one_or_list([*outputs, x]))
        loss = "binary_crossentropy" if workload.classes == 1 else "categorical_crossentropy"
        model.compile(
            keras.optimizers.Adam(1e-3, epsilon=1e-8),
            one_or_list([loss] * len(self.y)),
            loss_weights=one_or_list(output_weights(workload)),
            steps_per_execution=self.steps_per_execution,
        )
        self.model = model

    def epochs(self, count: int) -> list[float]:
        x, y = one_or_list(self.x), one_or_list(self.y)
        fit = self.model.fit(x, y, batch_size=self.workload.batch, epochs=count, shuffle=False, verbose=0)
        return fit.history["loss"]

    def first_step(self) -> None:
        n = self.workload.batch
        x, y = (one_or_list(taken(arrays, slice(n))) for arrays in (self.x, self.y))
        self.model.fit(x, y, batch_size=n, epochs=1, shuffle=False, verbose=0)

    def predict(self) -> np.ndarray:
        outputs = self.model.predict(one_or_list(self.x), batch_size=max(32, self.workload.batch), verbose=0)
        return outputs[-1] if isinstance(outputs, list) else outputs

    def predict_one(self, index: int) -> Any:
        return self.model.predict(one_or_list(taken(self.x, slice(index, index + 1))), verbose=0)

    def train_on_batch(self, index: int) -> Any:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.model.train_on_batch(one_or_list(taken(self.x, rows)), one_or_list(taken(self.y, rows)))

    def evaluate(self) -> Any:
        return self.model.evaluate(one_or_list(self.x), one_or_list(self.y), batch_size=self.workload.batch, verbose=0)


class ManySteps(Peer):
    """The same, with several steps in one compiled call."""

    steps_per_execution = 16
