"""The pure algorithms: numbers against numpy, dtypes, tracing, and the protocol of gradient transformations."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import optim
from jkeras.optim.base import clip_norm
from tests.optim import reference

ALGORITHMS = list(reference.DEFAULTS)
VARIANTS = [(name, {}) for name in ALGORITHMS] + [
    ("sgd", {"lr": 0.1, "momentum": 0.9, "decay": 0.3, "clipnorm": 1.0}),
    ("sgd", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "clipvalue": 0.3}),
    ("rmsprop", {"lr": 0.05, "rho": 0.6, "epsilon": 1e-3, "decay": 0.2, "clipvalue": 0.5}),
    ("adagrad", {"lr": 0.1, "epsilon": 1e-3, "decay": 0.2, "clipnorm": 0.5}),
    ("adadelta", {"lr": 0.7, "rho": 0.8, "epsilon": 1e-4, "decay": 0.2, "clipnorm": 2.0}),
    ("adam", {"lr": 0.05, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 1e-4, "decay": 0.2, "clipnorm": 1.0}),
    ("adamax", {"lr": 0.05, "beta_1": 0.7, "beta_2": 0.9, "decay": 0.2, "clipnorm": 1.0, "clipvalue": 0.2}),
    ("nadam", {"lr": 0.05, "beta_1": 0.8, "beta_2": 0.95, "schedule_decay": 0.02, "clipvalue": 0.5}),
]
IDS = [f"{name}-{'-'.join(arguments) or 'defaults'}" for name, arguments in VARIANTS]


def draw(steps: int = 5) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    shapes = [(3, 4), (4,), (), (2, 1, 3)]
    # The scale differs from step to step, so that clipping by norm takes part in some and not in others.
    return [np.random.normal(size=shape) for shape in shapes], [
        [np.random.normal(size=shape) * 0.1 * 2**step for shape in shapes] for step in range(steps)
    ]


def tree_of(arrays: list[np.ndarray], dtype: Any = "float32") -> Any:
    w, b, scale, kernel = (jnp.asarray(array, dtype) for array in arrays)
    return {"dense_2": {"W": w, "b": b}, "dense_10": (scale, [kernel])}


def arrays_of(tree: Any) -> list[Any]:
    return [tree["dense_2"]["W"], tree["dense_2"]["b"], tree["dense_10"][0], tree["dense_10"][1][0]]


def run(transformation: Any, params: Any, gradients: list[Any]) -> tuple[Any, Any]:
    """The loop as one writes it by hand for any gradient transformation."""

    @jax.jit
    def step(params: Any, state: Any, grads: Any) -> tuple[Any, Any]:
        updates, state = transformation.update(grads, state, params)
        return jax.tree.map(lambda p, u: p + u, params, updates), state

    state = transformation.init(params)
    for grads in gradients:
        params, state = step(params, state, grads)
    return params, state


def close(found: list[Any], expected: list[Any], **tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one, "float64"), other, **tolerance)


@pytest.mark.parametrize(("name", "arguments"), VARIANTS, ids=IDS)
def test_five_steps_equal_the_numpy_reference(name: str, arguments: dict[str, Any]) -> None:
    weights, gradients = draw()
    params, state = run(getattr(optim, name)(**arguments), tree_of(weights), [tree_of(g) for g in gradients])
    expected, slots, iterations = reference.run(name, arguments, weights, gradients)
    close(arrays_of(params), expected, rtol=2e-5, atol=2e-6)
    for slot, accumulators in slots.items():
        close(arrays_of(state.slots[slot]), accumulators, rtol=2e-5, atol=2e-6)
    assert float(state.iterations) == iterations
    assert state.iterations.dtype == jnp.float32


@pytest.mark.parametrize("name", ALGORITHMS)
def test_float64_is_computed_in_double_precision(name: str) -> None:
    weights, gradients = draw()
    with jax.enable_x64(True):
        grads = [tree_of(g, "float64") for g in gradients]
        params, state = run(getattr(optim, name)(), tree_of(weights, "float64"), grads)
        assert {leaf.dtype for leaf in jax.tree.leaves((params, state.slots))} == {np.dtype("float64")}
    expected, _, _ = reference.run(name, {}, weights, gradients)
    close(arrays_of(params), expected, rtol=1e-6, atol=1e-9)  # betaᵗ is taken of a float32 count


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ALGORITHMS)
def test_16_bit_weights_keep_their_dtype_and_train_as_accurately_as_they_can(name: str, dtype: str) -> None:
    weights, gradients = draw()
    arguments = {} if name == "adadelta" else {"lr": 0.1}
    params, state = run(
        getattr(optim, name)(**arguments), tree_of(weights, dtype), [tree_of(g, dtype) for g in gradients]
    )
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {jnp.dtype(dtype)}
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} == {np.dtype("float32")}
    expected, _, _ = reference.run(name, arguments, weights, gradients)
    close(arrays_of(params), expected, rtol=0, atol=0.06 if dtype == "bfloat16" else 0.008)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_zero_gradients_in_half_precision_stay_finite(name: str) -> None:
    params = {"W": jnp.ones(3, "float16")}
    params, _ = run(getattr(optim, name)(), params, [{"W": jnp.zeros(3, "float16")}] * 2)
    np.testing.assert_array_equal(params["W"], np.ones(3, "float16"))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_second_step_and_new_hyperparameters_do_not_retrace(name: str) -> None:
    traces = []
    transformation = getattr(optim, name)()

    @jax.jit
    def step(params: Any, state: Any, grads: Any) -> Any:
        traces.append(name)
        updates, state = transformation.update(grads, state, params)
        return jax.tree.map(jnp.add, params, updates), state

    params = {"W": jnp.ones((2, 2))}
    state = transformation.init(params)
    before, state = step(params, state, params)
    after, state = step(before, state, params)
    assert not np.array_equal(before["W"], after["W"])
    state = state._replace(hyper=state.hyper | {"lr": jnp.zeros((), "float32")})
    frozen, state = step(after, state, params)
    assert len(traces) == 1
    if name != "sgd" or float(state.hyper["momentum"]) == 0:
        np.testing.assert_array_equal(frozen["W"], after["W"])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_scan_takes_the_state_as_its_carry_and_equals_the_loop(name: str) -> None:
    weights, gradients = draw()
    transformation, trees = getattr(optim, name)(), [tree_of(g) for g in gradients]

    def step(carry: Any, grads: Any) -> tuple[Any, None]:
        params, state = carry
        updates, state = transformation.update(grads, state, params)
        return (jax.tree.map(jnp.add, params, updates), state), None

    params = tree_of(weights)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
    (scanned, _), _ = jax.lax.scan(step, (params, transformation.init(params)), stacked)
    looped, _ = run(transformation, params, trees)
    close(arrays_of(scanned), arrays_of(looped), rtol=1e-6, atol=1e-7)


def test_learning_rates_can_be_vmapped() -> None:
    params = {"W": jnp.arange(3.0)}

    def once(lr: Any) -> Any:
        transformation = optim.adam(lr=lr)
        updates, _ = transformation.update(params, transformation.init(params), params)
        return updates["W"]

    rates = jnp.array([0.1, 0.2])
    np.testing.assert_allclose(jax.vmap(once)(rates), np.stack([once(0.1), once(0.2)]), rtol=1e-6)


def test_no_decay_gives_exactly_the_learning_rate() -> None:
    params = {"W": jnp.zeros(4)}
    grads = {"W": jnp.array([1.0, 0.3, 7.7, 1e-9])}
    transformation = optim.sgd(lr=0.1)
    state = transformation.init(params)._replace(iterations=jnp.float32(12345))
    updates, state = transformation.update(grads, state, params)
    np.testing.assert_array_equal(updates["W"], -np.float32(0.1) * np.asarray(grads["W"]))
    assert float(state.iterations) == 12345


def test_update_without_params_takes_the_dtype_of_the_gradients() -> None:
    grads = {"W": jnp.ones(2, "bfloat16")}
    transformation = optim.rmsprop()
    updates, _ = transformation.update(grads, transformation.init(grads))
    assert updates["W"].dtype == jnp.bfloat16


def test_nothing_to_train_is_no_error() -> None:
    transformation = optim.adam(clipnorm=1.0)
    updates, state = transformation.update({}, transformation.init({}), {})
    assert updates == {}
    assert float(state.iterations) == 1


def test_clipping_by_norm_is_common_to_all_gradients() -> None:
    grads = {"a": jnp.array([3.0]), "b": jnp.array([4.0])}
    transformation = optim.sgd(lr=1.0, clipnorm=1.0)
    updates, _ = transformation.update(grads, transformation.init(grads), grads)
    np.testing.assert_allclose(updates["a"], [-0.6], rtol=1e-6)
    np.testing.assert_allclose(updates["b"], [-0.8], rtol=1e-6)


def test_clipping_by_norm_is_finite_at_zero_also_in_its_derivative() -> None:
    value, slope = jax.value_and_grad(lambda g: clip_norm(g, 1.0, jnp.abs(g)))(0.0)
    assert (float(value), float(slope)) == (0.0, 1.0)
    np.testing.assert_array_equal(clip_norm(np.array([3.0, 4.0], "float32"), 0, 5.0), [3.0, 4.0])


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_optax_loop_runs_ours(name: str) -> None:
    optax = pytest.importorskip("optax")
    weights, gradients = draw()
    trees = [tree_of(g) for g in gradients]
    ours = getattr(optim, name)()
    chained = optax.chain(optax.clip(1e9), ours, optax.scale(1.0))
    params, _ = run(ours, tree_of(weights), trees)
    state, through_optax = chained.init(tree_of(weights)), tree_of(weights)
    for grads in trees:
        updates, state = chained.update(grads, state, through_optax)
        through_optax = optax.apply_updates(through_optax, updates)
    close(arrays_of(through_optax), arrays_of(params), rtol=1e-5, atol=1e-6)


def test_our_loop_runs_optax_and_the_numbers_agree_where_the_formulas_do() -> None:
    optax = pytest.importorskip("optax")
    weights, gradients = draw()
    trees = [tree_of(g) for g in gradients]
    pairs = [
        (optim.sgd(lr=0.1, momentum=0.9), optax.sgd(0.1, momentum=0.9)),
        (optim.sgd(lr=0.1, momentum=0.9, nesterov=True), optax.sgd(0.1, momentum=0.9, nesterov=True)),
        (optim.adam(lr=0.01, epsilon=0.0), optax.adam(0.01, eps=0.0)),
        (
            optim.sgd(lr=0.1, clipnorm=1.0, clipvalue=0.1),
            optax.chain(optax.clip_by_global_norm(1.0), optax.clip(0.1), optax.sgd(0.1)),
        ),
    ]
    for ours, theirs in pairs:
        found, _ = run(ours, tree_of(weights), trees)
        expected, _ = run(theirs, tree_of(weights), trees)
        close(arrays_of(found), arrays_of(expected), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("sgd", {"lr": -0.1}, r"sgd: lr .* at least 0 and finite; got -0\.1"),
        ("sgd", {"momentum": 1.5}, r"momentum .* between 0 and 1; got 1\.5"),
        ("rmsprop", {"epsilon": float("nan")}, "epsilon .* got nan"),
        ("adam", {"beta_2": 1.0}, r"beta_2 .* between 0 and 1 \(1 excluded\); got 1\.0"),
        ("nadam", {"lr": "fast"}, "lr has to be a number; got 'fast'"),
        ("adadelta", {"lr": jnp.ones(2)}, r"one number; got an array of shape \(2,\)"),
        ("adagrad", {"clipnorm": -1}, "clipnorm .* got -1"),
    ],
)
def test_bad_values_are_named(name: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)(**arguments)
