"""Programs written by hand in JAX: what no library on JAX can beat by much.

`Peer` calls a jitted step from Python; `Scan` runs the whole epoch as one compiled loop.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.peers.hand_recurrent import recurrent
from benchmarks.workloads import Workload, data_of, output_weights, taken, weights_of

ACTIVATIONS = {"relu": jax.nn.relu, "softmax": lambda x: x, "sigmoid": lambda x: x}  # the loss takes logits


class Peer:
    """Parameters, optimizer state and data on the device."""

    def __init__(self, workload: Workload):
        self.workload = workload
        x, y = data_of(workload)
        self.x, self.y = jax.device_put(x), jax.device_put(y)
        self.params = jax.tree.map(jnp.asarray, weights_of(workload))
        zeros = jax.tree.map(jnp.zeros_like, self.params)
        self.state = (jnp.zeros(()), zeros, jax.tree.map(jnp.zeros_like, self.params), self._no_states())
        self.step = jax.jit(self._step, donate_argnums=(0, 1))
        self.forward = jax.jit(self._output)

    def _no_states(self) -> Any:
        """Return the states of a network that carries them from batch to batch, one entry for each layer."""
        if not self.workload.stateful:
            return None
        shapes = [(self.workload.batch, units) for _, units, _ in self.workload.layers[:-1]]
        return [tuple(jnp.zeros(shape) for _ in range(2)) for shape in shapes]

    def _logits(self, params: Any, inputs: Any, states: Any = None) -> Any:
        """Return the logits of all outputs, and the new states."""
        x, kept, outputs, ends = inputs[0], {}, [], []
        layers = list(zip(self.workload.layers, params, strict=True))
        flags = x != 0 if self.workload.padded else None
        for (kind, *arguments), weights in layers:
            if kind == "again":
                (kind, *arguments), weights = layers[arguments[0]]
            if kind == "dense":
                x = ACTIVATIONS[arguments[1]](x @ weights[0] + weights[1])
            elif kind in ("lstm", "gru", "rnn"):
                start = None if states is None else states[len(ends)]
                x, end = recurrent(kind, x, *weights, arguments[1], start, flags)
                ends.append(end)
            elif kind == "embedding":
                x = weights[0][x]
            elif kind == "conv":
                x = lax.conv_general_dilated(x, weights[0], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
                x = ACTIVATIONS[arguments[2]](x + weights[1])
            elif kind == "maxpool":
                n = arguments[0]
                b, h, w, c = x.shape
                x = x[:, : h // n * n, : w // n * n].reshape(b, h // n, n, w // n, n, c).max(axis=(2, 4))
            elif kind == "batchnorm":
                mean, var = x.mean(axis=0), x.var(axis=0)
                x = (x - mean) * lax.rsqrt(var + 1e-3) * weights[0] + weights[1]
            elif kind == "flatten":
                x = x.reshape(len(x), -1)
            elif kind == "keep":
                kept[arguments[0]] = x
            elif kind == "concat":
                x = jnp.concatenate([kept[arguments[0]], x], axis=-1)
            elif kind == "output":
                outputs.append(x)
            else:
                x = inputs[arguments[0]]
        return [*outputs, x], None if states is None else ends

    def _output(self, params: Any, x: Any) -> Any:
        logits = self._logits(params, x)[0][-1]
        return jax.nn.sigmoid(logits) if self.workload.classes == 1 else jax.nn.softmax(logits)

    def _loss(self, params: Any, x: Any, y: Any, states: Any = None) -> Any:
        logits, states = self._logits(params, x, states)
        weights = output_weights(self.workload)
        return sum(weight * self._one_loss(*pair) for weight, *pair in zip(weights, logits, y, strict=True)), states

    def _one_loss(self, logits: Any, y: Any) -> Any:
        if self.workload.classes == 1:
            return jnp.mean(jnp.maximum(logits, 0) - logits * y + jnp.log1p(jnp.exp(-jnp.abs(logits))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=-1))

    def _step(self, params: Any, state: Any, x: Any, y: Any) -> Any:
        count, m, v, states = state
        (loss, states), grads = jax.value_and_grad(self._loss, has_aux=True)(params, x, y, states)
        count = count + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), params, m, v)
        return params, (count, m, v, states), loss

    def _batch(self, index: int) -> tuple[Any, Any]:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return taken(self.x, rows), taken(self.y, rows)

    def epochs(self, count: int) -> list[float]:
        history = []
        for _ in range(count):
            losses = []
            for index in range(self.workload.steps):
                self.params, self.state, loss = self.step(self.params, self.state, *self._batch(index))
                losses.append(loss)
            history.append(float(np.mean([float(loss) for loss in losses])))
        return history

    def first_step(self) -> None:
        self.params, self.state, loss = self.step(self.params, self.state, *self._batch(0))
        loss.block_until_ready()

    def predict(self) -> np.ndarray:
        n, samples = max(32, self.workload.batch), self.workload.batch * self.workload.steps
        parts = [self.forward(self.params, taken(self.x, slice(i, i + n))) for i in range(0, samples, n)]
        return np.concatenate([np.asarray(part) for part in parts])

    def predict_one(self, index: int) -> Any:
        return np.asarray(self.forward(self.params, taken(self.x, slice(index, index + 1))))

    def train_on_batch(self, index: int) -> Any:
        self.params, self.state, loss = self.step(self.params, self.state, *self._batch(index))
        return float(loss)

    def evaluate(self) -> Any:
        if not hasattr(self, "tested"):
            self.tested = jax.jit(lambda *arguments: self._loss(*arguments)[0])
        return np.mean([float(self.tested(self.params, *self._batch(i))) for i in range(self.workload.steps)])


class Scan(Peer):
    """The same, with the whole epoch in one compiled loop."""

    def __init__(self, workload: Workload):
        super().__init__(workload)
        steps, batch = workload.steps, workload.batch
        self.x = [x.reshape(steps, batch, *x.shape[1:]) for x in self.x]
        self.y = [y.reshape(steps, batch, *y.shape[1:]) for y in self.y]
        self.epoch = jax.jit(self._epoch, donate_argnums=(0, 1))

    def _epoch(self, params: Any, state: Any, x: Any, y: Any) -> Any:
        def body(carry: Any, batch: Any) -> Any:
            params, state, loss = self._step(*carry, *batch)
            return (params, state), loss

        (params, state), losses = lax.scan(body, (params, state), (x, y))
        return params, state, losses.mean()

    def epochs(self, count: int) -> list[float]:
        history = []
        for _ in range(count):
            self.params, self.state, loss = self.epoch(self.params, self.state, self.x, self.y)
            history.append(float(loss))
        return history

    def first_step(self) -> None:
        copies = jax.tree.map(jnp.copy, (self.params, self.state))
        jax.block_until_ready(self.epoch(*copies, self.x, self.y))

    def catch_up(self) -> None:
        """Train on the batch that the others have trained on in their first step."""
        batch = taken(self.x, 0), taken(self.y, 0)
        self.params, self.state, _ = self.step(self.params, self.state, *batch)

    def predict(self) -> np.ndarray:
        return np.asarray(self.forward(self.params, [x.reshape(-1, *x.shape[2:]) for x in self.x]))
