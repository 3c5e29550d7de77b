"""Lambda: any function as a layer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras.backend.variables import unwrap
from jkeras.engine.contract import Context
from jkeras.engine.layer import Layer
from jkeras.engine.node import KerasTensor, as_list, one_or_list
from jkeras.engine.unkeyed import with_or_without_key
from jkeras.layers.checks import positive_sizes
from jkeras.layers.functions import describe, differentiates, resolve, takes_mask, told
from jkeras.typing import Config, Key, Params, State

__all__ = ["Lambda"]


class Lambda(Layer):
    """Applies a function, such as ``Lambda(lambda x: x ** 2)``.

    Args:
        function: takes an array (or a list of arrays, if the layer is called on a list) and returns one; in it use
            `jkeras.backend` or `jax.numpy`. If it has an argument called `mask`, it gets the mask of the input, and the
            output has none unless `mask` says so.
        output_shape: shape of one sample of the output, or a function of the input's shape with the batch dimension (a
            list of shapes for several inputs). ``None``: found by tracing `function`.
        arguments: dict of further keyword arguments of `function`.
        mask: a function ``mask(x, mask)`` that returns the mask of the output. ``None``: a mask of the input is
            refused, unless `function` takes it.

    Configs hold the names of functions; to load one pass ``custom_objects={'lambda_1': function}``.
    """

    infers_shape = False

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Sequence[int] | Callable[[Any], Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        mask: Callable[[Any, Any], Any] | None = None,
        **kwargs: Any,
    ):
        if not callable(function):
            raise TypeError(f"Lambda takes a function of the input, such as lambda x: x ** 2; got {function!r}.")
        if mask is not None and not callable(mask):
            raise TypeError(f"Lambda: mask must be a function mask(x, mask) or None; got {mask!r}.")
        self.function = function
        self.declared_shape = output_shape
        if output_shape is not None and not callable(output_shape):
            if not isinstance(output_shape, Sequence) or isinstance(output_shape, str):
                raise TypeError(
                    f"Lambda: output_shape is a tuple or a function of the input's shape; got {output_shape!r}."
                )
            self.declared_shape = positive_sizes(self, "output_shape", output_shape)
        self.arguments = dict(arguments or {})
        self.mask = mask
        super().__init__(**kwargs)

    def __call__(self, x: Any, mask: Any = None) -> Any:
        if differentiates(self.function) and all(isinstance(tensor, KerasTensor) for tensor in as_list(x)):
            return one_or_list(as_list(self.function(x, **self.arguments)))  # no layer: an expression of the tensors
        return super().__call__(x, mask)

    def apply(self, params: Params, x: Any) -> Any:
        return self.apply_with_state(params, {}, x)[0]

    def apply_with_state(self, params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Any, State]:  # noqa: B008
        arguments = {**self.arguments, "mask": ctx.mask} if takes_mask(self.function) else self.arguments

        def compute(key: Key | None) -> Any:
            with told(ctx._replace(key=key)):
                return unwrap(self.function(x, **arguments))

        return self._as_declared(with_or_without_key(compute, ctx.key), x), state

    def _as_declared(self, value: Any, x: Any) -> Any:
        """Give the value the last axes of size 1 that only `output_shape` has: Keras 1's scripts left them out."""
        if self.declared_shape is None or isinstance(value, list | tuple):
            return value
        shapes = [entry.shape for entry in x] if isinstance(x, list | tuple) else x.shape
        more = self.get_output_shape_for(shapes)[value.ndim :]
        return jnp.reshape(value, (*value.shape, *more)) if more and all(size == 1 for size in more) else value

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # type: ignore[override]
        if self.mask is not None:
            return self.mask(x, mask)
        return None if takes_mask(self.function) else super().compute_mask(x, mask)

    def compute_mask_refusal(self, tensors: list[KerasTensor]) -> None:
        if self.mask is None and not takes_mask(self.function):
            Layer.compute_mask(self, None, [tensor.mask for tensor in tensors])

    def get_output_shape_for(self, input_shape: Any) -> Any:
        if self.declared_shape is None:
            return infer_shape(self, super().get_output_shape_for, input_shape)
        return declared_shape(self, self.declared_shape, input_shape)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            **describe("function", self.function),
            **describe("output_shape", self.declared_shape),
            **describe("mask", self.mask),
            "arguments": self.arguments,
        }

    @classmethod
    def from_config(cls, config: Config, custom_objects: Mapping[str, Any] | None = None) -> "Lambda":
        """Make the layer from its config and the function that `custom_objects` holds.

        Raises:
            ValueError: `custom_objects` holds neither the name of the function nor that of the layer.
        """
        config = dict(config)
        config["function"] = resolve(config, "function", cls.__name__, custom_objects)
        # A shape function that is not at hand is replaced by tracing.
        config["output_shape"] = resolve(config, "output_shape", cls.__name__, custom_objects, optional=True)
        config["mask"] = resolve(config, "mask", cls.__name__, custom_objects)
        return cls(**config)


def infer_shape(layer: Layer, infer: Callable[[Any], Any], input_shape: Any) -> Any:
    """Return the shape of the output found by tracing a layer's function.

    Raises:
        ValueError: the function cannot be traced without knowing all sizes.
    """
    try:
        return infer(input_shape)
    except Exception as error:
        raise ValueError(
            f"Layer {layer.name!r} ({type(layer).__name__}): the function failed on inputs of shape {input_shape}: "
            f"{type(error).__name__}: {error} If it only fails while sizes are not known, give output_shape=."
        ) from error


def declared_shape(layer: Layer, declared: Any, input_shape: Any) -> Any:
    """Return the shape of the output that an `output_shape` argument states.

    Raises:
        ValueError: a shape function returned something else than a shape.
    """
    if not callable(declared):
        first = input_shape[0] if isinstance(input_shape, list) else input_shape
        return (first[0], *declared)
    shape = declared(input_shape)
    if not isinstance(shape, list | tuple):
        raise ValueError(
            f"Layer {layer.name!r} ({type(layer).__name__}): the function output_shape must return a shape with the "
            f"batch dimension, such as (None, 10); it returned {shape!r}."
        )
    several = shape and isinstance(shape[0], list | tuple)
    return [tuple(entry) for entry in shape] if several else tuple(shape)
