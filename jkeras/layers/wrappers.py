"""Layers around layers: Wrapper, TimeDistributed."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from jkeras.engine.contract import Context, InputSpec, Result
from jkeras.engine.layer import Layer, computes_with_apply
from jkeras.errors import MissingStateError
from jkeras.typing import Config, Params, Shape, State

__all__ = ["Bidirectional", "InputSpec", "Layer", "TimeDistributed", "Wrapper"]

if TYPE_CHECKING:
    from jkeras.layers.bidirectional import Bidirectional


def __getattr__(name: str) -> Any:
    # It extends Wrapper, so it can only be imported after this module.
    if name == "Bidirectional":
        from jkeras.layers.bidirectional import Bidirectional

        return Bidirectional
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Wrapper(Layer):
    """Base class of layers that hold another layer.

    Args:
        layer: a layer or model.

    Params and state are those of the inner layer, under its name.
    """

    def __init__(self, layer: Layer, **kwargs: Any):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{type(self).__name__} takes a layer or model, such as Dense(8); got {type(layer).__name__}."
            )
        self.layer = layer
        super().__init__(**kwargs)

    def sublayers(self) -> list[Layer]:
        return [self.layer]

    def inner_shape(self, input_shape: Any) -> Any:
        """Return the shape of what the inner layer gets, for inputs of `input_shape`."""
        return input_shape

    def build(self, input_shape: Any = None) -> None:
        if input_shape is None and self.layer.built:
            return  # ``super().build()`` of a wrapper that has built the layer itself
        if input_shape is None:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}): build() without a shape needs the layer in it, "
                f"{self.layer.name!r}, to be built: call self.layer.build(input_shape) before, or super().build(input_shape)."
            )
        shape = self.inner_shape(input_shape)
        self.layer.check_input([shape])
        self.layer.ensure_built(shape)
        self.layer.check_input([shape])

    def nest(self, tree: Any) -> dict[str, Any]:
        """Return the inner layer's params or state as this layer has them."""
        return {self.layer.name: tree} if tree else {}

    def apply(self, params: Params, x: Any) -> Any:
        holders = [place.layer.name for place in self.ledger.places if place.layer.has_state]
        if holders:
            raise MissingStateError(
                f"Layer {self.name!r}: the layer {holders[0]!r} in it has state. Use y, state = "
                "layer.apply_with_state(params, state, x)."
            )
        return self.apply_with_state(params, {}, x)[0]

    def apply_with_state(self, params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Any, State]:  # noqa: B008
        result = self.run(params, state, x, ctx)
        return result.value, result.state

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        raise NotImplementedError(f"{type(self).__name__} must implement run(params, state, x, ctx).")

    @classmethod
    def from_config(cls, config: Config) -> "Wrapper":
        from jkeras.engine.saving.config import layer_from_config

        config = dict(config)
        return cls(layer_from_config(config.pop("layer")), **config)


class TimeDistributed(Wrapper):
    """Applies a layer or model to each time step; the weights are the same at all steps.

    The steps are laid side by side in the batch, so the inner layer is called once. A mask passes through; the inner
    layer does not see it.

    Args:
        layer: a layer or model with one input and one output.

    Shapes: input ``(batch, time, …)``, output ``(batch, time, …)``; the inner layer maps ``(batch · time, …)`` to
    ``(batch · time, …)``.

    >>> from jkeras.engine.input import Input
    >>> from jkeras.layers.dense import Dense
    >>> TimeDistributed(Dense(8), name="steps")(Input((10, 16)))
    <KerasTensor 'steps_out' shape=(None, 10, 8) dtype=float32>
    """

    supports_masking = True
    keeps_batch = False
    input_spec = (InputSpec(ndim="3+"),)

    def __init__(self, layer: Layer, **kwargs: Any):
        super().__init__(layer, **kwargs)
        check = getattr(layer, "check_values", None)
        if check is not None:  # an Embedding looks at its indices on the host first
            self.check_values = check

    def inner_shape(self, input_shape: Shape) -> Shape:
        batch, time, *rest = input_shape
        return (None if batch is None or time is None else batch * time, *rest)

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        name, (batch, time, *rest) = self.layer.name, x.shape
        merged = jnp.reshape(x, (batch * time, *rest))  # (batch · time, …)
        inner = self.layer.run(params.get(name, {}), state.get(name, {}), merged, ctx._replace(mask=None))
        if isinstance(inner.value, list):
            raise ValueError(
                f"Layer {self.name!r} (TimeDistributed): {name!r} has {len(inner.value)} outputs; it may have one."
            )
        value = jnp.reshape(inner.value, (batch, time, *inner.value.shape[1:]))  # (batch, time, …)
        return Result(value, self.compute_mask(x, ctx.mask), self.nest(inner.state), inner.penalty)

    @computes_with_apply
    def call(self, inputs: Any, mask: Any = None) -> Any:
        return super().call(inputs, mask)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        inner = self.layer.get_output_shape_for(self.inner_shape(input_shape))
        return (*input_shape[:2], *inner[1:])
