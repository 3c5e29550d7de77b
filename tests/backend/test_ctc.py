"""The CTC loss against sums over all paths, one by one, and against the numbers of TensorFlow's and Theano's."""

import itertools
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import config
from jkeras.layers import Dense, Input, Lambda, TimeDistributed
from jkeras.models import Model

rng = np.random.default_rng(0)

# The example of TensorFlow's own tests, with which Keras 1 tested both of its engines.
LABELS = np.array([[0, 1, 2, 1, 0], [0, 1, 1, 0, -1]])
PROBABILITIES = np.array(
    [
        [
            [0.633766, 0.221185, 0.0917319, 0.0129757, 0.0142857, 0.0260553],
            [0.111121, 0.588392, 0.278779, 0.0055756, 0.00569609, 0.010436],
            [0.0357786, 0.633813, 0.321418, 0.00249248, 0.00272882, 0.0037688],
            [0.0663296, 0.643849, 0.280111, 0.00283995, 0.0035545, 0.00331533],
            [0.458235, 0.396634, 0.123377, 0.00648837, 0.00903441, 0.00623107],
        ],
        [
            [0.30176, 0.28562, 0.0831517, 0.0862751, 0.0816851, 0.161508],
            [0.24082, 0.397533, 0.0557226, 0.0546814, 0.0557528, 0.19549],
            [0.230246, 0.450868, 0.0389607, 0.038309, 0.0391602, 0.202456],
            [0.280884, 0.429522, 0.0326593, 0.0339046, 0.0326856, 0.190345],
            [0.423286, 0.315517, 0.0338439, 0.0393744, 0.0339315, 0.154046],
        ],
    ],
    "float32",
)
STEPS, COUNTS = np.array([[5], [5]]), np.array([[5], [4]])


def softmax(*shape):
    x = np.exp(rng.normal(size=shape))
    return (x / x.sum(-1, keepdims=True)).astype("float32")


def collapsed(path, blank):
    """What a path reads as: repetitions count once, blanks not at all."""
    return tuple(label for label, _ in itertools.groupby(path) if label != blank)


def probability(y, labels):
    """The probability of labels, summed over all paths that read so."""
    steps, categories = y.shape
    return sum(
        np.prod([y[t, label] for t, label in enumerate(path)], dtype="float64")
        for path in itertools.product(range(categories), repeat=steps)
        if collapsed(path, categories - 1) == tuple(labels)
    )


def random_batch(samples=6, time=5, categories=4, most=3):
    labels = rng.integers(0, categories - 1, size=(samples, most))
    counts = rng.integers(0, most + 1, size=(samples, 1))
    steps = rng.integers(4, time + 1, size=(samples, 1))
    labels[0], counts[0], steps[0] = 1, most, time  # two repetitions, so exactly one path
    return labels, softmax(samples, time, categories), steps, counts


@pytest.fixture
def theano():
    with mock.patch.object(config, "_BACKEND", "theano"):
        yield


# ---- the numbers


def test_the_numbers_of_tensorflow():
    loss = K.ctc_batch_cost(LABELS, PROBABILITIES, STEPS, COUNTS)
    np.testing.assert_allclose(loss, [[3.34211], [5.42262]], atol=1e-5)


@pytest.mark.usefixtures("theano")
def test_the_numbers_of_theano_where_its_conventions_are_followed():
    loss = K.ctc_batch_cost(LABELS, PROBABILITIES, STEPS, COUNTS)
    np.testing.assert_allclose(loss, [[1.73308, 3.81351]], atol=1e-5)


def test_the_loss_is_the_sum_over_all_paths():
    labels, y, steps, counts = random_batch()
    expected = [
        -np.log(probability(y[i, : steps[i, 0]], labels[i, : counts[i, 0]])) for i in range(len(labels))
    ]  # fmt: skip
    np.testing.assert_allclose(K.ctc_batch_cost(labels, y, steps, counts)[:, 0], expected, rtol=1e-5)


