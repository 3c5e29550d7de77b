"""Models as layers: nesting, sharing, weights, params and state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.layers import LSTM, Dense, Input, Lambda, Masking, Merge, TimeDistributed, merge
from jkeras.models import Model, Sequential

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.normal(size=(6, 2)).astype("float32")


def shapes(tree):
    return jax.tree.map(jnp.shape, tree)


def weight_names(model):
    return [weight.name for weight in model.weights]


# ---- weights


def test_weights_are_listed_layer_by_layer():
    x = Input((3,))
    model = Model(x, Dense(2)(Dense(4)(x)))
    assert weight_names(model) == ["dense_2_W", "dense_2_b", "dense_1_W", "dense_1_b"]
    weights = [RNG.normal(size=weight.shape).astype("float32") for weight in model.get_weights()]
    model.set_weights(weights)
    for got, given in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(got, given)
    np.testing.assert_allclose(model.predict(X), (X @ weights[0] + weights[1]) @ weights[2] + weights[3], rtol=1e-5)


def test_what_get_weights_returns_is_a_copy():
    model = Sequential([Dense(2, input_dim=3)])
    before = model.predict(X)
    model.get_weights()[0][:] = 0
    given = model.get_weights()
    model.set_weights(given)
    given[0][:] = 0
    np.testing.assert_array_equal(model.predict(X), before)


def test_models_that_share_layers_see_the_same_weights():
    x = Input((3,))
    code = Dense(2, name="encoder")(x)
    encoder = Model(x, code)
    auto = Model(x, Dense(3, name="decoder")(code))
    assert weight_names(encoder) == ["encoder_W", "encoder_b"]
    auto.compile("sgd", "mse")
    before = encoder.predict(X)
    auto.fit(X, X, nb_epoch=1, verbose=0)
    assert not np.array_equal(encoder.predict(X), before)
    encoder.set_weights([np.zeros((3, 2)), np.ones(2)])
    np.testing.assert_array_equal(auto.get_layer("encoder").get_weights()[1], np.ones(2))
    encoder.params = {"encoder": {"W": np.ones((3, 2)), "b": np.zeros(2)}}
    np.testing.assert_array_equal(auto.params["encoder"]["W"], np.ones((3, 2)))


def test_a_frozen_model_freezes_what_is_in_it():
    inner = Sequential([Dense(3, input_dim=3), Dense(3)])
    model = Sequential([inner, Dense(2)])
    assert len(model.trainable_weights) == 6
    inner.trainable = False
    assert [len(weights) for weights in (model.trainable_weights, model.non_trainable_weights)] == [2, 4]
    assert weight_names(model)[:2] == ["dense_3_W", "dense_3_b"]  # trainable first, as Keras 1's `weights`
    model.compile("sgd", "mse")
    frozen, free = inner.get_weights(), model.layers[1].get_weights()
    model.fit(X, Y, nb_epoch=1, verbose=0)
    for before, after in zip(frozen, inner.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)
    assert not np.array_equal(model.layers[1].get_weights()[0], free[0])
    assert [len(weights) for weights in (inner.trainable_weights, inner.non_trainable_weights)] == [0, 4]
    assert len(model.get_weights()) == len(model.weights) == 6


def test_a_frozen_layer_is_trained_by_the_model_that_was_compiled_before():
    # The idiom of GANs: what trains is fixed at compile.
    x = Input((3,))
    judge = Sequential([Dense(2, input_dim=3)])
    judge.compile("sgd", "mse")
    judge.trainable = False
    gan = Model(x, judge(Dense(3, name="make")(x)))
    gan.compile("sgd", "mse")
    before = judge.get_weights()
    gan.train_on_batch(X, Y)
    np.testing.assert_array_equal(judge.get_weights()[0], before[0])
    judge.train_on_batch(X, Y)
    assert not np.array_equal(judge.get_weights()[0], before[0])


def test_count_params():
    x = Input((3,))
    shared = Dense(3)
    inner = Model(x, shared(x))
    y = Input((3,))
    model = Model(y, shared(inner(y)))
    assert model.count_params() == inner.count_params() == shared.count_params() == 12  # a shared layer counts once


# ---- nesting


def test_params_of_a_nested_model_stand_under_its_name():
    x = Input((3,))
    inner = Model(x, Dense(4, name="d")(x), name="inner")
    y = Input((3,))
    model = Model(y, Dense(2, name="top")(inner(y)))
    assert shapes(model.params) == {"inner": {"d": {"W": (3, 4), "b": (4,)}}, "top": {"W": (4, 2), "b": (2,)}}
    assert shapes(model.init(jax.random.key(0))[0]) == shapes(model.params)


def test_a_nested_model_with_several_inputs_and_outputs():
    a, b = Input((3,)), Input((2,))
    inner = Model([a, b], [Dense(4, name="p")(a), Dense(5, name="q")(merge([a, b], mode="concat"))], name="inner")
    x, y = Input((3,)), Input((2,))
    p, q = inner([x, y])
    assert (p.shape, q.shape) == ((None, 4), (None, 5))
    model = Model([y, x], [q, p])
    q_inner = inner.predict([X, Y])[1]
    np.testing.assert_allclose(model.predict([Y, X])[0], q_inner, rtol=1e-6)
    assert model.output_names == ["inner", "inner"]
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    for one, two in zip(again.predict([Y, X]), model.predict([Y, X]), strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_mask_of_a_models_output():
    x = Input((3, 2))
    model = Model(x, Masking()(x))
    data = jnp.asarray([[[1.0, 0.0], [0.0, 0.0], [2.0, 2.0]]])
    np.testing.assert_array_equal(model.compute_mask(data), [[True, False, True]])


def test_models_in_models_in_models():
    tensor = None
    for depth in range(4):
        x = Input((3,))
        y = Dense(3, name="d")(x) if tensor is None else tensor(x)
        tensor = Model(x, y, name=f"level_{depth}")
    assert shapes(tensor.params) == {"level_2": {"level_1": {"level_0": {"d": {"W": (3, 3), "b": (3,)}}}}}
    weights = tensor.get_weights()
    np.testing.assert_allclose(tensor.predict(X), X @ weights[0] + weights[1], rtol=1e-5)


def test_a_nested_model_takes_other_lengths():
    x = Input((None, 3))
    inner = Model(x, TimeDistributed(Dense(2))(x))
    y = Input((7, 3))
    assert inner(y).shape == (None, 7, 2)
    assert inner.get_output_shape_for((4, 5, 3)) == (4, 5, 2)


def test_a_model_called_several_times_is_one_entry():
    x = Input((3,))
    inner = Sequential([Dense(3, input_dim=3, activation="tanh", name="d")], name="inner")
    model = Model(x, inner(inner(inner(x))))
    assert shapes(model.params) == {"inner": {"d": {"W": (3, 3), "b": (3,)}}}
    w, b = inner.get_weights()
    expected = X
    for _ in range(3):
        expected = np.tanh(expected @ w + b)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-6)


# ---- a layer shared between an outer model and a nested one


def shared_model():
    """``out(inner(x) + shared(x))`` where ``inner = tanh ∘ shared``."""
    x = Input((3,))
    shared = Dense(3, name="shared")
    inner = Model(x, Lambda(K.tanh, output_shape=(3,))(shared(x)), name="inner")
    y = Input((3,))
    return Model(y, Dense(2, name="out")(merge([inner(y), shared(y)], mode="sum")))


def by_hand(params, x):
    h = x @ params["W"] + params["b"]
    return (jnp.tanh(h) + h) @ params["V"] + params["c"]


def test_a_layer_that_a_nested_model_shares_is_one_entry_with_the_gradients_of_both_uses():
    model = shared_model()
    params = model.params
    owner = next(name for name in ("shared", "inner") if name in params)
    assert len(jax.tree.leaves(params)) == 4
    shared = params["shared"] if owner == "shared" else params["inner"]["shared"]
    flat = {**shared, "V": params["out"]["W"], "c": params["out"]["b"]}
    np.testing.assert_allclose(model.apply(params, X), by_hand(flat, X), rtol=1e-5, atol=1e-6)
    got = jax.grad(lambda p: jnp.sum(jnp.square(model.apply(p, X))))(params)
    expected = jax.grad(lambda p: jnp.sum(jnp.square(by_hand(p, X))))(flat)
    got_shared = got["shared"] if owner == "shared" else got["inner"]["shared"]
    for name in ("W", "b"):
        np.testing.assert_allclose(got_shared[name], expected[name], rtol=1e-4, atol=1e-5)


def test_training_it_equals_training_by_hand():
    model = shared_model()
    model.compile("sgd", "mse")
    layer = model.get_layer("shared")
    flat = {**layer.params, "V": model.params["out"]["W"], "c": model.params["out"]["b"]}
    grads = jax.grad(lambda p: jnp.mean(jnp.square(by_hand(p, X) - Y)))(flat)
    model.train_on_batch(X, Y)
    np.testing.assert_allclose(layer.params["W"], flat["W"] - 0.01 * grads["W"], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(layer.params["b"], flat["b"] - 0.01 * grads["b"], rtol=1e-5, atol=1e-6)


def test_state_that_a_nested_model_shares_is_one_entry():
    recurrent = LSTM(2, stateful=True, name="rnn")
    x = Input(batch_shape=(2, 4, 3))
    inner = Model(x, recurrent(x), name="inner")
    y = Input(batch_shape=(2, 4, 3))
    model = Model(y, merge([recurrent(y), inner(y)], mode="sum"))
    assert len(jax.tree.leaves(model.state)) == 2
    data = RNG.normal(size=(2, 4, 3)).astype("float32")
    first = model.predict(data, batch_size=2)
    state = model.state
    assert float(jnp.abs(jax.tree.leaves(state)[0]).sum()) > 0
    assert shapes(model.apply_with_state(model.params, state, data)[1]) == shapes(state)
    assert not np.array_equal(model.predict(data, batch_size=2), first)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(data, batch_size=2), first)


def test_reset_states_reaches_merged_branches():
    branches = [Sequential([LSTM(2, stateful=True, batch_input_shape=(2, 4, 3))]) for _ in range(2)]
    model = Sequential([Merge(branches, mode="sum")])
    assert model.stateful
    data = [RNG.normal(size=(2, 4, 3))] * 2
    first = model.predict(data, batch_size=2)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(data, batch_size=2), first)


def test_the_same_layer_in_two_nested_models():
    shared = Dense(3, name="shared")
    models = []
    for name in ("one", "two"):
        x = Input((3,))
        models.append(Model(x, shared(x), name=name))
    x = Input((3,))
    model = Model(x, models[1](models[0](x)))
    assert shapes(model.params) == {"one": {"shared": {"W": (3, 3), "b": (3,)}}}
    w, b = shared.get_weights()
    np.testing.assert_allclose(model.predict(X), (X @ w + b) @ w + b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(models[1].predict(X), X @ w + b, rtol=1e-5, atol=1e-6)


def test_two_layers_of_one_name_in_two_nested_models_stay_two():
    models = []
    for name in ("one", "two"):
        x = Input((3,))
        models.append(Model(x, Dense(3, name="same")(x), name=name))
    x = Input((3,))
    model = Model(x, models[1](models[0](x)))
    assert sorted(model.params) == ["one", "two"]
    again = Model.from_config(model.get_config())
    assert shapes(again.params) == shapes(model.params)


# ---- renaming


def test_a_layer_may_be_renamed_after_a_model_was_made():
    # Old scripts rename the layers of a model to join two copies of it.
    models = [Sequential([Dense(4, input_dim=3, name="d"), Dense(2, name="e")]) for _ in range(2)]
    models[1].compile("sgd", "mse")
    before = models[1].predict(X)
    for layer in models[1].layers:
        layer.name += "_copy"
    np.testing.assert_array_equal(models[1].predict(X), before)
    models[1].train_on_batch(X, Y)
    assert models[1].get_layer("d_copy") is models[1].layers[0]
    model = Model([models[0].inputs[0], models[1].inputs[0]], merge([models[0].output, models[1].output], mode="sum"))
    assert {"d", "e", "d_copy", "e_copy"} == set(model.params)
    assert model.predict([X, X]).shape == (6, 2)


# ---- params and state are assignable


def test_params_can_be_assigned():
    model = Sequential([Dense(4, input_dim=3, name="d"), Dense(2, name="e")])
    params, _ = model.init(jax.random.key(7))
    expected = model.apply(params, X)
    model.params = params
    np.testing.assert_array_equal(model.predict(X), np.asarray(expected))
    model.params = jax.tree.map(lambda array: np.asarray(array, "float64") * 0, params)
    assert model.params["d"]["W"].dtype == "float32"
    assert not model.predict(X).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: {"d": p["d"]}, r"params of 'm' lack \['e'\]\['W'\]; they need exactly .*\['d'\]\['b'\]"),
        (lambda p: {**p, "f": {"W": 1}}, r"params of 'm' have no entry \['f'\]\['W'\]\. Perhaps you meant"),
        (lambda p: {**p, "d": {**p["d"], "b": np.zeros(3)}}, r"\['d'\]\['b'\] in the params of 'm' has shape \(4,\); got \(3,\)"),
        (lambda p: {**p, "d": p["d"]["W"]}, r"lack \['d'\]\['W'\]"),
    ],
)  # fmt: skip
def test_params_that_do_not_fit_are_refused_whole(change, message):
    model = Sequential([Dense(4, input_dim=3, name="d"), Dense(2, name="e")], name="m")
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.params = change(jax.tree.map(jnp.zeros_like, model.params))
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    with pytest.raises(TypeError, match="nested dict"):
        model.params = list(before)


def test_weights_cannot_be_set_while_jax_traces():
    model = Sequential([Dense(2, input_dim=3)])
    before = model.predict(X)

    @jax.jit
    def step(params):
        model.params = params
        return model.predict(X)

    with pytest.raises(ValueError, match=r"set inside a function that JAX traces.*apply\(params, x\)"):
        step(model.params)
    with pytest.raises(ValueError, match="set inside a function that JAX traces"):
        jax.jit(lambda w: model.layers[0].W.set_value(w))(jnp.ones((3, 2)))
    np.testing.assert_array_equal(model.predict(X), before)


def test_state_can_be_assigned():
    model = Sequential([LSTM(2, stateful=True, batch_input_shape=(1, 4, 3), name="rnn")])
    data = RNG.normal(size=(1, 4, 3)).astype("float32")
    start = model.state
    first = model.predict(data, batch_size=1)
    model.state = start
    np.testing.assert_array_equal(model.predict(data, batch_size=1), first)


def test_arrays_that_were_taken_survive_training():
    model = Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    taken = model.params
    kept = jax.tree.map(np.array, taken)
    given = jax.tree.map(lambda array: array * 2, taken)
    model.params = given
    for _ in range(2):
        model.train_on_batch(X, Y)
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool((a == b).all()), taken, kept)))
    assert float(jnp.sum(given["dense_1"]["W"])) == pytest.approx(2 * kept["dense_1"]["W"].sum(), rel=1e-5)
