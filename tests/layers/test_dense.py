"""Dense, Highway, MaxoutDense, TimeDistributedDense: numbers against numpy, shapes, messages."""

import numpy as np
import pytest

from jkeras import regularizers
from jkeras.layers import Dense, Highway, Input, Masking, MaxoutDense, TimeDistributedDense
from jkeras.models import Sequential


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def fill(layer, rng):
    """Set random weights and return them by name."""
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.get_weights()])
    return {name: np.asarray(array) for name, array in layer.params.items()}


def test_dense_is_an_affine_map_and_an_activation():
    rng = np.random.default_rng(0)
    layer = Dense(3, activation="tanh")
    layer(Input((4,)))
    w = fill(layer, rng)
    x = rng.normal(size=(5, 4)).astype("float32")
    np.testing.assert_allclose(layer.apply(layer.params, x), np.tanh(x @ w["W"] + w["b"]), rtol=1e-5)


def test_dense_acts_on_the_last_axis():
    rng = np.random.default_rng(0)
    layer = Dense(3)
    assert layer(Input((2, 6, 4))).shape == (None, 2, 6, 3)
    w = fill(layer, rng)
    x = rng.normal(size=(5, 2, 6, 4)).astype("float32")
    np.testing.assert_allclose(layer.apply(layer.params, x), x @ w["W"] + w["b"], rtol=1e-4, atol=1e-5)


def test_highway_mixes_input_and_transform():
    rng = np.random.default_rng(0)
    layer = Highway(activation="tanh")
    layer(Input((4,)))
    assert [weight.name for weight in layer.weights] == [
        f"highway_1_{name}" for name in ("W", "W_carry", "b", "b_carry")
    ]
    np.testing.assert_array_equal(layer.get_weights()[3], np.ones(4))
    w = fill(layer, rng)
    x = rng.normal(size=(5, 4)).astype("float32")
    t = sigmoid(x @ w["W_carry"] + w["b_carry"])
    expected = t * np.tanh(x @ w["W"] + w["b"]) + (1 - t) * x
    np.testing.assert_allclose(layer.apply(layer.params, x), expected, rtol=1e-5, atol=1e-6)


def test_highway_regularizes_the_transform_only():
    layer = Highway(W_regularizer="l2", b_constraint="nonneg")
    layer(Input((4,)))
    specs = {spec.name: spec for spec in layer.weight_declarations}
    assert specs["W"].regularizer is not None
    assert specs["b"].constraint is not None
    assert specs["W_carry"].regularizer is None
    assert specs["b_carry"].constraint is None


def test_highway_takes_keras_1_0s_transform_bias():
    layer = Highway(transform_bias=-2)
    layer(Input((4,)))
    np.testing.assert_array_equal(layer.get_weights()[3], np.full(4, -2, "float32"))
    copy = Highway.from_config(layer.get_config())
    copy(Input((4,)))
    np.testing.assert_array_equal(copy.get_weights()[3], layer.get_weights()[3])
    assert "transform_bias" not in Highway().get_config()  # as Keras 1.2 writes it


def test_maxout_is_the_largest_linear_function():
    rng = np.random.default_rng(0)
    layer = MaxoutDense(3, nb_feature=2)
    layer(Input((4,)))
    w = fill(layer, rng)
    x = rng.normal(size=(5, 4)).astype("float32")
    expected = np.max([x @ w["W"][k] + w["b"][k] for k in range(2)], axis=0)
    np.testing.assert_allclose(layer.apply(layer.params, x), expected, rtol=1e-4, atol=1e-5)


def test_timedistributeddense_is_dense_with_masks():
    rng = np.random.default_rng(0)
    layer = TimeDistributedDense(3, activation="relu", input_dim=4, input_length=2)
    assert layer.batch_input_shape == (None, 2, 4)
    output = layer(Masking()(Input((2, 4))))
    assert output.mask.shape == (None, 2)
    w = fill(layer, rng)
    x = rng.normal(size=(5, 2, 4)).astype("float32")
    np.testing.assert_allclose(layer.apply(layer.params, x), np.maximum(x @ w["W"] + w["b"], 0), rtol=1e-4, atol=1e-5)


