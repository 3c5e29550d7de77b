"""Flax (linen) with optax, a jitted step called from Python: the loop of its documentation."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import Workload, data_of, output_weights, taken, weights_of


class Peer:
    """A module, its parameters, and the state of optax's Adam."""

    def __init__(self, workload: Workload):
        import optax
        from flax import linen as nn

        if any(kind == "gru" for kind, *_ in workload.layers):
            raise NotImplementedError("flax's GRU resets after the product, Keras 1's before it")
        if workload.stateful or workload.padded:
            raise NotImplementedError("flax has no layers that keep their state, and no masks")
        self.workload = workload
        x, y = data_of(workload)
        self.x, self.y = jax.device_put(x), jax.device_put(y)

        class Network(nn.Module):
            @nn.compact
            def __call__(self, inputs: Any, train: bool = False) -> Any:
                made: list[Any] = []
                x, kept, outputs = inputs[0], {}, []
                for kind, *arguments in workload.layers:
                    made.append(None)
                    if kind == "dense":
                        x = nn.Dense(arguments[0])(x)
                        x = nn.relu(x) if arguments[1] == "relu" else x
                    elif kind in ("lstm", "rnn"):
                        cell = (nn.OptimizedLSTMCell if kind == "lstm" else nn.SimpleCell)(arguments[0])
                        made[-1] = nn.RNN(cell)
                        x = made[-1](x)
                        x = x if arguments[1] else x[:, -1]
                    elif kind == "embedding":
                        x = nn.Embed(*arguments)(x)
                    elif kind == "conv":
                        x = nn.relu(nn.Conv(arguments[0], (arguments[1],) * 2, padding="VALID")(x))
                    elif kind == "maxpool":
                        x = nn.max_pool(x, (arguments[0],) * 2, (arguments[0],) * 2)
                    elif kind == "batchnorm":
                        x = nn.BatchNorm(use_running_average=not train, momentum=0.99, epsilon=1e-3)(x)
                    elif kind == "flatten":
                        x = x.reshape(len(x), -1)
                    elif kind == "keep":
                        kept[arguments[0]] = x
                    elif kind == "concat":
                        x = jnp.concatenate([kept[arguments[0]], x], axis=-1)
                    elif kind == "output":
                        outputs.append(x)
                    elif kind == "input":
                        x = inputs[arguments[0]]
                    else:  # again; what is applied twice is recurrent and returns its last output
                        x = made[arguments[0]](x)[:, -1]
                return [*outputs, x]

        self.network = Network()
        variables = self.network.init(jax.random.key(0), taken(self.x, slice(workload.batch)))
        params, self.statistics = dict(variables["params"]), variables.get("batch_stats", {})
        owners = [name for name in params if not name.startswith("RNN")]
        for name, weights in zip(_in_order(workload), [w for w in weights_of(workload) if w], strict=True):
            if name in owners:
                keys = {"Dense": ("kernel", "bias"), "Conv": ("kernel", "bias"), "Embed": ("embedding",)}
                keys["BatchNorm"] = ("scale", "bias")
                params[name] = dict(zip(keys[name.split("_")[0]], map(jnp.asarray, weights), strict=True))
        self.params = params
        self.optimizer = optax.adam(1e-3)
        self.state = self.optimizer.init(params)
        self.step = jax.jit(self._step, donate_argnums=(0, 1, 2))
        self.forward = jax.jit(self._output)

    def _output(self, params: Any, statistics: Any, x: Any) -> Any:
        logits = self.network.apply({"params": params, "batch_stats": statistics}, x)[-1]
        return jax.nn.sigmoid(logits) if self.workload.classes == 1 else jax.nn.softmax(logits)

    def _loss(self, params: Any, statistics: Any, x: Any, y: Any) -> Any:
        import optax

        variables = {"params": params, "batch_stats": statistics}
        logits, changed = self.network.apply(variables, x, train=True, mutable=["batch_stats"])
        if self.workload.classes == 1:
            criterion = optax.sigmoid_binary_cross_entropy
        else:
            criterion = optax.softmax_cross_entropy_with_integer_labels
        parts = zip(output_weights(self.workload), logits, y, strict=True)
        return sum(weight * criterion(*pair).mean() for weight, *pair in parts), changed

    def _step(self, params: Any, statistics: Any, state: Any, x: Any, y: Any) -> Any:
        (loss, changed), grads = jax.value_and_grad(self._loss, has_aux=True)(params, statistics, x, y)
        updates, state = self.optimizer.update(grads, state, params)
        params = jax.tree.map(jnp.add, params, updates)
        return params, changed.get("batch_stats", {}), state, loss

    def _batch(self, index: int) -> tuple[Any, Any]:
        rows = slice(index * self.workload.batch, (index + 1) * self.workload.batch)
        return taken(self.x, rows), taken(self.y, rows)

    def train_on_batch(self, index: int) -> Any:
        return float(self._train(index))

    def _train(self, index: int) -> Any:
        self.params, self.statistics, self.state, loss = self.step(
            self.params, self.statistics, self.state, *self._batch(index)
        )
        return loss

    def epochs(self, count: int) -> list[float]:
        history = []
        for _ in range(count):
            losses = [self._train(index) for index in range(self.workload.steps)]
            history.append(float(np.mean([float(loss) for loss in losses])))
        return history

    def first_step(self) -> None:
        self._train(0).block_until_ready()

    def predict(self) -> np.ndarray:
        n, samples = max(32, self.workload.batch), self.workload.batch * self.workload.steps
        batches = [taken(self.x, slice(i, i + n)) for i in range(0, samples, n)]
        parts = [self.forward(self.params, self.statistics, batch) for batch in batches]
        return np.concatenate([np.asarray(part) for part in parts])

    def predict_one(self, index: int) -> Any:
        return np.asarray(self.forward(self.params, self.statistics, taken(self.x, slice(index, index + 1))))

    def evaluate(self) -> Any:
        if not hasattr(self, "tested"):
            self.tested = jax.jit(lambda *arguments: self._loss(*arguments)[0])
        return np.mean(
            [float(self.tested(self.params, self.statistics, *self._batch(i))) for i in range(self.workload.steps)]
        )


def _in_order(workload: Workload) -> list[str]:
    """Return flax's names of the layers with weights."""
    names, counts = [], {}
    words = {
        "dense": "Dense", "conv": "Conv", "embedding": "Embed", "batchnorm": "BatchNorm", "lstm": "RNN", "rnn": "RNN",
    }  # fmt: skip
    for kind, *_ in workload.layers:
        if kind in words:
            word = words[kind]
            names.append(f"{word}_{counts.get(word, 0)}")
            counts[word] = counts.get(word, 0) + 1
    return names
