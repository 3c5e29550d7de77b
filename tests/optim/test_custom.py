"""Optimizers in Keras 1's style: `get_updates` and `get_gradients` that scripts override, and call by hand."""

import copy
import json

import numpy as np
import pytest

from jkeras import backend as K
from jkeras import optimizers
from jkeras.callbacks import LearningRateScheduler
from jkeras.layers import BatchNormalization, Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD, Adam, Optimizer
from jkeras.utils.generic_utils import CustomObjectScope
from tests.optim.nets import X, Y, fit, net, programs, same


class Momentum(Optimizer):
    """As Keras 1.2.2's SGD is written."""

    calls = 0

    def __init__(self, lr=0.01, momentum=0.0, **kwargs):
        super().__init__(**kwargs)
        self.__dict__.update(locals())
        self.iterations = K.variable(0.0)
        self.lr = K.variable(lr)
        self.momentum = K.variable(momentum)

    def get_updates(self, params, constraints, loss):
        self.calls += 1
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]
        moments = [K.zeros(shape) for shape in (K.get_variable_shape(p) for p in params)]
        self.weights = [self.iterations, *moments]
        for p, g, m in zip(params, grads, moments, strict=True):
            v = self.momentum * m - self.lr * g
            self.updates.append(K.update(m, v))
            new_p = p + v
            if p in constraints:
                new_p = constraints[p](new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates


# ---- get_updates


@pytest.mark.parametrize("options", [{}, {"clipnorm": 0.1}, {"clipvalue": 0.01}, {"clipnorm": 0.3, "clipvalue": 0.05}])
def test_it_trains_as_the_built_in_optimizer_does(options):
    own, known = Momentum(lr=0.1, momentum=0.9, **options), SGD(lr=0.1, momentum=0.9, **options)
    mine, theirs = net(own, W_constraint="maxnorm"), net(known, W_constraint="maxnorm")
    np.testing.assert_allclose(fit(mine), fit(theirs), rtol=1e-6)
    same(mine.get_weights(), theirs.get_weights())
    same([mine.train_on_batch(X, Y)], [theirs.train_on_batch(X, Y)])
    assert K.get_value(own.iterations) == own.get_weights()[0] == 10
    same(own.get_weights()[1:], known.get_weights()[1:])
    assert own.calls == 1


def test_what_it_returns_is_what_the_weights_are():
    class Signs(Optimizer):
        def get_updates(self, params, constraints, loss):
            return [(p, 0.1 * K.sign(g)) for p, g in zip(params, self.get_gradients(loss, params), strict=True)]

    model = net(Signs())
    model.train_on_batch(X, Y)
    assert all((np.abs(w) == np.float32(0.1)).all() for w in model.get_weights())


def test_weights_that_it_leaves_out_stay():
    class OnlyBiases(SGD):
        def get_updates(self, params, constraints, loss):
            return [pair for pair in super().get_updates(params, constraints, loss) if not pair[0].name.endswith("_W")]

    model = net(OnlyBiases(lr=0.1))
    before = model.get_weights()
    fit(model)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, True, False, True]


def test_settings_change_without_compiling_again():
    own = Momentum(lr=0.5)
    model = net(own)
    rates = []
    fit(model, callbacks=[LearningRateScheduler(lambda epoch: rates.append(K.get_value(own.lr)) or 0.1 / (epoch + 1))])
    assert rates == pytest.approx([0.5, 0.1, 0.05])
    counts = programs(model)
    K.set_value(own.lr, 0.0)
    before = model.get_weights()
    fit(model)
    same(model.get_weights(), before, rtol=0, atol=0)
    own.lr = 0.5
    fit(model)
    assert not np.array_equal(model.get_weights()[0], before[0])
    assert programs(model) == counts and own.calls == 1
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    assert programs(model)[0] == 1


def test_its_variables_show_the_present_values_and_can_be_set():
    own = Momentum(lr=0.1, momentum=0.9)
    model = net(own)
    held = [variable.value for variable in own.weights]
    fit(model)
    again = [variable.value for variable in own.weights]
    fit(model)
    assert not any(array.is_deleted() for array in (*held, *again))  # nothing that a variable held was donated
    state, weights = own.get_weights(), model.get_weights()
    expected = fit(model)
    model.set_weights(weights)
    own.set_weights(state)
    assert K.get_value(own.iterations) == 18
    np.testing.assert_allclose(fit(model), expected, rtol=1e-6)
    with pytest.raises(ValueError, match=r"Momentum: the state has 5 arrays"):
        own.set_weights(state[:-1])

    other = Momentum(lr=0.1, momentum=0.9)
    second = net(other)
    second.set_weights(weights)
    other.set_weights(state)
    np.testing.assert_allclose(fit(second), expected, rtol=1e-6)


def test_compiling_again_begins_anew():
    own = Momentum(lr=0.1, momentum=0.9)
    model = net(own)
    fit(model)
    model.layers[0].trainable = False
    model.compile(own, "mse")
    assert (own.calls, len(own.weights)) == (2, 3) and not np.any(own.get_weights()[1])
    before = model.layers[0].get_weights()
    fit(model)
    same(model.layers[0].get_weights(), before, rtol=0, atol=0)


