"""K.rnn against a loop over numpy arrays: masks, directions, constants, states of any shape."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K

BATCH, TIME, FEATURES = 3, 5, 2
rng = np.random.default_rng(0)
X = rng.normal(size=(BATCH, TIME, FEATURES)).astype("float32")
# Sample 0 starts with masked steps, sample 1 has some between, sample 2 has no step that counts.
MASK = np.array([[0, 0, 1, 1, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], bool)
A = rng.normal(size=(FEATURES, 3)).astype("float32")
B = rng.normal(size=(3, 3)).astype("float32")


def output_is_state(x, states):
    h, a, b = states
    h = K.tanh(K.dot(x, a) + K.dot(h, b))
    return h, [h]


def output_is_second_state(x, states):
    (image, h), (a, b) = states[:2], states[2:]
    h = K.tanh(K.dot(x, a) + K.dot(h, b))
    return h, [image + x[:, :, None], h]


def output_is_no_state(x, states):
    (count, h), (a, b) = states[:2], states[2:]
    h = K.tanh(K.dot(x, a) + K.dot(h, b))
    return 2 * h[:, :2] + 1, [count + 1, h]


H = rng.normal(size=(BATCH, 3)).astype("float32")
IMAGE = rng.normal(size=(BATCH, FEATURES, 4)).astype("float32")
STEPS = {
    output_is_state: [H],
    output_is_second_state: [IMAGE, H],
    output_is_no_state: [np.zeros(BATCH, "int32"), H],
}


def looped(step, x, states, constants, mask=None, backwards=False):
    """What K.rnn means, one sample and one step at a time."""
    samples = []
    for i in range(len(x)):
        held, output, outputs = [np.asarray(state[i : i + 1]) for state in states], None, []
        for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
            new, after = step(x[i : i + 1, t], [*held, *constants])
            if mask is None or mask[i, t]:
                output, held = np.asarray(new), [np.asarray(state) for state in after]
            outputs.append(np.zeros_like(new) if output is None else output)
        samples.append((outputs[-1], np.stack(outputs, 1), *held))
    last, outputs, *states = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    return last, outputs, states


OPTIONS = list(itertools.product(STEPS, (None, MASK), (False, True)))
IDS = [
    f"{step.__name__}-{'plain' if mask is None else 'masked'}-{'backwards' if backwards else 'forwards'}"
    for step, mask, backwards in OPTIONS
]


@pytest.mark.parametrize(("step", "mask", "backwards"), OPTIONS, ids=IDS)
def test_options(step, mask, backwards):
    expected = looped(step, X, STEPS[step], [A, B], mask, backwards)
    for unroll in (False, True):
        last, outputs, states = K.rnn(
            step, X, STEPS[step], go_backwards=backwards, mask=mask, constants=[A, B], unroll=unroll, input_length=TIME
        )
        np.testing.assert_allclose(last, expected[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(outputs, expected[1], rtol=1e-5, atol=1e-6)
        for state, wanted, initial in zip(states, expected[2], STEPS[step], strict=True):
            np.testing.assert_allclose(state, wanted, rtol=1e-5, atol=1e-6)
            assert state.dtype == initial.dtype
    last, outputs, states = K.rnn(
        step, X, STEPS[step], go_backwards=backwards, mask=mask, constants=[A, B], keep_outputs=False
    )
    assert outputs is None
    np.testing.assert_allclose(last, expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states[-1], expected[2][-1], rtol=1e-5, atol=1e-6)


def test_before_the_first_step_that_counts_the_output_is_zeros_and_the_state_is_kept():
    last, outputs, (h,) = K.rnn(output_is_state, X, [H], mask=MASK, constants=[A, B])
    np.testing.assert_array_equal(outputs[0, :2], np.zeros((2, 3)))
    np.testing.assert_array_equal(outputs[0, 4], outputs[0, 3])
    np.testing.assert_array_equal(last[2], np.zeros(3))
    np.testing.assert_array_equal(h[2], H[2])


def test_masks_of_other_kinds():
    expected = K.rnn(output_is_state, X, [H], mask=MASK, constants=[A, B])
    for mask in (MASK[:, :, None], MASK.astype("float32"), jnp.asarray(MASK, "int32"), K.variable(MASK)):
        for one, two in zip(K.rnn(output_is_state, X, [H], mask=mask, constants=[A, B])[:2], expected[:2], strict=True):
            np.testing.assert_array_equal(one, two)


def test_what_stands_at_masked_steps_does_not_matter():
    spoiled = np.where(MASK[:, :, None], X, np.nan)
    expected = K.rnn(output_is_state, X, [H], mask=MASK, constants=[A, B])
    found = K.rnn(output_is_state, spoiled, [H], mask=MASK, constants=[A, B])
    np.testing.assert_array_equal(found[1], expected[1])


def test_variables_are_taken_for_their_arrays():
    expected = K.rnn(output_is_state, X, [H], constants=[A, B])[1]
    found = K.rnn(output_is_state, K.variable(X), [K.variable(H)], constants=[K.variable(A), K.variable(B)])[1]
    np.testing.assert_array_equal(found, expected)


def test_states_take_the_shape_and_dtype_that_the_step_gives_them():
    def step(x, states):
        total = states[0] + x
        return total, [total]

    last, outputs, (total,) = K.rnn(step, X, [np.zeros((1, 1), "int32")])
    np.testing.assert_allclose(outputs, np.cumsum(X, 1), rtol=1e-5)
    assert last.shape == total.shape == (BATCH, FEATURES)
    assert total.dtype == "float32"


def test_without_states_and_with_more_axes():
    images = rng.normal(size=(2, 3, 4, 5, 6)).astype("float32")
    last, outputs, states = K.rnn(lambda x, _: (K.sum(x, axis=-1), []), images, [])
    np.testing.assert_allclose(outputs, images.sum(-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(last, outputs[:, -1])
    assert states == []


def test_one_time_step():
    for unroll in (False, True):
        last, outputs, _ = K.rnn(output_is_state, X[:, :1], [H], constants=[A, B], unroll=unroll)
        np.testing.assert_allclose(last, np.tanh(X[:, 0] @ A + H @ B), rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(outputs[:, 0], last)


def test_it_is_pure_and_has_derivatives():
    @jax.jit
    def gradients(x, h, a, b):
        def total(x, h, a, b):
            return jnp.sum(K.rnn(output_is_state, x, [h], mask=MASK, constants=[a, b])[1] ** 2)

        return jax.grad(total, argnums=(0, 1, 2, 3))(x, h, a, b)

    found = gradients(X, H, A, B)
    assert all(bool(jnp.isfinite(gradient).all()) for gradient in found)
    np.testing.assert_array_equal(found[0][~MASK], np.zeros_like(found[0][~MASK]))
    np.testing.assert_array_equal(found[1][2], np.zeros(3))
    assert np.abs(found[0][MASK]).min() > 0


def test_the_loop_carries_only_what_it_needs():
    def carried(step, **options):
        jaxpr = jax.make_jaxpr(lambda x: K.rnn(step, x, STEPS[step], constants=[A, B], **options)[:2])(X)
        (scan,) = [equation for equation in jaxpr.eqns if equation.primitive.name == "scan"]
        return scan.params["num_carry"]

    # An output that is a state is carried once, with a mask and without.
    assert carried(output_is_state) == carried(output_is_state, mask=MASK, keep_outputs=False) == 1
    assert carried(output_is_second_state, keep_outputs=False) == 2
    assert carried(output_is_no_state) == 2
    assert carried(output_is_no_state, mask=MASK) == carried(output_is_no_state, keep_outputs=False) == 3


def test_messages():
    with pytest.raises(
        ValueError, match=r"rnn needs inputs of shape \(batch, time, …\) .* one time step; got \(3, 0, 2\)"
    ):
        K.rnn(output_is_state, X[:, :0], [H], constants=[A, B])
    with pytest.raises(ValueError, match=r"Layer 'a' needs inputs of shape .* got \(3,\)"):
        K.rnn(output_is_state, X[:, 0, 0], [H], constants=[A, B], name="Layer 'a'")
    with pytest.raises(
        ValueError, match=r"rnn: the mask has shape \(3, 4\); for 3 sequences of 5 steps it must be \(3, 5\)"
    ):
        K.rnn(output_is_state, X, [H], mask=MASK[:, :4], constants=[A, B])
    with pytest.raises(ValueError, match="took 1 states and returned 2; the numbers must be equal"):
        K.rnn(lambda x, states: (x, [states[0], x]), X, [H])
    with pytest.raises(ValueError, match=r"State 0 has shape \(3, 3\), and shape \(3, 2\) after a step"):
        K.rnn(lambda x, states: (x, [x]), X, [H])
    with pytest.raises(ValueError, match=r"State 0 has shape \(3, 3\), and shape \(3,\) after a step"):
        K.rnn(lambda x, states: (x, [states[0][:, 0]]), X, [H])
