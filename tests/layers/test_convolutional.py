"""Convolution, deconvolution, and what resizes, pads and crops; tests/contract_images.py has what all layers keep."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras import initializations, regularizers
from jkeras.backend import config
from jkeras.layers import (
    AtrousConvolution1D,
    AtrousConvolution2D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Deconvolution2D,
    Dense,
    Flatten,
    Input,
    MaxPooling2D,
    SeparableConvolution2D,
    TimeDistributed,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)
from jkeras.models import Model, Sequential, model_from_json
from jkeras.optimizers import Adam
from tests.backend.images import convolved, from_tf, kernel_to_tf, to_tf

KINDS = ("th", "tf")


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")  # seeded for each test


def computed(layer, x):
    """What the layer makes of x, connected to tensors of that shape first."""
    tensor = layer(Input(batch_shape=x.shape))
    y = np.asarray(layer.apply(layer.params, x))
    assert tensor.shape == y.shape
    return y


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


# ---- what is computed


@pytest.mark.parametrize("dialect", ["tensorflow", "theano"])
@pytest.mark.parametrize("ordering", KINDS)
@pytest.mark.parametrize("border_mode", ["valid", "same", "full"])
def test_convolution2d(dialect, ordering, border_mode):
    layer = Convolution2D(
        4, 2, 3, border_mode=border_mode, subsample=(2, 1), dim_ordering=ordering, activation="tanh", dialect=dialect
    )
    x = normal(2, 5, 6, 3)
    y = computed(layer, from_tf(x, ordering))
    assert layer.params["W"].shape == ((4, 3, 2, 3) if ordering == "th" else (2, 3, 3, 4)) == layer.W_shape
    layer.set_weights([layer.get_weights()[0], normal(4)])
    y = layer.apply(layer.params, from_tf(x, ordering))
    kernel, offset = layer.get_weights()
    wanted = convolved(x, kernel_to_tf(kernel, ordering), (2, 1), border_mode, dialect)
    close(to_tf(np.asarray(y), ordering), np.tanh(wanted + offset))


@pytest.mark.parametrize("dialect", ["tensorflow", "theano"])
def test_convolution1d(dialect):
    layer = Convolution1D(4, 3, border_mode="same", subsample_length=2, bias=False, dialect=dialect)
    x = normal(2, 8, 5)
    y = computed(layer, x)
    assert layer.params["W"].shape == (3, 1, 5, 4)
    close(y, convolved(x, layer.get_weights()[0][:, 0], (2,), "same", dialect))


def test_gaps_between_taps():
    x = normal(2, 9, 3)
    layer = AtrousConvolution1D(4, 3, atrous_rate=3)
    close(computed(layer, x), convolved(x, layer.get_weights()[0][:, 0], (1,), "valid", "tensorflow", (3,)))
    x = normal(2, 7, 8, 3)
    layer = AtrousConvolution2D(4, 3, 2, atrous_rate=(1, 3), border_mode="same", dim_ordering="tf", dialect="theano")
    close(computed(layer, x), convolved(x, layer.get_weights()[0], (1, 1), "same", "theano", (1, 3)))


@pytest.mark.parametrize("ordering", KINDS)
def test_convolution3d(ordering):
    x = normal(2, 4, 3, 5, 2)
    layer = Convolution3D(3, 2, 1, 3, subsample=(1, 1, 2), dim_ordering=ordering)
    y = computed(layer, from_tf(x, ordering))
    wanted = convolved(x, kernel_to_tf(layer.get_weights()[0], ordering), (1, 1, 2), "valid", "tensorflow")
    close(to_tf(y, ordering), wanted)


@pytest.mark.parametrize("dialect", ["tensorflow", "theano"])
@pytest.mark.parametrize("ordering", KINDS)
def test_deconvolution_is_the_transpose_of_a_convolution(dialect, ordering):
    narrow, wide = (3, 4, 4), (2, 8, 9)
    shape = (None, *wide) if ordering == "th" else (None, 8, 9, 2)
    layer = Deconvolution2D(
        2, 2, 3, shape, subsample=(2, 2), bias=False, dim_ordering=ordering, dialect=dialect, border_mode="valid"
    )
    x = normal(2, *narrow)
    y = computed(layer, x if ordering == "th" else to_tf(x, "th"))
    forth = Convolution2D(3, 2, 3, subsample=(2, 2), bias=False, dim_ordering=ordering, dialect=dialect)
    other = normal(*y.shape)
    computed(forth, other)
    forth.set_weights([np.swapaxes(layer.get_weights()[0], *((0, 1) if ordering == "th" else (2, 3)))])
    z = np.asarray(forth.apply(forth.params, other))
    close(np.vdot(y, other), np.vdot(x if ordering == "th" else to_tf(x, "th"), z))


@pytest.mark.parametrize("ordering", KINDS)
def test_separable_convolution_is_a_product_of_two(ordering):
    x = from_tf(normal(2, 5, 6, 3), ordering)
    layer = SeparableConvolution2D(4, 2, 3, depth_multiplier=2, dim_ordering=ordering, bias=False)
    y = computed(layer, x)
    depthwise, pointwise = (kernel_to_tf(weight, ordering) for weight in layer.get_weights())
    assert [weight.name.removeprefix(f"{layer.name}_") for weight in layer.weights] == [
        "depthwise_kernel",
        "pointwise_kernel",
    ]
    # As one kernel: what reaches output o from input c is the sum over its depthwise kernels.
    whole = np.einsum("rcim,imo->rcio", depthwise, pointwise.reshape(3, 2, 4))
    close(to_tf(y, ordering), convolved(to_tf(x, ordering), whole, (1, 1), "valid", "tensorflow"))


def test_upsampling():
    x = normal(2, 3, 4, 5)
    close(computed(UpSampling2D((2, 3)), x), x.repeat(2, 2).repeat(3, 3))
    close(computed(UpSampling2D(dim_ordering="tf"), x), x.repeat(2, 1).repeat(2, 2))
    close(computed(UpSampling1D(3), x[0]), x[0].repeat(3, 1))
    close(computed(UpSampling3D((1, 2, 3)), x[None]), x[None].repeat(2, 3).repeat(3, 4))
    assert UpSampling1D()(Input((None, 3))).shape == (None, None, 3)


@pytest.mark.parametrize(
    ("padding", "pads"),
    [
        ((1, 2), ((1, 1), (2, 2))),
        ((1, 2, 0, 3), ((1, 2), (0, 3))),
        ([1.0, 0], ((1, 1), (0, 0))),
        ({"top_pad": 2, "right_pad": 1}, ((2, 0), (0, 1))),
        (1, ((1, 1), (1, 1))),
    ],
)
def test_zero_padding_of_images(padding, pads):
    x = normal(2, 3, 4, 5)
    layer = ZeroPadding2D(padding)
    close(computed(layer, x), np.pad(x, ((0, 0), (0, 0), *pads)))
    close(computed(ZeroPadding2D(padding, dim_ordering="tf"), x), np.pad(x, ((0, 0), *pads, (0, 0))))
    assert (layer.top_pad, layer.bottom_pad) == pads[0] and (layer.left_pad, layer.right_pad) == pads[1]
    assert layer.get_config()["padding"] == (tuple(padding) if isinstance(padding, list) else padding)


def test_zero_padding_of_sequences_and_volumes():
    x = normal(2, 3, 4, 5, 2)
    for padding, pads in ((2, (2, 2)), ((0, 3), (0, 3)), ({"left_pad": 1}, (1, 0))):
        close(computed(ZeroPadding1D(padding), x[0, 0]), np.pad(x[0, 0], ((0, 0), pads, (0, 0))))
    close(computed(ZeroPadding3D((1, 0, 2)), x), np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0), (2, 2))))
    close(computed(ZeroPadding3D(), x), np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (1, 1))))


def test_cropping():
    x = normal(2, 3, 4, 5, 6)
    close(computed(Cropping1D((1, 0)), x[0, 0]), x[0, 0, :, 1:])
    close(computed(Cropping2D(((1, 2), (0, 3))), x[0]), x[0, :, :, 1:-2, :-3])
    close(computed(Cropping2D(), x[0]), x[0])
    close(computed(Cropping3D(((1, 1), (0, 2), (1, 0)), dim_ordering="tf"), x), x[:, 1:-1, :-2, 1:])


# ---- dialects


def test_the_dialect_is_that_of_the_backend_and_stays_in_configs(monkeypatch):
    assert Convolution2D(2, 3, 3).dialect == "tensorflow"
    monkeypatch.setattr(config, "_BACKEND", "theano")
    model = Sequential([Convolution2D(2, 2, 2, border_mode="same", input_shape=(3, 4, 4)), MaxPooling2D((2, 2))])
    x = normal(2, 3, 4, 4)
    monkeypatch.setattr(config, "_BACKEND", "tensorflow")
    again = model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    assert [layer.dialect for layer in again.layers] == ["theano", "theano"]
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    other = json.loads(model.to_json())
    for layer in other["config"]:
        del layer["config"]["dialect"]  # as Keras 1 writes it
    other = model_from_json(json.dumps(other))
    other.set_weights(model.get_weights())
    assert [layer.dialect for layer in other.layers] == ["tensorflow", "tensorflow"]
    assert not np.allclose(other.predict(x), model.predict(x))


def test_the_dialect_of_a_layer_can_be_changed():
    layer = Convolution2D(2, 2, 3, border_mode="same")
    x = normal(2, 3, 4, 5)
    before = computed(layer, x)
    weights = layer.get_weights()
    layer.dialect = "theano"
    after = np.asarray(layer.apply(layer.params, x))
    close(after, from_tf(convolved(to_tf(x, "th"), kernel_to_tf(weights[0], "th"), (1, 1), "same", "theano"), "th"))
    assert not np.allclose(after, before)
    np.testing.assert_array_equal(layer.get_weights()[0], weights[0])


# ---- weights


def test_initial_weights_follow_the_fans_of_the_ordering():
    for ordering in KINDS:
        layer = Convolution2D(64, 3, 3, dim_ordering=ordering)
        layer.build((None, 8, 9, 9) if ordering == "th" else (None, 9, 9, 8))
        limit = np.sqrt(6 / (9 * (8 + 64)))
        assert 0.98 * limit < np.abs(layer.get_weights()[0]).max() <= limit
    # Keras 1 takes the first two axes of (length, 1, inputs, outputs) for outputs and inputs.
    layer = Convolution1D(64, 3)
    layer.build((None, 9, 8))
    limit = np.sqrt(6 / (8 * 64 * (3 + 1)))
    assert 0.98 * limit < np.abs(layer.get_weights()[0]).max() <= limit


def test_initializers_of_scripts():
    def plain(shape, name=None):
        return initializations.normal(shape, scale=0.01, name=name)

    def knowing(shape, name=None, dim_ordering="th"):
        assert dim_ordering == "tf"
        return K.variable(np.full(shape, 0.5), name=name)

    layer = Convolution2D(2, 3, 3, init=plain, input_shape=(3, 5, 5))
    layer.build((None, 3, 5, 5))
    assert 0 < np.abs(layer.get_weights()[0]).max() < 0.1
    layer = Convolution2D(2, 3, 3, init=knowing, dim_ordering="tf")
    layer.build((None, 5, 5, 3))
    assert (layer.get_weights()[0] == 0.5).all()


def test_regularizers_and_constraints_reach_their_weights():
    layer = Convolution2D(
        2, 3, 3, W_regularizer="l2", b_regularizer=regularizers.l1(0.5), W_constraint="nonneg", input_shape=(1, 5, 5)
    )
    model = Sequential([layer, Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    layer.set_weights([np.full((2, 1, 3, 3), -1.0), np.ones(2)])
    x, y = normal(4, 1, 5, 5), normal(4, 1)
    assert model.evaluate(x, y, verbose=0) > 18 * 0.01 + 1.0
    model.train_on_batch(x, y)
    assert (layer.get_weights()[0] >= 0).all()


def test_a_small_network_learns():
    x = np.random.normal(size=(64, 1, 8, 8)).astype("float32")
    y = (x[:, 0, :4].sum((1, 2)) > x[:, 0, 4:].sum((1, 2))).astype("float32")
    model = Sequential()
    model.add(Convolution2D(4, 3, 3, activation="relu", border_mode="same", input_shape=(1, 8, 8)))
    model.add(MaxPooling2D())
    model.add(Convolution2D(4, 3, 3, activation="relu"))
    model.add(Flatten())
    model.add(Dense(1, activation="sigmoid"))
    model.compile(Adam(lr=0.01), "binary_crossentropy")
    history = model.fit(x, y, nb_epoch=8, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


# ---- how scripts write it


def test_custom_layers_extend_convolutions():
    class Twice(Convolution2D):
        def call(self, x, mask=None):
            return 2 * super().call(x)

    class ByHand(Convolution1D):
        def call(self, x, mask=None):
            x = K.expand_dims(x, 2)
            y = K.conv2d(x, self.W, strides=self.subsample, border_mode=self.border_mode, dim_ordering="tf")
            return K.squeeze(y, 2) + K.reshape(self.b, (1, 1, self.nb_filter))

    image, sequence = normal(2, 3, 5, 5), normal(2, 7, 3)
    for custom, plain, x in (
        (Twice(2, 3, 3), Convolution2D(2, 3, 3), image),
        (ByHand(2, 3, subsample_length=2), Convolution1D(2, 3, subsample_length=2), sequence),
    ):
        tensor = Input(x.shape[1:])
        model = Model(tensor, custom(tensor))
        expected = computed(plain, x)
        plain.set_weights(custom.get_weights())
        expected = np.asarray(plain.apply(plain.params, x))
        close(model.predict(x), 2 * expected if isinstance(custom, Twice) else expected)


def test_sizes_may_be_integral_floats_and_input_dim_makes_a_first_layer():
    layer = Convolution2D(16 / 2, 3.0, 3, subsample=[2.0, 1])
    assert (layer.nb_filter, layer.nb_row, layer.subsample) == (8, 3, (2, 1))
    model = Sequential([Convolution1D(4, 3, input_dim=5, input_length=10)])
    assert model.input_shape == (None, 10, 5) and model.output_shape == (None, 8, 4)
    again = Sequential.from_config(model.get_config())
    assert again.input_shape == (None, 10, 5)


def test_inside_time_distributed_and_on_two_inputs():
    layer = Convolution2D(2, 3, 3)
    steps = Input((5, 3, 6, 6))
    assert TimeDistributed(layer)(steps).shape == (None, 5, 2, 4, 4)
    assert layer(Input((3, 8, None))).shape == (None, 2, 6, None)
    with pytest.raises(
        ValueError, match=r"'convolution2d_1' .* was built for inputs of 3 channels; got shape \(None, 4"
    ):
        layer(Input((4, 8, 8)))


def test_keras_2s_words():
    with pytest.warns(UserWarning) as caught:
        layer = Convolution2D(
            filters=4, kernel_size=(3, 2), strides=(2, 2), padding="same", data_format="channels_last"
        )
    assert len(caught) == 5
    assert (layer.nb_row, layer.nb_col, layer.subsample, layer.dim_ordering) == (3, 2, (2, 2), "tf")


def test_everything_vmaps_over_weights():
    layer = Convolution2D(2, 3, 3)
    x = normal(2, 3, 5, 5)
    computed(layer, x)
    many = jax.vmap(layer.init)(jax.random.split(jax.random.key(0), 3))[0]
    y = jax.vmap(layer.apply, (0, None))(many, x)
    assert y.shape == (3, 2, 2, 3, 3)
    close(y[1], layer.apply(jax.tree.map(lambda w: w[1], many), x))
    assert jnp.isfinite(jax.grad(lambda p: layer.apply(p, x).sum())(layer.params)["W"]).all()
