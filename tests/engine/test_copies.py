"""Copies of layers and models, by deepcopy and by pickle."""

import copy
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.layer import Layer
from jkeras.layers import Dense, Dropout, Input, Lambda, Merge, merge
from jkeras.models import Model, Sequential
from tests.engine.custom_layers import shapes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
Y = RNG.normal(size=(6, 2)).astype("float32")


class Shifted(Layer):
    """A custom layer as scripts write them."""

    def build(self, input_shape):
        self.shift = self.add_weight((input_shape[-1],), "one", name="shift")

    def call(self, x, mask=None):
        return x + self.shift


def models_to_copy():
    x = Input((3,))
    shared = Dense(3, name="shared")
    inner = Model(x, Dropout(0.5)(shared(x)), name="inner")
    y = Input((3,))
    graph = Model(y, Shifted(name="shift")(merge([inner(y), shared(inner(y))], mode="concat")))
    left, right = (Sequential([shared, Dense(2)]) for shared in [Dense(4, input_dim=3)] * 2)
    merged = Sequential([Merge([left, right], mode="sum"), Dense(2)])
    return {"graph": graph, "merged": merged, "stack": Sequential([Sequential([Dense(4, input_dim=3)]), Dense(2)])}


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize(
    ("name", "way", "used"),
    [
        ("graph", copy.deepcopy, True), ("graph", pickled, False), ("merged", copy.deepcopy, False), ("merged", pickled, False),
        ("stack", copy.deepcopy, False), ("stack", pickled, True),
    ],
)  # fmt: skip
def test_a_copy_computes_the_same_and_is_independent(name, way, used):
    model = models_to_copy()[name]
    if used:
        model.compile("adam", "mse")
        model.fit(X, np.zeros((6, model.output_shape[-1])), nb_epoch=1, verbose=0)
    twin = way(model)
    assert type(twin) is type(model)
    before = model.predict(X)
    np.testing.assert_array_equal(twin.predict(X), before)
    assert twin.get_config() == model.get_config()
    assert shapes(twin.params) == shapes(model.params)
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    assert not set(map(id, twin.sublayers())) & set(map(id, model.sublayers()))
    with pytest.raises(RuntimeError, match="not compiled"):
        twin.evaluate(X, X)
    twin.compile("sgd", "mse")
    twin.fit(X, np.ones((6, model.output_shape[-1])), nb_epoch=1, verbose=0)
    assert not np.array_equal(twin.predict(X), before)
    np.testing.assert_array_equal(model.predict(X), before)


def test_copies_made_together_share_what_the_originals_share():
    x = Input((3,))
    judge = Sequential([Dense(2, input_dim=3)])
    gan = Model(x, judge(Dense(3)(x)))
    judge_two, gan_two = copy.deepcopy((judge, gan))
    assert gan_two.layers[-1] is judge_two
    judge_two.set_weights([np.zeros((3, 2)), np.ones(2)])
    np.testing.assert_array_equal(gan_two.predict(X), np.ones((6, 2)))
    assert gan.predict(X)[0, 0] != 1


def test_a_copy_of_a_layer_has_its_weights_and_none_of_its_calls():
    layer = Dense(2)
    layer(Input((3,)))
    twin = copy.deepcopy(layer)
    assert twin.inbound_nodes == []
    np.testing.assert_array_equal(twin.get_weights()[0], layer.get_weights()[0])
    np.testing.assert_array_equal(twin.W.get_value(), layer.W.get_value())
    layer.set_weights([np.zeros((3, 2)), np.zeros(2)])
    assert twin.get_weights()[0].any()
    assert twin(Input((3,))).shape == (None, 2)


def test_a_stack_can_go_on_after_a_copy():
    model = Sequential([Dense(4, input_dim=3)])
    twin = copy.deepcopy(model)
    twin.add(Dense(2))
    assert (model.output_shape, twin.output_shape) == ((None, 4), (None, 2))
    assert copy.deepcopy(Sequential()).layers == []


def test_what_cannot_be_pickled_is_named():
    model = Sequential([Lambda(lambda x: 2 * x, input_shape=(3,))])
    np.testing.assert_array_equal(copy.deepcopy(model).predict(X), 2 * X)
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(model)


def test_a_long_chain_can_be_copied():
    x = tensor = Input((2,))
    for _ in range(1000):
        tensor = merge([tensor, tensor], mode="ave")
    twin = pickle.loads(pickle.dumps(copy.deepcopy(Model(x, tensor))))
    np.testing.assert_array_equal(twin.apply({}, jnp.ones((1, 2))), [[1.0, 1.0]])
