"""K's functions on symbolic tensors: graph nodes, K.function, K.gradients, losses that close over tensors."""

import numpy as np
import pytest

from jkeras import backend as K
from jkeras import objectives
from jkeras.layers import LSTM, Dense, Dropout, Input, Lambda
from jkeras.models import Model, Sequential


@pytest.fixture
def x():
    return np.random.RandomState(0).randn(6, 4).astype("float32")


# ---- expressions


def test_operators_indexing_and_functions_make_tensors_with_shapes():
    a = Input((4,))
    for tensor, shape in [
        (a + 1, (None, 4)),
        (2 - a, (None, 4)),
        (a * a / 2, (None, 4)),
        (-a, (None, 4)),
        (a[:, 1:3], (None, 2)),
        (K.mean(a, axis=-1), (None,)),
        (K.sum(a), ()),
        (K.expand_dims(a, 1), (None, 1, 4)),
        (K.concatenate([a, a * 2], axis=-1), (None, 8)),
        (K.dot(a, K.variable(np.ones((4, 3)))), (None, 3)),
        (np.ones(4, "float32") * a, (None, 4)),
    ]:
        assert K.int_shape(tensor) == shape, tensor
    assert (a > 0).dtype == "bool"


def test_an_expression_can_be_the_output_of_a_model_and_keeps_no_place_in_the_layers_nodes(x):
    inputs = Input((4,))
    dense = Dense(3)
    hidden = dense(inputs)
    model = Model(inputs, K.relu(hidden) * 2 - K.mean(hidden, axis=-1, keepdims=True))
    W, b = dense.get_weights()
    h = x @ W + b
    np.testing.assert_allclose(model.predict(x), np.maximum(h, 0) * 2 - h.mean(-1, keepdims=True), rtol=1e-5, atol=1e-6)
    assert dense.outbound_nodes == []
    with pytest.raises(NotImplementedError, match=r"expression .*Lambda"):
        model.to_json()


def test_a_symbolic_tensor_has_no_numbers():
    a = Input((4,))
    for use in (bool, np.asarray, list):
        with pytest.raises(TypeError, match="symbolic"):
            use(a)


# ---- K.function


def test_function_of_a_hidden_layer_and_the_learning_phase(x):
    model = Sequential([Dense(50, input_dim=4), Dropout(0.5)])
    f = K.function([model.layers[0].input, K.learning_phase()], [model.layers[1].output])
    np.testing.assert_allclose(f([x, 0])[0], model.predict(x), rtol=1e-5)
    dropped = f([x, 1])[0]
    assert 0.3 < (dropped == 0).mean() < 0.7
    assert not np.array_equal(f([x, 1])[0], dropped)


def test_function_sees_weights_and_variables_as_they_are_at_the_call(x):
    a = Input((4,))
    scale = K.variable(2.0)
    dense = Dense(3)
    f = K.function([a], [dense(a) * scale])
    first = f([x])[0]
    K.set_value(scale, 4.0)
    np.testing.assert_allclose(f([x])[0], 2 * first, rtol=1e-6)
    dense.set_weights([2 * w for w in dense.get_weights()])
    np.testing.assert_allclose(f([x])[0], 4 * first, rtol=1e-6)
    K.set_value(scale, 1.0)
    np.testing.assert_allclose(f([x])[0], first, rtol=1e-6)


def test_function_makes_its_updates_after_the_outputs():
    a = K.placeholder(shape=(2,))
    total = K.variable(np.zeros(2))
    f = K.function([a], [total], updates=[(total, total + a)])
    np.testing.assert_array_equal(f([[1, 2]])[0], [0, 0])
    np.testing.assert_array_equal(f([[1, 2]])[0], [1, 2])
    np.testing.assert_array_equal(K.get_value(total), [2, 4])


def test_function_without_inputs_and_eval():
    v = K.variable([1.0, 2.0])
    a = K.placeholder(ndim=1)
    assert K.function([], [v])([])[0].tolist() == [1, 2]
    assert K.eval(v * 2).tolist() == [2, 4]
    with pytest.raises(RuntimeError, match="disconnected"):
        K.eval(a + 1)


