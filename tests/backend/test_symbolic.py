"""Every function of keras.backend on arrays, on symbolic tensors, and on variables.

A table with a case for each function that computes something; keras1_api.json says which there are. A case gives numpy's
answer, or where that would repeat the function, a property that its result must have.
"""

import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K

NAMES = [
    name
    for name, spec in json.loads((Path(__file__).parents[1] / "keras1_api.json").read_text())["keras.backend"].items()
    if spec.startswith("(")
]

random = np.random.RandomState(0)
X = random.randn(4, 3).astype("float32")
Y = random.randn(4, 3).astype("float32")
P = (np.abs(X) / np.abs(X).sum(1, keepdims=True)).astype("float32")
T = np.eye(3, dtype="float32")[[0, 2, 1, 1]]
B = (X > 0).astype("float32")
S = random.randn(4, 5, 3).astype("float32")
W = random.randn(3, 2).astype("float32")
I = np.array([0, 2, 1, 1], "int32")  # noqa: E741


class Case(NamedTuple):
    args: tuple[Any, ...]  # float and int arrays are the tensors
    expected: Any  # arrays, or a function of the results
    kwargs: dict[str, Any] = {}  # noqa: RUF012
    inputs: tuple[int, ...] = (0,)  # which of the args are tensors


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def step(x, states):
    new = x + 0.5 * states[0]
    return new, [new]


def unrolled(s):
    state, outputs = np.zeros((4, 3), "float32"), []
    for t in range(5):
        state = s[:, t] + 0.5 * state
        outputs.append(state)
    return [state, np.stack(outputs, 1), state]


def normalised(x):
    variance = x.var(0) + 1e-3
    return [2 * (x - x.mean(0)) / np.sqrt(variance) + 1, x.mean(0), variance]


def drawn(result):
    """Of the shape (batch, 2), and not all alike."""
    return result.shape == (4, 2) and len(np.unique(result)) > 1


