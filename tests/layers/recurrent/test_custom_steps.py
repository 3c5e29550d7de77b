"""Subclasses of SimpleRNN, GRU and LSTM as people wrote them for Keras 1: steps, constants, starts, calls of their own."""

import jax
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.engine.contract import Context, InputSpec
from jkeras.layers import GRU, LSTM, Dense, Input, Layer, Masking, Recurrent, SimpleRNN, Wrapper
from jkeras.models import Model, Sequential
from tests.layers.recurrent.models import BATCH, FEATURES, MASKED, TIME, UNITS, X, around, rng, same_as
from tests.layers.recurrent.reference import run

# ---- steps of one's own for LSTM and GRU


class SpelledOut(LSTM):
    """A step in Keras 1's conventions: what it reads and the states have exactly these places."""

    def step(self, x, states):
        h_tm1, c_tm1, B_U, B_W = states
        if self.consume_less == "gpu":
            z = K.dot(x * B_W[0], self.W) + K.dot(h_tm1 * B_U[0], self.U) + self.b
            z0, z1 = z[:, : self.output_dim], z[:, self.output_dim : 2 * self.output_dim]
            z2, z3 = z[:, 2 * self.output_dim : 3 * self.output_dim], z[:, 3 * self.output_dim :]
            i, f, g, o = self.inner_activation(z0), self.inner_activation(z1), z2, self.inner_activation(z3)
        else:
            if self.consume_less == "cpu":
                x_i = x[:, : self.output_dim]
                x_f = x[:, self.output_dim : 2 * self.output_dim]
                x_c = x[:, 2 * self.output_dim : 3 * self.output_dim]
                x_o = x[:, 3 * self.output_dim :]
            else:
                x_i = K.dot(x * B_W[0], self.W_i) + self.b_i
                x_f = K.dot(x * B_W[1], self.W_f) + self.b_f
                x_c = K.dot(x * B_W[2], self.W_c) + self.b_c
                x_o = K.dot(x * B_W[3], self.W_o) + self.b_o
            i = self.inner_activation(x_i + K.dot(h_tm1 * B_U[0], self.U_i))
            f = self.inner_activation(x_f + K.dot(h_tm1 * B_U[1], self.U_f))
            g = x_c + K.dot(h_tm1 * B_U[2], self.U_c)
            o = self.inner_activation(x_o + K.dot(h_tm1 * B_U[3], self.U_o))
        c = f * c_tm1 + i * self.activation(g)
        h = o * self.activation(c)
        return h, [h, c]


class Calling(LSTM):
    """A step that calls that of LSTM."""

    def step(self, x, states):
        assert len(states) == 4
        h, [h, c] = super().step(x, states)
        return h, [h, c]


@pytest.mark.parametrize("mode", ["cpu", "mem", "gpu"])
@pytest.mark.parametrize("kind", [SpelledOut, Calling])
def test_steps_of_lstm(kind, mode):
    same_as(around(kind(UNITS, consume_less=mode)), around(LSTM(UNITS, consume_less=mode)), MASKED)


def test_steps_of_ones_own_with_dropout_and_states():
    layer = SpelledOut(UNITS, stateful=True, dropout_W=0.5, dropout_U=0.5, consume_less="mem")
    twin = LSTM(UNITS, stateful=True, dropout_W=0.5, dropout_U=0.5, consume_less="mem")
    model, other = around(layer), around(twin)
    for _ in range(2):
        same_as(model, other, MASKED)
    # The same key gives the same masks, wherever the inputs are projected.
    ctx = Context(train=True, key=jax.random.key(0))
    one, _ = layer.apply_with_state(layer.params, layer.state, X, ctx)
    two, _ = twin.apply_with_state(layer.params, layer.state, X, ctx)
    np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)


class AlwaysDropping(LSTM):
    """Dropout at inference too, as for the uncertainty of predictions: masks that the layer's own options know nothing of."""

    masks = np.random.default_rng(3).binomial(1, 0.5, (4, BATCH, UNITS)).astype("float32")

    def get_constants(self, x):
        constants = super().get_constants(x)
        constants[0] = [K.variable(mask) for mask in self.masks]
        return constants


class AlwaysDroppingGRU(GRU):
    def get_constants(self, x):
        return [list(AlwaysDropping.masks[:3]), super().get_constants(x)[1]]


