"""Kind "backend": one call of a function of K, with the arguments as Variables and as arrays."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from tests.conformance.compare import assert_close
from tests.conformance.manifest import Case


def replay_backend(case: Case) -> None:
    """Call, evaluate, compare; `K.variable` and plain arrays must give the same."""
    from jkeras import backend as K

    entry = case.entry
    keys = entry["output"] if isinstance(entry["output"], list) else [entry["output"]]
    tensors = {"arrays": jnp.asarray, "variables": _variable}
    if entry["func"] == "gradients_demo":
        tensors = {"placeholders": np.asarray}
    for what, tensor in tensors.items():
        args = _decode(entry["args"], case, tensor)
        kwargs = _decode(entry["kwargs"], case, tensor)
        outputs = _call(entry, args, kwargs)
        outputs = outputs if isinstance(entry["output"], list) else [outputs]
        assert len(outputs) == len(keys)
        for key, output in zip(keys, outputs, strict=True):
            got = output if isinstance(output, (int, tuple, np.ndarray)) else K.eval(output)
            assert_close(f"{key} from {what}", got, case.arrays[key], case.forward)


def _variable(array: np.ndarray) -> Any:
    from jkeras import backend as K

    # JAX has no 64-bit types unless asked for: int64 becomes int32.
    return K.variable(array, dtype=str(jnp.asarray(array).dtype))


def _decode(value: Any, case: Case, tensor: Callable[[np.ndarray], Any]) -> Any:
    """Turn the marks of golden/README.md into tensors, lists of tensors and tuples."""
    if isinstance(value, dict):
        if "$array" in value:
            return tensor(case.arrays[value["$array"]])
        if "$arrays" in value:
            return [tensor(case.arrays[key]) for key in value["$arrays"]]
        if "$tuple" in value:
            return tuple(value["$tuple"])
        return {key: _decode(item, case, tensor) for key, item in value.items()}
    if isinstance(value, list):
        return [_decode(item, case, tensor) for item in value]
    return value


def _call(entry: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    from jkeras import backend as K

    match entry["func"]:
        case "rnn":
            x, W, U, *states = args
            last, outputs, new_states = K.rnn(_step(entry["step"], W, U), x, states, **kwargs)
            return [last, outputs, *new_states]
        case "foldl_sum":
            return K.foldl(lambda a, b: a + 2 * b, *args)
        case "foldr_sum":
            return K.foldr(lambda a, b: 0.5 * a + b, *args)
        case "map_square":
            return K.map_fn(lambda a: a * a + 1, *args)
        case "gradients_demo":
            a, b = (K.placeholder(shape=array.shape) for array in args)
            loss = K.sum(K.square(K.tanh(K.dot(a, b))))
            return K.function([a, b], K.gradients(loss, [a, b]))(args)
        case name:
            return getattr(K, name)(*args, **kwargs)


def _step(name: str, W: Any, U: Any) -> Callable[[Any, list[Any]], tuple[Any, list[Any]]]:
    """The step functions that the notes of the rnn cases spell out."""
    from jkeras import backend as K

    def simple(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        h = K.tanh(K.dot(x, W) + K.dot(states[0], U))
        return h, [h]

    def two(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        h = K.tanh(K.dot(x, W) + K.dot(states[0], U) + states[1])
        return 2 * h, [h, 0.5 * states[1] + h]

    return {"simple": simple, "two": two}[name]
