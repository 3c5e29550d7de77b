"""K's functions that make and use graphs: symbolic inputs, compiled functions of them, symbolic gradients.

The graph is the engine's, which is built on this package, so it is imported when it is used.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from jkeras.backend.config import get_uid
from jkeras.errors import did_you_mean

__all__ = ["Function", "function", "gradients", "placeholder"]

# What Theano's functions take beside inputs, outputs and updates; none of it changes what is computed here.
_OF_THEANO = frozenset({
    "accept_inplace", "allow_input_downcast", "mode", "name", "no_default_updates", "on_unused_input", "profile",
    "rebuild_strict",
})  # fmt: skip


class Function:
    """What `function` returns: called with a list of arrays, it returns the outputs as numpy arrays.

    A list of them, or the array alone if `outputs` is no list.

    Args:
        inputs: symbolic tensors, and at most one ``K.learning_phase()`` among them.
        outputs: symbolic tensors or variables: one of them or a list.
        updates: pairs (variable, new value), or a dict of them, made after each call.
        **kwargs: `mode`, `name`, `profile`, `on_unused_input`, `allow_input_downcast`, `accept_inplace`, `rebuild_strict`
            and `no_default_updates` of Theano's functions; they change nothing here.

    Raises:
        ValueError: another keyword is given.
        NotImplementedError: `givens` is, which replaces parts of a graph.

    >>> import jkeras.backend as K
    >>> x = K.placeholder(shape=(None, 2))
    >>> double_and_sum = K.function([x], [x * 2, K.sum(x)])
    >>> [output.tolist() for output in double_and_sum([[[1, 2]]])]
    [[[2.0, 4.0]], 3.0]
    """

    def __init__(self, inputs: Any, outputs: Any, updates: Sequence[Any] = (), **kwargs: Any):
        from jkeras.engine.program import Program

        _check_keywords(kwargs)
        self._program = Program(inputs, outputs, updates)

    def __call__(self, inputs: Any) -> Any:
        """Compute the outputs for these inputs, in the order in which the function was made."""
        return self._program(inputs)


def _check_keywords(kwargs: Mapping[str, Any]) -> None:
    """Refuse keywords that would have an effect: one that is misspelt, such as ``update=``, must not get lost."""
    for name in kwargs:
        if name == "givens":
            if kwargs[name]:
                raise NotImplementedError(
                    "K.function: givens= is not supported. Make what is given an input of the function, or build the outputs "
                    "from it."
                )
        elif name not in _OF_THEANO:
            hint = did_you_mean(name, {"inputs", "outputs", "updates", *_OF_THEANO}, most=0)
            raise ValueError(
                f"Invalid argument {name!r} passed to K.function: it takes inputs, outputs and updates.{hint}"
            )


def function(inputs: Any, outputs: Any, updates: Any = [], **kwargs: Any) -> Function:  # noqa: B006 - Keras 1's default
    """Return a compiled function that computes `outputs` from `inputs`; see `Function`."""
    return Function(inputs, outputs, updates, **kwargs)


def gradients(loss: Any, variables: Any) -> Any:
    """Return the symbolic gradients of a symbolic loss.

    Args:
        loss: a symbolic tensor; its elements are summed.
        variables: symbolic tensors or variables: one, or a list of them.

    Returns:
        A list of symbolic tensors, each of the shape of its variable.
    """
    from jkeras.engine.derivatives import gradients as make

    return make(loss, variables)


def placeholder(
    shape: Any = None, ndim: int | None = None, dtype: str | None = None, sparse: bool = False, name: str | None = None
) -> Any:
    """Return a symbolic tensor whose value is given when a function is called.

    Args:
        shape: with the batch dimension; ``None`` for sizes not known yet.
        ndim: the number of axes, in place of `shape`.
        dtype: default `floatx`.
        sparse: what `is_sparse` says of it. Functions and models take matrices of scipy for it, as for any other, and make
            them dense.
        name: default ``placeholder_1``, ``placeholder_2``, …

    Raises:
        ValueError: neither `shape` nor `ndim` is given.
    """
    if shape is None and ndim is None:
        raise ValueError("placeholder needs shape=, such as (None, 784), or ndim=, the number of axes.")
    from jkeras.engine.input import Input

    shape = (None,) * int(ndim or 0) if shape is None else tuple(shape)
    name = name or f"placeholder_{get_uid('placeholder')}"
    return Input(batch_shape=shape, dtype=dtype, name=name, sparse=sparse)