CASES = {
    "abs": Case((X,), np.abs(X)),
    "all": Case((B,), B.all(1), {"axis": 1}),
    "any": Case((B,), B.any(1, keepdims=True), {"axis": 1, "keepdims": True}),
    "arange": Case((1, 7, 2), [1, 3, 5], inputs=()),
    "argmax": Case((X,), X.argmax(-1)),
    "argmin": Case((X,), X.argmin(0), {"axis": 0}),
    "asymmetric_temporal_padding": Case((S, 1, 2), np.pad(S, ((0, 0), (1, 2), (0, 0)))),
    "batch_dot": Case((S, S), np.einsum("bti,bsi->bts", S, S), {"axes": (2, 2)}, (0, 1)),
    "batch_flatten": Case((S,), S.reshape(4, 15)),
    "batch_normalization": Case(
        (X, X.mean(0), X.var(0), np.ones(3, "float32"), np.full(3, 2, "float32")), normalised(X)[0]
    ),
    "binary_crossentropy": Case((P, B), -B * np.log(P) - (1 - B) * np.log(1 - P), inputs=(0, 1)),
    "cast": Case((X, "int32"), X.astype("int32")),
    "categorical_crossentropy": Case((P, T), -(T * np.log(P)).sum(-1), inputs=(0, 1)),
    "clip": Case((X, -0.5, 0.5), X.clip(-0.5, 0.5)),
    "concatenate": Case(([X, Y],), np.concatenate([X, Y], -1)),
    "cos": Case((X,), np.cos(X)),
    "dot": Case((X, W), X @ W, inputs=(0, 1)),
    "dropout": Case((np.ones((4, 50), "float32"), 0.5), lambda y: set(np.unique(y)) == {0.0, 2.0}),
    "elu": Case((X, 0.5), np.where(X > 0, X, 0.5 * np.expm1(X))),
    "equal": Case((B, T), B == T, inputs=(0, 1)),
    "exp": Case((X,), np.exp(X)),
    "expand_dims": Case((X, 1), X[:, None]),
    "flatten": Case((S,), S.ravel()),
    "foldl": Case((lambda a, x: a + x, X), X.sum(0), inputs=(1,)),
    "foldr": Case((lambda a, x: 2 * a + x, X), 8 * X[3] + 4 * X[2] + 2 * X[1] + X[0], inputs=(1,)),
    "gather": Case((X, I), X[I], inputs=(0, 1)),
    "greater": Case((X, Y), X > Y, inputs=(0, 1)),
    "greater_equal": Case((X, 0), X >= 0),
    "hard_sigmoid": Case((X,), np.clip(0.2 * X + 0.5, 0, 1)),
    "in_test_phase": Case((X, Y), X, inputs=(0, 1)),
    "in_top_k": Case((P, I, 1), P.argmax(1) == I, inputs=(0, 1)),
    "in_train_phase": Case((X, Y), Y, inputs=(0, 1)),
    "l2_normalize": Case((X, 1), X / np.sqrt((X**2).sum(1, keepdims=True))),
    "lesser": Case((X, Y), X < Y, inputs=(0, 1)),
    "lesser_equal": Case((0, Y), Y >= 0, inputs=(1,)),
    "log": Case((P,), np.log(P)),
    "map_fn": Case((lambda x: x * 2, X), 2 * X, inputs=(1,)),
    "max": Case((X,), X.max(1), {"axis": 1}),
    "maximum": Case((X, Y), np.maximum(X, Y), inputs=(0, 1)),
    "mean": Case((S,), S.mean((0, 1)), {"axis": [0, 1]}),
    "min": Case((X,), X.min()),
    "minimum": Case((X, 0), np.minimum(X, 0)),
    "normalize_batch_in_training": Case((X, np.full(3, 2.0), np.ones(3), [0]), normalised(X)),
    "not_equal": Case((B, T), B != T, inputs=(0, 1)),
    "one_hot": Case((I, 3), T),
    "ones_like": Case((X,), np.ones_like(X)),
    "pattern_broadcast": Case((X, (False, False)), X),
    "permute_dimensions": Case((S, (0, 2, 1)), S.transpose(0, 2, 1)),
    "pow": Case((X, 3), X**3),
    "print_tensor": Case((X,), X),
    "prod": Case((X,), X.prod(0), {"axis": 0}),
    "random_binomial": Case(((4, 2),), lambda y: y.shape == (4, 2), {"p": 0.5}, ()),
    "random_normal": Case(((4, 2),), drawn, {}, ()),
    "random_uniform": Case(((4, 2),), drawn, {}, ()),
    "relu": Case((X,), np.minimum(np.where(X > 0, X, 0.1 * X), 1), {"alpha": 0.1, "max_value": 1.0}),
    "repeat": Case((X, 2), np.stack([X, X], 1)),
    "repeat_elements": Case((X, 2, 1), X.repeat(2, 1)),
    "reshape": Case((S, (-1, 15)), S.reshape(4, 15)),
    "reverse": Case((S, 1), S[:, ::-1]),
    "rnn": Case((step, S, [np.zeros((4, 3), "float32")]), unrolled(S), inputs=(1,)),
    "round": Case((X,), np.round(X)),
    "shape": Case((S,), [4, 5, 3]),
    "sigmoid": Case((X,), 1 / (1 + np.exp(-X))),
    "sign": Case((X,), np.sign(X)),
    "sin": Case((X,), np.sin(X)),
    "softmax": Case((X,), softmax(X)),
    "softplus": Case((X,), np.log1p(np.exp(X))),
    "softsign": Case((X,), X / (1 + np.abs(X))),
    "sparse_categorical_crossentropy": Case((P, I), -np.log(P[np.arange(4), I]), inputs=(0, 1)),
    "sqrt": Case((P,), np.sqrt(P)),
    "square": Case((X,), X**2),
    "squeeze": Case((X[:, None], 1), X),
    "stack": Case(([X, Y],), np.stack([X, Y])),
    "std": Case((X,), X.std(0), {"axis": 0}),
    "stop_gradient": Case((X,), X),
    "sum": Case((X,), X.sum(-1, keepdims=True), {"axis": -1, "keepdims": True}),
    "switch": Case((B, X, Y), np.where(B != 0, X, Y), inputs=(0, 1, 2)),
    "tanh": Case((X,), np.tanh(X)),
    "temporal_padding": Case((S,), np.pad(S, ((0, 0), (1, 1), (0, 0)))),
    "tile": Case((X, (1, 2)), np.tile(X, (1, 2))),
    "to_dense": Case((X,), X),
    "transpose": Case((X,), X.T),
    "var": Case((X,), X.var()),
    "zeros_like": Case((X,), np.zeros_like(X)),
}

