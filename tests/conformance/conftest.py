"""The settings under which golden/ was recorded."""

import contextlib
from collections.abc import Iterator
from unittest import mock

import pytest

# Their plain asserts explain themselves, as those of test files do.
pytest.register_assert_rewrite(
    *(
        f"tests.conformance.{name}"
        for name in ("compare", "replay_backend", "replay_facts", "replay_fit", "replay_model")
    )
)


@contextlib.contextmanager
def use_theano_dialect() -> Iterator[None]:
    """Make layers and K compute convolutions and pooling as Keras 1 did on Theano, as golden/ was recorded.

    A script says ``KERAS_BACKEND=theano`` for that, which is read once; here it changes with each test.
    """
    from jkeras.backend import config

    with mock.patch.object(config, "_BACKEND", "theano"):
        yield


@pytest.fixture
def recorded_settings() -> Iterator[None]:
    """Channels first, float32, epsilon 1e-7."""
    from jkeras import backend as K

    before = K.image_dim_ordering(), K.floatx(), K.epsilon()
    K.set_image_dim_ordering("th")
    K.set_floatx("float32")
    K.set_epsilon(1e-7)
    yield
    K.set_image_dim_ordering(before[0])
    K.set_floatx(before[1])
    K.set_epsilon(before[2])


@pytest.fixture
def theano_dialect(recorded_settings: None) -> Iterator[None]:
    """Theano's convolutions, for everything but files, which tell their dialect themselves."""
    with use_theano_dialect():
        yield