def test_function_of_one_tensor_that_is_in_no_list():
    x = K.placeholder((None, 3))
    found = K.function([x], x * 2)([[[1, 2, 3]]])
    assert isinstance(found, np.ndarray)
    np.testing.assert_array_equal(found, [[2, 4, 6]])


def test_function_says_what_is_wrong():
    a = Input((4,))
    with pytest.raises(TypeError, match="inputs are symbolic tensors"):
        K.function([np.ones(3)], [a])
    with pytest.raises(ValueError, match="takes 1 inputs; got 2"):
        K.function([a], [a * 1])([np.ones((1, 4)), 0])
    with pytest.raises(ValueError, match=r"placeholder needs shape="):
        K.placeholder()


# ---- K.gradients


def test_gradients_with_respect_to_an_input_agree_with_differences(x):
    model = Sequential([Dense(5, input_dim=4, activation="tanh"), Dense(2)])
    loss = K.sum(K.square(model.output))
    f = K.function([model.input], [loss, *K.gradients(loss, model.input)])
    _, grads = f([x])
    assert grads.shape == x.shape
    for index in [(0, 0), (3, 2)]:
        moved = x.copy()
        moved[index] += 1e-2
        back = x.copy()
        back[index] -= 1e-2
        assert grads[index] == pytest.approx((f([moved])[0] - f([back])[0]) / 2e-2, rel=2e-2, abs=1e-3)