@pytest.mark.parametrize("mode", ["cpu", "mem", "gpu"])
def test_masks_of_ones_own(mode):
    class SpelledOutToo(AlwaysDropping):
        step = SpelledOut.step

    same_as(around(AlwaysDropping(UNITS, consume_less=mode)), around(SpelledOutToo(UNITS, consume_less=mode)), MASKED)


def test_masks_of_ones_own_for_gru():
    class SpelledOutToo(AlwaysDroppingGRU):
        step = SpelledOutGRU.step

    same_as(around(AlwaysDroppingGRU(UNITS)), around(SpelledOutToo(UNITS)), MASKED)
    layer, first = AlwaysDroppingGRU(UNITS, consume_less="gpu"), AlwaysDropping.masks[0]
    plain = GRU(UNITS, consume_less="gpu")
    same_as(around(layer), around(plain), 0 * X)
    # In mode 'gpu' all gates see the state through the first mask.
    start = [np.ones((BATCH, UNITS), "float32")]
    _, found = layer.cell(layer.params, start, X[:, 0])
    h = start[0]
    gates = X[:, 0] @ plain.W.get_value() + plain.b.get_value()
    u = UNITS
    z, r = np.split(
        np.clip(0.2 * (gates[:, : 2 * u] + (h * first) @ plain.U.get_value()[:, : 2 * u]) + 0.5, 0, 1), 2, 1
    )
    candidate = np.tanh(gates[:, 2 * u :] + (r * h * first) @ plain.U.get_value()[:, 2 * u :])
    np.testing.assert_allclose(found, z * h + (1 - z) * candidate, rtol=1e-4, atol=1e-5)


class SpelledOutGRU(GRU):
    def step(self, x, states):
        h_tm1, B_U = states[0], states[1]
        x_z, x_r, x_h = (x[:, k * self.output_dim : (k + 1) * self.output_dim] for k in range(3))
        z = self.inner_activation(x_z + K.dot(h_tm1 * B_U[0], self.U_z))
        r = self.inner_activation(x_r + K.dot(h_tm1 * B_U[1], self.U_r))
        hh = self.activation(x_h + K.dot(r * h_tm1 * B_U[2], self.U_h))
        h = z * h_tm1 + (1 - z) * hh
        return h, [h]


class SpelledOutSimple(SimpleRNN):
    def step(self, x, states):
        prev_output, B_U = states[:2]
        output = self.activation(x + K.dot(prev_output * B_U, self.U))
        return output, [output]


@pytest.mark.parametrize(("kind", "base"), [(SpelledOutGRU, GRU), (SpelledOutSimple, SimpleRNN)])
def test_steps_of_gru_and_simplernn(kind, base):
    same_as(around(kind(UNITS, return_sequences=True)), around(base(UNITS, return_sequences=True)), MASKED)


