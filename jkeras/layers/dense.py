"""Fully connected layers: Dense, Highway, MaxoutDense, TimeDistributedDense."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from jkeras import activations, constraints, initializations, regularizers
from jkeras import backend as K
from jkeras.backend.extremes import largest
from jkeras.engine.contract import InputSpec, Weight
from jkeras.engine.layer import Layer
from jkeras.layers.checks import positive_size
from jkeras.typing import Array, Config, Identifier, Params, Shape

__all__ = ["Dense", "Highway", "MaxoutDense", "TimeDistributedDense"]


class _Affine(Layer):
    """What the layers of this file share: arguments for ``W`` and ``b``, and the check of the last axis."""

    def __init__(
        self,
        init: Identifier,
        W_regularizer: Identifier,
        b_regularizer: Identifier,
        activity_regularizer: Identifier,
        W_constraint: Identifier,
        b_constraint: Identifier,
        bias: bool,
        **kwargs: Any,
    ):
        self.initializer = initializations.get(init)
        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.b_constraint = constraints.get(b_constraint)
        self.bias = bias
        super().__init__(**kwargs)

    def kernel(self, shape: tuple[Any, ...]) -> Weight:
        return Weight("W", shape, self.initializer, self.W_regularizer, self.W_constraint)

    def offset(self, shape: tuple[Any, ...]) -> list[Weight]:
        return [Weight("b", shape, initializations.zero, self.b_regularizer, self.b_constraint)] if self.bias else []

    def check_input(self, shapes: Sequence[Shape]) -> None:
        super().check_input(shapes)
        if self.built and shapes[0][-1] not in (None, self.built_shape[-1]):
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) was built for inputs whose last size is "
                f"{self.built_shape[-1]}; got shape {tuple(shapes[0])}. Only inputs of one size can share a layer."
            )

    @classmethod
    def from_config(cls, config: Config) -> Layer:
        layer = cls(**config)
        if "batch_input_shape" not in config:
            # `input_dim` is in the config of every built layer. Only that of a first layer has the shape too, so
            # without it the layer stands further on and must not come back as a first layer.
            layer.batch_input_shape = None
        return layer


class Dense(_Affine):
    """A fully connected layer: ``activation(x · W + b)``; of inputs with more dimensions it acts on the last axis.

    Args:
        output_dim: size of the output's last axis.
        init: initialization of ``W``, see `jkeras.initializations`.
        activation: see `jkeras.activations`; default linear.
        weights: list of initial arrays, ``[W, b]``.
        W_regularizer, b_regularizer: penalties on the weights, see `jkeras.regularizers`.
        activity_regularizer: penalty on the output.
        W_constraint, b_constraint: see `jkeras.constraints`.
        bias: whether there is a ``b``.
        input_dim: size of the input's last axis, for a first layer: short for ``input_shape=(input_dim,)``.

    Shapes: input ``(batch, …, input_dim)``, output ``(batch, …, output_dim)``; ``W`` ``(input_dim, output_dim)``,
    ``b`` ``(output_dim,)``.
    """

    input_spec = (InputSpec(ndim="2+"),)

    def __init__(
        self,
        output_dim: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ):
        self.output_dim = positive_size(self, "output_dim", output_dim)
        self.activation = activations.get(activation)
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        if self.input_dim is not None:
            kwargs["input_shape"] = (self.input_dim,)
        super().__init__(
            init, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            weights=weights, **kwargs,
        )  # fmt: skip

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        return [self.kernel((input_shape[-1], self.output_dim)), *self.offset((self.output_dim,))]

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.input_dim = input_shape[-1]

    def apply(self, params: Params, x: Array) -> Array:
        y = jnp.dot(x, params["W"])
        return self.activation(y + params["b"] if self.bias else y)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.output_dim)


class TimeDistributedDense(_Affine):
    """`Dense` for sequences, which passes masks on. Keras 1 kept it for old scripts; new ones use `TimeDistributed`.

    Args:
        output_dim, init, activation, weights, W_regularizer, b_regularizer, activity_regularizer, W_constraint,
            b_constraint, bias: as in `Dense`.
        input_dim, input_length: size and number of the time steps, for a first layer.

    Shapes: input ``(batch, time, input_dim)``, output ``(batch, time, output_dim)``.
    """

    supports_masking = True
    input_spec = (InputSpec(ndim=3),)

    def __init__(
        self,
        output_dim: int,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        input_length: int | None = None,
        **kwargs: Any,
    ):
        self.output_dim = positive_size(self, "output_dim", output_dim)
        self.activation = activations.get(activation)
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        self.input_length = None if input_length is None else positive_size(self, "input_length", input_length)
        if self.input_dim is not None:
            kwargs["input_shape"] = (self.input_length, self.input_dim)
        super().__init__(
            init, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            weights=weights, **kwargs,
        )  # fmt: skip

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        return [self.kernel((input_shape[-1], self.output_dim)), *self.offset((self.output_dim,))]

    def apply(self, params: Params, x: Array) -> Array:
        y = K.dot(x, params["W"])
        return self.activation(y + params["b"] if self.bias else y)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.output_dim)


class Highway(_Affine):
    """A layer that learns how much of its input to let through.

    ``t = sigmoid(x · W_carry + b_carry)``, ``y = t * activation(x · W + b) + (1 - t) * x``. The regularizers and
    constraints act on ``W`` and ``b``; ``b_carry`` starts at one.

    Args:
        init, activation, weights, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            input_dim: as in `Dense`; weights are ``[W, W_carry, b, b_carry]``.
        transform_bias: what ``b_carry`` starts at, in place of one. Keras 1.0's keyword, -2 there if it was not given;
            Keras 1.2 takes it with a warning, and starts at one.

    Shapes: input and output ``(batch, input_dim)``.

    Source: Srivastava et al., "Highway Networks", 2015.
    """

    input_spec = (InputSpec(ndim=2),)

    def __init__(
        self,
        init: Identifier = "glorot_uniform",
        activation: str | Callable[..., Any] | None = None,
        weights: Sequence[Any] | None = None,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ):
        self.transform_bias = kwargs.pop("transform_bias", None)
        self.activation = activations.get(activation)
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        if self.input_dim is not None:
            kwargs["input_shape"] = (self.input_dim,)
        super().__init__(
            init, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            weights=weights, **kwargs,
        )  # fmt: skip

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        size = input_shape[-1]
        specs = [self.kernel((size, size)), Weight("W_carry", (size, size), self.initializer)]
        return [*specs, *self.offset((size,)), Weight("b_carry", (size,), self._carry_init)] if self.bias else specs

    def _carry_init(self, shape: tuple[int, ...], name: str | None = None) -> Any:
        ones = initializations.one(shape, name=name)
        return ones if self.transform_bias is None else self.transform_bias * ones

    def get_config(self) -> Config:
        config = super().get_config()
        return config if self.transform_bias is None else {**config, "transform_bias": self.transform_bias}

    def apply(self, params: Params, x: Array) -> Array:
        carry, y = jnp.dot(x, params["W_carry"]), jnp.dot(x, params["W"])
        if self.bias:
            carry, y = carry + params["b_carry"], y + params["b"]
        transform = activations.sigmoid(carry)
        return self.activation(y) * transform + (1 - transform) * x

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class MaxoutDense(_Affine):
    """The largest of `nb_feature` linear functions: ``y = max_k(x · W_k + b_k)``.

    Args:
        output_dim: size of the output.
        nb_feature: number of linear functions.
        init, weights, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            input_dim: as in `Dense`.

    Shapes: input ``(batch, input_dim)``, output ``(batch, output_dim)``; ``W`` ``(nb_feature, input_dim, output_dim)``,
    ``b`` ``(nb_feature, output_dim)``.

    Source: Goodfellow et al., "Maxout Networks", ICML 2013.
    """

    input_spec = (InputSpec(ndim=2),)

    def __init__(
        self,
        output_dim: int,
        nb_feature: int = 4,
        init: Identifier = "glorot_uniform",
        weights: Sequence[Any] | None = None,
        W_regularizer: Identifier = None,
        b_regularizer: Identifier = None,
        activity_regularizer: Identifier = None,
        W_constraint: Identifier = None,
        b_constraint: Identifier = None,
        bias: bool = True,
        input_dim: int | None = None,
        **kwargs: Any,
    ):
        self.output_dim = positive_size(self, "output_dim", output_dim)
        self.nb_feature = positive_size(self, "nb_feature", nb_feature)
        self.input_dim = None if input_dim is None else positive_size(self, "input_dim", input_dim)
        if self.input_dim is not None:
            kwargs["input_shape"] = (self.input_dim,)
        super().__init__(
            init, W_regularizer, b_regularizer, activity_regularizer, W_constraint, b_constraint, bias,
            weights=weights, **kwargs,
        )  # fmt: skip

    def weight_specs(self, input_shape: Any) -> list[Weight]:
        kernel = self.kernel((self.nb_feature, input_shape[-1], self.output_dim))
        return [kernel, *self.offset((self.nb_feature, self.output_dim))]

    def apply(self, params: Params, x: Array) -> Array:
        y = jnp.einsum("bi,kio->bko", x, params["W"])
        return largest(y + params["b"] if self.bias else y, 1)

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return (input_shape[0], self.output_dim)