# Functions that have tests of their own, and where.
ELSEWHERE = {
    "test_convolution": "atrous_conv2d conv1d conv2d conv3d deconv2d separable_conv2d",
    "test_pooling": "pool2d pool3d",
    "test_spatial": (
        "asymmetric_spatial_2d_padding resize_images resize_volumes spatial_2d_padding spatial_3d_padding"
    ),
    "test_ctc": ("ctc_batch_cost ctc_cost ctc_create_skip_idxs ctc_interleave_blanks ctc_path_probs ctc_update_log_p"),
    "test_config": (
        "backend cast_to_floatx epsilon floatx get_uid image_dim_ordering learning_phase set_epsilon "
        "set_floatx set_image_dim_ordering set_learning_phase set_legacy_weight_ordering"
    ),
    "test_variables": "batch_get_value batch_set_value set_value update",
    "test_lazy": (
        "eval eye function get_value gradients moving_average_update ones placeholder random_normal_variable "
        "random_uniform_variable update_add update_sub variable zeros"
    ),
    "test_symbolic": (
        "count_params dtype get_variable_shape int_shape is_explicit_shape is_keras_tensor is_sparse legacy_weight_ordering ndim"
    ),
}

each_case = pytest.mark.parametrize("name", CASES)


def test_every_function_has_a_case_or_tests_elsewhere():
    elsewhere = [name for names in ELSEWHERE.values() for name in names.split()]
    assert sorted([*CASES, *elsewhere]) == sorted(NAMES)
    for file, names in ELSEWHERE.items():
        text = (Path(__file__).parent / f"{file}.py").read_text()
        assert [name for name in names.split() if not re.search(rf"\b{name}\b", text)] == []


def flat(value: Any) -> list[Any]:
    """The results of a case in a row: K.rnn returns a tuple with a list in it."""
    return [leaf for entry in value for leaf in flat(entry)] if isinstance(value, list | tuple) else [value]


