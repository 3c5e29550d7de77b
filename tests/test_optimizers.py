"""The Keras 1 face of the optimizers: settings, state, configs, look-up, messages."""

import copy
import gc
import inspect
import json
import pickle
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import optim, optimizers, registry
from jkeras.backend import config as backend_config
from jkeras.backend.variables import Variable, get_value, set_value, variable
from jkeras.errors import UnknownNameError
from tests.optim import reference

CLASSES = [getattr(optimizers, name) for name in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "Adamax", "Nadam")]
SETTINGS = {
    "SGD": {"lr", "momentum", "decay"},
    "RMSprop": {"lr", "rho", "decay"},
    "Adagrad": {"lr", "decay"},
    "Adadelta": {"lr", "decay"},
    "Adam": {"lr", "beta_1", "beta_2", "decay"},
    "Adamax": {"lr", "beta_1", "beta_2", "decay"},
    "Nadam": {"lr", "beta_1", "beta_2"},
}
ORDER = [("dense_1", "W"), ("dense_1", "b"), ("dense_10", "W")]

each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)


def make_params() -> dict[str, Any]:
    return {
        "dense_1": {"W": jnp.full((2, 3), 0.5, "float32"), "b": jnp.zeros(3)},
        "dense_10": {"W": jnp.arange(3.0).reshape(3, 1)},
    }


class Trainer:
    """The part of an engine that an optimizer needs: holds the state, donates it to a compiled step."""

    def __init__(self, optimizer: Any):
        self.params, self.optimizer, self.traces = make_params(), optimizer, 0
        self.opt_state = optimizer.init(self.params)
        optimizer.attach(self, ORDER)
        self.step = jax.jit(self.traced, donate_argnums=(0, 1))

    def traced(self, params: Any, state: Any) -> Any:
        self.traces += 1
        grads = jax.tree.map(lambda p: 0.1 * p + 1.0, params)
        updates, state = self.optimizer.update(grads, state, params)
        return jax.tree.map(jnp.add, params, updates), state

    def train(self, steps: int = 1) -> np.ndarray:
        before = np.array(self.params["dense_1"]["W"])
        for _ in range(steps):
            self.params, self.opt_state = self.step(self.params, self.opt_state)
        return np.array(self.params["dense_1"]["W"]) - before


@each_class
def test_signature_defaults_and_settings(cls: type) -> None:
    parameters = inspect.signature(cls).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert defaults == reference.DEFAULTS[cls.__name__.lower()]
    optimizer = cls()
    assert {name for name in defaults if isinstance(getattr(optimizer, name), Variable)} == SETTINGS[cls.__name__]
    assert float(optimizer.iterations) == 0
    assert getattr(optimizers, cls.__name__.lower()) is cls


@each_class
def test_an_optimizer_equals_the_pure_algorithm(cls: type) -> None:
    arguments = {"lr": 0.3, "clipnorm": 1.0, "clipvalue": 0.5} | ({"rho": 0.5} if cls is optimizers.Adadelta else {})
    pure = getattr(optim, cls.__name__.lower())(**arguments)
    params = make_params()
    state = cls(**arguments).init(params)
    jax.tree.map(np.testing.assert_array_equal, state, pure.init(params))
    updates, after = cls(**arguments).update(params, state, params)
    expected, expected_after = pure.update(params, state, params)
    jax.tree.map(np.testing.assert_array_equal, (updates, after), (expected, expected_after))


def test_constants_reach_the_algorithm() -> None:
    params = make_params()
    for optimizer, pure in [
        (optimizers.SGD(momentum=0.9, nesterov=True), optim.sgd(momentum=0.9, nesterov=True)),
        (optimizers.Nadam(schedule_decay=0.1, epsilon=0.1), optim.nadam(schedule_decay=0.1, epsilon=0.1)),
        (optimizers.Adam(epsilon=0.5), optim.adam(epsilon=0.5)),
    ]:
        updates, _ = optimizer.update(params, optimizer.init(params), params)
        expected, _ = pure.update(params, pure.init(params), params)
        jax.tree.map(np.testing.assert_array_equal, updates, expected)


@each_class
def test_config_round_trip_of_every_argument(cls: type) -> None:
    names = [name for name in inspect.signature(cls).parameters if name != "kwargs"]
    arguments = {name: True if name == "nesterov" else 0.0625 * (i + 1) for i, name in enumerate(names)}
    for clipping in ({}, {"clipnorm": 0.25}, {"clipvalue": 0.5, "clipnorm": 2.0}):
        config = json.loads(json.dumps(cls(**arguments, **clipping).get_config()))
        assert config == arguments | clipping
        assert cls.from_config(config).get_config() == config
        assert optimizers.get({"class_name": cls.__name__, "config": config}).get_config() == config


