"""The contract of a layer, and the Keras 1 shell around it.

An ordinary layer declares its weights and says what it computes; everything else is derived::

    class Scale(Layer):
        def weight_specs(self, input_shape):
            return [Weight("s", (input_shape[-1],), initializations.one)]

        def apply(self, params, x):
            return x * params["s"]
"""

import copy
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import numpy as np

from jkeras.backend.config import floatx, get_uid
from jkeras.backend.dispatch import make_node, settled
from jkeras.backend.variables import Variable, being_read
from jkeras.compat.keras2 import accepts_keras2
from jkeras.engine import attributes, bridge, symbolic
from jkeras.engine.config import check_keywords, constructor_arguments, serialise
from jkeras.engine.contract import Context, InputSpec, Result
from jkeras.engine.effects import HasEffects, refuse_copies_of_expressions
from jkeras.engine.init import Init
from jkeras.engine.node import KerasTensor, Node, as_list, one_or_list
from jkeras.engine.node_access import NodeAccess
from jkeras.engine.rebuild import built_aside
from jkeras.engine.weights import HasWeights, WeightHandle
from jkeras.typing import Config, Key, Params, Shape, State

__all__ = ["Layer", "computes_with_apply"]


def _completing(build: Callable[..., None]) -> Callable[..., None]:
    """Let a `build` finish the layer: custom layers call the `build` of the layers in them."""

    @functools.wraps(build)
    def whole(self: "Layer", input_shape: Any = None) -> None:
        if self.built or self._building:  # the second is super().build(…)
            build(self, input_shape)
            return
        self._building, self.built_shape = True, input_shape
        try:
            build(self, input_shape)
        finally:
            self._building = False
        self.finish_build()

    return whole