@pytest.mark.usefixtures("theano")
def test_on_theano_probabilities_are_smoothed_and_each_path_counts_once_a_step():
    labels, y, steps, counts = random_batch()
    expected = []
    for i in range(len(labels)):
        used = labels[i, : counts[i, 0]]
        smooth = (1 - 1e-4) * y[i, : steps[i, 0]] + 1e-4 / (2 * len(used) + 1)
        expected.append(-np.log(steps[i, 0] * probability(smooth, used)))
    np.testing.assert_allclose(K.ctc_batch_cost(labels, y, steps, counts)[0], expected, rtol=1e-5)
    one_by_one = [K.ctc_cost(y[i, : steps[i, 0]], labels[i, : counts[i, 0]]) for i in range(len(labels))]
    np.testing.assert_allclose(one_by_one, expected, rtol=1e-5)


def test_probabilities_are_scaled_to_one():
    labels, y, steps, counts = random_batch()
    np.testing.assert_allclose(
        K.ctc_batch_cost(labels, 3 * y, steps, counts), K.ctc_batch_cost(labels, y, steps, counts), rtol=1e-5
    )


def test_variables_floats_and_flat_lengths_give_the_same():
    expected = K.ctc_batch_cost(LABELS, PROBABILITIES, STEPS, COUNTS)
    variables = [K.variable(value) for value in (LABELS, PROBABILITIES, STEPS, COUNTS)]
    np.testing.assert_array_equal(K.ctc_batch_cost(*variables), expected)
    np.testing.assert_array_equal(K.ctc_batch_cost(LABELS, PROBABILITIES, [5, 5], [5, 4]), expected)


def test_what_lies_behind_the_lengths_changes_nothing():
    labels, y, steps, counts = random_batch()
    expected = K.ctc_batch_cost(labels, y, steps, counts)
    labels = np.where(np.arange(labels.shape[1]) < counts, labels, 77)
    y = np.where((np.arange(y.shape[1]) < steps)[..., None], y, 0)
    np.testing.assert_array_equal(K.ctc_batch_cost(labels, y, steps, counts), expected)


def test_it_can_be_compiled_and_mapped():
    labels, y, steps, counts = random_batch()
    expected = K.ctc_batch_cost(labels, y, steps, counts)
    np.testing.assert_allclose(jax.jit(K.ctc_batch_cost)(labels, y, steps, counts), expected, rtol=1e-6)
    many = jax.vmap(K.ctc_batch_cost, in_axes=(None, 0, None, None))(labels, np.stack([y, y]), steps, counts)
    np.testing.assert_allclose(many, [expected, expected], rtol=1e-6)
    costs = [K.ctc_cost(y[0], label) for label in labels]
    np.testing.assert_allclose(jax.vmap(K.ctc_cost, in_axes=(None, 0))(y[0], labels), costs, rtol=1e-6)


def test_long_sequences_neither_overflow_nor_vanish():
    y = softmax(1, 2000, 30)
    labels = rng.integers(0, 29, size=(1, 300))
    loss, gradient = jax.value_and_grad(lambda y: K.ctc_batch_cost(labels, y, [2000], [300]).sum())(y)
    assert 0 < loss < 1e5
    assert np.isfinite(gradient).all()


# ---- derivatives


@pytest.mark.parametrize("cost", ["batch", "single"])
def test_gradients_are_those_of_finite_differences(cost):
    labels, y, steps, counts = random_batch(samples=3, time=4, categories=3, most=2)

    def loss(y):
        if cost == "batch":
            return K.ctc_batch_cost(labels, y, steps, counts).sum()
        return K.ctc_cost(y[0], labels[0])

    with jax.enable_x64(True):
        y = jnp.asarray(y, "float64")
        gradient = jax.grad(loss)(y)
        direction = jnp.asarray(rng.normal(size=y.shape))
        slope = (loss(y + 1e-6 * direction) - loss(y - 1e-6 * direction)) / 2e-6
        np.testing.assert_allclose(jnp.sum(gradient * direction), slope, rtol=1e-5)