def test_config_shows_what_float32_holds_and_the_present_value() -> None:
    optimizer = optimizers.SGD(lr=0.01)
    assert optimizer.get_config() == {"lr": 0.009999999776482582, "momentum": 0.0, "decay": 0.0, "nesterov": False}
    optimizer.lr = 0.5
    assert optimizer.get_config()["lr"] == 0.5
    assert json.dumps(optimizers.Adam(epsilon=np.float32(0.5), clipnorm=np.float64(1)).get_config())


@each_class
def test_settings_are_set_and_never_replaced(cls: type) -> None:
    optimizer = cls()
    lr = optimizer.lr
    for number, change in enumerate(
        [
            lambda v: setattr(optimizer, "lr", v),
            lambda v: lr.set_value(v),
            lambda v: set_value(optimizer.lr, v),
            lambda v: setattr(optimizer, "lr", variable(v)),
            lambda v: setattr(lr, "value", jnp.asarray(v)),
        ]
    ):
        value = 0.5 + 0.25 * number
        change(value)
        assert optimizer.lr is lr
        assert float(get_value(optimizer.lr)) == value
        assert float(optimizer.init(make_params()).hyper["lr"]) == value


def test_settings_take_part_in_arithmetic() -> None:
    optimizer = optimizers.SGD(lr=0.5)
    assert float(jnp.multiply(optimizer.lr, 2)) == 1.0
    assert float(optimizer.lr * 0.5) == 0.25


@each_class
def test_changing_settings_reaches_a_compiled_step_without_a_retrace(cls: type) -> None:
    optimizer = cls(lr=0.5)
    trainer = Trainer(optimizer)
    assert np.all(trainer.train(3) != 0)
    optimizer.lr = 0.0
    if cls is optimizers.SGD:
        optimizer.momentum.set_value(0.0)
    np.testing.assert_array_equal(trainer.train(), 0)
    optimizer.lr.set_value(np.float64(0.5))
    assert np.all(trainer.train(2) != 0)
    assert trainer.traces == 1
    assert float(optimizer.lr) == 0.5


def test_iterations_follow_the_model_and_can_be_set() -> None:
    optimizer = optimizers.Adam()
    trainer = Trainer(optimizer)
    trainer.train(3)
    assert float(get_value(optimizer.iterations)) == 3
    optimizer.iterations = 10
    trainer.train()
    assert float(optimizer.iterations) == 11
    assert trainer.traces == 1


def test_iterations_and_schedule_continue_in_the_next_model() -> None:
    optimizer = optimizers.Nadam(schedule_decay=0.1)
    first = Trainer(optimizer)
    first.train(2)
    schedule = float(optimizer.m_schedule)
    assert schedule == float(first.opt_state.slots["m_schedule"]) < 1
    second = Trainer(optimizer)
    assert float(second.opt_state.iterations) == 2
    assert float(second.opt_state.slots["m_schedule"]) == schedule
    assert not np.any(second.opt_state.slots["m"]["dense_1"]["W"])


def test_one_optimizer_for_two_models() -> None:
    optimizer = optimizers.Adam(lr=0.5)
    first, second = Trainer(optimizer), Trainer(optimizer)
    for _ in range(3):  # either step donates its state
        for trainer in (first, second):
            trainer.train()
    optimizer.lr = 0.0
    for trainer in (first, second):
        np.testing.assert_array_equal(trainer.train(), 0)
    assert len(optimizer.get_weights()) == 7
    del first, trainer
    gc.collect()
    optimizer.lr = 0.25
    assert float(second.opt_state.hyper["lr"]) == 0.25


def test_init_hands_out_copies_that_may_be_donated() -> None:
    optimizer = optimizers.SGD(lr=0.5)
    state = optimizer.init(make_params())
    jax.tree.map(lambda leaf: leaf.delete(), state)
    assert float(optimizer.lr) == 0.5
    assert float(optimizer.init(make_params()).hyper["lr"]) == 0.5


LAYOUTS = {
    "SGD": "nv",
    "RMSprop": "a",
    "Adagrad": "a",
    "Adadelta": "ad",
    "Adam": "nmv",
    "Adamax": "nmu",
    "Nadam": "nmv",
}


