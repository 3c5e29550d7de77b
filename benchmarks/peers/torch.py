"""PyTorch on the CPU, eager, as its documentation writes a training loop."""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, output_weights, taken, weights_of


class Peer:
    """A module, its optimizer and its data."""

    def __init__(self, workload: Workload):
        import torch
        from torch import nn

        self.torch, self.workload = torch, workload
        x, y = data_of(workload)
        if len(workload.shape) == 3:
            x = [np.ascontiguousarray(np.moveaxis(one, -1, 1)) for one in x]
        self.x, self.y = [torch.from_numpy(one) for one in x], [torch.from_numpy(one) for one in y]
        self.states: dict[int, Any] = {}  # of stateful layers

        modules: list[Any] = []
        shape, kept, shapes = list(workload.shape), {}, []
        for (kind, *arguments), weights in zip(workload.layers, weights_of(workload), strict=True):
            if kind == "dense":
                layer = nn.Linear(shape[-1], arguments[0])
                self._set(layer, weight=weights[0].T, bias=weights[1])
                modules.append(nn.Sequential(layer, nn.ReLU()) if arguments[1] == "relu" else layer)
                shape = [*shape[:-1], arguments[0]]
            elif kind in ("lstm", "gru", "rnn"):
                cls = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[kind]
                layer = cls(shape[-1], arguments[0], batch_first=True)
                if kind != "gru":  # its GRU resets after the product, so the weights mean something else
                    zeros = np.zeros_like(weights[2])
                    self._set(
                        layer,
                        weight_ih_l0=weights[0].T,
                        weight_hh_l0=weights[1].T,
                        bias_ih_l0=weights[2],
                        bias_hh_l0=zeros,
                    )
                modules.append(layer)
                shape = [shape[0], arguments[0]] if arguments[1] else [arguments[0]]
            elif kind == "embedding":
                layer = nn.Embedding(*arguments)
                self._set(layer, weight=weights[0])
                modules.append(layer)
                shape = [*shape, arguments[1]]
            elif kind == "conv":
                layer = nn.Conv2d(shape[-1], arguments[0], arguments[1])
                self._set(layer, weight=weights[0].transpose(3, 2, 0, 1), bias=weights[1])
                modules.append(nn.Sequential(layer, nn.ReLU()))
                shape = [shape[0] - arguments[1] + 1, shape[1] - arguments[1] + 1, arguments[0]]
            elif kind == "maxpool":
                modules.append(nn.MaxPool2d(arguments[0]))
                shape = [shape[0] // arguments[0], shape[1] // arguments[0], shape[2]]
            elif kind == "batchnorm":
                modules.append(nn.BatchNorm1d(shape[-1], eps=1e-3, momentum=0.01))
            elif kind == "flatten":
                modules.append(nn.Identity())
                shape = [int(np.prod(shape))]
            else:
                modules.append(nn.Identity())
                if kind == "keep":
                    kept[arguments[0]] = shape
                elif kind == "concat":
                    shape = [*shape[:-1], kept[arguments[0]][-1] + shape[-1]]
                elif kind == "input":
                    shape = list(workload.others[arguments[0] - 1])
                elif kind == "again":
                    shape = shapes[arguments[0]]
            shapes.append(shape)
        self.network = nn.ModuleList(modules)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.criterion = nn.BCEWithLogitsLoss() if workload.classes == 1 else nn.CrossEntropyLoss()

    def _set(self, layer: Any, **weights: np.ndarray) -> None:
        with self.torch.no_grad():
            for name, value in weights.items():
                getattr(layer, name).copy_(self.torch.from_numpy(np.ascontiguousarray(value)))

    def _logits(self, inputs: list[Any]) -> list[Any]:
        """Return the logits of all outputs."""
        kept, outputs, x = {}, [], inputs[0]
        lengths = (x != 0).sum(1) if self.workload.padded else None
        for index, (kind, *arguments) in enumerate(self.workload.layers):
            module = self.network[index]
            if kind == "again":
                kind, *rest = self.workload.layers[arguments[0]]
                module, arguments = self.network[arguments[0]], rest
            if kind in ("lstm", "gru", "rnn"):
                x = self._recurrent(index, module, x, arguments[1], lengths)
            elif kind == "flatten":
                # The rows of the next matrix are in the order rows, columns, channels.
                x = x.permute(0, 2, 3, 1).flatten(1)
            elif kind == "keep":
                kept[arguments[0]] = x
            elif kind == "concat":
                x = self.torch.cat([kept[arguments[0]], x], -1)
            elif kind == "output":
                outputs.append(x)
            elif kind == "input":
                x = inputs[arguments[0]]
            else:
                x = module(x)
        return [*outputs, x]

    def _recurrent(self, index: int, module: Any, x: Any, sequences: bool, lengths: Any) -> Any:
        if lengths is not None:  # the last outputs of sequences that end with padding
            pack = self.torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            return module(pack)[1][0][0]
        outputs, state = module(x, self.states.get(index))
        if self.workload.stateful:
            self.states[index] = tuple(part.detach() for part in state)
        return outputs if sequences else outputs[:, -1]

    def _loss(self, x: list[Any], y: list[Any]) -> Any:
        parts = zip(output_weights(self.workload), self._logits(x), y, strict=True)
        return sum(weight * self.criterion(logits, target) for weight, logits, target in parts)

    def _batch(self, index: int) -> tuple[Any, Any]:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return taken(self.x, rows), taken(self.y, rows)

    def train_on_batch(self, index: int) -> Any:
        x, y = self._batch(index)
        self.network.train()
        self.optimizer.zero_grad()
        loss = self._loss(x, y)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def epochs(self, count: int) -> list[float]:
        return [
            float(np.mean([self.train_on_batch(index) for index in range(self.workload.steps)])) for _ in range(count)
        ]

    def first_step(self) -> None:
        self.train_on_batch(0)

    def _forward(self, x: Any) -> np.ndarray:
        self.network.eval()
        with self.torch.inference_mode():
            logits = self._logits(x)[-1]
            return (logits.sigmoid() if self.workload.classes == 1 else logits.softmax(-1)).numpy()

    def predict(self) -> np.ndarray:
        n, samples = max(32, self.workload.batch), self.workload.batch * self.workload.steps
        return np.concatenate([self._forward(taken(self.x, slice(i, i + n))) for i in range(0, samples, n)])

    def predict_one(self, index: int) -> Any:
        return self._forward(taken(self.x, slice(index, index + 1)))

    def evaluate(self) -> Any:
        self.network.eval()
        with self.torch.inference_mode():
            losses = [self._loss(*self._batch(index)).item() for index in range(self.workload.steps)]
        return np.mean(losses)
