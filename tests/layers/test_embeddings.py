"""Embedding: look-up, masks, dropout of words, bad indices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import Dense, Embedding, Flatten, Input, TimeDistributed
from jkeras.models import Model, Sequential

X = np.array([[1, 0, 3], [3, 3, 2]], "int32")


def built(**arguments):
    layer = Embedding(4, 2, **arguments)
    layer(Input((3,), dtype="int32"))
    return layer


def test_rows_are_looked_up():
    layer = built()
    (table,) = layer.get_weights()
    np.testing.assert_array_equal(layer.apply(layer.params, X), table[X])
    np.testing.assert_array_equal(layer.apply(layer.params, X.astype("float32")), table[X])
    assert np.abs(table).max() <= 0.05  # 'uniform'


def test_only_rows_in_use_have_a_gradient():
    layer = built()
    gradient = jax.grad(lambda params: jnp.sum(layer.apply(params, X)))(layer.params)["W"]
    np.testing.assert_array_equal(gradient, [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [3.0, 3.0]])


def test_mask():
    np.testing.assert_array_equal(built(mask_zero=True).compute_mask(jnp.asarray(X)), X != 0)
    assert built().compute_mask(jnp.asarray(X)) is None


def test_initial_weights_and_constraint():
    table = np.arange(8.0).reshape(4, 2)
    layer = built(weights=[table], W_constraint="unitnorm", W_regularizer="l2")
    np.testing.assert_array_equal(layer.get_weights()[0], table)
    (spec,) = layer.weight_declarations
    assert spec.constraint is not None
    assert spec.regularizer is not None


def test_dropout_drops_words_at_all_their_places():
    layer = Embedding(50, 3, dropout=0.4, weights=[np.ones((50, 3))])
    layer(Input((200,), dtype="int32"))
    x = np.random.default_rng(0).integers(0, 50, (8, 200))
    y = np.asarray(layer.apply_with_state(layer.params, {}, x, Context(train=True, key=jax.random.key(0)))[0])
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.6)}
    for word in range(50):
        assert len(np.unique(y[x == word])) == 1
    np.testing.assert_array_equal(layer.apply(layer.params, x), np.ones((8, 200, 3)))


def test_shapes_and_dtypes():
    assert Embedding(4, 2).batch_input_shape == (None, None)
    assert Embedding(4, 2, input_length=3).batch_input_shape == (None, 3)
    assert Embedding(4, 2, batch_input_shape=(8, 3)).batch_input_shape == (8, 3)
    assert Embedding(4, 2).input_dtype == "int32"
    assert Embedding(4, 2)(Input((None,), dtype="int32")).shape == (None, None, 2)
    assert Embedding(4, 2, input_length=3)(Input((None,), dtype="int32")).shape == (None, 3, 2)


def test_sequences_of_another_length_are_refused():
    layer = Embedding(4, 2, input_length=3)
    with pytest.raises(
        ValueError, match=r"'embedding_1' \(Embedding\) has input_length=3; it got sequences of length 5"
    ):
        layer(Input((5,), dtype="int32"))
    layer(Input((None,), dtype="int32"))
    # Where the input's length is open, the data are checked.
    inputs = Input((None,), dtype="int32")
    model = Model(inputs, Flatten()(layer(inputs)))
    assert model.predict(X).shape == (2, 6)
    with pytest.raises(ValueError, match="it got sequences of length 2"):
        model.predict(X[:, :2])


@pytest.mark.parametrize("bad", [4, -1, 1000])
def test_bad_indices_are_found_with_their_position(bad):
    model = Sequential([Embedding(4, 2, input_length=3), Flatten(), Dense(1)])
    model.compile("sgd", "mse")
    x = X.copy()
    x[1, 2] = bad
    message = (
        rf"'embedding_1' \(Embedding\) has input_dim=4, so indices run from 0 to 3; got {bad} at position \(1, 2\)"
    )
    with pytest.raises(ValueError, match=message):
        model.predict(x)
    with pytest.raises(ValueError, match=message):
        model.fit(x, np.ones((2, 1)), verbose=0)


def test_bad_indices_are_found_inside_timedistributed():
    inputs = Input((2, 3), dtype="int32")
    model = Model(inputs, TimeDistributed(Embedding(4, 2, input_length=3))(inputs))
    assert model.predict(np.stack([X, X])).shape == (2, 2, 3, 2)
    with pytest.raises(ValueError, match=r"got 9 at position \(0, 0, 0\)"):
        model.predict(np.full((1, 2, 3), 9))


def test_values_that_are_no_numbers_are_outside():
    with pytest.raises(ValueError, match=r"got nan at position \(0, 1\)"):
        built().check_values(np.array([[1.0, np.nan]]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2), "Embedding: input_dim must be a positive whole number; got 0"),
        ((4, 2.5), "Embedding: output_dim must be a positive whole number; got 2.5"),
    ],
)
def test_wrong_sizes(arguments, message):
    with pytest.raises(ValueError, match=message):
        Embedding(*arguments)


def test_wrong_dropout():
    with pytest.raises(ValueError, match="Embedding: dropout is the share that is dropped"):
        Embedding(4, 2, dropout=1.0)


def test_an_index_out_of_range_that_no_check_can_see_gives_nan():
    layer = Embedding(3, 2)
    params, _ = layer.init(jax.random.key(0), (None, 2))
    vectors = layer.apply(params, jnp.array([[0, 3], [-1, 2]]))
    np.testing.assert_array_equal(np.isnan(vectors).all(-1), [[False, True], [True, False]])
    np.testing.assert_array_equal(vectors[1, 1], params["W"][2])


def test_indices_are_checked_before_a_nested_model_gets_them():
    encoder = Sequential([Embedding(10, 4, input_length=3, name="words"), Flatten()])
    x = Input((3,), dtype="int32")
    model = Model(x, Dense(1)(encoder(x)))
    model.predict(np.array([[1, 9, 0]]))
    with pytest.raises(ValueError, match=r"'words'.*99"):
        model.predict(np.array([[1, 9, 99]]))