@each_class
def test_weights_have_the_layout_of_keras_1_and_round_trip(cls: type) -> None:
    optimizer = cls(decay=0.1) if "decay" in inspect.signature(cls).parameters else cls()
    assert optimizer.get_weights() == []
    optimizer.set_weights([])
    trainer = Trainer(optimizer)
    trainer.train(3)
    weights = optimizer.get_weights()
    expected: list[Any] = []
    for letter in LAYOUTS[cls.__name__]:
        slots = trainer.opt_state.slots
        expected += [3.0] if letter == "n" else [slots[letter][layer][key] for layer, key in ORDER]
    for found, one in zip(weights, expected, strict=True):
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, one)

    fresh = cls.from_config(optimizer.get_config())
    again = Trainer(fresh)
    fresh.set_weights(weights)
    for found, one in zip(fresh.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, one)
    again.params = jax.tree.map(jnp.copy, trainer.params)
    if cls.__name__ not in ("RMSprop", "Adagrad", "Adadelta", "Nadam"):  # their files lack a number
        np.testing.assert_array_equal(again.train(2), trainer.train(2))
    else:
        again.train(2)
    assert again.traces == 1
    weights[-1][...] = np.nan  # copies: neither the files nor the caller share memory with the state
    assert np.isfinite(fresh.get_weights()[-1]).all()


def test_wrong_weights_are_named_and_change_nothing() -> None:
    optimizer = optimizers.Adam()
    with pytest.raises(ValueError, match=r"Adam has no state yet .* 1 arrays: compile a model"):
        optimizer.set_weights([np.zeros(3)])
    trainer = Trainer(optimizer)
    trainer.train()
    before = optimizer.get_weights()
    with pytest.raises(ValueError, match=r"7 arrays \(iterations, m of 3 weights, v of 3 weights\); got 6"):
        optimizer.set_weights(before[:-1])
    wrong = [np.zeros_like(w) for w in before]
    wrong[5] = np.zeros((4,), "float32")
    with pytest.raises(ValueError, match=r"array 5 \(v of dense_1/b\) has shape \(3,\); got shape \(4,\)"):
        optimizer.set_weights(wrong)
    for found, one in zip(optimizer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(found, one)


def test_set_weights_keeps_the_dtype_of_the_state() -> None:
    trainer = Trainer(optimizers.SGD(momentum=0.9))
    trainer.train()
    trainer.optimizer.set_weights([w.astype("float64") for w in trainer.optimizer.get_weights()])
    trainer.train()
    assert {leaf.dtype for leaf in jax.tree.leaves(trainer.opt_state)} == {np.dtype("float32")}
    assert trainer.traces == 1


def test_values_go_where_the_state_is_placed() -> None:
    trainer = Trainer(optimizers.Adam())
    trainer.params, trainer.opt_state = jax.device_put((trainer.params, trainer.opt_state), jax.devices()[0])
    trainer.train(2)
    compiled = trainer.step._cache_size()
    trainer.optimizer.lr = 0.5
    trainer.optimizer.set_weights(trainer.optimizer.get_weights())
    assert all(leaf.committed for leaf in jax.tree.leaves(trainer.opt_state))
    trainer.train()
    assert trainer.step._cache_size() == compiled


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_settings_under_another_floatx(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backend_config._settings, "floatx", dtype)
    with jax.enable_x64(dtype == "float64"):
        trainer = Trainer(optimizers.Adam(lr=0.01))
        trainer.params = jax.tree.map(lambda p: p.astype(dtype), trainer.params)
        trainer.opt_state = trainer.optimizer.init(trainer.params)
        trainer.train(2)
        trainer.optimizer.lr = 0.02
        trainer.train(2)
        assert trainer.traces == 1
        assert trainer.params["dense_1"]["W"].dtype == dtype
        # Half precision is too coarse for 0.999: settings have at least single precision.
        assert trainer.optimizer.get_config()["lr"] == (0.02 if dtype == "float64" else float(np.float32(0.02)))


def test_copies_have_the_present_values_and_no_model() -> None:
    optimizer = optimizers.Nadam(lr=0.5, clipnorm=1.0)
    trainer = Trainer(optimizer)
    trainer.train(2)
    optimizer.lr = 0.25
    for made in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert made.get_config() == optimizer.get_config()
        assert float(made.iterations) == 2
        assert float(made.m_schedule) == float(optimizer.m_schedule)
        assert made.get_weights() == []
        made.lr = 0.125
        assert float(optimizer.lr) == 0.25


def test_get_by_name_in_any_case_by_config_or_as_it_is() -> None:
    for name, cls in [("sgd", optimizers.SGD), ("RMSprop", optimizers.RMSprop), ("AdaDelta", optimizers.Adadelta)]:
        assert type(optimizers.get(name)) is cls
    assert optimizers.get("adam", {"lr": 0.5}).get_config()["lr"] == 0.5
    assert optimizers.get({"class_name": "adam", "config": {"lr": 0.5}}).get_config()["lr"] == 0.5
    assert optimizers.get({"name": "sgd", "lr": 0.5}, {"momentum": 0.25}).get_config()["momentum"] == 0.25
    assert type(optimizers.get(optimizers.Adam)) is optimizers.Adam
    for transformation in (optimizers.SGD(), optim.sgd()):
        assert optimizers.get(transformation) is transformation
    optax = pytest.importorskip("optax")
    theirs = optax.adam(1e-3)
    assert optimizers.get(theirs) is theirs


def test_custom_objects_win() -> None:
    class Mine(optimizers.SGD):
        pass

    assert type(optimizers.optimizer_from_config({"class_name": "Mine", "config": {}}, {"Mine": Mine})) is Mine
    assert type(optimizers.optimizer_from_config({"class_name": "sgd", "config": {}}, {"sgd": Mine})) is Mine
    registry.custom_objects["Mine"] = Mine
    assert type(optimizers.get("Mine")) is Mine
    assert type(optimizers.get({"class_name": "Mine", "config": {"lr": 0.5}})) is Mine


def test_unknown_names() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown optimizer: 'adm'\. Perhaps you meant 'Adam'"):
        optimizers.get("adm")
    with pytest.raises(UnknownNameError, match="Known are: Adadelta, Adagrad, Adam, "):
        optimizers.optimizer_from_config({"class_name": "LBFGS", "config": {}})
    with pytest.raises(ValueError, match=r"'class_name'.*; got a dict with the keys \['lr'\]"):
        optimizers.get({"lr": 0.1})
    for nothing in (None, 3, SimpleNamespace(init=len)):
        with pytest.raises(TypeError, match="as an optimizer: give a name such as 'sgd'"):
            optimizers.get(nothing)


def test_unknown_keywords() -> None:
    with pytest.raises(
        TypeError, match=r"Adam got an unexpected keyword argument 'beta1'\. Perhaps you meant 'beta_1'"
    ):
        optimizers.Adam(beta1=0.9)
    with pytest.raises(TypeError, match=r"'learning_rate'\. Known are: clipnorm, .*lr"):
        optimizers.SGD(learning_rate=0.1)
    with pytest.raises(TypeError, match=r"Perhaps you meant 'clipnorm'"):
        optimizers.SGD.from_config({"clip_norm": 1.0})


def test_bad_values() -> None:
    with pytest.raises(ValueError, match=r"SGD: lr has to be at least 0 and finite; got -0\.1"):
        optimizers.SGD(lr=-0.1)
    with pytest.raises(ValueError, match="Adam: beta_1 has to be between 0 and 1"):
        optimizers.Adam(beta_1=1)
    with pytest.raises(ValueError, match="Adadelta: rho has to be between 0 and 1; got 2"):
        optimizers.Adadelta(rho=2)
    with pytest.raises(ValueError, match="RMSprop: clipvalue has to be at least 0"):
        optimizers.RMSprop(clipvalue=-1)
    optimizer = optimizers.SGD(lr=0.5)
    for bad in (-1, "fast", [0.1, 0.2], np.ones(2), float("inf")):
        with pytest.raises(ValueError, match="SGD: lr"):
            optimizer.lr = bad
        with pytest.raises(ValueError, match="SGD: lr"):
            optimizer.lr.set_value(bad)
    assert float(optimizer.lr) == 0.5


def test_what_cannot_be_here_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"TensorFlow.*gradient transformation"):
        optimizers.TFOptimizer(None)
    with pytest.raises(NotImplementedError, match=r"Optimizer has to implement transformation\(\)"):
        optimizers.Optimizer().init({})


