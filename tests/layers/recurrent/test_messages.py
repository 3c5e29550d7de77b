"""What recurrent layers and their neighbours say to bad input."""

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras.engine.contract import Context
from jkeras.layers import GRU, LSTM, Dense, Embedding, Flatten, Input, Permute, SimpleRNN
from jkeras.models import Sequential
from tests.layers.recurrent.reference import KINDS

X = np.zeros((2, 4, 3), "float32")


def model_of(*layers):
    return Sequential(list(layers))


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_instead_of_sequences(kind):
    message = (
        rf"Layer '{kind.__name__.lower()}_1' \({kind.__name__}\) reads sequences of shape \(batch, time, features\); its input "
        r"has shape \(None, 5\)\. After another recurrent layer give that one return_sequences=True; word numbers need an "
        r"Embedding first; other vectors a Reshape\(\(time, features\)\)"
    )
    with pytest.raises(ValueError, match=message):
        kind(3)(Input((5,)))


def test_two_recurrent_layers_without_the_sequences_between():
    with pytest.raises(ValueError, match=r"'gru_1' .* its input has shape \(None, 3\)\. After another recurrent layer"):
        model_of(LSTM(3, input_shape=(4, 2)), GRU(2))


def test_images():
    with pytest.raises(ValueError, match=r"'lstm_1' \(LSTM\): expected an input of 3 dimensions; got .*None, 4, 5, 2"):
        LSTM(3)(Input((4, 5, 2)))


def test_other_features_than_it_was_built_for():
    layer = LSTM(3)
    layer(Input((4, 2)))
    with pytest.raises(ValueError, match=r"'lstm_1' \(LSTM\): expected size 2 in axis 2.*; got shape \(None, 4, 5\)"):
        layer(Input((4, 5)))


def test_features_that_are_not_known():
    with pytest.raises(
        ValueError, match=r"'lstm_1': weight 'W_i' would have shape \(None, 3\).* be known and positive"
    ):
        LSTM(3)(Input((4, None)))


def test_layers_that_need_a_known_length():
    with pytest.raises(ValueError, match=r"'flatten_1' \(Flatten\) cannot flatten inputs of shape \(None, None, 3\)"):
        model_of(LSTM(3, return_sequences=True, input_dim=2), Flatten())
    with pytest.raises(ValueError, match=r"'flatten_2' .*for sequences: input_length"):
        model_of(Embedding(10, 3), Flatten())
    with pytest.raises(ValueError, match=r"'dense_1': weight 'W' would have shape \(None, 1\).* must be known"):
        model_of(LSTM(3, return_sequences=True, input_dim=2), Permute((2, 1)), Dense(1))
    # Over features Dense is applied to each time step, however many there are.
    assert model_of(LSTM(3, return_sequences=True, input_dim=2), Dense(1)).output_shape == (None, None, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_unrolling_an_unknown_number_of_steps(kind):
    with pytest.raises(
        ValueError, match=r"unroll=True needs sequences of a known length; give input_shape=\(time, feat"
    ):
        model_of(kind(3, unroll=True, input_dim=2))


@pytest.mark.parametrize("kind", KINDS)
def test_stateful_without_a_batch_size(kind):
    message = (
        r"is stateful, so it needs a fixed batch size: give the first layer batch_input_shape=\(batch size, time, feat"
    )
    with pytest.raises(ValueError, match=message):
        model_of(kind(3, stateful=True, input_shape=(4, 2)))


def test_resetting_states_that_are_not_there():
    layer = LSTM(3)
    layer(Input((4, 2)))
    with pytest.raises(AttributeError, match=r"'lstm_1' is not stateful: it has no states to reset. .* stateful=True"):
        layer.reset_states()
    with pytest.raises(ValueError, match="'gru_1' is not built yet, so it has no states"):
        GRU(3, stateful=True).reset_states()


@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_a_wrong_shape(kind):
    model = model_of(layer := kind(3, input_shape=(4, 3)))
    for mask, shape in ((np.ones((2, 3)), r"\(2, 3\)"), (np.ones(2), r"\(2,\)"), (np.ones((2, 4, 3)), r"\(2, 4, 3\)")):
        message = rf"Layer '{layer.name}' \({kind.__name__}\): the mask has shape {shape}; .* it must be \(2, 4\)"
        with pytest.raises(ValueError, match=message):
            model.apply(model.params, X, mask=mask)
        with pytest.raises(ValueError, match=message):
            layer.apply_with_state(layer.params, {}, X, Context(mask=mask))


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_without_steps(kind):
    model = model_of(layer := kind(3, input_dim=3))
    message = rf"Layer '{layer.name}' .* reads sequences of at least one time step; got inputs of shape \(2, 0, 3\)"
    with pytest.raises(ValueError, match=message):
        layer.apply(layer.params, X[:, :0])
    with pytest.raises(ValueError, match=r"'.*_input_1' is empty; its shape is \(2, 0, 3\)"):
        model.predict(X[:, :0])
    with pytest.raises(ValueError, match=r"sizes in input_shape are positive whole numbers or None; got \(0, 3\)"):
        kind(3, input_shape=(0, 3))


@pytest.mark.parametrize("index", [5, -1])
def test_words_that_an_embedding_does_not_know(index):
    model = model_of(Embedding(5, 2, input_length=3), LSTM(3))
    model.compile("sgd", "mse")
    words = np.array([[1, 2, 3], [1, index, 3]])
    message = rf"'embedding_1' .* indices run from 0 to 4; got {index} at position \(1, 1\)"
    for call in (
        lambda: model.predict(words),
        lambda: model.fit(words, np.zeros((2, 3)), verbose=0),
        lambda: model.train_on_batch(words, np.zeros((2, 3))),
        lambda: model.evaluate(words, np.zeros((2, 3)), verbose=0),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_modes_that_do_not_exist():
    with pytest.raises(ValueError, match=r"LSTM: unknown consume_less 'gpus'\. Perhaps you meant 'gpu'"):
        LSTM(3, consume_less="gpus")
    with pytest.raises(ValueError, match=r"GRU: unknown consume_less None\. Known are: cpu, gpu, mem"):
        GRU(3, consume_less=None)


def test_sizes_that_make_no_sense():
    for size in (0, -1, 2.5, None):
        with pytest.raises(ValueError, match="SimpleRNN: output_dim must be a positive whole number"):
            SimpleRNN(size)
    with pytest.raises(ValueError, match="input_length must be a positive whole number; got 0"):
        LSTM(3, input_dim=2, input_length=0)
    assert SimpleRNN(8 / 2).output_dim == 4


def test_unknown_keywords():
    with pytest.raises(
        TypeError, match=r"LSTM: unknown keyword argument 'return_sequence'\. Perhaps you meant 'return_seq"
    ):
        LSTM(3, return_sequence=True)


def test_a_random_training_step_needs_a_key():
    layer = GRU(3, dropout_U=0.5)
    layer(Input((4, 3)))
    with pytest.raises(ValueError, match=r"Layer 'gru_1' \(GRU\) is random while training and needs a key"):
        layer.apply_with_state(layer.params, {}, jnp.asarray(X), Context(train=True))