def test_a_probability_of_zero_has_a_finite_gradient():
    y = np.zeros((1, 4, 3), "float32")
    y[..., 0] = 1
    loss, gradient = jax.value_and_grad(lambda y: K.ctc_batch_cost([[1]], y, [4], [1]).sum())(y)
    np.testing.assert_allclose(
        loss, -np.log(10) - 4 * np.log(1e-8), rtol=1e-4
    )  # 10 paths: none of 1s and blanks is free
    assert np.isfinite(gradient).all()
    assert np.isfinite(jax.grad(lambda y: K.ctc_cost(y, [1]))(y[0])).all()


@pytest.mark.parametrize("backend", ["jax", "theano"])
def test_labels_without_an_alignment_cost_infinitely_much_and_move_nothing(backend):
    y = softmax(2, 3, 4)
    labels = [[1, 1, 0], [1, 2, 0]]  # the first needs a blank between the ones
    with mock.patch.object(config, "_BACKEND", backend):
        loss = K.ctc_batch_cost(labels, y, [3, 3], [3, 3]).ravel()
        gradient = jax.grad(lambda y: K.ctc_batch_cost(labels, y, [3, 3], [3, 3]).sum())(y)
    assert np.isposinf(loss[0])
    assert np.isfinite(loss[1])
    assert (gradient[0] == 0).all()
    assert np.isfinite(gradient[1]).all()
    assert (gradient[1] != 0).any()
    assert np.isposinf(K.ctc_cost(y[0], labels[0]))
    assert (jax.grad(lambda y: K.ctc_cost(y, jnp.array(labels[0])))(y[0]) == 0).all()


def test_no_labels_at_all_are_the_path_of_blanks():
    y = softmax(1, 3, 4)
    np.testing.assert_allclose(K.ctc_batch_cost([[0]], y, [3], [0])[0, 0], -np.log(y[0, :, 3]).sum(), rtol=1e-5)


# ---- mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([[0, 3]], [4], [2]),
            r"of 4 categories the last is the blank, so labels are numbers from 0 to 2; got .* 0 to 3",
        ),
        (([[-1, 1]], [4], [2]), "got numbers from -1 to 1"),
        (([[0, 1]], [5], [2]), r"input_length counts time steps, of which there are 4; got \[5\]"),
        (([[0, 1]], [4], [3]), r"label_length counts labels, of which there are 2; got \[3\]"),
        (([[0, 1]], [4, 4], [2]), r"input_length has shape \(1, 1\) for 1 samples; got \(2,\)"),
        (([0, 1], [4], [2]), r"labels of shape \(samples, max_string_length\).*got \(2,\) and \(1, 4, 4\)"),
    ],
)
def test_a_mistake_is_named(arguments, message):
    labels, steps, counts = arguments
    with pytest.raises(ValueError, match=message):
        K.ctc_batch_cost(labels, softmax(1, 4, 4), steps, counts)


def test_in_compiled_code_a_mistake_makes_nan_of_its_sample_only():
    compiled = jax.jit(K.ctc_batch_cost)
    y = softmax(4, 4, 4)
    labels = jnp.array([[0, 1], [0, 3], [0, 1], [0, 1]])
    loss = compiled(labels, y, jnp.array([4, 4, 5, 4]), jnp.array([2, 2, 2, 3]))
    assert np.isnan(loss[:, 0]).tolist() == [False, True, True, True]


# ---- the parts


def test_places_to_skip_from():
    layout = K.ctc_interleave_blanks(np.array([3, 1, 1, 2]))
    assert layout.tolist() == [-1, 3, -1, 1, -1, 1, -1, 2, -1]
    assert K.ctc_create_skip_idxs(layout).tolist() == [1, 5]
    assert jax.jit(K.ctc_create_skip_idxs)(layout).tolist() == [1, 5, 9]  # filled up with the length
    assert K.ctc_create_skip_idxs(K.ctc_interleave_blanks([2])).tolist() == []


