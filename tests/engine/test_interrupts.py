"""Ctrl-C, alarms and errors at any moment of a training leave a model that works; nobody's arrays are taken away."""

import os
import signal
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jkeras import backend as K
from jkeras.callbacks import Callback, LambdaCallback
from jkeras.engine.interrupts import deferred_interrupts
from jkeras.layers import Dense, Dropout
from jkeras.models import Sequential
from jkeras.optimizers import SGD

FOR_EVER = 10**9


def build(**kwargs):
    """Return a compiled model; two of them in one test are equal to the bit."""
    K.reset_uids()
    np.random.seed(0)
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dropout(0.2), Dense(1)])
    model.compile(SGD(lr=0.01, momentum=0.9), "mse", **kwargs)
    return model


def data(count=32):
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, 3)).astype("float32"), rng.normal(size=(count, 1)).astype("float32")


def assert_works(model):
    """Check that all arrays of `model` can be read, are finite, and that it predicts and trains on."""
    x, y = data()
    leaves = [*jax.tree.leaves((model.params, model.state)), *model.optimizer.get_weights()]
    assert all(np.isfinite(leaf).all() for leaf in leaves)
    assert np.isfinite(model.predict(x)).all()
    assert np.isfinite(model.train_on_batch(x, y))


def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


class AfterChunk(Callback):
    """Sends SIGINT some time after the third chunk of the training."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.chunks = seconds, 0

    def on_batches_end(self, first_batch, sizes, names, values):
        self.chunks += 1
        if self.chunks == 3:
            interrupt_after(self.seconds)


class Enough(Exception):
    pass


class Until(Callback):
    """Raises `Enough` after a number of steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_batch_end(self, batch, logs=None):
        if self.model.steps_done == self.steps:
            raise Enough


# ---- signals


def test_ctrl_c_leaves_the_weights_of_the_last_chunk():
    x, y = data()
    model, same = build(), build()
    for seconds in (0.0, 0.001, 0.01, 0.04):
        before = model.steps_done
        with pytest.raises(KeyboardInterrupt):
            model.fit(x, y, 4, FOR_EVER, verbose=0, shuffle=False, callbacks=[AfterChunk(seconds)])
        assert model.steps_done >= before + 8
        # Training the same number of steps, one by one, gives the same weights and optimizer state to the bit.
        with pytest.raises(Enough):
            same.fit(x, y, 4, FOR_EVER, verbose=0, shuffle=False, callbacks=[Until(model.steps_done)])
        for got, expected in zip(
            [*model.get_weights(), *model.optimizer.get_weights()],
            [*same.get_weights(), *same.optimizer.get_weights()],
            strict=True,
        ):
            np.testing.assert_array_equal(got, expected)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_works(model)


def test_ctrl_c_in_a_loop_of_single_batches():
    model = build()
    x, y = data()
    model.train_on_batch(x, y)
    model.predict(x)
    for seconds in (0.001, 0.002, 0.003, 0.005, 0.01):
        with pytest.raises(KeyboardInterrupt):
            interrupt_after(seconds)
            while True:
                model.train_on_batch(x, y)
                model.predict(x)
        assert_works(model)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this platform has no timers")
def test_an_alarm_is_a_time_limit():
    def stop(number, frame):
        raise TimeoutError

    model = build()
    x, y = data()
    before = signal.signal(signal.SIGALRM, stop)
    try:
        model.fit(x, y, 4, 1, verbose=0)
        with pytest.raises(TimeoutError):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            model.fit(x, y, 4, FOR_EVER, verbose=0)
        assert signal.getsignal(signal.SIGALRM) is stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert_works(model)


def test_interrupts_wait_for_the_end_of_the_block():
    reached = []
    with pytest.raises(KeyboardInterrupt), deferred_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        reached.append("end of the block")
    assert reached
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # An error in the block does not swallow the interrupt.
    with pytest.raises(KeyboardInterrupt) as caught, deferred_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        raise ValueError
    assert isinstance(caught.value.__context__, ValueError)


def test_a_handler_of_the_script_is_called_once_and_kept():
    calls = []

    def handler(number, frame):
        calls.append(number)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with deferred_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            assert calls == []
        assert calls == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is handler
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with deferred_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_training_in_another_thread():
    model = build()
    x, y = data()
    thread = threading.Thread(target=lambda: model.fit(x, y, 8, 2, verbose=0))
    thread.start()
    thread.join()
    assert model.steps_done == 8
    assert_works(model)


# ---- errors


def test_an_error_in_a_callback():
    def fail(*args):
        raise Enough

    model = build()
    x, y = data()
    steps_at = {"on_train_begin": 0, "on_epoch_begin": 0, "on_batch_begin": 0, "on_batch_end": 1, "on_epoch_end": 2}
    for method, steps in {**steps_at, "on_train_end": 4}.items():
        before = model.steps_done
        with pytest.raises(Enough):
            model.fit(x, y, 8, 2, verbose=0, validation_split=0.5, callbacks=[LambdaCallback(**{method: fail})])
        assert model.steps_done == before + steps, method
        assert_works(model)


