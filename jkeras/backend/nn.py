"""Activations, crossentropies and normalisation.

The clipping, the renormalisation and the derivatives at corners are those of Keras 1.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.ad_checkpoint import checkpoint_name

from jkeras.backend import elementwise
from jkeras.backend.config import canonical_dtype
from jkeras.backend.config import epsilon as default_epsilon
from jkeras.backend.dispatch import op
from jkeras.backend.variables import as_array, unwrap
from jkeras.typing import Array

__all__ = [
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "elu",
    "hard_sigmoid",
    "in_top_k",
    "l2_normalize",
    "normalize_batch_in_training",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "tanh",
]


@op
def relu(x: Any, alpha: Any = 0.0, max_value: Any = None) -> Array:
    """Return ``max(x, 0) + alpha * min(x, 0)``, but not more than `max_value`.

    The derivative at 0 is ``(1 + alpha) / 2``, as on Theano.
    """
    x, alpha = as_array(x), unwrap(alpha)
    y = jnp.maximum(x, 0)
    if not isinstance(alpha, (int, float)) or alpha != 0:
        y = y + alpha * jnp.minimum(x, 0)
    return y if max_value is None else elementwise.minimum(y, max_value)


@op
def elu(x: Any, alpha: Any = 1.0) -> Array:
    """Return x where it is positive, else ``alpha * (exp(x) - 1)``.

    Source: Clevert et al., "Fast and accurate deep network learning by exponential linear units" (2015).
    """
    x = as_array(x)
    # expm1 only sees what it is used for: a large x would make its derivative infinite, and 0 * inf NaN.
    return jnp.where(x > 0, x, unwrap(alpha) * jnp.expm1(jnp.where(x > 0, 0, x)))


@op
def softmax(x: Any) -> Array:
    """Return exponentials that sum to 1 along the last axis."""
    return jax.nn.softmax(as_array(x), axis=-1)


@op
def softplus(x: Any) -> Array:
    """Return ``log(1 + exp(x))``."""
    return jax.nn.softplus(as_array(x))


@op
def softsign(x: Any) -> Array:
    """Return ``x / (1 + |x|)``."""
    x = as_array(x)
    return x / (1 + elementwise.abs(x))


@op
def sigmoid(x: Any) -> Array:
    """Return ``1 / (1 + exp(-x))``."""
    return jax.nn.sigmoid(as_array(x))


@op
def hard_sigmoid(x: Any) -> Array:
    """Return ``clip(0.2 * x + 0.5, 0, 1)``: straight lines close to the sigmoid.

    >>> hard_sigmoid([-3.0, 0.0, 1.0]).tolist()
    [0.0, 0.5, 0.699999988079071]
    """
    # Named, so that what keeps little for the derivative keeps this, from which the rest is quickly made.
    line = checkpoint_name(as_array(x) * 0.2 + 0.5, "hard_sigmoid")
    return elementwise.clip(line, 0.0, 1.0)


@op
def tanh(x: Any) -> Array:
    """Return the hyperbolic tangent."""
    x = as_array(x)
    return _tanh(x if jnp.issubdtype(x.dtype, jnp.inexact) else x.astype(canonical_dtype()))


@jax.custom_jvp
def _tanh(x: Array) -> Array:
    return jnp.tanh(x)


@_tanh.defjvp
def _tanh_derivative(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    # (1 - y)(1 + y) keeps its digits where 1 - y² cancels, and is one factor for all tangents.
    y = _tanh(*primals)
    return y, tangents[0] * ((1 - y) * (1 + y))


def _clipped(probabilities: Array) -> Array:
    return elementwise.clip(probabilities, default_epsilon(), 1.0 - default_epsilon())


def _class_probabilities(output: Array, from_logits: bool) -> Array:
    if from_logits:
        return jax.nn.softmax(output, axis=-1)
    return output / jnp.sum(output, axis=-1, keepdims=True)


@op
def categorical_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Array:
    """Return ``-sum(target * log(output))`` over the last axis.

    Args:
        output: probabilities of the classes, or with `from_logits` what a softmax makes into them. Probabilities
            are divided by their sum, then clipped to [epsilon, 1 - epsilon].
        target: the true probabilities, of the same shape.
    """
    output = _clipped(_class_probabilities(as_array(output), from_logits))
    return -jnp.sum(as_array(target) * jnp.log(output), axis=-1)


@op
def sparse_categorical_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Array:
    """Return minus the logarithm of the probability of the true class.

    Args:
        output: as for `categorical_crossentropy`, of shape (..., classes).
        target: the index of the true class, of shape (...) or (..., 1), integers or whole floats. An index
            that is not a class gives NaN.
    """
    output = as_array(output)
    target = as_array(target).astype("int32").reshape((*output.shape[:-1], 1))
    probabilities = _class_probabilities(output, from_logits)
    # Only the true class enters the sum: clipping and the logarithm of the others would be wasted.
    return -jnp.log(_clipped(jnp.take_along_axis(probabilities, target, axis=-1)[..., 0]))


@op
def binary_crossentropy(output: Any, target: Any, from_logits: bool = False) -> Array:
    """Return ``-target * log(output) - (1 - target) * log(1 - output)`` for each element.

    Args:
        output: probabilities, clipped to [epsilon, 1 - epsilon], or with `from_logits` what a sigmoid makes
            into them.
        target: the true probabilities, of the same shape.
    """
    output, target = as_array(output), as_array(target)
    output = _clipped(jax.nn.sigmoid(output) if from_logits else output)
    return -(target * jnp.log(output) + (1 - target) * jnp.log(1 - output))


@op
def l2_normalize(x: Any, axis: int | Sequence[int]) -> Array:
    """Divide by the Euclidean length along `axis`. There is no epsilon: a vector of zeros gives NaN."""
    x = as_array(x)
    axes = axis if axis is None or isinstance(axis, int) else tuple(axis)
    return x / jnp.sqrt(jnp.sum(jnp.square(x), axis=axes, keepdims=True))


@op
def in_top_k(predictions: Any, targets: Any, k: int) -> Array:
    """Return for each row whether the target is among the `k` largest predictions.

    Args:
        predictions: scores of shape (batch, classes). Of equal ones, that of the higher class counts as larger.
        targets: indices of classes, of shape (batch,).
    """
    predictions = as_array(predictions)
    targets = as_array(targets).astype("int32")[:, None]
    score = jnp.take_along_axis(predictions, targets, axis=-1)
    later = jnp.arange(predictions.shape[-1], dtype="int32") > targets
    ahead = jnp.sum((predictions > score) | ((predictions == score) & later), axis=-1)
    return (ahead < k) & ~jnp.isnan(score[:, 0])


@op
def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Sequence[int], epsilon: float = 1e-3
) -> tuple[Array, Array, Array]:
    """Normalise `x` over `reduction_axes` by its own mean and variance, then scale and shift.

    Args:
        x: an array.
        gamma, beta: scale and shift: of the axes that are not reduced, or with all axes; ``None`` leaves it out.
        reduction_axes: the axes that share a mean.
        epsilon: added to the variance.

    Returns:
        (normalised, mean, variance): the last two have the shape of the axes that are not reduced, or that of
        `gamma` if it has all axes. The variance is the biased one plus `epsilon`, as in Keras 1.
    """
    x = as_array(x)
    axes = tuple(axis % x.ndim for axis in reduction_axes)
    mean = jnp.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = jnp.mean(jnp.square(centred), axis=axes, keepdims=True) + epsilon
    factor = jax.lax.rsqrt(variance)
    if gamma is not None:
        factor = factor * _spread(gamma, x, axes)
    normed = centred * factor
    if beta is not None:
        normed = normed + _spread(beta, x, axes)
    if gamma is None or as_array(gamma).ndim != x.ndim:
        mean, variance = jnp.squeeze(mean, axes), jnp.squeeze(variance, axes)
    return normed, mean, variance


def _spread(parameter: Any, x: Array, axes: tuple[int, ...]) -> Array:
    parameter = as_array(parameter)
    return parameter if parameter.ndim == x.ndim else jnp.expand_dims(parameter, axes)


@op
def batch_normalization(x: Any, mean: Any, var: Any, beta: Any, gamma: Any, epsilon: float = 1e-3) -> Array:
    """Return ``gamma * (x - mean) / sqrt(var + epsilon) + beta``.

    Args:
        x: an array.
        mean, var, beta, gamma: arrays that broadcast to `x`; `beta` and `gamma` may be ``None``.
        epsilon: added to the variance.
    """
    factor = jax.lax.rsqrt(as_array(var) + epsilon)
    if gamma is not None:
        factor = factor * unwrap(gamma)
    y = (as_array(x) - unwrap(mean)) * factor
    return y if beta is None else y + unwrap(beta)