def test_one_step_of_the_paths():
    layout = K.ctc_interleave_blanks([3, 1, 1, 2])
    skips, zeros = K.ctc_create_skip_idxs(layout), np.zeros(9, "float32")
    current = np.log(softmax(9))
    active, first = K.ctc_update_log_p(skips, zeros, 1, current, zeros)
    assert active == 2
    np.testing.assert_allclose(first, [*current[:2], *zeros[2:]])
    active, second = K.ctc_update_log_p(skips, zeros, active, current, first)
    assert active == 4
    p, q = np.exp(current), np.exp(first)
    expected = [p[0] * q[0], p[1] * (q[0] + q[1]), p[2] * q[1], p[3] * q[1]]
    np.testing.assert_allclose(second, [*np.log(expected), *zeros[4:]], rtol=1e-5)


def test_at_each_step_the_paths_of_all_places_are_all_paths():
    y, labels = softmax(5, 4), [0, 2]
    log_probs, mask = K.ctc_path_probs(y, K.ctc_interleave_blanks(labels), alpha=0.0)
    totals = np.where(mask, np.exp(log_probs), 0).sum(axis=1)
    np.testing.assert_allclose(totals, probability(y, labels), rtol=1e-5)
    compiled = jax.jit(K.ctc_path_probs)(y, K.ctc_interleave_blanks(labels), 0.0)
    np.testing.assert_array_equal(compiled[1], mask)


# ---- symbolic tensors


def test_symbolic_tensors():
    inputs = [
        K.placeholder(ndim=2),
        K.placeholder(shape=(None, 5, 6)),
        K.placeholder(shape=(None, 1)),
        K.placeholder(shape=(None, 1)),
    ]
    loss = K.ctc_batch_cost(*inputs)
    assert loss.shape == (None, 1)
    compute = K.function(inputs, [loss, *K.gradients(K.sum(loss), [inputs[1]])])
    value, gradient = compute([LABELS, PROBABILITIES, STEPS, COUNTS])
    np.testing.assert_allclose(value, [[3.34211], [5.42262]], atol=1e-5)
    expected = jax.grad(lambda y: K.ctc_batch_cost(LABELS, y, STEPS, COUNTS).sum())(PROBABILITIES)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)


def test_the_parts_on_symbolic_tensors():
    y, labels = K.placeholder(shape=(5, 6)), K.placeholder(shape=(5,), dtype="int32")
    log_probs, mask = K.ctc_path_probs(y, K.ctc_interleave_blanks(labels))
    values = K.function([y, labels], [K.ctc_cost(y, labels), log_probs, mask])([PROBABILITIES[0], LABELS[0]])
    np.testing.assert_allclose(values[0], 1.73308, atol=1e-5)
    np.testing.assert_allclose(
        values[1], K.ctc_path_probs(PROBABILITIES[0], K.ctc_interleave_blanks(LABELS[0]))[0], rtol=1e-5
    )


def test_a_model_learns_to_read_as_in_the_example_image_ocr():
    np.random.seed(1337)
    classes, time, samples = 4, 12, 64
    texts = np.random.randint(classes, size=(samples, 3))
    signal = np.repeat(np.eye(classes, dtype="float32")[texts], 4, axis=1)
    signal = signal + 0.1 * np.random.normal(size=signal.shape).astype("float32")

    seen = Input(name="seen", shape=(time, classes))
    y_pred = TimeDistributed(Dense(classes + 1, activation="softmax"), name="softmax")(seen)
    labels = Input(name="the_labels", shape=(3,), dtype="float32")
    lengths = [Input(name=name, shape=(1,), dtype="int64") for name in ("input_length", "label_length")]

    def ctc_lambda_func(args):
        y_pred, labels, input_length, label_length = args
        return K.ctc_batch_cost(labels, y_pred[:, 1:, :], input_length, label_length)

    loss = Lambda(ctc_lambda_func, output_shape=(1,), name="ctc")([y_pred, labels, *lengths])
    model = Model(input=[seen, labels, *lengths], output=[loss])
    model.compile(loss={"ctc": lambda y_true, y_pred: y_pred}, optimizer="adam")
    model.optimizer.lr.set_value(0.05)
    data = {
        "seen": signal,
        "the_labels": texts,
        "input_length": np.full((samples, 1), time - 1),
        "label_length": np.full((samples, 1), 3),
    }
    history = model.fit(data, {"ctc": np.zeros(samples)}, nb_epoch=40, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]
    read = K.function([seen], [y_pred])([signal])[0][:, 1:].argmax(-1)
    right = [collapsed(path, classes) == collapsed(text, classes) for path, text in zip(read, texts, strict=True)]
    assert np.mean(right) > 0.6