def check(name: str, found: Any) -> None:
    expected = CASES[name].expected
    results = [np.asarray(array) for array in flat(found)]
    if callable(expected):
        assert expected(*results), results
        return
    if len(results) == 1:
        expected = [expected]
    elif not isinstance(found, list | tuple) or name == "shape":
        results, expected = [np.asarray(results)], [expected]
    assert len(results) == len(expected)
    for one, other in zip(results, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def call(name: str, change: Callable[[Any], Any]) -> Any:
    """Call a function with `change` made to each of its tensors."""
    case = CASES[name]
    args = list(case.args)
    for place in case.inputs:
        args[place] = [change(entry) for entry in args[place]] if isinstance(args[place], list) else change(args[place])
    return getattr(K, name)(*args, **case.kwargs)


@each_case
def test_on_arrays(name):
    check(name, call(name, jnp.asarray))
    check(name, call(name, lambda array: array))  # numpy's


@each_case
def test_in_traced_code(name):
    def traced(key):
        with K.key_scope(key), K.learning_phase_scope(0):
            return call(name, jnp.asarray)

    check(name, jax.jit(traced)(jax.random.key(0)))


@each_case
def test_on_symbolic_tensors(name):
    inputs, arrays = [], []

    def enter(array):
        # The first size is not known; of matrices that are multiplied it has to be.
        fixed = name == "dot" and array is W
        inputs.append(K.placeholder(shape=array.shape if fixed else (None, *array.shape[1:]), dtype=array.dtype.name))
        arrays.append(array)
        return inputs[-1]

    made = call(name, enter)
    outputs = flat(made)
    if not inputs:
        outputs = [output + K.zeros(()) for output in outputs]  # by itself it would be an array
    results = K.function([*inputs, K.learning_phase()], outputs)([*arrays, 0])
    for tensor, result in zip(outputs, results, strict=True):
        stated = K.int_shape(tensor)
        assert len(stated) == result.ndim and all(a in (None, b) for a, b in zip(stated, result.shape, strict=True))
        assert name == "shape" or None in stated or tuple(stated) == result.shape
        assert K.dtype(tensor) == result.dtype
    check(name, results if isinstance(made, list | tuple) else results[0])


@each_case
def test_on_variables_it_is_an_expression(name):
    boxes = []

    def box(array):
        boxes.append(K.variable(np.zeros_like(array), dtype=array.dtype.name))
        boxes[-1].wanted = array
        return boxes[-1]

    made = call(name, box)
    for one in boxes:
        one.set_value(one.wanted)
    if name in ("shape", "arange"):  # sizes of a variable are known
        return
    results = [K.eval(output) for output in flat(made)]
    check(name, results if isinstance(made, list | tuple) else results[0])
    assert all(tuple(output.shape) == result.shape for output, result in zip(flat(made), results, strict=True))


def test_print_tensor_prints_when_the_graph_runs(capfd):
    x = K.placeholder(shape=(2,))
    shown = K.print_tensor(x, "x is")
    assert capfd.readouterr().out == ""
    K.function([x], [shown])([[1, 2]])
    jax.effects_barrier()
    assert capfd.readouterr().out.startswith("x is [1. 2.]")


def test_every_function_takes_its_tensors_by_keyword():
    x = K.placeholder(shape=(None, 3))
    for name in ("mean", "clip", "dropout", "softmax"):
        parameters = list(inspect.signature(getattr(K, name)).parameters)
        rest = {"clip": {"min_value": 0, "max_value": 1}, "dropout": {"level": 0.5}}.get(name, {})
        assert K.is_keras_tensor(getattr(K, name)(**{parameters[0]: x}, **rest))


# ---- what looks at tensors and computes nothing


def test_what_is_known_of_tensors():
    x = K.placeholder(shape=(None, 3), dtype="int32")
    v = K.variable(np.ones((2, 3)))
    lazy = v * 2
    assert [K.ndim(t) for t in (x, v, lazy, X)] == [2, 2, 2, 2]
    assert [K.dtype(t) for t in (x, v, lazy, X)] == ["int32", "float32", "float32", "float32"]
    assert [K.int_shape(t) for t in (x, v, lazy, X)] == [(None, 3), (2, 3), (2, 3), (4, 3)]
    assert [K.is_keras_tensor(t) for t in (x, v, X)] == [True, False, False]
    assert not any(map(K.is_sparse, (x, v, lazy, X)))
    assert K.is_explicit_shape(K.int_shape(x)) and K.is_explicit_shape((2, 3)) and not K.is_explicit_shape(None)
    assert K.count_params(v) == K.count_params(lazy) == 6
    assert K.get_variable_shape(v) == K.get_variable_shape(lazy) == (2, 3)
    assert type(K.int_shape(x)) is tuple
    assert K.legacy_weight_ordering() is False


def test_the_functions_that_their_own_tests_call_on_arrays_only():
    labels = K.placeholder(shape=(7,), dtype="int32")
    layout = np.array([5, 1, 5, 2, 5, 2, 5], "int32")
    assert K.function([labels], K.ctc_create_skip_idxs(labels))([layout]).tolist() == [
        1,
        7,
    ]  # filled up with the length
    now, before = K.placeholder(shape=(7,)), K.placeholder(shape=(7,))
    arguments = np.array([1], "int32"), np.zeros(7, "float32"), 1
    numbers = [np.linspace(-2, -1, 7, dtype="float32"), np.zeros(7, "float32")]
    found = K.function([now, before], list(K.ctc_update_log_p(*arguments, now, before)))(numbers)
    for one, two in zip(found, K.ctc_update_log_p(*arguments, *numbers), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-6)
    x, kernel = np.ones((1, 2, 3, 3), "float32"), np.ones((2, 2, 2, 2), "float32")
    images = K.placeholder(shape=(None, 2, 3, 3))
    how = {"output_shape": (None, 2, 4, 4), "dim_ordering": "th"}
    (deconvolved,) = K.function([images], [K.deconv2d(images, kernel, **how)])([x])
    np.testing.assert_allclose(deconvolved, K.deconv2d(x, kernel, **how), rtol=1e-6)
