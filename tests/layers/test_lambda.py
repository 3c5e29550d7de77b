"""Lambda: shapes, masks, arguments, and configs that never hold code."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.engine.saving.config import layer_from_config
from jkeras.layers import Dense, Input, Lambda, Masking
from jkeras.models import Model, Sequential, model_from_json
from jkeras.utils.generic_utils import custom_object_scope


def halves(x):
    """Return positive and negative part side by side (the example of Keras 1's documentation)."""
    x = x - K.mean(x, axis=1, keepdims=True)
    return K.concatenate([K.relu(x), K.relu(-x)], axis=1)


def twice(shape):
    return (shape[0], shape[1] * 2)


def test_the_function_is_applied():
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    centred = x - x.mean(axis=1, keepdims=True)
    expected = np.concatenate([np.maximum(centred, 0), np.maximum(-centred, 0)], axis=1)
    np.testing.assert_allclose(Lambda(halves).apply({}, x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("output_shape", [None, (6,), [6], twice], ids=["traced", "tuple", "list", "function"])
def test_output_shape(output_shape):
    assert Lambda(halves, output_shape)(Input((3,))).shape == (None, 6)


def test_the_dtype_is_traced():
    assert Lambda(lambda x: x > 0)(Input((3,))).dtype == "bool"
    assert Lambda(lambda x: K.cast(x, "int32"))(Input((3,))).dtype == "int32"


def test_arguments_and_several_inputs():
    layer = Lambda(lambda inputs, power: inputs[0] - inputs[1] ** power, arguments={"power": 2})
    assert layer([Input((3,)), Input((3,))]).shape == (None, 3)
    np.testing.assert_array_equal(layer.apply({}, [jnp.ones(2), jnp.full(2, 3.0)]), [-8.0, -8.0])


def test_the_first_shape_gives_the_batch_of_several_inputs():
    layer = Lambda(lambda inputs: inputs[0], output_shape=(3,))
    assert layer([Input(batch_shape=(5, 3)), Input(batch_shape=(5, 2))]).shape == (5, 3)


def test_a_function_that_takes_the_mask_consumes_it():
    def mean_of_steps(x, mask=None):
        weights = K.cast(mask, "float32")[..., None]
        return K.sum(x * weights, axis=1) / K.sum(weights, axis=1)

    inputs = Input((3, 2))
    output = Lambda(mean_of_steps, output_shape=(2,))(Masking()(inputs))
    assert output.mask is None
    x = np.array([[[1.0, 1.0], [0.0, 0.0], [3.0, 5.0]]], "float32")
    np.testing.assert_allclose(Model(inputs, output).predict(x), [[2.0, 3.0]])


def test_a_mask_is_refused_unless_it_is_dealt_with():
    masked = Masking()(Input((3, 2)))
    with pytest.raises(ValueError, match=r"'lambda_1' \(Lambda\) does not support masking"):
        Lambda(lambda x: x)(masked)
    # Also where the function cannot be traced before the sizes are known.
    with pytest.raises(ValueError, match=r"'lambda_2' \(Lambda\) does not support masking"):
        Lambda(lambda x: K.reshape(x, (4, 6)), output_shape=(6,))(masked)


def test_mask_function():
    layer = Lambda(lambda x: x[:, 1:], mask=lambda x, mask: mask[:, 1:])
    assert layer(Masking()(Input((3, 2)))).mask.shape == (None, 2)
    mask = jnp.array([[True, False, True]])
    np.testing.assert_array_equal(layer.run({}, {}, jnp.ones((1, 3, 2)), Context(mask=mask)).mask, [[False, True]])


def test_a_function_that_fails_is_named():
    with pytest.raises(
        ValueError, match=r"'lambda_1' \(Lambda\): the function failed on inputs of shape \(None, 3\): KeyError"
    ):
        Lambda(lambda x: {}["missing"])(Input((3,)))
    with pytest.raises(ValueError, match=r"the function failed on .* give output_shape="):
        Lambda(lambda x: K.reshape(x, (4, 6)))(Input((3, 2)))


def test_a_function_of_a_fixed_batch_size_needs_output_shape_only():
    inputs = Input((3, 2))
    model = Model(inputs, Lambda(lambda x: K.reshape(x, (4, 6)), output_shape=(6,))(inputs))
    assert model.predict(np.ones((4, 3, 2)), batch_size=4).shape == (4, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"function": "relu"}, r"Lambda takes a function of the input, .* got 'relu'"),
        ({"function": halves, "output_shape": 3}, "output_shape is a tuple or a function of the input's shape; got 3"),
        ({"function": halves, "mask": True}, r"Lambda: mask must be a function mask\(x, mask\) or None; got True"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(TypeError, match=message):
        Lambda(**arguments)


def test_a_shape_function_must_return_a_shape():
    with pytest.raises(ValueError, match=r"'lambda_1' .* function output_shape must return a shape .* returned 3"):
        Lambda(halves, output_shape=lambda shape: 3)(Input((3,)))


def test_the_function_follows_phase_and_key_of_the_call():
    layer = Lambda(lambda x: K.in_train_phase(K.dropout(x, 0.5), x))
    x = jnp.ones((4, 30))
    np.testing.assert_array_equal(layer.apply({}, x), x)

    def train(seed):
        return layer.apply_with_state({}, {}, x, Context(train=True, key=jax.random.key(seed)))[0]

    np.testing.assert_array_equal(train(0), train(0))
    assert set(np.unique(train(0))) == {0.0, 2.0}
    assert not np.array_equal(train(0), train(1))


def test_tracing_leaves_the_scripts_random_numbers_alone():
    expected = np.random.RandomState(1337).rand()
    assert Lambda(lambda x: x + K.random_normal((3,)))(Input((3,))).shape == (None, 3)
    assert np.random.rand() == expected


def test_several_outputs():
    layer = Lambda(lambda x: [x[:, :1], x[:, 1:]], output_shape=lambda shape: [(shape[0], 1), (shape[0], 2)])
    assert [output.shape for output in layer(Input((3,)))] == [(None, 1), (None, 2)]
    assert [output.shape for output in Lambda(lambda x: [x[:, :1], x[:, 1:]])(Input((3,)))] == [(None, 1), (None, 2)]


# ---- configs


def network():
    return Sequential([Dense(3, input_dim=4), Lambda(halves, output_shape=twice), Lambda(lambda x: x**2), Dense(2)])


def test_a_network_is_read_back_with_its_functions():
    model, x = network(), np.ones((2, 4), "float32")
    text = model.to_json()
    square = model.layers[2].function
    for custom_objects in (
        {"halves": halves, "lambda_2": square},
        {"lambda_1": halves, "lambda_2": square, "lambda_1_output_shape": twice},
    ):
        again = model_from_json(text, custom_objects)
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again.predict(x), model.predict(x))
    with custom_object_scope({"halves": halves, "twice": twice, "lambda_2": square}):
        assert model_from_json(text).to_json() == text


def test_a_config_without_its_function_says_what_to_pass():
    text = network().to_json()
    with pytest.raises(
        ValueError,
        match=r"'lambda_1' \(Lambda\) uses the Python function 'halves'.*custom_objects=\{'lambda_1'.*'halves'",
    ):
        model_from_json(text)
    with pytest.raises(
        ValueError, match=r"'lambda_2' \(Lambda\) uses a lambda as its function.*custom_objects=\{'lambda_2'"
    ):
        model_from_json(text, {"halves": halves})


def test_byte_code_in_a_file_of_keras_1_is_not_touched():
    config = {
        "name": "lambda_1", "trainable": True, "function": ["4wEAAAABAAAA", None, None], "function_type": "lambda",
        "output_shape": ["4wEAAAABAAAA", None, None], "output_shape_type": "lambda", "arguments": {},
    }  # fmt: skip
    entry = json.loads(json.dumps({"class_name": "Lambda", "config": config}))
    with pytest.raises(ValueError, match=r"'lambda_1' \(Lambda\) uses a lambda .* code in files is never run"):
        layer_from_config(entry)
    layer = layer_from_config(entry, {"lambda_1": halves})
    assert layer(Input((3,))).shape == (None, 6)


def test_names_of_a_file_are_looked_up_among_custom_objects_only():
    config = {"name": "it", "function": "eval", "function_type": "function", "arguments": {}}
    with pytest.raises(ValueError, match="the Python function 'eval'"):
        Lambda.from_config(config)


def test_last_axes_of_size_one_may_be_left_to_the_output_shape():
    layer = Lambda(lambda x: K.sum(x, axis=-1), output_shape=(1,), input_shape=(3,))
    model = Sequential([layer])
    assert model.output_shape == (None, 1)
    np.testing.assert_array_equal(model.predict(np.ones((2, 3))), [[3], [3]])
    model.compile("sgd", lambda y_true, y_pred: y_pred)
    assert model.evaluate(np.ones((2, 3)), np.zeros(2), verbose=0) == 3
    with pytest.raises(ValueError, match="says that inputs"):
        Sequential([Lambda(lambda x: K.sum(x, axis=-1), output_shape=(2,), input_shape=(3,))])