# ---- decoding

# The examples of TensorFlow's tests of its decoders, which Keras 1 had too.
GREEDY = np.zeros((2, 6, 4), "float32")
GREEDY[0, :4] = [[1, 0, 0, 0], [0, 0, 0.4, 0.6], [0, 0, 0.4, 0.6], [0, 0.9, 0.1, 0]]
GREEDY[1, :5] = [[0.1, 0.9, 0, 0], [0, 0.9, 0.1, 0], [0, 0, 0.1, 0.9], [0, 0.9, 0.1, 0.1], [0.9, 0.1, 0, 0]]
BEAM = np.array(
    [
        [0.30999, 0.309938, 0.0679938, 0.0673362, 0.0708352, 0.173908],
        [0.215136, 0.439699, 0.0370931, 0.0393967, 0.0381581, 0.230517],
        [0.199959, 0.489485, 0.0233221, 0.0251417, 0.0233289, 0.238763],
        [0.279611, 0.452966, 0.0204795, 0.0209126, 0.0194803, 0.20655],
        [0.51286, 0.288951, 0.0243026, 0.0220788, 0.0219297, 0.129878],
    ],
    "float32",
)


def searched(y, width, paths):
    """The beam search with a dictionary of beginnings: probabilities of ending in a blank, and in the last label."""
    beam = {(): (1.0, 0.0)}
    for row in y.astype("float64"):
        after = {}
        for labels, (blank, label) in beam.items():
            found = [
                ((*labels, c), 0, p * (blank if labels[-1:] == (c,) else blank + label)) for c, p in enumerate(row)
            ]
            found[-1] = (labels, (blank + label) * row[-1], label * row[labels[-1]] if labels else 0)
            for key, more_blank, more_label in found:
                before = after.get(key, (0, 0))
                after[key] = before[0] + more_blank, before[1] + more_label
        beam = dict(sorted(after.items(), key=lambda entry: -sum(entry[1]))[:width])
    return [(collapsed(labels, -1), np.log(sum(both))) for labels, both in list(beam.items())[:paths]]


def filled(readings, length):
    return [[*labels, *[-1] * (length - len(labels))] for labels in readings]


def test_greedy_decoding_gives_the_numbers_of_tensorflow():
    (labels,), cost = K.ctc_decode(GREEDY, [4, 5])
    assert labels.tolist() == [[0, 1, -1], [1, 1, 0]]
    np.testing.assert_allclose(cost, -np.log([[0.6 * 0.6 * 0.9], [0.9**5]]), rtol=1e-5)


def test_a_beam_search_gives_the_numbers_of_tensorflow():
    (first, second), logs = K.ctc_decode(BEAM[None], [[5]], greedy=False, beam_width=2, top_paths=2)
    assert (first.tolist(), second.tolist()) == ([[1, 0]], [[0, 1, 0]])
    # TensorFlow 1.0 left out that probabilities sum to 1: what it returned is greater by the largest one of each step.
    np.testing.assert_allclose(logs - np.log(BEAM.max(axis=1)).sum(), [[0.584855, 0.389139]], atol=1e-5)


