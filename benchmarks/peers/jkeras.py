"""jkeras, as a Keras 1 script uses it."""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, one_or_list, output_weights, taken, weights_of


class Peer:
    """A compiled model and its data."""

    def __init__(self, workload: Workload):
        from jkeras import layers as L
        from jkeras.models import Model
        from jkeras.optimizers import Adam

        self.workload = workload
        self.x, self.y = data_of(workload)
        if workload.classes > 1:
            self.y = [np.eye(workload.classes, dtype="float32")[y] for y in self.y]
        dtype = "int32" if workload.words else "float32"
        batch = workload.batch if workload.stateful else None
        inputs = [L.Input(batch_shape=(batch, *workload.shape), dtype=dtype), *map(L.Input, workload.others)]
        layers: list[Any] = []
        kept, outputs, x = {}, [], inputs[0]
        for (kind, *arguments), weights in zip(workload.layers, weights_of(workload), strict=True):
            layer = None
            if kind == "dense":
                layer = L.Dense(arguments[0], activation=arguments[1])
            elif kind in ("lstm", "gru", "rnn"):
                cls = {"lstm": L.LSTM, "gru": L.GRU, "rnn": L.SimpleRNN}[kind]
                gates = {} if kind == "rnn" else {"inner_activation": "sigmoid"}
                layer = cls(
                    arguments[0], return_sequences=arguments[1], consume_less="gpu", stateful=workload.stateful, **gates
                )
            elif kind == "embedding":
                layer = L.Embedding(*arguments, mask_zero=workload.padded)
            elif kind == "conv":
                size = arguments[1]
                layer = L.Convolution2D(arguments[0], size, size, activation=arguments[2], dim_ordering="tf")
            elif kind == "maxpool":
                layer = L.MaxPooling2D((arguments[0],) * 2, dim_ordering="tf")
            elif kind == "batchnorm":
                layer = L.BatchNormalization()
            elif kind == "flatten":
                layer = L.Flatten()
            elif kind == "keep":
                kept[arguments[0]] = x
            elif kind == "concat":
                x = L.merge([kept[arguments[0]], x], mode="concat")
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
        model = Model(inputs, one_or_list([*outputs, x]))
        self.loss = "binary_crossentropy" if workload.classes == 1 else "categorical_crossentropy"
        model.compile(Adam(lr=1e-3), self.loss, loss_weights=output_weights(workload))
        self.model = model

    def epochs(self, count: int) -> list[float]:
        """Train; return the loss of each epoch."""
        fit = self.model.fit(self.x, self.y, batch_size=self.workload.batch, nb_epoch=count, shuffle=False, verbose=0)
        return fit.history["loss"]

    def first_step(self) -> None:
        """Train on one batch, as the first step of an epoch would."""
        n = self.workload.batch
        first = slice(n)
        self.model.fit(taken(self.x, first), taken(self.y, first), batch_size=n, nb_epoch=1, shuffle=False, verbose=0)

    def predict(self) -> np.ndarray:
        """Return the outputs for all samples."""
        outputs = self.model.predict(self.x, batch_size=max(32, self.workload.batch))
        return outputs[-1] if isinstance(outputs, list) else outputs

    def predict_one(self, index: int) -> Any:
        """Return the output for one sample."""
        return self.model.predict(taken(self.x, slice(index, index + 1)))

    def train_on_batch(self, index: int) -> Any:
        """Train on one batch."""
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.model.train_on_batch(taken(self.x, rows), taken(self.y, rows))

    def evaluate(self) -> Any:
        """Return the loss over all samples."""
        return self.model.evaluate(self.x, self.y, batch_size=self.workload.batch, verbose=0)