def test_constraints_may_be_used_before_the_end():
    class Averaged(Momentum):
        def get_updates(self, params, constraints, loss):
            updates = super().get_updates(params, constraints, loss)
            new = {p: value for p, value in updates if p in params}
            self.averages = [K.variable(K.get_value(p)) for p in params]
            self.weights += self.averages
            return updates + [
                K.moving_average_update(a, new[p], 0.5) for p, a in zip(params, self.averages, strict=True)
            ]

    own = Averaged(lr=0.1)
    model = net(own, W_constraint="nonneg")
    start = [K.get_value(a) for a in own.averages]
    model.train_on_batch(X, Y)
    same([K.get_value(a) for a in own.averages], [(a + b) / 2 for a, b in zip(start, model.get_weights(), strict=True)])
    assert (model.get_weights()[0] >= 0).all()


def test_the_loss_has_a_value_and_what_is_made_of_it_a_gradient():
    class Penalised(SGD):
        def get_gradients(self, loss, params):
            return K.gradients(loss + 0.5 * 0.1 * sum(K.sum(K.square(p)) for p in params), params)

    class Watching(Momentum):
        def get_updates(self, params, constraints, loss):
            self.seen = K.variable(0.0)
            return [*super().get_updates(params, constraints, loss), (self.seen, loss)]

    own = Watching(lr=0.1)
    model = net(own)
    assert model.train_on_batch(X, Y) == pytest.approx(float(own.seen))
    penalised, plain = net(Penalised(lr=0.1)), net(SGD(lr=0.1))
    weights = plain.get_weights()
    for one in (penalised, plain):
        one.train_on_batch(X, Y)
    same(
        penalised.get_weights(),
        [w - 0.1 * 0.1 * old for w, old in zip(plain.get_weights(), weights, strict=True)],
        rtol=1e-5,
    )


def test_other_orders_and_names_of_arguments():
    class Later(SGD):
        def get_updates(self, loss, params):  # Keras 2
            return [(p, p - 0.1 * g) for p, g in zip(params, self.get_gradients(loss, params), strict=True)]

    class Own(SGD):
        def get_updates(self, weights, projections, objective):
            return [(p, p - 0.1 * g) for p, g in zip(weights, self.get_gradients(objective, weights), strict=True)]

    class Alone:
        def get_updates(self, params, constraints, loss):
            return [(p, p - 0.1 * g) for p, g in zip(params, K.gradients(loss, params), strict=True)]

    expected = net(SGD(lr=0.1))
    fit(expected)
    for optimizer in (Later(), Own(), Alone()):
        model = net(optimizer)
        fit(model)
        same(model.get_weights(), expected.get_weights())


def test_the_code_of_keras_in_a_subclass_is_the_algorithm():
    class CopiedAdam(Adam):
        def get_updates(self, params, constraints, loss):
            grads = self.get_gradients(loss, params)
            updates = [K.update_add(self.iterations, 1)]
            lr = self.lr
            if self.initial_decay > 0:
                lr *= 1.0 / (1.0 + self.decay * self.iterations)
            t = self.iterations + 1
            lr_t = lr * K.sqrt(1.0 - K.pow(self.beta_2, t)) / (1.0 - K.pow(self.beta_1, t))
            ms = [K.zeros(K.get_variable_shape(p)) for p in params]
            vs = [K.variable(np.zeros(K.get_value(p).shape)) for p in params]
            self.weights = [self.iterations, *ms, *vs]
            for p, g, m, v in zip(params, grads, ms, vs, strict=True):
                m_t = (self.beta_1 * m) + (1.0 - self.beta_1) * g
                v_t = (self.beta_2 * v) + (1.0 - self.beta_2) * K.square(g)
                updates += [(m, m_t), (v, v_t), (p, p - lr_t * m_t / (K.sqrt(v_t) + self.epsilon))]
            return dict(updates)

    own, known = CopiedAdam(lr=0.01, decay=0.1), Adam(lr=0.01, decay=0.1)
    mine, theirs = net(own), net(known)
    np.testing.assert_allclose(fit(mine), fit(theirs), rtol=1e-5)
    same(mine.get_weights(), theirs.get_weights(), rtol=1e-4, atol=1e-6)
    same(own.get_weights(), known.get_weights(), rtol=1e-4, atol=1e-6)


def test_dropout_and_running_statistics_go_on():
    K.reset_uids()
    own = Momentum(lr=0.1)
    model = Sequential([Dense(8, input_dim=3), BatchNormalization(), Dropout(0.5), Dense(2)])
    model.compile(own, "mse", metrics=["mae"])
    before = model.layers[1].get_weights()
    losses = fit(model, 20)
    assert losses[-1] < losses[0]
    assert not np.array_equal(before[2], model.layers[1].get_weights()[2])