def test_a_wide_beam_finds_the_likeliest_of_all_readings():
    y, steps = softmax(4, 5, 3), [5, 0, 4, 1]
    found, logs = K.ctc_decode(y, steps, greedy=False, beam_width=70, top_paths=4)
    for sample, count in enumerate(steps):
        readings = {collapsed(path, 2) for path in itertools.product(range(3), repeat=count)}
        best = sorted(((probability(y[sample, :count], labels), labels) for labels in readings), reverse=True)[:4]
        best += [(0.0, ())] * (4 - len(best))
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(logs[sample], np.log([p for p, _ in best]), rtol=1e-4, atol=1e-5)
        for (_, labels), array in zip(
            best, found, strict=True
        ):  # equal labels that follow each other are one in the output
            assert array[sample].tolist() == filled([collapsed(labels, -1)], array.shape[1])[0]


@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_narrow_beam_goes_on_with_the_likeliest_beginnings(width):
    y = softmax(8, 9, 4) ** 2
    y /= y.sum(axis=-1, keepdims=True)
    paths = min(width, 2)
    found, logs = K.ctc_decode(y, np.full(8, 9), greedy=False, beam_width=width, top_paths=paths)
    expected = [searched(sample, width, paths) for sample in y]
    np.testing.assert_allclose(logs, [[log for _, log in best] for best in expected], rtol=1e-4)
    for place, array in enumerate(found):
        assert array.tolist() == filled([best[place][0] for best in expected], array.shape[1])


@pytest.mark.parametrize("greedy", [True, False])
def test_decoding_in_a_function_fills_up_to_the_time_steps(greedy):
    y, steps = K.placeholder((None, 6, 4)), K.placeholder((None, 1), dtype="int32")
    (labels,), logs = K.ctc_decode(y, steps, greedy, beam_width=5)
    assert (K.int_shape(labels), K.int_shape(logs)) == ((None, 6), (None, 1))
    by_function = K.function([y, steps], [labels, logs])([GREEDY, [[4], [5]]])
    (direct,), direct_logs = K.ctc_decode(GREEDY, [4, 5], greedy, beam_width=5)
    assert direct.shape == (2, 3)
    np.testing.assert_array_equal(by_function[0], np.pad(direct, ((0, 0), (0, 3)), constant_values=-1))
    np.testing.assert_allclose(by_function[1], direct_logs, rtol=1e-6)
    (held,), _ = K.ctc_decode(K.variable(GREEDY), K.variable([4, 5]), greedy, beam_width=5)
    np.testing.assert_array_equal(K.get_value(held), by_function[0])
    wrong = K.function([y, steps], logs)([GREEDY, [[4], [7]]])
    assert np.isnan(wrong).tolist() == [[False], [True]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((BEAM, [5]), r"\(samples, time_steps, num_categories\); got \(5, 6\)"),
        ((BEAM[None], [5, 5]), r"ctc_decode: input_length has shape \(1, 1\)"),
        ((BEAM[None], [6]), "ctc_decode: input_length counts time steps, of which there are 5"),
        ((BEAM[None], [5], False, 2, 3), "top_paths=3 and beam_width=2"),
    ],
)
def test_what_cannot_be_decoded(arguments, message):
    with pytest.raises(ValueError, match=message):
        K.ctc_decode(*arguments)


def test_there_are_no_sparse_labels():
    with pytest.raises(NotImplementedError, match=r"K\.ctc_batch_cost takes the labels as they are"):
        K.ctc_label_dense_to_sparse(LABELS, COUNTS)


def test_decoding_takes_lengths_from_variables():
    lengths = K.variable([5, 3], dtype="int32")
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), (2, 5)).astype("float32")
    x = K.placeholder((2, 5, 3))
    (labels,), cost = K.ctc_decode(x, lengths)
    found = K.function([x], [labels, cost])([probabilities])
    (expected,), expected_cost = K.ctc_decode(probabilities, [5, 3])
    np.testing.assert_array_equal(found[0][:, : expected.shape[1]], expected)
    np.testing.assert_allclose(found[1], expected_cost, rtol=1e-5)
