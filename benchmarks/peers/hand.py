"""Programs written by hand in JAX: what no library on JAX can beat by much.

`Peer` calls a jitted step from Python; `Scan` runs the whole epoch as one compiled loop.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.workloads import Workload, data_of, weights_of

ACTIVATIONS = {"relu": jax.nn.relu, "softmax": lambda x: x, "sigmoid": lambda x: x}  # the loss takes logits


def recurrent(kind: str, x: Any, W: Any, U: Any, b: Any, sequences: bool) -> Any:
    """Run one layer over time: inputs are projected in the loop, gates are split before their activations."""
    units = U.shape[0]
    h = jnp.zeros((x.shape[0], units), x.dtype)

    def lstm(state: Any, x_t: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(x_t @ W + h @ U + b, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h if sequences else None

    def gru(state: Any, x_t: Any) -> Any:
        (h,) = state
        xz, xr, xh = jnp.split(x_t @ W + b, 3, axis=-1)
        hz, hr = jnp.split(h @ U[:, : 2 * units], 2, axis=-1)
        z, r = jax.nn.sigmoid(xz + hz), jax.nn.sigmoid(xr + hr)
        h = z * h + (1 - z) * jnp.tanh(xh + (r * h) @ U[:, 2 * units :])
        return (h,), h if sequences else None

    def simple(state: Any, x_t: Any) -> Any:
        (h,) = state
        h = jnp.tanh(x_t @ W + h @ U + b)
        return (h,), h if sequences else None

    step = {"lstm": lstm, "gru": gru, "rnn": simple}[kind]
    start = (h, h) if kind == "lstm" else (h,)
    state, outputs = lax.scan(step, start, jnp.swapaxes(x, 0, 1))
    return jnp.swapaxes(outputs, 0, 1) if sequences else state[0]


class Peer:
    """Parameters, optimizer state and data on the device."""

    def __init__(self, workload: Workload):
        self.workload = workload
        x, y = data_of(workload)
        self.x, self.y = jax.device_put(x), jax.device_put(y)
        self.params = jax.tree.map(jnp.asarray, weights_of(workload))
        zeros = jax.tree.map(jnp.zeros_like, self.params)
        self.state = (jnp.zeros(()), zeros, jax.tree.map(jnp.zeros_like, self.params))
        self.step = jax.jit(self._step, donate_argnums=(0, 1))
        self.forward = jax.jit(self._output)

    def _logits(self, params: Any, x: Any) -> Any:
        for (kind, *arguments), weights in zip(self.workload.layers, params, strict=True):
            if kind == "dense":
                x = ACTIVATIONS[arguments[1]](x @ weights[0] + weights[1])
            elif kind in ("lstm", "gru", "rnn"):
                x = recurrent(kind, x, *weights, arguments[1])
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
            else:
                x = x.reshape(len(x), -1)
        return x

    def _output(self, params: Any, x: Any) -> Any:
        logits = self._logits(params, x)
        return jax.nn.sigmoid(logits) if self.workload.classes == 1 else jax.nn.softmax(logits)

    def _loss(self, params: Any, x: Any, y: Any) -> Any:
        logits = self._logits(params, x)
        if self.workload.classes == 1:
            return jnp.mean(jnp.maximum(logits, 0) - logits * y + jnp.log1p(jnp.exp(-jnp.abs(logits))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=-1))

    def _step(self, params: Any, state: Any, x: Any, y: Any) -> Any:
        loss, grads = jax.value_and_grad(self._loss)(params, x, y)
        count, m, v = state
        count = count + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), params, m, v)
        return params, (count, m, v), loss

    def _batch(self, index: int) -> tuple[Any, Any]:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return self.x[rows], self.y[rows]

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
        n = max(32, self.workload.batch)
        return np.concatenate(
            [np.asarray(self.forward(self.params, self.x[i : i + n])) for i in range(0, len(self.x), n)]
        )

    def predict_one(self, index: int) -> Any:
        return np.asarray(self.forward(self.params, self.x[index : index + 1]))

    def train_on_batch(self, index: int) -> Any:
        self.params, self.state, loss = self.step(self.params, self.state, *self._batch(index))
        return float(loss)

    def evaluate(self) -> Any:
        if not hasattr(self, "tested"):
            self.tested = jax.jit(self._loss)
        return np.mean([float(self.tested(self.params, *self._batch(i))) for i in range(self.workload.steps)])


class Scan(Peer):
    """The same, with the whole epoch in one compiled loop."""

    def __init__(self, workload: Workload):
        super().__init__(workload)
        steps, batch = workload.steps, workload.batch
        self.x = self.x.reshape(steps, batch, *self.x.shape[1:])
        self.y = self.y.reshape(steps, batch, *self.y.shape[1:])
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
        self.epochs(1)

    def predict(self) -> np.ndarray:
        return np.asarray(self.forward(self.params, self.x.reshape(-1, *self.x.shape[2:])))
