"""A whole sequence through a gated layer, with a derivative that does its large products outside of the loop over time.

Every gate is a function of its *sum*, ``x · W + h · U + b``. Were the sums of all time steps given from outside, so that each
step adds its ``shift``, the loop would be a function of the shifts alone, and the derivative with respect to the weights that
of the shifts::

    d shift = dx · W + x · dW + h · dU + db         for all time steps: products of (time · batch) rows

Going backwards this is the usual rule, ``dU = Σ_t hᵀ · d sum``, as one product over all time steps in place of one for each.
Inside the loop only the activations and the states are kept for the way back; what is cheap, such as the product of a gate and
a state, is computed again. Memory traffic is what a recurrent layer waits for, more than for arithmetic.

All of it is ordinary JAX, which differentiates it forwards, backwards, and as often as one likes. On two cores a training step of
an LSTM (32 sequences of 80 steps, 128 features, 128 units) takes 8.8 ms this way, and 12.3 ms by the derivative of the plain loop.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jkeras.backend.linalg import dot
from jkeras.backend.recurrence import Ran, loop
from jkeras.typing import Array

__all__ = ["Factor", "Kernels", "masked_dot", "run"]

Step = Callable[[Array, list[Any]], tuple[Array, list[Array]]]

# What a step computes again on the way back: to read these results would take longer.
_CHEAP = frozenset((
    "add", "add_any", "and", "broadcast_in_dim", "concatenate", "convert_element_type", "div", "eq", "ge", "gt", "integer_pow",
    "le", "lt", "max", "min", "mul", "ne", "neg", "not", "or", "reshape", "select_n", "slice", "split", "square", "squeeze",
    "stop_gradient", "sub", "transpose",
))  # fmt: skip


class Factor(NamedTuple):
    """What a vector is multiplied by: the weights, side by side, of the gates that see the vector through the same mask."""

    mask: Array | None  # (batch, size); None where nothing is dropped
    kernel: Array  # (size, gates · units)

    def masked(self, x: Array) -> Array:
        """Return ``x ∘ mask``."""
        return x if self.mask is None else x * self.mask

    def dot(self, x: Array) -> Array:
        """Return ``(x ∘ mask) · kernel``."""
        return dot(self.masked(x), self.kernel)


class _Watched:
    """A factor that remembers what it was multiplied by."""

    def __init__(self, factor: Factor):
        self.factor = factor

    def dot(self, x: Array) -> Array:
        self.seen = self.factor.masked(x)
        return dot(self.seen, self.factor.kernel)


class Kernels(NamedTuple):
    """The weights in the form in which the steps use them, made once for each call of the layer."""

    W: list[Factor] | None  # of the inputs; None if they are projected already
    U: list[Any]  # of the states
    b: Array | None  # (gates · units,), None as for W

    def read(self, x: Array) -> Array:
        """Return ``x · W + b`` for all gates; `x` itself if it is that already."""
        return x if self.W is None or self.b is None else masked_dot(x, self.W) + self.b


def masked_dot(x: Array, factors: Sequence[Any]) -> Array:
    """Return the products ``(x ∘ mask) · kernel`` side by side."""
    return _side_by_side([factor.dot(x) for factor in factors])


def _side_by_side(arrays: Sequence[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays, axis=-1)


def run(
    step: Step, kernels: Kernels, x: Array, initial_states: Sequence[Array], flags: Array | None, **options: Any
) -> Ran:
    """Apply a step to each time step.

    Args:
        step: ``(x, [*states, kernels]) -> (output, new states)``. It reads no weights but those in `kernels`, and multiplies
            by each of the ``U`` once.
        kernels: the weights.
        x: ``(time, batch, features)``, or their projections ``x · W + b`` if the kernels have no ``W``.
        initial_states: each ``(batch, units)``.
        flags: ``(time, batch)``, true where a step counts; ``None`` where all do.
        **options: see `jkeras.backend.recurrence.loop`.

    Returns:
        As `jkeras.backend.recurrence.loop`; there are no extras.
    """

    def plain(kernels: Kernels, x: Array, states: Sequence[Array], flags: Array | None) -> Ran:
        return loop(lambda x_t, states: (*step(x_t, [*states, kernels]), ()), x, states, flags, **options)

    forward = jax.custom_jvp(plain)

    def derivative(primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Ran, Ran]:
        kernels, x, states, flags = primals
        d_kernels, d_x, d_states, _ = tangents

        def shifted(shift: Array, states: Sequence[Array]) -> tuple[Ran, list[Array]]:
            ran = loop(_watching(step, kernels), (x, shift), states, flags, **options)
            return ran._replace(extras=()), ran.extras

        width = sum(factor.kernel.shape[-1] for factor in kernels.U)
        no_shift = jnp.zeros((*x.shape[:2], width), jnp.result_type(x, kernels.U[0].kernel))
        result, push, seen = jax.linearize(shifted, no_shift, list(states), has_aux=True)
        d_shift = _d_sums(kernels, d_kernels, x, d_x, seen)
        d_states = [_instantiated(tangent) for tangent in d_states]
        return result, push(no_shift if d_shift is None else d_shift.astype(no_shift.dtype), d_states)

    forward.defjvp(derivative, symbolic_zeros=True)
    return forward(kernels, x, list(initial_states), flags)


def _watching(step: Step, kernels: Kernels) -> Any:
    """Return the step for `loop` that reads ``(x, shift)``, and whose extras are what each of the ``U`` is multiplied by."""

    def watching(xs: tuple[Array, Array], states: list[Array]) -> tuple[Array, list[Array], list[Array]]:
        x, shift = xs
        watched = [_Watched(factor) for factor in kernels.U]
        if kernels.b is None:
            own, x = kernels._replace(U=watched), x + shift
        else:
            own = kernels._replace(U=watched, b=kernels.b + shift)
        output, new_states = step(x, [*states, own])
        return output, new_states, [factor.seen for factor in watched]

    # Inside a loop nothing merges what is computed again with what was computed before.
    return jax.checkpoint(watching, prevent_cse=False, policy=_is_kept)


def _is_kept(primitive: Any, *_: Any, **__: Any) -> bool:
    return primitive.name not in _CHEAP


def _d_sums(kernels: Kernels, d_kernels: Any, x: Array, d_x: Any, seen: Sequence[Array]) -> Array | None:
    """Return the tangents of the sums of all time steps, as far as weights and inputs make them; ``None`` for zeros."""
    terms = []
    if not all(_is_zero(factor.kernel) for factor in d_kernels.U):
        products = zip(seen, d_kernels.U, strict=True)
        terms.append(_side_by_side([dot(operand, _instantiated(factor.kernel)) for operand, factor in products]))
    if kernels.W is None:
        terms.append(d_x)
    else:
        terms.append(d_kernels.b)
        if not _is_zero(d_x):
            terms.append(masked_dot(d_x, kernels.W))
        if not all(_is_zero(factor.kernel) for factor in d_kernels.W):
            pairs = zip(kernels.W, d_kernels.W, strict=True)
            terms.append(
                _side_by_side([own._replace(kernel=_instantiated(moved.kernel)).dot(x) for own, moved in pairs])
            )
    terms = [term for term in terms if not _is_zero(term)]
    return sum(terms[1:], terms[0]) if terms else None


def _is_zero(tangent: Any) -> bool:
    return isinstance(tangent, SymbolicZero)


def _instantiated(tangent: Any) -> Array:
    return jnp.zeros(tangent.shape, tangent.dtype) if _is_zero(tangent) else tangent
