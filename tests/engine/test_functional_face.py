"""Layers and models as pure functions: init, apply, apply_with_state under jit, grad and vmap; keys; purity."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.errors import MissingStateError
from jkeras.layers import LSTM, Activation, Dense, Dropout, Embedding, Input, Lambda, TimeDistributed, merge
from jkeras.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.normal(size=(6, 2)).astype("float32")
KEY = jax.random.key(1)


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def equal(one, two):
    return jax.tree.structure(one) == jax.tree.structure(two) and all(
        jax.tree.leaves(jax.tree.map(lambda a, b: bool(jnp.array_equal(a, b)), one, two))
    )


def mlp():
    return Sequential(
        [Dense(4, input_dim=3, activation="tanh", name="a"), Dropout(0.5, name="drop"), Dense(2, name="b")]
    )


def two_towers():
    """Two inputs, two outputs, a nested model that is called twice, dropout."""
    inner = Sequential([Dense(4, input_dim=3, name="d"), Dropout(0.5, name="drop")], name="tower")
    one, two = Input((3,), name="one"), Input((3,), name="two")
    left, right = inner(one), inner(two)
    return Model([one, two], [Dense(2, name="p")(merge([left, right], mode="sum")), Dense(1, name="q")(right)])


# ---- both faces


def test_apply_equals_predict_bit_for_bit_under_jit():
    model = mlp()
    expected = model.predict(X)
    np.testing.assert_array_equal(jax.jit(model.apply)(model.params, X), expected)
    np.testing.assert_allclose(model.apply(model.params, X), expected, rtol=1e-6, atol=1e-7)
    y, state = jax.jit(model.apply_with_state)(model.params, model.state, X)
    np.testing.assert_array_equal(y, expected)
    assert state == {}


def test_inputs_as_list_or_dict_and_outputs_as_list():
    model = two_towers()
    expected = model.predict([X, -X])
    apply = jax.jit(model.apply)
    for inputs in ([X, -X], (X, -X), {"two": -X, "one": X}):
        outputs = apply(model.params, inputs)
        assert isinstance(outputs, list)
        for got, want in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(got, want)
    y, _ = model.apply_with_state(model.params, {}, {"one": X, "two": -X}, train=True, key=KEY)
    assert shapes(y) == [(6, 2), (6, 1)]


def test_apply_follows_the_params_it_is_given():
    model = mlp()
    params, state = model.init(KEY)
    assert state == {}
    assert not np.array_equal(model.apply(params, X), model.predict(X))
    model.params = params
    np.testing.assert_array_equal(jax.jit(model.apply)(params, X), model.predict(X))


def test_a_training_step_written_by_hand_equals_train_on_batch():
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(2)])
    model.compile("sgd", "mse")

    @jax.jit
    def step(params, x, y):
        grads = jax.grad(lambda params: jnp.mean(jnp.square(model.apply(params, x) - y)))(params)
        return jax.tree.map(lambda p, g: p - 0.01 * g, params, grads)

    params = model.params
    for _ in range(3):
        params = step(params, X, Y)
        model.train_on_batch(X, Y)
    for one, two in zip(jax.tree.leaves(params), jax.tree.leaves(model.params), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-7)


# ---- init


def test_init_is_a_pure_function_of_the_key():
    model = mlp()
    np.random.seed(5)
    stream = np.random.get_state()[1].copy()
    before = model.get_weights()
    one, two, other = model.init(KEY), jax.jit(model.init)(KEY), model.init(jax.random.key(2))
    assert equal(one, two)
    assert not equal(one, other)
    assert shapes(one[0]) == shapes(model.params)
    np.testing.assert_array_equal(np.random.get_state()[1], stream)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_init_gives_each_layer_its_own_numbers_and_other_layers_change_none():
    def stack(*extra):
        return Sequential([Dense(3, input_dim=3, name="a"), *extra, Dense(3, name="b")])

    small, large = stack().init(KEY)[0], stack(Dense(3, name="between"), Dropout(0.5)).init(KEY)[0]
    assert not np.array_equal(small["a"]["W"], small["b"]["W"])
    assert equal(small, {name: large[name] for name in small})


def test_init_of_a_layer_and_of_a_wrapper():
    layer = Dense(4)
    params, state = layer.init(KEY, (None, 3))
    assert (shapes(params), state) == ({"W": (3, 4), "b": (4,)}, {})
    assert layer.built is False
    steps = TimeDistributed(Dense(4, name="inner"))
    params, _ = steps.init(KEY, (None, 5, 3))
    assert shapes(params) == {"inner": {"W": (3, 4), "b": (4,)}}
    built = Dense(4)
    built(Input((3,)))
    assert shapes(built.init(KEY)[0]) == {"W": (3, 4), "b": (4,)}
    assert shapes(built.init(KEY, (None, 7))[0]) == {"W": (7, 4), "b": (4,)}  # for another shape than its own
    assert built.W.shape == (3, 4)
    with pytest.raises(ValueError, match=r"'dense_3' is not built yet: give init\(key, input_shape\)"):
        Dense(4).init(KEY)


def test_an_ensemble_is_a_vmap_over_keys():
    model = mlp()
    keys = jax.random.split(KEY, 8)
    params, _ = jax.vmap(model.init)(keys)
    assert shapes(params) == {"a": {"W": (8, 3, 4), "b": (8, 4)}, "b": {"W": (8, 4, 2), "b": (8, 2)}}
    outputs = jax.jit(jax.vmap(model.apply, in_axes=(0, None)))(params, X)
    assert outputs.shape == (8, 6, 2)
    third = jax.tree.map(lambda array: array[3], params)
    np.testing.assert_allclose(outputs[3], model.apply(third, X), rtol=1e-5, atol=1e-6)
    assert equal(third, model.init(keys[3])[0])
    losses = jax.vmap(lambda p: jnp.mean(jnp.square(model.apply(p, X))))(params)
    assert len(set(np.asarray(losses).tolist())) == 8


# ---- gradients


def test_gradients_have_the_structure_of_params():
    model = two_towers()
    grads = jax.grad(lambda params: sum(jnp.sum(y**2) for y in model.apply(params, [X, 2 * X])))(model.params)
    assert shapes(grads) == shapes(model.params)
    assert all(float(jnp.abs(leaf).max()) > 0 for leaf in jax.tree.leaves(grads))


def test_gradients_per_example():
    model = Sequential([Dense(2, input_dim=3)])

    def loss(params, x, y):
        return jnp.sum(jnp.square(model.apply(params, x[None])[0] - y))

    each = jax.jit(jax.vmap(jax.grad(loss), in_axes=(None, 0, 0)))(model.params, X, Y)
    assert shapes(each) == {"dense_1": {"W": (6, 3, 2), "b": (6, 2)}}
    whole = jax.grad(lambda p: sum(loss(p, x, y) for x, y in zip(X, Y, strict=True)))(model.params)
    np.testing.assert_allclose(each["dense_1"]["W"].sum(axis=0), whole["dense_1"]["W"], rtol=1e-4, atol=1e-5)


def test_gradients_of_the_input_and_second_derivatives():
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(1)])

    def value(x):
        return model.apply(model.params, x[None])[0, 0]

    assert jax.grad(value)(X[0]).shape == (3,)
    hessian = jax.hessian(value)(X[0])
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-6)


# ---- training mode


def test_training_is_a_function_of_the_key():
    model = mlp()
    train = jax.jit(lambda key: model.apply_with_state(model.params, {}, X, train=True, key=key)[0])
    np.testing.assert_array_equal(train(KEY), train(KEY))
    assert not np.array_equal(train(KEY), train(jax.random.key(9)))
    assert not np.array_equal(train(KEY), model.apply(model.params, X))
    noise = jax.vmap(train)(jax.random.split(KEY, 5))  # Monte Carlo dropout
    assert noise.shape == (5, 6, 2)
    assert float(noise.std(axis=0).min()) > 0


def test_inference_needs_no_key_and_training_does():
    model = mlp()
    model.apply_with_state(model.params, {}, X)
    with pytest.raises(
        ValueError, match=r"Layer 'drop' \(Dropout\) is random while training and needs a key.*key=jax.random.key"
    ):
        model.apply_with_state(model.params, {}, X, train=True)
    quiet = Sequential([Dense(2, input_dim=3)])
    quiet.apply_with_state(quiet.params, {}, X, train=True)  # nothing random in it


def test_dropout_does_not_depend_on_other_layers():
    def masks(*extra):
        model = Sequential([Dropout(0.5, input_shape=(50,), name="drop"), *extra])
        return model.apply_with_state(model.params, {}, jnp.ones((2, 50)), train=True, key=KEY)[0]

    identity = [Activation("linear"), Lambda(lambda x: x, output_shape=(50,))]
    np.testing.assert_array_equal(masks(), masks(*identity))
    before = Sequential([Activation("linear", input_shape=(50,)), Dropout(0.5, name="drop")])
    np.testing.assert_array_equal(before.apply_with_state({}, {}, jnp.ones((2, 50)), train=True, key=KEY)[0], masks())


def test_the_calls_of_a_nested_model_drop_different_units():
    inner = Sequential([Dropout(0.5, input_shape=(50,))])
    x = Input((50,))
    model = Model(x, [inner(x), inner(x)])
    one, two = model.apply_with_state({}, {}, jnp.ones((1, 50)), train=True, key=KEY)[0]
    assert not np.array_equal(one, two)


def test_the_key_may_be_traced_and_train_is_static():
    model = mlp()
    jitted = jax.jit(model.apply_with_state, static_argnames="train")
    one, _ = jitted(model.params, {}, X, train=True, key=KEY)
    two, _ = jitted(model.params, {}, X, train=True, key=jax.random.key(1))
    np.testing.assert_array_equal(one, two)


# ---- state


def stateful():
    return Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 4, 3), name="rnn"), Dense(1, name="out")], name="m")


def test_state_goes_in_and_out_and_the_shell_is_left_alone():
    model = stateful()
    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    params, state = model.params, model.state
    assert shapes(state) == {"rnn": {"h": (2, 2), "c": (2, 2)}}
    first, after = jax.jit(model.apply_with_state)(params, state, x)
    second, _ = model.apply_with_state(params, after, x)
    assert not np.allclose(first, second)
    assert equal(model.state, state)
    np.testing.assert_array_equal(model.predict(x, batch_size=2), first)  # the shell walks the same way
    np.testing.assert_allclose(model.predict(x, batch_size=2), second, rtol=1e-6)
    np.testing.assert_array_equal(model.apply(params, x, state=state), model.apply(params, x, state))


def test_state_is_threaded_through_a_scan():
    model = stateful()
    x = RNG.normal(size=(5, 2, 4, 3)).astype("float32")

    def body(state, batch):
        y, state = model.apply_with_state(model.params, state, batch)
        return state, y

    _, outputs = jax.lax.scan(body, model.state, x)
    for batch, expected in zip(x, outputs, strict=True):
        np.testing.assert_allclose(model.predict(batch, batch_size=2), expected, rtol=1e-5, atol=1e-6)


def test_missing_state_names_the_layer_and_the_full_form():
    model = stateful()
    x = jnp.ones((2, 4, 3))
    with pytest.raises(
        MissingStateError, match=r"Model 'm': layer 'rnn' has state.*apply\(params, x, state=state\).*apply_with_state"
    ):
        model.apply(model.params, x)
    nested = Sequential([model, Dense(1)])
    with pytest.raises(MissingStateError, match="'rnn' has state"):
        nested.apply(nested.params, x)
    layer = model.layers[0]
    with pytest.raises(MissingStateError, match=r"'rnn' has state: use y, state = layer.apply_with_state"):
        layer.apply(layer.params, x)


# ---- layers


def test_a_layer_by_itself():
    layer = Dense(4, activation="tanh")
    params, state = layer.init(KEY, (None, 3))
    expected = np.tanh(X @ params["W"] + params["b"])
    np.testing.assert_allclose(layer.apply(params, X), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(jax.jit(layer.apply)(params, X), expected, rtol=1e-5, atol=1e-6)
    y, after = layer.apply_with_state(params, state, X)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert after == {}
    y, _ = Dropout(0.5).apply_with_state({}, {}, X, Context(train=True, key=KEY))
    assert (np.asarray(y) == 0).any()


def test_a_layer_of_a_model_computes_with_its_part_of_the_params():
    model = mlp()
    layer = model.get_layer("a")
    assert equal(layer.params, model.params["a"])
    hidden = Model(model.inputs, layer.output)
    np.testing.assert_allclose(hidden.predict(X), layer.apply(model.params["a"], X), rtol=1e-6)


# ---- what comes in


def test_numpy_arrays_variables_and_lists_of_rows_are_taken():
    from jkeras import backend as K

    model = mlp()
    expected = model.apply(model.params, jnp.asarray(X))
    for x in (X, X.astype("float64"), K.variable(X), [X.tolist()]):
        np.testing.assert_allclose(model.apply(model.params, x), expected, rtol=1e-6)
    words = Sequential([Embedding(7, 2, input_length=3)])
    np.testing.assert_array_equal(
        words.apply(words.params, np.array([[0, 1, 6]])), words.predict(np.array([[0, 1, 6]]))
    )


def test_dtypes_follow_the_arguments():
    model = mlp()
    half = jax.tree.map(lambda array: array.astype("bfloat16"), model.params)
    assert model.apply(half, jnp.asarray(X, "bfloat16")).dtype == "bfloat16"


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((6, 4)), r"Input 'dense_input_1' of model 'm': expected size 3 in axis 1.*called on shape \(6, 4\)"),
        (np.ones(3), r"expected an input of 2 dimensions; it was called on shape \(3,\)"),
        ([X, X], r"Model 'm' takes 1 input, \['dense_input_1'\]; it was called on 2"),
        ({"x": X}, r"the inputs lack \['dense_input_1'\]; it has inputs \['dense_input_1'\]"),
        ({"dense_input_1": X, "dense_input": X}, r"has no input 'dense_input'. Perhaps you meant 'dense_input_1'"),
    ],
)
def test_inputs_that_do_not_fit(x, message):
    model = Sequential([Dense(2, input_dim=3)], name="m")
    for apply in (model.apply, jax.jit(model.apply)):
        with pytest.raises(ValueError, match=message):
            apply(model.params, x)