def test_own_optimizer_class() -> None:
    class HalfStep(optimizers.Optimizer):
        def __init__(self, lr: float = 0.5, **kwargs: Any):
            super().__init__(**kwargs)
            self.add_settings(lr=lr)

        def transformation(self) -> optim.Transformation:
            def init(params: Any) -> optim.OptState:
                return optim.OptState(jnp.float32(0), {"lr": jnp.float32(0)}, {})

            def update(grads: Any, state: optim.OptState, params: Any = None) -> Any:
                updates = jax.tree.map(lambda g: -state.hyper["lr"] * g, grads)
                return updates, state._replace(iterations=state.iterations + 1)

            return optim.Transformation(init, update)

    trainer = Trainer(HalfStep(lr=0.25))
    np.testing.assert_allclose(trainer.train(), -0.25 * (0.1 * 0.5 + 1.0), rtol=1e-6)
    assert trainer.optimizer.get_config() == {"lr": 0.25}
    np.testing.assert_array_equal(trainer.optimizer.get_weights(), [1.0])


def test_clip_norm() -> None:
    g = jnp.array([3.0, 4.0])
    np.testing.assert_allclose(optimizers.clip_norm(g, 1.0, 5.0), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(optimizers.clip_norm(g, 6.0, 5.0), g)
    np.testing.assert_array_equal(optimizers.clip_norm(g, 0, 5.0), g)