def test_initial_weights_are_taken_and_a_bias_starts_at_zero():
    w = np.arange(8.0).reshape(4, 2)
    layer = Dense(2, weights=[w, np.ones(2)], input_dim=4)
    Sequential([layer])
    np.testing.assert_array_equal(layer.get_weights()[0], w)
    other = Dense(2)
    other(Input((4,)))
    np.testing.assert_array_equal(other.get_weights()[1], np.zeros(2))


def test_config_has_the_input_dim_of_a_built_layer():
    layer = Dense(2)
    assert layer.get_config()["input_dim"] is None
    layer(Input((4,)))
    assert layer.get_config()["input_dim"] == 4


def test_a_layer_further_on_is_not_read_back_as_a_first_layer():
    model = Sequential([Dense(3, input_dim=4), Dense(2)])
    first, second = (Dense.from_config(layer.get_config()) for layer in model.layers)
    assert first.batch_input_shape == (None, 4)
    assert second.batch_input_shape is None
    assert second.get_config() == model.layers[1].get_config()


def test_input_dim_of_a_sequence_is_its_last_axis():
    model = Sequential([Dense(3, input_shape=(5, 4))])
    assert model.layers[0].input_dim == 4
    assert Dense.from_config(model.layers[0].get_config()).batch_input_shape == (None, 5, 4)


def test_integral_floats_are_sizes():
    layer = Dense(6 / 2, input_dim=np.float64(4))
    assert (layer.output_dim, layer.input_dim) == (3, 4)
    assert type(layer.get_config()["output_dim"]) is int


@pytest.mark.parametrize("value", [0, -1, 2.5, "3", None, True])
def test_sizes_are_positive_whole_numbers(value):
    with pytest.raises(ValueError, match=r"Dense: output_dim must be a positive whole number; got"):
        Dense(value)


def test_penalties_and_constraints_are_those_of_the_weights():
    layer = Dense(2, W_regularizer=regularizers.l2(0.5), b_constraint="nonneg", input_dim=3)
    Sequential([layer])
    kernel, bias = layer.weight_declarations
    assert float(kernel.regularizer(np.ones((3, 2)))) == 3.0
    np.testing.assert_array_equal(bias.constraint(np.array([-1.0, 2.0])), [0.0, 2.0])


def test_unknown_names_list_close_matches():
    with pytest.raises(ValueError, match=r"Unknown activation: 'rellu'.* 'relu'"):
        Dense(2, activation="rellu")
    with pytest.raises(ValueError, match=r"Unknown initialization: 'glorot'.*'glorot_"):
        Dense(2, init="glorot")
    with pytest.raises(TypeError, match=r"Dense: unknown keyword argument 'activaton'.* 'activation'"):
        Dense(2, activaton="relu")


def test_wrong_inputs_are_named():
    with pytest.raises(ValueError, match=r"'dense_1' \(Dense\): expected an input of at least 2 dimensions; got shape"):
        Dense(2)(Input(()))
    with pytest.raises(ValueError, match=r"'highway_1' \(Highway\): expected an input of 2 dimensions"):
        Highway()(Input((3, 4)))
    with pytest.raises(ValueError, match=r"'maxoutdense_1' \(MaxoutDense\): expected an input of 2 dimensions"):
        MaxoutDense(2)(Input((3, 4)))
    with pytest.raises(ValueError, match=r"'timedistributeddense_1' .* expected an input of 3 dimensions"):
        TimeDistributedDense(2)(Input((4,)))
    with pytest.raises(ValueError, match=r"weight 'W' would have shape \(None, 2\)"):
        Dense(2)(Input((None,)))


def test_a_shared_layer_keeps_its_input_size():
    layer = Dense(2)
    layer(Input((4,)))
    assert layer(Input((3, 4))).shape == (None, 3, 2)
    with pytest.raises(
        ValueError, match=r"'dense_1' \(Dense\) was built for inputs whose last size is 4; got shape \(None, 5\)"
    ):
        layer(Input((5,)))
