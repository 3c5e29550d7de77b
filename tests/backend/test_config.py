import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.backend import common, config


@pytest.fixture(autouse=True)
def _restore_settings():
    saved = dict(config._settings)
    yield
    config._settings.clear()
    config._settings.update(saved)


def test_defaults_are_those_of_keras_1():
    assert (K.floatx(), K.epsilon(), K.image_dim_ordering(), K.learning_phase()) == ("float32", 1e-7, "th", 0)


def test_settings_change_what_is_made():
    K.set_floatx("float16")
    assert K.zeros((2,)).dtype == jnp.float16
    assert K.cast_to_floatx(1).dtype == np.float16
    K.set_image_dim_ordering("tf")
    K.set_epsilon(1e-3)
    assert (common.image_dim_ordering(), common.epsilon()) == ("tf", 1e-3)


@pytest.mark.parametrize(
    ("setter", "value"),
    [
        (K.set_floatx, "float31"),
        (K.set_floatx, None),
        (K.set_image_dim_ordering, "channels_first"),
        (K.set_epsilon, 0.0),
        (K.set_epsilon, "1e-7"),
        (K.set_epsilon, float("nan")),
        (K.set_learning_phase, 2),
        (K.set_legacy_weight_ordering, 1),
    ],
)
def test_invalid_settings_are_refused_and_change_nothing(setter, value):
    before = dict(config._settings)
    with pytest.raises(ValueError, match=r".{20}"):
        setter(value)
    assert config._settings == before


def test_uids_count_by_prefix_and_start_anew_after_reset():
    prefix = "test_config"
    first = K.get_uid(prefix)
    assert (K.get_uid(prefix), K.get_uid(prefix + "x")) == (first + 1, 1)
    saved = dict(config._uids)
    try:
        K.reset_uids()
        assert K.get_uid(prefix) == 1
    finally:
        config._uids.clear()
        config._uids.update(saved)


def test_learning_phase_scope_nests_and_is_local_to_the_thread():
    seen = []
    with K.learning_phase_scope(True):
        thread = threading.Thread(target=lambda: seen.append(K.learning_phase()))
        thread.start()
        thread.join()
        with K.learning_phase_scope(0):
            seen.append(K.learning_phase())
        seen.append(K.learning_phase())
    assert seen == [0, 0, 1]
    assert K.learning_phase() == 0
    K.set_learning_phase(1)
    assert (K.in_train_phase(1, 2), K.in_test_phase(1, lambda: 2)) == (1, 2)


def test_user_settings_are_honoured(tmp_path):
    path = tmp_path / "keras.json"
    path.write_text(json.dumps({"backend": "theano", "image_dim_ordering": "tf", "epsilon": 1e-5}))
    config._read_user_settings(path)
    assert (K.image_dim_ordering(), K.epsilon(), K.floatx(), K.backend()) == ("tf", 1e-5, "float32", "jax")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{broken", "not a JSON object"),
        ("[1, 2]", "expected an object, got list"),
        ("[" * 100_000, "not a JSON object"),
        ('{"epsilon": -1}', "key 'epsilon'"),
        ('{"image_dim_ordering": "ht"}', "Known are: tf, th"),
        ('{"floatx": ["float32"]}', "Unknown floatx"),
    ],
)
def test_wrong_user_settings_warn_and_leave_the_defaults(tmp_path, text, message):
    path = tmp_path / "keras.json"
    path.write_text(text)
    before = dict(config._settings)
    with pytest.warns(UserWarning, match=message):
        config._read_user_settings(path)
    assert config._settings == before


def test_unreadable_user_settings_warn(tmp_path):
    (tmp_path / "keras.json").write_bytes(b"\xff\xfe\xff")
    with pytest.warns(UserWarning, match="Could not read"):
        config._read_user_settings(tmp_path / "keras.json")
    config._read_user_settings(tmp_path / "none.json")


@pytest.mark.parametrize(("variable", "name"), [("theano", "theano"), ("tensorflow", "tensorflow"), ("cntk", "jax")])
def test_backend_follows_the_environment(monkeypatch, variable, name):
    monkeypatch.setenv("KERAS_BACKEND", variable)
    assert config._backend_from_environment() == name


_64_BITS = """
import jax, jax.numpy as jnp, numpy as np
from jkeras import activations, constraints, initializations, metrics, objectives, regularizers
from jkeras import backend as K

K.set_floatx("float64")
assert K.zeros((2,)).dtype == jnp.float64
K.set_floatx("float32")
x = np.full((2, 3), 0.5, "float32")
y = np.array([[0, 0, 1], [0, 1, 0]], "float32")

def make(x, y, key):
    half, one = np.float64(0.5), np.float64(1.0)
    with K.key_scope(key):
        return (
            {name: f(x) for name, f in activations.registry.entries.items()},
            {name: f(y[:, :1] if "sparse" in name else y, x)
             for r in (objectives.registry, metrics.registry) for name, f in r.entries.items()},
            {name: initializations.get(name)((3, 3)).value for name in initializations.registry.entries},
            {name: c()(x) for name, c in constraints.registry.entries.items()},
            {
                "l1l2": regularizers.l1l2()(x), "eigenvalue": regularizers.EigenvalueRegularizer(0.1)(x),
                "dropout": K.dropout(x, 0.5), "clip": K.clip(x, half, one), "maximum": K.maximum(x, half),
                "mean": K.mean(x > 1), "relu": K.relu(x, 0.1, 6.0), "one_hot": K.one_hot([1], 3),
                "batch": K.batch_normalization(x, 0.0, 1.0, 0.0, 1.0),
                "train": K.normalize_batch_in_training(x, np.ones(3, "float32"), None, [0]),
                "update": K.moving_average_update(K.ones(()), np.float32(2), 0.9)[1],
                "uniform": K.random_uniform((2,), -1, 1), "normal": K.random_normal((2,), -1, 1),
                "switch": K.switch(x > 0, x, 0.0), "fold": K.foldl(lambda a, b: a + b, x, 0),
            },
        )

made = jax.eval_shape(make, x, y, jax.random.key(0))
wrong = [(jax.tree_util.keystr(path), str(leaf.dtype))
         for path, leaf in jax.tree_util.tree_leaves_with_path(made) if leaf.dtype != jnp.float32]
assert not wrong, wrong
"""


def test_nothing_becomes_64_bit_by_itself():
    # JAX's 64-bit mode is a setting of the process, so this runs in one of its own.
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", _64_BITS],
        env={**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path(config.__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
