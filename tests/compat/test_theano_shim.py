"""The stand-in for Theano: Theano's arguments and defaults on K's functions."""

import importlib
import sys

import jax
import numpy as np
import pytest

import jkeras
from jkeras import backend as K
from tests.compat.conftest import forget


@pytest.fixture
def theano():
    with forget("keras", "tensorflow", "theano"):
        jkeras.install_as_keras(theano=True)
        import theano

        yield theano


def test_the_modules_of_theano_are_those_of_the_stand_in(theano):
    import theano.tensor as T
    from theano import tensor
    from theano.printing import Print
    from theano.sandbox.rng_mrg import MRG_RandomStreams
    from theano.tensor.extra_ops import repeat
    from theano.tensor.nnet import sigmoid
    from theano.tensor.shared_randomstreams import RandomStreams

    assert T is tensor is theano.tensor is K.T
    assert theano is K.theano
    assert MRG_RandomStreams is RandomStreams
    assert sigmoid is T.nnet.sigmoid is K.sigmoid
    assert repeat is T.repeat and Print is theano.printing.Print
    assert sys.modules["theano.tensor"].__name__ == "jkeras.compat.theano_shim.tensor"


x = np.arange(6, dtype="float32").reshape(2, 3)
cube = np.arange(24, dtype="float32").reshape(2, 4, 3)


@pytest.mark.parametrize(
    ("function", "args", "kwargs", "expected"),
    [
        ("dot", (x, x.T), {}, x @ x.T),
        ("batched_dot", (x, x), {}, (x * x).sum(1)),
        ("batched_dot", (cube, x), {}, np.einsum("bij,bj->bi", cube, x)),
        ("batched_dot", (x, cube.transpose(0, 2, 1)), {}, np.einsum("bj,bkj->bk", x, cube)),
        ("batched_dot", (cube, cube.transpose(0, 2, 1)), {}, cube @ cube.transpose(0, 2, 1)),
        ("batched_dot", (x[:, 0], cube), {}, x[:, 0, None, None] * cube),
        ("batched_dot", (x, x[:, 1]), {}, x * x[:, 1:2]),
        ("tensordot", (x, x), {"axes": [[0], [0]]}, np.tensordot(x, x, [[0], [0]])),
        ("outer", (x[0], x[1]), {}, np.outer(x[0], x[1])),
        ("sum", (x,), {"axis": 1, "keepdims": True}, x.sum(1, keepdims=True)),
        ("mean", (x,), {"axis": 0}, x.mean(0)),
        ("argmax", (x,), {}, 5),
        ("argmax", (x,), {"axis": 1, "keepdims": True}, [[2], [2]]),
        ("argmin", (x,), {"axis": 0}, [0, 0, 0]),
        ("sort", (-x,), {}, np.sort(-x)),
        ("sort", (-x,), {"axis": None}, np.sort(-x, None)),
        ("argsort", (-x,), {}, np.argsort(-x)),
        ("argsort", (-x, 0), {}, np.argsort(-x, 0)),
        ("addbroadcast", (x[:, :1], 1), {}, x[:, :1]),
        ("cumsum", (x,), {"axis": 1}, x.cumsum(1)),
        ("sqr", (x,), {}, x**2),
        ("inv", (x + 1,), {}, 1 / (x + 1)),
        ("floor", (x / 2,), {}, np.floor(x / 2)),
        ("ceil", (x / 2,), {}, np.ceil(x / 2)),
        ("log1p", (x,), {}, np.log1p(x)),
        ("switch", (x > 2, x, -x), {}, np.where(x > 2, x, -x)),
        ("and_", (x > 1, x < 4), {}, (x > 1) & (x < 4)),
        ("or_", (x < 1, x > 4), {}, (x < 1) | (x > 4)),
        ("cast", (x, "int32"), {}, x.astype("int32")),
        ("cast", (x, "floatX"), {}, x),
        ("flatten", (x[None], 2), {}, x.reshape(1, 6)),
        ("flatten", (x,), {}, x.ravel()),
        ("transpose", (x[None], (2, 0, 1)), {}, x[None].transpose(2, 0, 1)),
        ("concatenate", ([x, x],), {}, np.concatenate([x, x])),
        ("stack", (x, x), {}, np.stack([x, x])),
        ("stack", ([x, x],), {"axis": 1}, np.stack([x, x], 1)),
        ("repeat", (x, 2, 1), {}, x.repeat(2, 1)),
        ("repeat", (x, [1, 0, 2], 1), {}, x.repeat([1, 0, 2], 1)),
        ("shape_padright", (x, 2), {}, x[:, :, None, None]),
        ("shape_padleft", (x,), {}, x[None]),
        ("as_tensor_variable", ([x, x],), {}, np.stack([x, x])),
        ("zeros", ((2, 3),), {}, np.zeros((2, 3))),
        ("alloc", (1.0, 2, 3), {}, np.ones((2, 3))),
        ("eye", (3,), {}, np.eye(3)),
        ("arange", (4,), {}, np.arange(4)),
    ],
)
def test_functions_of_arrays(function, args, kwargs, expected):
    got = np.asarray(getattr(K.T, function)(*args, **kwargs))
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert got.shape == np.shape(expected)


def test_losses_neither_clip_nor_normalise():
    p = np.array([[0.2, 0.6], [0.5, 0.1]], "float32")
    np.testing.assert_allclose(K.T.nnet.categorical_crossentropy(p, np.array([1, 0])), -np.log([0.6, 0.5]), rtol=1e-6)
    np.testing.assert_allclose(K.T.nnet.categorical_crossentropy(p, 2 * np.eye(2)), -2 * np.log([0.2, 0.1]), rtol=1e-6)
    np.testing.assert_allclose(K.T.nnet.binary_crossentropy(p, p * 0), -np.log(1 - p), rtol=1e-6)