class AttentionLSTM(LSTM):
    """Attention over a fixed matrix, in the style of 2016: weights of its own, a constant, super().step."""

    def __init__(self, output_dim, attended, **kwargs):
        self.attended = attended
        super().__init__(output_dim, **kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        attended_dim = self.attended.shape[-1]
        self.U_a = self.inner_init((self.output_dim, self.output_dim), name=f"{self.name}_U_a")
        self.b_a = K.zeros((self.output_dim,), name=f"{self.name}_b_a")
        self.U_m = self.init((attended_dim, self.output_dim), name=f"{self.name}_U_m")
        self.trainable_weights += [self.U_a, self.b_a, self.U_m]

    def step(self, x, states):
        h, [h, c] = super().step(x, states)
        attention = states[4]
        s = K.sigmoid(K.dot(K.tanh(K.dot(h, self.U_a) + attention + self.b_a), K.transpose(self.U_a)))
        h = h * s
        return h, [h, c]

    def get_constants(self, x):
        constants = super().get_constants(x)
        constants.append(K.dot(K.variable(self.attended), self.U_m))
        return constants


@pytest.mark.parametrize("mode", ["cpu", "gpu"])
def test_attention(mode):
    attended = rng.normal(size=(1, 3)).astype("float32")
    layer = AttentionLSTM(UNITS, attended, consume_less=mode, input_shape=(TIME, FEATURES))
    model = Sequential([layer])
    names = [weight.name.removeprefix(f"{layer.name}_") for weight in layer.weights]
    assert names[-3:] == ["U_a", "b_a", "U_m"]
    assert len(names) == (15 if mode == "cpu" else 6)
    w = dict(zip(names, model.get_weights(), strict=True))
    plain = LSTM(UNITS, consume_less=mode)
    Sequential([Masking(input_shape=(TIME, FEATURES)), plain])
    plain.set_weights(model.get_weights()[:-3])
    states = [np.zeros((BATCH, UNITS), "float32")] * 2
    for t in range(TIME):
        _, (h, c) = run(plain, X[:, t : t + 1], states=states)
        s = 1 / (1 + np.exp(-np.tanh(h @ w["U_a"] + attended @ w["U_m"] + w["b_a"]) @ w["U_a"].T))
        states = [h * s, c]
    np.testing.assert_allclose(model.predict(X), states[0], rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.ones((BATCH, UNITS)))
    assert all(not np.array_equal(old, new) for old, new in zip(w.values(), model.get_weights(), strict=True))


# ---- other methods


class LearnedStart(GRU):
    """Starts from a state that is learned."""

    def build(self, input_shape):
        super().build(input_shape)
        self.start = self.add_weight((self.output_dim,), "one", name="start")

    def get_initial_states(self, x):
        return [K.zeros_like(x[:, 0, :1]) + K.expand_dims(self.start, 0)]


def test_initial_states_of_ones_own():
    layer = LearnedStart(UNITS, input_shape=(TIME, FEATURES), return_sequences=True)
    model = Sequential([layer])
    outputs, _ = run(layer, X, states=[np.ones((BATCH, UNITS), "float32")])
    np.testing.assert_allclose(model.predict(X), outputs, rtol=1e-4, atol=1e-5)
    model.compile("sgd", "mse")
    model.train_on_batch(X, np.zeros((BATCH, TIME, UNITS)))
    assert not np.array_equal(layer.start.get_value(), np.ones(UNITS))


class Differences(SimpleRNN):
    """Reads the differences between time steps."""

    def preprocess_input(self, x):
        return super().preprocess_input(x - K.concatenate([K.zeros_like(x[:, :1]), x[:, :-1]], axis=1))


@pytest.mark.parametrize("mode", ["cpu", "mem"])
def test_preprocessing_of_ones_own(mode):
    layer = Differences(UNITS, consume_less=mode, input_shape=(TIME, FEATURES))
    model = Sequential([layer])
    plain = SimpleRNN(UNITS)
    Sequential([Masking(input_shape=(TIME, FEATURES)), plain])
    plain.set_weights(model.get_weights())
    expected = run(plain, np.diff(X, axis=1, prepend=0).astype("float32"))[0][:, -1]
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-4, atol=1e-5)


class CallingRNN(LSTM):
    """Keras 1's `call`, copied."""

    def call(self, x, mask=None):
        input_shape = K.int_shape(x)
        initial_states = self.states if self.stateful else self.get_initial_states(x)
        constants = self.get_constants(x)
        preprocessed_input = self.preprocess_input(x)
        last_output, outputs, states = K.rnn(
            self.step, preprocessed_input, initial_states, go_backwards=self.go_backwards, mask=mask,
            constants=constants, unroll=self.unroll, input_length=input_shape[1],
        )  # fmt: skip
        if self.stateful:
            updates = []
            for i in range(len(states)):
                updates.append((self.states[i], states[i]))
            self.add_update(updates, x)
        return outputs if self.return_sequences else last_output


@pytest.mark.parametrize("mode", ["cpu", "gpu"])
def test_a_copied_call(mode):
    model, twin = (around(kind(UNITS, consume_less=mode, stateful=True)) for kind in (CallingRNN, LSTM))
    for _ in range(2):
        same_as(model, twin, MASKED)


class Reader(Layer):
    """A custom layer with a recurrent layer inside."""

    def build(self, input_shape):
        self.rnn = LSTM(UNITS, stateful=True)
        self.rnn.build(input_shape)
        self.trainable_weights = self.rnn.trainable_weights

    def call(self, x, mask=None):
        return 2 * self.rnn.call(x, mask)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], UNITS)


