"""PyTorch on the CPU, eager, as its documentation writes a training loop."""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload, data_of, weights_of


class Peer:
    """A module, its optimizer and its data."""

    def __init__(self, workload: Workload):
        import torch
        from torch import nn

        self.torch, self.workload = torch, workload
        x, y = data_of(workload)
        if len(workload.shape) == 3:
            x = np.ascontiguousarray(np.moveaxis(x, -1, 1))
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)

        class Last(nn.Module):
            def forward(self, outputs: Any) -> Any:
                return outputs[0][:, -1]

        class Sequences(nn.Module):
            def forward(self, outputs: Any) -> Any:
                return outputs[0]

        modules: list[Any] = []
        shape = list(workload.shape)
        for (kind, *arguments), weights in zip(workload.layers, weights_of(workload), strict=True):
            if kind == "dense":
                layer = nn.Linear(shape[-1], arguments[0])
                self._set(layer, weight=weights[0].T, bias=weights[1])
                modules.append(layer)
                if arguments[1] == "relu":
                    modules.append(nn.ReLU())
                shape[-1] = arguments[0]
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
                modules += [layer, Sequences() if arguments[1] else Last()]
                shape = [shape[0], arguments[0]] if arguments[1] else [arguments[0]]
            elif kind == "embedding":
                layer = nn.Embedding(*arguments)
                self._set(layer, weight=weights[0])
                modules.append(layer)
                shape.append(arguments[1])
            elif kind == "conv":
                layer = nn.Conv2d(shape[-1], arguments[0], arguments[1])
                self._set(layer, weight=weights[0].transpose(3, 2, 0, 1), bias=weights[1])
                modules += [layer, nn.ReLU()]
                shape = [shape[0] - arguments[1] + 1, shape[1] - arguments[1] + 1, arguments[0]]
            elif kind == "maxpool":
                modules.append(nn.MaxPool2d(arguments[0]))
                shape = [shape[0] // arguments[0], shape[1] // arguments[0], shape[2]]
            elif kind == "batchnorm":
                modules.append(nn.BatchNorm1d(shape[-1], eps=1e-3, momentum=0.01))
            else:
                # The rows of the next matrix are in the order rows, columns, channels.
                modules.append(_ChannelsLast())
                shape = [int(np.prod(shape))]
        self.network = nn.Sequential(*modules)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
        self.criterion = nn.BCEWithLogitsLoss() if workload.classes == 1 else nn.CrossEntropyLoss()

    def _set(self, layer: Any, **weights: np.ndarray) -> None:
        with self.torch.no_grad():
            for name, value in weights.items():
                getattr(layer, name).copy_(self.torch.from_numpy(np.ascontiguousarray(value)))

    def _batch(self, index: int) -> tuple[Any, Any]:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.x[rows], self.y[rows]

    def train_on_batch(self, index: int) -> Any:
        x, y = self._batch(index)
        self.network.train()
        self.optimizer.zero_grad()
        loss = self.criterion(self.network(x), y)
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
            logits = self.network(x)
            return (logits.sigmoid() if self.workload.classes == 1 else logits.softmax(-1)).numpy()

    def predict(self) -> np.ndarray:
        n = max(32, self.workload.batch)
        return np.concatenate([self._forward(self.x[i : i + n]) for i in range(0, len(self.x), n)])

    def predict_one(self, index: int) -> Any:
        return self._forward(self.x[index : index + 1])

    def evaluate(self) -> Any:
        self.network.eval()
        with self.torch.inference_mode():
            losses = [
                self.criterion(self.network(x), y).item() for x, y in map(self._batch, range(self.workload.steps))
            ]
        return np.mean(losses)


def _ChannelsLast() -> Any:
    from torch import nn

    class ChannelsLast(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.permute(0, 2, 3, 1).flatten(1)

    return ChannelsLast()