def test_what_is_no_update_is_named():
    class Wrong(SGD):
        def get_updates(self, params, constraints, loss):
            return self.wrong(params, loss)

    other = Sequential([Dense(2, input_dim=3)])
    frozen = Dense(5, input_dim=3, trainable=False)
    for wrong, error, message in [
        (lambda params, loss: [params[0] * 2], TypeError, r"Wrong\.get_updates returns a list of pairs"),
        (
            lambda params, loss: [(frozen.W, 0.0)],
            ValueError,
            r"'dense_\d+_W', a weight of the model that does not train",
        ),
        (lambda params, loss: [(params[0], K.zeros((7,)))], ValueError, r"of shape \(5, 5\) a value of shape \(7,\)"),
        (lambda params, loss: [(params[0], params[0] * K.sum(other.output))], RuntimeError, "disconnected"),
    ]:
        optimizer = Wrong()
        optimizer.wrong = wrong
        model = Sequential([frozen, Dense(5), Dense(2)])
        with pytest.raises(error, match=message):
            model.compile(optimizer, "mse")


class WithMore(Optimizer):
    """As in libraries for reinforcement learning: another optimizer's updates, and more."""

    def __init__(self, optimizer, more):
        super().__init__()
        self.optimizer, self.more = optimizer, more

    def get_updates(self, params, constraints, loss):
        self.updates = self.optimizer.get_updates(params, constraints, loss) + self.more
        return self.updates


def test_a_target_network_follows_while_the_model_trains():
    target = net("sgd")
    K.reset_uids()
    model = Sequential([Dense(5, input_dim=3, activation="tanh"), Dense(2)])
    pairs = list(zip(target.trainable_weights, model.trainable_weights, strict=True))
    inner, known = Adam(lr=0.01), Adam(lr=0.01)
    model.compile(WithMore(inner, [(t, 0.1 * w + 0.9 * t) for t, w in pairs]), "mse")
    slow, fast = target.get_weights(), model.get_weights()
    plain = net(known)
    plain.set_weights(fast)
    for _ in range(3):
        model.train_on_batch(X, Y)
        plain.train_on_batch(X, Y)
        slow = [0.1 * w + 0.9 * t for t, w in zip(slow, fast, strict=True)]
        fast = model.get_weights()
    same(target.get_weights(), slow, rtol=1e-5, atol=1e-6)
    same(fast, plain.get_weights(), rtol=1e-5, atol=1e-6)
    assert K.get_value(inner.iterations) == 3
    fit(model)
    target.predict(X)
    inner.lr = 0.0
    fast = model.get_weights()
    fit(model)
    same(model.get_weights(), fast, rtol=0, atol=0)


# ---- get_gradients


def test_gradients_of_a_subclass_are_those_that_are_used():
    class Normalised(Adam):
        def get_gradients(self, loss, params):
            grads = super().get_gradients(loss, params)
            norm = K.sqrt(sum(K.sum(K.square(g)) for g in grads))
            return [g / (norm + 1e-7) for g in grads]

    own, known = Normalised(lr=0.01), Adam(lr=0.01)
    mine, theirs = net(own), net(known)
    mine.train_on_batch(X, Y)
    theirs.train_on_batch(X, Y)
    m, norm = known.get_weights()[1:5], np.sqrt(sum((10 * m**2).sum() * 10 for m in known.get_weights()[1:5]))
    same(own.get_weights()[1:5], [each / norm for each in m], rtol=1e-5, atol=1e-6)
    assert own.get_weights()[0] == 1 and own.get_config() == known.get_config()


def test_noise_is_new_at_each_step_and_follows_the_seed():
    class Noise(Optimizer):
        def get_updates(self, params, constraints, loss):
            return [(p, K.random_normal(K.get_variable_shape(p))) for p in params]

    drawn = []
    for _ in range(2):
        model = net(Noise())
        for _ in range(2):
            model.train_on_batch(X, Y)
            drawn.append(model.get_weights()[0])
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0], drawn[1])
    fit(model)
    assert not np.array_equal(drawn[1], model.get_weights()[0])


def test_a_method_of_the_object_counts_too():
    optimizer = SGD(lr=0.1)
    optimizer.get_gradients = lambda loss, params: [0.0 * g for g in K.gradients(loss, params)]  # type: ignore
    model = net(optimizer)
    before = model.get_weights()
    fit(model)
    same(model.get_weights(), before, rtol=0, atol=0)


# ---- configs


def test_configs_of_own_classes():
    own = Momentum(lr=0.25, momentum=0.5, clipnorm=1.0)
    config = json.loads(json.dumps(own.get_config()))
    assert config == {"lr": 0.25, "momentum": 0.5, "clipnorm": 1.0}
    assert Momentum.from_config(config).get_config() == config
    with CustomObjectScope({"Momentum": Momentum}):
        made = optimizers.get({"class_name": "Momentum", "config": config})
        assert type(made) is Momentum and made.get_config() == config
        assert type(optimizers.get("Momentum")) is Momentum
    fit(net(own))
    other = copy.deepcopy(own)
    other.lr = 0.125
    assert (own.get_config()["lr"], other.get_config()["lr"]) == (0.25, 0.125)


def test_keywords_of_keras_0_are_answered():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'l2'\. A penalty on weights belongs to a layer"):
        SGD(lr=0.1, l2=0.01)