# JAX raises one or the other, depending on whether it had begun to wait for the step.
STEP_ERRORS = (jax.errors.JaxRuntimeError, ValueError)


class Tripwire:
    """A metric that raises inside the compiled step when it is set off."""

    armed = False

    def __call__(self, y_true, y_pred):
        return jax.pure_callback(self.check, jax.ShapeDtypeStruct((), jnp.float32), jnp.sum(y_pred))

    def check(self, value):
        if self.armed:
            raise Enough
        return np.float32(0)


def test_an_error_inside_the_first_step_gives_the_weights_back():
    wire = Tripwire()
    model = build(metrics=[wire])
    x, y = data()
    before = [*model.get_weights(), *model.optimizer.get_weights()]
    wire.armed = True
    with pytest.raises(STEP_ERRORS, match="Enough"):
        model.fit(x, y, 8, 2, verbose=0)
    for got, expected in zip([*model.get_weights(), *model.optimizer.get_weights()], before, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert model.steps_done == 0
    wire.armed = False
    assert_works_with_metric(model, x, y)


def test_an_error_inside_a_later_step_says_that_the_weights_are_lost():
    wire = Tripwire()
    model = build(metrics=[wire])
    initial = build().get_weights()
    x, y = data()
    model.fit(x, y, 8, 2, verbose=0)
    wire.armed = True
    with pytest.raises(STEP_ERRORS, match="Enough") as caught:
        model.fit(x, y, 8, 2, verbose=0)
    assert "initial weights again: load those that you saved last" in caught.value.__notes__[0]
    for got, expected in zip(model.get_weights(), initial, strict=True):
        np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(model.optimizer.get_weights()[1], 0)
    wire.armed = False
    assert_works_with_metric(model, x, y)


def assert_works_with_metric(model, x, y):
    assert np.isfinite(model.predict(x)).all()
    assert np.isfinite(model.train_on_batch(x, y)).all()


def test_an_error_while_tracing_changes_nothing():
    def broken(y_true, y_pred):
        raise Enough

    model = build()
    before = model.get_weights()
    model.compile("sgd", broken)
    with pytest.raises(Enough):
        model.fit(*data(), verbose=0)
    for got, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)
    model.compile("sgd", "mse")
    assert_works(model)


def test_the_search_for_nan_leaves_the_weights():
    model = build()
    x, y = data()
    model.fit(x, y, 8, 1, verbose=0)
    before = model.get_weights()
    model.compile("sgd", lambda y_true, y_pred: K.log(-1 - K.square(y_pred[:, 0])))
    with jax.debug_nans(True), pytest.raises(FloatingPointError):
        model.fit(x, y, 8, 1, verbose=0)
    for got, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(got, expected)


# ---- arrays that others hold


def test_arrays_handed_out_are_never_taken_away():
    model = build()
    x, y = data()
    held = [model.params, model.state, model.layers[0].params]
    copies = [jax.tree.map(np.array, tree) for tree in held]
    during = []
    keep = LambdaCallback(on_epoch_end=lambda epoch, logs: during.append((model.params, model.get_weights())))
    model.fit(x, y, 8, 3, verbose=0, callbacks=[keep])
    model.train_on_batch(x, y)
    for tree, copy in zip(held, copies, strict=True):
        jax.tree.map(np.testing.assert_array_equal, tree, copy)
    for params, weights in during:
        for got, expected in zip([params["dense_1"]["W"], params["dense_1"]["b"]], weights[:2], strict=True):
            np.testing.assert_array_equal(got, expected)
    assert not np.array_equal(during[0][1][0], during[2][1][0])


def test_the_array_of_a_variable_is_never_taken_away():
    model = build()
    held = model.layers[0].W.value
    copy = np.array(held, copy=True)
    x, y = data()
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(jnp.array(held), copy)


def test_arrays_handed_in_stay_their_owners():
    model = build()
    x, y = data()
    params = model.init(jax.random.key(3))[0]
    model.params = params
    model.fit(x, y, 8, 1, verbose=0)
    model.layers[0].W.set_value(params["dense_1"]["W"])
    model.train_on_batch(x, y)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(params))


def test_an_initializer_may_return_the_same_array_twice():
    shared = jnp.ones((3, 3))
    model = Sequential([Dense(3, input_dim=3, init=lambda shape, name=None: shared) for _ in range(2)])
    model.compile("sgd", "mse")
    x, _ = data()
    model.train_on_batch(x, x)
    np.testing.assert_array_equal(shared, np.ones((3, 3)))


def test_data_on_the_device_stay_the_callers():
    model = build()
    x, y = map(jnp.asarray, data())
    model.fit(x, y, 8, 1, verbose=0, validation_data=(x, y))
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(model.predict(x, 8), model.predict(np.array(x), 8))