def test_gradients_with_respect_to_weights_and_intermediate_tensors(x):
    inputs = Input((4,))
    first, second = Dense(3), Dense(2)
    hidden = first(inputs)
    loss = K.sum(second(hidden))
    by_weight, by_hidden = K.gradients(loss, [second.W, hidden])
    f = K.function([inputs], [by_weight, by_hidden, hidden])
    dW, dh, h = f([x])
    np.testing.assert_allclose(dW, np.repeat(h.sum(0)[:, None], 2, axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(dh, np.repeat(second.get_weights()[0].sum(1)[None], 6, axis=0), rtol=1e-5, atol=1e-6)


def test_deep_dream_idiom_climbs_the_activation(x):
    model = Sequential([Dense(8, input_dim=4, activation="tanh"), Dense(8, activation="tanh")])
    layers = {layer.name: layer for layer in model.layers}
    dream = model.input
    loss = K.variable(0.0)
    loss = loss + K.mean(K.square(layers["dense_2"].output))
    grads = K.gradients(loss, dream)[0]
    grads /= K.maximum(K.mean(K.abs(grads)), 1e-7)
    fetch = K.function([dream], [loss, grads])
    image = x.copy()
    losses = []
    for _ in range(20):
        value, step = fetch([image])
        losses.append(float(value))
        image += 0.1 * step
    assert losses[-1] > 1.2 * losses[0]


def test_gradients_refuse_arrays():
    with pytest.raises(TypeError, match="symbolic loss"):
        K.gradients(np.ones(3), [])
    with pytest.raises(TypeError, match="tensors and variables"):
        K.gradients(K.sum(Input((2,))), [np.ones(2)])


# ---- losses that close over tensors


def vae(weight):
    inputs = Input((12,))
    hidden = Dense(8, activation="relu")(inputs)
    mean, log_var = Dense(2)(hidden), Dense(2)(hidden)

    def sampling(args):
        m, v = args
        return m + K.exp(v / 2) * K.random_normal(K.shape(m))

    z = Lambda(sampling, output_shape=(2,))([mean, log_var])
    model = Model(inputs, Dense(12, activation="sigmoid")(Dense(8, activation="relu")(z)))

    def kl(y_true, y_pred):
        return -0.5 * K.mean(1 + log_var - K.square(mean) - K.exp(log_var), axis=-1)

    def loss(y_true, y_pred):
        return 12 * objectives.binary_crossentropy(y_true, y_pred) + weight * kl(y_true, y_pred)

    model.compile("adam", loss, metrics=[kl])
    return model, Model(inputs, [mean, log_var])


def test_the_variational_autoencoder_idiom_trains_on_the_closed_over_term():
    data = (np.random.RandomState(1).rand(64, 12) > 0.5).astype("float32")
    model, encoder = vae(weight=50.0)
    before = model.evaluate(data, data, verbose=0)[1]
    history = model.fit(data, data, nb_epoch=15, batch_size=16, verbose=0).history
    assert history["kl"][-1] < 0.5 * before
    mean, log_var = encoder.predict(data)
    expected = np.mean(-0.5 * np.mean(1 + log_var - mean**2 - np.exp(log_var), axis=-1))
    assert model.evaluate(data, data, batch_size=64, verbose=0)[1] == pytest.approx(expected, rel=1e-4)


def test_a_variable_in_a_loss_may_change_without_compiling_again():
    weight = K.variable(0.0)
    model, _ = vae(weight)
    data = (np.random.RandomState(1).rand(64, 12) > 0.5).astype("float32")
    without = model.test_on_batch(data, data)
    K.set_value(weight, 10.0)
    with_term, kl = model.test_on_batch(data, data)
    # The reconstruction is sampled anew each time, the term is not.
    assert with_term > without[0] + 5 * kl


def test_a_loss_may_read_weights_of_the_model_and_is_differentiated_in_them(x):
    model = Sequential([Dense(3, input_dim=4)])
    layer = model.layers[0]
    model.compile("sgd", lambda y_true, y_pred: 0 * K.sum(y_pred, axis=-1) + K.sum(K.square(layer.W)))
    W = layer.get_weights()[0]
    model.train_on_batch(x, np.zeros((6, 3)))
    np.testing.assert_allclose(layer.get_weights()[0], W - 0.01 * 2 * W, rtol=1e-5)


def test_function_of_a_recurrent_layer(x):
    model = Sequential([LSTM(3, input_shape=(5, 4), return_sequences=True), LSTM(2)])
    sequences = np.random.RandomState(0).randn(2, 5, 4)
    inner = K.function([model.input, K.learning_phase()], [model.layers[0].output])([sequences, 0])[0]
    np.testing.assert_allclose(
        inner, Model(model.input, model.layers[0].output).predict(sequences), rtol=1e-5, atol=1e-6
    )


def pyramid(x, pools=(1, 2, 3)):
    """Spatial pyramid pooling as layers of 2016 have it: bounds of slices come from sizes by way of floats."""
    shape = K.shape(x)
    height, width = ([K.cast(size, "float32") / count for count in pools] for size in (shape[2], shape[3]))
    found = []
    for level, count in enumerate(pools):
        for row in range(count):
            for column in range(count):
                top, left = K.round(row * height[level]), K.round(column * width[level])
                bottom, right = K.round(top + height[level]), K.minimum(K.round(left + width[level]), shape[3])
                top, bottom, left, right = (K.cast(bound, "int32") for bound in (top, bottom, left, right))
                part = K.reshape(x[:, :, top:bottom, left:right], [shape[0], shape[1], bottom - top, right - left])
                found.append(K.max(part, axis=(2, 3)))
    return K.concatenate(found)


@pytest.mark.parametrize("shape", [(2, 6, 7), (2, None, None)])
def test_sizes_stay_sizes_by_way_of_floats(shape):
    data = Input(shape)
    model = Model(data, Lambda(pyramid, output_shape=(28,))(data))
    x = np.random.RandomState(0).rand(3, 2, 6, 7).astype("float32")
    found = model.predict(x)
    assert found.shape == (3, 28)
    np.testing.assert_array_equal(found[:, :2], x.max(axis=(2, 3)))
    np.testing.assert_array_equal(found[:, -2:], x[:, :, 4:, 5:].max(axis=(2, 3)))


def test_slices_by_values_say_what_to_do():
    first = Lambda(lambda x: K.max(x[:, : K.cast(K.max(x), "int32")], axis=1), output_shape=(3,))
    with pytest.raises(IndexError) as caught:
        first(Input((4, 3)))
    assert "A slice has bounds that are known when the program is made" in "".join(caught.value.__notes__)