def test_shared_variables_keep_their_dtype():
    counter = K.theano.shared(np.arange(3, dtype="int32"), name="counter")
    counter.set_value([4, 5, 6])
    assert counter.get_value().dtype == "int32"
    assert counter.name == "counter"
    assert (counter + 1).tolist() == [5, 6, 7]


def test_the_config_follows_k():
    config = K.theano.config
    assert config.floatX == "float32"
    config.floatX = "float16"
    try:
        assert K.floatx() == "float16"
    finally:
        K.set_floatx("float32")
    config.optimizer = "fast_compile"  # accepted, and without effect
    with pytest.raises(AttributeError, match=r"theano\.config\.device"):
        _ = config.device


def test_random_streams_with_a_seed_repeat_and_do_not_stand_still():
    from jkeras.compat.theano_shim.tensor.shared_randomstreams import RandomStreams

    first, second = RandomStreams(seed=3), RandomStreams(seed=3)
    a, b = first.normal((50,)), first.normal((50,))
    assert (second.normal((50,)) == a).all()
    assert (a != b).any()
    draws = np.asarray(first.binomial(size=(1000,), p=0.25, dtype="float32"))
    assert set(draws) == {0.0, 1.0}
    assert 200 < draws.sum() < 300
    assert float(first.uniform((100,), low=2, high=3).min()) >= 2


def test_anything_else_is_refused_by_its_name(theano):
    for module, name, hint in (
        (theano, "scan", r"theano\.scan is not .*K\.rnn"),
        (theano.tensor, "set_subtensor", r"theano\.tensor\.set_subtensor is not .*K\.concatenate"),
        (theano.tensor.nnet, "crossentropy_softmax_1hot", r"theano\.tensor\.nnet\.crossentropy_softmax_1hot is not"),
        (theano.tensor, "wmatrix", r"theano\.tensor\.wmatrix is not"),
    ):
        with pytest.raises(AttributeError, match=hint):
            getattr(module, name)
    with pytest.raises(ImportError, match="sparse_dot"):
        exec("from theano.tensor import sparse_dot")
    with pytest.raises(ModuleNotFoundError, match=r"theano\.compile"):
        importlib.import_module("theano.compile")


@pytest.mark.skipif(hasattr(K.placeholder, "__later__"), reason="K.placeholder comes with a later version")
def test_symbolic_inputs_functions_and_gradients(theano):
    T = theano.tensor
    a, v = T.matrix("a"), theano.shared(np.ones(3, "float32"))
    loss = T.sum(T.sqr(T.dot(a, v)))
    compute = theano.function([a], [loss, T.grad(loss, a)], updates=[(v, v * 2)])
    loss_value, slope = compute(x)
    np.testing.assert_allclose(loss_value, (x.sum(1) ** 2).sum(), rtol=1e-6)
    np.testing.assert_allclose(slope, 2 * x.sum(1)[:, None] * np.ones((2, 3)), rtol=1e-6)
    np.testing.assert_allclose(v.get_value(), 2.0)
    np.testing.assert_allclose(theano.function([a], T.switch(T.gt(a, 2), T.floor(a), -1))(x), np.where(x > 2, x, -1))


def test_products_of_samples_whose_number_is_not_known(theano):
    a, b = K.placeholder((None, 4, 3)), K.placeholder((None, 3))
    product = theano.tensor.batched_dot(a, b)
    assert K.int_shape(product) == (None, 4)
    np.testing.assert_allclose(theano.function([a, b], product)(cube, x), np.einsum("bij,bj->bi", cube, x))


def test_print_returns_what_it_prints(theano, capfd):
    a = theano.tensor.matrix()
    np.testing.assert_array_equal(theano.function([a], theano.printing.Print("here:")(a) * 2)(x), x * 2)
    jax.effects_barrier()
    assert "here: [[0. 1. 2.]" in capfd.readouterr().out


def test_keywords_of_functions_are_theanos(theano):
    a = theano.tensor.matrix()
    assert theano.function([a], a, "FAST_RUN", allow_input_downcast=True, on_unused_input="warn")(x).shape == (2, 3)
    with pytest.raises(ValueError, match="'update'"):
        theano.function([a], a, update=[])
    with pytest.raises(NotImplementedError, match="givens"):
        theano.function([a], a, givens=[(a, a)])


def test_sizes_stay_numbers_in_traced_code(theano):
    """The arithmetic of a spatial transformer's output size."""
    T = theano.tensor

    def halved(x):
        height = T.cast(T.cast(x.shape[1], theano.config.floatX) // 2, "int64")
        grid = T.dot(T.ones((height, 1)), T.arange(height, dtype="float32").dimshuffle("x", 0))
        return T.reshape(x, (x.shape[0], height, 2)).sum(axis=2) + grid[0].sum()

    x = np.arange(12.0).reshape(2, 6)
    np.testing.assert_allclose(jax.jit(halved)(x), x.reshape(2, 3, 2).sum(axis=2) + 3)
    assert isinstance(K.cast(3, "float32"), jax.Array)


def test_symbolic_tensors_pick_rows_of_an_eye(theano):
    import theano.tensor as T

    labels = K.placeholder((3,), dtype="int32")
    np.testing.assert_array_equal(K.function([labels], [T.eye(4)[labels]])([[2, 0, 3]])[0], np.eye(4)[[2, 0, 3]])
