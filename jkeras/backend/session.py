"""Sessions, which Keras 1 had on TensorFlow: there are none here, and a few scripts ask for one."""

from typing import Any, NoReturn

from jkeras.backend.config import free_learning_phase, reset_uids

__all__ = ["clear_session", "get_session", "manual_variable_initialization", "set_session"]


def clear_session() -> None:
    """Start anew: layer names count from 1 again, and no learning phase is set.

    Models that exist stay usable; what they hold is freed when nothing refers to them any more.
    """
    reset_uids()
    free_learning_phase()


def get_session() -> NoReturn:
    """Raise: there is no TensorFlow session.

    Raises:
        NotImplementedError: always; it says what to use in place of a session.
    """
    raise NotImplementedError(
        "K.get_session(): jkeras computes with JAX and has no TensorFlow session. In place of session.run(tensor, feed_dict) use "
        "K.function([inputs], [tensor])([arrays]); in place of tensor.eval(session=…) use K.eval(tensor); variables are "
        "initialised when they are made."
    )


def manual_variable_initialization(value: bool) -> None:
    """Do nothing: on TensorFlow it said whether a script initialises its variables itself; here they are when they are made.

    Args:
        value: what Keras 1 took.
    """


def set_session(session: Any) -> NoReturn:
    """Raise: there is no TensorFlow session.

    Raises:
        NotImplementedError: always; it says what to use in place of a session's settings.
    """
    raise NotImplementedError(
        "K.set_session(): jkeras computes with JAX and has no TensorFlow session, so the line can go. Settings of memory and "
        "devices are JAX's environment variables, such as XLA_PYTHON_CLIENT_MEM_FRACTION=0.5 and CUDA_VISIBLE_DEVICES=0."
    )
