"""Sizes that are known when the graph runs, and functions of functions, on symbolic tensors."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import Lambda
from jkeras.models import Model

X = np.random.RandomState(0).randn(4, 3).astype("float32")
S = np.random.RandomState(1).randn(4, 5, 3).astype("float32")
W = np.random.RandomState(2).randn(3, 2).astype("float32")


# ---- sizes that are known when the graph runs


def run(inputs, outputs, *arrays):
    return K.function(inputs, outputs)(list(arrays))


def test_sizes_make_tensors_of_the_size_of_a_batch():
    x = K.placeholder(shape=(None, 3))
    batch = K.shape(x)[0]
    outputs = [
        K.zeros((batch, 2)),
        K.ones(shape=(batch, 2), dtype="int32"),
        K.reshape(x, (batch * 3,)),
        K.reshape(x, (batch // 2, -1)),
        K.reshape(x, (batch / 2, 6)),
        K.random_normal(shape=(batch, 2), std=0.1),
        K.random_uniform((x.shape[0], 2)),
        K.arange(batch),
        K.tile(x, (2, batch)),
        K.repeat(x, batch),
        x[: batch // 2],
        K.cast(batch, "float32") * x,
        K.reshape(x, (K.prod(K.shape(x)),)),
        K.reshape(x, K.concatenate([K.shape(x)[:1], [3, 1]], axis=0)),
    ]
    assert [K.int_shape(t) for t in outputs[:3]] == [(None, 2), (None, 2), (None,)]
    results = run([x], outputs, X)
    assert [r.shape for r in results] == [
        (4, 2), (4, 2), (12,), (2, 6), (2, 6), (4, 2), (4, 2), (4,), (8, 12), (4, 4, 3), (2, 3), (4, 3), (12,), (4, 3, 1),
    ]  # fmt: skip
    np.testing.assert_allclose(results[11], 4 * X, rtol=1e-6)
    assert len(np.unique(results[5])) == 8
    for other in run([x], outputs, X[:2])[:2]:
        assert other.shape == (2, 2)


def test_the_shape_is_a_sequence_of_sizes():
    x = K.placeholder(shape=(None, None, 3))
    assert len(K.shape(x)) == 3 and K.shape(x)[2] == 3 and K.shape(x)[-1] == 3
    batch, steps, size = K.shape(x)
    assert size == 3
    by_parts = K.reshape(x, (batch, steps * size))
    again = K.reshape(by_parts, K.shape(x))
    assert K.int_shape(again) == (None, None, 3)
    first, second, lengths = run([x], [by_parts, again, K.shape(x)], S)
    assert first.shape == (4, 15) and lengths.tolist() == [4, 5, 3]
    np.testing.assert_array_equal(second, S)
    with pytest.raises(IndexError, match="3 sizes"):
        K.shape(x)[3]
    known = K.placeholder(shape=(2, 3))
    assert K.shape(known) == (2, 3) and known.shape == (2, 3)


def test_the_attribute_shape_gives_sizes_and_stays_a_tuple():
    x = K.placeholder(shape=(None, 3))
    assert x.shape == (None, 3) and x.shape[1] == 3 and x.shape[1:] == (3,) and list(x.shape) == [None, 3]
    assert K.int_shape(K.zeros((x.shape[0], 7))) == (None, 7)
    twice = x.shape[0] * 2
    assert run([x], [twice], X)[0] == 8


def test_sizes_of_another_axis_fit_what_they_came_from():
    x = K.placeholder(shape=(None, None))
    mask = K.zeros((K.shape(x)[1],)) + 1
    assert run([x], [x * mask], X)[0].shape == (4, 3)


def test_a_lambda_draws_noise_of_the_size_of_its_batch():
    x = K.placeholder(shape=(None, 3))

    def noisy(mean):
        return mean + K.random_normal(shape=(K.shape(mean)[0], 3), mean=0.0, std=1.0)

    model = Model(x, Lambda(noisy, output_shape=(3,))(x))
    outside = Model(x, noisy(x))
    for one in (model, outside):
        first = one.predict(np.zeros((4, 3)))
        assert first.shape == (4, 3) and len(np.unique(first)) == 12
        assert not np.array_equal(first, one.predict(np.zeros((4, 3))))


# ---- functions that take functions


def test_a_function_may_close_over_tensors_and_variables():
    x, w = K.placeholder(shape=(None, 3)), K.placeholder(shape=(3, 2))
    scale = K.variable(2.0)
    mapped = K.map_fn(lambda row: K.dot(row, w) * scale, x)
    folded = K.foldl(lambda total, row: total + row * K.sum(w), x)
    f = K.function([x, w], [mapped, folded])
    assert [K.int_shape(t) for t in (mapped, folded)] == [(None, 2), (3,)]
    for number in (2.0, 3.0):
        K.set_value(scale, number)
        one, two = f([X, W])
        np.testing.assert_allclose(one, number * X @ W, rtol=1e-5)
        np.testing.assert_allclose(two, X[0] + X[1:].sum(0) * W.sum(), rtol=1e-4, atol=1e-5)


def test_rnn_with_a_mask_constants_and_weights():
    x, mask = K.placeholder(shape=(None, 5, 3)), K.placeholder(shape=(None, 5))
    weight = K.variable(np.eye(3))

    def step(x, states):
        h = K.dot(x, weight) + states[0] + states[1]
        return h, [h]

    last, outputs, states = K.rnn(step, x, [K.zeros_like(x[:, 0])], mask=mask, constants=[K.ones((3,))])
    assert isinstance(states, list)
    assert [K.int_shape(t) for t in (last, outputs, *states)] == [(None, 3), (None, 5, 3), (None, 3)]
    f = K.function([x, mask], [last, outputs, *states])
    flags = np.ones((4, 5))
    flags[:, 3:] = 0
    found = f([S, flags])
    np.testing.assert_allclose(found[0], S[:, :3].sum(1) + 3, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[2], found[0])
    weight.set_value(np.zeros((3, 3)))
    np.testing.assert_allclose(f([S, flags])[0], 3.0, rtol=1e-6)


def test_phases_and_switches_take_functions():
    x = K.placeholder(shape=(None, 3))
    f = K.function([x, K.learning_phase()], [K.in_train_phase(lambda: x * 2, lambda: x), K.in_test_phase(x, 0 * x)])
    np.testing.assert_array_equal(f([X, 1]), [2 * X, 0 * X])
    np.testing.assert_array_equal(f([X, 0]), [X, X])
    chosen = K.switch(K.sum(x) > 0, lambda: x, lambda: -x)
    assert run([x], [chosen], X)[0].sum() >= 0 and run([x], [chosen], -X)[0].sum() >= 0
    number = x * K.in_train_phase(3.0, 5.0)
    f = K.function([x, K.learning_phase()], [number])
    np.testing.assert_allclose([f([X, 1])[0], f([X, 0])[0]], [3 * X, 5 * X], rtol=1e-6)


def test_a_tensor_of_another_graph_in_a_layers_code_is_named():
    x, other = K.placeholder(shape=(None, 3)), K.placeholder(shape=(None, 3), name="other")
    with pytest.raises(ValueError, match=r"'other' is used inside a computation .* \[x, other\]"):
        Lambda(lambda t: t + other)(x)