def test_in_a_custom_layer():
    model = Sequential([Reader(batch_input_shape=(BATCH, TIME, FEATURES))])
    rnn = model.layers[0].rnn
    outputs, states = run(rnn, np.concatenate([X, -X], axis=1))
    for x, t in ((X, TIME - 1), (-X, -1)):
        np.testing.assert_allclose(model.predict(x, batch_size=BATCH), 2 * outputs[:, t], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(K.get_value(rnn.states[1]), states[1], rtol=1e-4, atol=1e-5)


class Counting(Recurrent):
    """States that are not of the shape of the output, reset by the method of the base class."""

    def __init__(self, **kwargs):
        self.output_dim = 1
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.states = [K.zeros((input_shape[0], 2, FEATURES)), K.zeros((input_shape[0],))]

    def step(self, x, states):
        window, count = states
        window = K.concatenate([window[:, 1:], K.expand_dims(x, 1)], axis=1)
        return K.expand_dims(count, -1) + K.sum(window, axis=(1, 2))[:, None], [window, count + 1]


def test_states_of_any_shape():
    layer = Counting(stateful=True, batch_input_shape=(BATCH, TIME, FEATURES))
    model = Sequential([layer])
    found = [model.predict(X, batch_size=BATCH) for _ in range(2)]
    window = X[:, -2:].sum((1, 2))
    np.testing.assert_allclose(found[0][:, 0], 3 + window, rtol=1e-5)
    np.testing.assert_allclose(found[1][:, 0], 7 + window, rtol=1e-5)
    np.testing.assert_array_equal(K.get_value(layer.states[1]), np.full(BATCH, 8.0))
    layer.reset_states(batch_size=1)
    y, _ = layer.apply_with_state({}, layer.state, X[:1])
    np.testing.assert_allclose(y[0], 3 + window[:1], rtol=1e-5)


def test_a_decoder_that_reads_vectors():
    class Decoder(Recurrent):
        input_spec = (InputSpec(ndim=2),)

        def __init__(self, output_dim, length, **kwargs):
            self.output_dim, self.length = output_dim, length
            super().__init__(return_sequences=True, **kwargs)

        def build(self, input_shape):
            self.cell = LSTM(self.output_dim, name="cell")
            self.cell.build((input_shape[0], 1, input_shape[1]))
            self.trainable_weights = self.cell.trainable_weights
            self.states = [None, None]

        def get_output_shape_for(self, input_shape):
            return input_shape[0], self.length, self.output_dim

        def call(self, x, mask=None):
            sequence = K.repeat(x, self.length)
            steps, constants = self.cell.preprocess_input(sequence), self.cell.get_constants(sequence)
            h = c = K.zeros_like(x[:, :1]) + K.zeros((1, self.output_dim))
            outputs = []
            for time in range(self.length):
                h, (h, c) = self.cell.step(steps[:, time], [h, c, *constants])
                outputs.append(h)
            return K.permute_dimensions(K.pack(outputs), (1, 0, 2))

    decoder = Decoder(3, 6)
    model = Sequential([Dense(4, input_dim=FEATURES), decoder])
    hidden = Model(model.input, model.layers[0].output).predict(X[:, 0])
    x = Input((6, 4))
    lstm = LSTM(3, return_sequences=True)
    reference = Model(x, lstm(x))
    lstm.set_weights(decoder.get_weights())
    expected = reference.predict(np.repeat(hidden[:, None], 6, axis=1))
    np.testing.assert_allclose(model.predict(X[:, 0]), expected, atol=1e-5)


def test_a_step_that_changes_the_layer_is_refused():
    class Leaking(SimpleRNN):
        def __init__(self, *args, **kwargs):
            self.seen = []
            super().__init__(*args, **kwargs)

        def step(self, x, states):
            self.seen = [*self.seen, x]
            return super().step(x, states)

    with pytest.raises(ValueError, match=r"'leaking_1' \(Leaking\): call\(\) changes the attribute 'seen'"):
        Sequential([Leaking(UNITS, input_shape=(TIME, FEATURES))]).predict(X)


def test_a_layer_without_a_step():
    class Nothing(Recurrent):
        output_dim = 3

    with pytest.raises(NotImplementedError, match="Nothing is a recurrent layer without a step"):
        Sequential([Nothing(input_shape=(TIME, FEATURES))]).predict(X)


# ---- what wrappers and subclasses of Keras 1 read


class Around(Wrapper):
    """Runs the steps of its layer itself, as attention wrappers did."""

    def build(self, input_shape):
        self.layer.build(input_shape)
        super().build()

    def get_output_shape_for(self, input_shape):
        return self.layer.get_output_shape_for(input_shape)

    def call(self, x, mask=None):
        cell = self.layer
        steps, constants = cell.preprocess_input(x), cell.get_constants(x)
        return K.rnn(cell.step, steps, cell.get_initial_states(x), constants=constants, mask=mask)[0]


@pytest.mark.parametrize(("batch", "units", "features"), [(4, 5, 20), (64, 32, 3)])
@pytest.mark.parametrize("mode", ["cpu", "mem", "gpu"])
@pytest.mark.parametrize("kind", [LSTM, GRU])
def test_preprocessing_depends_on_the_mode_alone(kind, mode, batch, units, features):
    layer = kind(units, consume_less=mode, input_shape=(3, features))
    model = Sequential([layer])
    x = np.random.default_rng(0).normal(size=(batch, 3, features)).astype("float32")
    steps = K.eval(layer.preprocess_input(K.variable(x)))
    joint = (
        np.concatenate([K.eval(getattr(layer, f"W_{gate}")) for gate in layer.gate_names], -1)
        if mode != "gpu"
        else None
    )
    assert steps.shape[-1] == (layer.gates * units if mode == "cpu" else features)
    if mode != "gpu":
        np.testing.assert_array_equal(K.eval(layer.W), joint)
        assert K.eval(layer.U).shape == (units, layer.gates * units) and K.eval(layer.b).shape == (layer.gates * units,)
    wrapped = Sequential([Around(kind(units, consume_less=mode), input_shape=(3, features))])
    wrapped.set_weights(model.get_weights())
    np.testing.assert_allclose(wrapped.predict(x), model.predict(x), atol=1e-5)


class Joint(LSTM):
    """A step on the joint weights, which every mode has."""

    def preprocess_input(self, x):
        return x

    def step(self, x, states):
        h, c = states[:2]
        i, f, g, o = jax.numpy.split(K.dot(x, self.W) + K.dot(h, self.U) + self.b, 4, axis=-1)
        c = self.inner_activation(f) * c + self.inner_activation(i) * self.activation(g)
        h = self.inner_activation(o) * self.activation(c)
        return h, [h, c]


def test_joint_weights_are_trained():
    model, plain = (Sequential([kind(UNITS, input_shape=(TIME, FEATURES))]) for kind in (Joint, LSTM))
    plain.set_weights(model.get_weights())
    for each in (model, plain):
        each.compile("sgd", "mse")
        each.train_on_batch(X, np.ones((BATCH, UNITS)))
    for ours, theirs in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_shape_that_a_layer_was_built_for_stands_in_its_spec():
    layer = LSTM(3, input_shape=(4, 2))
    Sequential([layer])
    assert layer.input_spec[0].shape == (None, 4, 2)
    assert layer(Input((7, 2)))._keras_shape == (None, 3)  # other lengths are welcome
    with pytest.raises(ValueError, match=r"expected size 2 in axis 2, that is shape \(None, 4, 2\)"):
        layer(Input((4, 3)))


class ThreeStates(LSTM):
    """Counts its steps in a state of its own."""

    def reset_states(self):
        size = self.input_spec[0].shape[0]
        if hasattr(self, "states"):
            for state in self.states:
                K.set_value(state, np.zeros((size, self.output_dim)))
        else:
            self.states = [K.zeros((size, self.output_dim)) for _ in range(3)]

    def step(self, x, states):
        h, (new_h, new_c) = super().step(x, [*states[:2], *states[3:]])
        return h + states[2], [new_h, new_c, states[2] + 1]


class Noting(LSTM):
    resets = 0

    def reset_states(self):
        super().reset_states()
        self.resets += 1


def test_resets_of_ones_own_make_the_states():
    model = Sequential([ThreeStates(2, batch_input_shape=(1, 3, 2), stateful=True)])
    x = np.ones((1, 3, 2))
    first, second = model.predict(x), model.predict(x)
    assert (np.abs(second - first - 3) < 1).all()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x), first)
    layer = Noting(2, batch_input_shape=(1, 3, 2), stateful=True)
    model = Sequential([layer])
    first, second = model.predict(x), model.predict(x)
    assert layer.resets == 1 and (first != second).any()
    model.reset_states()
    np.testing.assert_array_equal(model.predict(x), first)


def test_call_on_a_symbolic_tensor():
    x = Input((TIME, FEATURES))
    layer = LSTM(UNITS)
    model = Model(x, layer.call(x))
    assert model.predict(X).shape == (BATCH, UNITS)
