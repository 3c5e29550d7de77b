"""What a recurrent layer is compiled to: its size, its memory, and that the choices for speed change no number."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Bidirectional, Input, SimpleRNN
from tests.layers.recurrent.reference import KINDS


def gradients(layer, mask=False):
    """A function of (params, x, flags): the gradients of a loss."""

    def total(params, x, flags):
        ctx = Context(train=True, key=jax.random.key(0), mask=flags if mask else None)
        return jnp.sum(layer.apply_with_state(params, layer.state, x, ctx)[0] ** 2)

    return jax.jit(jax.grad(total, argnums=(0, 1)))


def arguments(layer, batch, time, features):
    params, _ = layer.abstract_weights()
    return params, jax.ShapeDtypeStruct((batch, time, features), "float32"), jax.ShapeDtypeStruct((batch, time), bool)


def equations(jaxpr):
    """All equations of a program, also those inside of others."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def loops(jaxpr):
    return [equation for equation in equations(jaxpr) if equation.primitive.name == "scan"]


def sizes(layer, time, **options):
    lowered = gradients(layer, **options).trace(*arguments(layer, 4, time, 3))
    return [len(re.sub(r"\d+", "0", text)) for text in (str(lowered.jaxpr), lowered.lower().as_text())]


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_sequence_makes_no_longer_program(kind):
    layer = kind(5, return_sequences=True, dropout_W=0.5, dropout_U=0.5)
    layer(Input((None, 3)))
    for mask in (False, True):
        short, long = sizes(layer, 10, mask=mask), sizes(layer, 1000, mask=mask)
        assert all(one == pytest.approx(two, rel=0.02) for one, two in zip(short, long, strict=True))


def test_of_bidirectional_too():
    layer = Bidirectional(LSTM(5))
    layer(Input((None, 3)))
    assert sizes(layer, 1000) == pytest.approx(sizes(layer, 10), rel=0.02)


@pytest.mark.parametrize("mode", ["cpu", "gpu"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_put_together_inside_the_loop(kind, mode):
    # Without dropout a step has one product for each vector, no concatenation of weights and no multiplication by ones.
    layer = kind(5, consume_less=mode)
    layer(Input((None, 3)))
    jaxpr = jax.make_jaxpr(layer.apply)(*arguments(layer, 4, 10, 3)[:2])
    (scan,) = loops(jaxpr)
    assert scan.params["num_carry"] == len(layer.state_names)
    body = [equation.primitive.name for equation in scan.params["jaxpr"].eqns]
    assert body.count("dot_general") == (2 if kind.__name__ == "GRU" else 1)
    assert "concatenate" not in body
    assert "slice" not in body


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_of_weights_are_no_work_of_the_loop(kind):
    layer = kind(5, return_sequences=True)
    layer(Input((None, 3)))
    gradient = jax.make_jaxpr(jax.grad(lambda *args: layer.apply(*args).sum(), argnums=(0, 1)))
    there, back = loops(gradient(*arguments(layer, 4, 10, 3)[:2]))
    products = 2 if kind is GRU else 1
    for scan in (there, back):
        assert (
            len([1 for equation in equations(scan.params["jaxpr"]) if equation.primitive.name == "dot_general"])
            == products
        )
    # On the way back the loop carries derivatives of states; those of weights would be carried too.
    assert back.params["num_carry"] <= len(layer.state_names) + 1


def test_memory_of_training_on_long_sequences():
    layer = LSTM(128)
    layer(Input((None, 128)))
    memory = gradients(layer, mask=True).lower(*arguments(layer, 32, 2000, 128)).compile().memory_analysis()
    total = memory.temp_size_in_bytes + memory.argument_size_in_bytes + memory.output_size_in_bytes
    assert total < 2e9


@pytest.mark.parametrize("mode", ["cpu", "gpu"])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_the_loop_reads_the_sums_of_each_gate_by_themselves(kind, mode):
    """Cut apart in the loop they cost twice the time on a CPU: XLA does not vectorize it."""
    layer = kind(8, consume_less=mode)
    params, _ = layer.init(jax.random.key(0), (None, 6, 5))
    x = jnp.zeros((3, 6, 5))
    for function in (layer.apply, jax.grad(lambda params, x: layer.apply(params, x).sum())):
        loops = [eqn for eqn in loops_in(jax.make_jaxpr(function)(params, x)) if not eqn.params["reverse"]]
        assert loops
        for loop in loops:
            read = loop.invars[loop.params["num_consts"] + loop.params["num_carry"] :]
            assert {variable.aval.shape for variable in read} == {(6, 3, 8)}


def loops_in(jaxpr):
    """All scans of a program, also inside of its functions."""
    for eqn in jaxpr.eqns:
        if eqn.primitive.name == "scan":
            yield eqn
        for value in eqn.params.values():
            for inner in value if isinstance(value, list | tuple) else [value]:
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from loops_in(inner if hasattr(inner, "eqns") else inner.jaxpr)


@pytest.mark.parametrize("kind", [LSTM, GRU, SimpleRNN])
@pytest.mark.parametrize("masked", [False, True])
def test_where_the_inputs_are_projected_changes_no_number(kind, masked, monkeypatch):
    layer = kind(48, return_sequences=True)
    params, _ = layer.init(jax.random.key(0), (None, 6, 5))
    x = jnp.asarray(np.random.RandomState(0).randn(32, 6, 5), jnp.float32)
    mask = jnp.asarray(np.random.RandomState(1).rand(32, 6) > 0.3) if masked else None

    def loss(params, x):
        return jnp.sum(layer.apply_with_state(params, {}, x, Context(mask=mask))[0] ** 2)

    monkeypatch.setattr(kind, "projects_first", lambda self, shape: False)
    in_the_loop = jax.value_and_grad(loss, (0, 1))(params, x)
    monkeypatch.setattr(kind, "projects_first", lambda self, shape: True)
    before_it = jax.value_and_grad(loss, (0, 1))(params, x)
    for one, other in zip(jax.tree.leaves(in_the_loop), jax.tree.leaves(before_it), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "in_the_loop"), [(LSTM, True), (GRU, True), (SimpleRNN, False)])
def test_only_few_features_of_many_gates_are_read_in_the_loop(kind, in_the_loop):
    layer = kind(48)
    assert layer.projects_first((32, 6, 5)) is not in_the_loop
    assert layer.projects_first((2, 6, 5)) and layer.projects_first((32, 6, 64))
