"""Custom layers in Keras 1's style that hold other layers, or weights of other layers."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer
from jkeras.layers import LSTM, Dense, Dropout, Input, TimeDistributed, Wrapper
from jkeras.models import Model, Sequential
from tests.engine.custom_layers import KEY, RNG, Counter, Linear, X, shapes

# ---- layers in layers


class Block(Layer):
    """Two layers and a skip connection, written as Keras 1 requires it."""

    def __init__(self, units, **kwargs):
        self.units = units
        self.inner = Dense(units, activation="tanh", name="inner")
        self.rest = [Dropout(0.5, name="drop"), Linear(units, name="custom")]
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.inner.build(input_shape)
        self.rest[1].build((input_shape[0], self.units))
        self.scale = self.add_weight((), "one", name="scale")
        self.trainable_weights = self.inner.trainable_weights + self.rest[1].trainable_weights + [self.scale]

    def call(self, x, mask=None):
        h = self.inner.call(x)
        for layer in self.rest:
            h = layer(h)
        return K.concatenate([x, h * self.scale])

    def get_output_shape_for(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] + self.units)


BLOCK = {"scale": (), "inner": {"W": (3, 2), "b": (2,)}, "custom": {"weight_1": (2, 2)}}


def test_layers_in_a_custom_layer_are_part_of_it():
    layer = Block(2)
    model = Sequential([Dense(3, input_dim=3), layer, Dense(1)])
    assert shapes(layer.params) == BLOCK
    assert [w.name for w in layer.weights] == ["inner_W", "inner_b", "custom_weight_1", "block_1_scale"]
    p = layer.params
    expected = np.concatenate([X, np.tanh(X @ p["inner"]["W"] + p["inner"]["b"]) @ p["custom"]["weight_1"]], axis=1)
    np.testing.assert_allclose(jax.jit(layer.apply)(p, X), expected, rtol=1e-5, atol=1e-6)
    assert layer.inner.built
    assert model.count_params() == sum(weight.size for weight in model.get_weights())


def test_their_weights_are_trained():
    layer = Block(2, input_shape=(3,))
    model = Sequential([layer, Dense(1)])
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(X, np.ones((6, 1)), nb_epoch=2, verbose=0)
    assert all(not np.array_equal(one, two) for one, two in zip(before, layer.get_weights(), strict=True))
    grads = jax.grad(lambda p: jnp.sum(layer.apply(p, X) ** 2))(layer.params)
    assert shapes(grads) == BLOCK


def test_their_randomness_follows_the_key():
    layer = Block(50)
    layer(Input((3,)))
    one = layer.apply_with_state(layer.params, {}, X, Context(train=True, key=KEY))[0]
    np.testing.assert_array_equal(one, layer.apply_with_state(layer.params, {}, X, Context(train=True, key=KEY))[0])
    assert not np.array_equal(
        one, layer.apply_with_state(layer.params, {}, X, Context(train=True, key=jax.random.key(1)))[0]
    )
    assert not np.array_equal(one, layer.apply(layer.params, X))
    with pytest.raises(ValueError, match=r"Layer 'drop' \(Dropout\) is random while training and needs a key"):
        layer.apply_with_state(layer.params, {}, X, Context(train=True))


def test_init_and_copies_of_a_layer_with_layers():
    layer = Block(2)
    assert shapes(layer.init(KEY, (None, 3))[0]) == BLOCK
    assert not layer.inner.built
    layer(Input((3,)))
    one, two = layer.init(KEY)[0], layer.init(KEY)[0]
    np.testing.assert_array_equal(one["inner"]["W"], two["inner"]["W"])
    assert shapes(layer.init(KEY, (None, 5))[0])["inner"] == {"W": (5, 2), "b": (2,)}
    assert layer.inner.W.shape == (3, 2)
    twin = copy.deepcopy(layer)
    np.testing.assert_array_equal(twin.apply(twin.params, X), layer.apply(layer.params, X))
    assert twin.inner is not layer.inner


def test_what_a_script_does_not_list_is_listed_last():
    # Keras 1 would neither train nor save it.
    class Unlisted(Layer):
        def __init__(self, **kwargs):
            self.inner = Dense(2, name="inner")
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, x, mask=None):
            return self.inner(x)

    layer = Unlisted()
    assert layer(Input((3,))).shape == (None, 2)
    assert [weight.name for weight in layer.weights] == ["inner_W", "inner_b"]
    layer.trainable = False
    assert [weight.name for weight in layer.non_trainable_weights] == ["inner_W", "inner_b"]


def test_a_model_inside_a_custom_layer_and_its_state():
    class Around(Layer):
        def __init__(self, **kwargs):
            self.net = Sequential([Counter(input_shape=(3,), name="counter"), Dense(2, name="d")], name="net")
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return self.net(x) + self.net.call(x)

    layer = Around()
    model = Sequential([Dense(3, input_dim=3), layer])
    assert shapes((layer.params, layer.state)) == (
        {"net": {"d": {"W": (3, 2), "b": (2,)}}},
        {"net": {"counter": {"count": (), "mean": (3,)}}},
    )
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.ones((6, 2)))
    assert float(layer.net.layers[0].count.get_value()) == 1  # both calls start from the same state; the first counts
    params, state = layer.params, layer.state
    y, after = layer.apply_with_state(params, state, X, Context(train=True, key=KEY))
    net, _ = layer.net.apply_with_state(params["net"], state["net"], X)
    np.testing.assert_allclose(y, 2 * net, rtol=1e-5)
    assert float(after["net"]["counter"]["count"]) == 2


def test_an_inner_layer_that_was_not_built():
    class Forgetful(Layer):
        def __init__(self, **kwargs):
            self.inner = Dense(2, name="inner")
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return self.inner(x)

    with pytest.raises(
        ValueError, match=r"Layer 'inner' \(Dense\) is computed with before it is built.*in that layer's build\(\)"
    ):
        Forgetful()(Input((3,)))


def test_a_class_that_extends_a_layer():
    class Doubled(Dense):
        def call(self, x, mask=None):
            return 2 * super().call(x, mask)

    class Tripled(LSTM):
        def call(self, x, mask=None):
            return 3 * super().call(x, mask)

    class Reused(Dense):
        """Reads the weights that its parent makes."""

        def call(self, x, mask=None):
            return K.dot(x, self.W) - self.b

    layer = Doubled(4, activation="tanh")
    model = Sequential([Dense(3, input_dim=3), layer])
    assert model.output_shape == (None, 4)
    w, b = layer.get_weights()
    np.testing.assert_allclose(layer.apply(layer.params, X), 2 * np.tanh(X @ w + b), rtol=1e-5, atol=1e-6)
    grads = jax.grad(lambda p: jnp.sum(layer.apply(p, X)))(layer.params)
    assert float(jnp.abs(grads["W"]).max()) > 0
    recurrent = Tripled(2)
    recurrent(Input((4, 3)))
    plain = LSTM(2)
    plain(Input((4, 3)))
    x = RNG.normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(recurrent.apply(plain.params, x), 3 * plain.apply(plain.params, x), rtol=1e-5)
    reused = Reused(4)
    reused(Input((3,)))
    np.testing.assert_allclose(reused.apply(layer.params, X), X @ w - b, rtol=1e-5, atol=1e-6)


def test_a_wrapper_in_keras_1s_style():
    class Residual(Wrapper):
        def build(self, input_shape):
            if not self.layer.built:
                self.layer.build(input_shape)
                self.layer.built = True
            super().build(input_shape)

        def call(self, x, mask=None):
            return x + self.layer.call(x, mask)

        def get_output_shape_for(self, input_shape):
            return input_shape

    layer = Residual(Dense(3, name="inner"))
    model = Sequential([Dense(3, input_dim=3), layer])
    w, b = layer.get_weights()
    np.testing.assert_allclose(layer.apply(layer.params, X), X + X @ w + b, rtol=1e-5, atol=1e-6)
    assert shapes(model.params[layer.name]) == {"inner": {"W": (3, 3), "b": (3,)}}


def test_a_custom_layer_inside_a_wrapper():
    x = Input((4, 3))
    model = Model(x, TimeDistributed(Linear(2, name="lin"))(x))
    data = RNG.normal(size=(2, 4, 3))
    np.testing.assert_allclose(model.predict(data), data @ model.get_weights()[0], rtol=1e-4, atol=1e-5)


# ---- weights of another layer


class Tied(Layer):
    """The decoder of an autoencoder whose kernel is that of the encoder, transposed."""

    def __init__(self, master, **kwargs):
        self.master = master
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.b = self.add_weight((self.master.input_shape[-1],), "zero", name="b")

    def call(self, x, mask=None):
        return K.dot(x, K.transpose(self.master.W)) + self.b

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], self.master.input_shape[-1])


def test_tied_weights_are_one_entry_and_get_the_gradients_of_both_uses():
    x = Input((3,))
    encoder = Dense(2, name="encoder")
    tied = Tied(encoder, name="tied")
    model = Model(x, tied(encoder(x)))
    assert [weight.name for weight in model.weights] == ["encoder_W", "encoder_b", "tied_b"]
    assert shapes(model.params) == {"encoder": {"W": (3, 2), "b": (2,)}, "tied": {"b": (3,)}}

    def by_hand(p):
        code = X @ p["encoder"]["W"] + p["encoder"]["b"]
        return code @ p["encoder"]["W"].T + p["tied"]["b"]

    np.testing.assert_allclose(model.predict(X), by_hand(model.params), rtol=1e-4, atol=1e-5)
    got = jax.grad(lambda p: jnp.sum(model.apply(p, X) ** 2))(model.params)
    expected = jax.grad(lambda p: jnp.sum(by_hand(p) ** 2))(model.params)
    np.testing.assert_allclose(got["encoder"]["W"], expected["encoder"]["W"], rtol=1e-4, atol=1e-4)
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))
    assert twin.get_layer("tied").master is twin.get_layer("encoder")
    model.compile("sgd", "mse")
    model.fit(X, X, nb_epoch=1, verbose=0)


def test_the_handle_of_another_layer_kept_as_ones_own():
    class Transposed(Layer):
        def __init__(self, W, **kwargs):
            self.W = W
            super().__init__(**kwargs)

        def call(self, x, mask=None):
            return K.dot(x, K.transpose(self.W))

    x = Input((3,))
    encoder = Dense(2, name="encoder")
    code = encoder(x)
    model = Model(x, Transposed(encoder.W, name="back")(code))
    assert set(model.params) == {"encoder"}
    before = model.predict(X)
    model.params = jax.tree.map(lambda a: a * 2, model.params)
    np.testing.assert_allclose(model.predict(X), 4 * before, rtol=1e-4, atol=1e-5)
