"""Examples on the functional face, on state that is carried, and on gradients of the input."""

import re

import numpy as np
import pytest

from tests.test_examples import EXAMPLES, numbers, run


def test_stateful_sine():
    output = run("stateful_sine.py")
    carried, reset, naive = numbers(
        output, r"states carried ([\d.]+), states reset ([\d.]+), last value repeated ([\d.]+)\n$"
    )
    assert carried < 0.95 * reset < naive
    carried, reset = numbers(output, r"after the tenth step of a piece: states carried ([\d.]+), states reset ([\d.]+)")
    assert carried < reset


def test_stateful_sine_batches_go_on_where_the_last_one_ended(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from stateful_sine import ahead, series, timesteps, waves

    x, y = series(pieces=4, seed=3)
    assert x.shape == y.shape == (4 * waves, timesteps, 1)
    # Piece p of wave i is row 32 · p + i; the targets are the wave itself, 5 steps on.
    truth = np.concatenate([y[piece * waves + 7] for piece in range(4)])[:, 0]
    measured = np.concatenate([x[piece * waves + 7] for piece in range(4)])[:, 0]
    assert np.abs(np.diff(truth)).max() < 1  # no jump where pieces meet
    assert 0.2 < np.std(measured[ahead:] - truth[:-ahead]) < 0.4


def test_deep_dream(tmp_path):
    path = tmp_path / "dreams.svg"
    output = run("deep_dream.py", "--epochs", "4", "--steps", "25", "--out", str(path), cwd=tmp_path)
    least, before = numbers(output, r"at least ([\d.]+)% sure of each of 20 pictures \(([\d.]+)% on average before\)")
    assert least > before
    after = [float(sure) for sure in re.findall(r"sure before, ([\d.]+)% after", output)]
    assert len(after) == 20 and sum(after) / 20 > 60
    assert path.read_text().count("<text") == 4 and list(tmp_path.iterdir()) == [path]


def test_ensemble():
    output = run("ensemble.py")
    together, average, best = numbers(
        output, r"accuracy ([\d.]+)% together, ([\d.]+)% on average alone, ([\d.]+)% the best alone\n$"
    )
    members = [float(accuracy) for accuracy in re.findall(r"member +\d+: ([\d.]+)%", output)]
    assert len(members) == 6 and max(members) == best
    assert sum(members) / 6 == pytest.approx(average, abs=0.02)
    assert together > average > 60
    assert numbers(output, r"trained alone: its predictions differ by at most (\S+)")[0] < 1e-5


def test_research_loop():
    output = run("research_loop.py")
    accuracy, loss = numbers(
        output, r"by evaluate\(\): accuracy ([\d.]+)%, loss ([\d.]+); model.apply says the same\n$"
    )
    assert accuracy > 90 and loss < 0.4
    hardest, everywhere = numbers(output, r"largest norms (\d+)% are read wrongly; of all ([\d.]+)%")
    assert hardest > 5 * everywhere


def test_research_loop_derivatives(monkeypatch):
    """Norms and products are those of the derivatives written out."""
    monkeypatch.syspath_prepend(EXAMPLES)
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from research_loop import cross_entropy, gradient_norms, hessian_product, largest_eigenvalue

    from jkeras.layers import Dense
    from jkeras.models import Sequential

    model = Sequential([Dense(3, input_dim=2, activation="softmax")])
    params, state = model.init(jax.random.key(0))
    x, y = jax.random.normal(jax.random.key(1), (5, 2)), jnp.array([0, 1, 2, 1, 0])
    flat, unravel = ravel_pytree(params)

    def losses(flat):
        return cross_entropy(model.apply(unravel(flat), x), y)

    norms = jnp.linalg.norm(jax.jacobian(losses)(flat), axis=1)
    np.testing.assert_allclose(gradient_norms(model, params, state, x, y), norms, rtol=1e-4)
    hessian = jax.hessian(lambda flat: jnp.mean(losses(flat)))(flat)
    vector = jnp.arange(1.0, 1 + len(flat))
    product = hessian_product(model, params, state, x, y, unravel(vector))
    np.testing.assert_allclose(ravel_pytree(product)[0], hessian @ vector, rtol=1e-3, atol=1e-5)
    top = largest_eigenvalue(
        lambda v: hessian_product(model, params, state, x, y, v), params, jax.random.key(2), steps=100
    )
    assert top == pytest.approx(float(jnp.linalg.eigvalsh(hessian).max()), rel=1e-2)


def test_distributed_digits():
    output = run("distributed_digits.py")
    assert re.search(r"\d devices?: .*; weights differ", output)
    [largest] = re.findall(r"after 2 epochs no weight differs by more than (\S+)\n$", output)
    assert float(largest) < 1e-5


@pytest.mark.long
def test_distributed_digits_by_processes():
    output = run("distributed_digits.py", "--epochs", "2")
    assert "process 1 of 2: " in output
    [largest] = re.findall(r"after 2 epochs no weight differs by more than (\S+)\n$", output)
    assert float(largest) < 1e-5
