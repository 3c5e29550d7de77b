"""The methods of variables and symbolic tensors: those of Theano's and numpy's arrays that layers for Keras 1 use."""

from typing import Any

__all__ = ["StaticShape", "TensorMethods"]


def _backend() -> Any:
    from jkeras import backend  # which is built on the classes that have these methods

    return backend


def _methods() -> Any:
    from jkeras.backend import tensors

    return tensors


def _several(first: Any, rest: tuple[Any, ...]) -> Any:
    """Return the arguments of ``f(2, 3)`` or ``f((2, 3))``."""
    return (first, *rest) if rest or not hasattr(first, "__iter__") else first


class StaticShape(tuple[int | None, ...]):
    """A shape with the two names that TensorFlow's have; sizes are ints or ``None``."""

    __slots__ = ()

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list."""
        return list(self)

    @property
    def ndims(self) -> int:
        """The number of axes."""
        return len(self)


class TensorMethods:
    """K's functions as methods, with the arguments of Theano's."""

    __slots__ = ()
    shape: Any
    dtype: Any

    @property
    def T(self) -> Any:
        """The tensor with its axes in reverse order."""
        return _backend().transpose(self)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def broadcastable(self) -> tuple[bool, ...]:
        """For each axis whether it has size 1 (Theano)."""
        return tuple(size == 1 for size in self.shape)

    # ---- axes and shapes

    def get_shape(self) -> StaticShape:
        """Return the shape as far as it is known (TensorFlow); Keras 1 writes ``K.int_shape(x)``."""
        return StaticShape(_backend().int_shape(self))

    def dimshuffle(self, *pattern: Any) -> Any:
        """Put the axes into the order of `pattern`; ``'x'`` makes an axis of size 1, and an axis of size 1 may be left out."""
        return _methods().dimshuffle(self, *pattern)

    def transpose(self, *axes: Any) -> Any:
        """Put the axes into another order, by default the reverse one."""
        return _backend().permute_dimensions(self, _several(axes[0], axes[1:])) if axes else self.T

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Exchange two axes."""
        order = list(range(self.ndim))
        order[axis1], order[axis2] = order[axis2], order[axis1]
        return _backend().permute_dimensions(self, order)

    def reshape(self, shape: Any, *more: Any, ndim: int | None = None) -> Any:
        """Return the elements in another shape; `ndim` is Theano's and follows from it."""
        return _backend().reshape(self, _several(shape, more))

    def flatten(self, ndim: int = 1) -> Any:
        """Join the last axes, so that `ndim` are left."""
        return _methods().flatten(self, ndim)

    def ravel(self) -> Any:
        """Join all axes."""
        return _backend().flatten(self)

    def squeeze(self, axis: int) -> Any:
        """Remove an axis of size 1."""
        return _backend().squeeze(self, axis)

    def repeat(self, repeats: int, axis: int | None = None) -> Any:
        """Repeat each element along an axis; without one, of the flattened tensor."""
        if axis is None:
            return _backend().repeat_elements(self.ravel(), repeats, 0)
        return _backend().repeat_elements(self, repeats, axis)

    # ---- sums and their like

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Return the sum over axes."""
        return self._cast(dtype, _backend().sum(self, axis, keepdims))

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Return the product over axes."""
        return self._cast(dtype, _backend().prod(self, axis, keepdims))

    def mean(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """Return the mean over axes."""
        return self._cast(dtype, _backend().mean(self, axis, keepdims))

    def var(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the variance over axes."""
        return _backend().var(self, axis, keepdims)

    def std(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the standard deviation over axes."""
        return _backend().std(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the largest element along axes."""
        return _backend().max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the smallest element along axes."""
        return _backend().min(self, axis, keepdims)

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return whether an element along axes is not zero."""
        return _backend().any(self, axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Return whether no element along axes is zero."""
        return _backend().all(self, axis, keepdims)

    def argmax(self, axis: int | None = None) -> Any:
        """Return the index of the largest element along an axis; by default of all elements in a row."""
        return _backend().argmax(self.ravel() if axis is None else self, 0 if axis is None else axis)

    def argmin(self, axis: int | None = None) -> Any:
        """Return the index of the smallest element along an axis; by default of all elements in a row."""
        return _backend().argmin(self.ravel() if axis is None else self, 0 if axis is None else axis)

    def cumsum(self, axis: int | None = None) -> Any:
        """Return the sums of the elements so far."""
        return _methods().cumsum(self, axis)

    def norm(self, L: Any = 2, axis: Any = None, keepdims: bool = False) -> Any:
        """Return the L-norm over axes: the L-th root of the sum of the L-th powers; for ``'inf'`` the largest magnitude."""
        return _methods().norm(self, L, axis, keepdims)

    # ---- element by element

    def astype(self, dtype: Any) -> Any:
        """Return the tensor with another dtype."""
        return _backend().cast(self, dtype)

    def clip(self, a_min: Any, a_max: Any) -> Any:
        """Return each element, but not less than `a_min` and not more than `a_max`."""
        return _backend().clip(self, a_min, a_max)

    def round(self, mode: str = "half_to_even") -> Any:
        """Return the nearest whole numbers; halves go to the even one."""
        return _backend().round(self)

    def copy(self, name: str | None = None) -> Any:
        """Return a tensor of the same value."""
        return _methods().identity(self)

    def eval(self, inputs_to_values: Any = None, *_: Any, **__: Any) -> Any:
        """Return the value as a numpy array.

        Args:
            inputs_to_values: a dict of the inputs that it depends on, and their arrays.
        """
        given = dict(inputs_to_values or {})
        return _backend().function(list(given), [self])(list(given.values()))[0]

    # ---- products

    def dot(self, other: Any) -> Any:
        """Return the matrix product with `other`."""
        return _backend().dot(self, other)

    def _cast(self, dtype: Any, result: Any) -> Any:
        return result if dtype is None else _backend().cast(result, dtype)
