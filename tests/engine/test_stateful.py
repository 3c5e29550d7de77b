"""States of a whole model: batch sizes, reading and setting, resizing, validation kept apart."""

import jax
import numpy as np
import pytest
from jax import lax

from jkeras import backend as K
from jkeras.layers import GRU, LSTM, Bidirectional, Dense, Input, SimpleRNN, TimeDistributed
from jkeras.models import Model, Sequential

BATCH, TIME, FEATURES = 4, 5, 3


def network(layer=LSTM, **kwargs):
    model = Sequential()
    model.add(layer(6, stateful=True, batch_input_shape=(BATCH, TIME, FEATURES), **kwargs))
    model.add(Dense(2))
    model.compile("sgd", "mse")
    return model


def data(samples=BATCH * 3, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randn(samples, TIME, FEATURES), rng.randn(samples, 2)


def test_a_batch_of_another_size_names_the_layer_both_sizes_and_the_way_out():
    model = network()
    x, y = data()
    with pytest.raises(
        ValueError,
        match=r"'lstm_1' is stateful.*states of 4 samples.*predict.*batch of 2.*reset_states\(batch_size=2\)",
    ):
        model.predict(x[:2], batch_size=4)
    with pytest.raises(ValueError, match=r"train_on_batch.*batch of 3"):
        model.train_on_batch(x[:3], y[:3])


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_a_number_of_samples_that_is_no_multiple_is_refused_before_the_first_step(method):
    model = network()
    x, y = data(10)
    before, states = model.get_weights(), model.get_states()
    with pytest.raises(ValueError, match=rf"{method} would give it a batch of 2 \(10 samples in batches of 4\)"):
        if method == "predict":
            model.predict(x, batch_size=4)
        else:
            getattr(model, method)(x, y, batch_size=4, verbose=0)
    for old, new in zip(before + states, model.get_weights() + model.get_states(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_validation_data_are_checked_too():
    model = network()
    x, y = data()
    with pytest.raises(ValueError, match="validation would give it a batch of 2"):
        model.fit(x, y, batch_size=4, verbose=0, validation_data=(x[:6], y[:6]))


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
def test_states_can_be_read_set_and_give_the_same_future(layer):
    model = network(layer)
    x, _ = data()
    model.predict(x[:4], batch_size=4)
    kept = model.get_states()
    assert any(np.abs(state).max() > 0 for state in kept)
    ahead = model.predict(x[4:8], batch_size=4)
    assert not np.allclose(model.predict(x[4:8], batch_size=4), ahead)
    model.set_states(kept)
    np.testing.assert_array_equal(model.predict(x[4:8], batch_size=4), ahead)


def test_set_states_is_all_or_nothing():
    model = network()
    model.predict(data()[0][:4], batch_size=4)
    kept = model.get_states()
    with pytest.raises(ValueError, match=r"the model has 2 states.*got 1"):
        model.set_states(kept[:1])
    with pytest.raises(ValueError, match=r"state 'lstm_1_c' has shape \(4, 6\); got \(2, 6\).*reset_states"):
        model.set_states([np.zeros((4, 6)), np.zeros((2, 6))])
    for old, new in zip(kept, model.get_states(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_reset_states_resizes_and_the_weights_stay():
    model = network()
    x, y = data()
    model.fit(x, y, batch_size=4, nb_epoch=1, shuffle=False, verbose=0)
    weights = model.get_weights()
    model.reset_states()
    batch = model.predict(x[:4], batch_size=4)
    model.reset_states(batch_size=1)
    assert [state.shape for state in model.get_states()] == [(1, 6), (1, 6)]
    one_by_one = []
    for sample in x[:4]:
        model.reset_states()
        one_by_one.append(model.predict(sample[None], batch_size=1)[0])
    np.testing.assert_allclose(one_by_one, batch, rtol=1e-5, atol=1e-6)
    model.reset_states(batch_size=4)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    model.train_on_batch(x[:4], y[:4])


def test_bidirectional_and_nested_models_are_reset_with_the_model():
    inner_in = Input(batch_shape=(BATCH, TIME, FEATURES))
    inner = Model(inner_in, LSTM(3, stateful=True, return_sequences=True)(inner_in))
    x_in = Input(batch_shape=(BATCH, TIME, FEATURES))
    model = Model(x_in, Bidirectional(GRU(2, stateful=True))(inner(x_in)))
    x, _ = data()
    first = model.predict(x[:4], batch_size=4)
    assert not np.allclose(model.predict(x[:4], batch_size=4), first)
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x[:4], batch_size=4), first)
    assert len(model.get_states()) == 4
    with pytest.raises(ValueError, match="batch of 2"):
        model.predict(x[:2], batch_size=4)


def test_the_batch_of_a_layer_inside_time_distributed_is_not_the_models():
    x_in = Input(batch_shape=(2, 3, TIME, FEATURES))
    model = Model(x_in, TimeDistributed(LSTM(2, stateful=True, batch_input_shape=(6, TIME, FEATURES)))(x_in))
    x = np.random.RandomState(0).randn(2, 3, TIME, FEATURES)
    assert model.predict(x, batch_size=2).shape == (2, 3, 2)


def test_validation_moves_the_states_unless_it_is_isolated():
    x, y = data()
    runs = {}
    for isolate in (False, True):
        np.random.seed(3)
        K.reset_uids()
        model = network()
        model.fit(
            x,
            y,
            batch_size=4,
            nb_epoch=2,
            shuffle=False,
            verbose=0,
            validation_data=(x[:4], y[:4]),
            isolate_state=isolate,
        )
        runs[isolate] = model.get_weights(), model.history.history["val_loss"]
    np.random.seed(3)
    K.reset_uids()
    alone = network()
    alone.fit(x, y, batch_size=4, nb_epoch=2, shuffle=False, verbose=0)
    for isolated, expected in zip(runs[True][0], alone.get_weights(), strict=True):
        np.testing.assert_array_equal(isolated, expected)
    assert any(not np.array_equal(a, b) for a, b in zip(runs[False][0], alone.get_weights(), strict=True))
    alone.reset_states()
    np.testing.assert_allclose(runs[True][1][-1], alone.evaluate(x[:4], y[:4], batch_size=4, verbose=0), rtol=1e-6)


def test_reset_states_on_a_stateless_layer_says_what_to_do():
    model = Sequential([LSTM(2, input_shape=(TIME, FEATURES))])
    with pytest.raises(AttributeError, match=r"'lstm_1' is not stateful.*stateful=True"):
        model.layers[0].reset_states()
    model.reset_states()  # of a model without states: nothing to do, as in Keras 1
    assert model.get_states() == []


def test_functional_face_scans_over_a_long_stream():
    model = network()
    x, _ = data(BATCH * 6)
    params, state = model.init(jax.random.key(0))
    assert {name: array.shape for name, array in state["lstm_1"].items()} == {"h": (4, 6), "c": (4, 6)}

    def piece(state, x):
        y, state = model.apply_with_state(params, state, x)
        return state, y

    _, outputs = lax.scan(piece, state, x.reshape(6, BATCH, TIME, FEATURES).astype("float32"))
    model.params = params
    model.reset_states()
    shell = model.predict(x, batch_size=BATCH).reshape(6, BATCH, 2)
    np.testing.assert_allclose(outputs, shell, rtol=1e-5, atol=1e-6)