def computes_with_apply(call: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a `call` that only has another signature, on a class that computes in `apply` or `run`."""
    call.computes_with_apply = True  # type: ignore[attr-defined]
    return call


class Layer(HasWeights, NodeAccess, HasEffects):
    """Base class of all layers.

    Args:
        name: unique in a model; made from the class name where it is not given (``dense_1``).
        trainable: whether `fit` updates the weights; read when the model is compiled.
        input_shape: shape of one sample, for the first layer of a Sequential model.
        batch_input_shape: the same with the batch dimension, for a fixed batch size.
        input_dtype: dtype of the input; default `floatx`.
        weights: list of arrays that replace the initial weights.

    Raises:
        TypeError: a keyword argument is not known; close matches are listed.
    """

    is_input = False
    """Whether this is an InputLayer."""
    is_custom = False
    """Whether the class is of Keras 1's style: it computes in `call`, and keeps weights and layers in attributes."""
    stateful = False
    """Whether the layer carries its state from batch to batch, as recurrent layers can."""
    keeps_batch = True
    """Whether the layers in this one are called on its own batch; a TimeDistributed lays steps and samples together."""
    supports_masking = False
    """Whether a mask may arrive: a layer that does not support masking refuses it."""
    input_spec: "Sequence[InputSpec] | None" = None
    """What each input must look like."""
    infers_shape = True
    """Whether a failure of abstract evaluation at construction is an error; False for users' code, which may need all sizes."""
    activity_regularizer: Any = None
    initial_weights: Any = None
    """The argument `weights`, until the layer is built."""
    config_attributes: ClassVar[dict[str, str]] = {"init": "initializer"}
    """Constructor arguments that stand under another attribute: `init` is a method of the contract."""

    _keywords: ClassVar[set[str]] = {
        "name", "trainable", "input_shape", "batch_input_shape", "input_dtype", "weights",
    }  # fmt: skip

    def __init__(self, **kwargs: Any):
        check_keywords(type(self), Layer, kwargs, self._keywords)
        HasWeights.__init__(self)
        name = kwargs.get("name")
        if not name:
            prefix = type(self).__name__.lower()
            name = f"{prefix}_{get_uid(prefix)}"
        if not isinstance(name, str) or "/" in name:
            raise ValueError(f"{type(self).__name__}: name must be a string without '/'; got {name!r}.")
        self.name = name
        self.trainable = kwargs.get("trainable", True)
        self.initial_weights = kwargs.get("weights")
        self.inbound_nodes: list[Node] = []
        self.outbound_nodes: list[Node] = []
        self._passing: set[str] = set()  # attributes that calls set for themselves
        self._noted = {"losses": [], "updates": []}
        self.built = False
        self.built_shape: Any = None
        self._building = False
        if self.input_spec is not None and "input_spec" not in vars(self):
            # Custom layers write into them: self.input_spec[0].shape = input_shape.
            self.input_spec = [copy.copy(spec) for spec in self.input_spec]
        self.batch_input_shape: Shape | None = None
        self.input_dtype: str | None = kwargs.get("input_dtype")
        if kwargs.get("batch_input_shape") is not None:
            self.batch_input_shape = _checked_shape(self, "batch_input_shape", kwargs["batch_input_shape"])
        elif kwargs.get("input_shape") is not None:
            self.batch_input_shape = (None, *_checked_shape(self, "input_shape", kwargs["input_shape"]))

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls) and cls.__module__.startswith("jkeras."):
            cls.__init__ = accepts_keras2(cls.__init__)
        if "build" in vars(cls):
            cls.build = _completing(cls.build)
        # A class that defines `call` is a layer of Keras 1's style and runs through the bridge.
        if "call" in vars(cls) and not getattr(vars(cls)["call"], "computes_with_apply", False):
            cls.is_custom = True
            cls.apply_with_state = bridge.apply_with_state
            cls.apply = bridge.apply
            cls.run = vars(cls).get("run", bridge.run)
            cls.infers_shape = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    if not TYPE_CHECKING:  # the attributes that exist shall be known

        def __getattr__(self, attribute: str) -> Any:
            if hasattr(type(self), attribute):  # a property that raises: its own message
                return object.__getattribute__(self, attribute)
            message = f"{type(self).__name__!r} object has no attribute {attribute!r}"
            if attribute in vars(self).get("_passing", ()):
                message = (
                    f"Layer {self.name!r} ({type(self).__name__}) sets {attribute!r} in call(): it has a value only while that "
                    "call runs. To read it, let a layer return it: call() may return a list of tensors."
                )
            raise AttributeError(message, name=attribute, obj=self)

    # ---- the functional contract

    @Init
    def init(self, key: Key, input_shape: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return fresh ``(params, state)`` for inputs of `input_shape`; pure.

        Args:
            key: random key, from ``jax.random.key``.
            input_shape: with the batch dimension, or a list of shapes; default: the shape that the layer was built for.
        """
        layer = self
        if input_shape is None and not self.built:
            raise ValueError(
                f"Layer {self.name!r} is not built yet: give init(key, input_shape), e.g. init(key, (None, 20))."
            )
        if input_shape is not None and not (self.built and input_shape == self.built_shape):
            layer = built_aside(self, input_shape)
        return layer.draw(key)

    def apply(self, params: Params, x: Any) -> Any:
        """Return the layer's output at inference; pure. This is what an ordinary layer implements.

        A class that overrides neither this nor `call` returns its input, as in Keras 1: scripts write one to change a mask.

        Args:
            params: as `init` returns them.
            x: array with the batch dimension first, or a list of arrays.

        Raises:
            NotImplementedError: such a layer has weights: it does not say what they are for.
        """
        if params or self.weight_declarations:
            raise NotImplementedError(f"{type(self).__name__} has weights, but implements neither `apply` nor `call`.")
        return x

    def apply_with_state(self, params: Params, state: State, x: Any, ctx: Context = Context()) -> tuple[Any, State]:  # noqa: B008
        """Return ``(output, new state)``; pure. Layers with state or randomness implement it; the engine calls nothing else."""
        return self.apply(params, x), state

    def compute_mask(self, input: Any, input_mask: Any = None) -> Any:
        """Return the mask of the output, given the input and its mask.

        Raises:
            ValueError: a mask arrives at a layer that does not support masking.
        """
        if self.supports_masking:
            return input_mask
        if any(entry is not None for entry in as_list(input_mask)):
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) does not support masking, but its input carries a mask "
                "(from Masking or Embedding(mask_zero=True)). Put it after a layer that consumes the mask, such as an RNN "
                "without return_sequences, or remove the masking."
            )
        return None

    def get_output_shape_for(self, input_shape: Any) -> Any:
        """Return the shape of the output for inputs of `input_shape`; ``None`` stands for sizes not known."""
        return symbolic.traced_shape(self, input_shape)

    @property
    def states_shape(self) -> bool:
        """Whether the class says itself which shape comes out; otherwise its computation is traced."""
        return type(self).get_output_shape_for is not Layer.get_output_shape_for

    def run(self, params: Params, state: State, x: Any, ctx: Context) -> Result:
        """One call inside a graph: value, mask, new state and activity penalty."""
        value, state = self.apply_with_state(params, state, x, ctx)
        return Result(value, self.compute_mask(x, ctx.mask), state, self.activity_penalty(value))

    def activity_penalty(self, value: Any) -> Any:
        """Return the activity regularisation of one output (or list of outputs)."""
        if self.activity_regularizer is None:
            return 0.0
        return sum(self.activity_regularizer(output) for output in as_list(value))

    # ---- building

    @HasWeights.trainable_weights.setter
    def trainable_weights(self, weights: Sequence[Any]) -> None:
        self._order[True] = attributes.adopt(self, weights, trainable=True)

    @HasWeights.non_trainable_weights.setter
    def non_trainable_weights(self, weights: Sequence[Any]) -> None:
        self._order[False] = attributes.adopt(self, weights, trainable=False)

    def sublayers(self) -> "Sequence[Layer]":
        return attributes.parts(self) if self.is_custom else ()

    def listed(self, trainable: bool) -> list[Any]:
        if not self.is_custom:
            return super().listed(trainable)
        order = [weight for listing in self._order.values() for weight in listing]
        weights = self.own_handles(trainable)
        for layer in self.sublayers():
            # A layer with calls of its own belongs to a model; of it only what the script lists is listed here.
            connected = attributes.is_connected(layer)
            inner = layer.trainable_weights if trainable else layer.non_trainable_weights
            weights += [weight for weight in inner if not connected or weight in order]
        weights = list(dict.fromkeys(weights))  # what stands in several layers is one weight
        weights.sort(key=lambda weight: order.index(weight) if weight in order else len(order))
        return attributes.Listing(self, trainable, weights) if self._building else weights

    def call(self, x: Any, mask: Any = None) -> Any:
        """Return the output, computed with the weights as they are (Keras 1). Layers of Keras 1's style override it.

        In the `call` of a custom layer, this is how to compute with a layer inside it, or with the class that it extends.
        """
        x = settled(x) if being_read() else x
        if any(isinstance(tensor, KerasTensor) for tensor in as_list(x)):
            return self(x, mask)
        return bridge.call(self, x, mask, inherited=True)

    @_completing
    def build(self, input_shape: Any) -> None:
        """Declare the weights for inputs of `input_shape`. Custom layers of Keras 1's style override it and call `add_weight`."""
        for spec in self.weight_specs(input_shape):
            self.declare(spec)

    def ensure_built(self, input_shape: Any) -> None:
        """Build the layer, once."""
        if not self.built:
            self.build(input_shape)

    def finish_build(self) -> None:
        """Do what follows after `build` has declared the weights."""
        self.built = True
        self.adopt_states()
        attributes.adopt_attributes(self)
        attributes.adopt_constraints(self)
        attributes.adopt_regularizers(self)
        for handle in self._handles.values():
            # Scripts read `layer.W`; the attribute is the handle, the number stays in the pytree.
            if not hasattr(self, handle.spec.name):
                setattr(self, handle.spec.name, handle)
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            self.initial_weights = None

    def adopt_states(self) -> None:
        """Make what `build` left in other places part of the layer's state; for recurrent layers."""

    def twin(self, **changes: Any) -> "Layer":
        """Return an unbuilt copy of the layer, with other values of some attributes; it shares no weights and no calls."""
        twin = attributes.shallow_copy(self)
        for name, value in attributes.own_attributes(self).items():
            if isinstance(value, WeightHandle):
                delattr(twin, name)
            else:
                vars(twin)[name] = attributes.unbuilt(value)
        HasWeights.__init__(twin)
        twin.built, twin.initial_weights = False, None
        twin._noted = {"losses": [], "updates": []}
        twin.inbound_nodes, twin.outbound_nodes = [], []
        vars(twin).update(changes)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """Return what `copy.deepcopy` and `pickle` take: all but the calls, which belong to the models around the layer."""
        refuse_copies_of_expressions(self)
        return {**vars(self), "inbound_nodes": [], "outbound_nodes": [], "_lent": True}

    def abstract_weights(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return ``(params, state)`` as abstract arrays, without allocating them."""

        def pick(trainable: bool) -> dict[str, Any]:
            return self.ledger.gather(lambda place: place.layer.abstract_own(trainable))

        return pick(True), pick(False)

    def abstract_own(self, trainable: bool) -> dict[str, Any]:
        return {
            spec.name: jax.ShapeDtypeStruct(tuple(spec.shape), np.dtype(spec.dtype or floatx()))
            for spec in self.weight_declarations
            if spec.trainable is trainable
        }

    # ---- calling on symbolic tensors

    def __call__(self, x: Any, mask: Any = None) -> Any:
        """Connect the layer to symbolic tensors and return the symbolic output.

        Args:
            x: a tensor (from `Input` or another layer), or a list of them; or variables (``K.variable``).
            mask: only ``None``: masks travel with the tensors.

        Raises:
            TypeError: `x` holds something else, such as numbers. Only where a model computes, in the `call` of a custom layer,
                a loss or a Lambda, a layer takes arrays and returns an array, computed with the weights of the moment.
            ValueError: the input does not fit the layer.
        """
        x = settled(x) if being_read() else x
        tensors = as_list(x)
        if not tensors:
            raise ValueError(f"Layer {self.name!r} was called on an empty list; it needs at least one tensor.")
        if not all(isinstance(tensor, KerasTensor) for tensor in tensors):
            # In a custom layer's call, and in a loss or Lambda that a step of a model computes.
            if being_read():
                return bridge.call(self, x, mask)
            other = next(tensor for tensor in tensors if not isinstance(tensor, KerasTensor))
            if isinstance(other, Variable):  # what the layer makes of it is computed whenever it is asked for
                return self(attributes.map_entries(x, _as_tensor), mask)
            raise TypeError(
                f"Layer {self.name!r} was called on {type(other).__name__}; a layer is called on the tensors that Input() and "
                "other layers return. To compute with numbers use layer.apply(params, x), or put the layer in a Model."
            )
        if mask is not None and any(entry is not None for entry in as_list(mask)):
            raise NotImplementedError(
                "Passing mask= to a layer call is not supported: masks travel with their tensors."
            )
        shapes = [tensor._keras_shape for tensor in tensors]
        self.check_input(shapes)
        self.ensure_built(one_or_list(shapes) if not isinstance(x, list | tuple) or len(shapes) == 1 else shapes)
        self.check_input(shapes)
        outputs = symbolic.output_tensors(self, tensors)
        Node(self, tensors, outputs)
        return one_or_list(outputs)

    def check_input(self, shapes: Sequence[Shape]) -> None:
        """Raise a `ValueError` if inputs of these shapes do not fit `input_spec`."""
        if self.input_spec is None:
            return
        # Keras 1 compares the numbers if there are several: a layer of a script's own may take a list and say of the first.
        first_only = len(self.input_spec) == 1 and not type(self).__module__.startswith("jkeras.")
        if len(shapes) != len(self.input_spec) and not first_only:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}) takes {_inputs(len(self.input_spec))}; it was called on "
                f"{len(shapes)}. To make one tensor of several use merge([…], mode=…)."
            )
        for index, (spec, shape) in enumerate(zip(self.input_spec, shapes, strict=False)):
            problem = spec.mismatch(shape) if spec is not None else None
            if problem:
                which = f" {index}" if len(shapes) > 1 else ""
                raise ValueError(
                    f"Input{which} of layer {self.name!r} ({type(self).__name__}): {problem}; got shape {tuple(shape)}."
                )

    def compute_mask_refusal(self, tensors: list[KerasTensor]) -> None:
        """Let `compute_mask` raise its own error when a mask meets a layer that does not support masking."""
        if type(self).compute_mask is Layer.compute_mask and not self.supports_masking:
            Layer.compute_mask(self, None, [tensor.mask for tensor in tensors])

    # ---- configs

    def get_config(self) -> Config:
        """Return the constructor's arguments in JSON's types; `from_config` makes the same layer of them."""
        config: Config = {"name": self.name, "trainable": self.trainable}
        if self.batch_input_shape is not None:
            config["batch_input_shape"] = tuple(self.batch_input_shape)
        if self.input_dtype is not None:
            config["input_dtype"] = self.input_dtype
        for argument in constructor_arguments(type(self), Layer):
            attribute = self.config_attributes.get(argument, argument)
            if hasattr(self, attribute):
                config[argument] = serialise(getattr(self, attribute))
        return config

    @classmethod
    def from_config(cls, config: Config) -> "Layer":
        """Make a layer from what `get_config` returned."""
        return cls(**config)


def _same(x: Any) -> Any:
    return x


def _as_tensor(value: Any) -> Any:
    return make_node(_same, [value]) if isinstance(value, Variable) else value


def _inputs(count: int) -> str:
    return "1 input" if count == 1 else f"{count} inputs"


def _checked_shape(layer: Layer, argument: str, shape: Any) -> tuple[int | None, ...]:
    try:
        sizes = [None if size is None else int(size) for size in shape]
    except TypeError:
        raise ValueError(
            f"Layer {layer.name!r}: {argument} is a tuple of sizes such as (784,); got {shape!r}."
            + (f" A single size is written ({shape},)." if isinstance(shape, int) else "")
        ) from None
    for size, given in zip(sizes, shape, strict=True):
        if size is not None and (size != given or size <= 0):
            raise ValueError(
                f"Layer {layer.name!r}: sizes in {argument} are positive whole numbers or None; got {shape!r}."
            )
    return tuple(sizes)
