"""Replays the recorded optimizer cases of Keras 1.2.2 with a dense net written by hand."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import optimizers

GOLDEN = Path(__file__).parent.parent / "conformance" / "golden"
MANIFEST = GOLDEN / "manifest.json"
CASES = (
    {case["name"]: case for case in json.loads(MANIFEST.read_text())["cases"] if case["group"] == "optimizers"}
    if MANIFEST.exists()
    else {}
)
ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "linear": lambda x: x}
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}

Names = list[tuple[str, str]]
pytestmark = pytest.mark.skipif(not CASES, reason="the recorded cases are not here")


class Net:
    """A stack of dense layers, with its weights and the state of its optimizer."""

    def __init__(self, case: dict[str, Any], weights: list[np.ndarray]):
        self.layers = [layer["config"] for layer in case["config"]["config"]]
        # Keras 1's order of the state: by name, so that dense_10_W comes before dense_2_W.
        self.names: Names = [
            (layer, name.removeprefix(layer + "_")) for layer, ns in case["weight_names"] for name in ns
        ]
        self.order = sorted(self.names, key="_".join)
        self.params: dict[str, dict[str, Any]] = {}
        for (layer, key), weight in zip(self.names, weights, strict=True):
            self.params.setdefault(layer, {})[key] = jnp.asarray(weight)
        self.compile(case["compile"]["optimizer"])

    def compile(self, spec: dict[str, Any]) -> None:
        self.optimizer = optimizers.get(spec)
        self.memory = SimpleNamespace(opt_state=self.optimizer.init(self.params))
        self.optimizer.attach(self.memory, self.order)
        self.step = jax.jit(self.traced)

    def predict(self, params: Any, x: Any) -> Any:
        for layer in self.layers:
            weights = params[layer["name"]]
            x = ACTIVATIONS[layer["activation"]](x @ weights["W"] + weights["b"])
        return x

    def traced(self, params: Any, state: Any, x: Any, t: Any) -> Any:
        loss, grads = jax.value_and_grad(lambda p: jnp.mean((self.predict(p, x) - t) ** 2))(params)
        updates, state = self.optimizer.update(grads, state, params)
        return loss, jax.tree.map(jnp.add, params, updates), state

    def train(self, x: Any, t: Any, steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            loss, self.params, self.memory.opt_state = self.step(self.params, self.memory.opt_state, x, t)
            losses.append(float(loss))
        return losses

    def weights(self) -> list[Any]:
        return [self.params[layer][key] for layer, key in self.names]


def numbered(data: Any, prefix: str) -> list[np.ndarray]:
    return [data[f"{prefix}{i}"] for i in range(len([k for k in data if k[0] == prefix and k[1:].isdigit()]))]


def same(found: list[Any], expected: list[Any]) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


@pytest.mark.parametrize("name", sorted(CASES))
def test_recorded_case(name: str) -> None:
    case = CASES[name]
    with np.load(GOLDEN / case["npz"]) as data:
        data = dict(data)
    assert case["compile"]["loss"] == "mse"
    net = Net(case, numbered(data, "w"))
    losses = net.train(data["x0"], data["t0"], case["steps"])
    np.testing.assert_allclose(losses, data["losses"][:, 0], rtol=1e-4)
    same(net.weights(), numbered(data, "v"))

    state = net.optimizer.get_weights()
    # What is not in the file starts anew, as in Keras 1: a count of RMSprop, Nadam's schedule.
    state = net.optimizer.get_weights()
    net.compile(case["compile"]["optimizer"])
    net.optimizer.set_weights(state)
    assert len(data["resume_losses"]) == 2
    np.testing.assert_allclose(net.train(data["x0"], data["t0"], 2), data["resume_losses"][:, 0], rtol=1e-4)
    same(net.weights(), numbered(data, "r"))

    h5py = pytest.importorskip("h5py")
    with h5py.File(GOLDEN / case["h5"], "r") as file:
        group = file["optimizer_weights"]
        same(state, [group[key][()] for key in group.attrs["weight_names"]])
